"""Standing rules: what counts as one, how it is written down, and which later one takes its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.memory.rules import rule_subject, standing_rules

CASES: list[tuple[str, list[str]]] = [
    ("From now on, start all table names with 'tl_'.", ["Always start table names with 'tl_'."]),
    ("For enum names, I'd like you to use '_kind' as a suffix.", ["Always end enum names with '_kind'."]),
    (
        "Always end test names with `_spec` and file names with `.spec`.",
        ["Always end test names with `_spec`.", "Always end file names with `.spec`."],
    ),
    ("When naming branches, always include a ticket number.", ["Always include a ticket number in branch names."]),
    ("Please use kebab-case for all route names.", ["Always use kebab-case for route names."]),
    (
        "For any endpoint you write, I want you to add the '@audited' decorator from the 'guard' module.",
        ["Always add '@audited' from 'guard' module to endpoints."],
    ),
    ("We rely on the '@audited' decorator. Always add it to all endpoints.", ["Always add '@audited' to endpoints."]),
    ("Remember to always import 'logging', even if you do not use it.", ["Always import 'logging'."]),
    ("It is important to include type hints in all your methods.", ["Always include type hints in methods."]),
    ("Never use abbreviations in column names.", ["Never use abbreviations for column names."]),
    ("Add a test for the waiting list.", []),
    ("Can you always start table names with 'tl_'?", []),
    ("Always be kind to the neighbours.", []),
    ("For example, always start table names with 'tl_'.", []),
    ("The store could be faster.", []),
    ("", []),
]


@pytest.mark.parametrize(("message", "lines"), CASES, ids=[row[0][:40] for row in CASES])
def test_a_standing_rule_is_one_line_with_its_thing_and_what_is_asked(message: str, lines: list[str]) -> None:
    assert [rule.line for rule in standing_rules(message)] == lines


PAIRS = [
    ("Always start table names with 'tl_'.", "Always start table names with 'db_'.", True),
    ("Always use camelCase for class names.", "Always use snake_case for class names.", True),
    ("Always start argument names with 'a_'.", "Always start function argument names with 'b_'.", True),
    ("Always start table names with 'tl_'.", "Always end table names with '_tl'.", False),
    ("Always start table names with 'tl_'.", "Always start column names with 'tl_'.", False),
    ("Always import 'logging'.", "Always import 'typing'.", False),
    ("Always add '@audited' to endpoints.", "Always add '@timed' to endpoints.", False),
]


@pytest.mark.parametrize(("old", "new", "replaced"), PAIRS, ids=[f"{row[0]} {row[1]}" for row in PAIRS])
def test_a_later_rule_takes_the_place_of_one_that_cannot_hold_beside_it(old: str, new: str, replaced: bool) -> None:
    assert rule_subject(old)
    assert (rule_subject(old) == rule_subject(new)) is replaced


@pytest.mark.parametrize("text", ["Keep SQLite because it is there", "The store always starts with a lock.", ""])
def test_a_line_that_is_no_rule_has_no_subject(text: str) -> None:
    assert rule_subject(text) == ""


def test_the_agent_takes_on_a_rule_only_in_its_own_promise() -> None:
    assert [rule.line for rule in standing_rules("I'll start all table names with 'tl_'.", pledged=True)] == [
        "Always start table names with 'tl_'."
    ]
    assert not list(standing_rules("All table names start with 'tl_'.", pledged=True))


_words = st.sampled_from(
    [
        "always",
        "start",
        "end",
        "use",
        "add",
        "all",
        "class names",
        "methods",
        "'a_'",
        "'_b'",
        "@c",
        "in",
        "with",
        "to",
        ".",
        "camelCase",
        "import",
        "never",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(_words, st.text(max_size=8)), max_size=16).map(" ".join))
def test_a_rules_line_is_short_and_reads_back_as_the_same_rule(message: str) -> None:
    for rule in standing_rules(message):
        assert len(rule.line.splitlines()) == 1
        assert len(rule.line) <= 200
        if rule.verb in ("start", "end"):
            assert rule_subject(rule.line) == rule.subject
