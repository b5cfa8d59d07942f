"""A model's answer about the archive: what is valid is done, and no line of a person's or without a trace is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.ledger import Ledger
from throughline.domain.session import Session
from throughline.domain.settings import Settings
from throughline.memory.archive.distill import distill
from throughline.memory.archive.document import parse_archive
from throughline.memory.archive.refine import TOOL, archive_request, refine_archive
from unit.event_logs import count, entry

HAND = "## Project Archive: toolshed\n### Constraints\n- Never push on Fridays\n"
ENTRIES = (
    entry("a", "The store is sqlite"),
    entry("b", "The store stays sqlite in one file"),
    entry("c", "The store is postgres", why="it was asked for"),
    entry("q", "Lapse when?", "question", owner="user"),
)
SESSION = Session(id="s", project="toolshed", ledger=Ledger({one.id: one for one in ENTRIES}))
ARCHIVE = distill(SESSION, HAND, 2_000, count)
IDS = {one.text: one.id for some in parse_archive(ARCHIVE, "").sections.values() for one in some if one.id}
A, B, C = (IDS[text] for text in (ENTRIES[0].text, ENTRIES[1].text, "The store is postgres because it was asked for"))


def told(*operations: object, session: Session = SESSION, archive: str = ARCHIVE, budget: int = 2_000) -> Any:
    return refine_archive(session, archive, {"operations": list(operations)}, budget, count)


def add(text: str, section: str = "Known Issues") -> dict[str, Any]:
    return {"op": "add", "section": section, "text": text}


def revise(name: str, text: str) -> dict[str, Any]:
    return {"op": "revise", "id": name, "text": text}


def merge(*names: str, text: str = "The store stays sqlite, in one file") -> dict[str, Any]:
    return {"op": "merge", "ids": list(names), "text": text}


TAKEN: list[tuple[dict[str, Any], list[str], list[str]]] = [
    (add("`make` fails\non Windows"), ["`make` fails on Windows"], []),
    (revise(A, "The store is sqlite, for holds"), ["The store is sqlite, for holds"], ["The store is sqlite"]),
    (merge(A, B), ["The store stays sqlite, in one file"], [ENTRIES[0].text, ENTRIES[1].text]),
    ({"op": "replace", "id": A, "by": C}, [], [ENTRIES[0].text]),
]


@pytest.mark.parametrize(("operation", "come", "gone"), TAKEN, ids=lambda value: str(value)[:30])
def test_what_is_valid_is_done(operation: dict[str, Any], come: list[str], gone: list[str]) -> None:
    made = told(operation)
    assert (made.changed, made.dropped) == (1, ())
    before, after = (
        {one.text for some in parse_archive(text, "").sections.values() for one in some}
        for text in (ARCHIVE, made.text)
    )
    assert after == (before | set(come)) - set(gone)
    assert made.text.startswith("## Project Archive: toolshed\n")


DROPPED: list[tuple[object, str]] = [
    ("add", "an operation is an object"),
    ({"op": "delete", "id": A}, "it names no operation that there is"),
    (add("x", "Glossary"), "section does not fit"),
    (add(" \n"), "it says nothing"),
    (add("done <!-- 00000000 -->"), "it has a comment in it"),
    (add("Never push on Fridays"), "the archive says so already"),
    (add(ENTRIES[0].text), "the archive says so already"),
    (add("word " * 70), "it does not fit the budget"),
    (revise("00000000", "x"), "it names a line that is not there"),
    (revise(A, "The kiosk is red"), f"the new wording loses what {A} says"),
    (merge(A, text="The store is sqlite"), "it names one line for two"),
    (merge(A, A, text="The store is sqlite"), "it names one line for two"),
    (merge(A, C, text="The store is sqlite"), f"the new wording loses what {C} says"),
    ({"op": "replace", "id": A, "by": A}, "it names one line for two"),
    (
        {"op": "replace", "id": A, "by": IDS["Open question: Lapse when? [user]"]},
        "the two lines do not speak of the same",
    ),
]


@pytest.mark.parametrize(("operation", "why"), DROPPED, ids=lambda value: str(value)[:50])
def test_what_is_not_is_dropped_with_its_reason_and_the_rest_stands(operation: object, why: str) -> None:
    made = told(operation, add("It leaks"), budget=count(ARCHIVE) + 20)
    assert made.dropped == (f"operation 1: {why}",)
    assert "- It leaks <!--" in made.text


@pytest.mark.parametrize("args", [None, 3, {}, {"operations": {}}, {"operations": []}])
def test_an_answer_that_says_nothing_leaves_the_archive_as_it_is(args: object) -> None:
    assert refine_archive(SESSION, ARCHIVE, args, 2_000, count).text == ARCHIVE


def test_a_line_that_a_person_worded_anew_is_fixed() -> None:
    hand = ARCHIVE.replace("- The store is sqlite ", "- Our store is sqlite ")
    session = Session(id="s", project="toolshed", ledger=SESSION.ledger, archive=ARCHIVE)
    for one in (revise(A, "Our store is sqlite!"), merge(A, B), {"op": "replace", "id": A, "by": C}):
        assert told(one, session=session, archive=hand).dropped == ("operation 1: it changes what a person wrote",)
    assert told({"op": "replace", "id": C, "by": A}, session=session, archive=hand).changed == 1
    asked = archive_request(session, hand, "Amend it.", "m", Settings(), count)
    assert asked is not None
    text = asked.view.blocks[1].text
    assert "> fixed | Architectural Decisions | Our store is sqlite\n" in text
    assert "> fixed | Constraints | - Never push on Fridays\n" in text
    assert f"> {B} | Architectural Decisions | {ENTRIES[1].text}\n" in text
    assert "> q | question | 1 | Lapse when? [user]" in text
    assert (asked.purpose, asked.must, asked.tools) == ("distill", "amend", (TOOL,))


def test_a_line_that_a_merge_of_branches_left_twice_is_fixed() -> None:
    twice = ARCHIVE.replace("- The store is sqlite ", f"- The store is a file <!--{A}123-->\n- The store is sqlite ")
    assert told(revise(A, "The store is sqlite!"), archive=twice).dropped == (
        "operation 1: it changes what a person wrote",
    )


def test_an_archive_that_does_not_fit_is_not_asked_about() -> None:
    assert archive_request(SESSION, ARCHIVE, "Amend it.", "m", Settings(quoted=100), count) is None
    short = archive_request(SESSION, ARCHIVE, "Amend it.", "m", Settings(quoted=count(ARCHIVE) + 120), count)
    assert short is not None
    assert sum(block.tokens for block in short.view.blocks) <= count(ARCHIVE) + 120


_names = st.sampled_from((A, B, C, "00000000"))
_said = st.one_of(
    st.text(max_size=30), st.sampled_from(("The store is sqlite in one file", "### Constraints", "word " * 90))
)
_operations = st.one_of(
    st.builds(add, _said, st.sampled_from(("Constraints", "Known Issues", "Glossary"))),
    st.builds(revise, _names, _said),
    st.builds(lambda names, text: merge(*names, text=text), st.lists(_names, max_size=3), _said),
    st.builds(lambda one, other: {"op": "replace", "id": one, "by": other}, _names, _names),
    st.none(), st.integers(),
)  # fmt: skip


@given(st.lists(_operations, max_size=8), st.integers(0, 600))
def test_whatever_it_answers_a_persons_lines_the_headings_and_the_budget_hold(
    operations: list[object], budget: int
) -> None:
    made = told(*operations, budget=budget)
    assert count(made.text) <= max(budget, count(ARCHIVE))
    assert "\n- Never push on Fridays\n" in made.text
    heads = [line for line in made.text.splitlines() if line.startswith("#")]
    assert heads == [line for line in ARCHIVE.splitlines() if line.startswith("#")]
    assert made.changed + len(made.dropped) == len(operations)
    ids = [one.id for some in parse_archive(made.text, "").sections.values() for one in some if one.id]
    assert len(ids) == len(set(ids))
