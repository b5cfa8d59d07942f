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
    Notice,
    SessionEnded,
    SessionStarted,
)
from throughline.domain.ports import CallPiece, StoreError
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.domain.usage import Usage
from throughline.memory.archive.merge import ConflictError
from throughline.session.actor import RefusedError
from throughline.session.live_session import LiveSession
from throughline.storage.in_memory import MemoryArchive
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness
from unit.test_summarizer import Held

TAGGED = ScriptedReply("[DECISION]: Keep SQLite because it is there")
ASK = Settings(distil="ask")
HAND = "## Project Archive: toolshed\n### Constraints\n- By hand\n"


def amended(text: str) -> ScriptedReply:
    operation = {"op": "add", "section": "Known Issues", "text": text}
    return ScriptedReply("", (CallPiece("a", "amend", {"operations": [operation, {"op": "forget"}]}),), Usage(500, 40))


@asynccontextmanager
async def opened(
    harness: SessionHarness,
    settings: Settings = ASK,
    small: ScriptedModel | None = None,
    begun: SessionStarted = STARTED,
) -> AsyncIterator[LiveSession]:
    live = await LiveSession.start(harness.ports, config(harness, small), settings, begun)
    await live.send("go")
    await live.settled()
    try:
        yield live
    finally:
        await live.close()
        assert fold(harness.store.read("s")) == live.session


def config(harness: SessionHarness, small: ScriptedModel | None = None) -> Any:
    made = harness.config(
        ScriptedModel([TAGGED, ScriptedReply("The shelves are counted, and every test of the shed passes now.")])
    )
    return (
        evolve(made, summariser=SummarizerConfig(small, "claude-haiku-5-5", "Keep it.", "Amend it.")) if small else made
    )


def kinds(harness: SessionHarness, *shapes: type[Event]) -> list[Event]:
    return [one for one in harness.heard.events if isinstance(one, shapes)]


async def test_where_the_user_is_asked_ending_writes_nothing_and_the_change_waits() -> None:
    harness = SessionHarness(HAND)
    async with opened(harness) as live:
        text = await live.end()
        assert harness.archive.read() == HAND
        assert "- Keep SQLite because it is there" in text
        assert harness.store.pending() == ("s",)
    assert live.session.ended
    again = await LiveSession.resume(harness.ports, config(harness), ASK, "s")
    change = await again.archive.change()
    assert (change.base, change.text) == (HAND, text)
    assert "\n+- Keep SQLite because it is there <!--" in change.difference
    assert await again.archive.accept() == harness.archive.read() == text
    assert harness.store.pending() == ()
    await again.close()
    assert harness.heard.events[-1] == ArchiveWritten(text, again.count(text))


@pytest.mark.parametrize(("budget", "asked"), [(300, True), (2_000, False)])
async def test_where_rules_outgrow_the_archive_the_user_is_asked_to_merge_some(budget: int, *, asked: bool) -> None:
    harness = SessionHarness()
    async with opened(harness, Settings(distil="write", archive=budget)) as live:
        for n in range(20):
            await live.ledger_commands.add("rule", f"Never lend saw {n} to a child, unless a parent has signed for it.")
        text = await live.end()
        assert live.count(text) <= budget
    said = [one.text for one in kinds(harness, Notice) if isinstance(one, Notice) and "shared rules" in one.text]
    assert len(said) == asked
    assert all("and the archive may take 300" in one and "merge or retire some in Memory" in one for one in said)
    assert ("… and" in text) == asked


async def test_a_change_is_merged_into_what_the_archive_has_become() -> None:
    harness = SessionHarness(HAND)
    async with opened(harness) as live:
        await live.end()
        harness.archive.write(HAND.replace("- By hand", "- Still by hand\n- And more"))
        change = await live.archive.change()
        assert "- And more" in change.base
        text = await live.archive.accept()
        assert change.text == text
        assert "- Still by hand\n- And more\n" in text
        assert "- By hand\n" not in text
        assert "- Keep SQLite" in text


async def test_what_the_user_makes_of_a_change_is_what_is_written() -> None:
    harness = SessionHarness(HAND)
    async with opened(harness) as live:
        text = await live.end()
        assert "- Keep it" in await live.archive.accept(text.replace("Keep SQLite because it is there", "Keep it"))
        assert "SQLite" not in harness.archive.read()


async def test_a_change_that_is_rejected_is_gone_and_nothing_is_written() -> None:
    harness = SessionHarness(HAND)
    async with opened(harness) as live:
        await live.end()
        await live.archive.reject()
        assert harness.archive.read() == HAND
        for act in (live.archive.reject, live.archive.accept):
            with pytest.raises(RefusedError, match="No archive change waits to be accepted"):
                await act()
    assert harness.heard.events[-1] == ArchiveRejected()


REFUSED = [
    ("markers in the file", "<<<<<<< ours\n", None, "has conflict markers"),
    ("markers in the edit", "", f"{HAND}>>>>>>> theirs\n", "has conflict markers"),
    ("an empty edit", "", " \n", "archive would be empty: reject the change instead"),
]


@pytest.mark.parametrize(("case", "torn", "edited", "why"), REFUSED, ids=[row[0] for row in REFUSED])
async def test_what_cannot_be_accepted_is_refused_and_goes_on_waiting(
    case: str, torn: str, edited: str | None, why: str
) -> None:
    harness = SessionHarness(HAND)
    async with opened(harness) as live:
        await live.end()
        harness.archive.write(HAND + torn)
        before = live.session
        with pytest.raises((ConflictError, RefusedError), match=why) as refused:
            await live.archive.accept(edited)
        assert "\n" not in str(refused.value)
        assert live.session == before
        assert harness.archive.read() == HAND + torn
        assert live.archive.pending is not None


@pytest.mark.parametrize("distil", ["write", "ask"])
async def test_a_session_does_not_end_over_an_unsettled_merge(distil: Any) -> None:
    harness = SessionHarness(f"{HAND}<<<<<<< ours\n")
    async with opened(harness, Settings(distil=distil)) as live:
        with pytest.raises(ConflictError, match="settle that merge, then try again"):
            await live.end()
        assert not live.session.ended
        harness.archive.write(HAND)
        await live.send("on")
        await live.idle()
        await live.end()
        assert live.session.ended


async def test_a_change_can_be_seen_and_proposed_before_the_session_ends() -> None:
    harness = SessionHarness(HAND)
    async with opened(harness) as live:
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
    assert len(kinds(harness, ArchiveProposed)) == 1


async def test_what_a_person_changed_of_an_accepted_change_stays_when_the_session_goes_on() -> None:
    harness = SessionHarness(HAND)
    async with opened(harness) as live:
        await live.archive.propose()
        text = await live.archive.accept()
        harness.archive.write(text.replace("Keep SQLite because it is there", "Keep SQLite, I say"))
        await live.send("on")
        await live.idle()
        await live.end()
        await live.archive.accept()
        assert "- Keep SQLite, I say <!--" in harness.archive.read()
        assert "- Keep SQLite because it is there" not in harness.archive.read()


async def test_when_the_window_closes_what_the_session_knows_waits() -> None:
    harness = SessionHarness(HAND)
    async with opened(harness, Settings(distil="write")) as live:
        await live.leave()
        assert not live.session.ended
        assert not kinds(harness, Compacted)
    (made,) = kinds(harness, ArchiveProposed)
    assert isinstance(made, ArchiveProposed)
    assert "- Keep SQLite because it is there" in made.text
    assert harness.archive.read() == HAND
    again = await LiveSession.resume(harness.ports, config(harness), Settings(distil="write"), "s")
    await again.leave()
    await again.leave()
    assert kinds(harness, ArchiveProposed) == [made, made]  # Told once more, by the log that was opened again.
    assert len([one for one in harness.store.read("s") if one.event == made]) == 1


@pytest.mark.parametrize("case", ["a recording", "nothing said", "ended"])
async def test_a_window_that_closes_over_nothing_leaves_nothing(case: str) -> None:
    harness = SessionHarness(HAND)
    begun = evolve(STARTED, origin="recording") if case == "a recording" else STARTED
    live = await LiveSession.start(harness.ports, config(harness), Settings(distil="write"), begun)
    if case != "nothing said":
        await live.send("go")
        await live.idle()
    if case == "ended":
        await live.end()
    await live.leave()
    assert not kinds(harness, ArchiveProposed)


class Broken(MemoryArchive):
    """An archive that cannot be read."""

    broken = False

    def read(self) -> str:
        if self.broken:
            raise StoreError("The archive cannot be read.")
        return super().read()


async def test_nothing_holds_up_the_closing_of_a_window(caplog: pytest.LogCaptureFixture) -> None:
    harness, archive = SessionHarness(), Broken(HAND)
    live = await LiveSession.start(
        evolve(harness.ports, archive=archive), config(harness), Settings(distil="write"), STARTED
    )
    await live.send("go")
    await live.idle()
    archive.broken = True
    with caplog.at_level(logging.ERROR):
        await live.leave()
    assert "The archive cannot be read." in caplog.text
    with pytest.raises(RefusedError, match="open it again"):
        await live.send("more")


async def test_the_model_amends_the_archive_when_a_session_ends() -> None:
    harness, small = SessionHarness(HAND), ScriptedModel([amended("`make` fails on Windows")])
    async with opened(harness, Settings(distil="write"), small) as live:
        text = await live.end()
        assert text == harness.archive.read()
        assert "- `make` fails on Windows <!--" in text
        assert "- Keep SQLite because it is there" in text
        assert live.session.bill.lines["distill"].input == 500
    (sent,) = small.requests
    assert (sent.purpose, sent.must, sent.view.blocks[0].text) == ("distill", "amend", "Amend it.")
    assert [type(one) for one in harness.heard.events[-3:]] == [CallBilled, ArchiveWritten, SessionEnded]


@pytest.mark.parametrize(
    "reply",
    [ScriptedReply("No such model.", status=404), ScriptedReply("I would not."), evolve(amended("x"), cut_after=0)],
)
async def test_whatever_it_does_wrong_the_local_rules_distil(reply: ScriptedReply) -> None:
    alone, harness = SessionHarness(HAND), SessionHarness(HAND)
    async with (
        opened(harness, Settings(distil="write"), ScriptedModel([reply])) as live,
        opened(alone, Settings(distil="write")) as plain,
    ):
        assert await live.end() == await plain.end()


async def test_the_next_start_has_the_model_make_anew_what_the_closing_window_left() -> None:
    harness, small = SessionHarness(HAND), ScriptedModel([amended("It leaks")])
    async with opened(harness, Settings(distil="write")) as live:
        await live.leave()
    again = await LiveSession.resume(harness.ports, config(harness, small), Settings(distil="write"), "s")
    await again.settled()
    pending = again.archive.pending
    assert pending is not None
    assert pending.by == "model"
    assert "- It leaks <!--" in pending.text
    assert "- Keep SQLite because it is there" in pending.text
    assert isinstance(harness.heard.events[-2], CallBilled)
    await again.leave()
    once_more = await LiveSession.resume(
        harness.ports, config(harness, ScriptedModel([])), Settings(distil="write"), "s"
    )
    await once_more.settled()
    assert once_more.archive.pending == pending
    await once_more.close()


@pytest.mark.parametrize("how", ["accepted", "closed"])
async def test_what_was_decided_while_the_model_was_asked_stands(how: str) -> None:
    harness, small = SessionHarness(HAND), Held(amended("It leaks"))
    async with opened(harness, Settings(distil="write")) as live:
        await live.leave()
    again = await LiveSession.resume(harness.ports, config(harness, small), Settings(distil="write"), "s")
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
    assert harness.archive.read() == text
    assert again.session.bill.lines["distill"].input == 500
    await again.close()
