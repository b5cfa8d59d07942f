"""Tagged lines in the agent's reply become ledger entries at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from throughline.core.ledger import Add, Entry, EntryKind, Ledger, subject

TAGS: dict[str, EntryKind] = {
    "DECISION": "decision",
    "MILESTONE COMPLETE": "milestone",
    "DO NOT REVISIT": "rejected",
}
_TAG = re.compile(rf"^[\s>*_#-]*\[({'|'.join(TAGS)})\][*_]*\s*:?[*_]*\s*(.+)$", re.IGNORECASE)
_BECAUSE = {
    "decision": re.compile(r"\s*,?\s+because\s+", re.IGNORECASE),
    "rejected": re.compile(r"\s+(?:\u2014|\u2013|--|-)\s+"),
}
_FENCE = re.compile(r"^\s*(```|~~~)")


def tagged(text: str) -> Iterator[tuple[EntryKind, str, str]]:
    """Kind, text and reason of each tagged line; a tag inside a code block is only quoted."""
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        found = None if fenced else _TAG.match(line)
        if found:
            kind = TAGS[found[1].upper()]
            said, why = found[2].strip(), ""
            if because := _BECAUSE.get(kind):
                said, why, *_ = [*because.split(said, maxsplit=1), ""]
            yield kind, said.strip().rstrip("*_ "), why.strip()


def entries(text: str, turn: int, ledger: Ledger) -> tuple[Add, ...]:
    """The operations that a reply's tagged lines make; what the ledger says already is not said again."""
    known = {(entry.kind, entry.text) for entry in ledger.entries.values()}
    made: list[Add] = []
    for kind, said, why in tagged(text):
        if (kind, said) not in known:
            known.add((kind, said))
            name = f"t{turn}.{len(made) + 1 + sum(1 for old in ledger.entries if old.startswith(f't{turn}.'))}"
            made.append(Add(Entry(name, kind, said, "agent", (turn,), why=why, subject=subject(said))))
    return tuple(made)
