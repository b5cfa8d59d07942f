"""What becomes of a session's archive change: written, held, looked at, accepted, rejected, and never lost."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import evolve

from throughline.agent.loop import SummarizerConfig
from throughline.domain.events import (
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    CallBilled,
    Compacted,
    Event,
    SessionEnded,
    SessionStarted,
)
from throughline.domain.ports import CallPiece, StoreError
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.domain.usage import Usage
from throughline.memory.archive import ConflictError
from throughline.session.actor import RefusedError
from throughline.session.live_session import LiveSession
from throughline.storage.in_memory import MemoryArchive
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.logs import BEGUN
from unit.test_summarizer import Held
from unit.worlds import Bench

TAGGED = ScriptedReply("[DECISION]: Keep SQLite because it is there")
ASK = Settings(distil="ask")
HAND = "## Project Archive: toolshed\n### Constraints\n- By hand\n"


def amended(text: str) -> ScriptedReply:
    operation = {"op": "add", "section": "Known Issues", "text": text}
    return ScriptedReply("", (CallPiece("a", "amend", {"operations": [operation, {"op": "forget"}]}),), Usage(500, 40))


@asynccontextmanager
async def opened(
    bench: Bench, settings: Settings = ASK, small: ScriptedModel | None = None, begun: SessionStarted = BEGUN
) -> AsyncIterator[LiveSession]:
    live = await LiveSession.start(bench.ports, config(bench, small), settings, begun)
    await live.send("go")
    await live.settled()
    try:
        yield live
    finally:
        await live.close()
        assert fold(bench.store.read("s")) == live.session


def config(bench: Bench, small: ScriptedModel | None = None) -> Any:
    made = bench.config(
        ScriptedModel([TAGGED, ScriptedReply("The shelves are counted, and every test of the shed passes now.")])
    )
    return (
        evolve(made, summariser=SummarizerConfig(small, "claude-haiku-5-5", "Keep it.", "Amend it.")) if small else made
    )


def kinds(bench: Bench, *shapes: type[Event]) -> list[Event]:
    return [one for one in bench.heard.events if isinstance(one, shapes)]


async def test_where_the_user_is_asked_ending_writes_nothing_and_the_change_waits() -> None:
    bench = Bench(HAND)
    async with opened(bench) as live:
        text = await live.end()
        assert bench.archive.read() == HAND
        assert "- Keep SQLite because it is there" in text
        assert bench.store.pending() == ("s",)
    assert live.session.ended
    again = await LiveSession.resume(bench.ports, config(bench), ASK, "s")
    change = await again.archive.change()
    assert (change.base, change.text) == (HAND, text)
    assert "\n+- Keep SQLite because it is there <!-- " in change.difference
    assert await again.archive.accept() == bench.archive.read() == text
    assert bench.store.pending() == ()
    await again.close()
    assert bench.heard.events[-1] == ArchiveWritten(text, again.count(text))


async def test_a_change_is_merged_into_what_the_archive_has_become() -> None:
    bench = Bench(HAND)
    async with opened(bench) as live:
        await live.end()
        bench.archive.write(HAND.replace("- By hand", "- Still by hand\n- And more"))
        change = await live.archive.change()
        assert "- And more" in change.base
        text = await live.archive.accept()
        assert change.text == text
        assert "- Still by hand\n- And more\n" in text
        assert "- By hand\n" not in text
        assert "- Keep SQLite" in text


async def test_what_the_user_makes_of_a_change_is_what_is_written() -> None:
    bench = Bench(HAND)
    async with opened(bench) as live:
        text = await live.end()
        assert "- Keep it" in await live.archive.accept(text.replace("Keep SQLite because it is there", "Keep it"))
        assert "SQLite" not in bench.archive.read()


async def test_a_change_that_is_rejected_is_gone_and_nothing_is_written() -> None:
    bench = Bench(HAND)
    async with opened(bench) as live:
        await live.end()
        await live.archive.reject()
        assert bench.archive.read() == HAND
        for act in (live.archive.reject, live.archive.accept):
            with pytest.raises(RefusedError, match="No archive change waits to be accepted"):
                await act()
    assert bench.heard.events[-1] == ArchiveRejected()


REFUSED = [
    ("markers in the file", "<<<<<<< ours\n", None, "has conflict markers"),
    ("markers in the edit", "", f"{HAND}>>>>>>> theirs\n", "has conflict markers"),
    ("an empty edit", "", " \n", "archive would be empty: reject the change instead"),
]


@pytest.mark.parametrize(("case", "torn", "edited", "why"), REFUSED, ids=[row[0] for row in REFUSED])
async def test_what_cannot_be_accepted_is_refused_and_goes_on_waiting(
    case: str, torn: str, edited: str | None, why: str
) -> None:
    bench = Bench(HAND)
    async with opened(bench) as live:
        await live.end()
        bench.archive.write(HAND + torn)
        before = live.session
        with pytest.raises((ConflictError, RefusedError), match=why) as refused:
            await live.archive.accept(edited)
        assert "\n" not in str(refused.value)
        assert live.session == before
        assert bench.archive.read() == HAND + torn
        assert live.archive.pending is not None


@pytest.mark.parametrize("distil", ["write", "ask"])
async def test_a_session_does_not_end_over_an_unsettled_merge(distil: Any) -> None:
    bench = Bench(f"{HAND}<<<<<<< ours\n")
    async with opened(bench, Settings(distil=distil)) as live:
        with pytest.raises(ConflictError, match="settle that merge, then try again"):
            await live.end()
        assert not live.session.ended
        bench.archive.write(HAND)
        await live.send("on")
        await live.idle()
        await live.end()
        assert live.session.ended


async def test_a_change_can_be_seen_and_proposed_before_the_session_ends() -> None:
    bench = Bench(HAND)
    async with opened(bench) as live:
        before = live.session
        change = await live.archive.change()
        assert "+- Keep SQLite" in change.difference
        assert live.session == before
        made = await live.archive.propose()
        assert made is not None
        assert (made.base, made.text, made.by) == (HAND, change.text, "local")
        assert await live.archive.propose() == made
        await live.archive.accept()
        assert await live.archive.propose() is None
        assert [turn.number for turn in live.session.recent] == [1]
    assert len(kinds(bench, ArchiveProposed)) == 1


async def test_what_a_person_changed_of_an_accepted_change_stays_when_the_session_goes_on() -> None:
    bench = Bench(HAND)
    async with opened(bench) as live:
        await live.archive.propose()
        text = await live.archive.accept()
        bench.archive.write(text.replace("Keep SQLite because it is there", "Keep SQLite, I say"))
        await live.send("on")
        await live.idle()
        await live.end()
        await live.archive.accept()
        assert "- Keep SQLite, I say <!-- " in bench.archive.read()
        assert "- Keep SQLite because it is there" not in bench.archive.read()


async def test_when_the_window_closes_what_the_session_knows_waits() -> None:
    bench = Bench(HAND)
    async with opened(bench, Settings(distil="write")) as live:
        await live.leave()
        assert not live.session.ended
        assert not kinds(bench, Compacted)
    (made,) = kinds(bench, ArchiveProposed)
    assert isinstance(made, ArchiveProposed)
    assert "- Keep SQLite because it is there" in made.text
    assert bench.archive.read() == HAND
    again = await LiveSession.resume(bench.ports, config(bench), Settings(distil="write"), "s")
    await again.leave()
    await again.leave()
    assert kinds(bench, ArchiveProposed) == [made, made]  # Told once more, by the log that was opened again.
    assert len([one for one in bench.store.read("s") if one.event == made]) == 1


@pytest.mark.parametrize("case", ["a recording", "nothing said", "ended"])
async def test_a_window_that_closes_over_nothing_leaves_nothing(case: str) -> None:
    bench = Bench(HAND)
    begun = evolve(BEGUN, origin="recording") if case == "a recording" else BEGUN
    live = await LiveSession.start(bench.ports, config(bench), Settings(distil="write"), begun)
    if case != "nothing said":
        await live.send("go")
        await live.idle()
    if case == "ended":
        await live.end()
    await live.leave()
    assert not kinds(bench, ArchiveProposed)


class Broken(MemoryArchive):
    """An archive that cannot be read."""

    broken = False

    def read(self) -> str:
        if self.broken:
            raise StoreError("The archive cannot be read.")
        return super().read()


async def test_nothing_holds_up_the_closing_of_a_window(caplog: pytest.LogCaptureFixture) -> None:
    bench, archive = Bench(), Broken(HAND)
    live = await LiveSession.start(evolve(bench.ports, archive=archive), config(bench), Settings(distil="write"), BEGUN)
    await live.send("go")
    await live.idle()
    archive.broken = True
    with caplog.at_level(logging.ERROR):
        await live.leave()
    assert "The archive cannot be read." in caplog.text
    with pytest.raises(RefusedError, match="open it again"):
        await live.send("more")


async def test_the_model_amends_the_archive_when_a_session_ends() -> None:
    bench, small = Bench(HAND), ScriptedModel([amended("`make` fails on Windows")])
    async with opened(bench, Settings(distil="write"), small) as live:
        text = await live.end()
        assert text == bench.archive.read()
        assert "- `make` fails on Windows <!-- " in text
        assert "- Keep SQLite because it is there" in text
        assert live.session.bill.lines["distill"].input == 500
    (sent,) = small.requests
    assert (sent.purpose, sent.must, sent.view.blocks[0].text) == ("distill", "amend", "Amend it.")
    assert [type(one) for one in bench.heard.events[-3:]] == [CallBilled, ArchiveWritten, SessionEnded]


@pytest.mark.parametrize(
    "reply",
    [ScriptedReply("No such model.", status=404), ScriptedReply("I would not."), evolve(amended("x"), cut_after=0)],
)
async def test_whatever_it_does_wrong_the_local_rules_distil(reply: ScriptedReply) -> None:
    alone, bench = Bench(HAND), Bench(HAND)
    async with (
        opened(bench, Settings(distil="write"), ScriptedModel([reply])) as live,
        opened(alone, Settings(distil="write")) as plain,
    ):
        assert await live.end() == await plain.end()


async def test_the_next_start_has_the_model_make_anew_what_the_closing_window_left() -> None:
    bench, small = Bench(HAND), ScriptedModel([amended("It leaks")])
    async with opened(bench, Settings(distil="write")) as live:
        await live.leave()
    again = await LiveSession.resume(bench.ports, config(bench, small), Settings(distil="write"), "s")
    await again.settled()
    pending = again.archive.pending
    assert pending is not None
    assert pending.by == "model"
    assert "- It leaks <!-- " in pending.text
    assert "- Keep SQLite because it is there" in pending.text
    assert isinstance(bench.heard.events[-2], CallBilled)
    await again.leave()
    once_more = await LiveSession.resume(bench.ports, config(bench, ScriptedModel([])), Settings(distil="write"), "s")
    await once_more.settled()
    assert once_more.archive.pending == pending
    await once_more.close()


@pytest.mark.parametrize("how", ["accepted", "closed"])
async def test_what_was_decided_while_the_model_was_asked_stands(how: str) -> None:
    bench, small = Bench(HAND), Held(amended("It leaks"))
    async with opened(bench, Settings(distil="write")) as live:
        await live.leave()
    again = await LiveSession.resume(bench.ports, config(bench, small), Settings(distil="write"), "s")
    await small.asked.wait()
    if how == "closed":
        await again.close()
        assert small.gone
        assert again.archive.pending is not None
        return
    text = await again.archive.accept()
    small.let.set()
    await again.settled()
    assert again.archive.pending is None
    assert bench.archive.read() == text
    assert again.session.bill.lines["distill"].input == 500
    await again.close()
