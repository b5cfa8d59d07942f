"""Reads a model's answer as operations on the ledger: what is not valid is dropped with its reason, the rest stands."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count
from typing import Any

from attrs import frozen

from throughline.compression.form import fault
from throughline.compression.sentences import terms, whole
from throughline.core.ledger import Add, Entry, Ledger, Merge, Operation, Resolve, Revise, change, refusal

LONGEST = 280
_SHORT = 60
# Only what is open can be over. What no longer holds is worded anew, so that nothing goes without a trace.
_OPEN = frozenset({"question", "issue"})
# The part of an entry's terms that a merged text must have.
_KEPT = 0.5


@frozen
class Answer:
    """Operations that the ledger accepts, in their order, and one line for each that was dropped."""

    operations: tuple[Operation, ...] = ()
    dropped: tuple[str, ...] = ()


def read(args: object, ledger: Ledger, turns: Collection[int]) -> Answer:
    """What a call's arguments, any JSON whatever, do to a ledger; `turns` are the numbers of the covered ones.

    A summariser changes nothing of the user's and nothing pinned, and it writes under its own name.
    """
    given = args.get("operations") if isinstance(args, dict) else None
    if not isinstance(given, list):
        return Answer(dropped=("the answer has no list of operations",))
    made: list[Operation] = []
    dropped: list[str] = []
    for place, one in enumerate(given, 1):
        read_as = fault(one) or _read(one, ledger, turns)
        wrong = read_as if isinstance(read_as, str) else refusal(ledger, read_as)
        if wrong or isinstance(read_as, str):
            dropped.append(f"operation {place}: {wrong}")
            continue
        ledger = change(ledger, read_as)
        made.append(read_as)
    return Answer(tuple(made), tuple(dropped))


def _read(one: dict[str, Any], ledger: Ledger, turns: Collection[int]) -> Operation | str:
    """An operation that fits the schema as the ledger's own, or what is wrong with it."""
    text = one_line(one.get("text", one.get("resolution", "")))
    if not text:
        return "it says nothing, or its first sentence is too long"
    said = one.get("turns", [one["turn"]] if "turn" in one else None)
    if said is not None and not (said and all(turn in turns for turn in said)):
        return "it names a turn that is not among the covered ones"
    if one["op"] == "add":
        return _added(one, text, ledger)
    wrong = _unfit(one, text, ledger)
    if wrong:
        return wrong
    match one["op"]:
        case "revise":
            return Revise(one["id"], text, one["turn"], "summariser", one_line(one["why"]))
        case "resolve":
            return Resolve(one["id"], text, "summariser")
        case _:
            return Merge(tuple(one["ids"]), text, "summariser")


def _added(one: dict[str, Any], text: str, ledger: Ledger) -> Add | str:
    if any(entry.kind == one["kind"] and entry.text == text for entry in ledger.live()):
        return "the ledger says so already"
    turns = tuple(sorted(set(one["turns"])))
    name = next(free for n in count(1) if (free := f"m{turns[0]}.{n}") not in ledger.entries)
    about = "state" if one["kind"] == "state" else one_line(one["subject"], _SHORT).lower()
    why, owner = one_line(one["why"]), one_line(one["owner"], _SHORT)
    return Add(Entry(name, one["kind"], text, "summariser", turns, why=why, owner=owner, subject=about))


def _unfit(one: dict[str, Any], text: str, ledger: Ledger) -> str | None:
    """Why the entries that are named cannot be changed so; who may change them is the ledger's to say."""
    named = [ledger.entries[name] for name in one.get("ids", [one.get("id")]) if name in ledger.entries]
    if any(entry.state != "active" for entry in named):
        return "it names an entry that is no longer in force"
    if one["op"] == "resolve" and any(entry.kind not in _OPEN for entry in named):
        return "only a question or an issue is resolved"
    if one["op"] == "merge":
        if len({entry.kind for entry in named}) > 1:
            return "it merges entries of different kinds"
        lost = [entry.id for entry in named if len(terms(entry.text) & terms(text)) < _KEPT * len(terms(entry.text))]
        if lost:
            return f"the merged text loses what {', '.join(lost)} says"
    return None


def one_line(text: str, longest: int = LONGEST) -> str:
    """One line of what can be printed (half of a surrogate pair, for one, is no text to a database), in whole
    sentences: nothing where the first one is longer than the line may be.
    """
    return "".join(letter for letter in whole(text, longest) if letter.isprintable()).strip()
