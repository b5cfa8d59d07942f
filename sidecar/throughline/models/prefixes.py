"""The prompt cache of the fake Messages API: what a request finds and leaves there, by the bytes that it sends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from throughline.models.cache import LIVES, Entries, Part, Split
from throughline.models.marks import MARKS

Json: TypeAlias = dict[str, Any]


class MarksError(Exception):
    """Breakpoints that the API refuses; the message is its own."""


class Prefixes:
    """Reads requests' bodies; `now` is in seconds, `count` gives a content block's tokens, `minimum` is the shortest
    prefix that is kept.
    """

    def __init__(self, now: Callable[[], float], count: Callable[[Json], int], minimum: int = 0) -> None:
        self._now = now
        self._count = count
        self._entries = Entries(minimum)

    def split(self, body: Json) -> Split:
        """What a request's prompt reads and writes; raises MarksError."""
        parts = list(_parts(body, self._count))
        _check([part.ttl for part in parts if part.ttl])
        return self._entries.take(parts, self._now())

    def tokens(self, body: Json) -> int:
        """A prompt's tokens."""
        return sum(part.tokens for part in _parts(body, self._count))


def rough(piece: Json) -> int:
    """Tokens of a piece of JSON, near enough where nobody compares them."""
    return len(json.dumps(piece)) // 4 + 1


def _parts(body: Json, count: Callable[[Json], int]) -> Iterator[Part]:
    """The blocks of a prompt as the API renders them: tools, system, messages; no model finds another's."""
    running = hashlib.sha256(str(body.get("model")).encode())
    for place, piece in pieces(body):
        bare = {name: value for name, value in piece.items() if name != "cache_control"}
        running.update(json.dumps([place, bare]).encode())
        mark = piece.get("cache_control")
        yield Part(running.hexdigest(), count(bare), (mark.get("ttl") or "5m") if mark else None)


def pieces(body: Json) -> Iterator[tuple[str, Json]]:
    """The blocks of a prompt in the order in which the API renders them, each with what it belongs to."""
    yield from (("tools", tool) for tool in body.get("tools", ()))
    yield from (("system", piece) for piece in _blocks(body.get("system", "")))
    for message in body.get("messages", ()):
        yield from ((message["role"], piece) for piece in _blocks(message["content"]))


def _blocks(content: str | list[Json]) -> list[Json]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def _check(spans: Sequence[str]) -> None:
    if len(spans) > MARKS:
        raise MarksError(f"A maximum of {MARKS} blocks with cache_control may be provided. Found {len(spans)}.")
    if not set(spans) <= set(LIVES):
        raise MarksError("cache_control.ttl: must be 5m or 1h")
    if "1h" in spans[spans.index("5m") if "5m" in spans else len(spans) :]:
        raise MarksError("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")
