"""A compaction before it is done: shown without a change, done as shown, and held where the user wants to be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from attrs import evolve
from hypothesis import given, settings

from throughline.agent.loop import Summariser
from throughline.compression.compaction import accepted, propose
from throughline.core.events import (
    Compacted,
    CompactionDismissed,
    CompactionHeld,
    Masked,
    Noted,
    ToolCalled,
    ToolReturned,
)
from throughline.core.fold import fold
from throughline.core.ledger import Add
from throughline.core.ports import CallPiece, Log, Outcome
from throughline.core.settings import Settings
from throughline.models.script import Reply
from throughline.models.scripted import ScriptedModel
from throughline.session.compactor import STRIKES
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.session.preview import previewed
from unit.logs import BEGUN, Step, events, log, spoke, stories
from unit.test_summariser import GOOD, USAGE
from unit.worlds import Bench

FIRST = Reply("[DECISION]: Keep the kiosk's JSON because it reads by name\n\n" + "And more of it. " * 200)
LONG = Reply("The fix is to keep every field of it. " + "And more of it. " * 200)
ASKING = Settings(window=3, kept=1, preview="always")


@asynccontextmanager
async def opened(
    bench: Bench, *replies: Reply, settings: Settings | None = None, small: ScriptedModel | None = None
) -> AsyncIterator[Owner]:
    crew = bench.crew(ScriptedModel(replies), {"x": "word " * 2_000})
    if small:
        crew = evolve(crew, summariser=Summariser(small, "claude-haiku-5-5", "Keep it."))
    owner = await Owner.start(bench.world, crew, settings or Settings(), BEGUN)
    try:
        yield owner
    finally:
        await owner.close()
        assert fold(bench.store.read("s")) == owner.session


async def play(owner: Owner, *texts: str) -> None:
    for text in texts:
        await owner.send(text)
        await owner.settled()


async def test_a_preview_changes_nothing_and_is_done_exactly_as_shown() -> None:
    bench = Bench()
    async with opened(bench, FIRST, *[LONG] * 3) as owner:
        await play(owner, "Always use tabs in here.", *"bcd")
        before, said = owner.session, len(bench.heard.events)
        shown = await owner.preview()
        assert owner.session == before
        assert len(bench.heard.events) == said
        assert shown.turns == (1, 2)
        assert [one.id for one in shown.kept] == ["t1.1"]
        assert {one.id for one in shown.added} == {
            one.entry.id for one in shown.event.operations if isinstance(one, Add)
        }
        assert any("tabs" in one.text for one in shown.added)
        assert (shown.revised, shown.folded, shown.missing) == ((), (), ())
        assert shown.before == owner.view().tokens
        assert await owner.apply(shown) == shown.event
        assert owner.summary() == shown.summary
        assert owner.view().tokens == shown.after < shown.before
        assert (shown.event.held, shown.event.live) == (1, 1)
        with pytest.raises(RefusedError, match="moved on since this preview was made"):
            await owner.apply(shown)


async def test_a_preview_shows_what_is_masked_with_it() -> None:
    called = Reply("", (CallPiece("x", "read", {"path": "a.py"}),))
    bench = Bench()
    settings = Settings(kept=2, batch=50_000, trimmed=0, fresh=0)
    async with opened(bench, FIRST, LONG, called, LONG, LONG, settings=settings) as owner:
        await play(owner, *"abcd")
        shown = await owner.preview()
        assert (shown.turns, shown.masked) == ((1, 2), ("x",))
        assert f"→ {shown.event.after:,} tokens" in previewed(shown)
        assert f"- Tool results masked: 1, which leaves {shown.after:,} tokens" in previewed(shown)
        await owner.apply(shown)
        assert owner.view().tokens == shown.after < shown.event.after
    assert bench.heard.events[-2:] == [shown.event, Masked(("x",))]


async def test_a_preview_shows_what_will_be_in_force_no_more() -> None:
    closings = [Reply(f"Step {n} is done. The kiosk shows it. " + "And more of it. " * 200) for n in range(6)]
    async with opened(Bench(), *closings) as owner:
        await play(owner, *"abc")
        await owner.compact()
        state = next(one.id for one in owner.session.ledger.live() if one.kind == "state")
        await play(owner, *"def")
        shown = await owner.preview()
        assert [one.id for one in shown.folded] == [state]
        assert sum(one.kind == "state" for one in shown.added) == 1


@pytest.mark.parametrize("how", ["undo", "an entry that is gone"])
async def test_a_preview_of_what_has_moved_is_refused(how: str) -> None:
    revising = Reply("", (CallPiece("r", "record", {"operations": [
        {"op": "revise", "id": "t1.1", "text": "Keep the kiosk's JSON as it is", "why": "", "turn": 2}
    ]}),), USAGE)  # fmt: skip
    bench, small = Bench(), ScriptedModel([revising])
    async with opened(bench, FIRST, *[LONG] * 5, settings=ASKING, small=small) as owner:
        await play(owner, *"abc")
        shown = await owner.preview()
        assert [one.id for one in shown.revised] == ["t1.1"]
        if how == "undo":
            await owner.compact()
            await owner.undo()
        else:
            await owner.hand.delete("t1.1")
        with pytest.raises(RefusedError, match="moved on since this preview was made: make a new one"):
            await owner.apply(shown)


@settings(max_examples=40, deadline=None)
@given(stories())
def test_whatever_the_user_holds_fast_the_rules_propose_only_what_the_ledger_takes(steps: tuple[Step, ...]) -> None:
    now = fold(log(*events(steps)))
    if now.turns:
        assert accepted(now.ledger, propose(now, now.turns[-1].number).operations)


async def test_a_preview_over_an_entry_that_the_user_holds_fast_can_be_done() -> None:
    run, passed = (Reply("", (CallPiece(name, "run", {"command": "make"}),)) for name in ("x", "y"))
    bench = Bench()
    tools = Results({"x": True, "y": False})
    crew = bench.crew(ScriptedModel([run, LONG, LONG, LONG, passed, LONG, LONG, LONG]), tools=tools)
    owner = await Owner.start(bench.world, crew, Settings(), BEGUN)
    await play(owner, *"abc")
    await owner.compact()
    (issue,) = (one for one in owner.session.ledger.live() if one.kind == "issue")
    await owner.hand.pin(issue.id, pinned=True)
    await play(owner, *"def")
    await owner.apply(await owner.preview())
    assert owner.session.ledger.entries[issue.id].state == "active"
    await owner.close()


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
    async with opened(Bench(), FIRST, *[LONG] * 3) as owner:
        await play(owner, "Always use tabs in here.", *"bcd")
        shown = await owner.preview()
        page = previewed(shown)
    head, _, rest = page.partition("\n\n### Added\n")
    assert head.splitlines() == [
        "## Compaction of turns 1 to 2", "", f"- By local rules: {shown.before:,} → {shown.after:,} tokens",
        f"- Entries: kept 1, added {len(shown.added)}, revised 0, no longer in force 0; 1/1 held",
        "- Tool results masked: 0",
    ]  # fmt: skip
    assert rest.startswith("- constraint: Always use tabs in here.\n")
    assert page.endswith(shown.summary)


async def test_there_is_nothing_to_preview_before_a_turn_has_ended() -> None:
    async with opened(Bench()) as owner:
        with pytest.raises(RefusedError, match="no finished turn"):
            await owner.preview()


async def test_a_preview_that_gains_nothing_is_not_done() -> None:
    async with opened(Bench(), Reply("We'll use SQLite for the store of it.")) as owner:
        await play(owner, "go")
        shown = await owner.preview()
        assert not shown.gains
        with pytest.raises(RefusedError, match="not be smaller"):
            await owner.apply(shown)


async def test_where_the_user_wants_to_be_asked_a_compaction_waits_for_a_word() -> None:
    bench = Bench()
    async with opened(bench, FIRST, *[LONG] * 4, settings=ASKING) as owner:
        await play(owner, *"abcd")
        held = owner.session.held
        assert held is not None
        assert held.through == 2
        assert not owner.session.compactions
        shown = await owner.preview()
        assert shown.event.operations == held.operations
        made = await owner.confirm()
        assert (made.through, made.operations) == (2, held.operations)
        assert owner.session.held is None
        assert [turn.number for turn in owner.session.recent] == [3, 4]
        for act in (owner.confirm, owner.dismiss):
            with pytest.raises(RefusedError, match="No compaction waits for your word"):
                await act()
    assert sum(isinstance(one, CompactionHeld) for one in bench.heard.events) == 1


async def test_a_compaction_that_the_model_prepared_waits_too() -> None:
    bench = Bench()
    async with opened(bench, FIRST, *[LONG] * 2, settings=ASKING, small=ScriptedModel([GOOD])) as owner:
        await play(owner, *"abc")
        assert owner.session.held is not None
        assert owner.session.held.summariser == "model"
        await owner.confirm()
        assert "m1.1" in owner.session.ledger.entries


async def test_what_waits_is_still_there_after_a_restart() -> None:
    bench = Bench()
    async with opened(bench, FIRST, *[LONG] * 2, settings=ASKING) as owner:
        await play(owner, *"abc")
        held = owner.session.held
    again = await Owner.resume(bench.world, bench.crew(ScriptedModel([])), ASKING, "s")
    assert again.session.held == held is not None
    assert (await again.confirm()).through == 2
    await again.close()


async def test_what_the_user_turns_down_is_not_offered_again_by_the_next_message() -> None:
    bench = Bench()
    async with opened(bench, FIRST, *[LONG] * 6, settings=ASKING) as owner:
        await play(owner, *"abc")
        await owner.dismiss()
        await play(owner, *"de")
        assert owner.session.held is None
        await play(owner, "f")
        assert owner.session.held is not None
    assert bench.heard.events.count(CompactionDismissed("c1")) == 1


async def test_where_the_ledger_does_not_take_it_any_more_a_new_one_waits() -> None:
    revising = Reply("", (CallPiece("r", "record", {"operations": [
        {"op": "revise", "id": "t1.1", "text": "Keep the kiosk's JSON as it is", "why": "", "turn": 2}
    ]}),), USAGE)  # fmt: skip
    async with opened(Bench(), FIRST, *[LONG] * 2, settings=ASKING, small=ScriptedModel([revising])) as owner:
        await play(owner, *"abc")
        await owner.hand.delete("t1.1")
        with pytest.raises(RefusedError, match="changed since this compaction was prepared: look at it again"):
            await owner.confirm()
        assert owner.session.held is not None
        assert owner.session.held.summariser == "local"
        await owner.confirm()


@pytest.mark.parametrize(("through", "waits"), [(2, True), (0, False)])
async def test_one_whose_turns_are_not_what_they_were_is_not_done(through: int, waits: bool) -> None:
    bench = Bench()
    async with opened(bench, FIRST, *[LONG] * 2, settings=ASKING) as owner:
        await play(owner, *"abc")
        held = owner.session.held
        assert held is not None
        await owner.record(CompactionHeld(evolve(held, through=through), 1))
        with pytest.raises(RefusedError, match="look at it again"):
            await owner.confirm()
        assert (owner.session.held is not None) == waits
        assert not owner.session.compactions


async def test_above_the_limit_nobody_is_asked() -> None:
    bench = Bench()
    async with opened(bench, *[LONG] * 4, settings=evolve(ASKING, share=0.01)) as owner:
        await play(owner, *"abcd")
        assert owner.session.compactions
    assert not any(isinstance(one, CompactionHeld) for one in bench.heard.events)


@pytest.mark.parametrize(("sessions", "asked"), [(4, True), (5, False)])
async def test_the_first_five_sessions_of_a_project_ask(sessions: int, asked: bool) -> None:
    bench = Bench()
    for number in range(sessions):
        bench.store.append(f"o{number}", log(evolve(BEGUN, session=f"o{number}"), spoke(1, "go")))
    async with opened(bench, *[LONG] * 3, settings=evolve(ASKING, preview="first")) as owner:
        await play(owner, *"abc")
        assert (owner.session.held is not None) == asked
        assert bool(owner.session.compactions) != asked


async def test_the_self_check_names_what_the_view_does_not_hold() -> None:
    bench = Bench()
    many = Reply("".join(f"[DECISION]: Decision number {n} says what {n} does\n" for n in range(60)) + "word " * 3_000)
    async with opened(bench, many, LONG, LONG, settings=Settings(summary=300)) as owner:
        await play(owner, *"abc")
        shown = await owner.preview()
        made = await owner.compact()
        assert made.live == 60
        assert len(made.missing) == 60 - made.held > 0
        assert made.missing == tuple(one.id for one in shown.missing)
        for name in made.missing:
            assert owner.session.ledger.entries[name].text not in owner.summary()


async def test_after_three_that_gain_nothing_it_says_so_once() -> None:
    bench = Bench()
    async with opened(bench, *[Reply("ok")] * 6, settings=Settings(window=1, kept=0)) as owner:
        await play(owner, *"abcdef")
    notes = [place for place, one in enumerate(bench.heard.events) if isinstance(one, Noted)]
    assert len(notes) == 1
    assert "only old tool output is masked from now on" in str(bench.heard.events[notes[0]])
    assert not any(isinstance(one, Compacted) for one in bench.heard.events)
    assert STRIKES == 3


async def test_one_that_would_wait_but_gains_nothing_is_a_failure_too() -> None:
    bench = Bench()
    async with opened(bench, *[Reply("ok")] * 6, settings=Settings(window=1, kept=0, preview="always")) as owner:
        await play(owner, *"abcdef")
        assert owner.session.held is None
    assert sum(isinstance(one, Noted) for one in bench.heard.events) == 1
