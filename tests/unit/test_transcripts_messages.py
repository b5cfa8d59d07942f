"""Plain lists of messages: which step each makes, in the shapes of several providers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import RecordedEvent, Recording
from throughline.transcripts import messages
from unit.type_strategies import JSON

Json = dict[str, Any]
CALL = {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"z": 1, "path": "a"}'}}
PLAIN: list[Json] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Größe prüfen"},
    {"role": "assistant", "content": "I look.", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "x = 1"},
    {"role": "assistant", "content": "Done."},
    {"role": "user", "content": [{"type": "text", "text": "Thanks."}]},
]
BLOCKS: list[Json] = [
    PLAIN[0],
    PLAIN[1],
    {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "c1", "name": "read", "input": {"z": 1, "path": "a"}},
        ],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "x = 1"}]},
    *PLAIN[4:],
]
STEPS = (
    RecordedEvent(0, "system", "meta", "Be brief."),
    RecordedEvent(1, "user", "prompt", "Größe prüfen"),
    RecordedEvent(2, "assistant", "text", "I look."),
    RecordedEvent(3, "assistant", "tool_call", "", "read", {"z": 1, "path": "a"}, "c1"),
    RecordedEvent(4, "tool", "tool_result", "x = 1", call_id="c1"),
    RecordedEvent(5, "assistant", "text", "Done."),
    RecordedEvent(6, "user", "prompt", "Thanks."),
)
WRITTEN = {
    "a list": json.dumps(PLAIN),
    "a list, indented": json.dumps(PLAIN, indent=2),
    "blocks": json.dumps(BLOCKS),
    "an object": json.dumps({"model": "x", "messages": PLAIN}),
    "lines": "\n".join(map(json.dumps, PLAIN)),
    "a conversation a line": json.dumps({"messages": PLAIN[:3]}) + "\n" + json.dumps({"messages": PLAIN[3:]}),
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_however_messages_are_written_they_make_these_steps(text: str) -> None:
    assert messages.recognises(text.split("\n")[:32])
    assert messages.read(text.split("\n")) == Recording(STEPS, "messages", ())


@pytest.mark.parametrize(
    ("message", "steps"),
    [
        ({"role": "developer", "content": "Be brief."}, [("meta", "Be brief.")]),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, [("meta", "[image_url]")]),
        ({"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}]}, [("thinking", "Hm.")]),
        ({"role": "assistant", "content": None, "function_call": {"name": "f"}}, [("tool_call", "")]),
        ({"role": "function", "content": "ok"}, [("tool_result", "ok")]),
    ],
)
def test_a_message_makes_these_steps(message: Json, steps: list[tuple[str, str]]) -> None:
    recording = messages.read([json.dumps([message])])
    assert [(step.kind, step.text) for step in recording.steps] == steps


@pytest.mark.parametrize("seen", ["OBSERVATION:\na.py", "<returncode>0</returncode>\n<output>a.py</output>"])
def test_an_environment_that_answers_in_the_users_place_is_no_user(seen: str) -> None:
    history = [PLAIN[1], PLAIN[2], {"role": "user", "content": seen}]
    step = messages.read([json.dumps(history)]).steps[-1]
    assert (step.role, step.kind, step.call_id) == ("tool", "tool_result", "c1")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("Add a flag.", [("prompt", "Add a flag.")]),
        (
            "<attachments>\nx\n</attachments>\n<userRequest>\nAdd a flag.\n</userRequest>",
            [("meta", "<attachments>\nx\n</attachments>"), ("prompt", "Add a flag.")],
        ),
        (
            "<open_files>x</open_files>\n<user_query>\nAdd it.\n</user_query>",
            [("meta", "<open_files>x</open_files>"), ("prompt", "Add it.")],
        ),
        ("<user_query>\nAdd it.\n</user_query>", [("prompt", "Add it.")]),
        ("Wrap it in <user_query>x</user_query>", [("prompt", "Wrap it in <user_query>x</user_query>")]),
        (
            "<environment_details>\n# Open Tabs\n</environment_details>",
            [("meta", "<environment_details>\n# Open Tabs\n</environment_details>")],
        ),
        (
            "<system-reminder>\nUse tabs.\n</system-reminder>",
            [("meta", "<system-reminder>\nUse tabs.\n</system-reminder>")],
        ),
        (
            "# Context from my IDE setup:\n\n## My request for Codex:\nAdd it.",
            [("meta", "# Context from my IDE setup:"), ("prompt", "Add it.")],
        ),
    ],
)
def test_what_a_client_put_around_the_words_is_not_the_users(text: str, steps: list[tuple[str, str]]) -> None:
    recording = messages.read([json.dumps([{"role": "user", "content": text}])])
    assert [(step.kind, step.text) for step in recording.steps] == steps


@pytest.mark.parametrize(
    ("message", "repair"),
    [
        (7, "a message that is no object was skipped (message 1)"),
        ({"role": "critic"}, "a message of unknown role 'critic' was read as meta (message 1)"),
        ({"role": "user", "content": 7}, "a message without content was skipped (message 1)"),
        ({"role": "assistant", "tool_calls": ["ls"]}, "a call without a function was skipped (message 1)"),
    ],
)
def test_an_odd_message_is_noted_and_never_raises(message: object, repair: str) -> None:
    assert messages.read([json.dumps([message])]).repairs == (repair,)


@pytest.mark.slow
@given(st.integers(0, len(WRITTEN["a list"])), st.sampled_from(["a list", "lines", "an object"]))
def test_a_file_cut_anywhere_gives_the_steps_before_the_cut(cut: int, name: str) -> None:
    steps = messages.read(WRITTEN[name][:cut].split("\n")).steps
    assert steps == STEPS[: len(steps)]


MESSAGE = st.fixed_dictionaries(
    {"role": JSON | st.sampled_from(["user", "assistant", "tool", "system"])},
    optional=dict.fromkeys(("content", "tool_calls", "tool_call_id", "function_call", "timestamp"), JSON),
)


@pytest.mark.slow
@given(JSON | st.lists(MESSAGE | JSON, max_size=4) | st.fixed_dictionaries({"messages": st.lists(MESSAGE)}))
def test_whatever_json_a_file_holds_it_is_read(value: Any) -> None:
    text = [json.dumps(value)]
    assert messages.recognises(text) in {True, False}
    recording = messages.read(text)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
