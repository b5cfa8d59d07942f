"""Pairs: a question and its answer as one sentence."""

from __future__ import annotations

import pytest

from throughline.memory.pairing import agrees, pair
from throughline.memory.text import sentences

CASES: list[tuple[str, str, str, str | None]] = [
    (
        "an offer that is taken",
        "The plan stands. Want me to write the design to `docs/plan.md` and commit it?",
        "yes, but do not commit",
        "Want me to write the design to `docs/plan.md` and commit it? — yes, but do not commit",
    ),
    (
        "a choice among names",
        "Which name do you want for the table, `loans.db` or `shed.db`?",
        "shed.db",
        "Which name do you want for the table, `loans.db` or `shed.db`? — shed.db",
    ),
    (
        "a refusal with its reason",
        "Should I keep the old `status` column for the kiosk?",
        "no, remove it again, the kiosk reads something else. It costs us a migration each time, and nobody here ever "
        "looked at that column in the first place",
        "Should I keep the old `status` column for the kiosk? — no, remove it again, the kiosk reads something else. …",
    ),
    (
        "an answer that is one long sentence says it alone",
        "Should I keep the old `status` column for the kiosk?",
        "no, remove it again, the kiosk reads something else and never looked at that column in the first place, "
        "as far as anybody here can tell, and it costs us a migration each time",
        None,
    ),
    ("the fullest question is meant", "Move the `loans` table to its own file? Does that fit?", "yep",
     "Move the `loans` table to its own file? — yep"),
    ("a question that says nothing", "I changed the form. Does it look right?", "yes", None),
    ("a question that only asks for leave", "Does this look right for the schema of the `loans` table?", "yes", None),
    ("a new question is no answer", "Should I drop the `status` column too?", "what does the kiosk read?", None),
    ("a long message on something else", "Should I drop the `status` column too?", "The kiosk shows " * 20, None),
    ("nothing was asked", "I dropped the `status` column.", "ok", None),
    ("nothing was said", "Should I drop the `status` column too?", " \n ", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "reply", "message", "text"), CASES, ids=[row[0] for row in CASES])
def test_a_question_stands_with_its_answer(name: str, reply: str, message: str, text: str | None) -> None:
    found = pair(reply, message)
    assert (found.sentence.text if found else None) == text


def test_what_stands_in_the_answer_is_not_said_again() -> None:
    found = pair("Should I drop the `status` column too?", "no, keep it for now.\nThe kiosk reads it.")
    assert found is not None
    assert [found.repeats(one) for one in sentences("no, keep it for now.\nThe kiosk reads it.")] == [True, False]


@pytest.mark.parametrize(("message", "does"), [("Yes!", True), ("ok, go on", True), ("yesterday it broke", False)])
def test_an_agreement_opens_a_message(message: str, does: bool) -> None:
    assert agrees(message) is does
