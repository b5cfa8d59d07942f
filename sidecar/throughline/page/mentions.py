"""Which files a person means who types a part of a path."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

MOST = 20


def fitting(paths: Iterable[str], typed: str) -> list[str]:
    """At most `MOST` paths that have the typed letters in their order, the best first: those whose name begins so,
    then those that have it in the name, in the path, or only letter by letter; of equals the shortest.
    """
    sought = typed.lower()
    ranked = ((rank, len(path), path) for path in paths if (rank := _rank(path.lower(), sought)) is not None)
    return [path for _, _, path in heapq.nsmallest(MOST, ranked)]


def meant(word: str) -> bool:
    """Whether a word after an @ that names no file was meant to: `@dataclass` was not."""
    return "/" in word or "." in word


def _rank(path: str, sought: str) -> int | None:
    name = path.rpartition("/")[2]
    if name.startswith(sought):
        return 0
    if sought in name:
        return 1
    if sought in path:
        return 2
    letters = iter(path)
    return 3 if all(letter in letters for letter in sought) else None
