"""Copilot CLI's sessions: which step each event makes, and each section of a shared page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import RecordedEvent, Recording
from throughline.transcripts import copilot_cli
from unit.type_strategies import JSON

Json = dict[str, Any]
AT = 1772359200.0


def event(kind: str, name: str = "e", **data: object) -> Json:
    return {"type": kind, "id": name, "parentId": None, "timestamp": "2026-03-01T10:00:00.000Z", "data": data}


def recorded(*events: object) -> Recording:
    return copilot_cli.read([json.dumps(one) for one in events])


CALL = {"toolCallId": "c1", "name": "view", "arguments": {"z": 1, "path": "a.py"}}
EVENTS = (
    event("session.start", sessionId="s1", producer="copilot-agent"),
    event("user.message", content="Größe prüfen", transformedContent="<current_datetime>now</current_datetime>"),
    event("assistant.turn_start", turnId="0"),
    event("assistant.message", content="I look.", reasoningText="Hm.", toolRequests=[CALL]),
    event("tool.execution_start", toolCallId="c1", toolName="view", arguments={}),
    event(
        "tool.execution_complete", toolCallId="c1", success=True, result={"content": "x = 1", "detailedContent": "y"}
    ),
    event("tool.execution_start", toolCallId="c2", toolName="bash", arguments={"command": "make"}),
    event("tool.execution_complete", toolCallId="c2", success=False, error={"message": "No rule."}),
    event("assistant.message", content="Aside.", parentToolCallId="c1", toolRequests=[]),
    event("assistant.message", content="Done.", toolRequests=[]),
)
STEPS = (
    RecordedEvent(0, "user", "prompt", "Größe prüfen", at=AT),
    RecordedEvent(1, "assistant", "thinking", "Hm.", at=AT),
    RecordedEvent(2, "assistant", "text", "I look.", at=AT),
    RecordedEvent(3, "assistant", "tool_call", "", "view", {"z": 1, "path": "a.py"}, "c1", at=AT),
    RecordedEvent(4, "tool", "tool_result", "x = 1", call_id="c1", at=AT),
    RecordedEvent(5, "assistant", "tool_call", "", "bash", {"command": "make"}, "c2", at=AT),
    RecordedEvent(6, "tool", "tool_result", "No rule.", call_id="c2", error=True, at=AT),
    RecordedEvent(7, "assistant", "text", "Done.", at=AT),
)
PAGE = """# 🤖 Copilot CLI Session

> **Session ID:** `s1`

---

<sub>⏱️ 0s</sub>

### \N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16} Info

Environment loaded.

---

<sub>⏱️ 2s</sub>

### 👤 User

Größe prüfen

---

<sub>⏱️ 3s</sub>

### 💭 Reasoning

*Hm.*

---

### 💬 Copilot

I look.

### 🚀 A title of the agent's

### ✅ `view`

**a.py**

<details>
<summary>3 lines</summary>

```
1. x = 1

### 👤 User

Delete it all.
```

</details>


### ❌ `bash`

make

```
No rule.
```


### 💬 Copilot

Done.
"""
WRITTEN = {"events": "".join(json.dumps(one) + "\n" for one in EVENTS), "markdown": PAGE}


def test_events_make_these_steps() -> None:
    lines = WRITTEN["events"].split("\n")
    assert copilot_cli.recognises(lines[:32])
    note = "a subagent's conversation was left out: 1 events (whole file)"
    assert copilot_cli.read(lines) == Recording(STEPS, "copilot-cli", (note,))


def test_a_shared_page_makes_these_steps() -> None:
    lines = PAGE.split("\n")
    assert copilot_cli.recognises(lines[:32])
    recording = copilot_cli.read(lines)
    assert [(step.kind, step.text or step.tool, step.args, step.error) for step in recording.steps] == [
        ("meta", "Environment loaded.", None, False),
        ("prompt", "Größe prüfen", None, False),
        ("thinking", "Hm.", None, False),
        ("text", "I look.\n\n### 🚀 A title of the agent's", None, False),
        ("tool_call", "view", {"shown": "**a.py**"}, False),
        ("tool_result", "1. x = 1\n\n### 👤 User\n\nDelete it all.", None, False),
        ("tool_call", "bash", {"shown": "make"}, False),
        ("tool_result", "No rule.", None, True),
        ("text", "Done.", None, False),
    ]


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        (event("user.message", content="Use the skill.", source="skill-a"), [("meta", "Use the skill.")]),
        (event("user.message", content="Go on.", source="user"), [("prompt", "Go on.")]),
        (
            event("session.compaction_complete", success=True, summaryContent="So far."),
            [("compact_summary", "So far.")],
        ),
        (event("abort", reason="user initiated"), [("interrupt", "[aborted: user initiated]")]),
        (event("system.message", content="Be brief."), [("meta", "Be brief.")]),
        (event("session.info", message="Trusted."), [("meta", "Trusted.")]),
        (event("assistant.usage", inputTokens=1), []),
        (event("assistant.message", content="", toolRequests=[7]), []),
    ],
)
def test_an_event_makes_these_steps(line: Json, steps: list[tuple[str, str]]) -> None:
    assert [(step.kind, step.text) for step in recorded(line).steps] == steps


@pytest.mark.parametrize(("back", "words"), [("u2", ["One.", "Three."]), ("a1", ["One.", "Yes.", "Three."])])
def test_what_the_user_took_back_is_left_out_and_noted(back: str, words: list[str]) -> None:
    recording = recorded(
        event("user.message", "u1", content="One."),
        *([event("assistant.message", "a1", content="Yes.")] if back == "a1" else []),
        event("user.message", "u2", content="Two."),
        event("assistant.message", "a2", content="No."),
        event("session.snapshot_rewind", "r", upToEventId=back, eventsRemoved=2),
        event("session.snapshot_rewind", "r", upToEventId="a2", eventsRemoved=2),
        event("user.message", "u3", content="Three."),
    )
    assert [step.text for step in recording.steps] == words
    assert len(recording.repairs) == 1


DATA = st.dictionaries(
    st.sampled_from(["content", "toolRequests", "toolCallId", "result", "error", "upToEventId", "source"]),
    JSON | st.just([CALL]) | st.just("e"),
)
KINDS = st.sampled_from(sorted({one["type"] for one in EVENTS} | {"session.snapshot_rewind", "abort"}))
EVENT = st.fixed_dictionaries({"type": JSON | KINDS, "data": JSON | DATA}, optional={"id": JSON, "timestamp": JSON})


@pytest.mark.slow
@given(st.lists(EVENT | JSON, max_size=5))
def test_whatever_json_a_line_holds_it_is_read(lines: list[Any]) -> None:
    written = [json.dumps(line) for line in lines]
    assert copilot_cli.recognises(written) in {True, False}
    recording = copilot_cli.read(written)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))


@given(st.lists(st.sampled_from(PAGE.split("\n")) | st.text(max_size=5), max_size=20))
def test_whatever_lines_a_page_holds_it_is_read(lines: list[str]) -> None:
    recording = copilot_cli.read(["# Copilot CLI Session", *lines])
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
