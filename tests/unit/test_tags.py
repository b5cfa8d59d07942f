"""Tags: which lines of a reply become entries, and as what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.ledger import Add, Ledger, apply_operation
from throughline.memory.tags import entries, tagged
from unit.event_logs import SAID, entry

LINES = [
    ("[DECISION]: Use SQLite because it is there", ("decision", "Use SQLite", "it is there")),
    (
        "[DECISION] Use SQLite, because it is there because of Python",
        ("decision", "Use SQLite", "it is there because of Python"),
    ),
    ("- **[DECISION]:** Use SQLite", ("decision", "Use SQLite", "")),
    ("**[decision]: Use SQLite**", ("decision", "Use SQLite", "")),
    ("## [MILESTONE COMPLETE]: All of it - because", ("milestone", "All of it - because", "")),
    ("1. [DECISION]: Use SQLite", ("decision", "Use SQLite", "")),
    ("> [DECISION]: Use SQLite", None),
    ("    [DECISION]: Use SQLite", None),
    ('"[DECISION]: Use SQLite"', None),
    ("[DECISION]: what was decided because of what", None),
    ("[OPEN QUESTION]: who decides?", None),
    ("[DO NOT REVISIT]: Threads — they lock", ("rejected", "Threads", "they lock")),
    ("[DO NOT REVISIT]: Threads -- they lock - a lot", ("rejected", "Threads", "they lock - a lot")),
    ("[DO NOT REVISIT]: a well-known trick", ("rejected", "a well-known trick", "")),
    ("We made a [DECISION]: no", None),
    ("[DECISIONS]: no", None),
    ("[DECISION]:", None),
    ("[DECISION]: **", None),
    ("DECISION: no", None),
]


@pytest.mark.parametrize(("line", "expected"), LINES, ids=[line for line, _ in LINES])
def test_a_tagged_line_is_read(line: str, expected: tuple[str, str, str] | None) -> None:
    assert list(tagged(f"Before it.\n{line}\nAfter it.")) == ([expected] if expected else [])


def test_a_tag_in_a_code_block_is_only_quoted() -> None:
    text = "[DECISION]: one\n```\n[DECISION]: two\n```\n  ~~~text\n[DECISION]: three\n~~~\n[DECISION]: four"
    assert [said for _, said, _ in tagged(text)] == ["one", "four"]


APART = [
    ("in a longer fence", "````\n```\n[DECISION]: one\n```\n````"),
    ("in a fence that never ends", "```text\n[DECISION]: one"),
    ("between tags of markup", "<example>\n[DECISION]: one\n</example>"),
    ("after the announcement of an example", "Tag them, for example:\n\n[DECISION]: one\n[DECISION]: two"),
    ("in German", "Zum Beispiel so:\n[DECISION]: one"),
    ("in Chinese", "例如\uff1a\n[DECISION]: one"),
    ("quoted", "You wrote:\n> [DECISION]: one\n> and more"),
]


@pytest.mark.parametrize(("name", "text"), APART, ids=[row[0] for row in APART])
def test_a_tag_that_is_only_shown_is_none(name: str, text: str) -> None:
    assert list(tagged(text)) == []
    assert [said for _, said, _ in tagged(f"{text}\n\n[DECISION]: after it")] in (["after it"], [])


def test_after_an_example_a_tag_counts_again() -> None:
    text = "For example:\n[DECISION]: one\n\n[DECISION]: two"
    assert [said for _, said, _ in tagged(text)] == ["two"]


def test_entries_carry_turn_reason_and_subject_and_are_the_agents() -> None:
    (made,) = entries("[DECISION]: Keep `sqlite` because it is there", 4, Ledger())
    expected = entry("t4.1", "Keep `sqlite`", why="it is there", subject="sqlite", author="agent", turns=(4,))
    assert made == Add(expected)


def test_what_is_in_force_is_not_said_again() -> None:
    text = "[DECISION]: Keep `sqlite`\n[DECISION]: Keep `sqlite`"
    (made,) = entries(text, 1, Ledger())
    assert entries(text, 2, apply_operation(Ledger(), made)) == ()


def test_a_decision_that_was_superseded_can_be_taken_again() -> None:
    ledger = Ledger()
    for turn, said in enumerate(("Keep `sqlite`", "Drop `sqlite`", "Keep `sqlite`"), 1):
        for made in entries(f"[DECISION]: {said}", turn, ledger):
            ledger = apply_operation(ledger, made)
    assert [one.text for one in ledger.live()] == ["Keep `sqlite`"]
    assert len(ledger.entries) == 3


def test_names_in_a_turn_are_free_ones_whatever_was_deleted() -> None:
    ledger = Ledger({"t1.2": entry("t1.2")})
    made = entries("[DECISION]: one\n[DECISION]: two", 1, ledger)
    assert [one.entry.id for one in made] == ["t1.1", "t1.3"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(SAID), st.text(max_size=40)), max_size=8).map("\n".join))
def test_no_entry_is_empty_or_runs_over_its_line(text: str) -> None:
    for made in entries(text, 1, Ledger()):
        assert made.entry.text.strip() == made.entry.text != ""
        assert len(made.entry.text.splitlines()) == 1
