"""A compaction before it is done: shown without a change, done as shown, and held where the user wants to be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from attrs import evolve
from hypothesis import given, settings

from throughline.agent.loop import SummarizerConfig
from throughline.context.compaction import accepted, propose
from throughline.domain.events import (
    Compacted,
    CompactionDismissed,
    CompactionProposed,
    Masked,
    Notice,
    ToolCalled,
    ToolReturned,
)
from throughline.domain.ledger import Add
from throughline.domain.ports import CallPiece, Log, Outcome
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.session.actor import RefusedError
from throughline.session.compactor import MAX_FAILURES
from throughline.session.live_session import LiveSession
from throughline.session.report import preview_markdown
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED, Step, event_sequences, events, log, spoke
from unit.session_harness import SessionHarness
from unit.test_summarizer import GOOD, USAGE

FIRST = ScriptedReply("[DECISION]: Keep the kiosk's JSON because it reads by name\n\n" + "And more of it. " * 200)
LONG = ScriptedReply("The fix is to keep every field of it. " + "And more of it. " * 200)
ASKING = Settings(window=3, kept=1, preview="always")


@asynccontextmanager
async def opened(
    harness: SessionHarness,
    *replies: ScriptedReply,
    settings: Settings | None = None,
    small: ScriptedModel | None = None,
) -> AsyncIterator[LiveSession]:
    config = harness.config(ScriptedModel(replies), {"x": "word " * 2_000})
    if small:
        config = evolve(config, summariser=SummarizerConfig(small, "claude-haiku-5-5", "Keep it."))
    live = await LiveSession.start(harness.ports, config, settings or Settings(), STARTED)
    try:
        yield live
    finally:
        await live.close()
        assert fold(harness.store.read("s")) == live.session


async def play(live: LiveSession, *texts: str) -> None:
    for text in texts:
        await live.send(text)
        await live.settled()


async def test_a_preview_changes_nothing_and_is_done_exactly_as_shown() -> None:
    harness = SessionHarness()
    async with opened(harness, FIRST, *[LONG] * 3) as live:
        await play(live, "Always use tabs in here.", *"bcd")
        before, said = live.session, len(harness.heard.events)
        shown = await live.preview()
        assert live.session == before
        assert len(harness.heard.events) == said
        assert shown.turns == (1, 2)
        assert [one.id for one in shown.kept] == ["t1.1"]
        assert {one.id for one in shown.added} == {
            one.entry.id for one in shown.event.operations if isinstance(one, Add)
        }
        assert [one.author for one in shown.added if one.kind == "state"] == ["code"]
        assert (shown.revised, shown.folded, shown.missing) == ((), (), ())
        assert shown.before == live.view().tokens
        assert await live.apply(shown) == shown.event
        assert live.summary() == shown.summary
        assert live.view().tokens == shown.after < shown.before
        assert (shown.event.held, shown.event.live) == (1, 1)
        with pytest.raises(RefusedError, match="moved on since this preview was made"):
            await live.apply(shown)


async def test_a_preview_shows_what_is_masked_with_it() -> None:
    called = ScriptedReply("", (CallPiece("x", "read", {"path": "a.py"}),))
    harness = SessionHarness()
    settings = Settings(kept=2, batch=50_000, trimmed=0, fresh=0)
    async with opened(harness, FIRST, LONG, called, LONG, LONG, settings=settings) as live:
        await play(live, *"abcd")
        shown = await live.preview()
        assert (shown.turns, shown.masked) == ((1, 2), ("x",))
        assert f"→ {shown.event.after:,} tokens" in preview_markdown(shown)
        assert f"- Tool results masked: 1, which leaves {shown.after:,} tokens" in preview_markdown(shown)
        await live.apply(shown)
        assert live.view().tokens == shown.after < shown.event.after
    assert harness.heard.events[-2:] == [shown.event, Masked(("x",))]


async def test_a_preview_shows_what_will_be_in_force_no_more() -> None:
    closings = [ScriptedReply(f"Step {n} is done. The kiosk shows it. " + "And more of it. " * 200) for n in range(6)]
    async with opened(SessionHarness(), *closings) as live:
        await play(live, *"abc")
        await live.compact()
        state = next(one.id for one in live.session.ledger.live() if one.kind == "state")
        await play(live, *"def")
        shown = await live.preview()
        assert [one.id for one in shown.folded] == [state]
        assert sum(one.kind == "state" for one in shown.added) == 1


@pytest.mark.parametrize("how", ["undo", "an entry that is gone"])
async def test_a_preview_of_what_has_moved_is_refused(how: str) -> None:
    revising = ScriptedReply("", (CallPiece("r", "record", {"operations": [
        {"op": "revise", "id": "t1.1", "text": "Keep the kiosk's JSON as it is", "why": "", "turn": 2}
    ]}),), USAGE)  # fmt: skip
    harness, small = SessionHarness(), ScriptedModel([revising])
    async with opened(harness, FIRST, *[LONG] * 5, settings=ASKING, small=small) as live:
        await play(live, *"abc")
        shown = await live.preview()
        assert [one.id for one in shown.revised] == ["t1.1"]
        if how == "undo":
            await live.compact()
            await live.undo()
        else:
            await live.ledger_commands.delete("t1.1")
        with pytest.raises(RefusedError, match="moved on since this preview was made: make a new one"):
            await live.apply(shown)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(event_sequences())
def test_whatever_the_user_holds_fast_the_rules_propose_only_what_the_ledger_takes(steps: tuple[Step, ...]) -> None:
    now = fold(log(*events(steps)))
    if now.turns:
        assert accepted(now.ledger, propose(now, now.turns[-1].number).operations)


async def test_a_preview_over_an_entry_that_the_user_holds_fast_can_be_done() -> None:
    run, passed = (ScriptedReply("", (CallPiece(name, "run", {"command": "make"}),)) for name in ("x", "y"))
    harness = SessionHarness()
    tools = Results({"x": True, "y": False})
    config = harness.config(ScriptedModel([run, LONG, LONG, LONG, passed, LONG, LONG, LONG]), tools=tools)
    live = await LiveSession.start(harness.ports, config, Settings(), STARTED)
    await play(live, *"abc")
    await live.compact()
    (issue,) = (one for one in live.session.ledger.live() if one.kind == "issue")
    await live.ledger_commands.pin(issue.id, pinned=True)
    await play(live, *"def")
    await live.apply(await live.preview())
    assert live.session.ledger.entries[issue.id].state == "active"
    await live.close()


class Results:
    """Tools whose results, by call id, are failures or not."""

    def __init__(self, failing: dict[str, bool]) -> None:
        self._failing = failing

    def offered(self) -> tuple[()]:
        return ()

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        made = [ToolReturned(turn, one.id, "Error: 2 failed", 4, error=self._failing[one.id]) for one in calls]
        return Outcome(tuple(made), not made)


async def test_a_preview_reads_as_a_page() -> None:
    async with opened(SessionHarness(), FIRST, *[LONG] * 3) as live:
        await play(live, "Always use tabs in here.", *"bcd")
        shown = await live.preview()
        page = preview_markdown(shown)
    head, _, rest = page.partition("\n\n### Added\n")
    assert head.splitlines() == [
        "## Compaction of turns 1 to 2", "", f"- By local rules: {shown.before:,} → {shown.after:,} tokens",
        f"- Entries: kept 1, added {len(shown.added)}, revised 0, no longer in force 0; 1/1 remembered",
        "- Tool results masked: 0",
    ]  # fmt: skip
    assert rest.startswith("- state: ")
    assert page.endswith(shown.summary)


async def test_there_is_nothing_to_preview_before_a_turn_has_ended() -> None:
    async with opened(SessionHarness()) as live:
        with pytest.raises(RefusedError, match="no finished turn"):
            await live.preview()


async def test_a_preview_that_gains_nothing_is_not_done() -> None:
    async with opened(SessionHarness(), ScriptedReply("We'll use SQLite for the store of it.")) as live:
        await play(live, "go")
        shown = await live.preview()
        assert not shown.gains
        with pytest.raises(RefusedError, match="not be smaller"):
            await live.apply(shown)


async def test_where_the_user_wants_to_be_asked_a_compaction_waits_for_a_word() -> None:
    harness = SessionHarness()
    async with opened(harness, FIRST, *[LONG] * 4, settings=ASKING) as live:
        await play(live, *"abcd")
        held = live.session.pending_compaction
        assert held is not None
        assert held.through == 2
        assert not live.session.compactions
        shown = await live.preview()
        assert shown.event.operations == held.operations
        made = await live.confirm()
        assert (made.through, made.operations) == (2, held.operations)
        assert live.session.pending_compaction is None
        assert [turn.number for turn in live.session.recent] == [3, 4]
        for act in (live.confirm, live.dismiss):
            with pytest.raises(RefusedError, match="No compaction waits for your word"):
                await act()
    assert sum(isinstance(one, CompactionProposed) for one in harness.heard.events) == 1


async def test_a_compaction_that_the_model_prepared_waits_too() -> None:
    harness = SessionHarness()
    async with opened(harness, FIRST, *[LONG] * 2, settings=ASKING, small=ScriptedModel([GOOD])) as live:
        await play(live, *"abc")
        assert live.session.pending_compaction is not None
        assert live.session.pending_compaction.summariser == "model"
        await live.confirm()
        assert "m1.1" in live.session.ledger.entries


async def test_what_waits_is_still_there_after_a_restart() -> None:
    harness = SessionHarness()
    async with opened(harness, FIRST, *[LONG] * 2, settings=ASKING) as live:
        await play(live, *"abc")
        held = live.session.pending_compaction
    again = await LiveSession.resume(harness.ports, harness.config(ScriptedModel([])), ASKING, "s")
    assert again.session.pending_compaction == held is not None
    assert (await again.confirm()).through == 2
    await again.close()


async def test_what_the_user_turns_down_is_not_offered_again_by_the_next_message() -> None:
    harness = SessionHarness()
    async with opened(harness, FIRST, *[LONG] * 6, settings=ASKING) as live:
        await play(live, *"abc")
        await live.dismiss()
        await play(live, *"de")
        assert live.session.pending_compaction is None
        await play(live, "f")
        assert live.session.pending_compaction is not None
    assert harness.heard.events.count(CompactionDismissed("c1")) == 1


async def test_where_the_ledger_does_not_take_it_any_more_a_new_one_waits() -> None:
    revising = ScriptedReply("", (CallPiece("r", "record", {"operations": [
        {"op": "revise", "id": "t1.1", "text": "Keep the kiosk's JSON as it is", "why": "", "turn": 2}
    ]}),), USAGE)  # fmt: skip
    async with opened(SessionHarness(), FIRST, *[LONG] * 2, settings=ASKING, small=ScriptedModel([revising])) as live:
        await play(live, *"abc")
        await live.ledger_commands.delete("t1.1")
        with pytest.raises(RefusedError, match="changed since this compaction was prepared: look at it again"):
            await live.confirm()
        assert live.session.pending_compaction is not None
        assert live.session.pending_compaction.summariser == "local"
        await live.confirm()


@pytest.mark.parametrize(("through", "waits"), [(2, True), (0, False)])
async def test_one_whose_turns_are_not_what_they_were_is_not_done(through: int, waits: bool) -> None:
    harness = SessionHarness()
    async with opened(harness, FIRST, *[LONG] * 2, settings=ASKING) as live:
        await play(live, *"abc")
        held = live.session.pending_compaction
        assert held is not None
        await live.record(CompactionProposed(evolve(held, through=through), 1))
        with pytest.raises(RefusedError, match="look at it again"):
            await live.confirm()
        assert (live.session.pending_compaction is not None) == waits
        assert not live.session.compactions


async def test_above_the_limit_nobody_is_asked() -> None:
    harness = SessionHarness()
    async with opened(harness, *[LONG] * 4, settings=evolve(ASKING, share=0.01)) as live:
        await play(live, *"abcd")
        assert live.session.compactions
    assert not any(isinstance(one, CompactionProposed) for one in harness.heard.events)


@pytest.mark.parametrize(("sessions", "asked"), [(4, True), (5, False)])
async def test_the_first_five_sessions_of_a_project_ask(sessions: int, asked: bool) -> None:
    harness = SessionHarness()
    for number in range(sessions):
        harness.store.append(f"o{number}", log(evolve(STARTED, session=f"o{number}"), spoke(1, "go")))
    async with opened(harness, *[LONG] * 3, settings=evolve(ASKING, preview="first")) as live:
        await play(live, *"abc")
        assert (live.session.pending_compaction is not None) == asked
        assert bool(live.session.compactions) != asked


async def test_the_self_check_names_what_the_view_does_not_hold() -> None:
    harness = SessionHarness()
    many = ScriptedReply(
        "".join(f"[DECISION]: Decision number {n} says what {n} does\n" for n in range(60)) + "word " * 3_000
    )
    async with opened(harness, many, LONG, LONG, settings=Settings(summary=300)) as live:
        await play(live, *"abc")
        shown = await live.preview()
        made = await live.compact()
        assert made.live == 60
        assert len(made.missing) == 60 - made.held > 0
        assert made.missing == tuple(one.id for one in shown.missing)
        for name in made.missing:
            assert live.session.ledger.entries[name].text not in live.summary()
        told = preview_markdown(shown)
        assert "### Not in the context after it: the summary has no room for them" in told
        assert all(f"- {one.id}, decision: {one.text}" in told for one in shown.missing)
        assert "Pin what is to stay" in told
        # What is pinned then is in the next summary.
        kept = made.missing[0]
        await live.ledger_commands.pin(kept, pinned=True)
        assert live.session.ledger.entries[kept].text in live.summary()


async def test_after_three_that_gain_nothing_it_says_so_once() -> None:
    harness = SessionHarness()
    async with opened(harness, *[ScriptedReply("ok")] * 6, settings=Settings(window=1, kept=0)) as live:
        await play(live, *"abcdef")
    notes = [place for place, one in enumerate(harness.heard.events) if isinstance(one, Notice)]
    assert len(notes) == 1
    assert "only old tool output is masked from now on" in str(harness.heard.events[notes[0]])
    assert not any(isinstance(one, Compacted) for one in harness.heard.events)
    assert MAX_FAILURES == 3


async def test_one_that_would_wait_but_gains_nothing_is_a_failure_too() -> None:
    harness = SessionHarness()
    async with opened(
        harness, *[ScriptedReply("ok")] * 6, settings=Settings(window=1, kept=0, preview="always")
    ) as live:
        await play(live, *"abcdef")
        assert live.session.pending_compaction is None
    assert sum(isinstance(one, Notice) for one in harness.heard.events) == 1
