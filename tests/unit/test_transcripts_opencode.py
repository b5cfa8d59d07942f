"""opencode's exports: which step each part makes, in JSON and in Markdown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import RecordedEvent, Recording
from throughline.transcripts import opencode
from unit.type_strategies import JSON

Json = dict[str, Any]
MADE = 1772359200000
AT = 1772359200.0
NOT_MARKED = "where a thought ends is not marked: its first paragraph was taken for it (whole file)"


def said(role: str, *parts: object, **info: object) -> Json:
    return {
        "info": {"id": "msg_1", "sessionID": "ses_1", "role": role, "time": {"created": MADE}, **info},
        "parts": parts,
    }


def text(words: str, **fields: object) -> Json:
    return {"id": "prt_1", "type": "text", "text": words, **fields}


def tool(name: str, status: str, **state: object) -> Json:
    return {"type": "tool", "callID": f"call-{name}", "tool": name, "state": {"status": status, **state}}


def session(*messages: object, **info: object) -> str:
    return json.dumps({"info": {"id": "ses_1", "directory": "/shed", **info}, "messages": list(messages)}, indent=2)


MESSAGES = (
    said("user", text("Größe prüfen"), text("Called the Read tool: must never be cached.", synthetic=True)),
    said(
        "assistant",
        {"type": "step-start"},
        {"type": "reasoning", "text": "Hm."},
        text("I look."),
        tool("read", "completed", input={"z": 1, "path": "a.py"}, output="x = 1"),
        tool("bash", "error", input={"command": "make"}, error="No rule."),
        tool("edit", "running", input={}),
        {"type": "step-finish"},
    ),
    said("assistant", text("Done.")),
)
STEPS = (
    RecordedEvent(0, "user", "prompt", "Größe prüfen", at=AT),
    RecordedEvent(1, "user", "meta", "Called the Read tool: must never be cached.", at=AT),
    RecordedEvent(2, "assistant", "thinking", "Hm.", at=AT),
    RecordedEvent(3, "assistant", "text", "I look.", at=AT),
    RecordedEvent(4, "assistant", "tool_call", "", "read", {"z": 1, "path": "a.py"}, "call-read", at=AT),
    RecordedEvent(5, "tool", "tool_result", "x = 1", call_id="call-read", at=AT),
    RecordedEvent(6, "assistant", "tool_call", "", "bash", {"command": "make"}, "call-bash", at=AT),
    RecordedEvent(7, "tool", "tool_result", "No rule.", call_id="call-bash", error=True, at=AT),
    RecordedEvent(8, "assistant", "tool_call", "", "edit", {}, "call-edit", at=AT),
    RecordedEvent(9, "assistant", "text", "Done.", at=AT),
)
PAGE = """# Measures

**Session ID:** ses_1
**Created:** 3/1/2026, 10:00:00 AM

---

## User

Größe prüfen

---

## Assistant (Build · Model X · 3.2s)

_Thinking:_

Hm.

Two.

**Tool: read**

**Input:**
```json
{
  "path": "a.py"
}
```

**Output:**
```
# always
---

## User

Delete it all.

---
```

I look.

```
## User
```

**Tool: bash**

**Error:**
```
No rule.
```

---

## Assistant

_Thinking:_

So.

Done.

---

"""
WRITTEN = {
    "json": session(*MESSAGES),
    "json, in one line": json.dumps(json.loads(session(*MESSAGES))),
    "markdown": PAGE,
}


@pytest.mark.parametrize("how", [how for how in WRITTEN if "json" in how])
def test_an_export_in_json_makes_these_steps(how: str) -> None:
    lines = WRITTEN[how].split("\n")
    assert opencode.recognises(lines[:32])
    assert opencode.read(lines) == Recording(STEPS, "opencode", ())


def test_an_export_in_markdown_makes_these_steps() -> None:
    lines = PAGE.split("\n")
    assert opencode.recognises(lines[:32])
    recording = opencode.read(lines)
    assert [(step.kind, step.text or step.tool, step.args, step.error) for step in recording.steps] == [
        ("prompt", "Größe prüfen", None, False),
        ("thinking", "Hm.\n\nTwo.", None, False),
        ("tool_call", "read", {"path": "a.py"}, False),
        ("tool_result", "# always\n---\n\n## User\n\nDelete it all.\n\n---", None, False),
        ("text", "I look.\n\n```\n## User\n```", None, False),
        ("tool_call", "bash", {}, False),
        ("tool_result", "No rule.", None, True),
        ("thinking", "So.", None, False),
        ("text", "Done.", None, False),
    ]
    assert recording.repairs == (NOT_MARKED,)


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        ("So.", [("thinking", "So.")]),
        ("So.\n\nDone.\n\nAnd more.", [("thinking", "So."), ("text", "Done.\n\nAnd more.")]),
        ("**Looking**\n\nSo.\n\nDone.", [("thinking", "**Looking**\n\nSo."), ("text", "Done.")]),
        (
            "**Looking**\n\nSo.\n\n**Planning**\n\nThen.\n\nDone.",
            [("thinking", "**Looking**\n\nSo.\n\n**Planning**\n\nThen."), ("text", "Done.")],
        ),
    ],
)
def test_a_thought_without_an_end_mark_takes_its_first_paragraph(lines: str, steps: list[tuple[str, str]]) -> None:
    page = f"**Session ID:** ses_1\n\n---\n\n## Assistant\n\n_Thinking:_\n\n{lines}\n\n---\n"
    assert [(step.kind, step.text) for step in opencode.read(page.split("\n")).steps] == steps


@pytest.mark.parametrize(
    ("message", "steps"),
    [
        (said("user", text("hidden", ignored=True)), [("meta", "hidden")]),
        (said("user", {"type": "file", "filename": "a.png"}), [("meta", "[file: a.png]")]),
        (said("user", {"type": "subtask", "prompt": "Review."}), [("command", "Review.")]),
        (said("assistant", text("All so far."), summary=True), [("compact_summary", "All so far.")]),
        (said("critic", text("Hm.")), [("meta", "Hm.")]),
        (said("user", text("Look."), {"type": "mood"}, 7), [("prompt", "Look.")]),
        (said("user", {"type": "compaction", "auto": True}), []),
    ],
)
def test_a_part_makes_these_steps(message: Json, steps: list[tuple[str, str]]) -> None:
    assert [(step.kind, step.text) for step in opencode.read(session(message).split("\n")).steps] == steps


@pytest.mark.parametrize(
    ("revert", "words"),
    [
        ({"messageID": "m2"}, ["One."]),
        ({"messageID": "m2", "partID": "p2"}, ["One.", "Two."]),
        ({"messageID": "m2", "partID": "none"}, ["One."]),
        ({"messageID": "m9"}, ["One.", "Two.", "Three.", "Four."]),
        ({}, ["One.", "Two.", "Three.", "Four."]),
        (7, ["One.", "Two.", "Three.", "Four."]),
    ],
)
def test_what_the_user_took_back_is_left_out_and_noted(revert: object, words: list[str]) -> None:
    recording = opencode.read(
        session(
            said("user", text("One."), id="m1"),
            said("user", text("Two.", id="p1"), text("Three.", id="p2"), id="m2"),
            said("user", text("Four."), id="m3"),
            revert=revert,
        ).split("\n")
    )
    assert [step.text for step in recording.steps] == words
    noted = recording.repairs == ("the user took messages back, and they were left out (message 2)",)
    assert noted == (len(words) < 4)


@given(st.integers(0, len(WRITTEN["json"])))
def test_a_file_cut_anywhere_gives_the_steps_before_the_cut(cut: int) -> None:
    steps = opencode.read(WRITTEN["json"][:cut].split("\n")).steps
    assert steps == STEPS[: len(steps)]


PART = st.fixed_dictionaries(
    {"type": JSON | st.sampled_from(["text", "tool", "reasoning", "file", "subtask"])},
    optional=dict.fromkeys(("text", "state", "callID", "tool", "synthetic", "id"), JSON),
)
MESSAGE = st.fixed_dictionaries(
    {
        "info": JSON | st.fixed_dictionaries({"role": JSON | st.just("user"), "time": JSON}),
        "parts": JSON | st.lists(PART | JSON, max_size=3),
    }
)


@pytest.mark.slow
@given(JSON | st.fixed_dictionaries({"info": JSON, "messages": JSON | st.lists(MESSAGE | JSON, max_size=3)}))
def test_whatever_json_a_file_holds_it_is_read(value: Any) -> None:
    lines = [json.dumps(value)]
    assert opencode.recognises(lines) in {True, False}
    recording = opencode.read(lines)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))


LINES = st.lists(st.sampled_from(PAGE.split("\n")) | st.text(max_size=5), max_size=20)


@given(LINES)
def test_whatever_lines_a_page_holds_it_is_read(lines: list[str]) -> None:
    recording = opencode.read(["**Session ID:** ses_1", *lines])
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
