"""The ledger: what each operation does, and which ones are refused."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.ledger import (
    Add,
    Delete,
    Entry,
    Ledger,
    Merge,
    Operation,
    Pin,
    Reclassify,
    Reopen,
    Resolve,
    Revise,
    apply_operation,
    normalized_subject,
    refusal_reason,
)
from unit.event_logs import KINDS, entry

MINE = entry("u", "the user's", author="user")
PINNED = entry("p", "pinned", pinned=True)
FIRST = Ledger({one.id: one for one in (entry("a"), entry("b", turns=(3, 2)), MINE, PINNED)})


def after(*operations: Operation, ledger: Ledger = FIRST) -> dict[str, Entry]:
    return reduce(apply_operation, operations, ledger).entries


REFUSED: list[tuple[Operation, str]] = [
    (Add(entry("a", "again")), "entry a is there already"),
    (Revise("x", "new", 4, "agent"), "there is no entry x"),
    (Revise("u", "new", 4, "summariser"), "entry u is the user's"),
    (Revise("p", "new", 4, "agent"), "entry p is the user's"),
    (Resolve("p", "done", "summariser"), "entry p is the user's"),
    (Resolve("x", "done", "user"), "there is no entry x"),
    (Merge(("a",), "one", "summariser"), "a merge names at least two entries, and each of them once"),
    (Merge(("a", "a"), "one", "summariser"), "a merge names at least two entries, and each of them once"),
    (Merge(("a", "b", "b"), "one", "user"), "a merge names at least two entries, and each of them once"),
    (Merge(("a", "x"), "one", "summariser"), "there is no entry x"),
    (Merge(("a", "u"), "one", "summariser"), "entry u is the user's"),
    (Pin("x", pinned=True), "there is no entry x"),
    (Delete("x"), "there is no entry x"),
    (Reopen("x"), "there is no entry x"),
    (Reopen("a"), "entry a is not resolved"),
    (Reclassify("x", "fact"), "there is no entry x"),
    (Reclassify("a", "decision"), "entry a is a decision already"),
]


@pytest.mark.parametrize(("operation", "why"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_refused_operation_says_why_and_changes_nothing(operation: Operation, why: str) -> None:
    assert refusal_reason(FIRST, operation) == why
    assert apply_operation(FIRST, operation) is FIRST


def test_a_revision_shows_as_revised_and_remembers_its_turns() -> None:
    made = after(Revise("b", "better", 7, "agent", "faster"))["b"]
    assert made == entry("b", "better", why="faster", author="agent", turns=(3, 2, 7), supersedes="b")
    again = after(Revise("b", "better", 7, "agent", "faster"), Revise("b", "best", 8, "summariser"))["b"]
    assert (again.text, again.why, again.supersedes) == ("best", "faster", "b")


def test_a_whole_revision_takes_out_what_it_does_not_name() -> None:
    first = Ledger({"a": entry("a", why="so", owner="QA")})
    kept = after(Revise("a", "b", 2, "user"), ledger=first)["a"]
    assert (kept.text, kept.why, kept.owner) == ("b", "so", "QA")
    bare = after(Revise("a", "b", 2, "user", owner="PM", whole=True), ledger=first)["a"]
    assert (bare.why, bare.owner) == ("", "PM")


def test_what_the_user_reopens_or_makes_another_kind_is_final() -> None:
    made = after(Resolve("a", "done", "summariser"), Reopen("a"), Reclassify("b", "issue"))
    assert (made["a"].state, made["a"].resolution, made["a"].final) == ("active", "", True)
    assert (made["b"].kind, made["b"].final) == ("issue", True)


def test_what_is_resolved_or_superseded_is_kept_but_not_in_force() -> None:
    ledger = apply_operation(FIRST, Resolve("a", "answered", "summariser"))
    assert ledger.entries["a"].resolution == "answered"
    assert [one.id for one in ledger.live()] == ["b", "u", "p"]


def test_a_merge_keeps_the_first_entry_with_the_turns_of_all() -> None:
    made = after(Merge(("b", "a"), "both", "summariser"))
    assert made["b"] == entry("b", "both", turns=(1, 2, 3))
    assert "a" not in made


def test_what_the_user_merged_is_final() -> None:
    assert after(Merge(("a", "b"), "mine now", "user"))["a"].final


def test_the_user_may_change_pin_and_delete_anything() -> None:
    made = after(Revise("u", "new", 2, "user"), Pin("a", pinned=True), Pin("p", pinned=False), Delete("b"))
    assert made["u"].text == "new"
    assert made["a"].final
    assert not made["p"].final
    assert "b" not in made


SUPERSEDED = [
    ("the same kind and subject", entry("old", subject="store"), entry("new", subject="store"), True),
    ("another kind", entry("old", subject="store", kind="issue"), entry("new", subject="store"), False),
    ("another subject", entry("old", subject="cache"), entry("new", subject="store"), False),
    ("no subject", entry("old"), entry("new"), False),
    ("resolved already", entry("old", subject="store", state="resolved"), entry("new", subject="store"), False),
    ("pinned", entry("old", subject="store", pinned=True), entry("new", subject="store"), False),
    ("the user's", entry("old", subject="store", author="user"), entry("new", subject="store"), False),
    (
        "the user's, by the user",
        entry("old", subject="store", author="user"),
        entry("new", subject="store", author="user"),
        True,
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "replaced"), SUPERSEDED, ids=[row[0] for row in SUPERSEDED])
def test_a_later_entry_on_the_same_subject_supersedes(name: str, old: Entry, new: Entry, replaced: bool) -> None:
    made = after(Add(new), ledger=Ledger({"old": old}))
    assert made["new"].supersedes == ("old" if replaced else "")
    assert made["old"].state == ("revised" if replaced else old.state)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Use `Store.read()` for it, not `x`", "store.read"),
        ("A `name with spaces` is none", ""),
        ("No name", ""),
        ("`a` is too short, `ab` is not", "ab"),
    ],
)
def test_a_subject_is_the_first_name_in_backticks(text: str, key: str) -> None:
    assert normalized_subject(text) == key


_names = st.sampled_from("abcdef")
_authors = st.sampled_from(("agent", "summariser"))
_texts = st.sampled_from(("one", "two", "`store` three"))
_kinds = st.sampled_from(KINDS)


def _entries(authors: st.SearchStrategy[str]) -> st.SearchStrategy[Entry]:
    return st.builds(
        lambda name, kind, text, author, pinned, key: entry(
            name, text, kind, author=author, pinned=pinned, subject=key
        ),
        _names, _kinds, _texts, authors, st.booleans(), st.sampled_from(("", "store")),
    )  # fmt: skip


_operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Add, _entries(_authors)),
    st.builds(Revise, _names, _texts, st.integers(1, 9), _authors, st.sampled_from(("", "why"))),
    st.builds(Resolve, _names, _texts, _authors),
    st.builds(Merge, st.lists(_names, max_size=3).map(tuple), _texts, _authors),
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(_entries(st.sampled_from(("agent", "summariser", "user"))), max_size=6), st.lists(_operations, max_size=12)
)
def test_what_is_pinned_or_the_users_survives_whatever_a_summariser_does(
    entries: list[Entry], operations: list[Operation]
) -> None:
    before = {one.id: one for one in entries}
    made = after(*operations, ledger=Ledger(before))
    final = {name: one for name, one in before.items() if one.final}
    assert {name: made[name] for name in final} == final
