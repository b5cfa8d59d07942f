"""SWE-agent's trajectories: which steps each version's messages make."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import RecordedEvent, Recording
from throughline.transcripts import swe_agent
from throughline.transcripts.read import TranscriptError, read

SHARED = Path(__file__).parents[2].parent / "shared"
RAW = sorted((SHARED / "sessions" / "raw" / "swe-agent").glob("*.traj"))

Message = dict[str, Any]


def recorded(value: object) -> Recording:
    return swe_agent.read(json.dumps(value, indent=1).split("\n"))


def steps(*history: object) -> tuple[RecordedEvent, ...]:
    recording = recorded({"history": history})
    assert recording.repairs == ()
    return recording.steps


def call(name: str = "open", arguments: object = '{"path": "a.py", "line": 3}', call_id: object = "c1") -> Message:
    return {"type": "function", "id": call_id, "function": {"name": name, "arguments": arguments}}


SYSTEM: Message = {"role": "system", "content": "You are in a shell."}
ISSUE: Message = {"role": "user", "content": "It rounds down."}
LOOK: Message = {"role": "assistant", "content": "I look.\n```\nls\n```", "thought": "I look.", "action": "ls\n"}
SEEN: Message = {"role": "user", "content": "a.py\nbash-$"}
OPEN: Message = {"role": "assistant", "content": "I open it.", "action": "open a.py 3", "tool_calls": [call()]}
SHOWN: Message = {"role": "tool", "content": "x = 1", "tool_call_ids": ["c1"]}

BEGUN = (
    RecordedEvent(0, "system", "meta", "You are in a shell."),
    RecordedEvent(1, "user", "prompt", "It rounds down."),
)
LOOKED = (
    *BEGUN,
    RecordedEvent(2, "assistant", "text", "I look.\n```\nls\n```"),
    RecordedEvent(3, "assistant", "tool_call", "", "shell", {"command": "ls\n"}, "step-3"),
    RecordedEvent(4, "tool", "tool_result", "a.py\nbash-$", call_id="step-3"),
)


def test_without_function_calling_the_action_is_the_call_and_what_follows_its_result() -> None:
    assert steps(SYSTEM, ISSUE, LOOK, SEEN) == LOOKED


def test_with_function_calling_the_calls_keep_their_names_arguments_and_ids() -> None:
    made = steps(SYSTEM, ISSUE, OPEN, SHOWN)
    assert made == (
        *BEGUN,
        RecordedEvent(2, "assistant", "text", "I open it."),
        RecordedEvent(3, "assistant", "tool_call", "", "open", {"path": "a.py", "line": 3}, "c1"),
        RecordedEvent(4, "tool", "tool_result", "x = 1", call_id="c1"),
    )
    assert json.dumps(made[3].args) == '{"path": "a.py", "line": 3}'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "x = 1", "cache_control": {"type": "ephemeral"}}], "x = 1"),
        ([{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:"}}], "see\n[image_url]"),
        (["x", "y"], "x\ny"),
        ([3, {}], ""),
        (None, ""),
    ],
)
def test_content_of_several_parts_is_one_text(content: object, text: str) -> None:
    assert steps(OPEN, {**SHOWN, "content": content})[-1].text == text


@pytest.mark.parametrize(
    ("arguments", "args"),
    [
        ('{"command": "ls"}', {"command": "ls"}),
        ({"command": "ls"}, {"command": "ls"}),
        ("", {}),
        (None, {}),
        ("{half", {"arguments": "{half"}),
        ("[1]", {"arguments": "[1]"}),
    ],
)
def test_arguments_are_an_object_however_they_were_written(arguments: object, args: dict[str, Any]) -> None:
    assert steps({**OPEN, "tool_calls": [call(arguments=arguments)]})[1].args == args


def test_results_of_several_calls_find_theirs_by_id_or_by_order() -> None:
    both = {**OPEN, "tool_calls": [call(), call("close", "{}", None)]}
    made = steps(both, {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"})
    assert [step.call_id for step in made] == ["", "c1", "step-2", "c1", "step-2"]
    made = steps(both, {"role": "tool", "content": "2", "tool_call_id": "step-2"}, SHOWN)
    assert [step.call_id for step in made[3:]] == ["step-2", "c1"]


def test_a_thought_is_read_where_it_is_kept_apart() -> None:
    reply = {"role": "assistant", "content": "", "thought": "Hm.", "thinking_blocks": [{"thinking": "Let me see."}]}
    assert [(step.kind, step.text) for step in steps(reply)] == [("thinking", "Let me see."), ("text", "Hm.")]


def test_what_comes_in_the_users_place_during_the_run_is_never_the_users_words() -> None:
    made = steps(ISSUE, {"role": "assistant", "content": "No command."}, {"role": "user", "content": "Give one."}, SEEN)
    assert [(step.role, step.kind) for step in made[2:]] == [("tool", "tool_result")] * 2


def test_the_issue_after_a_demonstration_is_a_prompt() -> None:
    demo = [{**message, "is_demo": True} for message in (ISSUE, LOOK, SEEN, LOOK)]
    made = steps(SYSTEM, *demo, ISSUE, LOOK, SEEN)
    assert [step.kind for step in made if step.role in {"user", "tool"}] == [
        "prompt",
        "tool_result",
        "prompt",
        "tool_result",
    ]


@pytest.mark.parametrize("first", [{"query": [SYSTEM, ISSUE]}, {"messages": [SYSTEM, ISSUE, LOOK, SEEN]}])
def test_a_trajectory_without_a_history_makes_the_same_steps(first: Message) -> None:
    step = {**LOOK, "response": LOOK["content"], "observation": SEEN["content"], **first}
    del step["role"], step["content"]
    assert recorded({"trajectory": [step], "history": []}).steps == LOOKED


@pytest.mark.parametrize(
    ("message", "count", "repair"),
    [
        ("hello", 0, "a message that is no object was skipped (message 1)"),
        ({"role": "critic", "content": "No."}, 1, "a message of unknown role 'critic' was read as meta (message 1)"),
        ({"content": "No."}, 1, "a message of unknown role None was read as meta (message 1)"),
        ({"role": "assistant", "tool_calls": ["ls"]}, 0, "a call without a function was skipped (message 1)"),
        (SHOWN, 1, "a result has no call before it (step 0)"),
        ({"role": "user", "content": "a\ud83d"}, 1, "half a character was replaced (whole file)"),
    ],
)
def test_an_odd_message_is_noted_and_never_raises(message: object, count: int, repair: str) -> None:
    recording = recorded({"history": [message]})
    assert (len(recording.steps), recording.repairs) == (count, (repair,))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ('{"history": [{"role": "user"}]}', True),
        ('{\n "environment": "e",\n "trajectory": [\n  {\n   "action": "ls",', True),
        ('{"history": [], "trajectory": [{"action": "ls"}]}', True),
        ('{"history": []}', False),
        ('{"history": [{"date": "today"}]}', False),
        ('[{"history": [{"role": "user"}]}]', False),
        ('"history": [{"role": "user"}]', False),
    ],
)
def test_a_trajectory_is_known_by_its_lists(text: str, known: bool) -> None:
    assert swe_agent.recognises(text.split("\n")) is known


WHOLE = json.dumps({"trajectory": [], "history": [SYSTEM, ISSUE, LOOK, SEEN, OPEN, SHOWN]}, indent=1)


@given(st.integers(0, len(WHOLE)))
def test_a_file_cut_anywhere_gives_the_steps_before_the_cut(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut"
    path.write_text(WHOLE[:cut], encoding="utf-8")
    try:
        recording = read(path)
    except TranscriptError:
        # The system's message, which comes first, is no conversation.
        assert not any(step.kind != "meta" for step in swe_agent.read(WHOLE[:cut].split("\n")).steps)
        return
    assert recording.steps == swe_agent.read(WHOLE.split("\n")).steps[: len(recording.steps)]
    assert recording.repairs == (
        () if cut == len(WHOLE) else ("the file is not whole and was read as far as it goes (whole file)",)
    )


def test_of_a_file_cut_early_in_its_history_the_trajectory_is_read() -> None:
    step = {"response": "I look.", "action": "ls", "observation": "a.py", "query": [SYSTEM, ISSUE]}
    text = json.dumps({"trajectory": [step, step], "history": [SYSTEM, ISSUE]})
    recording = swe_agent.read([text[: text.rindex("rounds")]])
    assert [step.text for step in recording.steps if step.kind == "tool_result"] == ["a.py", "a.py"]


def test_a_list_without_a_bottom_ends_the_reading() -> None:
    text = json.dumps({"history": [ISSUE]}).removesuffix("]}")
    assert [step.text for step in swe_agent.read([text + ", " + "[" * 100_000]).steps] == ["It rounds down."]


@pytest.mark.slow
@pytest.mark.parametrize("indent", [None, 1])
def test_a_line_of_five_megabytes_is_read_whole(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "long"
    text = "é" * 2_500_000
    path.write_text(json.dumps({"history": [ISSUE, LOOK, {**SEEN, "content": text}]}, indent=indent), encoding="utf-8")
    assert read(path).steps[-1].text == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
CALL = st.fixed_dictionaries({}, optional={"id": JSON, "function": JSON | st.fixed_dictionaries({"arguments": JSON})})
MESSAGE = st.fixed_dictionaries(
    {"role": JSON | st.sampled_from(["system", "user", "assistant", "tool"])},
    optional={
        "content": JSON | st.lists(st.fixed_dictionaries({"type": JSON, "text": JSON}), max_size=2),
        "tool_calls": JSON | st.lists(CALL | JSON, max_size=2),
        "thinking_blocks": JSON | st.lists(st.fixed_dictionaries({"thinking": JSON}), max_size=2),
    }
    | dict.fromkeys(("action", "thought", "response", "observation", "query", "is_demo", "tool_call_ids"), JSON),
)


@pytest.mark.slow
@given(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(("history", "trajectory"), st.lists(MESSAGE | JSON))))
def test_whatever_json_a_file_holds_it_is_read(value: Any) -> None:
    lines = json.dumps(value).split("\n")
    assert swe_agent.recognises(lines) in {True, False}
    recording = swe_agent.read(lines)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
    assert all("\n" not in repair for repair in recording.repairs)


@pytest.mark.skipif(not RAW, reason=f"no recorded sessions in {SHARED}")
@pytest.mark.parametrize("path", RAW, ids=lambda path: path.stem)
def test_a_recorded_session_is_the_same_as_its_neutral_transcript(path: Path) -> None:
    ours = read(path)
    neutral = read(SHARED / "sessions" / "transcripts" / path.parent.name / f"{path.stem}.jsonl")
    assert (ours.format, neutral.format) == ("swe-agent", "neutral")
    # The neutral form keeps no id of a result; ours pairs them.
    assert [(s.i, s.role, s.kind, s.text, s.tool, json.dumps(s.args)) for s in ours.steps] == [
        (s.i, s.role, s.kind, s.text, s.tool, json.dumps(s.args)) for s in neutral.steps
    ]
    assert all(step.call_id for step in ours.steps if step.kind in {"tool_call", "tool_result"})
