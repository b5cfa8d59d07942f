"""What the local rules hold and a model's answer does not: it is added, so that a model can only make it better."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import reduce

from attrs import evolve

from throughline.domain.ledger import Add, Entry, Ledger, Operation, apply_operation, refusal_reason
from throughline.memory.text import terms

# The part of a local entry's terms that an entry of the model's must have to stand for it.
_ENOUGH = 0.6
# Words in which the opposite can be said: only one that says the same kind of thing covers them.
_APART = frozenset({"rejected", "question", "issue"})
_EXACT = re.compile(r"[\d_./]|^-")


def supplement(ledger: Ledger, answered: Sequence[Operation], local: Sequence[Operation]) -> tuple[Operation, ...]:
    """The answered operations, then those of the local summariser that they do not cover, all of which apply."""
    after = reduce(apply_operation, answered, ledger)
    # What the model has looked at and left alone does not cover what the turns say anew.
    touched = [entry for entry in after.live() if entry != ledger.entries.get(entry.id)]
    made = list(answered)
    for one in local:
        operation = one
        if isinstance(one, Add):
            if is_covered(one.entry, touched):
                continue
            same = any((one.entry.kind, one.entry.subject) == (entry.kind, entry.subject) for entry in touched)
            # On one subject neither takes the place of the other: both stand.
            operation = Add(evolve(one.entry, subject="")) if same else one
        if refusal_reason(after, operation) is None:
            after = apply_operation(after, operation)
            made.append(operation)
    return tuple(made)


def is_covered(entry: Entry, others: Iterable[Entry]) -> bool:
    """Whether one of the others says what an entry says: most of its terms, and each number, name and path."""
    if entry.kind == "state":
        return any(other.kind == "state" for other in others)
    said = terms(entry.text)
    exact = {term for term in said if _EXACT.search(term)}
    return any(
        exact <= (held := terms(f"{other.text} {other.why}")) and len(said & held) >= _ENOUGH * len(said)
        for other in others
        if other.kind == entry.kind or not {other.kind, entry.kind} & _APART
    )
