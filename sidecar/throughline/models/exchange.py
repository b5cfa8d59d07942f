"""One request through the SDK and its reply; importing this takes seconds, so only a thread does."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from anthropic import (
    AnthropicError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    AsyncStream,
)
from attrs import define, evolve, field
from httpx2 import HTTPError, TimeoutException

from throughline.core.ports import CallPiece, EndPiece, ModelError, Piece, Request, TextPiece
from throughline.core.usage import Usage
from throughline.models import failure
from throughline.models.keys import Access
from throughline.models.messages import describe, translate

if TYPE_CHECKING:
    from anthropic.types import MessageDeltaUsage, RawMessageStreamEvent
    from anthropic.types import Usage as StartUsage


_OWN = "https://api.anthropic.com"


class Connection:
    """The SDK's client for one access."""

    def __init__(self, access: Access, retries: int) -> None:
        # A server of one's own may want no key, but the SDK sends nothing without one.
        self._key = access.key or "none"
        self._client = AsyncAnthropic(
            api_key=self._key, base_url=access.url or _OWN, max_retries=retries, open_telemetry=False
        )

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Sends a request and yields its reply, an EndPiece last; raises ModelError.

        A call that the limit cut off is left out; the reason is then `max_tokens`.
        """
        reply = _Reply()
        try:
            stream = await self._open(request)
            try:
                async for event in stream:
                    for piece in reply.take(event):
                        yield piece
            finally:
                await stream.close()
            yield reply.end()
            return
        except (AnthropicError, HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            wrong = self._explain(error, request)
        # Raised out here, it does not carry along the SDK's error, whose request holds the key.
        raise wrong

    async def close(self) -> None:
        """Closes the pool."""
        await self._client.close()

    async def _open(self, request: Request) -> AsyncStream[RawMessageStreamEvent]:
        stream: AsyncStream[RawMessageStreamEvent]
        stream = await self._client.messages.create(**_parameters(request), stream=True)
        return stream

    def _explain(self, error: Exception, request: Request) -> ModelError:
        url = str(self._client.base_url)
        if isinstance(error, APIStatusError):
            said = (error.api_message or error.message).replace(self._key, "…")
            return failure.answered(error.status_code, error.type or "", said, request.model, url)
        if isinstance(error, APITimeoutError | TimeoutException):
            return failure.unreachable(url, slow=True)
        if isinstance(error, APIConnectionError):
            return failure.unreachable(url)
        return failure.cut()


def _parameters(request: Request) -> dict[str, Any]:
    conversation = translate(request.view)
    parameters = {
        "model": request.model,
        "max_tokens": request.limit,
        "messages": conversation.messages,
        "system": conversation.system,
        "tools": describe(request.tools),
        "tool_choice": _choice(request.must) if request.must else None,
    }
    return {name: value for name, value in parameters.items() if value}


def _choice(tool: str) -> dict[str, Any]:
    """One call of this tool and of no other."""
    return {"type": "tool", "name": tool, "disable_parallel_tool_use": True}


@define
class _Reply:
    """A reply under way: takes the API's events and gives pieces."""

    usage: Usage = field(factory=Usage)
    reason: str = ""
    call: CallPiece | None = None
    written: list[str] = field(factory=list)
    unread: str = ""

    def take(self, event: RawMessageStreamEvent) -> list[Piece]:
        """The pieces that an event completes."""
        match event.type:
            case "message_start":
                self._count(event.message.usage)
            case "content_block_start":
                return self._open(event.content_block)
            case "content_block_delta" if event.delta.type == "text_delta":
                return [TextPiece(event.delta.text)] if event.delta.text else []
            case "content_block_delta" if event.delta.type == "input_json_delta":
                self.written.append(event.delta.partial_json)
            case "content_block_stop":
                return self._shut()
            case "message_delta":
                self.reason = event.delta.stop_reason or self.reason
                self._count(event.usage)
            case _:
                pass  # Thinking and the like are not asked for, and nothing else carries content.
        return []

    def end(self) -> EndPiece:
        """The last piece, after the last event."""
        if not self.reason:
            raise failure.cut()
        if self.unread and self.reason != "max_tokens":
            raise failure.garbled(self.unread)
        return EndPiece(self.reason, self.usage)

    def _open(self, block: Any) -> list[Piece]:
        if block.type == "tool_use":
            self.call = CallPiece(block.id, block.name, dict(block.input or {}))
            self.written = []
        return [TextPiece(block.text)] if block.type == "text" and block.text else []

    def _shut(self) -> list[Piece]:
        call, self.call = self.call, None
        if call is None:
            return []
        if not any(self.written):
            return [call]
        try:
            args = json.loads("".join(self.written))
        except ValueError:
            args = None
        if not isinstance(args, dict):
            self.unread = call.tool
            return []
        return [evolve(call, args=args)]

    def _count(self, usage: StartUsage | MessageDeltaUsage | None) -> None:
        """Takes over the figures given: they are totals, and the later ones hold."""
        if usage is None:
            return
        given = {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cache_read": usage.cache_read_input_tokens,
            "cache_write": usage.cache_creation_input_tokens,
        }
        self.usage = evolve(self.usage, **{name: count for name, count in given.items() if count is not None})
