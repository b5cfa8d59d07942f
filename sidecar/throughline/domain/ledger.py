"""The ledger: typed entries that the summary and the archive render, and the operations that change it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Literal, TypeAlias, assert_never

from attrs import evolve, field, frozen

EntryKind: TypeAlias = Literal[
    "objective", "state", "decision", "constraint", "pattern", "milestone", "work",
    "question", "issue", "rejected", "fact", "rule",
]  # fmt: skip
Author: TypeAlias = Literal["agent", "user", "summariser", "code"]
EntryState: TypeAlias = Literal["active", "revised", "resolved"]


@frozen
class Entry:
    """One fact of the session; `turns` are the numbers of the turns it came from.

    `weight` is more than 0 where the first edition's rules took a sentence from the dialogue: nobody claimed that, so
    it is not in force unless the user pinned it or worded it anew.
    """

    id: str
    kind: EntryKind
    text: str
    author: Author
    turns: tuple[int, ...]
    why: str = ""
    owner: str = ""
    subject: str = ""
    supersedes: str = ""
    state: EntryState = "active"
    resolution: str = ""
    pinned: bool = False
    weight: float = 0.0
    mine: bool = False
    """Whether a rule stays on this machine; others are shared with the project's archive."""

    @property
    def final(self) -> bool:
        """True where only the user may change it."""
        return self.pinned or self.author == "user" or self.kind == "rule"


@frozen
class Add:
    """Adds an entry; a later entry on the same subject supersedes the earlier one."""

    kind: ClassVar[Literal["add"]] = "add"
    entry: Entry


@frozen
class Revise:
    """Replaces the wording of an entry, which is then shown as revised. A `whole` one replaces reason and owner too,
    even by nothing; another keeps those that it does not name.
    """

    kind: ClassVar[Literal["revise"]] = "revise"
    id: str
    text: str
    turn: int
    author: Author
    why: str = ""
    owner: str = ""
    whole: bool = False


@frozen
class Resolve:
    """Ends an entry: a question answered, an issue mended."""

    kind: ClassVar[Literal["resolve"]] = "resolve"
    id: str
    resolution: str
    author: Author


@frozen
class Merge:
    """Folds entries that say the same into the first of them."""

    kind: ClassVar[Literal["merge"]] = "merge"
    ids: tuple[str, ...]
    text: str
    author: Author


@frozen
class Pin:
    """Pins or unpins an entry: only the user says it, and no summariser may touch what is pinned."""

    kind: ClassVar[Literal["pin"]] = "pin"
    id: str
    pinned: bool


@frozen
class Delete:
    """Takes an entry out: only the user says it."""

    kind: ClassVar[Literal["delete"]] = "delete"
    id: str


@frozen
class Reopen:
    """Puts an entry that was resolved in force again: only the user says it."""

    kind: ClassVar[Literal["reopen"]] = "reopen"
    id: str


@frozen
class Reclassify:
    """Makes an entry one of another kind: only the user says it."""

    kind: ClassVar[Literal["recast"]] = "recast"
    id: str
    to: EntryKind


@frozen
class KeepMine:
    """Keeps a rule on this machine, or shares it with the project's archive: only the user says it."""

    kind: ClassVar[Literal["keep_mine"]] = "keep_mine"
    id: str
    mine: bool


Operation: TypeAlias = Add | Revise | Resolve | Merge | Pin | Delete | Reopen | Reclassify | KeepMine


@frozen
class Ledger:
    """Entries by id, in the order in which they were added."""

    entries: dict[str, Entry] = field(factory=dict)

    def live(self) -> tuple[Entry, ...]:
        """The entries still in force: superseded and resolved ones left out, and what nobody claimed."""
        return tuple(
            entry for entry in self.entries.values() if entry.state == "active" and (entry.final or not entry.weight)
        )


def normalized_subject(text: str) -> str:
    """The normalised key for what a text is about: its first backticked or quoted name, or nothing."""
    named = re.search(r"`([^`\s]{2,60})`", text)
    return named[1].strip("().,:;").lower() if named else ""


def refusal_reason(ledger: Ledger, operation: Operation) -> str | None:
    """Why an operation may not be applied, in one sentence, or None where it may."""
    match operation:
        case Add(entry=entry):
            if entry.kind == "rule" and entry.author != "user":
                return "only the user lays down rules"
            return f"entry {entry.id} is there already" if entry.id in ledger.entries else None
        case Merge(ids=ids, author=author):
            if len(ids) < 2 or len(set(ids)) < len(ids):
                return "a merge names at least two entries, and each of them once"
            return next((said for name in ids if (said := _untouchable(ledger, name, author))), None)
        case Revise(id=name, author=author) | Resolve(id=name, author=author):
            return _untouchable(ledger, name, author)
        case Pin(id=name) | Delete(id=name):
            return _untouchable(ledger, name, "user")
        case Reopen(id=name):
            resolved = name in ledger.entries and ledger.entries[name].state == "resolved"
            return None if resolved else _untouchable(ledger, name, "user") or f"entry {name} is not resolved"
        case KeepMine(id=name):
            other = name in ledger.entries and ledger.entries[name].kind != "rule"
            return f"entry {name} is no rule" if other else _untouchable(ledger, name, "user")
        case Reclassify(id=name, to=to):
            if to == "rule":
                return "a rule is laid down in words of its own"
            same = name in ledger.entries and ledger.entries[name].kind == to
            return f"entry {name} is a {to} already" if same else _untouchable(ledger, name, "user")
        case _:
            assert_never(operation)


def apply_operation(ledger: Ledger, operation: Operation) -> Ledger:
    """The ledger after one operation; one that `refusal` names changes nothing."""
    return apply_operations(ledger, (operation,))[0]


def apply_operations(ledger: Ledger, operations: Iterable[Operation]) -> tuple[Ledger, tuple[Operation, ...]]:
    """The ledger after all of the operations, one after another, and those that it took."""
    after = Ledger(dict(ledger.entries))
    taken = []
    for operation in operations:
        if refusal_reason(after, operation) is None:
            _enter(after, operation)
            taken.append(operation)
    return (after if taken else ledger), tuple(taken)


def _enter(ledger: Ledger, operation: Operation) -> None:
    """Changes a ledger that nobody else holds yet."""
    entries = ledger.entries
    match operation:
        case Add(entry=entry):
            older = _superseded(ledger, entry)
            if older:
                entries[older.id] = evolve(older, state="revised")
            entries[entry.id] = evolve(entry, supersedes=older.id if older else entry.supersedes)
        case Revise(id=name, text=text, turn=turn, author=author, why=why, owner=owner, whole=whole):
            old = entries[name]
            entries[name] = evolve(
                old,
                text=text,
                why=why if whole else why or old.why,
                owner=owner if whole else owner or old.owner,
                author=author,
                turns=(*old.turns, turn),
                supersedes=old.supersedes or old.id,
            )
        case Resolve(id=name, resolution=resolution):
            entries[name] = evolve(entries[name], state="resolved", resolution=resolution)
        case Merge(ids=ids, text=text, author=author):
            kept = entries[ids[0]]
            turns = tuple(sorted({turn for name in ids for turn in entries[name].turns}))
            entries[ids[0]] = evolve(kept, text=text, author=author, turns=turns)
            for name in ids[1:]:
                del entries[name]
        case Pin(id=name, pinned=pinned):
            entries[name] = evolve(entries[name], pinned=pinned)
        case Delete(id=name):
            if entries[name].kind == "rule":
                # The workspace's other sessions and the archive must learn that it is void: it leaves a trace.
                entries[name] = evolve(entries[name], state="resolved", resolution="deleted")
            else:
                del entries[name]
        case KeepMine(id=name, mine=mine):
            entries[name] = evolve(entries[name], mine=mine)
        case Reopen(id=name):
            entries[name] = evolve(entries[name], state="active", resolution="", author="user")
        case Reclassify(id=name, to=to):
            entries[name] = evolve(entries[name], kind=to, author="user")
        case _:
            assert_never(operation)


def _untouchable(ledger: Ledger, name: str, author: Author) -> str | None:
    entry = ledger.entries.get(name)
    if entry is None:
        return f"there is no entry {name}"
    if entry.final and author != "user":
        return f"entry {name} is a rule of the user's" if entry.kind == "rule" else f"entry {name} is the user's"
    return None


def _superseded(ledger: Ledger, entry: Entry) -> Entry | None:
    """The live entry that a new one replaces, where the author may: the one that it names, or one of the same kind on
    the same subject.
    """
    named = ledger.entries.get(entry.supersedes)
    if named is not None and named.state == "active" and (entry.author == "user" or not named.final):
        return named
    # A rule may be about several things: what it replaces is said by operations of their own.
    if not entry.subject or entry.kind == "rule":
        return None
    for old in ledger.entries.values():
        same = old.state == "active" and old.kind == entry.kind and old.subject == entry.subject
        if same and (entry.author == "user" or not old.final):
            return old
    return None
