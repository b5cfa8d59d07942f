"""The session files of pi: which step each entry makes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import RecordedEvent, Recording
from throughline.transcripts import pi
from unit.type_strategies import JSON

Json = dict[str, Any]
HEADER: Json = {"type": "session", "version": 3, "id": "s1", "timestamp": "2026-03-01T10:00:00Z", "cwd": "/shed"}
CALL = {"type": "toolCall", "id": "c1", "name": "bash", "arguments": {"z": 1, "command": "ls"}}


def recorded(*lines: object) -> Recording:
    return pi.read([json.dumps(line) for line in lines])


def said(role: str, content: object, name: str = "e1", before: str | None = None, **fields: object) -> Json:
    stamp = "2026-03-01T10:00:00.000Z"
    message = {"role": role, "content": content, **fields}
    return {"type": "message", "id": name, "parentId": before, "timestamp": stamp, "message": message}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def test_a_session_makes_these_steps() -> None:
    recording = recorded(
        HEADER,
        {"type": "model_change", "id": "m", "parentId": None, "provider": "p", "modelId": "x"},
        said("user", "Größe prüfen", "a", "m"),
        said("assistant", [{"type": "thinking", "thinking": "Hm."}, text("I look."), CALL], "b", "a"),
        said("toolResult", [text("a.py"), {"type": "image", "data": "AA"}], "c", "b", toolCallId="c1", isError=True),
        said("assistant", [text("Done.")], "d", "c"),
    )
    at = 1772359200.0
    assert recording == Recording(
        (
            RecordedEvent(0, "user", "prompt", "Größe prüfen", at=at),
            RecordedEvent(1, "assistant", "thinking", "Hm.", at=at),
            RecordedEvent(2, "assistant", "text", "I look.", at=at),
            RecordedEvent(3, "assistant", "tool_call", "", "bash", {"z": 1, "command": "ls"}, "c1", at=at),
            RecordedEvent(4, "tool", "tool_result", "a.py\n[image]", call_id="c1", error=True, at=at),
            RecordedEvent(5, "assistant", "text", "Done.", at=at),
        ),
        "pi",
        (),
    )
    assert json.dumps(recording.steps[3].args) == '{"z": 1, "command": "ls"}'


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        (said("user", [text("Like this:"), {"type": "image"}]), [("prompt", "Like this:"), ("meta", "[image]")]),
        (said("bashExecution", None, command="ls", output="a.py", exitCode=0), [("command", "!ls\na.py")]),
        (said("branchSummary", None, summary="We tried."), [("compact_summary", "We tried.")]),
        (said("custom", "From an extension."), [("meta", "From an extension.")]),
        ({"type": "compaction", "summary": "So far."}, [("compact_summary", "So far.")]),
        ({"type": "branch_summary", "summary": "We tried."}, [("compact_summary", "We tried.")]),
        ({"type": "custom_message", "content": "A hint."}, [("meta", "A hint.")]),
        ({"type": "label", "label": "here"}, []),
        ({"type": "custom", "data": {"x": 1}}, []),
    ],
)
def test_an_entry_makes_these_steps(line: Json, steps: list[tuple[str, str]]) -> None:
    recording = recorded(line)
    assert [(step.kind, step.text) for step in recording.steps] == steps
    assert recording.repairs == ()


@pytest.mark.parametrize(
    ("lines", "kept", "left"),
    [
        ([said("user", "First.", "a"), said("user", "Second.", "b", "a"), said("user", "Instead.", "c", "a")], "ac", 2),
        ([said("user", "First.", "a"), said("user", "Instead.", "b")], "b", 1),
        ([said("user", "First.", "a"), said("user", "Second.", "b", "a"), said("user", "Third.", "c", "b")], "abc", 0),
    ],
)
def test_what_was_said_on_a_branch_that_was_left_is_not_read_and_noted(lines: list[Json], kept: str, left: int) -> None:
    recording = recorded(*lines)
    words = {line["id"]: line["message"]["content"] for line in lines}
    assert [step.text for step in recording.steps] == [words[name] for name in kept]
    note = f"the user went back to an earlier message, and what was left there is not read (line {left})"
    assert recording.repairs == ((note,) if left else ())


@pytest.mark.parametrize(
    ("line", "repair"),
    [
        ({"type": "hologram"}, "a line of unknown kind 'hologram' was skipped (line 1)"),
        (said("critic", "No."), "a message of unknown role 'critic' was read as meta (line 1)"),
    ],
)
def test_an_odd_entry_is_noted(line: Json, repair: str) -> None:
    assert recorded(line).repairs == (repair,)


MESSAGE = st.fixed_dictionaries(
    {"role": JSON | st.sampled_from(["user", "assistant", "toolResult", "bashExecution"])},
    optional=dict.fromkeys(("content", "toolCallId", "command", "output"), JSON),
)
LINE = st.fixed_dictionaries(
    {"type": JSON | st.sampled_from(["message", "session", "compaction", "custom_message"])},
    optional=dict.fromkeys(("id", "parentId", "timestamp", "summary", "content"), JSON) | {"message": JSON | MESSAGE},
)


@pytest.mark.slow
@given(st.lists(LINE | JSON, max_size=5))
def test_whatever_json_a_line_holds_it_is_read(lines: list[Any]) -> None:
    written = [json.dumps(line) for line in lines]
    assert pi.recognises(written) in {True, False}
    recording = pi.read(written)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
