"""The rolling summary: a pure rendering that never exceeds its budget."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from throughline.domain.ledger import Entry, EntryKind, Ledger
from throughline.llm.tokens import O200k
from throughline.memory.chronicle import ChronicleLine
from throughline.memory.summary import (
    SECTIONS,
    Count,
    SummaryLine,
    one_line,
    rolling_summary,
    summary_lines,
    summary_markdown,
    wording,
)
from throughline.memory.summary_parser import parse_edits
from unit.event_logs import KINDS, count, entry

EMPTY = """\
## Rolling Summary — Turn 3

**Objective:** mend the shed

**Decisions Made:**
- none

**Current State:** not stated

**Work Completed:**
- none

**Open Questions:**
- none

**Known Issues:**
- none

**Do Not Revisit:**
- none
"""
FULL = """\
## Rolling Summary — Turn 9

**Objective:** not stated

**Decisions Made:**
- No new packages
- Keep SQLite because it is there (revised)

**Current State:** Tests pass.

**Work Completed:**
- The store holds
- Asked: a store

**Open Questions:**
- Lapse when? [user]

**Known Issues:**
- `make` fails

**Do Not Revisit:**
- Threads — they lock
"""


def ledger(*entries: Entry) -> Ledger:
    return Ledger({one.id: one for one in entries})


def test_an_empty_ledger_keeps_every_section() -> None:
    assert rolling_summary(Ledger(), "mend the shed", 3, 800, count) == EMPTY


def test_each_kind_stands_in_its_section_one_entry_a_line() -> None:
    made = ledger(
        entry("1", "Asked: a store", "work"),
        entry("2", "Keep SQLite.", why="it is there", supersedes="0"),
        entry("3", "No new\npackages", "constraint"),
        entry("4", "Tests pass.", "state", supersedes="0"),
        entry("5", "The store holds", "milestone"),
        entry("6", "Lapse when?", "question", owner="user"),
        entry("7", "`make` fails", "issue"),
        entry("8", "Threads", "rejected", why="they lock"),
        entry("9", "Use files", state="revised"),
        entry("10", "Answered", "question", state="resolved"),
        entry("11", "An objective", "objective"),
    )
    assert rolling_summary(made, "", 9, 800, count) == FULL


def test_what_does_not_fit_is_counted_and_can_be_recalled() -> None:
    made = ledger(*(entry(f"e{n}", f"decision number {n} " * 5, turns=(n,)) for n in range(40)))
    text = rolling_summary(made, "x", 1, 300, count)
    shown = len(re.findall("^- decision number", text, re.MULTILINE))
    assert 0 < shown < 40
    assert f"- … and {40 - shown} more: recall decisions\n" in text
    assert "decision number 39" in text
    assert "decision number 0 " not in text


ORDER = [
    (entry("a", "x" * 200, "work", pinned=True), entry("b", "y" * 200, "constraint")),
    (entry("a", "x" * 200, "work", author="user"), entry("b", "y" * 200, "decision")),
    (entry("a", "x" * 200, "constraint"), entry("b", "y" * 200, "rejected")),
    (entry("a", "x" * 200, "milestone"), entry("b", "y" * 200, "issue")),
    (entry("a", "x" * 200, "milestone"), entry("b", "y" * 200, "work")),
    (entry("a", "x" * 200, turns=(2,)), entry("b", "y" * 200, turns=(1,))),
]


@pytest.mark.parametrize("pair", ORDER, ids=lambda pair: f"{pair[0].kind} before {pair[1].kind}")
def test_what_matters_more_comes_first(pair: tuple[Entry, Entry]) -> None:
    budget = count(rolling_summary(Ledger(), "x", 1, 800, count)) + 100
    text = rolling_summary(ledger(*reversed(pair)), "x", 1, budget, count)
    assert pair[0].text in text
    assert pair[1].text not in text


def test_a_state_that_does_not_fit_is_not_said_to_be_missing() -> None:
    made = ledger(entry("a", "x" * 300, "state"), entry("b", "x" * 300, "constraint"))
    assert "**Current State:** … recall state\n" in rolling_summary(made, "x", 1, 120, count)


REST = "Use the second table for all of it. "


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Keep it whole. " + REST * 20, "Keep it whole. " + REST * 10 + "…"),
        ("Keep it, " + "word " * 200 + "but never on Sundays.", "Keep it, " + "word " * 200 + "but never on Sundays."),
    ],
    ids=["sentences that do not fit", "one long sentence"],
)  # fmt: skip
def test_a_long_line_ends_where_a_sentence_does(text: str, shown: str) -> None:
    assert one_line(entry("a", text)) == shown


def test_an_objective_is_shown_in_whole_sentences_or_not_at_all() -> None:
    def shown(objective: str) -> str:
        return rolling_summary(Ledger(), objective, 1, 800, count).splitlines()[2]

    assert shown("Mend the shed. " + "Never touch the roof of it. " * 9).endswith("Never touch the roof of it. …")
    assert shown("Mend it, " + "board by board, " * 12 + "but not the roof.").endswith("but not the roof.")
    assert shown("Mend it, " + "board by board, " * 99 + "but not the roof.") == "**Objective:** … recall objective"


_texts = st.one_of(st.text(max_size=60), st.sampled_from(("**Known Issues:**", "- none", "word " * 70, "界" * 300)))
_entries = st.builds(
    lambda kind, text, **more: entry("", text, kind, **more),
    st.sampled_from((*KINDS, "rule")),
    _texts,
    why=st.sampled_from(("", "so it is")),
    state=st.sampled_from(("active", "active", "revised", "resolved")),
    pinned=st.booleans(),
    turns=st.lists(st.integers(1, 99), max_size=2).map(tuple),
)
_ledgers = st.lists(_entries, max_size=25).map(
    lambda made: Ledger({str(n): evolve(one, id=str(n)) for n, one in enumerate(made)})
)
_exact = O200k()


@pytest.mark.slow
@pytest.mark.parametrize("size", [count, _exact.count], ids=["near", "o200k"])
@settings(max_examples=60, deadline=None)
@given(_ledgers, _texts, st.integers(0, 9_999), st.integers(120, 900))
def test_any_ledger_fits_any_budget_with_every_section_and_true_counts(
    size: Count, made: Ledger, objective: str, turn: int, budget: int
) -> None:
    text = rolling_summary(made, objective, turn, budget, size)
    assert size(text) <= budget
    lines = [line for line in text.splitlines() if line]
    heads = [line.split(":**")[0] + ":**" for line in lines if line.startswith("**")]
    assert heads == [f"**{section.title}:**" for section in SECTIONS]
    rows = summary_lines(made, objective, turn, budget, size)
    live = made.live()
    for section in SECTIONS:
        mine = [one for one in live if one.kind in section.kinds]
        if section.inline:
            continue
        body = [row for row in rows if row.section == section.title]
        shown = [one.id for row in body for one in row.entries]
        assert len(shown) == len(set(shown))
        assert {one.id for one in mine} >= set(shown)
        counted = sum(
            int(more[1]) for row in body if (more := re.fullmatch(r"- … and (\d+) more: recall \w+", row.text))
        )
        # Entries of one section that say the same are shown and counted as one.
        hidden = {wording(one) or one.id for one in mine if one.id not in shown}
        assert counted == len(hidden)
        assert mine or [row.text for row in body] == ["- none"]
    law = [row for row in rows if row.entries and row.entries[0].kind == "rule"]
    assert sum(size(f"{row.text}\n") for row in law) <= budget / 2 + 1


def rules(number: int, text: str = "Never lend saw {n} to a child, unless a parent signs.") -> tuple[Entry, ...]:
    return tuple(entry(f"r{n}", text.format(n=n), "rule", author="user", turns=(n,)) for n in range(1, number + 1))


def test_rules_stand_first_word_for_word_and_never_cut() -> None:
    long = "Never push to main. " + "Ask me before each release. " * 20 + "But not on Fridays."
    made = ledger(entry("d", "Use files"), *rules(1), entry("r", long, "rule", author="user"))
    body = below(rolling_summary(made, "x", 1, 800, count), "Decisions Made")
    assert body == ["- Rule: Never lend saw 1 to a child, unless a parent signs.", f"- Rule: {long}", "- Use files"]


def test_rules_get_half_of_the_budget_the_oldest_kept_and_the_rest_counted() -> None:
    made = ledger(*rules(60), *(entry(f"d{n}", f"Decision {n} of the shed", turns=(n,)) for n in range(40)))
    body = below(rolling_summary(made, "x", 1, 800, count), "Decisions Made")
    kept = [line for line in body if line.startswith("- Rule:")]
    assert kept == [f"- Rule: {one.text}" for one in rules(len(kept))]
    assert 20 < len(kept) < 30
    assert body[len(kept)] == f"- … and {60 - len(kept)} more: recall rules"
    assert sum(line.startswith("- Decision") for line in body) > 5


def below(text: str, title: str) -> list[str]:
    """The lines below a heading."""
    return text.split(f"**{title}:**")[1].split("\n\n", maxsplit=1)[0].strip().splitlines()


FLOORS: tuple[EntryKind, ...] = ("constraint", "milestone", "question", "issue", "rejected")


@pytest.mark.parametrize("kind", FLOORS)
def test_no_flood_of_newest_entries_pushes_out_another_section(kind: EntryKind) -> None:
    for flood in ("decision", *(other for other in FLOORS if other != kind)):
        many = [entry(f"f{n}", f"Flood {n} " + "of words " * 9, flood, turns=(n + 9,)) for n in range(60)]
        made = ledger(*rules(40), *many, *(entry(f"k{n}", f"Kept {n}", kind) for n in range(2)))
        text = rolling_summary(made, "x", 1, 800, count)
        assert "- Kept 0\n" in text
        assert "- Kept 1\n" in text


def test_the_users_pins_come_before_the_newest_but_leave_each_section_its_floor() -> None:
    pinned = [entry(f"p{n}", f"Pinned {n} " + "of words " * 9, pinned=True, turns=(1,)) for n in range(60)]
    newest = [entry(f"n{n}", f"Newest {n} " + "of words " * 9, turns=(9,)) for n in range(60)]
    text = rolling_summary(ledger(*newest, *pinned, entry("q", "Kept?", "question")), "x", 1, 800, count)
    assert "- Kept?\n" in text
    assert text.count("- Pinned") > 10
    assert text.count("- Newest") <= 1


SAME = [
    ("a rule and a decision", entry("a", "Never push.", "rule"), entry("b", "never push"), "- Rule: Never push."),
    ("code marks", entry("a", "Use `uv`"), entry("b", "Use uv.", why="it is fast"), "- Use uv because it is fast"),
    ("a constraint", entry("a", "No cookies", "constraint"), entry("b", "No cookies"), "- No cookies"),
]


@pytest.mark.parametrize(("case", "one", "other", "line"), SAME, ids=[row[0] for row in SAME])
def test_one_fact_has_one_wording(case: str, one: Entry, other: Entry, line: str) -> None:
    for made in (ledger(one, other), ledger(other, one)):
        rows = [row for row in summary_lines(made, "x", 1, 800, count) if row.entries]
        assert [row.text for row in rows] == [line]
        assert {entry.id for entry in rows[0].entries} == {"a", "b"}


DIFFERENT = [
    (entry("a", "Never push to main", "rule"), entry("b", "Push to main")),
    (entry("a", "Use Redis", "rejected"), entry("b", "Use Redis")),
    (entry("a", "Cache it?", "question"), entry("b", "Cache it", "milestone")),
]


@pytest.mark.parametrize("pair", DIFFERENT, ids=lambda pair: pair[0].text)
def test_what_does_not_say_the_same_is_not_shown_as_one(pair: tuple[Entry, Entry]) -> None:
    assert sum(bool(row.entries) for row in summary_lines(ledger(*pair), "x", 1, 800, count)) == 2


def test_a_reason_that_the_text_gives_already_is_not_said_twice() -> None:
    assert one_line(entry("a", "Use files because they are plain", why="they are plain")) == (
        "Use files because they are plain"
    )


def test_of_failing_commands_the_newest_are_named() -> None:
    made = [entry(f"e{n}", f"`make {n}` fails", "issue", author="code", turns=(n,)) for n in range(9)]
    body = below(rolling_summary(ledger(*made), "x", 1, 800, count), "Known Issues")
    assert body == ["- `make 6` fails", "- `make 7` fails", "- `make 8` fails", "- … and 6 more: recall issues"]


def test_markdown_shows_each_heading_on_its_own_and_each_entry_as_a_point() -> None:
    text = rolling_summary(ledger(*rules(2), entry("a", "It holds", "milestone")), "mend it", 3, 800, count)
    html = MarkdownIt().render(text)
    assert html.count("<p><strong>") == len(SECTIONS)
    assert html.count("<li>") == 2 + 1 + 3
    assert "</li>\n</ul>\n<p><strong>Current State:</strong> not stated</p>" in html


def told(*turns: int, words: int = 1) -> tuple[ChronicleLine, ...]:
    """A chronicle, each turn at length and in short."""
    texts = {n: [f"«Mend {n}{' well' * size}» → changed" for size in (40 * words, words)] for n in turns}
    return tuple(ChronicleLine(n, long, changed=True, shorter=(short,)) for n, (long, short) in texts.items())


def test_the_newest_turns_are_told_and_the_rest_counted() -> None:
    def lines(number: int) -> list[str]:
        made = ledger(entry("m", "It holds", "milestone"))
        return work(summary_lines(made, "x", 1, 400, count, (), told(*range(1, number))))

    assert lines(4) == ["- It holds", *(f"- {one.line}" for one in reversed(told(1, 2, 3)))]
    many = lines(40)
    assert many[0] == "- It holds"
    assert [line.split(":")[0] for line in many[1:-1]] == [f"- Turn {n}" for n in range(39, 41 - len(many), -1)]
    assert len(many) > 12
    assert many[-1] == f"- … and {39 - (len(many) - 2)} more turns: recall work"


def test_a_line_of_the_chronicle_leads_to_its_turn() -> None:
    rows = summary_lines(Ledger(), "x", 1, 400, count, (), told(7))
    assert [row.turns for row in rows if row.told] == [(7,)]


def test_ten_turns_without_a_tag_give_fifteen_lines() -> None:
    made = ledger(entry("s", "Two boards are left.", "state"))
    rows = summary_lines(made, "Mend the shed", 10, 800, _exact.count, ("shed.py",), told(*range(1, 11), words=30))
    text = summary_markdown(rows)
    assert _exact.count(text) <= 800
    assert sum(line.startswith("- Turn ") for line in text.splitlines()) == 10
    assert len([row for row in rows if row.text != "- none" and not row.text.endswith(":**")]) == 14


@settings(max_examples=40, deadline=None)
@given(_ledgers, st.integers(0, 30), st.integers(1, 9), st.integers(120, 900))
def test_a_summary_with_its_chronicle_keeps_its_budget(made: Ledger, turns: int, words: int, budget: int) -> None:
    lines = told(*range(1, turns + 1), words=words)
    rows = summary_lines(made, "mend", 3, budget, _exact.count, ("a.py", "b.py"), lines)
    assert _exact.count(summary_markdown(rows)) <= budget
    shown = [row.told for row in rows if row.told]
    left = [int(more[1]) for row in rows if (more := re.fullmatch(r"- … and (\d+) more turns: recall work", row.text))]
    assert shown == sorted(shown, reverse=True)
    assert not left or len(shown) + left[0] == turns


def with_files(files: tuple[str, ...], *entries: Entry, budget: int = 800) -> list[str]:
    """The lines of Work Completed of a summary that names files."""
    return work(summary_lines(ledger(*entries), "mend", 3, budget, count, files))


def work(rows: Sequence[SummaryLine]) -> list[str]:
    """The lines below Work Completed."""
    lines = [line for line in summary_markdown(rows).splitlines() if line]
    return lines[lines.index("**Work Completed:**") + 1 : lines.index("**Open Questions:**")]


DONE = entry("w1", "The store holds", "milestone")
FILES: list[tuple[str, tuple[str, ...], tuple[Entry, ...], list[str]]] = [
    ("nothing was changed", (), (), ["- none"]),
    ("one file", ("a.py",), (), ["- Files: a.py"]),
    ("above what was done", ("b.py", "src/a.py"), (DONE,), ["- Files: b.py, src/a.py", "- The store holds"]),
    (
        "as many as fit, the newest first",
        tuple(f"src/module_number_{n:03}.py" for n in range(40)),
        (),
        ["- Files: " + ", ".join(f"src/module_number_{n:03}.py" for n in range(9)) + " … and 31 more"],
    ),
]


@pytest.mark.parametrize(("name", "files", "entries", "lines"), FILES, ids=[row[0] for row in FILES])
def test_the_files_that_were_changed_stand_on_one_line(
    name: str, files: tuple[str, ...], entries: tuple[Entry, ...], lines: list[str]
) -> None:
    assert with_files(files, *entries) == lines


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=90), max_size=60), st.integers(200, 900))
def test_a_summary_that_names_files_keeps_its_budget(files: list[str], budget: int) -> None:
    names = tuple(" ".join(name.split()) for name in files)
    entries = [entry(f"e{n}", f"What was done in step {n}", "work") for n in range(60)]
    made = summary_markdown(summary_lines(ledger(*entries), "mend", 3, budget, count, names))
    assert count(made) <= budget


def test_the_line_of_files_is_nothing_that_a_user_says() -> None:
    now = ledger(DONE)
    rows = summary_lines(now, "mend", 3, 800, count, ("a.py", "b.py"))
    shown = summary_markdown(rows)
    assert parse_edits(now, rows, shown, shown, 4) == ()
    assert parse_edits(now, rows, shown, shown.replace("- Files: a.py, b.py\n", ""), 4) == ()
    (change,) = parse_edits(now, rows, shown, shown.replace("The store holds", "The store holds twice"), 4)
    assert getattr(change, "id", "") == "w1"
