"""The test server holds each model's callers to that model's contract, and the client keeps the contract of each."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from attrs import evolve

from throughline.domain.events import CallBilled, Compacted, Notice, SessionStarted, TurnEnded
from throughline.domain.ports import CallPiece, ModelError, Piece, Request, WaitPiece
from throughline.domain.settings import Settings
from throughline.domain.usage import Price, explain_rewrite, with_rewrite
from throughline.domain.view import Block, View
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.llm.errors import retry_after
from throughline.session.live_session import LiveSession
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.provider_contract import OVERFLOWS, Prefixes, ProviderContract
from throughline.testing.scripted_replies import Json, ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness

KEY = "made-up-key"
NEWEST, OLDER = "claude-sonnet-5-5", "claude-sonnet-4-5"
HELLO: Json = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
CALL: Json = {"type": "tool_use", "id": "c", "name": "read_file", "input": {}}
RESULT: Json = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "one"}]}


@pytest.mark.parametrize(
    ("more", "newest", "older"),
    [
        ({}, "", ""),
        ({"tool_choice": {"type": "any"}}, "forcing a tool", ""),
        ({"tool_choice": {"type": "tool", "name": "x"}}, "forcing a tool", ""),
        ({"temperature": 0.2}, "temperature", ""),
        ({"thinking": {"type": "adaptive"}}, "", "adaptive thinking is not supported"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2_000}}, "`enabled` is not supported", ""),
        ({"output_config": {"effort": "low"}}, "", "effort: low is not supported"),
        ({"output_config": {"effort": "huge"}}, "effort: huge", "effort: huge"),
        ({"messages": [*HELLO["messages"], {"role": "assistant", "content": "I"}]}, "must end with a user", ""),
        (
            {
                "thinking": {"type": "enabled", "budget_tokens": 2_000},
                "messages": [*HELLO["messages"], {"role": "assistant", "content": [CALL]}, RESULT],
            },
            "`enabled` is not supported",
            "Expected `thinking`",
        ),
    ],
)
def test_each_model_is_asked_by_its_own_rules(more: Json, newest: str, older: str) -> None:
    for model, wrong in ((NEWEST, newest), (OLDER, older), (f"{OLDER}-20250929", older)):
        said = ProviderContract().refusal({**HELLO, **more, "model": model}, {})
        assert wrong in said
        assert bool(said) is bool(wrong)


@pytest.mark.parametrize("overflow", OVERFLOWS)
async def test_a_prompt_above_the_window_is_refused_in_the_words_of_each_server(overflow: str) -> None:
    contract = ProviderContract(overflow=overflow)
    async with MessagesServer([], ground=ServerConditions(contract=contract)) as fake:
        with pytest.raises(ModelError, match="compact the session"):
            await ask(fake, Request("chat", OLDER, view("word " * 200_000)))


def view(*texts: str) -> View:
    return View(tuple(Block("turn", "user", text, 9) for text in texts))


async def ask(fake: MessagesServer, request: Request, **more: Any) -> list[Piece]:
    model = Anthropic(Credentials(KEY, fake.url), **more)
    try:
        return [piece async for piece in model.stream(request)]
    finally:
        await model.close()


def call(name: str) -> tuple[CallPiece, ...]:
    return (CallPiece(name, "read_file", {"path": name}),)


async def play(fake: MessagesServer, model: str, *texts: str, retries: int = 0) -> tuple[SessionHarness, LiveSession]:
    """A session through the real SDK; between two messages of it what can be compacted is."""
    harness = SessionHarness()
    link = Anthropic(Credentials(KEY, fake.url), retries=retries)
    config = evolve(harness.config(link, {"a": "one\n" * 900, "b": "two\n" * 900}), name=model)
    begun: SessionStarted = evolve(STARTED, model=model)
    live = await LiveSession.start(harness.ports, config, Settings(model=model, window=1, kept=1), begun)
    for text in texts:
        await live.send(text)
        await live.idle()
    await live.close()
    await link.close()
    return harness, live


@pytest.mark.parametrize("model", [NEWEST, OLDER])
async def test_a_session_with_tools_and_compaction_is_never_refused(model: str) -> None:
    script = [
        ScriptedReply("I look at a.", calls=call("a"), thinking="Hm."),
        ScriptedReply("And at b.", calls=call("b")),
        ScriptedReply("Done."),
        ScriptedReply("Well."),
        ScriptedReply("Fine."),
    ]
    async with MessagesServer(script, ground=ServerConditions(contract=ProviderContract())) as fake:
        harness, _ = await play(fake, model, "Go.", "And?", "So?")
        sent = [one.body for one in fake.requests if one.path == "/v1/messages"]
    assert [event.ending for event in harness.heard.events if isinstance(event, TurnEnded)] == ["done"] * 3
    assert len(sent) == len(script)
    bills = [event for event in harness.heard.events if isinstance(event, CallBilled)]
    assert [body["diagnostics"]["previous_message_id"] for body in sent] == [None, *(one.reply for one in bills[:-1])]
    assert [event for event in harness.heard.events if isinstance(event, Compacted)]
    assert not [one.miss for one in bills[:3] if one.miss]


async def test_a_rate_limit_is_shown_while_it_is_waited_out_and_the_words_are_kept_once() -> None:
    script = [ScriptedReply(status=429, retry_after=1), ScriptedReply("Here.")]
    async with MessagesServer(script) as fake:
        harness, live = await play(fake, NEWEST, "Go.", retries=2)
    assert "Rate limit: waiting 1 s" in " ".join(one.text for one in harness.heard.events if isinstance(one, Notice))
    assert len(live.session.turns) == 1
    assert TurnEnded(1, "done") in harness.heard.events


async def test_a_wait_ends_at_once_where_its_asker_leaves() -> None:
    async with MessagesServer([ScriptedReply(status=429, retry_after=50)]) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        pieces = model.stream(Request("chat", NEWEST, view("Go.")))
        waiting = await anext(pieces)
        assert isinstance(waiting, WaitPiece)
        assert waiting.seconds == 50
        await pieces.aclose()
        await model.close()
        assert len(fake.requests) == 1


async def test_a_server_that_knows_no_diagnostics_is_asked_once_more_without_them() -> None:
    told: list[str] = []
    async with MessagesServer(
        [ScriptedReply("Here.")], ground=ServerConditions(lacks=frozenset({"diagnostics"}))
    ) as fake:
        await ask(fake, Request("chat", NEWEST, view("Go.")), tell=told.append)
        assert ["diagnostics" in one.body for one in fake.requests] == [True, False]
    assert len(told) == 1


async def test_a_wait_of_more_than_a_minute_is_told_and_not_begun() -> None:
    async with MessagesServer([ScriptedReply(status=429, retry_after=3_600)]) as fake:
        with pytest.raises(ModelError, match="wait 60 minutes"):
            await ask(fake, Request("chat", NEWEST, view("Go.")))
        assert len(fake.requests) == 1


async def test_a_paused_reply_goes_on_by_itself() -> None:
    async with MessagesServer([ScriptedReply("Half", reason="pause_turn"), ScriptedReply("whole.")]) as fake:
        harness, _ = await play(fake, NEWEST, "Go.")
        assert len(fake.requests) == 2
    assert TurnEnded(1, "done") in harness.heard.events


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("", 0.0), ("soon", 0.0), ("nan", 0.0), ("1e9", 0.0), ("-3", 0.0)]
)
def test_a_wait_is_read_where_it_is_one(header: str, seconds: float) -> None:
    assert retry_after(header) == seconds


def _sized(tokens: int, _: Json) -> int:
    return tokens


@pytest.mark.parametrize(("model", "least"), [(NEWEST, 512), (OLDER, 1_024)])
def test_a_prefix_below_a_models_smallest_is_not_cached(model: str, least: int) -> None:
    for tokens in (least - 1, least):
        cache = Prefixes(lambda: 0.0, partial(_sized, tokens), None)
        piece = {"type": "text", "text": "So.", "cache_control": {"type": "ephemeral"}}
        split = cache.split({"model": model, "messages": [{"role": "user", "content": [piece]}]})
        assert split.written == (tokens if tokens >= least else 0)


PRICE = Price(2, 10, 2.5, 0.1, 4)
BEFORE = CallBilled("chat", NEWEST, 0, 0, 200_000, 13_900, 0.0, began=1_000.0)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (CallBilled("chat", NEWEST, 10, 0, 214_000, 50, 0.0, began=1_060.0), ""),
        (
            CallBilled("chat", NEWEST, 10, 0, 0, 214_050, 0.0, began=1_660.0),
            "the cache had expired 6 minutes before: 214K tokens, $0.53",
        ),
        (
            CallBilled("chat", OLDER, 10, 0, 0, 214_000, 0.0, began=1_060.0),
            "the model was changed: 214K tokens, $0.53",
        ),
        (
            CallBilled("chat", NEWEST, 10, 0, 14_000, 150_000, 0.0, began=1_060.0, miss="messages_changed"),
            "earlier messages were masked, compacted or taken back: 150K tokens, $0.38",
        ),
    ],
)
def test_a_bill_says_what_was_paid_again_and_why(now: CallBilled, said: str) -> None:
    assert explain_rewrite(with_rewrite(now, BEFORE, PRICE)) == said
