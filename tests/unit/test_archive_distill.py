"""Distillation: what lasts moves into the archive, and what a person wrote there stays."""

from __future__ import annotations

import re

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.ledger import Entry, Ledger
from throughline.domain.session import Session
from throughline.memory.archive import SECTIONS, distill
from throughline.memory.rule_subjects import rule_subject
from unit.event_logs import KINDS, count, entry

# The rules have a section where there are any.
TITLES = [f"### {title}" for title, _ in SECTIONS if title != "Rules"]
ID = re.compile(r" <!-- ([0-9a-f]{8}) -->$")


def holding(*entries: Entry, name: str = "s") -> Session:
    return Session(id=name, project="toolshed", ledger=Ledger({one.id: one for one in entries}))


def plain(text: str) -> list[str]:
    return [ID.sub("", line) for line in text.splitlines() if line]


def section(text: str, title: str) -> list[str]:
    rest = text.split(f"### {title}\n")[1]
    return plain(rest.split("\n### ")[0].split("\n\n")[0])


def test_a_first_archive_has_every_section_and_names_the_project() -> None:
    assert plain(distill(holding(), "", 2_000, count)) == [
        "## Project Archive: toolshed", TITLES[0], "- toolshed", *TITLES[1:]
    ]  # fmt: skip


PLACES = [
    (entry("a", "Keep SQLite", why="it is there"), "Architectural Decisions", "- Keep SQLite because it is there"),
    (entry("a", "It holds", "milestone"), "Completed Milestones", "- It holds"),
    (entry("a", "Tests pass.", "state"), "Current State", "- Tests pass."),
    (entry("a", "It leaks", "issue"), "Known Issues", "- It leaks"),
    (entry("a", "Lapse when?", "question", owner="user"), "Known Issues", "- Open question: Lapse when? [user]"),
    (entry("a", "No packages", "constraint"), "Constraints", "- No packages"),
    (entry("a", "One noun a module", "pattern"), "Patterns & Standards", "- One noun a module"),
    (entry("a", "Threads", "rejected", why="they lock"), "Do Not Revisit", "- Threads — they lock"),
]


@pytest.mark.parametrize(("one", "title", "line"), PLACES, ids=[row[0].kind for row in PLACES])
def test_what_lasts_has_its_section(one: Entry, title: str, line: str) -> None:
    assert section(distill(holding(one), "", 2_000, count), title) == [line]


@pytest.mark.parametrize("kind", ["work", "fact", "objective"])
def test_what_passes_is_left_out(kind: str) -> None:
    made = entry("a", "something passing", kind)  # type: ignore[arg-type]
    assert "passing" not in distill(holding(made), "", 2_000, count)


def test_a_later_session_adds_to_what_an_earlier_one_wrote() -> None:
    first = distill(holding(entry("a", "one"), entry("b", "old state", "state")), "", 2_000, count)
    second = distill(holding(entry("a", "two"), entry("b", "new state", "state"), name="t"), first, 2_000, count)
    assert section(second, "Architectural Decisions") == ["- one", "- two"]
    assert section(second, "Current State") == ["- new state"]
    kept = [line for line in first.splitlines() if ID.search(line) and "state" not in line]
    assert [line for line in second.splitlines() if line in kept] == kept


def test_what_is_no_longer_in_force_leaves_with_its_own_session_only() -> None:
    first = distill(holding(entry("a", "one")), "", 2_000, count)
    revised = holding(entry("a", "one", state="revised"), entry("b", "two", supersedes="a"))
    assert section(distill(revised, first, 2_000, count), "Architectural Decisions") == ["- two (revised)"]
    other = evolve(revised, id="t")
    assert section(distill(other, first, 2_000, count), "Architectural Decisions") == ["- one", "- two (revised)"]


def said(name: str, text: str, weight: float, turn: int) -> Entry:
    return evolve(entry(name, text, turns=(turn,)), weight=weight, author="summariser")


def test_a_later_sessions_rule_takes_the_place_of_one_on_the_same_subject() -> None:
    rule = "Always start table names with '{}'."
    first = distill(holding(entry("a", rule.format("tl_"), "pattern"), entry("b", "one")), "", 2_000, count)
    later = entry("a", rule.format("db_"), "pattern", subject=rule_subject(rule.format("db_")))
    second = distill(holding(later, name="t"), first, 2_000, count)
    assert section(second, "Patterns & Standards") == ["- Always start table names with 'db_'."]
    assert section(second, "Architectural Decisions") == ["- one"]


def test_a_persons_own_rule_stays_beside_a_later_one() -> None:
    hand = "## Project Archive: toolshed\n### Patterns & Standards\n- Always start table names with 'tl_'.\n"
    later = entry("a", "Always start table names with 'db_'.", "pattern", subject="rule: start table")
    assert len(section(distill(holding(later), hand, 2_000, count), "Patterns & Standards")) == 2


def test_sentences_of_one_turn_share_a_line_and_its_id() -> None:
    text = distill(holding(said("a", "Use files.", 2, 1), said("b", "They are plain.", 1, 1)), "", 2_000, count)
    assert section(text, "Architectural Decisions") == ["- Use files. They are plain."]


def test_new_sentences_leave_room_for_what_earlier_sessions_wrote() -> None:
    old = distill(holding(*(entry(f"e{n}", f"old decision {n}") for n in range(10))), "", 2_000, count)
    words = [said(f"s{n}", f"sentence {n} about subject{n} and matter{n}.", 1, n) for n in range(60)]
    text = distill(holding(*words, name="t"), old, count(old) + 250, count)
    assert text.count("old decision") == 10
    assert 5 < text.count("sentence") < 60


def test_standing_rules_come_before_all_else() -> None:
    rules = [entry(f"r{n}", f"Always import 'module{n}'.", "pattern") for n in range(12)]
    words = [said(f"s{n}", f"sentence {n} about subject{n} and matter{n}.", 9, n) for n in range(60)]
    text = distill(holding(*words, *rules), "", 400, count)
    assert text.count("Always import") == 12


def test_what_is_said_already_is_not_said_twice() -> None:
    first = distill(holding(entry("a", "one"), entry("b", "two")), "", 2_000, count)
    again = distill(holding(entry("x", "one"), name="t"), first, 2_000, count)
    assert section(again, "Architectural Decisions") == ["- two", "- one"]
    assert set(again.splitlines()) == set(first.splitlines())
    mine = first.replace("### Constraints\n", "### Constraints\n- No packages\n")
    said = distill(holding(entry("x", "No packages", "constraint"), name="t"), mine, 2_000, count)
    assert section(said, "Constraints") == ["- No packages"]


HANDMADE = """\
## Our shed
### Project Identity
# The tool library
A paragraph by hand,
  - with an indented point
1. and a number
### Constraints
* No packages
### Glossary
| word | meaning |
## Not a title any more
"""


def test_a_handmade_archive_keeps_its_title_its_sections_and_every_line() -> None:
    made = distill(holding(entry("a", "one")), HANDMADE, 2_000, count).splitlines()
    assert made[0] == "## Our shed"
    assert [line for line in made if line in HANDMADE.splitlines()] == [
        *HANDMADE.splitlines()[:6], "### Constraints", "* No packages", *HANDMADE.splitlines()[-3:]
    ]  # fmt: skip


def test_over_budget_the_oldest_milestones_go_first_and_what_not_to_revisit_last() -> None:
    kinds = ("rejected", "constraint", "decision", "issue", "milestone")
    made = holding(*(entry(f"{kind}{n}", f"{kind} {n} " + "x" * 60, kind) for kind in kinds for n in range(4)))  # type: ignore[arg-type]
    whole = count(distill(made, "", 9_999, count))
    left = [distill(made, "", whole - 30 * share, count) for share in range(1, 14)]
    gone = [
        [f"{kind}{n}" for kind in reversed(kinds) for n in range(4) if f"- {kind} {n} " not in text] for text in left
    ]
    order = [f"{kind}{n}" for kind in reversed(kinds) for n in range(4)]
    assert all(one == order[: len(one)] for one in gone)
    assert len(gone[0]) < len(gone[-1])


_texts = st.one_of(
    st.sampled_from(("one", "two", "- three", "### four", "## five", "x <!-- 0123abcd -->", "w " * 120)),
    st.text(max_size=40),
)
_said = st.one_of(st.none(), st.tuples(st.floats(0.1, 5), st.integers(1, 3)))
_rows = st.tuples(_texts, st.sampled_from(KINDS), st.sampled_from(("active", "active", "revised")), _said)
_sessions = st.builds(
    lambda name, rows: holding(
        *(
            evolve(
                entry(f"e{n}", row[0], row[1], state=row[2]),
                weight=row[3][0] if row[3] else 0.0,
                turns=(row[3][1],) if row[3] else (1,),
            )
            for n, row in enumerate(rows)
        ),
        name=name,
    ),
    st.sampled_from("stu"),
    st.lists(_rows, max_size=12),
)
_written = ("- mine", "a paragraph", "### Constraints", "### Glossary", "  - deep", "## Title")
_hand = st.lists(st.one_of(st.sampled_from(_written), st.text(max_size=20)), max_size=10).map("\n".join)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(_hand, st.lists(_sessions, min_size=1, max_size=4), st.integers(200, 1_000))
def test_any_archive_keeps_a_persons_lines_its_budget_and_its_ids(
    hand: str, sessions: list[Session], budget: int
) -> None:
    bare = count(distill(Session(project="toolshed"), hand, 0, count))
    text = hand
    for session in sessions:
        text = distill(session, text, budget, count)
        assert distill(session, text, budget, count) == text
        kept = text.splitlines()
        for line in hand.splitlines():
            assert line.rstrip() in kept or (line.startswith("### ") and f"### {line[4:].strip()}" in kept)
        assert count(text) <= max(budget, bare)
        ids = [found[1] for line in kept if (found := ID.search(line))]
        assert len(set(ids)) == len(ids)
