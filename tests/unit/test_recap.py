"""Recaps: what the view tells of compacted turns, and what of it may change."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.context.recap import AGAIN, HELD, LEAST, SAID, RecapSpan, recap, spans
from throughline.domain.events import CompactionUndone, Event, RoleAndModelChanged, SessionRewound
from throughline.domain.session import Session, fold
from throughline.domain.settings import Settings
from throughline.session.context_usage import ViewBuilder
from unit.event_logs import compacted, count, done, log, replied, session, spoke, tool
from unit.session_harness import SessionHarness

REPLY = "The fix is in `store_{n}.py`: a borrower now gets each loan from a table of its own. " * 14


def turn(number: int, output: int = 9_000) -> tuple[Event, ...]:
    words = f"Keep the records of shelf {number} apart from `ledger_{number}`. " * 3
    return (
        spoke(number, words), *tool(number, f"x{number}", output), replied(number, REPLY.format(n=number)), done(number)
    )  # fmt: skip


def then(now: Session, *events: Event) -> Session:
    return fold(log(*events, first=now.seq + 1), now)


@cache
def after(number: int, output: int = 9_000) -> Session:
    """Turns with so much tool output each, every one of them in a compaction of its own."""
    if not number:
        return session()
    now = then(after(number - 1, output), *turn(number, output))
    return then(now, compacted(now, number, f"c{number}"))


def told(now: Session, budget: int = 9_000) -> list[str]:
    return [recap(span, count) for span in spans(now, budget).told]


def numbers(span: RecapSpan) -> list[int]:
    return [one.number for one in span.turns]


def test_a_recap_tells_the_users_words_and_then_what_the_agent_said() -> None:
    (text,) = told(after(2))
    assert text.startswith("What was said in turns 1 to 2")
    first, second = text.split("\n\n")[1:]
    assert first.startswith("Turn 1. Developer: Keep the records of shelf 1")
    assert second.startswith("Turn 2. Developer: Keep the records of shelf 2")
    assert "Agent: The fix is in `store_1.py`" in first
    assert "Agent: The fix is in `store_2.py`" in second


def test_turns_that_leave_little_room_wait_for_the_next_compaction() -> None:
    one = spans(after(1), 9_000)
    assert one.told == ()
    assert [numbers(span) for span in spans(after(5), 9_000).told] == [[1, 2], [3, 4]]
    assert all(span.room >= LEAST for span in spans(after(5), 9_000).told)


def test_where_the_turns_were_hardly_more_than_words_nothing_is_told() -> None:
    assert [text for text in told(after(4, output=1)) if text] == []


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.integers(1, 14), st.integers(300, 3_000))
def test_told_is_told_until_the_budget_is_spent_and_then_all_of_it_anew(number: int, budget: int) -> None:
    last: tuple[RecapSpan, ...] = ()
    for each in range(1, number + 1):
        now = spans(after(each), budget).told
        anew = len(now) == 1 and len(last) > 0 and now[0].room == round(budget * AGAIN)
        assert now[: len(last)] == last or anew
        assert sum(span.room for span in now) <= budget or len(now) == 1
        last = now


def test_a_recap_takes_no_more_than_its_room() -> None:
    for span in spans(after(14), 9_000).told:
        assert 0 < count(recap(span, count)) <= span.room
        held = sum(item.tokens for one in span.turns for item in one.items)
        assert span.room <= max(SAID, HELD) * held


def test_an_undone_compaction_takes_its_turns_out() -> None:
    now = after(4)
    assert [numbers(span) for span in spans(then(now, CompactionUndone("c4")), 9_000).told] == [[1, 2]]


def test_of_compactions_that_only_came_just_the_new_ones_are_looked_at() -> None:
    known = spans(after(3), 2_000)
    assert spans(after(3), 2_000, known) is known
    for now in (after(9), after(2), then(after(9), CompactionUndone("c9"))):
        assert spans(now, 2_000, known) == spans(now, 2_000)


def test_of_more_turns_than_fit_the_newest_are_told() -> None:
    (text,) = told(after(40), 600)
    shown = [number for number in range(1, 41) if f"Turn {number}. Developer:" in text]
    assert shown
    assert shown == list(range(shown[0], 41))
    assert shown[0] > 1
    assert count(text) <= 600


def test_a_pasted_message_is_cut_so_that_the_others_are_told() -> None:
    pasted = (spoke(3, "Look at this. " + "0x00 " * 3_000), *tool(3, "x3", 30_000), replied(3, "Seen."), done(3))
    now = then(after(2), *pasted)
    now = then(now, compacted(now, 3, "c3"))
    text = told(now)[-1]
    assert text.count("0x00") < 400
    assert "…" in text


def builder() -> ViewBuilder:
    return ViewBuilder(SessionHarness().ports, Settings(), "")


def shown_by(views: ViewBuilder, now: Session) -> list[str]:
    return [block.text for block in views.view(now).blocks if block.label == "recap"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["turn", "compact", "preview", "undo", "back", "small", "large"]), min_size=4, max_size=24)
)
def test_whatever_came_or_was_taken_back_meanwhile_the_recaps_are_those_that_would_be_made_anew(
    moves: list[str],
) -> None:
    """A recap that stands is made once; none outlives its compaction, and none is of other turns than it says."""
    views, now, made = builder(), then(session(), *turn(1), *turn(2)), 0
    for move in ["compact", *moves]:
        standing = [one for one in now.compactions if one.id not in now.undone]
        if move == "turn":
            now = then(now, *turn(now.next_turn))
        elif move in {"compact", "preview"} and now.recent:
            made += 1
            event = compacted(now, now.recent[-1].number, f"c{made}")
            # What a preview looks at may never happen.
            assert shown_by(views, then(now, event)) == shown_by(builder(), then(now, event))
            now = then(now, event) if move == "compact" else now
        elif move == "undo" and standing:
            now = then(now, CompactionUndone(standing[-1].id))
        elif move == "back" and now.rewind_points:
            now = then(now, SessionRewound(now.rewind_points[-1].turn, (), conversation=True))
        elif move in {"small", "large"}:
            # Another model's window leaves another room.
            now = then(now, RoleAndModelChanged("engineer", move, 12_000 if move == "small" else 200_000))
        assert shown_by(views, now) == shown_by(builder(), now)
