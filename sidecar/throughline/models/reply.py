"""A reply under way: the Messages API's events in, pieces out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from throughline.core.ports import CallPiece, EndPiece, Piece, TextPiece, ThoughtPiece, UsagePiece
from throughline.core.usage import Usage
from throughline.models import failure

if TYPE_CHECKING:
    from anthropic.types import RawMessageStreamEvent

# The reasons of a reply that a limit cut off: its own, or the model's window.
_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


@define
class Reply:
    """Takes the events in their order. Servers that leave figures out, or send kinds that nobody knows, are heard all
    the same.
    """

    begun: bool = False
    reason: str = ""
    _usage: Usage = field(factory=Usage)
    _call: CallPiece | None = None
    _thought: dict[str, Any] | None = None
    _written: list[str] = field(factory=list)
    _unread: str = ""

    @property
    def whole(self) -> bool:
        """Whether all of it has come, but for its goodbye."""
        return bool(self.reason)

    def take(self, event: RawMessageStreamEvent) -> list[Piece]:
        """The pieces that an event completes."""
        match event.type:
            case "message_start":
                self.begun = True
                return self._count(getattr(event.message, "usage", None))
            case "content_block_start":
                return self._open(event.content_block)
            case "content_block_delta" if event.delta.type == "text_delta":
                return [TextPiece(event.delta.text)] if event.delta.text else []
            case "content_block_delta" if event.delta.type == "input_json_delta":
                self._written.append(event.delta.partial_json)
            case "content_block_delta" if event.delta.type == "thinking_delta":
                self._think("thinking", event.delta.thinking)
            case "content_block_delta" if event.delta.type == "signature_delta":
                self._think("signature", event.delta.signature)
            case "content_block_stop":
                return self._shut()
            case "message_delta":
                self.reason = event.delta.stop_reason or self.reason
                return self._count(getattr(event, "usage", None))
            case _:
                pass  # Nothing else carries content that was asked for.
        return []

    def end(self) -> EndPiece:
        """The last piece, after the last event; raises ModelError where the reply is none."""
        if not self.reason:
            raise failure.cut()
        if self._unread and self.reason not in _CUT:
            raise failure.garbled(self._unread)
        return EndPiece(self.reason, self._usage)

    def _open(self, block: Any) -> list[Piece]:
        if block.type == "tool_use":
            self._call = CallPiece(block.id, block.name, dict(block.input or {}))
            self._written = []
        if block.type in {"thinking", "redacted_thinking"}:
            # Whatever fields it has go back as they came.
            self._thought = block.model_dump(mode="json", exclude_unset=True)
        return [TextPiece(block.text)] if block.type == "text" and block.text else []

    def _think(self, name: str, more: str) -> None:
        if self._thought is not None:
            self._thought[name] = (self._thought.get(name) or "") + more

    def _shut(self) -> list[Piece]:
        thought, self._thought = self._thought, None
        if thought is not None:
            return [ThoughtPiece(thought)]
        call, self._call = self._call, None
        if call is None:
            return []
        if not any(self._written):
            return [call]
        try:
            args = json.loads("".join(self._written))
        except ValueError:
            args = None
        if not isinstance(args, dict):
            self._unread = call.tool
            return []
        return [evolve(call, args=args)]

    def _count(self, usage: Any) -> list[Piece]:
        """Takes over the figures given: they are totals, and the later ones hold."""
        given = {
            "input": getattr(usage, "input_tokens", None),
            "output": getattr(usage, "output_tokens", None),
            "cache_read": getattr(usage, "cache_read_input_tokens", None),
            "cache_write": getattr(usage, "cache_creation_input_tokens", None),
            "hour": getattr(getattr(usage, "cache_creation", None), "ephemeral_1h_input_tokens", None),
        }
        self._usage = evolve(self._usage, **{name: count for name, count in given.items() if isinstance(count, int)})
        return [UsagePiece(self._usage)] if usage is not None else []
