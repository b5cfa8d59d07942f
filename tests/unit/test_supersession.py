"""Which entry another one replaces, by what its words say."""

from __future__ import annotations

import pytest

from throughline.domain.events import LedgerChanged, Logged
from throughline.domain.session import Session, apply
from throughline.memory.tags import entries, superseded_by_text
from unit.event_logs import entry

LIVE = (
    entry("delay", "A borrowed book may stay for 48 hours"),
    entry("reason", "The deadline is kept with the loan as the 48 hours may change later"),
    entry("place", "A hold stores its `place` in the row"),
    entry("retry", "Retry a failed upload five times"),
)

CASES = [
    ("what it says to replace", "A borrowed book may stay for a week, replacing the 48 hours", "delay"),
    (
        "by a name in it",
        "The place of a hold in the row is counted when asked. This replaces the `place` column",
        "place",
    ),
    ("whatever comes after", "Retry a failed upload twice instead of five times, as the server asked", "retry"),
    ("only what it speaks of itself", "Logs are kept, replacing the 48 hours", ""),
    ("nothing that nobody said", "A borrowed book may stay for a week, replacing the old habit", ""),
    ("nothing without a word of it", "A borrowed book may stay for a week, not 48 hours", ""),
    ("nothing at the very end", "A borrowed book may stay, replacing", ""),
]


@pytest.mark.parametrize(("name", "text", "found"), CASES, ids=[row[0] for row in CASES])
def test_an_entry_replaces_what_its_words_say(name: str, text: str, found: str) -> None:
    one = superseded_by_text(text, LIVE)
    assert (one.id if one else "") == found


def test_a_tagged_decision_takes_the_place_of_the_one_that_it_names() -> None:
    now = Session()
    for turn, text in enumerate(
        ("A book may stay for 48 hours", "A book may stay for 7 days, replacing the 48 hours"), 1
    ):
        made = entries(f"[DECISION]: {text} because the shed is shut", turn, now.ledger)
        now = apply(now, Logged(turn, 0.0, LedgerChanged(tuple(made))))
    first, second = now.ledger.entries.values()
    assert (first.state, second.state, second.supersedes) == ("revised", "active", first.id)
