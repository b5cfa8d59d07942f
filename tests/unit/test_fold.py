"""A session is the fold of its log, however the log is cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import (
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    CompactionDismissed,
    CompactionProposed,
    CompactionUndone,
    Event,
    FileDropped,
    LedgerChanged,
    LedgerUndone,
    Masked,
    SessionEnded,
)
from throughline.domain.ledger import Add, Delete, Ledger, Operation, Pin, Reclassify, Reopen, Resolve, Revise
from throughline.domain.session import fold, is_superseded
from throughline.storage import codec
from unit.event_logs import (
    STARTED,
    Step,
    compacted,
    done,
    entry,
    event_sequences,
    events,
    file,
    log,
    replied,
    session,
    spoke,
    tool,
    view,
)

TALK: tuple[Event, ...] = (
    spoke(1, "Always use tabs in this project, never spaces at all."),
    *tool(1, "x"),
    replied(1, "Done."),
    done(1),
    spoke(2, "And now?"),
    done(2),
)


def test_a_turn_is_the_words_and_all_that_follows() -> None:
    now = session(*TALK)
    assert [(turn.number, len(turn.items), turn.ending) for turn in now.turns] == [(1, 4, "done"), (2, 1, "done")]
    assert now.turns[0].at == 2.0
    assert now.seq == len(TALK) + 1
    assert now.open is None
    assert session(spoke(1, "hello")).open == session(spoke(1, "hello")).turns[0]


def test_unanswered_calls_are_those_without_a_result() -> None:
    (call, _), (other, answer) = tool(1, "x"), tool(1, "y")
    (turn,) = session(spoke(1, "go"), call, other, answer).turns
    assert turn.unanswered == (call,)


# What was injected, where: "f" is the file, letters are the words and replies around it.
WAITS: list[tuple[str, tuple[Event, ...], list[str]]] = [
    ("before the first words", (file("a", "f"), spoke(1, "w")), ["f", "w"]),
    ("between turns", (spoke(1, "w"), done(1), file("a", "f"), spoke(2, "x")), ["w", "f", "x"]),
    ("before a reply", (spoke(1, "w"), file("a", "f"), replied(1, "r")), ["w", "f", "r"]),
    ("within a reply", (spoke(1, "w"), replied(1, "r"), file("a", "f"), replied(1, "s")), ["w", "r", "s", "f"]),
    (
        "while a tool runs",
        (spoke(1, "w"), tool(1, "x")[0], file("a", "f"), tool(1, "x")[1], replied(1, "r")),
        ["w", "{}", "result of x", "f", "r"],
    ),
    ("dropped before it was sent", (file("a", "f"), FileDropped("a"), spoke(1, "w")), ["w"]),
]


@pytest.mark.parametrize(("name", "story", "shown"), WAITS, ids=[row[0] for row in WAITS])
def test_a_file_stands_in_front_of_what_answers_it(name: str, story: tuple[Event, ...], shown: list[str]) -> None:
    blocks = view(session(*story)).blocks
    assert [block.text for block in blocks if block.place in ("file", "turn")] == shown


def test_a_file_that_was_changed_back_is_current_in_its_newest_copy_only() -> None:
    copies = file("a", "one"), file("a", "two"), file("a", "one")
    now = session(*copies)
    assert [is_superseded(now, copy) for copy in copies] == [True, True, False]


def test_a_compaction_moves_turns_into_the_ledger_and_its_undo_brings_them_back() -> None:
    before = session(*TALK)
    after = fold(log(compacted(before, 1), first=99), before)
    assert [turn.number for turn in after.recent] == [2]
    assert after.summarised == after.ledger != before.ledger
    undone = fold(log(CompactionUndone("c1"), first=100), after)
    assert undone.recent == before.recent
    assert undone.summarised == undone.ledger == before.ledger
    assert undone.through == 0


def test_what_the_user_pinned_stays_when_its_compaction_is_undone() -> None:
    before = session(*TALK)
    made = compacted(before, 1)
    first = made.operations[0]
    assert isinstance(first, Add)
    noted = LedgerChanged((Pin(first.entry.id, pinned=True), Add(entry("kept"))))
    now = fold(log(made, noted, CompactionUndone("c1"), first=99), before)
    assert list(now.ledger.entries) == [first.entry.id, "kept"]
    assert now.ledger.entries[first.entry.id].pinned


def test_what_the_user_changes_is_in_the_summary_at_once_and_can_be_taken_back() -> None:
    before = session(*TALK)
    now = fold(log(compacted(before, 1), LedgerChanged((Add(entry("tag")),)), first=20), before)
    assert "tag" not in now.summarised.entries
    edited = fold(log(LedgerChanged((Add(entry("mine")), Delete("tag")), "user"), first=30), now)
    assert edited.summarised == edited.ledger
    assert "mine" in edited.ledger.entries
    assert "tag" not in edited.ledger.entries
    back = fold(log(LedgerUndone(30), first=31), edited)
    assert back.ledger == now.ledger
    assert fold(log(LedgerUndone(29), first=31), edited).ledger == edited.ledger


def test_a_pin_alone_leaves_the_summary_in_the_view_as_it_is() -> None:
    now = session(LedgerChanged((Add(entry("tag")),)), LedgerChanged((Pin("tag", pinned=True),), "user"))
    assert now.summarised == Ledger()
    assert now.ledger.entries["tag"].pinned


HANDS: list[Callable[[str], Operation]] = [
    lambda name: Reclassify(name, "fact"), Reopen, lambda name: Revise(name, "mine", 2, "user")
]  # fmt: skip


@pytest.mark.parametrize("hand", HANDS, ids=["recast", "reopened", "worded"])
def test_what_the_user_laid_hands_on_stays_when_its_compaction_is_undone(hand: Callable[[str], Operation]) -> None:
    before = session(*TALK)
    made = compacted(before, 1)
    first = made.operations[0]
    assert isinstance(first, Add)
    noted = LedgerChanged((Resolve(first.entry.id, "done", "agent"), hand(first.entry.id)), "user")
    now = fold(log(made, noted, CompactionUndone("c1"), first=99), before)
    assert first.entry.id in now.ledger.entries


WAITING: list[tuple[str, tuple[Event, ...], bool]] = [
    ("nothing more", (), True),
    ("it is turned down", (CompactionDismissed("c1"),), False),
    ("a compaction is made", (compacted(session(*TALK), 1),), False),
    ("one is undone", (CompactionUndone("c0"),), False),
    ("a tag enters", (LedgerChanged((Add(entry("tag")),)),), True),
]


@pytest.mark.parametrize(("name", "story", "waits"), WAITING, ids=[row[0] for row in WAITING])
def test_a_compaction_waits_until_something_moves_its_turns(name: str, story: tuple[Event, ...], waits: bool) -> None:
    made = compacted(session(*TALK), 1)
    now = session(*TALK, CompactionProposed(made, 1), *story)
    assert now.pending_compaction == (made if waits else None)


def test_an_archive_change_waits_until_it_is_written_or_rejected() -> None:
    first, second = ArchiveProposed("", "one", 1), ArchiveProposed("", "two", 1, "model")
    assert session(first, second, SessionEnded()).proposed == second
    assert session(first, ArchiveRejected()).proposed is None
    assert session(first, ArchiveWritten("one", 1)).proposed is None


def test_ending_is_remembered() -> None:
    assert session(SessionEnded()).ended


@settings(max_examples=60, deadline=None)
@given(event_sequences(), st.integers(0, 100))
def test_folding_in_pieces_is_folding_in_one_go(steps: tuple[Step, ...], percent: int) -> None:
    whole = log(*events(steps))
    cut = len(whole) * percent // 100
    assert fold(whole[cut:], fold(whole[:cut])) == fold(whole)


@settings(max_examples=60, deadline=None)
@given(event_sequences())
def test_a_log_that_was_kept_folds_to_the_same_session_and_view(steps: tuple[Step, ...]) -> None:
    whole = events(steps)
    kept = tuple(codec.decode_event(codec.encode_event(event)) for event in whole)
    assert fold(log(*kept)) == fold(log(*whole))
    assert view(fold(log(*kept))) == view(fold(log(*whole)))


@settings(max_examples=60, deadline=None)
@given(
    event_sequences(moves=("speak", "ask", "end", "file", "note", "compact"), most=12),
    event_sequences(moves=("note", "mask", "drop", "file"), most=4),
    st.data(),
)
def test_undoing_a_compaction_restores_the_turns_and_keeps_what_came_after(
    steps: tuple[Step, ...], later: tuple[Step, ...], data: st.DataObject
) -> None:
    before = fold(log(*events(steps), done(len(fold(log(*events(steps))).turns))))
    if not before.recent:
        return
    made = compacted(before, data.draw(st.sampled_from([turn.number for turn in before.recent])), "c99")
    more = (event for event in events(later) if event != STARTED and not isinstance(event, Masked))
    ours: tuple[Event, ...] = (*more, Masked(("call1",)))
    undone = fold(log(made, *ours, CompactionUndone("c99"), first=50), before)
    never = fold(log(*ours, first=50), before)
    for name in ("turns", "recent", "ledger", "files", "pending_files", "masked", "through"):
        assert getattr(undone, name) == getattr(never, name), name
