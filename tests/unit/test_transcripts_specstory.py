"""SpecStory's exports: which steps each shape of message makes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import Kind, RecordedEvent, Recording, Role
from throughline.transcripts import specstory
from throughline.transcripts.read import TranscriptError, read

SHARED = Path(__file__).parents[2].parent / "shared"
RAW = sorted((SHARED / "sessions" / "raw" / "getspecstory").glob("*.md"))

Told = tuple[Role, Kind, str]


def recorded(text: str) -> Recording:
    return specstory.read(text.split("\n"))


def told(text: str) -> list[Told]:
    return [(step.role, step.kind, step.text) for step in recorded(text).steps]


def agent(body: str) -> str:
    return f"_**Agent (model-x 2026-03-01 10:00:00Z)**_\n\n{body}\n"


def user(body: str) -> str:
    return f"_**User (2026-03-01 10:00:00Z)**_\n\n{body}\n"


def tool(body: str = "`ls`", *, name: str = "Bash", sort: str = "shell") -> str:
    opening = f'<tool-use data-tool-type="{sort}" data-tool-name="{name}"><details>'
    return f"{opening}\n<summary>Tool use: **{name}**</summary>\n{body}\n</details></tool-use>"


EDITOR = """<tool-use data-tool-type="read" data-tool-name="read_file">
<details><summary>Tool use: **read_file** • Read file: src/a.py</summary>

</details>
</tool-use>"""
FOLD = """<details><summary>Tool use: **code_edit** • Edit file: src/a.py</summary>

One line added.

</details>"""
EARLY = "Tool use: **Bash** Show what is there\n\n`ls`\n\nResult:\n\n```\na.py\n```"
ONE_LINE = '<tool-use data-tool-name="noop"><details></details></tool-use>'


@pytest.mark.parametrize(
    ("heading", "role", "at"),
    [
        ("_**User**_", "user", None),
        ("_**User (2026-03-01 10:00:00Z)**_", "user", 1772359200.0),
        ("_**User (2026-03-01 11:00:00+0100)**_", "user", 1772359200.0),
        ("_**User (2026-03-01 10:00Z)**_  ", "user", 1772359200.0),
        ("_**Assistant**_", "assistant", None),
        ("_**Agent (model-x)**_", "assistant", None),
        ("_**Agent (2026-03-01 10:00:00Z)**_", "assistant", 1772359200.0),
        ("_**Agent (model model-x, mode Agent)**_", "assistant", None),
        ("_**Agent (model-x 2026-99-99 10:00:00Z)**_", "assistant", None),
    ],
)
def test_a_heading_tells_the_author_and_the_time(heading: str, role: Role, at: float | None) -> None:
    assert specstory.recognises([heading])
    kind: Kind = "prompt" if role == "user" else "text"
    assert recorded(f"# A title\n\n{heading}\n\nHello.\n") == Recording(
        (RecordedEvent(0, role, kind, "Hello.", at=at),), "specstory", ()
    )


@pytest.mark.parametrize(
    ("words", "kind"),
    [("API Error: must not be retried.", "meta"), ("No response requested.", "meta"), ("Let me look at", "text")],
)
def test_what_no_model_said_is_not_the_agents_but_words_that_were_cut_are(words: str, kind: Kind) -> None:
    assert told(f"_**Agent (<synthetic> 2026-03-01 10:00:00Z)**_\n\n{words}\n") == [("assistant", kind, words)]


@pytest.mark.parametrize("title", ["# B (2026-03-01 10:00:00Z)", "## B (25/02/2025, 02:17:02)", "## SpecStory"])
def test_the_title_of_a_further_session_is_nobodys_words(title: str) -> None:
    page = f"_**Assistant**_\n\nDone.\n\n---\n\n{title}\n\n_**User**_\n\nGo on.\n"
    assert told(page) == [("assistant", "text", "Done."), ("user", "prompt", "Go on.")]


def test_a_fence_behind_a_thoughts_end_hides_no_heading() -> None:
    code = "```python\nx = 1\n```"
    message = f"_**Assistant**_\n\n<think>Hm.</think>{code}\n"
    assert told(f"{message}\n---\n\n{message}") == [("assistant", "thinking", "Hm."), ("assistant", "text", code)] * 2


SEARCH = '<details>\n            <summary>Searched codebase "never" • **3** results</summary>\n\n| `a.py` |\n</details>'
LISTED = "<details>\n<summary>Listed directory **src/**</summary>\n\n`a.py`\n</details>"
DETAILS = "<details>\n<summary>How it works</summary>\n\nBy hand.\n</details>"
FENCED = f"```html\n{LISTED}\n```"


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        (f"I look.\n\n{SEARCH}\n\nDone.", [("text", "I look."), ("tool_call", SEARCH), ("text", "Done.")]),
        (f"{SEARCH}\n\n{LISTED}", [("tool_call", SEARCH), ("tool_call", LISTED)]),
        (f"{tool()}\n{LISTED}\nDone.", [("tool_call", tool()), ("tool_call", LISTED), ("text", "Done.")]),
        (DETAILS, [("text", DETAILS)]),
        (FENCED, [("text", FENCED)]),
        ("<think>Hm.</think>Done.", [("thinking", "Hm."), ("text", "Done.")]),
        ("<think>One.\n\nTwo.</think>Done.\n\nAnd so.", [("thinking", "One.\n\nTwo."), ("text", "Done.\n\nAnd so.")]),
        ("<think>Hm.</think>\n\nDone.", [("thinking", "Hm."), ("text", "Done.")]),
        ("<think>A `</think>` ends it.</think>Done.", [("thinking", "A `</think>` ends it."), ("text", "Done.")]),
        ("<think>Hm.</think>```\nx = 1\n```", [("thinking", "Hm."), ("text", "```\nx = 1\n```")]),
        (f"<think>Hm.</think>I look.\n\n{SEARCH}", [("thinking", "Hm."), ("text", "I look."), ("tool_call", SEARCH)]),
        (
            "<think><details><summary>Thought</summary>\nThe </think> tag.\n</details></think>\n\nDone.",
            [("thinking", "The </think> tag."), ("text", "Done.")],
        ),
    ],
)
def test_results_in_folds_and_thoughts_that_end_in_a_line_are_parted_from_the_words(
    body: str, steps: list[tuple[str, str]]
) -> None:
    heading = "_**Assistant**_"
    assert [(kind, text) for _, kind, text in told(f"{heading}\n\n{body}\n")] == steps


def test_a_result_in_a_fold_is_named_by_its_words() -> None:
    assert [step.tool for step in recorded(f"_**Assistant**_\n\n{SEARCH}\n\n{LISTED}\n").steps] == [
        "searched_codebase",
        "listed_directory",
    ]


@pytest.mark.parametrize(
    "line", ["_**Reviewer**_", "**User**", " _**User**_", "_**User**_ said", "_**User: Ada (2026-03-01)**_"]
)
def test_a_line_that_only_resembles_a_heading_is_text(line: str) -> None:
    assert not specstory.recognises([line])
    assert told(user(f"Look:\n\n{line}")) == [("user", "prompt", f"Look:\n\n{line}".strip())]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Add a flag.", "prompt"),
        ("Above\n\n---\n\nbelow", "prompt"),
        ("[Image #1] Why is it red?", "prompt"),
        ("[Request interrupted by user]", "interrupt"),
        ("<command-name>/plan</command-name>", "command"),
        ("<task-notification>\nA job ended.\n</task-notification>", "command"),
        ("[Image: source: /tmp/a.png]", "meta"),
        ("[Image: source: /tmp/a.png]\n\n[Image: source: /tmp/b.png]", "meta"),
        ("Continue from where you left off.", "meta"),
        ("<environment_context>\n<cwd>/a</cwd>\n</environment_context>", "meta"),
        ("# AGENTS.md instructions for /a\n\n<INSTRUCTIONS>\nUse tabs.\n</INSTRUCTIONS>", "meta"),
        ("<environment_context> is what?", "prompt"),
        ("This session is being continued from a previous conversation that ran long.", "compact_summary"),
    ],
)
def test_a_users_message_is_told_by_its_first_characters(words: str, kind: Kind) -> None:
    assert told(user(words)) == [("user", kind, words)]


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ("", []),
        ("Done.", [("text", "Done.")]),
        ("Above\n\n---\n\nbelow", [("text", "Above\n\n---\n\nbelow")]),
        (tool(), [("tool_call", tool())]),
        (f"I look.\n\n{tool()}\n\nFound.", [("text", "I look."), ("tool_call", tool()), ("text", "Found.")]),
        (f"{EDITOR}\n\n{tool()}", [("tool_call", EDITOR), ("tool_call", tool())]),
        (f"I edit.\n{FOLD}\nDone.", [("text", "I edit."), ("tool_call", FOLD), ("text", "Done.")]),
        (EARLY, [("tool_call", EARLY)]),
        (f"Of old: {EARLY}", [("text", f"Of old: {EARLY}")]),
        (f"{ONE_LINE}\nDone.", [("tool_call", ONE_LINE), ("text", "Done.")]),
        (
            "<think><details><summary>Thought Process</summary>\nHm.\nWell.</details></think>\nI see.",
            [("thinking", "Hm.\nWell."), ("text", "I see.")],
        ),
        ("<think>Hm.</think>\nI see.", [("thinking", "Hm."), ("text", "I see.")]),
        (
            "<details>\n<summary>More</summary>\n</details>",
            [("text", "<details>\n<summary>More</summary>\n</details>")],
        ),
        ("<tool-use-id>t1</tool-use-id>", [("text", "<tool-use-id>t1</tool-use-id>")]),
    ],
)
def test_an_agents_message_falls_into_texts_thoughts_and_calls(body: str, steps: list[tuple[Kind, str]]) -> None:
    page = f"{user('Go.')}\n---\n\n{agent(body)}\n---\n\n{user('Thanks.')}"
    assert told(page) == [
        ("user", "prompt", "Go."),
        *(("assistant", kind, text) for kind, text in steps),
        ("user", "prompt", "Thanks."),
    ]
    assert recorded(page).repairs == ()


@pytest.mark.parametrize(
    ("block", "name", "args"),
    [
        (tool(name="Edit", sort="write"), "Edit", {"class": "write"}),
        (EDITOR, "read_file", {"class": "read"}),
        (FOLD, "code_edit", {}),
        (EARLY, "Bash", {}),
        (ONE_LINE, "noop", {}),
        ('<tool-use data-tool-type="">\n</tool-use>', "", {"class": ""}),
    ],
)
def test_a_call_is_named_and_classed_by_its_block(block: str, name: str, args: dict[str, str]) -> None:
    (step,) = recorded(agent(block)).steps
    assert (step.kind, step.tool, step.args, step.text) == ("tool_call", name, args, block)


EXPORT = f"{user('Inner words.')}\n---\n\n{agent(tool())}\n\n{agent('Inner reply.')}"
SHOWN = "```text\n{}\n```"


@pytest.mark.parametrize("lines", [3, 9, 13, 100])
def test_an_export_shown_by_a_tool_stays_inside_the_call(lines: int) -> None:
    shown = "\n".join(EXPORT.splitlines()[:lines])
    block = tool(SHOWN.format(shown))
    assert told(f"{agent(block)}\n{agent('Seen.')}") == [
        ("assistant", "tool_call", block),
        ("assistant", "text", "Seen."),
    ]


def test_an_export_that_the_user_pastes_does_not_hide_the_next_message() -> None:
    opening = tool().splitlines()[0]
    assert told(f"{user(f'What is this?{chr(10)}{opening}')}\n---\n\n{agent(tool())}")[1:] == [
        ("assistant", "tool_call", tool())
    ]


@pytest.mark.parametrize("opening", ["<think>", "<tool-use>"])
def test_a_tag_that_the_agent_writes_of_does_not_hide_the_next_message(opening: str) -> None:
    later = agent(f"<think>Hm.</think>\n{tool()}")
    assert told(f"{agent(f'The tag:{chr(10)}{opening}')}\n---\n\n{user('I see.')}\n---\n\n{later}")[-3:] == [
        ("user", "prompt", "I see."),
        ("assistant", "thinking", "Hm."),
        ("assistant", "tool_call", tool()),
    ]


def test_a_subagents_messages_are_never_the_users_words() -> None:
    page = "_**User - sidechain**_\n\nLook for x.\n\n_**Agent - sidechain (model-x)**_\n\nFound."
    assert told(page) == [("user", "meta", "Look for x."), ("assistant", "text", "Found.")]
    assert recorded(page).repairs == ("a subagent's message was read as one of the agent's (2 times, first at line 1)",)


def test_the_id_of_a_message_is_no_part_of_it() -> None:
    assert told("_**Agent (m)**_\n<!-- message-id: 7 -->\n\nDone.") == [("assistant", "text", "Done.")]


def test_a_block_without_an_end_is_read_and_noted() -> None:
    block = tool().removesuffix("</details></tool-use>").strip()
    recording = recorded(agent(f"I look.\n{block}\n"))
    assert [(step.kind, step.text) for step in recording.steps] == [("text", "I look."), ("tool_call", block)]
    assert recording.repairs == ("a block without an end was read up to its message's end (line 1)",)


@pytest.mark.slow
def test_a_line_of_five_megabytes_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "long"
    for line in (
        "é" * 2_500_000,
        " " * 5_000_000 + ".",
        "</think>" * 600_000,
        '<tool-use data-tool-type="x">\n' * 170_000,
    ):
        block = tool(SHOWN.format(line))
        path.write_text(f"{user('Go.')}\n{agent(block)}\n{user('Thanks.')}", encoding="utf-8")
        steps = read(path).steps
        assert (steps[0].text, steps[1].text) == ("Go.", block)


BOTH = agent(f"I look.\n{tool()}")
PAGE = f"<!-- Generated by SpecStory -->\n\n{user('Größe prüfen')}\n---\n\n{BOTH}\n{agent('Done.')}"


@pytest.mark.slow
@given(st.integers(0, len(PAGE.encode())))
def test_a_file_cut_anywhere_gives_the_steps_before_the_cut(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut"
    path.write_bytes(PAGE.encode()[:cut])
    try:
        steps = read(path).steps
    except TranscriptError:
        steps = ()
    whole = recorded(PAGE).steps
    assert steps[:-1] == whole[: max(len(steps) - 1, 0)]
    assert len(steps) >= sum(PAGE.encode()[:cut].count(mark) for mark in ("prüfen\n".encode(), b"look.\n", b"Done.\n"))


PIECE = st.sampled_from(
    [
        "_**User**_",
        "_**Agent (m 2026-03-01 10:00:00Z)**_",
        "_**Agent - sidechain**_",
        "<tool-use>",
        '<tool-use data-tool-name="x"><details>',
        "</details></tool-use>",
        "<details><summary>Tool use: **x**",
        "</details>",
        "<think>",
        "</think>",
        "---",
        "",
        "```",
    ]
) | st.text(max_size=5)


@given(st.lists(PIECE, max_size=20))
def test_whatever_lines_a_page_holds_it_is_read(page: list[str]) -> None:
    assert specstory.recognises(page) in {True, False}
    recording = specstory.read(page)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
    assert all(step.text or step.kind == "thinking" for step in recording.steps)


@pytest.mark.skipif(not RAW, reason=f"no recorded sessions in {SHARED}")
@pytest.mark.parametrize("path", RAW, ids=lambda path: path.stem)
def test_a_recorded_session_is_the_same_as_its_neutral_transcript(path: Path) -> None:
    ours = read(path)
    neutral = read(SHARED / "sessions" / "transcripts" / path.parent.name / f"{path.stem}.jsonl")
    assert (ours.format, neutral.format) == ("specstory", "neutral")
    # The neutral transcripts still have what the tool said in the model's place as the agent's text.
    made = {step.i for step in ours.steps if step.role == "assistant" and step.kind == "meta"}
    assert [step for step in ours.steps if step.i not in made] == [step for step in neutral.steps if step.i not in made]
    assert [step.text for step in ours.steps] == [step.text for step in neutral.steps]
    assert [json.dumps(step.args) for step in ours.steps] == [json.dumps(step.args) for step in neutral.steps]
