"""Which entry another one replaces, where its words say that it does."""

from __future__ import annotations

import re
from collections.abc import Iterable

from throughline.compression.cues import heard
from throughline.compression.sentences import terms
from throughline.core.ledger import Entry

_REPLACES = heard("replaces", r"(?<!\w)(?:{})\s+(?P<what>[^.,;:)\n]+)")
_NAMED = re.compile(r"[`\"“]([^`\"”]+)[`\"”]")
# So many terms besides what it replaces must two entries have in common: they are about one thing.
_SHARED = 2


def replaced(text: str, live: Iterable[Entry]) -> Entry | None:
    """The entry in force that a text says it replaces: it holds what is named, or else every term of what is said to be
    replaced, and is about the same thing; of several the one that has most in common.
    """
    found = _REPLACES.search(text)
    if not found:
        return None
    what = found["what"]
    named = _NAMED.search(text, found.start("what"), found.start("what") + len(what) + 1)
    sought = terms(named[1] if named else what)
    said = terms(text)
    fitting = [entry for entry in live if sought and sought <= terms(entry.text)]
    best = max(fitting, key=lambda entry: len(said & terms(entry.text) - sought), default=None)
    return best if best and len(said & terms(best.text) - sought) >= _SHARED else None
