"""A summary that the user edited, read back: each edit means its operation, and no edit means nothing."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.ledger import (
    Add,
    Delete,
    Entry,
    EntryKind,
    Ledger,
    Operation,
    Reclassify,
    Revise,
    apply_operation,
)
from throughline.memory.chronicle import ChronicleLine
from throughline.memory.summary import SummaryLine, shown_line, summary_lines, summary_markdown
from throughline.memory.summary_parser import EditError, parse_edits
from unit.event_logs import KINDS, count, entry

AIM = "mend the shed"


def ledger(*entries: Entry) -> Ledger:
    return Ledger({one.id: one for one in entries})


def shown(made: Ledger, budget: int = 9_000, objective: str = AIM) -> tuple[SummaryLine, ...]:
    own = [one.text for one in made.live() if one.kind == "objective"]
    return summary_lines(made, (own or [objective])[-1], 9, budget, count)


MADE = ledger(
    entry("sql", "Keep SQLite.", why="it is there", turns=(3,)),
    entry("net", "Talk over a pipe", turns=(4,)),
    entry("tab", "Tabs only, since the linter wants them", "constraint"),
    entry("now", "Half of it works.", "state"),
    entry("law", "Never push on Fridays, unless I say so.", "rule", author="user"),
    entry("who", "Lapse when?", "question", owner="user"),
    entry("bad", "`make` fails", "issue"),
    entry("old", "Threads", "rejected", why="they lock"),
    entry("long", "word " * 90 + "end", "work"),
)
TEXT = summary_markdown(shown(MADE))
LONG = next(row.text for row in shown(MADE) if row.entries and row.entries[0].id == "long")


def read(edited: str, base: str = TEXT, made: Ledger = MADE) -> tuple[Operation, ...]:
    return parse_edits(made, shown(made), base, edited, 9)


def revised(name: str, text: str, why: str = "", owner: str = "") -> Revise:
    return Revise(name, text, 9, "user", why, owner, whole=True)


def added(text: str, kind: EntryKind, name: str = "u9.1", turns: tuple[int, ...] = (9,), **more: Any) -> Add:
    return Add(Entry(name, kind, text, "user", turns, **more))


def removed(name: str, turn: int) -> Add:
    text = f"Turn {turn}: «Mend board {turn}» → changed `a.py`"
    return Add(Entry(name, "work", text, "user", (turn,), state="resolved", resolution="taken out of the summary"))


SQL, NET = "- Keep SQLite because it is there\n", "- Talk over a pipe\n"
LAW = "- Rule: Never push on Fridays, unless I say so.\n"
EDITS: list[tuple[str, str, str, list[Operation]]] = [
    ("a new wording", NET, "- Talk over a socket\n", [revised("net", "Talk over a socket")]),
    ("a wording with nothing in common", NET, "- Xyz!\n", [revised("net", "Xyz!")]),
    ("a new reason", "it is there", "it is small", [revised("sql", "Keep SQLite.", "it is small")]),
    ("a reason taken out", " because it is there", "", [revised("sql", "Keep SQLite.")]),
    (
        "a text before its reason",
        "Keep SQLite",
        "Stay with SQLite",
        [revised("sql", "Stay with SQLite", "it is there")],
    ),
    (
        "a reason given",
        NET,
        "- Talk over a pipe because it is safe\n",
        [revised("net", "Talk over a pipe", "it is safe")],
    ),
    (
        "a word that is no reason",
        "Tabs only",
        "Tabs always",
        [revised("tab", "Tabs always, since the linter wants them")],
    ),
    ("another owner", "[user]", "[QA]", [revised("who", "Lapse when?", owner="QA")]),
    ("no owner", " [user]", "", [revised("who", "Lapse when?")]),
    ("a reason of a rejected one", "they lock", "they race", [revised("old", "Threads", "they race")]),
    ("the state", "Half of it works.", "All of it\nworks.", [revised("now", "All of it works.")]),
    ("no state", " Half of it works.", "", [Delete("now")]),
    ("the objective", AIM, "paint the shed", [added("paint the shed", "objective", subject="objective")]),
    ("a line taken out", NET, "", [Delete("net")]),
    ("a new line", NET, f"{NET}- Use queues\n", [added("Use queues", "decision")]),
    ("one with another bullet", NET, f"{NET}* Go, as we must\n", [added("Go, as we must", "decision")]),
    ("one with its reason", NET, f"{NET}Go because we must\n", [added("Go", "decision", why="we must")]),
    ("a question", "[user]\n", "[user]\n- And then? [QA]\n", [added("And then?", "question", owner="QA")]),
    ("instead of an empty list", "**Known Issues:**\n", "**Known Issues:**\n- a\n", [added("a", "issue")]),
    ("a line that goes on below", NET, "- Talk over a pipe\n  or two\n", [revised("net", "Talk over a pipe or two")]),
    ("two lines in another order", SQL + NET, NET + SQL, []),
    ("other bullets and blank lines", SQL + NET, "\n* Keep SQLite  because it is there\n\n+ Talk over a pipe  \n", []),
    ("a carriage return", NET, "- Talk over a pipe\r\n", []),
    ("a rule", "on Fridays", "on Sundays", [revised("law", "Never push on Sundays, unless I say so.")]),
    ("a rule taken out", LAW, "", [Delete("law")]),
    ("a rule that becomes a decision", "- Rule: Never", "- Never", [Reclassify("law", "decision")]),
    ("a decision that becomes a rule", "- Talk", "- Rule: Talk", [Delete("net"), added("Talk over a pipe", "rule")]),
    ("a new rule", LAW, f"{LAW}- Rule: Ask first because I say so\n", [added("Ask first because I say so", "rule")]),
    ("a long line's beginning", LONG[:7], "- Word ", [revised("long", "Word " + "word " * 89 + "end")]),
]


@pytest.mark.parametrize(("case", "before", "after", "expected"), EDITS, ids=[row[0] for row in EDITS])
def test_an_edit_means_its_operation(case: str, before: str, after: str, expected: list[Operation]) -> None:
    assert TEXT.count(before) == 1
    assert list(read(TEXT.replace(before, after))) == expected


def test_a_line_under_another_heading_changes_its_kind() -> None:
    moved = TEXT.replace(NET, "").replace("**Known Issues:**\n", f"**Known Issues:**\n{NET}")
    assert read(moved) == (Reclassify("net", "issue"),)
    reworded = moved.replace("over a pipe", "over a wire")
    assert read(reworded) == (Reclassify("net", "issue"), revised("net", "Talk over a wire"))
    law = TEXT.replace(LAW, "").replace("**Known Issues:**\n", f"**Known Issues:**\n{LAW}")
    assert read(law) == (Reclassify("law", "issue"),)


REFUSED = [
    ("**Known Issues:**\n", "", r"The heading \*\*Known Issues:\*\* is gone: put it back."),
    ("**Known Issues:**\n", "**Known Issues:**\n" * 2, r"The heading \*\*Known Issues:\*\* stands there twice"),
    (NET, f"<<<<<<< ours\n{NET}=======\n>>>>>>> theirs\n", "The summary has conflict markers"),
    ("## Rolling", "Forget it\n## Rolling", "“Forget it” stands above the first heading"),
    (AIM, "", "The objective is empty: say what the session is for"),
]


@pytest.mark.parametrize(("before", "after", "why"), REFUSED, ids=[row[2][:40] for row in REFUSED])
def test_what_cannot_be_read_back_is_refused_in_one_line(before: str, after: str, why: str) -> None:
    with pytest.raises(EditError, match=why) as refused:
        read(TEXT.replace(before, after))
    assert "\n" not in str(refused.value)


def test_what_has_changed_since_it_was_shown_is_refused_only_where_it_was_edited() -> None:
    now = apply_operation(MADE, Revise("net", "Talk over two pipes", 8, "agent"))
    assert read(TEXT.replace("it is there", "it is small"), made=now) == (
        revised("sql", "Keep SQLite.", "it is small"),
    )
    for edited in (TEXT.replace(NET, ""), TEXT.replace(NET, "- Talk\n")):
        with pytest.raises(EditError, match="changed since it was opened, where it says “Talk over a pipe”"):
            read(edited, made=now)


def test_every_line_leads_to_its_entries_and_turns() -> None:
    found = {row.text: (row.section, [one.id for one in row.entries], row.turns) for row in shown(MADE)}
    assert found["- Talk over a pipe"] == ("Decisions Made", ["net"], (4,))
    assert found[LAW.strip()] == ("Decisions Made", ["law"], (1,))
    assert found["**Known Issues:**"] == ("", [], ())


CHRONICLE = [ChronicleLine(n, f"«Mend board {n}» → changed `a.py`", changed=True) for n in range(1, 7)]
TOLD = "- Turn 6: «Mend board 6» → changed `a.py`\n"


def with_chronicle(made: Ledger, budget: int = 9_000) -> tuple[SummaryLine, ...]:
    return summary_lines(made, AIM, 9, budget, count, ("a.py",), CHRONICLE)


RETOLD: list[tuple[str, str, str, list[Operation]]] = [
    ("a line worded anew", TOLD, "- Turn 6: the sixth board was mended\n",
     [added("Turn 6: the sixth board was mended", "work", turns=(6,))]),
    ("without its turn", TOLD, "- The sixth board is mended\n",
     [added("The sixth board is mended", "work", turns=(6,)), removed("u9.2", 6)]),
    ("taken out", TOLD, "", [removed("u9.1", 6)]),
    ("the files taken out", "- Files: a.py\n", "", []),
]  # fmt: skip


@pytest.mark.parametrize(("case", "before", "after", "expected"), RETOLD, ids=[row[0] for row in RETOLD])
def test_an_edit_of_the_chronicle_is_the_users_and_stays(
    case: str, before: str, after: str, expected: list[Operation]
) -> None:
    base = summary_markdown(with_chronicle(MADE))
    edited = base.replace(before, after)
    meant = parse_edits(MADE, with_chronicle(MADE), base, edited, 9)
    assert list(meant) == expected
    now = reduce(apply_operation, meant, MADE)
    again = summary_markdown(with_chronicle(now))
    assert sorted(again.splitlines()) == sorted((edited if meant else base).splitlines())
    # Over the text of the first save nothing more is meant, and what no longer fits is no change either.
    assert parse_edits(now, with_chronicle(now), again, again, 9) == ()
    assert parse_edits(now, with_chronicle(now, 200), again, again, 9) == ()


def test_a_line_of_the_chronicle_under_another_heading_is_an_entry_there() -> None:
    base = summary_markdown(with_chronicle(MADE))
    edited = base.replace(TOLD, "").replace("**Decisions Made:**\n", f"**Decisions Made:**\n{TOLD}")
    made, gone = parse_edits(MADE, with_chronicle(MADE), base, edited, 9)
    assert made == added(TOLD[2:-1], "decision", turns=(6,))
    assert gone == removed("u9.2", 6)


_texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from((
        "**Known Issues:**", "none", "not stated", "word " * 100, "so because of it", "a — b [c]", "x (revised)", "- y",
        "… and 2 more: recall decisions", "1. z", "=======",
    )),
)  # fmt: skip
_entries = st.builds(
    lambda kind, text, **more: entry("", text, kind, **more),
    st.sampled_from((*KINDS, "objective")),
    _texts,
    why=st.one_of(st.just(""), _texts),
    owner=st.sampled_from(("", "QA")),
    state=st.sampled_from(("active", "active", "revised", "resolved")),
    supersedes=st.sampled_from(("", "x")),
    turns=st.lists(st.integers(1, 3), max_size=2).map(tuple),
)
_ledgers = st.lists(_entries, max_size=20).map(
    lambda made: Ledger({str(n): evolve(one, id=str(n)) for n, one in enumerate(made)})
)


@given(_ledgers, _texts, st.integers(120, 900))
def test_a_summary_that_nobody_edited_means_nothing(made: Ledger, objective: str, budget: int) -> None:
    now = shown(made, budget, objective)
    assert parse_edits(made, now, summary_markdown(now), summary_markdown(now), 9) == ()


_words = st.lists(
    st.sampled_from(("keep", "drop", "store", "queue", "kiosk", "of", "and", "the", "it", "fast")),
    min_size=1,
    max_size=7,
)
_plain = _words.map(" ".join)
_reasons = st.one_of(st.just(""), _plain)
_owned = st.builds(
    lambda kind, text, why, owner, turn: entry(
        "", text, kind, why=why, turns=(turn,), owner=owner if kind == "question" else ""
    ),
    st.sampled_from((*KINDS, "rule")), _plain, _reasons, st.sampled_from(("", "QA")), st.integers(1, 3),
)  # fmt: skip
_plenty = st.lists(_owned, min_size=1, max_size=12, unique_by=lambda one: one.text).map(
    lambda made: Ledger({str(n): evolve(one, id=str(n)) for n, one in enumerate(made)})
)


def once(lines: list[str], text: str) -> int:
    assert lines.count(text) == 1
    return lines.index(text)


@pytest.mark.slow
@given(_plenty, st.data(), _plain, _reasons, st.sampled_from(("reword", "delete", "add", "move")))
def test_any_one_edit_gives_its_operation_and_shows_the_users_wording(
    made: Ledger, data: st.DataObject, text: str, why: str, how: str
) -> None:
    now = shown(made)
    base = summary_markdown(now)
    single = [row for row in now if len(row.entries) == 1 and row.text.startswith("- ")]
    if not single or any(text in one.text for one in made.live()):
        return
    row = data.draw(st.sampled_from(single))
    lines, (was,) = base.splitlines(), row.entries
    place = once(lines, row.text)
    said = evolve(was, text=text, why=why, supersedes="")
    home: tuple[EntryKind, str] = ("issue", "**Known Issues:**")
    if how == "reword":
        lines[place] = f"- {shown_line(said)}"
    elif how == "delete":
        del lines[place]
    elif how == "add":
        said = evolve(said, kind="rejected" if was.kind == "issue" else "issue", owner="")
        home = (said.kind, "**Do Not Revisit:**" if was.kind == "issue" else home[1])
        lines.insert(lines.index(home[1]) + 1, f"- {shown_line(said)}")
    else:
        del lines[place]
        lines.insert(lines.index(home[1]) + 1, row.text)
    operations = parse_edits(made, now, base, "\n".join(lines), 9)
    after = reduce(apply_operation, operations, made)
    text_now = summary_markdown(shown(after))
    if how == "delete":
        assert operations == (Delete(was.id),)
    elif how == "move":
        assert operations == (() if was.kind == "issue" else (Reclassify(was.id, "issue"),))
    else:
        assert len(operations) == 1
        assert isinstance(operations[0], Revise if how == "reword" else Add)
        assert shown_line(said) in text_now.replace(" (revised)", "")
    assert parse_edits(after, shown(after), text_now, text_now, 9) == ()


def saved(made: Ledger, base: str, edited: str, budget: int) -> tuple[Ledger, tuple[Operation, ...]]:
    """The ledger after an edit of `base` was saved, and what was meant."""
    meant = parse_edits(made, shown(made, budget), base, edited, 9)
    return reduce(apply_operation, meant, made), meant


MANY = ledger(
    *(entry(f"d{n}", f"Keep the table {n} of the loans apart from all of the others", turns=(n,)) for n in range(9)),
    entry("r1", "Never lend a saw to a child.", "rule", author="user"),
)
HEAD = "**Decisions Made:**\n"


@pytest.mark.parametrize("budget", [230, 260, 300, 9_000])
def test_a_second_save_over_the_text_of_the_first_is_an_edit_of_that_text(budget: int) -> None:
    base = summary_markdown(shown(MANY, budget))
    first = base.replace(HEAD, f"{HEAD}- Never push on Fridays, nor on the evening before a holiday, nor in May\n")
    once, _ = saved(MANY, base, first, budget)
    # The summary has moved on: the new line stands elsewhere, and may have taken the room of others.
    assert summary_markdown(shown(once, budget)) != first
    second = first.replace("nor in May", "nor in May or June")
    twice, meant = saved(once, first, second, budget)
    text = "Never push on Fridays, nor on the evening before a holiday, nor in May or June"
    assert meant == (revised("u9.1", text),)
    assert {one.id for one in twice.live()} == {one.id for one in once.live()}
    # What is taken out of the text that the user sees goes, though the summary does not show it any more.
    last = next(one for one in reversed(first.splitlines()) if one.startswith("- Keep the table"))
    _, gone = saved(twice, second, second.replace(f"{last}\n", ""), budget)
    assert [type(one) for one in gone] == [Delete]


@pytest.mark.slow
@given(
    st.lists(
        st.sampled_from(["- A new line", "- Another one\n- and one more", "- Keep the table 3"]), min_size=1, max_size=4
    ),
    st.integers(150, 500),
)
def test_however_often_a_text_is_saved_nothing_is_deleted_or_reworded_that_was_not_touched(
    lines: list[str], budget: int
) -> None:
    made, base = MANY, summary_markdown(shown(MANY, budget))
    for number, new in enumerate(lines):
        edited = base.replace(HEAD, f"{HEAD}{new} {number}\n")
        now, meant = saved(made, base, edited, budget)
        assert all(isinstance(one, Add) for one in meant)
        assert {one.id for one in made.live()} <= {one.id for one in now.live()}
        made, base = now, edited
