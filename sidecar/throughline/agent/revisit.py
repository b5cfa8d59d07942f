"""What was ruled out and is about to be done again."""

from __future__ import annotations

from collections.abc import Iterable

from throughline.compression.sentences import terms
from throughline.core.ledger import Entry, Ledger

# Of what an entry speaks of, so much has to be in what is about to be done; less where it is named outright.
_MUCH, _SOME = 0.6, 0.4
_FEWEST = 2
# Files that speak of things and do none of them.
_PROSE = (".md", ".markdown", ".mdx", ".rst", ".adoc", ".txt")


def ruled_out(ledger: Ledger, target: str, new: str) -> tuple[Entry, ...]:
    """The live entries that rule out what is about to be done, as far as the words tell: a command, or a path and what
    is written there.
    """
    doing = target if target.lower().endswith(_PROSE) else f"{target}\n{new}"
    about = terms(doing) | terms(" ".join(_parts(doing)))
    return tuple(entry for entry in ledger.live() if entry.kind == "rejected" and _meant(entry, about, doing.lower()))


def _meant(entry: Entry, about: frozenset[str], doing: str) -> bool:
    spoken = terms(entry.text)
    shared = len(spoken & about)
    if not spoken or shared < min(_FEWEST, len(spoken)):
        return False
    named = bool(entry.subject) and entry.subject in doing
    return shared >= (_SOME if named else _MUCH) * len(spoken)


def _parts(text: str) -> Iterable[str]:
    """The words inside paths and names."""
    for sign in "/._-=():,;'\"":
        text = text.replace(sign, " ")
    return text.split()
