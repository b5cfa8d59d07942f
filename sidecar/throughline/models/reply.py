"""A reply under way: the Messages API's events in, pieces out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from throughline.core.ports import CallPiece, EndPiece, Piece, TextPiece, UsagePiece
from throughline.core.usage import Usage
from throughline.models import failure

if TYPE_CHECKING:
    from anthropic.types import RawMessageStreamEvent

# The reasons of a reply that a limit cut off: its own, or the model's window.
_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


@define
class Reply:
    """Takes the events in their order. Servers that leave figures out, or send kinds that nobody asked for, such as
    thinking, are heard all the same.
    """

    begun: bool = False
    reason: str = ""
    _usage: Usage = field(factory=Usage)
    _call: CallPiece | None = None
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
            case "content_block_stop":
                return self._shut()
            case "message_delta":
                self.reason = event.delta.stop_reason or self.reason
                return self._count(getattr(event, "usage", None))
            case _:
                pass  # Thinking and the like are not asked for, and nothing else carries content.
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
        return [TextPiece(block.text)] if block.type == "text" and block.text else []

    def _shut(self) -> list[Piece]:
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
