"""The model that summarises, in a live session: what it answers is used, and nothing depends on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import evolve

from throughline.agent.loop import SummarizerConfig
from throughline.domain.events import CallBilled, Compacted, CompactionUndone, Masked, TurnEnded
from throughline.domain.ports import CallPiece, Piece, Request
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.domain.usage import Usage
from throughline.session.live_session import LiveSession
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness
from unit.test_live_session import BrokenStore

LONG = "Going with a queue for the kiosk since it is simple. " + "And more of it. " * 200
SETTINGS = Settings(window=3, kept=1)
USAGE = Usage(input=900, output=70)


def add(text: str, turn: int = 1, **changes: Any) -> dict[str, Any]:
    plain = {"op": "add", "kind": "decision", "text": text, "why": "", "owner": "", "subject": "", "turns": [turn]}
    return {**plain, **changes}


def answer(*operations: object) -> ScriptedReply:
    return ScriptedReply("So be it.", (CallPiece("r", "record", {"operations": list(operations)}),), USAGE)


GOOD = answer(add("The kiosk works through a queue", why="it is simple"))


@asynccontextmanager
async def opened(
    harness: SessionHarness, small: ScriptedModel, *replies: ScriptedReply, settings: Settings = SETTINGS
) -> AsyncIterator[LiveSession]:
    config = harness.config(ScriptedModel(replies or [ScriptedReply(LONG)] * 9))
    live = await LiveSession.start(
        harness.ports,
        evolve(config, summariser=SummarizerConfig(small, "claude-haiku-5-5", "Keep it.")),
        settings,
        STARTED,
    )
    try:
        yield live
    finally:
        await live.close()
        assert fold(harness.store.read("s")) == live.session


async def play(live: LiveSession, *texts: str) -> None:
    for text in texts:
        await live.send(text)
        await live.settled()


def compactions(harness: SessionHarness) -> list[tuple[str, int]]:
    return [(one.summariser, one.through) for one in harness.heard.events if isinstance(one, Compacted)]


def bills(harness: SessionHarness) -> list[CallBilled]:
    return [one for one in harness.heard.events if isinstance(one, CallBilled) and one.purpose == "merge"]


async def test_its_operations_enter_and_its_cost_is_billed() -> None:
    harness, small = SessionHarness(), ScriptedModel([GOOD])
    async with opened(harness, small) as live:
        await play(live, "Always use tabs in here.", "b", "c")
        entry = live.session.ledger.entries["m1.1"]
        assert (entry.text, entry.author, entry.turns) == ("The kiosk works through a queue", "summariser", (1,))
        assert "- The kiosk works through a queue because it is simple" in live.summary()
        assert "Developer: Always use tabs in here." in live.view().blocks[1].text
        assert live.session.bill.lines["merge"].input == 900
    assert compactions(harness) == [("model", 2)]
    (bill,) = bills(harness)
    assert (bill.model, bill.output, bill.dollars is None) == ("claude-haiku-5-5", 70, False)
    (sent,) = small.requests
    assert (sent.model, sent.must, sent.view.blocks[0].text) == ("claude-haiku-5-5", "record", "Keep it.")
    assert "> Always use tabs in here.\n" in sent.view.blocks[1].text
    assert "Turn 3" not in sent.view.blocks[1].text


FALLBACKS = [
    ("garbage", answer(3, {"op": "drop"}, add("x", turn=3)), SETTINGS, 1),
    ("another shape", ScriptedReply("", (CallPiece("r", "record", {"ops": 1}),)), SETTINGS, 1),
    ("another tool", ScriptedReply("", (CallPiece("r", "run", {"operations": [add("x")]}),)), SETTINGS, 1),
    ("words alone", ScriptedReply("I would add nothing."), SETTINGS, 1),
    ("refused", ScriptedReply("No such model.", status=404), SETTINGS, 0),
    ("cut off", evolve(GOOD, cut_after=4), SETTINGS, 0),
    ("too slow", evolve(GOOD, stall_after=1), evolve(SETTINGS, patience=0.0), 0),
    ("no room to ask", GOOD, evolve(SETTINGS, quoted=10), 0),
]


@pytest.mark.parametrize(("case", "reply", "settings", "billed"), FALLBACKS, ids=[one[0] for one in FALLBACKS])
async def test_whatever_it_does_wrong_the_local_rules_compact(
    case: str, reply: ScriptedReply, settings: Settings, billed: int
) -> None:
    alone, harness = SessionHarness(), SessionHarness()
    async with opened(harness, ScriptedModel([reply]), settings=settings) as live:
        await play(live, "Always use tabs in here.", "b", "c")
        compacted = live.session
    config = alone.config(ScriptedModel([ScriptedReply(LONG)] * 3))
    plain = await LiveSession.start(alone.ports, config, settings, STARTED)
    await play(plain, "Always use tabs in here.", "b", "c")
    await plain.close()
    assert compactions(harness) == compactions(alone) == [("local", 2)]
    assert compacted.ledger == plain.session.ledger
    assert len(bills(harness)) == billed


async def test_what_the_user_pinned_stays_as_it_is() -> None:
    harness = SessionHarness()
    revised = {"op": "revise", "id": "t1.1", "text": "Drop it", "why": "", "turn": 2}
    small = ScriptedModel([answer(revised, add("The kiosk works through a queue"))])
    async with opened(harness, small, ScriptedReply("[DECISION]: Keep it"), *[ScriptedReply(LONG * 2)] * 3) as live:
        await play(live, "a")
        await live.ledger_commands.pin("t1.1", pinned=True)
        await play(live, "b", "c")
        assert live.session.ledger.entries["t1.1"].text == "Keep it"
    assert compactions(harness) == [("model", 2)]


async def test_what_else_changes_the_prefix_changes_with_it() -> None:
    harness = SessionHarness()
    called = ScriptedReply("", (CallPiece("x", "read", {"path": "a.py"}),))
    config = evolve(
        harness.config(
            ScriptedModel([ScriptedReply(LONG), ScriptedReply(LONG), called, ScriptedReply(LONG)]),
            {"x": "word " * 1_000},
        ),
        summariser=SummarizerConfig(ScriptedModel([GOOD]), "claude-haiku-5-5", "Keep it."),
    )
    live = await LiveSession.start(harness.ports, config, evolve(SETTINGS, batch=50_000, trimmed=0), STARTED)
    await play(live, "a", "b", "c")
    await live.close()
    assert compactions(harness) == [("model", 2)]
    assert harness.heard.events[-1] == Masked(("x",))


class Held(ScriptedModel):
    """Answers once it is let."""

    def __init__(self, *replies: ScriptedReply) -> None:
        super().__init__(replies)
        self.asked, self.let, self.gone = asyncio.Event(), asyncio.Event(), False

    async def stream(self, request: Any) -> AsyncIterator[Any]:
        self.asked.set()
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.gone = True
            raise
        async for piece in super().stream(request):
            yield piece


async def test_the_session_goes_on_while_it_works_and_its_draft_is_used_then() -> None:
    harness, small = SessionHarness(), Held(GOOD)
    async with opened(harness, small) as live:
        await play_while_held(live, small)
        assert compactions(harness) == []
        small.let.set()
        await live.settled()
        assert [turn.number for turn in live.session.recent] == [3, 4]
    assert compactions(harness) == [("model", 2)]
    assert len(small.requests) == 1


async def play_while_held(live: LiveSession, small: Held) -> None:
    """Three turns that call for a compaction, and one more while it is being prepared."""
    for text in "abc":
        await live.send(text)
        await live.idle()
    await small.asked.wait()
    await live.send("d")
    await live.idle()


async def test_a_draft_of_turns_that_were_compacted_meanwhile_is_billed_and_not_used() -> None:
    harness, small = SessionHarness(), Held(GOOD)
    async with opened(harness, small) as live:
        await play_while_held(live, small)
        await live.compact()
        await live.undo()
        small.let.set()
        await live.settled()
        assert "m1.1" not in live.session.ledger.entries
    assert compactions(harness) == [("local", 3)]
    assert isinstance(harness.heard.events[-2], CompactionUndone)
    assert harness.heard.events[-1] == bills(harness)[0]


async def test_a_compaction_that_could_not_be_kept_is_said_so_and_made_anew(caplog: pytest.LogCaptureFixture) -> None:
    harness, store = SessionHarness(), BrokenStore()
    config = evolve(
        harness.config(ScriptedModel([ScriptedReply(LONG)] * 9)),
        summariser=SummarizerConfig(ScriptedModel([GOOD, GOOD]), "claude-haiku-5-5", "Keep it."),
    )
    live = await LiveSession.start(evolve(harness.ports, store=store), config, SETTINGS, STARTED)
    store.fails = Compacted
    with caplog.at_level(logging.ERROR):
        await play(live, "a", "b", "c")
    assert compactions(harness) == []
    assert "could not be kept, and will be made anew: The disk is full." in caplog.text
    await play(live, "d")
    assert compactions(harness) == [("local", 2)]
    assert live.session == fold(store.read("s"))
    await live.close()


async def test_what_came_too_late_is_said_so(caplog: pytest.LogCaptureFixture) -> None:
    harness, small = SessionHarness(), Held(GOOD)
    async with opened(harness, small) as live:
        await play_while_held(live, small)
        await live.compact()
        with caplog.at_level(logging.INFO):
            small.let.set()
            await live.settled()
    assert "a summary of the turns up to 2 came too late" in caplog.text
    assert compactions(harness) == [("local", 3)]


async def test_above_the_limit_the_next_call_does_not_wait_for_it() -> None:
    harness, small = SessionHarness(), Held(GOOD)
    async with opened(harness, small, settings=evolve(SETTINGS, share=0.01)) as live:
        await live.send("a")
        await live.idle()
        await live.send("b")
        await live.idle()
        await small.asked.wait()
        await live.send("c")
        await live.idle()
        assert compactions(harness)[0] == ("local", 1)
        small.let.set()
        await live.settled()


@pytest.mark.parametrize("finish", ["end", "close"])
async def test_ending_and_closing_do_not_wait_for_it(finish: str) -> None:
    harness, small = SessionHarness(), Held(GOOD)
    async with opened(harness, small) as live:
        await play_while_held(live, small)
        await getattr(live, finish)()
        assert small.gone
    assert not bills(harness)
    assert all(by == "local" for by, _ in compactions(harness))
    assert sum(isinstance(one, TurnEnded) for one in harness.heard.events) == 4


async def test_what_frees_too_little_brings_the_ledger_up_to_date_and_is_not_tried_again_at_once() -> None:
    harness = SessionHarness()
    short = ScriptedReply(LONG[:1_300])
    small = ScriptedModel([GOOD, GOOD])
    async with opened(harness, small, *[short] * 6) as live:
        await play(live, "a", "b", "c")
        assert compactions(harness) == []
        assert any("works through a queue" in entry.text for entry in live.session.ledger.live())
        await play(live, "d", "e")
        assert len(small.requests) == 1


class Gated(ScriptedModel):
    """Answers once it may."""

    def __init__(self, reply: ScriptedReply) -> None:
        super().__init__([reply])
        self.asked, self.may = asyncio.Event(), asyncio.Event()

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        self.asked.set()
        await self.may.wait()
        async for piece in super().stream(request):
            yield piece


async def test_a_summary_that_comes_while_a_turn_runs_waits_for_its_end() -> None:
    harness, small = SessionHarness(), Gated(GOOD)
    talk = ScriptedReply(LONG * 2)
    async with opened(harness, small, talk, talk, talk, evolve(talk, stall_after=3), talk) as live:
        for text in "abc":
            await live.send(text)
            await live._turns.idle()
        await small.asked.wait()
        await live.send("d")
        model = live._config.model
        assert isinstance(model, ScriptedModel)
        await model.stalled.wait()
        billed = asyncio.Event()
        harness.heard.act = lambda event: billed.set() if isinstance(event, CallBilled) else None
        small.may.set()
        await billed.wait()
        await live._mailbox.post(nothing)
        assert compactions(harness) == []
        await live.cancel()
        assert compactions(harness) == [("model", 2)]


async def nothing() -> None:
    """An act that does nothing, after those before it."""
