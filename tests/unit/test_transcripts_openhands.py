"""OpenHands' trajectories: which step each event makes, and what is left of a damaged file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import RecordedEvent, Recording
from throughline.transcripts import openhands
from throughline.transcripts.read import read

Json = dict[str, Any]
CALLED = {"tool_call_id": "t1", "function_name": "execute_bash", "model_response": {"choices": []}}
EVENTS: list[Json] = [
    {"id": 0, "source": "agent", "action": "system", "args": {"content": "You are an agent."}},
    {"id": 1, "source": "user", "action": "message", "timestamp": "2026-03-01T10:00", "args": {"content": "Fix it."}},
    {"id": 2, "source": "environment", "observation": "agent_state_changed", "content": "", "extras": {}},
    {"id": 3, "source": "user", "action": "recall", "args": {"query": "Fix it."}},
    {"id": 4, "source": "agent", "action": "think", "args": {"thought": "Hm."}},
    {
        "id": 5, "source": "agent", "action": "run", "tool_call_metadata": CALLED,
        "args": {"command": "pytest", "thought": "I run the tests.", "is_input": "false", "hidden": False},
    },
    {
        "id": 6, "source": "agent", "observation": "run", "cause": 5, "content": "1 failed",
        "extras": {"metadata": {"exit_code": 1}},
    },
    {"id": 7, "source": "agent", "action": "read", "args": {"path": "a.py", "thought": ""}},
    {"id": 8, "source": "agent", "observation": "read", "cause": 7, "content": "x = 1", "extras": {}},
    {"id": 9, "source": "agent", "action": "message", "args": {"content": "Which one?"}},
    {"id": 10, "source": "agent", "action": "finish", "args": {"final_thought": "Done.", "thought": ""}},
]  # fmt: skip
STEPS = (
    RecordedEvent(0, "system", "meta", "You are an agent."),
    RecordedEvent(1, "user", "prompt", "Fix it.", at=1772359200.0),
    RecordedEvent(2, "assistant", "thinking", "Hm."),
    RecordedEvent(3, "assistant", "text", "I run the tests."),
    RecordedEvent(4, "assistant", "tool_call", "", "execute_bash", {"command": "pytest", "is_input": "false"}, "t1"),
    RecordedEvent(5, "tool", "tool_result", "1 failed", call_id="t1", error=True),
    RecordedEvent(6, "assistant", "tool_call", "", "read", {"path": "a.py"}, "event-7"),
    RecordedEvent(7, "tool", "tool_result", "x = 1", call_id="event-7"),
    RecordedEvent(8, "assistant", "text", "Which one?"),
    RecordedEvent(9, "assistant", "text", "Done."),
)
ROW = {"instance_id": "a-1", "instruction": "x", "history": EVENTS, "metrics": {"cost": [1, {"a": 2}]}, "error": None}
WRITTEN = {
    "a list": json.dumps(EVENTS),
    "a list, indented": json.dumps(EVENTS, indent=2),
    "an event a line": "".join(json.dumps(event) + "\n" for event in EVENTS),
    "pairs": json.dumps([EVENTS[:5], EVENTS[5:7], EVENTS[7:9], EVENTS[9:]]).replace("[[", "[").replace("]]", "]"),
    "a row": json.dumps(ROW),
    "a row, indented": json.dumps(ROW, indent=4),
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_however_events_are_written_they_make_these_steps(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trajectory"
    path.write_text(text.replace("], [", ", "), encoding="utf-8")
    assert read(path) == Recording(STEPS, "openhands", ())


@given(st.integers(0, len(WRITTEN["a list"])), st.sampled_from(["a list", "an event a line"]))
def test_a_file_cut_anywhere_gives_the_steps_before_the_cut(cut: int, name: str) -> None:
    steps = openhands.read(WRITTEN[name][:cut].split("\n")).steps
    assert steps == STEPS[: len(steps)]


@pytest.mark.parametrize(
    ("event", "repair"),
    [
        (7, "what is neither an action nor an observation was skipped (event 2)"),
        ({"id": 1}, "what is neither an action nor an observation was skipped (event 2)"),
        ({"id": 1, "source": "agent", "observation": "run", "content": "late", "cause": 99}, None),
        ({"id": [1], "source": "agent", "action": "run", "args": None}, None),
    ],
)
def test_an_odd_event_is_noted_and_never_raises(event: object, repair: str | None) -> None:
    recording = openhands.read([json.dumps([EVENTS[1], event])])
    assert recording.steps[0].text == "Fix it."
    assert recording.repairs == ((repair,) if repair else ())
