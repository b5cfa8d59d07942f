"""The contract of a provider, enforced by the test server: thinking bound to its prefix, cache breakpoints, tools."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import evolve

from throughline.llm.messages import MARKS
from throughline.llm.prompt_cache_model import LIVES, Entries, Part, Split
from throughline.testing.scripted_replies import ScriptedReply

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


_BETA = "thinking-binding-controls-2026-08-01"
_HIDDEN = "redacted_thinking"


class ProviderContract:
    """Signs the thinking of replies, and refuses what the models refuse; `dropped` are the places of blocks that
    requests let it drop. A server that is not `bound` takes a block wherever it stands, and one without the
    `switch` cannot be asked to drop any.
    """

    def __init__(self, *, bound: bool = True, switch: bool = True) -> None:
        self.dropped: list[str] = []
        self._bound = bound
        self._switch = switch
        self._issued: dict[str, tuple[str, str]] = {}

    def refusal(self, body: Json, headers: Mapping[str, str]) -> str:
        """What the API says against a request; nothing where it takes it."""
        if (body.get("tool_choice") or {}).get("type") in {"any", "tool"}:
            return "tool_choice: this model does not support forcing a tool; use `auto`"
        binding = (body.get("thinking") or {}).get("block_binding")
        if binding is not None and not (self._switch and _BETA in headers.get("anthropic-beta", "")):
            return "thinking.adaptive.block_binding: Extra inputs are not permitted"
        drops = (binding or {}).get("prefix_mismatch_behavior") == "drop_block"
        self.dropped = []
        for place, signature, shown, before in _thoughts(body):
            text, made = self._issued.get(signature, ("", ""))
            if not made or text != shown:
                return f"{place}: `thinking` or `redacted_thinking` blocks cannot be modified"
            if self._bound and made != before:
                if not drops:
                    return f"{place}: this `thinking` block was created in a different conversation"
                self.dropped.append(place)
        return "" if all(_ends_well(message) for message in body.get("messages", ())) else (
            "messages: the final block in an assistant message cannot be `thinking`"
        )  # fmt: skip

    def signed(self, reply: ScriptedReply, body: Json) -> ScriptedReply:
        """The reply with its thinking signed for what the request holds, and shown where that was asked for."""
        if not reply.thinking:
            return reply
        asked = (body.get("thinking") or {}).get("display") == "summarized"
        shown = reply.thinking if asked else ""
        before = _digest(list(pieces(body)))
        signature = hashlib.sha256(f"{before} {reply.thinking}".encode()).hexdigest()[:32]
        self._issued[signature] = shown, before
        hidden = signature[::-1]
        told = ("assistant", {"type": "thinking", "thinking": shown, "signature": signature})
        self._issued[hidden] = "", _digest([*pieces(body), told])
        return evolve(reply, thinking=shown, signature=signature, hidden=hidden)


def _thoughts(body: Json) -> Iterator[tuple[str, str, str, str]]:
    """Where each block of thinking stands in a request, its signature and text, and what stands before it."""
    bare = {name: value for name, value in body.items() if name != "messages"}
    before = list(pieces(bare))
    for place, message in enumerate(body.get("messages", ())):
        content = message["content"] if isinstance(message["content"], list) else []
        for at, piece in enumerate(content):
            if piece["type"] in {"thinking", _HIDDEN}:
                signature = piece.get("signature") or piece.get("data") or ""
                yield f"messages.{place}.content.{at}", signature, piece.get("thinking", ""), _digest(before)
            before += pieces({"messages": [{**message, "content": [piece]}]})


def _digest(before: list[tuple[str, Json]]) -> str:
    bare = [[side, {name: value for name, value in one.items() if name != "cache_control"}] for side, one in before]
    return hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()


def _ends_well(message: Json) -> bool:
    content = message["content"]
    return isinstance(content, str) or not content or content[-1]["type"] not in {"thinking", _HIDDEN}
