"""Shortly before the cache goes cold, an idle session gets ready for the next message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from throughline.agent.loop import SummarizerConfig
from throughline.context.compaction import propose
from throughline.domain.events import CallBilled, Compacted
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.session.actor import Mailbox
from throughline.session.compactor import IdleTimer
from throughline.session.live_session import LiveSession
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import ManualClock, SessionHarness
from unit.test_summarizer import GOOD, Held, add, answer

LONG = ScriptedReply("Going with a queue for the kiosk since it is simple. " + "And more of it. " * 700)
SETTINGS = Settings(cold=300.0, patience=30.0)
START = 1_000.0


@asynccontextmanager
async def rested(
    harness: SessionHarness, small: ScriptedModel | None = None, settings: Settings = SETTINGS, *, turns: int = 4
) -> AsyncIterator[LiveSession]:
    """A session that has been left alone after its last turn."""
    config = harness.config(ScriptedModel([LONG] * 9))
    if small:
        config = evolve(config, summariser=SummarizerConfig(small, "claude-haiku-5-5", "Keep it."))
    live = await LiveSession.start(harness.ports, config, settings, STARTED)
    for number in range(turns):
        await live.send(f"go {number}")
        await live.idle()
    try:
        yield live
    finally:
        await live.close()
        assert fold(harness.store.read("s")) == live.session
        assert harness.clock.waits == []


def compactions(harness: SessionHarness) -> list[tuple[str, int]]:
    return [(one.summariser, one.through) for one in harness.heard.events if isinstance(one, Compacted)]


async def pause() -> None:
    """Lets what is ready to run do so."""
    await asyncio.wait([asyncio.ensure_future(asyncio.to_thread(int))])


async def waiting(clock: ManualClock) -> float:
    while not clock.waits:
        await pause()
    (when,) = clock.waits
    return when


async def test_the_model_is_asked_before_the_cache_goes_cold_and_its_answer_used_by_the_next_message() -> None:
    harness, small = SessionHarness(), Held(GOOD)
    async with rested(harness, small) as live:
        assert await waiting(harness.clock) == START + 270
        assert not small.asked.is_set()
        harness.clock.put(START + 270)
        await small.asked.wait()
        small.let.set()
        await live.settled()
        assert compactions(harness) == []
        harness.clock.put(START + 301)
        await live.send("and now?")
        await live.idle()
        assert "m1.1" in live.session.ledger.entries
    assert compactions(harness) == [("model", 3)]
    assert len(small.requests) == 1
    billed = [
        place
        for place, one in enumerate(harness.heard.events)
        if isinstance(one, CallBilled) and one.purpose == "merge"
    ]
    compacted = next(place for place, one in enumerate(harness.heard.events) if isinstance(one, Compacted))
    assert len(billed) == 1
    assert billed[0] < compacted


async def test_without_a_model_the_local_rules_get_ready() -> None:
    harness = SessionHarness()
    async with rested(harness) as live:
        await waiting(harness.clock)
        harness.clock.put(START + 270)
        while live._compactor._ready is None:
            await pause()
        proposal = live._compactor._ready.proposal
        harness.clock.put(START + 301)
        await live.send("and now?")
        await live.idle()
        (made,) = live.session.compactions
        assert made.operations == proposal.operations
        assert live._compactor._ready is None
    assert compactions(harness) == [("local", 3)]


async def test_what_was_got_ready_is_made_anew_from_the_same_answer_where_the_user_has_changed_the_ledger() -> None:
    """The model is not asked again, and what the user wrote meanwhile is not written a second time."""
    said = answer(add("The kiosk works through a queue", 1), add("It prints a receipt", 2))
    harness, small = SessionHarness(), Held(said)
    async with rested(harness, small) as live:
        await waiting(harness.clock)
        harness.clock.put(START + 270)
        await small.asked.wait()
        small.let.set()
        await live.settled()
        while live._compactor._ready is None:
            await pause()
        prepared = live._compactor._ready.proposal.operations
        mine = await live.ledger_commands.add("decision", "The kiosk works through a queue")
        now = live.session
        harness.clock.put(START + 301)
        await live.send("and now?")
        await live.idle()
        (made,) = live.session.compactions
        assert made.summariser == "model"
        assert made.operations == propose(now, 3, said.calls[0].args).operations
        assert made.operations != prepared
        texts = [entry.text for entry in live.session.ledger.live()]
        assert texts.count("The kiosk works through a queue") == 1
        assert mine in live.session.ledger.entries
    assert len(small.requests) == 1


async def test_a_message_while_the_cache_is_warm_changes_nothing() -> None:
    harness = SessionHarness()
    async with rested(harness) as live:
        await waiting(harness.clock)
        harness.clock.put(START + 290)
        await live.send("and now?")
        await live.idle()
        assert compactions(harness) == []
        assert await waiting(harness.clock) == START + 290 + 270


async def test_what_was_got_ready_is_not_used_once_its_turns_have_moved() -> None:
    harness, small = SessionHarness(), ScriptedModel([answer(add("The kiosk works through a queue", 4))])
    async with rested(harness, small, evolve(SETTINGS, kept=1), turns=3) as live:
        await live.compact()
        for text in "abc":
            await live.send(text)
            await live.idle()
        await waiting(harness.clock)
        harness.clock.put(START + 270)
        while not small.requests:
            await pause()
        await live.settled()
        shown = await live.preview()
        assert (shown.event.summariser, shown.turns) == ("model", (3, 4, 5))
        await live.undo()
        shown = await live.preview()
        assert (shown.event.summariser, shown.turns) == ("local", (1, 2, 3, 4, 5))


async def test_while_a_turn_runs_nobody_waits() -> None:
    harness, model = SessionHarness(), ScriptedModel([LONG, LONG, LONG, ScriptedReply("one two", stall_after=1)])
    live = await LiveSession.start(harness.ports, harness.config(model), SETTINGS, STARTED)
    for text in "abc":
        await live.send(text)
        await live.idle()
    await waiting(harness.clock)
    await live.send("d")
    await model.stalled.wait()
    assert harness.clock.waits == []
    await live.close()


@pytest.mark.parametrize("turns", [0, 1])
async def test_a_session_with_little_to_move_waits_for_nothing(turns: int) -> None:
    harness = SessionHarness()
    async with rested(harness, turns=turns):
        await pause()
        assert harness.clock.waits == []


async def test_a_timer_that_is_stopped_or_set_anew_does_its_act_once() -> None:
    clock, mailbox = ManualClock(), Mailbox()
    idle, done = IdleTimer(clock, mailbox), []

    async def act() -> None:
        done.append(clock.time)

    idle.set(1_010.0, act)
    idle.set(1_020.0, act)
    await waiting(clock)
    for when in (1_010.0, 1_020.0, 1_030.0):
        clock.put(when)
        await pause()
    await mailbox.post(act)
    assert done == [1_020.0, 1_030.0]
    idle.set(1_040.0, act)
    idle.stop()
    clock.put(1_040.0)
    await mailbox.close()
    assert len(done) == 2
