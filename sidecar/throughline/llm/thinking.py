"""Thinking of the Messages API: how it is asked for, and which of its blocks may be sent back."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

from throughline.llm.catalogue import undated_name

if TYPE_CHECKING:
    from hashlib import _Hash


Json: TypeAlias = dict[str, Any]

# The header under which the API takes `block_binding`.
BINDING = "thinking-binding-controls-2026-08-01"
# So many blocks are remembered: those of a running turn are among the newest.
_REMEMBERED = 2_000
# What the API says of a block that it does not take back: that it was changed, is not its own, or stands elsewhere now.
_REFUSED = re.compile(
    r"messages\.\d+\.content\.\d+.*(?:thinking|signature)"
    r"|\bthinking`? blocks?\b.*(?:modified|changed|match|conversation|bound)|invalid.*\bsignature",
    re.IGNORECASE | re.DOTALL,
)


def thinking_parameters(adaptive: bool, bound: bool) -> Json | None:
    """The `thinking` of a request: None for a model that cannot be asked for it in this way. What comes back has text
    only where a display is asked for; where blocks are bound, the provider drops those whose prefix has changed.
    """
    if not adaptive:
        return None
    binding = {"block_binding": {"prefix_mismatch_behavior": "drop_block"}} if bound else {}
    return {"type": "adaptive", "display": "summarized", **binding}


def is_adaptive(model: str) -> bool:
    """Whether a model takes adaptive thinking, as far as its name says it."""
    return undated_name(model) in _table()["adaptive"]


def is_bound(model: str) -> bool:
    """Whether a model's blocks are bound to what stands before them, as far as its name says it."""
    return undated_name(model) in _table()["bound"]


def is_refusal(said: str) -> bool:
    """Whether a server's words refuse a block of thinking that was sent back, and not the parameter."""
    return bool(_REFUSED.search(said))


def without_blocks(messages: Iterable[Json], blocks: frozenset[str] | None = None) -> list[Json]:
    """The messages without these blocks of thinking, or without any; one that then says nothing goes as well."""
    kept = []
    for message in messages:
        content = [
            one
            for one in message["content"]
            if not (thinking_mark(one) and (blocks is None or thinking_mark(one) in blocks))
        ]
        if content:
            kept.append({**message, "content": content})
    return kept


def thinking_marks(messages: Iterable[Json]) -> frozenset[str]:
    """What tells the blocks of thinking in these messages from one another."""
    return frozenset(filter(None, (thinking_mark(piece) for message in messages for piece in message["content"])))


def thinking_mark(piece: Json) -> str:
    """What tells a block of thinking from others: its signature, or what it hides; nothing for any other piece."""
    if piece.get("type") not in {"thinking", "redacted_thinking"}:
        return ""
    return str(piece.get("signature") or piece.get("data") or "")


class Origins:
    """Remembers before which conversation each block of thinking was made, so that one whose conversation has changed
    since can be left out where the server does not do that itself.
    """

    def __init__(self) -> None:
        self._made: dict[str, str] = {}

    def note(self, block: Json, request: Json) -> None:
        """A block came in answer to a request."""
        before = _begun(request)
        for message in request["messages"]:
            _add(before, message)
        self._made[thinking_mark(block)] = before.hexdigest()
        while len(self._made) > _REMEMBERED:
            del self._made[next(iter(self._made))]

    def kept(self, request: Json) -> list[Json]:
        """A request's messages without the blocks that were made before another conversation than stands there now."""
        if not thinking_marks(request["messages"]):
            return list(request["messages"])
        before, messages = _begun(request), list[Json]()
        for message in request["messages"]:
            made = before.hexdigest()
            for kept in without_blocks(
                [message], frozenset(one for one in thinking_marks([message]) if self._made.get(one) != made)
            ):
                messages.append(kept)
                _add(before, kept)
        return messages


def _begun(request: Json) -> _Hash:
    made = hashlib.sha256()
    _add(made, [request.get("system"), request.get("tools")])
    return made


def _add(made: _Hash, part: Any) -> None:
    # Breakpoints move from call to call, and change nothing of what is said.
    made.update(json.dumps(_bare(part)).encode())


def _bare(part: Any) -> Any:
    if isinstance(part, list):
        return [_bare(one) for one in part]
    if isinstance(part, dict):
        return {name: _bare(value) for name, value in part.items() if name != "cache_control"}
    return part


@cache
def _table() -> dict[str, frozenset[str]]:
    read = tomllib.loads((files(__package__) / "thinking.toml").read_text("utf-8"))
    return {name: frozenset(read[name]) for name in ("adaptive", "bound")}
