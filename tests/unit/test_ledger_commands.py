"""The user's hand on the ledger of a live session: what it does is final, and each refusal says why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from throughline.domain.events import LedgerChanged, LedgerUndone
from throughline.domain.ledger import Add, Delete, Entry, Revise
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.memory.summary_parser import EditError
from throughline.session.actor import RefusedError
from throughline.session.ledger_commands import LedgerCommands
from throughline.session.live_session import LiveSession
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness

TAGGED = ScriptedReply(
    "[DECISION]: Keep SQLite because it is there\n[DO NOT REVISIT]: Threads — they lock\n" + "And more. " * 300
)
LONG = ScriptedReply("And more of it. " * 200)


@asynccontextmanager
async def opened(harness: SessionHarness, *replies: ScriptedReply) -> AsyncIterator[LiveSession]:
    owner = await LiveSession.start(
        harness.ports, harness.config(ScriptedModel(replies or [TAGGED])), Settings(), STARTED
    )
    for number in range(len(replies or [TAGGED])):
        await owner.send(f"go {number}")
        await owner.idle()
    try:
        yield owner
    finally:
        await owner.close()
        assert fold(harness.store.read("s")) == owner.session


def entries(owner: LiveSession) -> dict[str, Entry]:
    return owner.session.ledger.entries


async def test_an_edit_is_the_users_and_keeps_what_it_does_not_name() -> None:
    harness = SessionHarness()
    async with opened(harness) as owner:
        await owner.ledger_commands.edit("t1.1", " Keep\nSQLite 3 ")
        made = entries(owner)["t1.1"]
        assert (made.text, made.why, made.author, made.final) == ("Keep SQLite 3", "it is there", "user", True)
        await owner.ledger_commands.edit("t1.1", "Keep SQLite 3", why="", owner="QA")
        assert (entries(owner)["t1.1"].why, entries(owner)["t1.1"].owner) == ("", "QA")
        assert "- Keep SQLite 3 (revised) [QA]\n" in owner.summary()
    assert harness.heard.events[-1] == LedgerChanged(
        (Revise("t1.1", "Keep SQLite 3", 1, "user", "", "QA", whole=True),), "user"
    )


async def test_an_entry_is_resolved_reopened_recast_added_and_deleted() -> None:
    async with opened(SessionHarness()) as owner:
        name = await owner.ledger_commands.add("question", "Lapse when?", owner="user")
        assert name == "u1.1"
        await owner.ledger_commands.resolve(name, "After a week.")
        assert (entries(owner)[name].state, entries(owner)[name].resolution) == ("resolved", "After a week.")
        await owner.ledger_commands.reopen(name)
        await owner.ledger_commands.change_kind(name, "issue")
        assert (entries(owner)[name].state, entries(owner)[name].kind) == ("active", "issue")
        assert await owner.ledger_commands.add("decision", "Go", "we must") == "u1.2"
        assert "- Go because we must\n" in owner.summary()
        await owner.ledger_commands.delete(name)
        assert name not in entries(owner)


async def test_a_state_or_an_objective_of_the_users_takes_the_last_ones_place() -> None:
    async with opened(SessionHarness()) as owner:
        await owner.ledger_commands.add("state", "Half of it works.")
        await owner.ledger_commands.add("state", "All of it works.")
        await owner.ledger_commands.add("objective", "paint the shed")
        assert "**Objective:** paint the shed\n" in owner.summary()
        assert "**Current State:** All of it works.\n" in owner.summary()


REFUSED: list[tuple[str, Callable[[LedgerCommands], Awaitable[Any]], str]] = [
    ("an unknown entry", lambda hand: hand.edit("t9", "x"), "There is no entry t9."),
    ("no words", lambda hand: hand.edit("t1.1", " \n"), "An entry needs words: delete it to be rid of it."),
    ("nothing to resolve", lambda hand: hand.resolve("t9", "x"), "There is no entry t9."),
    ("no resolution", lambda hand: hand.resolve("t1.1", ""), "Say what came of it: a resolution needs words."),
    ("resolved already", lambda hand: hand.resolve("t1.2", "x"), "Entry t1.2 is resolved: reopen it first."),
    ("an edit of it", lambda hand: hand.edit("t1.2", "x"), "Entry t1.2 is resolved: reopen it first."),
    ("nothing to reopen", lambda hand: hand.reopen("t1.1"), "Entry t1.1 is not resolved."),
    ("the same kind", lambda hand: hand.change_kind("t1.1", "decision"), "Entry t1.1 is a decision already."),
    (
        "an objective",
        lambda hand: hand.change_kind("t1.1", "objective"),
        "A session has one objective: edit that instead.",
    ),
    ("an empty entry", lambda hand: hand.add("fact", " "), "An entry needs words."),
    ("said already", lambda hand: hand.add("decision", "Keep SQLite", "it is there"), "The ledger says so already."),
    ("nothing to delete", lambda hand: hand.delete("t9"), "There is no entry t9."),
    ("nothing to pin", lambda hand: hand.pin("t9", pinned=True), "There is no entry t9."),
]


@pytest.mark.parametrize(("case", "act", "why"), REFUSED, ids=[row[0] for row in REFUSED])
async def test_what_cannot_be_done_is_refused_and_changes_nothing(
    case: str, act: Callable[[LedgerCommands], Awaitable[Any]], why: str
) -> None:
    harness = SessionHarness()
    async with opened(harness) as owner:
        await owner.ledger_commands.resolve("t1.2", "They do not.")
        before, said = owner.session, len(harness.heard.events)
        with pytest.raises(RefusedError) as refused:
            await act(owner.ledger_commands)
        assert str(refused.value) == why
        assert owner.session == before
        assert len(harness.heard.events) == said


async def test_what_a_later_entry_has_superseded_is_not_edited() -> None:
    async with opened(
        SessionHarness(), ScriptedReply("[DECISION]: Use `files`"), ScriptedReply("[DECISION]: Use `files` no more")
    ) as owner:
        with pytest.raises(
            RefusedError, match=r"^Entry t1\.1 is no longer in force: a later one has taken its place\.$"
        ):
            await owner.ledger_commands.edit("t1.1", "Use `b`")


async def test_the_ledger_of_a_session_that_has_ended_stays_as_it_is() -> None:
    async with opened(SessionHarness()) as owner:
        await owner.end()
        with pytest.raises(RefusedError, match="has ended: its ledger stays as it is"):
            await owner.ledger_commands.delete("t1.1")


async def test_the_users_changes_are_taken_back_one_by_one() -> None:
    harness = SessionHarness()
    async with opened(harness) as owner:
        before = owner.session.ledger
        await owner.ledger_commands.edit("t1.1", "Use files")
        first = owner.session.ledger
        await owner.ledger_commands.delete("t1.1")
        assert await owner.ledger_commands.undo() == (Delete("t1.1"),)
        assert owner.session.ledger == first
        await owner.ledger_commands.undo()
        assert owner.session.ledger == before
        with pytest.raises(RefusedError, match="no change of yours to take back"):
            await owner.ledger_commands.undo()
    assert isinstance(harness.heard.events[-1], LedgerUndone)


async def test_the_next_call_has_what_the_user_changed_and_an_undo_takes_it_back() -> None:
    async with opened(SessionHarness(), TAGGED, *[LONG] * 3) as owner:
        await owner.compact()
        before = owner.view()
        await owner.ledger_commands.edit("t1.1", "Use files")
        assert "- Use files because it is there (revised)\n" in owner.view().blocks[1].text
        await owner.ledger_commands.undo()
        assert owner.view() == before


async def test_before_any_compaction_too_the_next_call_has_what_the_user_changed() -> None:
    async with opened(SessionHarness()) as owner:
        before = owner.view()
        await owner.ledger_commands.pin("t1.1", pinned=True)
        assert owner.view() == before
        await owner.ledger_commands.add("constraint", "Never push on Fridays")
        assert [block.place for block in owner.view().blocks[:4]] == ["system", "summary", "summary", "turn"]
        assert "- Never push on Fridays\n" in owner.view().blocks[1].text
        assert owner.view().blocks[3:] == before.blocks[1:]
        await owner.ledger_commands.undo()
        assert owner.view() == before


async def test_an_edited_summary_does_what_it_means() -> None:
    harness = SessionHarness()
    async with opened(harness) as owner:
        base = owner.summary()
        said = len(harness.heard.events)
        assert await owner.ledger_commands.rewrite(base, base) == ()
        assert len(harness.heard.events) == said
        edited = base.replace("it is there", "we know it").replace(
            "**Known Issues:**\n- none", "**Known Issues:**\n- It leaks"
        )
        made = await owner.ledger_commands.rewrite(base, edited)
        assert [type(one) for one in made] == [Revise, Add]
        assert "- Keep SQLite because we know it (revised)\n" in owner.summary()
        assert "- It leaks\n" in owner.summary()
        with pytest.raises(EditError, match="is gone: put it back"):
            await owner.ledger_commands.rewrite(base, "## Nothing\n")
        await owner.ledger_commands.undo()
        assert owner.summary() == base


async def test_a_second_save_does_not_touch_what_the_editor_never_showed() -> None:
    async with opened(SessionHarness()) as owner:
        base = owner.summary()
        first = base.replace("**Known Issues:**\n- none", "**Known Issues:**\n- It leaks")
        await owner.ledger_commands.rewrite(base, first)
        # Something else has come into the summary, which the editor does not show yet.
        await owner.ledger_commands.add("constraint", "Never push on Fridays")
        made = await owner.ledger_commands.rewrite(first, first.replace("It leaks", "It leaks at night"))
        assert [type(one) for one in made] == [Revise]
        assert "- Never push on Fridays\n" in owner.summary()
        assert "- It leaks at night (revised)\n" in owner.summary()
        # The line as the user saved it is the entry's, though it is shown as revised by now.
        second = first.replace("It leaks", "It leaks at night")
        assert [
            type(one) for one in await owner.ledger_commands.rewrite(second, second.replace("at night", "at noon"))
        ] == [Revise]
        assert "- It leaks at noon (revised)\n" in owner.summary()


async def test_every_line_of_the_summary_names_its_turns() -> None:
    async with opened(SessionHarness(), LONG, TAGGED) as owner:
        turns = {row.text: row.turns for row in owner.summary_lines() if row.entries}
        assert turns == {"- Keep SQLite because it is there": (2,), "- Threads — they lock": (2,)}
