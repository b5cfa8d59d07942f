"""The rolling summary: a pure rendering that never exceeds its budget."""

from __future__ import annotations

import re

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.ledger import Entry, EntryKind, Ledger
from throughline.llm.tokens import O200k
from throughline.memory.summary import (
    SECTIONS,
    Count,
    one_line,
    parse_edits,
    rolling_summary,
    summary_lines,
    summary_markdown,
)
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
    (entry("a", "x" * 200, "rejected"), entry("b", "y" * 200, "question")),
    (entry("a", "x" * 200, "issue"), entry("b", "y" * 200, "milestone")),
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


def heavy(name: str, text: str, weight: float, turn: int, kind: EntryKind = "decision") -> Entry:
    return evolve(entry(name, text, kind, turns=(turn,)), weight=weight, author="summariser")


def test_sentences_of_one_turn_share_a_line_and_are_counted_each() -> None:
    made = ledger(heavy("a", "Use files.", 3, 1), heavy("b", "They are plain.", 2, 1), heavy("c", "z" * 200, 1, 2))
    text = rolling_summary(made, "x", 2, 800, count)
    assert f"- Use files. They are plain.\n- {'z' * 200}\n" in text
    shorter = rolling_summary(made, "x", 2, count(text) - 10, count)
    assert "- Use files. They are plain.\n- … and 1 more: recall decisions\n" in shorter


def test_a_line_that_sentences_share_does_not_grow_past_what_a_reader_takes_in() -> None:
    made = ledger(*(heavy(str(n), f"{'x' * 150}{n} is kept.", 1, 1) for n in range(6)))
    lines = [line for line in rolling_summary(made, "x", 1, 800, count).splitlines() if line.startswith("- xxx")]
    assert [line.count("is kept.") for line in lines] == [2, 2, 2]


def test_what_is_worth_more_or_says_something_new_comes_first() -> None:
    made = ledger(
        heavy("a", "The store keeps holds for seven days.", 3, 1),
        heavy("b", "The store keeps its holds for seven days.", 2.9, 2),
        heavy("c", "A thread drains the mailbox.", 2, 3),
        heavy("d", "Nothing of note happened there.", 0.1, 4),
    )
    budget = count(rolling_summary(Ledger(), "x", 4, 800, count)) + 30
    text = rolling_summary(made, "x", 4, budget, count)
    assert [name for name in ("seven", "mailbox", "note") if name in text] == ["seven", "mailbox"]
    assert "- … and 2 more: recall decisions\n" in text


def test_what_somebody_made_an_entry_comes_before_any_sentence() -> None:
    made = ledger(heavy("a", "x" * 200, 9, 2), entry("b", "y" * 200, "work"))
    budget = count(rolling_summary(Ledger(), "x", 2, 800, count)) + 100
    assert "yyy" in rolling_summary(made, "x", 2, budget, count)
    assert "xxx" not in rolling_summary(made, "x", 2, budget, count)


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
        return rolling_summary(Ledger(), objective, 1, 800, count).splitlines()[1]

    assert shown("Mend the shed. " + "Never touch the roof of it. " * 9).endswith("Never touch the roof of it. …")
    assert shown("Mend it, " + "board by board, " * 12 + "but not the roof.").endswith("but not the roof.")
    assert shown("Mend it, " + "board by board, " * 99 + "but not the roof.") == "**Objective:** … recall objective"


_texts = st.one_of(st.text(max_size=60), st.sampled_from(("**Known Issues:**", "- none", "word " * 70, "界" * 300)))
_entries = st.builds(
    lambda kind, text, **more: entry("", text, kind, **more),
    st.sampled_from(KINDS),
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
    lines = text.splitlines()
    titles = [f"**{section.title}:**" for section in SECTIONS]
    heads = [place for place, one in enumerate(lines) if one.startswith("**")]
    assert [lines[place].split(":**")[0] + ":**" for place in heads] == titles
    live = made.live()
    for section, start, end in zip(SECTIONS, heads, [*heads[1:], len(lines)], strict=True):
        if section.inline:
            continue
        mine = [one for one in live if one.kind in section.kinds]
        body = lines[start + 1 : end]
        more = re.fullmatch(rf"- … and (\d+) more: recall {section.noun}", body[-1])
        shown = len(body) - 1 if more or not mine else len(body)
        assert shown + int(more[1] if more else 0) == len(mine)
        assert mine or body == ["- none"]


_sentences = st.lists(
    st.tuples(st.sampled_from(KINDS), st.floats(0.1, 5), st.integers(1, 3), st.text("abc ", max_size=120)), max_size=25
).map(
    lambda rows: ledger(
        *(
            heavy(str(n), f"\u00ab{n}\u00bb {text} {n}", weight, turn, kind)
            for n, (kind, weight, turn, text) in enumerate(rows)
            if kind != "state"
        )
    )
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(_sentences, st.integers(120, 900))
def test_any_sentences_fit_any_budget_and_each_is_shown_or_counted(made: Ledger, budget: int) -> None:
    text = rolling_summary(made, "x", 1, budget, _exact.count)
    assert _exact.count(text) <= budget
    shown = re.findall("\u00ab\\d+\u00bb", text)
    left = sum(int(more) for more in re.findall(r"… and (\d+) more", text))
    assert len(shown) == len(set(shown))
    assert len(shown) + left == len(made.live())
    assert all(len(one) <= 2 + 390 for one in text.splitlines() if one.startswith("- "))


def with_files(files: tuple[str, ...], *entries: Entry, budget: int = 800) -> list[str]:
    """The lines of Work Completed of a summary that names files."""
    lines = summary_markdown(summary_lines(ledger(*entries), "mend", 3, budget, count, files)).splitlines()
    begin = lines.index("**Work Completed:**") + 1
    return lines[begin : lines.index("**Open Questions:**")]


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
