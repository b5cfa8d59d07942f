"""Distillation: what lasts moves into the archive, and what a person wrote there stays."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import Event, ToolCalled
from throughline.domain.ledger import Entry, EntryKind, Ledger
from throughline.domain.session import Session
from throughline.llm.tokens import O200k
from throughline.memory.archive.distill import Count, chronicle_entries, distill, rules_outgrow
from throughline.memory.archive.document import ARCHIVE_SECTIONS, archive_for_model
from throughline.memory.chronicle import ChronicleLine
from throughline.memory.rule_subjects import rule_subject
from unit.event_logs import KINDS, count, entry, replied, session, spoke, tool

TITLES = [f"### {title}" for title, _ in ARCHIVE_SECTIONS]
ID = re.compile(r" <!--(\d{12})-->$")


def holding(*entries: Entry, name: str = "s") -> Session:
    return Session(id=name, project="toolshed", ledger=Ledger({one.id: one for one in entries}))


def plain(text: str) -> list[str]:
    return [ID.sub("", line) for line in text.splitlines() if line]


def section(text: str, title: str) -> list[str]:
    rest = text.split(f"### {title}\n")[1]
    return plain(rest.split("\n### ")[0].split("\n\n")[0])


def test_a_first_archive_has_every_section_and_names_the_project() -> None:
    assert plain(distill(holding(), "", 2_000, count)) == [
        "## Project Archive: toolshed", *TITLES[:2], "- toolshed", *TITLES[2:]
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
    (entry("a", "A loan lasts 7 days", "fact"), "Facts", "- A loan lasts 7 days"),
    (entry("a", "Never push, unless I say so", "rule", author="user"), "Rules", "- Never push, unless I say so"),
]


@pytest.mark.parametrize(("one", "title", "line"), PLACES, ids=[row[0].kind for row in PLACES])
def test_what_lasts_has_its_section(one: Entry, title: str, line: str) -> None:
    assert section(distill(holding(one), "", 2_000, count), title) == [line]


@pytest.mark.parametrize("kind", ["work", "objective"])
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


ORDER: tuple[tuple[EntryKind, ...], ...] = (
    ("rejected", "constraint", "decision"),
    ("milestone",),
    ("issue",),
    ("fact",),
)


def test_over_budget_each_section_keeps_its_newest_and_the_least_lasting_goes_first() -> None:
    kinds = [kind for row in ORDER for kind in row]
    made = holding(*(entry(f"{kind}{n}", f"{kind} {n} " + "x" * 60, kind) for kind in kinds for n in range(5)))
    whole = count(distill(made, "", 9_999, count))
    for budget in range(whole - 20, whole - 350, -30):
        text = distill(made, "", budget, count)
        kept = {kind: [n for n in range(5) if f"- {kind} {n} " in text] for kind in kinds}
        assert all({3, 4} <= set(some) for some in kept.values())
        assert all(some == list(range(5 - len(some), 5)) for some in kept.values())
        sizes = [[len(kept[kind]) for kind in row] for row in ORDER]
        # A row is cut only where those below it have no more than their floor.
        for row, below in pairwise(sizes):
            assert min(row) == 5 or max(below) == 2
        assert all(max(row) - min(row) <= 1 for row in sizes)


def rules(number: int) -> tuple[Entry, ...]:
    text = "Never lend saw {n} to a child, unless a parent has signed for it."
    return tuple(entry(f"r{n}", text.format(n=n), "rule", author="user") for n in range(number))


def test_rules_come_before_all_else_word_for_word_and_may_take_the_whole_budget() -> None:
    others = [entry(f"{kind}{n}", f"{kind} {n} " + "x" * 60, kind) for kind in KINDS for n in range(9)]
    text = distill(holding(*others, *rules(40)), "", 900, count)
    kept = section(text, "Rules")
    assert kept[:-1] == [f"- {one.text}" for one in rules(len(kept) - 1)]
    assert kept[-1] == f"… and {40 - len(kept) + 1} more rules of this project: recall rules"
    assert len(kept) > 25
    assert count(text) <= 900
    assert distill(holding(*others, *rules(40)), text, 900, count) == text
    assert rules_outgrow(holding(*rules(40)), 900, count) > 800
    assert not rules_outgrow(holding(*rules(5)), 900, count)
    all_of_them = section(distill(holding(*others, *rules(12)), "", 900, count), "Rules")
    assert all_of_them == [f"- {one.text}" for one in rules(12)]


def test_a_rule_that_the_user_keeps_for_this_machine_is_in_no_archive() -> None:
    mine = evolve(entry("a", "No emoji, please, ever.", "rule", author="user"), mine=True)
    text = distill(holding(mine, *rules(1)), "", 2_000, count)
    assert section(text, "Rules") == [f"- {rules(1)[0].text}"]
    assert not rules_outgrow(holding(*(evolve(one, mine=True) for one in rules(40))), 900, count)


def test_every_session_writes_the_same_line_of_a_rule_and_the_user_alone_retires_it() -> None:
    first = distill(holding(*rules(2)), "", 2_000, count)
    assert distill(holding(*rules(2), name="t"), first, 2_000, count) == first
    # A session that does not know a rule, as one of a colleague's, leaves its line.
    assert section(distill(holding(name="u"), first, 2_000, count), "Rules") == [f"- {one.text}" for one in rules(2)]
    retired = evolve(rules(2)[0], state="resolved")
    assert section(distill(holding(retired, rules(2)[1], name="u"), first, 2_000, count), "Rules") == [
        f"- {rules(2)[1].text}"
    ]


SAME = [
    (entry("a", "Never push.", "rule"), entry("b", "never push"), "Rules"),
    (entry("a", "`uv` runs it", "constraint"), entry("b", "uv runs it", "constraint"), "Constraints"),
]


@pytest.mark.parametrize(("one", "other", "title"), SAME, ids=lambda value: str(value)[:20])
def test_one_fact_has_one_line(one: Entry, other: Entry, title: str) -> None:
    text = distill(holding(one, other), "", 2_000, count)
    assert section(text, title) == [f"- {one.text}"]
    assert sum(line.startswith("- ") for line in text.splitlines()) == 2


@pytest.mark.parametrize("name", ["s", "t"])
def test_a_line_that_a_person_changed_by_hand_is_theirs_in_every_later_session(name: str) -> None:
    first = distill(holding(entry("a", "Use files"), entry("b", "two")), "", 2_000, count)
    hand = first.replace("- Use files ", "- Use files, but never on a network drive ")
    many = [entry(f"n{n}", f"decision {n} " + "x" * 60) for n in range(60)]
    text = distill(holding(entry("a", "Use files"), entry("b", "two"), *many, name=name), hand, 600, count)
    lines = [line for line in section(text, "Architectural Decisions") if "Use files" in line]
    assert lines[0] == "- Use files, but never on a network drive"
    # Another session may say what it knows beside it; the one that wrote the line does not say it anew.
    assert len(lines) == (1 if name == "s" else len(lines))
    assert next(line for line in hand.splitlines() if "network" in line) in text.splitlines()


def changing(name: str, *turns: tuple[int, int]) -> Session:
    """A session of turns, each by its number and how many files it changed."""
    events: list[Event] = []
    for turn, files in turns:
        wish = f"Mend step {turn} of {name}, board by board." if files else f"How is step {turn} of {name} mended?"
        events.append(spoke(turn, wish))
        for n in range(files):
            events += tool(turn, f"{name}-{turn}-{n}", path=f"{name}{turn}{n}.py")
        events.append(replied(turn, "It is mended."))
    made = session(*(evolve(one, tool="edit_file") if isinstance(one, ToolCalled) else one for one in events))
    return evolve(made, id=name)


def told(text: str) -> list[str]:
    return [
        found[0] for line in section(text, "Completed Milestones") if (found := re.search(r"step \d+ of \w+", line))
    ]


def test_the_chronicle_of_what_changed_something_stands_below_the_milestones_and_is_written_once() -> None:
    made = changing("one", (1, 2), (2, 0), (3, 1))
    text = distill(made, "", 2_000, count)
    assert told(text) == ["step 1 of one", "step 3 of one"]
    assert distill(made, text, 2_000, count) == text


def test_each_session_that_changed_something_keeps_a_line_and_the_newest_keep_more() -> None:
    text = ""
    for name in ("one", "two", "three", "four"):
        text = distill(changing(name, (1, 1), (2, 4), (3, 1), (4, 1)), text, 540, count)
    kept = told(text)
    assert {line.split()[-1] for line in kept} == {"one", "two", "three", "four"}
    assert "step 2 of one" in kept
    assert sum(line.endswith("four") for line in kept) > sum(line.endswith("one") for line in kept)
    assert count(text) <= 540


def test_turns_that_changed_something_come_before_those_in_which_something_was_wanted() -> None:
    lines = [
        ChronicleLine(n, f"«Mend board {n} as the first one was» → answered", changed=n % 2 == 0, demands=n > 2)
        for n in range(1, 9)
    ]

    def turns(room: int, *, talked: bool = False) -> list[int]:
        return [int(one.text.split()[1][:-1]) for one in chronicle_entries(lines, "s", room, count, talked=talked)]

    assert turns(2_000) == [3, 5, 7, 2, 4, 6, 8]
    assert turns(2_000, talked=True) == [1, 3, 5, 7, 2, 4, 6, 8]
    assert turns(100) == [2, 4, 6, 8][-len(turns(100)) :]
    assert 2 <= len(turns(100)) <= 4
    assert len({one.id for one in chronicle_entries(lines, "s", 2_000, count, talked=True)}) == 8


def test_what_somebody_said_comes_before_the_chronicle() -> None:
    said = [
        entry(f"{kind}{n}", f"{kind} {n} " + "x" * 60, kind) for kind in ("decision", "milestone") for n in range(9)
    ]
    made = evolve(changing("one", *((n, 2) for n in range(1, 20))), ledger=holding(*said).ledger)
    text = distill(made, "", 800, count)
    assert all(f"- {one.text}" in text for one in said)
    assert told(text)


IDENTITIES = [
    ("the project says what it is", "", "toolshed: lends tools", ["- toolshed: lends tools"]),
    ("it says nothing", "", "", ["- toolshed"]),
    ("a person has said it", "### Project Identity\n- Our shed\n", "toolshed: lends tools", ["- Our shed"]),
    ("an earlier edition wrote the name", "### Project Identity\n- toolshed <!-- 43d1b01a -->\n",
     "toolshed: lends tools", ["- toolshed: lends tools"]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "old", "identity", "lines"), IDENTITIES, ids=[row[0] for row in IDENTITIES])
def test_the_archive_says_what_the_project_is(case: str, old: str, identity: str, lines: list[str]) -> None:
    text = distill(holding(), f"## Project Archive: toolshed\n{old}" if old else "", 2_000, count, identity)
    assert section(text, "Project Identity") == lines
    assert distill(holding(), text, 2_000, count, identity) == text
    # Where it is not known any more, for instance in another checkout, what stands there stays.
    assert section(distill(holding(), text, 2_000, count), "Project Identity") == lines


def test_a_model_is_sent_no_ids_and_no_section_that_says_nothing() -> None:
    text = distill(holding(entry("a", "Use files")), HANDMADE + "- old <!-- 0123abcd -->\n", 2_000, count)
    sent = archive_for_model(text)
    assert "<!--" not in sent
    assert "### Known Issues" not in sent
    assert [line for line in sent.splitlines() if line] == [
        line for line in plain(text.replace(" <!-- 0123abcd -->", "")) if line in sent
    ]
    assert sent.count("\n\n\n") == 0
    assert _exact.count(sent) < _exact.count(text)


_exact = O200k()


def test_a_line_of_the_file_costs_six_tokens_more_than_its_text() -> None:
    lines = [f"Decision {n} of the shed" for n in range(50)]
    text = distill(holding(*(entry(f"e{n}", line) for n, line in enumerate(lines))), "", 9_000, count)
    assert _exact.count(text) - _exact.count("\n".join(plain(text))) <= 6.5 * 51


_texts = st.one_of(
    st.sampled_from(
        ("one", "two", "- three", "### four", "## five", "x <!-- 0123abcd -->", "y <!--000000000000-->", "w " * 120)
    ),
    st.text(max_size=40),
)
_rows = st.tuples(_texts, st.sampled_from((*KINDS, "rule")), st.sampled_from(("active", "active", "revised")))
_sessions = st.builds(
    lambda name, rows: holding(
        *(entry(f"e{n}", row[0], row[1], state=row[2]) for n, row in enumerate(rows)),
        name=name,
    ),
    st.sampled_from("stu"),
    st.lists(_rows, max_size=12),
)
_written = ("- mine", "a paragraph", "### Constraints", "### Glossary", "  - deep", "## Title")
_hand = st.lists(st.one_of(st.sampled_from(_written), st.text(max_size=20)), max_size=10).map("\n".join)


@pytest.mark.slow
@pytest.mark.parametrize("size", [count, _exact.count], ids=["near", "o200k"])
@settings(max_examples=60, deadline=None)
@given(_hand, st.lists(_sessions, min_size=1, max_size=4), st.integers(200, 1_000))
def test_any_archive_keeps_a_persons_lines_its_budget_and_its_ids(
    size: Count, hand: str, sessions: list[Session], budget: int
) -> None:
    bare = size(distill(Session(project="toolshed"), hand, 0, size))
    text = hand
    for made in sessions:
        text = distill(made, text, budget, size)
        assert distill(made, text, budget, size) == text
        kept = text.splitlines()
        for line in hand.splitlines():
            assert line.rstrip() in kept or (line.startswith("### ") and f"### {line[4:].strip()}" in kept)
        assert size(text) <= max(budget, bare)
        ids = [found[1] for line in kept if (found := ID.search(line))]
        assert len(set(ids)) == len(ids)
