"""The policy as a table: when the prefix is left alone, masked or compacted."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from throughline.context.policy import (
    AwaitApproval,
    Compact,
    Mask,
    NoAction,
    PolicyDecision,
    ScheduledCompaction,
    decide,
    last_compactable_turn,
    needs_approval,
    next_idle_compaction,
)
from throughline.domain.events import CallBilled, CompactionDismissed, CompactionProposed, CompactionUndone, Event
from throughline.domain.session import Session, fold
from throughline.domain.settings import Settings
from unit.event_logs import compacted, done, log, replied, session, spoke, tool

LIMIT = 200_000
CALLED = CallBilled("chat", "m", 1, 1, 0, 0, None, began=1_000.0)


def turns(number: int, tokens: int = 10, first: int = 1) -> tuple[Event, ...]:
    """So many ended turns, each with one result of so many tokens."""
    made: list[Event] = []
    for turn in range(first, first + number):
        made += [spoke(turn, "go"), *tool(turn, f"x{turn}", tokens), replied(turn, "ok"), CALLED, done(turn)]
    return tuple(made)


def running(turn: int) -> Event:
    return spoke(turn, "and now?")


def after_compaction(story: tuple[Event, ...], through: int, *more: Event) -> Session:
    before = session(*story)
    return fold(log(compacted(before, through), *more, first=before.seq + 1), before)


def undone(story: tuple[Event, ...], through: int, more: int = 0) -> Session:
    """A compaction that was undone after these turns, and so many turns since."""
    before = after_compaction(story, through)
    return fold(log(CompactionUndone("c1"), *turns(more, first=13), first=before.seq + 1), before)


# The table stays true where the defaults move. Of other output than files' text a third of what is fresh stays.
NUMBERS: dict[str, Any] = {"fresh": 15_000, "trimmed": 4_500, "kept_share": 0.4}
WARM, COLD = 1_100.0, 1_301.0
BIG = turns(3, 30_000)
LONG = {"kept": 1, "fresh": 60_000}
UNCALLED = tuple(event for event in turns(3, 2_000) if event != CALLED)

CASES: list[tuple[str, Session, float, float, dict[str, Any], PolicyDecision]] = [
    ("an empty session", session(), 0.0, COLD, {}, NoAction()),
    ("few small turns", session(*turns(5)), 0.01, WARM, {}, NoAction()),
    ("the window is full", session(*turns(12)), 0.01, WARM, {}, Compact(10)),
    ("the window is full but for a turn", session(*turns(11)), 0.01, WARM, {}, NoAction()),
    ("a running turn does not fill it", session(*turns(11), running(12)), 0.01, WARM, {}, NoAction()),
    ("a running turn is one of those kept", session(*turns(12), running(13)), 0.01, WARM, {}, Compact(11)),
    ("another window", session(*turns(4)), 0.01, WARM, {"window": 4}, Compact(2)),
    ("another number kept", session(*turns(12)), 0.01, WARM, {"kept": 5}, Compact(7)),
    (
        "turns since the last compaction count",
        after_compaction(turns(12), 10, *turns(9, first=13)),
        0.0,
        WARM,
        {},
        NoAction(),
    ),
    ("and fill the window again", after_compaction(turns(12), 10, *turns(10, first=13)), 0.0, WARM, {}, Compact(20)),
    ("at the share", session(*turns(5)), 0.55, WARM, {}, NoAction()),
    ("above the share", session(*turns(5)), 0.56, WARM, {}, Compact(3)),
    ("above it with nothing to move", session(*turns(2)), 0.9, WARM, {}, NoAction()),
    ("above it, masking is what is left", session(*turns(2, 1_500)), 0.9, WARM, {}, Mask(("x1", "x2"))),
    ("above it, but too little to mask", session(*turns(2, 249)), 0.9, WARM, {}, NoAction()),
    ("a batch has gathered", session(*BIG[:12]), 0.2, WARM, {}, Mask(("x1", "x2"))),
    ("a batch that is all fresh", session(*turns(2, 5_000)), 0.2, WARM, {}, NoAction()),
    ("a batch just reached", session(*turns(2, 7_500)), 0.2, WARM, {"fresh": 0}, Mask(("x1", "x2"))),
    ("a batch not reached", session(*turns(2, 7_499)), 0.2, WARM, {"fresh": 0}, NoAction()),
    ("long turns do not wait for the window", session(*turns(4, 7_000), running(5)), 0.2, WARM, LONG, Compact(3)),
    ("shorter ones do", session(*turns(4, 6_500), running(5)), 0.2, WARM, LONG, NoAction()),
    (
        "nor do they count twice",
        after_compaction(turns(4, 7_000), 3, *turns(1, 7_000, first=5)),
        0.2,
        WARM,
        LONG,
        NoAction(),
    ),
    ("a cold cache and enough to move", session(*turns(3, 2_000)), 0.01, COLD, {}, Compact(1)),
    ("the same, warm", session(*turns(3, 2_000)), 0.01, WARM, {}, NoAction()),
    ("cold at the very second is warm", session(*turns(3, 2_000)), 0.01, 1_300.0, {}, NoAction()),
    (
        "a cold cache and little to move",
        session(*turns(3, 900)),
        0.01,
        COLD,
        {"trimmed": 1_500},
        Mask(("x1", "x2", "x3")),
    ),
    ("a cold cache, nothing to move, old output", session(*turns(2, 7_000)), 0.01, COLD, {}, Mask(("x1", "x2"))),
    ("a cold cache, and only fresh output", session(*turns(2, 700)), 0.01, COLD, {}, NoAction()),
    ("the turns of an undone compaction", undone(turns(12), 10), 0.01, WARM, {}, NoAction()),
    ("and the turns after the undoing fill the window", undone(turns(12), 10, 12), 0.01, WARM, {}, Compact(22)),
    ("no call yet is not cold", session(*UNCALLED), 0.01, 9e9, {}, NoAction()),
    ("full history never changes", session(*turns(20, 9_000)), 2.0, COLD, {"strategy": "full"}, NoAction()),
]


@pytest.mark.parametrize(("name", "now", "used", "at", "changes", "expected"), CASES, ids=[row[0] for row in CASES])
def test_the_prefix_changes_rarely_and_in_big_steps(
    name: str, now: Session, used: float, at: float, changes: dict[str, Any], expected: PolicyDecision
) -> None:
    assert decide(now, used, at, Settings(**{**NUMBERS, **changes})) == expected


def test_where_compactions_gain_nothing_masking_carries_on() -> None:
    now = session(*turns(12, 2_000))
    assert decide(now, 0.2, WARM, Settings(**NUMBERS)) == Compact(10)
    assert decide(now, 0.2, WARM, Settings(**NUMBERS), stuck=True) == Mask(tuple(f"x{turn}" for turn in range(1, 11)))


HELD = (*turns(12), CompactionProposed(compacted(session(*turns(12)), 10), 1))
ASKED: list[tuple[str, Session, float, PolicyDecision]] = [
    ("what is due waits for the user's word", session(*turns(12)), 0.2, AwaitApproval(10)),
    ("above the share nothing waits", session(*turns(12)), 0.6, Compact(10)),
    ("one that waits is not offered again", session(*HELD, *turns(3, first=13)), 0.2, NoAction()),
    ("nor is masking held up", session(*HELD, *turns(3, 9_000, first=13)), 0.2, Mask(("x13", "x14", "x15"))),
    ("above the share it waits no longer", session(*HELD, *turns(3, first=13)), 0.6, Compact(13)),
    ("one that was turned down is not offered again", session(*HELD, CompactionDismissed("c1")), 0.2, NoAction()),
    (
        "until the window is full again",
        session(*HELD, CompactionDismissed("c1"), *turns(12, first=13)),
        0.2,
        AwaitApproval(22),
    ),
]


@pytest.mark.parametrize(("name", "now", "used", "expected"), ASKED, ids=[row[0] for row in ASKED])
def test_where_the_user_asks_a_compaction_waits(name: str, now: Session, used: float, expected: PolicyDecision) -> None:
    numbers = Settings(**{**NUMBERS, "fresh": 0})
    assert decide(now, used, WARM, numbers, asks=True) == expected


@pytest.mark.parametrize(
    ("preview", "asked"),
    [("never", []), ("first", [1, 5]), ("always", [1, 5, 6, 99])],
    ids=["never", "first", "always"],
)
def test_the_user_is_asked_always_in_the_first_five_sessions_or_never(preview: Any, asked: list[int]) -> None:
    assert [number for number in (1, 5, 6, 99) if needs_approval(Settings(preview=preview), number)] == asked


RESTS: list[tuple[str, Session, dict[str, Any], ScheduledCompaction | None]] = [
    ("nothing yet", session(), {}, None),
    ("enough to move", session(*turns(3, 2_000)), {}, ScheduledCompaction(1_270.0, 2)),
    ("too little", session(*turns(3, 400)), {}, None),
    ("no call yet", session(*UNCALLED), {}, None),
    ("a turn that runs", session(*turns(3, 2_000), running(4)), {}, None),
    (
        "another cache and another patience",
        session(*turns(3, 2_000)),
        {"cold": 3_600.0, "patience": 60.0},
        ScheduledCompaction(4_540.0, 2),
    ),
    ("one that waits for the user", session(*HELD, *turns(3, 2_000, first=13)), {}, None),
    ("full history", session(*turns(3, 2_000)), {"strategy": "full"}, None),
]


@pytest.mark.parametrize(("name", "now", "changes", "expected"), RESTS, ids=[row[0] for row in RESTS])
def test_shortly_before_the_cache_goes_cold_an_idle_session_gets_ready_for_the_next_message(
    name: str, now: Session, changes: dict[str, Any], expected: ScheduledCompaction | None
) -> None:
    numbers = Settings(**{**NUMBERS, **changes})
    assert next_idle_compaction(now, 0.2, numbers) == expected
    assert next_idle_compaction(now, 0.2, numbers, stuck=True) is None
    if expected:
        spoken = fold(log(running(now.next_turn), first=now.seq + 1), now)
        assert decide(spoken, 0.2, 9e9, numbers) == Compact(expected.through)


KEPT: list[tuple[str, tuple[Event, ...], int]] = [
    ("nothing yet", (), 0),
    ("only a running turn", (running(1),), 0),
    ("no more than is kept", turns(2), 0),
    ("all but the kept", turns(5), 3),
    ("a kept turn that does not fit goes", (*turns(2), *turns(1, 79_000, first=3), *turns(1, 2_000, first=4)), 3),
    ("but not the end of one that no call has seen", (*turns(2), *turns(1, 81_000, first=3)), 2),
    ("nor while the next waits for its reply", (*turns(2), *turns(1, 81_000, first=3), running(4)), 2),
    ("once a call has seen it", (*turns(2), *turns(1, 81_000, first=3), running(4), replied(4, "ok")), 3),
    ("a running turn stays, however big", (*turns(2), *turns(1, 81_000, first=3)[:-1]), 2),
]


def test_the_share_that_is_kept_is_of_the_models_own_tokens() -> None:
    now = session(*turns(3), *turns(1, 60_000, first=4), *turns(1, 1_000, first=5))
    assert [last_compactable_turn(now, Settings(**NUMBERS), factor) for factor in (1.0, 1.6)] == [3, 4]


@pytest.mark.parametrize(("name", "story", "through"), KEPT, ids=[row[0] for row in KEPT])
def test_the_newest_turns_stay_where_they_fit(name: str, story: tuple[Event, ...], through: int) -> None:
    assert last_compactable_turn(session(*story), Settings(**NUMBERS)) == through


def mid_turn(number: int, tokens: int) -> Session:
    """A running turn with so many results of so many tokens that the model has read."""
    calls = [event for n in range(number) for event in tool(1, f"x{n}", tokens)]
    return session(spoke(1, "go"), *calls, replied(1, "and now"))


LARGE = 1_000_000
LATER = session(*turns(2, 2_000), running(3), *tool(3, "y", 9_000), replied(3, "so"))
FULL = session(*turns(12), running(13), replied(13, "so"))
RUNNING: list[tuple[str, Session, float, float, dict[str, Any], PolicyDecision]] = [
    ("a batch waits for the turn's end", mid_turn(9, 9_000), 0.31, WARM, {}, NoAction()),
    ("above the share the oldest half goes", mid_turn(4, 25_000), 0.4, WARM, {}, Mask(("x0", "x1"))),
    ("but not what is fresh", mid_turn(4, 25_000), 0.4, WARM, {"fresh": 225_000}, Mask(("x0",))),
    ("the turns before it go first", LATER, 0.33, WARM, {"kept": 1}, Compact(2)),
    ("below it they wait", LATER, 0.31, WARM, {"kept": 1}, NoAction()),
    ("a cold cache takes no more than is not fresh", mid_turn(9, 9_000), 0.3, COLD,
     {"called": True, "fresh": 60_000, "trimmed": 0}, Mask(tuple(f"x{n}" for n in range(7)))),
    ("nor for a little", mid_turn(4, 2_000), 0.5, WARM, {"fresh": 0}, NoAction()),
    ("a cold cache takes it", mid_turn(9, 9_000), 0.3, COLD, {"called": True}, Mask(tuple(f"x{n}" for n in range(9)))),
    ("a full window of turns waits, too", FULL, 0.1, WARM, {}, NoAction()),
    ("not above the limit", FULL, 0.6, WARM, {}, Compact(11)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "now", "used", "at", "changes", "expected"), RUNNING, ids=[row[0] for row in RUNNING])
def test_while_a_turn_runs_only_what_would_grow_too_long_is_masked(
    name: str, now: Session, used: float, at: float, changes: dict[str, Any], expected: PolicyDecision
) -> None:
    if changes.pop("called", False):
        now = fold(log(CALLED, first=now.seq + 1), now)
    assert decide(now, used, at, Settings(**{"fresh": 0, **changes})) == expected


ABSOLUTE: list[tuple[str, int, float, dict[str, Any], PolicyDecision]] = [
    ("of a million, 160,000 are enough", 1_000_000, 0.161, {}, Compact(3)),
    ("and not fewer", 1_000_000, 0.16, {}, NoAction()),
    ("another number", 1_000_000, 0.31, {"max_context": 300_000}, Compact(3)),
    ("a small window has its share", 200_000, 0.54, {}, NoAction()),
    ("which is less there", 200_000, 0.56, {}, Compact(3)),
]


@pytest.mark.parametrize(("name", "limit", "used", "changes", "expected"), ABSOLUTE, ids=[row[0] for row in ABSOLUTE])
def test_a_large_window_is_not_filled(
    name: str, limit: int, used: float, changes: dict[str, Any], expected: PolicyDecision
) -> None:
    now = evolve(session(*turns(5)), limit=limit)
    assert decide(now, used, WARM, Settings(**changes)) == expected


@pytest.mark.parametrize(("used", "masked"), [(0.063, 0), (0.065, 2)], ids=["below", "above"])
def test_in_a_large_window_a_running_turn_has_its_part_of_the_absolute_size(used: float, masked: int) -> None:
    now = evolve(mid_turn(5, 30_000), limit=LARGE)
    found = decide(now, used, WARM, Settings(fresh=0))
    assert len(found.ids if isinstance(found, Mask) else ()) == masked


@pytest.mark.parametrize(("used", "ids"), [(0.29, ("x0", "x1", "x2")), (0.15, ())], ids=["above half", "below it"])
def test_what_a_compaction_begins_in_a_running_turn_is_done_in_one_go(used: float, ids: tuple[str, ...]) -> None:
    found = decide(mid_turn(4, 9_000), used, WARM, Settings(fresh=0, trimmed=0), changed=True)
    assert (found.ids if isinstance(found, Mask) else ()) == ids


@pytest.mark.parametrize(("hour", "goes_cold"), [("never", 300), ("stable", 300), ("always", 3_600)])
def test_the_conversation_goes_cold_when_the_cache_that_holds_it_does(hour: Any, goes_cold: int) -> None:
    now, settings = session(*turns(3, 2_000)), Settings(hour=hour, **NUMBERS)
    assert decide(now, 0.01, 1_000 + goes_cold, settings) == NoAction()
    assert decide(now, 0.01, 1_001 + goes_cold, settings) == Compact(1)


def test_turns_that_are_in_the_ledger_already_do_not_fill_the_window() -> None:
    now = session(*turns(14))
    assert decide(now, 0.01, WARM, Settings(), updated=12) == NoAction()
    assert decide(session(*turns(24)), 0.01, WARM, Settings(), updated=12) == Compact(22)
