"""Listings of the memory by kind: what the summary counts and has no room for, with the ids by which it is changed."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from throughline.domain.ledger import Entry, EntryKind, Ledger
from throughline.domain.session import Session, Turn
from throughline.memory.chronicle import chronicle
from throughline.memory.summary import SECTIONS, full_text

# What a kind is asked for by, beside the names of the summary's sections and its own.
_ALSO: dict[str, tuple[EntryKind, ...]] = {
    "rules": ("rule",),
    "decisions": ("constraint", "pattern", "decision"),
    "standing rules": ("rule",),
    "ruled out": ("rejected",),
    "rejections": ("rejected",),
    "rejected approaches": ("rejected",),
    "goal": ("objective",),
    "chronicle": ("milestone", "work", "fact"),
    "turns": ("milestone", "work", "fact"),
}
# Lines of a page.
PAGE_LINES = 50


@frozen
class EntryListing:
    """The entries in force of some kinds, a line each."""

    noun: str
    """What they are called, as it was asked."""
    lines: tuple[str, ...]
    """The lines, in the order in which the entries came; after the entries of work the turns, the newest first."""

    def page(self, first: int = 1) -> str:
        """A page of the lines, from one on, and how to see the next."""
        if not self.lines:
            return f"The memory holds no {self.noun}."
        shown = self.lines[first - 1 : first - 1 + PAGE_LINES]
        left = len(self.lines) - (first - 1) - len(shown)
        more = [f"… and {left} more: recall {self.noun} with `first` {first + len(shown)}"] if left > 0 else []
        return "\n".join([*shown, *more])


def list_entries(session: Session, query: str) -> EntryListing | None:
    """The entries of the kinds that a query names, such as `decisions` or `known issues`; None where it names none."""
    noun = " ".join(query.lower().replace("_", " ").replace("-", " ").split())
    kinds = _kinds().get(noun)
    if kinds is None:
        return None
    found = kind_entries(session.ledger, kinds)
    told = _turns(session.turns) if "work" in kinds else ()
    return EntryListing(noun, (*map(entry_line, found), *told))


def kind_entries(ledger: Ledger, kinds: Sequence[EntryKind]) -> tuple[Entry, ...]:
    """The entries in force of some kinds, kind by kind."""
    live = ledger.live()
    return tuple(entry for kind in kinds for entry in live if entry.kind == kind)


def entry_line(entry: Entry) -> str:
    """An entry with its id, what it is, and the turns that it leads back to."""
    turns = ", ".join(map(str, sorted(set(entry.turns))))
    where = f", turn{'s' if len(set(entry.turns)) > 1 else ''} {turns}" if turns else ""
    whose = ", the user's" if entry.final else ""
    return f"- {entry.id} ({entry.kind}{where}{whose}): {full_text(entry)}"


def _turns(turns: Sequence[Turn]) -> tuple[str, ...]:
    return tuple(f"- {one.line}" for one in reversed(chronicle(turns)))


def _kinds() -> dict[str, tuple[EntryKind, ...]]:
    """What may be asked for, and the kinds that it means."""
    found: dict[str, tuple[EntryKind, ...]] = {}
    for section in SECTIONS:
        for name in (section.noun, section.title.lower()):
            found[name] = section.kinds
        for kind in section.kinds:
            found.setdefault(kind, (kind,))
            found.setdefault(f"{kind}s", (kind,))
    return found | _ALSO
