"""The provider's cache is filled once after a resume, where the user wants that; the next message then reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from throughline.domain.events import CallBilled, Notice
from throughline.domain.settings import Settings
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.session.live_session import LiveSession
from throughline.session.report import session_report
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.provider_contract import Prefixes, ProviderContract
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import Json, ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import ApproximateTokens, SessionHarness

WARM = Settings(warm=True)
HOUR = 3_600.0
SILENT = ScriptedReply(reason="max_tokens")


@asynccontextmanager
async def resumed(
    *script: ScriptedReply, pause: float = 2 * HOUR, settings: Settings = WARM
) -> AsyncIterator[tuple[SessionHarness, LiveSession, MessagesServer]]:
    """A session of one turn, opened again after a pause; the script goes on with what comes then."""
    harness = SessionHarness()
    cache = Prefixes(harness.clock.now, lambda piece: ApproximateTokens().count(str(piece)), 0)
    conditions = ServerConditions(cache=cache, contract=ProviderContract())
    opening = ScriptedReply("It is so. " * 900, thinking="Hm.")
    async with MessagesServer([opening, *script], ground=conditions) as fake:
        link = Anthropic(Credentials("made-" + "up", fake.url), retries=0)
        config = harness.config(link)
        live = await LiveSession.start(harness.ports, config, settings, STARTED)
        await live.send("Why? " * 900)
        await live.idle()
        await live.close()
        harness.clock.time += pause
        live = await LiveSession.resume(harness.ports, config, settings, "s")
        try:
            yield harness, live, fake
        finally:
            await live.close()
            await link.close()


def bodies(fake: MessagesServer) -> list[Json]:
    return [one.body for one in fake.requests if one.path == "/v1/messages"]


def bills(harness: SessionHarness) -> list[CallBilled]:
    return [one.event for one in harness.store.read("s") if isinstance(one.event, CallBilled)]


async def test_after_a_pause_one_request_without_a_reply_fills_the_cache_and_the_next_message_reads_it() -> None:
    async with resumed(SILENT, ScriptedReply("Yes.")) as (harness, live, fake):
        await live.settled()
        assert live.warning_until()[0] == ""
        await live.send("And?")
        await live.idle()
        first, warming, following = bodies(fake)
        # All that the cache goes by is the same, and nothing is asked for.
        assert warming["max_tokens"] == 0
        assert not warming.get("stream")
        for name in ("system", "thinking", "model"):
            assert warming[name] == first[name] == following[name]
        assert [one["role"] for one in warming["messages"]] == ["user", "assistant", "user"]
        begun, paid, after = bills(harness)
        assert (paid.purpose, paid.output, after.purpose) == ("warm", 5, "chat")
        # The warming paid for what had gone cold, and says so; the message found all of it but its own words.
        assert paid.rewritten == begun.cached
        assert paid.idle == 2 * HOUR
        assert (after.rewritten, after.cache_write < 50, after.cache_read >= paid.cached - 50) == (0, True, True)
        assert "warming the cache " in session_report(live.session)
        assert live.session.bill.lines["warm"].calls == 1


@pytest.mark.parametrize(
    ("pause", "settings"),
    [
        pytest.param(2 * HOUR, Settings(), id="not wanted"),
        pytest.param(60.0, WARM, id="still warm"),
    ],
)
async def test_nothing_is_sent_where_it_is_not_wanted_or_not_needed(pause: float, settings: Settings) -> None:
    async with resumed(SILENT, pause=pause, settings=settings) as (_, live, fake):
        await live.settled()
        assert len(bodies(fake)) == 1


async def test_a_message_that_comes_meanwhile_waits_for_the_warming_and_does_not_pay_twice() -> None:
    held = asyncio.Event()
    async with resumed(evolve(SILENT, held=held), ScriptedReply("Yes.")) as (harness, live, fake):
        await live.send("And?")
        while len(fake.requests) < 2:
            fake.came.clear()
            await fake.came.wait()
        assert len(bodies(fake)) == 2
        held.set()
        await live.idle()
        assert [bill.purpose for bill in bills(harness)] == ["chat", "warm", "chat"]
        assert bills(harness)[2].rewritten == 0


async def test_a_turn_that_waits_for_the_warming_can_be_stopped_and_the_session_closed() -> None:
    async with resumed(evolve(SILENT, held=asyncio.Event())) as (harness, live, fake):
        await live.send("And?")
        await live.cancel()
        assert live.session.turns[-1].ending == "cancelled"
        await live.close()
        assert len(bills(harness)) == 1
    assert len(bodies(fake)) <= 2


async def test_a_warming_that_fails_is_told_in_a_line_and_costs_nothing() -> None:
    async with resumed(ScriptedReply(status=400, text="max_tokens: must be at least 1")) as (harness, live, _):
        await live.settled()
        (told,) = [event.text for event in harness.heard.events if isinstance(event, Notice)]
        assert told.startswith("The provider's cache was not warmed. The model refused the request (max_tokens: must")
        assert len(bills(harness)) == 1


async def test_a_model_that_cannot_be_asked_for_it_is_not() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("Done.")])
    live = await LiveSession.start(harness.ports, harness.config(model), WARM, STARTED)
    await live.send("Go.")
    await live.idle()
    await live.close()
    harness.clock.time += 2 * HOUR
    live = await LiveSession.resume(harness.ports, harness.config(model), WARM, "s")
    await live.settled()
    await live.close()
    assert len(model.requests) == 1
