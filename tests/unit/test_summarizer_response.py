"""Reading a model's answer: what is valid becomes operations, the rest is dropped with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.ledger import (
    Add,
    Entry,
    Ledger,
    Merge,
    Operation,
    Resolve,
    Revise,
    apply_operation,
    refusal_reason,
)
from throughline.memory.summarizer import KINDS, LONGEST, TOOL, SummaryResponse, parse_response, schema_error
from unit.event_logs import entry

LEDGER = Ledger(
    {
        one.id: one
        for one in (
            entry("d", "Keep `sqlite` for the store"),
            entry("e", "The store is `sqlite`"),
            entry("q", "Does the kiosk need the old field?", "question"),
            entry("u", "Tabs only", author="user"),
            entry("p", "Never push", pinned=True),
            entry("r", "gone", state="resolved"),
        )
    }
)
TURNS = {3, 4}


def add(text: object = "Ship on Friday", **changes: Any) -> dict[str, Any]:
    plain = {"op": "add", "kind": "fact", "text": text, "why": "", "owner": "", "subject": "", "turns": [3]}
    return {**plain, **changes}


def revise(name: str, text: str = "better", **changes: Any) -> dict[str, Any]:
    return {"op": "revise", "id": name, "text": text, "why": "", "turn": 4, **changes}


def merge(*names: str, text: str = "The store is `sqlite`, kept") -> dict[str, Any]:
    return {"op": "merge", "ids": list(names), "text": text}


def resolve(name: str, resolution: str = "it does") -> dict[str, Any]:
    return {"op": "resolve", "id": name, "resolution": resolution}


def made(name: str, text: str, **more: Any) -> Add:
    return Add(Entry(name, more.pop("kind", "fact"), text, "summariser", more.pop("turns", (3,)), **more))


ACCEPTED: list[tuple[dict[str, Any], Operation]] = [
    (add(), made("m3.1", "Ship on Friday")),
    (add(turns=[4, 3, 4]), made("m3.1", "Ship on Friday", turns=(3, 4))),
    (add("two\n lines", why=" so\nit is", owner="QA"), made("m3.1", "two lines", why="so it is", owner="QA")),
    (add("half \ud83d a pair\0"), made("m3.1", "half  a pair")),
    (add("Half way.", kind="state"), made("m3.1", "Half way.", kind="state", subject="state")),
    (add("Port 80", subject="`Port`"), made("m3.1", "Port 80", subject="`port`")),
    (revise("d", "Use `postgres`"), Revise("d", "Use `postgres`", 4, "summariser")),
    (resolve("q"), Resolve("q", "it does", "summariser")),
    (merge("d", "e"), Merge(("d", "e"), "The store is `sqlite`, kept", "summariser")),
]


@pytest.mark.parametrize(("given_one", "expected"), ACCEPTED, ids=lambda value: str(value)[:40])
def test_what_is_valid_becomes_an_operation(given_one: dict[str, Any], expected: Operation) -> None:
    assert parse_response({"operations": [given_one]}, LEDGER, TURNS) == SummaryResponse((expected,))


DROPPED: list[tuple[object, str]] = [
    ("add", "an operation is an object"),
    ({"op": "delete", "id": "d"}, "it names no operation that there is"),
    ({"op": ["add"]}, "it names no operation that there is"),
    ({"op": "pin", "id": "d", "pinned": True}, "it names no operation that there is"),
    (add(author="user"), "its fields are not those of add"),
    ({"op": "resolve", "id": "q"}, "its fields are not those of resolve"),
    (add(kind="objective"), "kind does not fit"),
    (add(text=3), "text does not fit"),
    (add(turns=[True]), "turns does not fit"),
    (add(turns=3), "turns does not fit"),
    (add(" \n"), "it says nothing, or its first sentence is too long"),
    (add(turns=[]), "it names a turn that is not among the covered ones"),
    (add(turns=[3, 2]), "it names a turn that is not among the covered ones"),
    (revise("d", turn=9), "it names a turn that is not among the covered ones"),
    (add("Keep `sqlite` for the store", kind="decision"), "the ledger says so already"),
    (revise("x"), "there is no entry x"),
    (revise("u"), "entry u is the user's"),
    (revise("p"), "entry p is the user's"),
    (revise("r"), "it names an entry that is no longer in force"),
    (resolve("d"), "only a question or an issue is resolved"),
    (merge("d"), "a merge names at least two entries, and each of them once"),
    (merge("d", "u", text="Keep `sqlite` for the store, tabs only"), "entry u is the user's"),
    (merge("d", "q"), "it merges entries of different kinds"),
    (merge("d", "e", text="One thing"), "the merged text loses what d, e says"),
]


@pytest.mark.parametrize(("given_one", "why"), DROPPED, ids=lambda value: str(value)[:40])
def test_what_is_not_valid_is_dropped_with_its_reason_and_the_rest_stands(given_one: object, why: str) -> None:
    answer = parse_response({"operations": [given_one, add()]}, LEDGER, TURNS)
    assert answer == SummaryResponse((made("m3.1", "Ship on Friday"),), (f"operation 1: {why}",))


@pytest.mark.parametrize("args", [None, [], "operations", {}, {"operations": {}}, {"operations": None}])
def test_an_answer_of_another_shape_holds_nothing(args: object) -> None:
    assert parse_response(args, LEDGER, TURNS) == SummaryResponse(dropped=("the answer has no list of operations",))


def test_each_operation_meets_the_ledger_that_the_ones_before_it_left() -> None:
    said = [merge("d", "e"), revise("e"), add("one"), add("two"), add("one")]
    answer = parse_response({"operations": said}, LEDGER, TURNS)
    assert [one.entry.id for one in answer.operations if isinstance(one, Add)] == ["m3.1", "m3.2"]
    assert answer.dropped == ("operation 2: there is no entry e", "operation 5: the ledger says so already")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from([*LEDGER.entries, "m3.1", "x"])
TEXTS = st.text(st.characters(), max_size=400) | st.sampled_from([one.text for one in LEDGER.entries.values()])
NUMBERS = st.integers(2, 5)
LIKELY = (
    st.builds(add, TEXTS, kind=st.sampled_from(KINDS), why=TEXTS, subject=NAMES, turns=st.lists(NUMBERS, max_size=3))
    | st.builds(revise, NAMES, TEXTS, turn=NUMBERS)
    | st.builds(resolve, NAMES, TEXTS)
    | st.builds(lambda names, text: merge(*names, text=text), st.lists(NAMES, max_size=3), TEXTS)
)


@pytest.mark.slow
@given(JSON | st.fixed_dictionaries({"operations": st.lists(LIKELY | JSON, max_size=6)}))
def test_any_json_gives_operations_that_the_ledger_accepts_and_leaves_the_users_entries_alone(args: Any) -> None:
    answer = parse_response(args, LEDGER, TURNS)
    ledger = LEDGER
    for one in answer.operations:
        assert refusal_reason(ledger, one) is None
        ledger = apply_operation(ledger, one)
    assert {name: ledger.entries[name] for name in "up"} == {name: LEDGER.entries[name] for name in "up"}
    new = [one for name, one in ledger.entries.items() if one != LEDGER.entries.get(name)]
    assert all(one.author == "summariser" or one.state != "active" for one in new)
    assert all(one.text.isprintable() and len(one.text) <= LONGEST and not one.pinned for one in new)
    if isinstance(args, dict) and isinstance(args.get("operations"), list):
        assert len(answer.operations) + len(answer.dropped) == len(args["operations"])


def test_every_schema_in_the_tool_is_closed_and_requires_all() -> None:
    variants = TOOL.schema["properties"]["operations"]["items"]["anyOf"]
    for one in (TOOL.schema, *variants):
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])
    names = [one["properties"]["op"]["enum"][0] for one in variants]
    assert names == ["add", "revise", "resolve", "merge"]
    assert [schema_error(one) for one in (add(), revise("d"), resolve("q"), merge("d"))] == [None] * 4
