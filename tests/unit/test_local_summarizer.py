"""The local summariser: what code alone may enter into the ledger."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import Event, ToolCalled, ToolReturned
from throughline.domain.ledger import Add, Ledger, apply_operations
from throughline.memory.local_summarizer import operations
from throughline.memory.text import MORE
from unit.event_logs import SAID, entry, replied, session, spoke

CLAIMS = [
    "Could we use Postgres for the loans?",
    "Please build the export of the loans.",
    "I'll use Postgres for the loans, and never Mongo.",
    "The plan: first the schema, then the form.",
    "> Always use tabs.\n\nSo he wrote.",
    "```\n[DECISION]: use Mongo\n```",
    "2026-05-01 10:00:00 ERROR never retry",
]


@pytest.mark.parametrize("text", CLAIMS)
@pytest.mark.parametrize("user", [True, False])
def test_talk_is_no_decision_milestone_or_rule(text: str, user: bool) -> None:
    said = session(spoke(1, text) if user else spoke(1, "go on"), replied(1, "Fine." if user else text))
    made = operations(said.turns, Ledger(), said.objective)
    assert {one.entry.kind for one in made if isinstance(one, Add)} <= {"state"}


def test_where_the_work_stands_is_the_newest_reply_that_says_it() -> None:
    said = session(spoke(1, "go"), replied(1, "Done. The export works."), spoke(2, "thanks"))
    (made,) = operations(said.turns, Ledger(), said.objective)
    assert isinstance(made, Add)
    assert (made.entry.kind, made.entry.text, made.entry.author) == ("state", "The export works.", "code")


def test_a_state_that_is_known_is_not_said_again() -> None:
    said = session(spoke(1, "go"), replied(1, "The export works."))
    known = entry("e0.1", "The export works.", "state", subject="state")
    assert operations(said.turns, Ledger({known.id: known}), said.objective) == ()


_SENTENCES = [
    *SAID, "No retries.", "Scratch that.", "Not 48 hours, 7 days.", "算了，改用数据库。", "Keep it, unless it rains.",
]  # fmt: skip
_WORDS = st.lists(st.sampled_from(_SENTENCES), min_size=1, max_size=4).map(" ".join)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_WORDS, _WORDS, st.booleans()), min_size=1, max_size=5))
def test_no_entry_that_code_makes_differs_from_what_was_said(said: list[tuple[str, str, bool]]) -> None:
    events: list[Event] = []
    for turn, (asked, answered, red) in enumerate(said, 1):
        call = ToolCalled(turn, f"c{turn}", "Bash", {"command": "pytest -q"}, 5)
        events += [
            spoke(turn, asked),
            call,
            ToolReturned(turn, f"c{turn}", "1 failed", 5, red),
            replied(turn, answered),
        ]
    now = session(*events)
    decision = entry("t1.1", "A book may stay for 48 hours", author="agent")
    before = Ledger({decision.id: decision})
    made = operations(now.turns, before, now.objective)
    assert apply_operations(before, made)[1] == made
    words = " ".join([now.objective, decision.text, *(" ".join(part.split()) for pair in said for part in pair[:2])])
    for one in made:
        entered = one.entry if isinstance(one, Add) else None
        if entered is None or entered.kind == "issue":
            continue
        assert entered.author == "code"
        for text in filter(None, (entered.text, entered.why)):
            for sentence in re.split(r"(?<=[.!?。]) ?", text.replace(MORE.strip(), "")):
                assert sentence.strip() in words
