"""Claude Code's session files: which step each shape of line makes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import Kind, RecordedEvent, Recording
from throughline.transcripts import claude_code
from throughline.transcripts.read import read

SHARED = Path(__file__).parents[2].parent / "shared"
RAW = sorted((SHARED / "sessions" / "raw" / "entireio-cli").glob("*.jsonl"))

Line = dict[str, Any]


def recorded(*lines: Line) -> Recording:
    return claude_code.read([json.dumps(line) for line in lines])


def user(content: object, **flags: object) -> Line:
    return {"type": "user", "message": {"role": "user", "content": content}, **flags}


def assistant(*blocks: object, **flags: object) -> Line:
    return {"type": "assistant", "message": {"role": "assistant", "content": list(blocks)}, **flags}


def text(words: str) -> Line:
    return {"type": "text", "text": words}


def call(call_id: str = "t1", **args: object) -> Line:
    return {"type": "tool_use", "id": call_id, "name": "Read", "input": args}


def result(content: object, call_id: str = "t1", **flags: object) -> Line:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **flags}


def queued(prompt: object, **fields: object) -> Line:
    return {"type": "attachment", "attachment": {"type": "queued_command", "prompt": prompt, **fields}}


PICTURE = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
HUMAN = {"kind": "human"}
ODD = "was read as meta (line 1)"


@pytest.mark.parametrize(
    ("words", "flags", "kind"),
    [
        ("Add a flag.", {}, "prompt"),
        ("<div> is not centred", {}, "prompt"),
        ("<system-reminder>x</system-reminder> but why?", {}, "prompt"),
        ("[Request interrupted by user]", {}, "interrupt"),
        ("[Request interrupted by user for tool use]", {"isMeta": True}, "interrupt"),
        ("<command-name>/plan</command-name>", {}, "command"),
        ("<command-message>plan</command-message>\n<command-name>/plan</command-name>", {}, "command"),
        ("<local-command-stdout>ok</local-command-stdout>", {}, "command"),
        ("<local-command-caveat>not for you</local-command-caveat>", {"isMeta": True}, "command"),
        ("<bash-input>ls</bash-input>", {}, "command"),
        ("<bash-stdout>a.py</bash-stdout><bash-stderr></bash-stderr>", {}, "command"),
        ("The skill's text.", {"isMeta": True}, "meta"),
        ("<system-reminder>Tests exist.</system-reminder>", {}, "meta"),
        ("<task-notification>\nA job ended.\n</task-notification>\n", {}, "meta"),
        ("<ide_opened_file>a.py</ide_opened_file>", {}, "meta"),
        ("<teammate-message id='a'>Hello.</teammate-message>", {}, "meta"),
        ("What was done so far.", {"isCompactSummary": True}, "compact_summary"),
        (f"{claude_code._CONTINUED} that ran long.", {}, "compact_summary"),
    ],
)
def test_a_users_line_is_told_by_its_flags_and_first_characters(
    words: str, flags: dict[str, object], kind: Kind
) -> None:
    for content in (words, [text(words)], [words]):
        assert recorded(user(content, **flags)) == Recording(
            (RecordedEvent(0, "user", kind, words),), "claude-code", ()
        )


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        (
            user([text("Like this:"), PICTURE]),
            [("user", "prompt", "Like this:"), ("user", "meta", "[image]")],
        ),
        (assistant(text("Done.")), [("assistant", "text", "Done.")]),
        (assistant(text("<command-name>")), [("assistant", "text", "<command-name>")]),
        (assistant({"type": "thinking", "thinking": "Hm."}), [("assistant", "thinking", "Hm.")]),
        (assistant({"type": "redacted_thinking", "data": "xyz"}), [("assistant", "thinking", "")]),
        ({"type": "assistant", "message": {"content": "Plain."}}, [("assistant", "text", "Plain.")]),
        (
            {"type": "system", "subtype": "compact_boundary", "compactMetadata": {"trigger": "manual"}},
            [("system", "meta", 'compact_boundary {"trigger": "manual"}')],
        ),
        ({"type": "system", "subtype": "compact_boundary"}, [("system", "meta", "compact_boundary")]),
        (queued("The docs.", commandMode="prompt", origin=HUMAN), [("user", "prompt", "The docs.")]),
        (
            queued([text("The docs."), PICTURE]),
            [("user", "prompt", "The docs."), ("user", "meta", "[image]")],
        ),
        (queued("A job ended.", commandMode="task-notification"), [("user", "meta", "A job ended.")]),
        (queued("From a peer.", origin={"kind": "peer"}), [("user", "meta", "From a peer.")]),
        ({"type": "attachment", "attachment": {"type": "todo_reminder"}}, []),
        ({"type": "system", "subtype": "turn_duration", "durationMs": 4}, []),
        ({"type": "progress", "data": {"message": user("A subagent's.")}}, []),
        ({"type": "queue-operation", "operation": "enqueue", "content": "Later."}, []),
        ({"type": "pr-link", "prNumber": 3}, []),
        ({"type": "summary", "summary": "A title"}, []),
    ],
)
def test_a_line_makes_these_steps(line: Line, kinds: list[tuple[str, str, str]]) -> None:
    recording = recorded(line)
    assert [(step.role, step.kind, step.text) for step in recording.steps] == kinds
    assert recording.repairs == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("one", "one"),
        ([text("one"), text("two")], "one\ntwo"),
        ([text("seen:"), PICTURE], "seen:\n[image]"),
        ([{"type": "tool_reference", "tool_name": "Grep"}], "[tool_reference]"),
        (
            [{"type": "web_search_result", "title": "Docs", "url": "https://example.org"}],
            "Docs https://example.org",
        ),
        (
            {"type": "web_search_tool_result_error", "error_code": "too_many"},
            "[web_search_tool_result_error]",
        ),
        ([], ""),
        (None, ""),
        ([7], "7"),
    ],
)
def test_a_result_is_read_once_and_as_text(content: object, expected: str) -> None:
    recording = recorded(assistant(call(path="a")), user([result(content)], toolUseResult={"stdout": "again"}))
    assert recording.steps == (
        RecordedEvent(0, "assistant", "tool_call", "", "Read", {"path": "a"}, "t1"),
        RecordedEvent(1, "tool", "tool_result", expected, call_id="t1"),
    )
    assert recording.repairs == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (assistant(text("No response requested.")), "text"),
        (
            {"type": "assistant", "message": {"model": "<synthetic>", "content": [text("No response requested.")]}},
            "meta",
        ),
        (assistant(text("API Error: must not be retried."), isApiErrorMessage=True), "meta"),
    ],
)
def test_what_the_tool_says_in_the_models_place_is_not_the_agents(line: Line, kind: Kind) -> None:
    assert [(step.role, step.kind) for step in recorded(line).steps] == [("assistant", kind)]


def placed(name: str, before: str | None, line: Line, **fields: object) -> Line:
    return {"uuid": name, "parentUuid": before, "sessionId": "s", **line, **fields}


FIRST = placed("a", None, user("Build it."))
ANSWER = placed("b", "a", assistant(text("I begin.")))
LEFT = placed("c", "b", user("In Redis, always."))
LEFT_ANSWER = placed("d", "c", assistant(text("It is in Redis."), call()))
LEFT_RESULT = placed("r", "d", user([result("ok")]))
INSTEAD = placed("e", "b", user("In the cookie."))
LAST = placed("f", "e", assistant(text("It is in the cookie.")))
NOTE = {"type": "last-prompt", "leafUuid": "r", "sessionId": "s"}
LEFT_NOTE = "the user went back to an earlier message, and what was left there is not read"
BOUNDARY = {"type": "system", "subtype": "compact_boundary"}


@pytest.mark.parametrize(
    ("lines", "words", "left"),
    [
        ([FIRST, ANSWER, LEFT, LEFT_ANSWER, LEFT_RESULT, INSTEAD, LAST], "ae", 3),
        ([FIRST, ANSWER, LEFT, LEFT_ANSWER, LEFT_RESULT, INSTEAD, LAST, NOTE], "acr", 2),
        ([FIRST, ANSWER, LEFT, LEFT_ANSWER, LEFT_RESULT], "ac", 0),
        ([FIRST, ANSWER, LEFT, INSTEAD, {**NOTE, "leafUuid": "gone"}], "ae", 1),
        # Back to the beginning: two messages have nothing before them.
        ([FIRST, ANSWER, placed("e", None, user("Build another."))], "e", 2),
        ([FIRST, ANSWER, placed("e", None, user("Build another."), sessionId="t")], "ae", 0),
        # What a compaction follows stays, and so does a command that nothing follows.
        (
            [FIRST, ANSWER, placed("e", None, BOUNDARY, logicalParentUuid="b"), placed("f", "e", user("Go on."))],
            "af",
            0,
        ),
        ([FIRST, ANSWER, placed("c", "b", user("<command-name>/cost</command-name>")), INSTEAD, LAST], "ae", 0),
        # A line whose parent is not in the file hangs on nothing.
        ([FIRST, ANSWER, placed("c", "x", user("In Redis.")), INSTEAD, LAST], "ace", 0),
    ],
)
def test_of_the_branches_that_a_user_left_only_the_last_is_read(lines: list[Line], words: str, left: int) -> None:
    recording = recorded(*lines)
    said = {line["uuid"]: line["message"]["content"] for line in lines if line["type"] == "user"}
    assert [step.text for step in recording.steps if step.kind == "prompt"] == [
        said[name] for name in words if isinstance(said[name], str)
    ]
    counts = [
        1 if "times" not in note else int(note.partition("(")[2].partition(" times")[0]) for note in recording.repairs
    ]
    assert all(note.startswith(LEFT_NOTE) for note in recording.repairs)
    assert sum(counts) == left


def test_calls_that_ran_side_by_side_are_no_branches() -> None:
    recording = recorded(
        FIRST,
        placed("b", "a", assistant(call("t1"))),
        placed("c", "b", assistant(call("t2"))),
        placed("r", "b", user([result("one", "t1")])),
        placed("q", "c", user([result("two", "t2")])),
        placed("e", "q", user("Go on.")),
    )
    assert [step.kind for step in recording.steps] == [
        *("prompt", "tool_call", "tool_call", "tool_result", "tool_result", "prompt")
    ]
    assert recording.repairs == ()


def test_words_that_come_with_a_result_are_the_users() -> None:
    refused = result("The user refused.", is_error=True)
    recording = recorded(assistant(call()), user([refused, text("Use the other file.")]))
    assert [(s.role, s.kind, s.error) for s in recording.steps[1:]] == [
        ("tool", "tool_result", True),
        ("user", "prompt", False),
    ]


def test_a_message_split_over_lines_or_in_one_makes_the_same_steps() -> None:
    blocks = [{"type": "thinking", "thinking": "Hm."}, text("I look."), call(b=1, a=2)]
    split = [{**assistant(block), "uuid": f"u{n}", "requestId": "r"} for n, block in enumerate(blocks)]
    assert recorded(*split) == recorded(assistant(*blocks))
    assert json.dumps(recorded(*split).steps[2].args) == '{"b": 1, "a": 2}'


def test_tools_that_run_at_the_model_are_calls_and_results() -> None:
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
    assert recorded(assistant(search, found)).steps == (
        RecordedEvent(0, "assistant", "tool_call", "", "web_search", {"query": "q"}, "s1"),
        RecordedEvent(1, "tool", "tool_result", "", call_id="s1"),
    )


def test_a_history_under_new_ids_is_read_once_though_its_first_telling_was_left() -> None:
    stamp = {"timestamp": "2026-03-01T10:00:00Z"}
    again = [placed("x", None, user("Build it."), **stamp), placed("y", "x", user("Go on."))]
    recording = recorded({**FIRST, **stamp}, ANSWER, *again)
    assert [step.text for step in recording.steps] == ["Build it.", "Go on."]


def test_a_resumed_session_holds_its_history_once() -> None:
    history = [user("Start.", uuid="u1"), assistant(call(), uuid="u2"), user([result("ok")], uuid="u3")]
    once, twice = recorded(*history), recorded(*history, *history, user("Go on.", uuid="u4"))
    assert twice.steps[:3] == once.steps
    assert [step.text for step in twice.steps[3:]] == ["Go on."]
    assert twice.repairs == (
        "a line that repeats an earlier one, as resumed sessions do, was skipped (3 times, first at line 4)",
    )


def linked(line: Line, name: str, parent: str | None) -> Line:
    return {**line, "uuid": name, "parentUuid": parent}


def test_a_branch_that_the_user_left_by_going_back_is_told_and_left_out() -> None:
    read = recorded(
        linked(user("build the basket"), "1", None),
        linked(assistant(text("I start.")), "2", "1"),
        linked(user("keep it in a cache"), "3", "2"),
        linked(assistant(text("It lives in a cache.")), "4", "3"),
        linked(user("keep it in a cookie"), "5", "2"),
        linked(assistant(text("It lives in a cookie.")), "6", "5"),
    )
    words = ["build the basket", "I start.", "keep it in a cookie", "It lives in a cookie."]
    assert [step.text for step in read.steps] == words
    assert any("went back to an earlier message" in line for line in read.repairs)


def test_results_of_calls_that_ran_side_by_side_are_no_branch() -> None:
    read = recorded(
        linked(user("look twice"), "1", None),
        linked(assistant(call("a")), "2", "1"),
        linked(assistant(call("b")), "3", "2"),
        linked(user([result("one", "a")]), "4", "2"),
        linked(user([result("two", "b")]), "5", "3"),
        linked(assistant(text("Both are there.")), "6", "5"),
    )
    assert [step.kind for step in read.steps] == ["prompt", *["tool_call"] * 2, *["tool_result"] * 2, "text"]


@pytest.mark.parametrize("parent", ["7", "9", 3, None])
def test_links_that_lead_nowhere_or_in_a_circle_leave_nothing_out(parent: object) -> None:
    lines = [{**user("one"), "uuid": "7", "parentUuid": parent}, {**user("two"), "uuid": "9", "parentUuid": "7"}]
    assert [step.text for step in recorded(*lines).steps] == ["one", "two"]


def test_a_subagents_conversation_is_left_out_of_the_main_one_and_read_where_it_is_alone() -> None:
    aside = [user("Look for x.", isSidechain=True), assistant(text("Found."), isSidechain=True)]
    mixed = recorded(user("Where is x?"), *aside)
    assert [step.text for step in mixed.steps] == ["Where is x?"]
    assert mixed.repairs == ("a subagent's conversation was left out: 2 steps (whole file)",)
    alone = recorded(*aside)
    assert [(step.i, step.text) for step in alone.steps] == [(0, "Look for x."), (1, "Found.")]
    assert alone.repairs == ()


@pytest.mark.parametrize(
    ("line", "steps", "repair"),
    [
        ({"type": "hologram"}, 0, "a line of unknown kind 'hologram' was skipped (line 1)"),
        ({"type": ["user"]}, 0, "a line of unknown kind ['user'] was skipped (line 1)"),
        ({"type": "user"}, 0, "a message without content was skipped (line 1)"),
        ({"type": "user", "message": "hello"}, 0, "a message without content was skipped (line 1)"),
        (user(None), 0, "a message without content was skipped (line 1)"),
        (user([4]), 0, "a part of a message that is no block was skipped (line 1)"),
        (assistant({"type": "odour"}), 1, f"a block of unknown kind 'odour' {ODD}"),
        (assistant({}), 1, f"a block of unknown kind '' {ODD}"),
        (assistant({"type": "tool_use"}), 1, "a call without arguments was given none (line 1)"),
        (user([result("x", call_id="")]), 1, "a result does not name its call (line 1)"),
        (user([result("x", call_id="gone")]), 1, "a result has no call before it (step 0)"),
        (user("hi", timestamp="yesterday"), 1, "a time that cannot be read was left out (line 1)"),
        (queued(None), 0, "a queued prompt without text was skipped (line 1)"),
    ],
)
def test_an_odd_line_is_noted_and_never_raises(line: Line, steps: int, repair: str) -> None:
    recording = recorded(line)
    assert (len(recording.steps), recording.repairs) == (steps, (repair,))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
KIND = JSON | st.sampled_from(["text", "thinking", "tool_use", "tool_result", "image", "user", "assistant"])
BLOCK = st.fixed_dictionaries(
    {"type": KIND},
    optional=dict.fromkeys(("text", "thinking", "id", "name", "input", "content", "tool_use_id"), JSON),
)
CONTENT = JSON | st.lists(JSON | BLOCK, max_size=3)
LINE = st.fixed_dictionaries(
    {"type": KIND | st.sampled_from(["system", "attachment"])},
    optional={
        "message": JSON | st.fixed_dictionaries({"content": CONTENT}),
        "attachment": JSON | st.fixed_dictionaries({"type": st.just("queued_command"), "prompt": CONTENT}),
        "subtype": JSON | st.just("compact_boundary"),
        "compactMetadata": JSON,
    }
    | dict.fromkeys(
        (
            "uuid",
            "parentUuid",
            "logicalParentUuid",
            "isApiErrorMessage",
            "timestamp",
            "isMeta",
            "isSidechain",
            "isCompactSummary",
        ),
        JSON,
    ),
)


@pytest.mark.slow
@given(st.lists(LINE | JSON, max_size=5))
def test_whatever_json_a_line_holds_it_is_read(lines: list[Any]) -> None:
    written = [json.dumps(line) for line in lines]
    assert claude_code.recognises(written) in {True, False}
    recording = claude_code.read(written)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
    assert all("\n" not in repair for repair in recording.repairs)


@pytest.mark.skipif(not RAW, reason=f"no recorded sessions in {SHARED}")
@pytest.mark.parametrize("path", RAW, ids=lambda path: path.stem)
def test_a_recorded_session_is_the_same_as_its_neutral_transcript(path: Path) -> None:
    ours = read(path)
    neutral = read(SHARED / "sessions" / "transcripts" / path.parent.name / path.name)
    assert (ours.format, neutral.format) == ("claude-code", "neutral")
    # The neutral transcripts still have what the tool made up as the agent's text.
    made = {step.i for step in ours.steps if step.role == "assistant" and step.kind == "meta"}
    assert all(neutral.steps[i].text == "No response requested." for i in made)
    assert [step for step in ours.steps if step.i not in made] == [step for step in neutral.steps if step.i not in made]
    assert [json.dumps(step.args) for step in ours.steps] == [json.dumps(step.args) for step in neutral.steps]
