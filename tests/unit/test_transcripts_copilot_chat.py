"""Copilot Chat's exports: which step each part of a response makes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import RecordedEvent, Recording
from throughline.transcripts import copilot_chat
from unit.type_strategies import JSON

Json = dict[str, Any]
MADE = 1772359200000
AT = 1772359200.0


def called(name: str, **fields: object) -> Json:
    return {"kind": "toolInvocationSerialized", "toolId": f"copilot_{name}", "toolCallId": name, **fields}


def request(words: object, *response: object, **fields: object) -> Json:
    return {"requestId": "r1", "message": words, "response": list(response), "timestamp": MADE, **fields}


def export(*requests: object) -> str:
    return json.dumps({"responderUsername": "GitHub Copilot", "requests": list(requests)}, indent=2)


METADATA = {
    "toolCallRounds": [
        {
            "response": "I look.",
            "toolCalls": [
                {"id": "c1__vscode-1", "name": "read_file", "arguments": '{"z": 1, "path": "a.py"}'},
                {"id": "c2__vscode-2", "name": "run", "arguments": "{}"},
            ],
        },
        7,
    ],
    "toolCallResults": {
        "c1__vscode-1": {"content": [{"value": "x = 1"}]},
        "c2__vscode-2": {"content": [{"value": {"node": {"children": [{"text": "ma"}, {"text": "de"}]}}}]},
    },
}
REQUESTS = (
    request(
        {"text": "Größe prüfen", "parts": []},
        {"kind": "thinking", "value": ["Hm."]},
        {"value": "I look at "},
        {"kind": "inlineReference", "inlineReference": {"path": "/shed/a.py"}, "name": "a.py"},
        {"value": "."},
        {"kind": "prepareToolInvocation", "toolName": "read_file"},
        called("c1", invocationMessage={"value": "Reading"}),
        called("c2"),
        {"value": "Done."},
        result={"metadata": METADATA},
    ),
    request("Thanks.", isCanceled=True, result={"errorDetails": {"message": "Canceled"}}),
)
STEPS = (
    RecordedEvent(0, "user", "prompt", "Größe prüfen", at=AT),
    RecordedEvent(1, "assistant", "thinking", "Hm.", at=AT),
    RecordedEvent(2, "assistant", "text", "I look at `a.py`.", at=AT),
    RecordedEvent(3, "assistant", "tool_call", "", "read_file", {"z": 1, "path": "a.py"}, "c1__vscode-1", at=AT),
    RecordedEvent(4, "tool", "tool_result", "x = 1", call_id="c1__vscode-1", at=AT),
    RecordedEvent(5, "assistant", "tool_call", "", "run", {}, "c2__vscode-2", at=AT),
    RecordedEvent(6, "tool", "tool_result", "ma\nde", call_id="c2__vscode-2", at=AT),
    RecordedEvent(7, "assistant", "text", "Done.", at=AT),
    RecordedEvent(8, "user", "prompt", "Thanks.", at=AT),
    RecordedEvent(9, "user", "interrupt", "[request canceled]", at=AT),
    RecordedEvent(10, "system", "meta", "Canceled", at=AT),
)
WRITTEN = {"export": export(*REQUESTS), "export, in one line": json.dumps(json.loads(export(*REQUESTS)))}


STORED = [
    {"kind": 0, "v": {"version": 3, "responderUsername": "GitHub Copilot", "requests": []}},
    {"kind": 2, "k": ["requests"], "v": [{**REQUESTS[0], "response": [{"value": "Wro"}]}]},
    {"kind": 2, "k": ["requests", 0, "response"], "v": REQUESTS[0]["response"], "i": 0},
    {"kind": 1, "k": ["customTitle"], "v": "Measures"},
    {"kind": 2, "k": ["requests"], "v": [REQUESTS[1], REQUESTS[1]], "i": 1},
    {"kind": 3, "k": ["requests", 2]},
]
STORE = "".join(json.dumps(line) + "\n" for line in STORED)


@pytest.mark.parametrize("text", [*WRITTEN.values(), STORE], ids=[*WRITTEN, "store"])
def test_an_export_makes_these_steps(text: str) -> None:
    assert copilot_chat.recognises(text.split("\n")[:32])
    assert copilot_chat.read(text.split("\n")) == Recording(STEPS, "copilot-chat", ())


@pytest.mark.parametrize(
    ("part", "steps"),
    [
        (
            called("t", toolSpecificData={"kind": "terminal", "commandLine": {"original": "make"}}),
            [("tool_call", "copilot_t", {"command": "make"}, False)],
        ),
        (
            called("t", toolSpecificData={"kind": "input", "rawInput": {"a": 1}}, pastTenseMessage={"value": "Ran it"}),
            [("tool_call", "copilot_t", {"a": 1}, False), ("tool_result", "Ran it", None, False)],
        ),
        (
            called("t", resultDetails={"input": '{"a": 1}', "output": [{"value": "No."}], "isError": True}),
            [("tool_call", "copilot_t", {"a": 1}, False), ("tool_result", "No.", None, True)],
        ),
        (called("t", invocationMessage="Reading"), [("tool_call", "copilot_t", {"message": "Reading"}, False)]),
        (
            {"kind": "textEditGroup", "uri": {"path": "/a.py"}, "edits": [1]},
            [("tool_call", "edit", {"path": "/a.py", "edits": [1]}, False)],
        ),
        ({"kind": "warning", "content": {"value": "Slow."}}, [("meta", "Slow.", None, False)]),
        ({"kind": "progressMessage", "content": {"value": "Thinking"}}, []),
        ({"kind": "mood"}, []),
        (7, []),
    ],
)
def test_a_part_of_a_response_makes_these_steps(part: object, steps: list[object]) -> None:
    recording = copilot_chat.read(export(request("Look.", part)).split("\n"))
    assert [(step.kind, step.text or step.tool, step.args, step.error) for step in recording.steps[1:]] == steps
    assert bool(recording.repairs) == (part == {"kind": "mood"})


def test_calls_that_no_part_shows_are_read_from_the_rounds() -> None:
    recording = copilot_chat.read(
        export(request("Look.", {"value": "Done."}, result={"metadata": METADATA})).split("\n")
    )
    assert [(step.kind, step.text or step.tool) for step in recording.steps] == [
        ("prompt", "Look."),
        ("text", "Done."),
        ("tool_call", "read_file"),
        ("tool_result", "x = 1"),
        ("tool_call", "run"),
        ("tool_result", "ma\nde"),
    ]


@pytest.mark.parametrize("keys", [["requests", 9, "response"], ["requests", "x"], [], ["a", "b"], 7, [{}]])
@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_a_change_that_fits_nowhere_is_noted(keys: object, kind: int) -> None:
    lines = [*STORED, {"kind": kind, "k": keys, "v": 1}]
    recording = copilot_chat.read([json.dumps(line) for line in lines])
    assert recording.steps == STEPS
    assert recording.repairs == ("a change that does not fit was skipped (line 7)",)


@given(st.integers(0, len(WRITTEN["export"])))
def test_a_file_cut_anywhere_gives_the_steps_before_the_cut(cut: int) -> None:
    steps = copilot_chat.read(WRITTEN["export"][:cut].split("\n")).steps
    assert steps == STEPS[: len(steps)]


KINDS = ["toolInvocationSerialized", "thinking", "inlineReference", "textEditGroup", "warning", "markdownContent"]
FIELDS = ("value", "content", "toolCallId", "inlineReference", "uri", "resultDetails", "toolSpecificData", "name")
PART = st.fixed_dictionaries({"kind": JSON | st.sampled_from(KINDS)}, optional=dict.fromkeys(FIELDS, JSON))
REQUEST = st.fixed_dictionaries(
    {"message": JSON, "response": JSON | st.lists(PART | JSON, max_size=3)},
    optional={"result": JSON | st.just({"metadata": METADATA}), "timestamp": JSON, "isCanceled": JSON},
)


CHANGE = st.fixed_dictionaries(
    {"kind": st.integers(0, 4), "k": JSON | st.lists(st.sampled_from(["requests", 0, 1, "response"]), max_size=3)},
    optional={"v": JSON, "i": JSON},
)


@given(st.lists(CHANGE | JSON, max_size=4))
def test_whatever_changes_a_store_holds_it_is_read(changes: list[Any]) -> None:
    recording = copilot_chat.read([json.dumps(line) for line in [*STORED[:3], *changes]])
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))


@pytest.mark.slow
@given(JSON | st.fixed_dictionaries({"requests": JSON | st.lists(REQUEST | JSON, max_size=3)}))
def test_whatever_json_a_file_holds_it_is_read(value: Any) -> None:
    lines = [json.dumps(value)]
    assert copilot_chat.recognises(lines) in {True, False}
    recording = copilot_chat.read(lines)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
