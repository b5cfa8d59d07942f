"""What enters the log: valid, finite, without control sequences; and what a poisoned log still sends."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import (
    AssistantMessage,
    CallBilled,
    Event,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    UserMessage,
)
from throughline.domain.ports import CallPiece, EndPiece, Log, Outcome, Piece, Request, TextPiece, Tool
from throughline.domain.sanitization import DEEPEST, cleaned, encodable, valid_text, without_control_sequences
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.domain.usage import Usage
from throughline.domain.view import Block, View
from throughline.llm.messages import translate
from throughline.session.live_session import LiveSession
from throughline.storage import codec
from unit import type_strategies
from unit.event_logs import STARTED, log, spoke
from unit.session_harness import SessionHarness

TEXTS = [
    ("plain", "plain"),
    ("tab\tand\r\nlines\n", "tab\tand\r\nlines\n"),
    ("Größe 語 😀 \u00a0\u0085\u200d", "Größe 語 😀 \u00a0\u0085\u200d"),
    ("caf\udce9.txt", "caf\ufffd.txt"),
    ("half \ud83d, other \ude00", "half \ufffd, other \ufffd"),
    ("met \ud83d\ude00 whole", "met 😀 whole"),
    ("end \ud83d", "end \ufffd"),
    ("\x1b[1;31mred\x1b[0m \x1b[2K\x1b[1G", "red "),
    ("\x9b31mred\x9bm", "red"),
    ("a\x1b]0;title\x07b\x1b]52;c;aGk=\x1b\\c", "abc"),
    ("a\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "alink"),
    ("an \x1b] that nothing ends\nnext line\x07", "an  that nothing ends\nnext line"),
    ("\x1bPq#0;2\x1b\\x\x1bcy\x1b(Bz", "xyz"),
    ("nul\x00 bell\x07 del\x7f ff\x0c esc\x1b", "nul bell del ff esc"),
    ("N\x08NA\x08AME", "NAME"),
    ("cut off: \x1b[31", "cut off: 31"),
]


@pytest.mark.parametrize(("given_text", "wanted"), TEXTS, ids=[ascii(row[0]) for row in TEXTS])
def test_a_text_enters_without_what_nobody_needs(given_text: str, wanted: str) -> None:
    assert without_control_sequences(given_text) == wanted


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_enters_valid_and_without_controls_and_once_is_enough(text: str) -> None:
    made = without_control_sequences(text)
    made.encode()
    assert not any(char < " " and char not in "\t\n\r" for char in made)
    assert "\x7f" not in made
    assert valid_text(text) == text or any("\ud800" <= char <= "\udfff" for char in text)
    assert without_control_sequences(made) == made


@pytest.mark.parametrize("begun", ["\x1b]", "\x90", "\x9d", "\x1b[", "\x9b0", "\x1b ", "x\x08", "\ud83d"])
def test_what_only_begins_takes_no_longer_than_its_length(begun: str) -> None:
    made = without_control_sequences(begun * 300_000 + "end")
    assert made.endswith("nd")


def strict(value: Any) -> str:
    """JSON as a server reads it: UTF-8, and every number finite."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode().decode()


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**4_000) | st.floats() | type_strategies.TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(type_strategies.TEXT, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.dictionaries(type_strategies.TEXT, ODD, max_size=3))
def test_any_arguments_can_be_sent_once_they_are_cleaned(args: dict[str, Any]) -> None:
    event = cleaned(ToolCalled(1, "x", "t", args, 1))
    strict(event.args)
    strict(encodable(args))
    assert encodable(encodable(args)) == encodable(args)
    assert codec.decode_event(codec.encode_event(event)) == event


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(type_strategies.of(Event))
def test_any_event_can_be_kept_and_sent_once_it_is_cleaned(event: Event) -> None:
    made = cleaned(event)
    assert type(made) is type(event)
    assert cleaned(made) == made
    codec.encode_event(made).encode()
    assert codec.decode_event(codec.encode_event(made)) == made


def test_a_clean_event_is_the_same_object() -> None:
    event = ToolCalled(1, "x", "t", {"a": [1, 2.5, {"b": "Größe"}], "c": None}, 1)
    assert cleaned(event) is event


def test_a_number_that_is_none_is_unknown_where_that_can_be_said_and_else_nought() -> None:
    bill = CallBilled("chat", "m", 1, 1, 0, 0, math.inf, math.nan)
    assert cleaned(bill) == evolve(bill, dollars=None, began=0)


def nested(levels: int) -> Any:
    value: Any = "deep"
    for _ in range(levels):
        value = [value]
    return value


def test_arguments_of_any_depth_can_be_kept() -> None:
    strict(encodable({"a": nested(100_000)}))
    assert encodable(nested(DEEPEST - 1)) == nested(DEEPEST - 1)


class Poisonous:
    """A model that calls a tool with what nothing can carry, and then answers; it keeps the requests."""

    def __init__(self, args: dict[str, Any], text: str) -> None:
        self._args = args
        self._text = text
        self.sent: list[str] = []

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        conversation = translate(request.view)
        self.sent.append(strict([conversation.system, conversation.messages]))
        if len(self.sent) == 1:
            yield TextPiece(self._text, last=True)
            yield CallPiece("x", "act", self._args)
        else:
            yield TextPiece("Here.", last=True)
        yield EndPiece("end_turn", Usage())

    def suggestion(self, said: object) -> str:  # noqa: ARG002
        return ""


class Acting:
    """A tool that keeps what it was asked, and returns a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.asked: list[dict[str, Any]] = []

    def offered(self) -> tuple[Tool, ...]:
        return (Tool("act", "Acts."),)

    async def run(self, turn: int, calls: Any, log: Log) -> Outcome:  # noqa: ARG002
        self.asked += [call.args for call in calls]
        items = tuple(ToolReturned(turn, call.id, self._text, 1) for call in calls)
        return Outcome(items, hand_back=not calls)


POISON = [
    ({}, "", "caf\udce9.txt"),
    ({"path": "caf\udce9.txt"}, "", "fine"),
    ({"a\ud83d": 1}, "", "fine"),
    ({"n": math.nan, "m": [math.inf, -math.inf], "k": 10**5_000}, "", "fine"),
    ({}, "half \ud83d", "fine"),
    ({"deep": nested(90_000)}, "", "fine"),
]


@pytest.mark.parametrize(("args", "text", "result"), POISON)
async def test_a_session_goes_on_whatever_came_in(args: dict[str, Any], text: str, result: str) -> None:
    harness, model, tools = SessionHarness(), Poisonous(args, text), Acting(result)
    live = await LiveSession.start(harness.ports, harness.config(cast("Any", model), tools=tools), Settings(), STARTED)
    for said in ("go \ud83d", "again"):
        await live.send(said)
        await live.idle()
    await live.close()
    assert [turn.ending for turn in live.session.turns] == ["done", "done"]
    assert len(model.sent) == 3
    for one in harness.store.read("s"):
        strict(json.loads(codec.encode_event(one.event)))
    assert fold(harness.store.read("s")) == live.session


async def test_a_tool_gets_control_characters_that_the_log_does_without() -> None:
    harness, tools = SessionHarness(), Acting("fine")
    model = Poisonous({"text": "\x1b[1mbold\x1b[0m \x00\x0c", "n": math.nan, "h": "\ud83d"}, "")
    live = await LiveSession.start(harness.ports, harness.config(cast("Any", model), tools=tools), Settings(), STARTED)
    await live.send("go")
    await live.idle()
    await live.close()
    assert tools.asked == [{"text": "\x1b[1mbold\x1b[0m \x00\x0c", "n": None, "h": "\ufffd"}, *tools.asked[1:]]
    (called,) = [one.event for one in harness.store.read("s") if isinstance(one.event, ToolCalled)]
    assert called.args == {"text": "bold ", "n": None, "h": "\ufffd"}


def test_what_an_earlier_version_kept_is_sent_all_the_same() -> None:
    blocks = (
        Block("system", "system", "You \udce9", 1),
        Block("turn", "user", "half \ud83d", 1),
        Block("turn", "assistant", "{}", 1, "call", "x\ud83d", "act\ud83d", {"n": math.nan, "\ude00": "\ude00"}),
        Block("turn", "user", "caf\udce9.txt", 1, "result", "x\ud83d"),
    )
    made = translate(View(blocks))
    strict([made.system, made.messages])
    assert View(blocks).digest
    call, result = made.messages[1]["content"][0], made.messages[2]["content"][0]
    assert call["id"] == result["tool_use_id"]
    assert result["content"] == "caf\ufffd.txt"


async def test_a_session_that_was_poisoned_by_an_earlier_version_answers_again() -> None:
    harness, model, tools = SessionHarness(), Poisonous({}, "fine"), Acting("fine")
    harness.store.append(
        "s",
        log(
            STARTED,
            UserMessage(1, "half \ud83d", 1),
            ToolCalled(1, "x", "act", {"n": math.nan}, 1),
            ToolReturned(1, "x", "caf\udce9.txt", 1),
            AssistantMessage(1, "[DECISION]: keep \ude00", 1),
            TurnEnded(1, "done"),
            spoke(2, "and now"),
            TurnEnded(2, "failed", "'utf-8' codec can't encode"),
        ),
    )
    live = await LiveSession.resume(harness.ports, harness.config(cast("Any", model), tools=tools), Settings(), "s")
    await live.send("And now?")
    await live.idle()
    await live.end()
    await live.close()
    assert live.session.turns[-1].ending == "done"
