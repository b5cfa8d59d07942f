"""Sessions of people who change no file: testers and product people, with cases and requirements instead."""

from __future__ import annotations

import pytest
from attrs import evolve

from throughline.context.compaction import current
from throughline.domain.events import Compacted, Event, LedgerChanged
from throughline.domain.ledger import Add, Entry, EntryKind
from throughline.domain.session import Session
from throughline.domain.settings import Settings
from throughline.llm.tokens import O200k
from throughline.memory import tags
from throughline.memory.archive.distill import distill
from unit.event_logs import done, replied, session, spoke, tool

_exact = O200k()

# What was said, turn by turn: the person's words, and the agent's.
QA = [
    (
        "We test the export of invoices in release 4.2, case by case.",
        "[DECISION]: The export is tested with the three tax profiles of the staging tenant because they are all.",
    ),
    ("The total is 0.00 but the line is missing from the PDF.", "[MILESTONE COMPLETE]: Case A1 is run: the PDF fails."),
    ("File it as INV-311, severity minor: the support has a workaround.", "INV-311 is noted as minor."),
    ("Case A2, two tax rates on one invoice, passed in all three formats.", "[MILESTONE COMPLETE]: Case A2 passes."),
    ("A read-only user gets the invoices of all others. Filed as INV-312, a blocker.", "That blocks release 4.2."),
    (
        "The automated suite is no use for this, it logs in as admin.",
        "[DO NOT REVISIT]: The automated suite for permission cases — it logs in as an administrator.",
    ),
    ("Is a case with 1,000 lines worth it? The data team has to say.", "Case A7 waits for the data team."),
    ("Where do we stand?", "Two cases are run: A1 fails (INV-311), A2 passes. INV-312 blocks the release."),
]
PRODUCT = [
    (
        "I want the requirements for gift cards, on a page that engineering can estimate.",
        "[DECISION]: R1: A gift card is bought by a customer with an account because refunds need somebody to go to.",
    ),
    (
        "Amounts from 10 to 200 euros, whole euros.",
        "[DECISION]: R2: It is 10 to 200 euros because books round.",
    ),
    ("Does a card expire? Maria from legal has to tell us.", "Open: does a gift card expire? Maria answers it."),
    ("No physical cards.", "[DO NOT REVISIT]: Physical gift cards — the warehouse cannot ship them this year."),
    ("The metric is the share of cards redeemed within 90 days, target 60 percent.", "Noted: 60 percent in 90 days."),
    ("Write the page.", "[MILESTONE COMPLETE]: The requirements page for engineering is written, with R1 and R2."),
]
RULES = {"qa": "Never mark a case as passed unless I have confirmed it.", "product": "Always number the requirements."}


def talked(role: str, said: list[tuple[str, str]]) -> Session:
    """A session of so many turns, compacted at its end, with a rule and an open question of the person's."""
    events: list[Event] = []
    made = session()
    for turn, (asked, answered) in enumerate(said, 1):
        events += [spoke(turn, asked), replied(turn, answered)]
        if found := tags.entries(answered, turn, made.ledger):
            events.append(LedgerChanged(found))
        events.append(done(turn))
        made = session(*events)
    user: list[tuple[EntryKind, str]] = [("rule", RULES[role]), ("question", "Who signs it off?")]
    own = [Add(Entry(f"u1.{n}", kind, text, "user", (1,))) for n, (kind, text) in enumerate(user)]
    events += [LedgerChanged(tuple(own), "user"), Compacted("c1", len(said), (), 0, 0, 0, 0)]
    return evolve(session(*events), role=role)


HELD = {
    "qa": ["three tax profiles", "Case A1 is run", "Case A2 passes", "INV-311, severity minor", "INV-312, a blocker",
           "logs in as an administrator", "data team"],
    "product": ["R1: A gift card", "R2: It is 10", "Maria", "Physical gift cards", "target 60 percent",
                "requirements page for engineering"],
}  # fmt: skip
SAID = {"qa": QA, "product": PRODUCT}


@pytest.mark.parametrize("role", ["qa", "product"])
def test_a_session_of_talk_alone_is_remembered_by_its_decisions_and_what_was_said(role: str) -> None:
    made = talked(role, SAID[role])
    summary = current(made, Settings(), _exact.count)
    archive = distill(made, "", 2_000, _exact.count)
    assert _exact.count(summary) <= 800
    assert _exact.count(archive) <= 2_000
    for text in (summary, archive):
        assert [one for one in HELD[role] if one not in text] == []
        assert RULES[role] in text
        assert "Who signs it off?" in text
        # Nothing speaks of code where there was none.
        assert not any(word in text for word in ("Files:", "changed `", "passed;", "committed"))
    assert summary.index(RULES[role]) < summary.index(HELD[role][0])
    assert archive.index(RULES[role]) < archive.index("### Project Identity")


def test_a_few_words_that_settle_nothing_leave_nothing_in_the_archive() -> None:
    talk = [("Write three lines about the sea.", "The sea never sleeps."), ("Nice.", "Let me know what else you need.")]
    made = session(*(event for n, (asked, told) in enumerate(talk, 1) for event in (spoke(n, asked), replied(n, told))))
    assert "Turn " not in distill(made, "", 2_000, _exact.count)
    named = session(spoke(1, "Keep the loans in `loans.db`, never in the cloud."), replied(1, "They are there."))
    assert "never in the cloud" in distill(named, "", 2_000, _exact.count)


def test_a_session_of_questions_about_code_leaves_no_talk_in_the_archive() -> None:
    made = session(spoke(1, "Where is the till counted?"), *tool(1, "read", path="till.py"), replied(1, "In `Till`."))
    assert "Turn 1" not in distill(made, "", 2_000, _exact.count)
