"""Which of the sentences taken from the dialogue go into a budget, and which of them stand on one line."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from throughline.domain.ledger import Entry
from throughline.memory.text import terms

LINE = 390
_REPEATS = 0.75
# How strongly a long entry must be worth its room: between not at all (0) and in full (1).
_THRIFT = 0.6
# What is left of the worth of a sentence of whose terms a later turn's repeats so many: the later one says it.
_OUTDATED = 0.6
_AGAIN = 0.6
# The tokens under which no sentence is looked for any more.
_LEAST = 8


def weighed(entry: Entry) -> bool:
    """True for what rules took from the dialogue, which competes by weight; all else was put there on purpose."""
    return entry.weight > 0 and not entry.final


def best(
    entries: Sequence[Entry], room: int, cost: Callable[[str], int], frame: int, taken: Iterable[Entry] = ()
) -> list[Entry]:
    """The entries worth most for the room, best first: each by its weight, less the more it repeats one before it, and
    less where a later turn says it again.

    `cost` counts a text's tokens, and `frame` is what each new line takes besides its text.
    """
    numbers: dict[str, int] = {}

    def about(entry: Entry) -> int:
        """The entry's terms as bits, so that what two have in common is counted at once."""
        bits = 0
        for term in terms(entry.text):
            bits |= 1 << numbers.setdefault(term, len(numbers))
        return bits

    taken = tuple(taken)
    chosen: list[Entry] = []
    shown = [about(entry) for entry in taken]
    begun = {(entry.kind, entry.turns) for entry in taken if weighed(entry)}
    # Of the worthiest at most one in eight has room: the others stand in for those that only repeat what is shown.
    entries = heapq.nlargest(max(room, 0), entries, key=_worth)
    worth = [_worth(entry) for entry in entries]
    told = [about(entry) for entry in entries]
    when = [max(entry.turns, default=0) for entry in entries]

    def outdated(place: int) -> bool:
        bits = told[place]
        enough = _AGAIN * bits.bit_count()
        return any(
            when[other] > when[place] and (bits & told[other]).bit_count() >= enough for other in range(len(entries))
        )

    # A sentence only loses worth as others are chosen, so none but the top of the heap is ever weighed again.
    heap = [(-value, place, -1) for place, value in enumerate(worth)]
    heapq.heapify(heap)
    repeated: dict[int, tuple[int, float]] = {}
    while heap and room > _LEAST:
        _, place, seen = heapq.heappop(heap)
        entry = entries[place]
        if cost(entry.text) + 1 > room:
            continue  # It will never fit, and need not be compared with all that is shown.
        bits = told[place]
        if seen < 0 and outdated(place):
            worth[place] *= _OUTDATED
        if seen != len(shown):
            # What was compared before is not compared again: how much it repeats can only grow.
            compared, repeats = repeated.get(place, (0, 0.0))
            repeats = max([repeats, *(_overlap(bits, other) for other in shown[compared:])])
            repeated[place] = (len(shown), repeats)
            if repeats <= _REPEATS:
                heapq.heappush(heap, (-worth[place] * (1 - repeats / 2), place, len(shown)))
            continue
        line = (entry.kind, entry.turns)
        needs = cost(entry.text) + (1 if line in begun else frame)
        if needs <= room:
            room -= needs
            chosen.append(entry)
            shown.append(bits)
            begun.add(line)
    return chosen


def _worth(entry: Entry) -> float:
    """An entry's weight, and less of it the longer its text."""
    return entry.weight / math.pow(len(entry.text) / 4 + 3, _THRIFT)


def together(entries: Iterable[Entry]) -> list[tuple[Entry, ...]]:
    """The entries as lines: what one turn said of a kind stands together, as long as a line is not too long."""
    lines: list[tuple[Entry, ...]] = []
    for joined, group in groupby(entries, key=lambda entry: (entry.kind, entry.turns) if weighed(entry) else entry.id):
        line: tuple[Entry, ...] = ()
        for entry in group:
            if line and (isinstance(joined, str) or sum(len(one.text) + 1 for one in (*line, entry)) > LINE):
                lines.append(line)
                line = ()
            line = (*line, entry)
        lines.append(line)
    return lines


def _overlap(one: int, other: int) -> float:
    return (one & other).bit_count() / max(1, min(one.bit_count(), other.bit_count()))
