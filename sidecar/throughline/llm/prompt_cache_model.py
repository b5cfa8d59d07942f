"""A model of a provider's prompt cache: what a prompt finds there and leaves there. Recordings are billed by it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from attrs import frozen

from throughline.domain.ports import Clock
from throughline.domain.settings import Hour
from throughline.domain.usage import Usage
from throughline.domain.view import View
from throughline.llm.messages import LOOK_BACK, Ttl, breakpoint_ttl, breakpoints

LIVES: dict[Ttl, float] = {"5m": 300.0, "1h": 3600.0}


@frozen
class Part:
    """One content block of a prompt: a key for all up to and with it, its tokens, and its breakpoint's ttl if any."""

    key: Hashable
    tokens: int
    ttl: Ttl | None = None


@frozen
class Split:
    """A prompt's tokens by what the cache did with them; `hour` is the part of `written` that it keeps an hour."""

    read: int
    written: int
    hour: int
    fresh: int


class Entries:
    """What a cache holds: prefixes, each with the second it is forgotten at.

    An entry is made where a breakpoint stands and nowhere else, for a prefix of at least `minimum` tokens; finding
    one renews it. From each breakpoint it is looked for backwards, at so many blocks and no more.
    """

    def __init__(self, minimum: int = 0) -> None:
        self._minimum = minimum
        self._ends: dict[Hashable, tuple[float, float]] = {}  # When it is forgotten, and how long it lives.

    def take(self, parts: Sequence[Part], now: float) -> Split:
        """What a prompt that is sent now reads and writes."""
        marks = [place for place, part in enumerate(parts) if part.ttl]
        hits = [place for mark in marks if (place := self._found(parts, mark, now)) is not None]
        hit = max(hits, default=-1)
        for place in hits:
            _, life = self._ends[parts[place].key]
            self._ends[parts[place].key] = now + life, life
        sums = [0]
        for part in parts:
            sums.append(sums[-1] + part.tokens)
        kept = [mark for mark in marks if sums[mark + 1] >= self._minimum]
        for mark in kept:
            life = LIVES[parts[mark].ttl or "5m"]
            self._ends[parts[mark].key] = now + life, life
        last = max([hit, *kept])
        long = max([hit, *(mark for mark in kept if parts[mark].ttl == "1h")])
        return Split(
            read=sums[hit + 1],
            written=sums[last + 1] - sums[hit + 1],
            hour=sums[long + 1] - sums[hit + 1],
            fresh=sums[-1] - sums[last + 1],
        )

    def _found(self, parts: Sequence[Part], mark: int, now: float) -> int | None:
        """The last block, from a breakpoint backwards, at which an entry ends."""
        for place in range(mark, max(-1, mark - LOOK_BACK), -1):
            end, _ = self._ends.get(parts[place].key, (float("-inf"), 0.0))
            if now <= end:
                return place
        return None


class PromptCacheModel:
    """What a provider would bill for a view: its figures are the model's own tokens, o200k times `factor`."""

    def __init__(self, clock: Clock, factor: float, hour: Hour = "never", minimum: int = 0) -> None:
        self._clock = clock
        self._factor = factor
        self._hour: Hour = hour
        self._entries = Entries(round(minimum / factor))

    def usage(self, view: View, output: int) -> Usage:
        """The usage of a call that sends `view` now and gets `output` o200k tokens back."""
        split = self._entries.take(list(self._parts(view)), self._clock.now())
        each = self._factor
        return Usage(
            input=round(split.fresh * each),
            output=round(output * each),
            cache_read=round(split.read * each),
            cache_write=round(split.written * each),
            hour=round(split.hour * each),
        )

    def _parts(self, view: View) -> Iterator[Part]:
        marks = breakpoints(view.blocks)
        key = 0
        for place, block in enumerate(view.blocks):
            # A text's hash is made once, however many views it stands in.
            key = hash((key, block.role, block.content, block.id, block.text))
            yield Part(key, block.tokens, breakpoint_ttl(block, self._hour) if place in marks else None)
