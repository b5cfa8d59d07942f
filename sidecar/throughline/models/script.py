"""What the fake Messages API says: scripted replies, and the bodies and events that they become."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from attrs import field, frozen

from throughline.core.ports import CallPiece
from throughline.core.usage import Usage

Json: TypeAlias = dict[str, Any]

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@frozen
class Reply:
    """One scripted reply, which streams its text word by word and then its calls.

    A status other than 200 refuses with `text` as the message. After so many events a stream is cut off, or
    stalls until the client goes away, or ends in an error of the given type with `text` as its message.
    With `half`, calls end in the middle of their arguments, as they do at the limit.
    """

    text: str = ""
    calls: tuple[CallPiece, ...] = ()
    usage: Usage = field(factory=lambda: Usage(input=10, output=5))
    reason: str = ""
    status: int = 200
    retry_after: float | None = None
    cut_after: int | None = None
    stall_after: int | None = None
    sse_error: str = ""
    error_after: int = 1
    half: bool = False


Script: TypeAlias = Sequence[Reply] | Callable[[Json], Reply]


def echo(body: Json) -> Reply:
    """A reply that says back the last thing that was said."""
    if not body.get("messages"):
        return Reply(status=400, text="messages: at least one message is required")
    said = body["messages"][-1]["content"]
    text = said if isinstance(said, str) else "\n".join(piece.get("text", "") for piece in said)
    return Reply(text=f"You said: {text}")


def follow(replies: Sequence[Reply]) -> Callable[[Json], Reply]:
    """The replies one by one; a request too many is refused, so that a test sees it."""
    left = iter(replies)
    return lambda _: next(left, Reply(status=400, text="the script has no more replies"))


def message(reply: Reply, body: Json) -> Json:
    """The whole reply to a request's body, as it is sent without streaming."""
    text = [{"type": "text", "text": reply.text}] if reply.text else []
    calls = [{"type": "tool_use", "id": call.id, "name": call.tool, "input": call.args} for call in reply.calls]
    return {
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "fake"),
        "content": [*text, *calls],
        "stop_reason": reply.reason or ("tool_use" if reply.calls else "end_turn"),
        "stop_sequence": None,
        "usage": {
            "input_tokens": reply.usage.input,
            "output_tokens": reply.usage.output,
            "cache_read_input_tokens": reply.usage.cache_read,
            "cache_creation_input_tokens": reply.usage.cache_write,
        },
    }


def events(reply: Reply, body: Json) -> Iterator[Json]:
    """The events of a stream: the message opens with one token of output, and ends with all of them."""
    whole = message(reply, body)
    opening = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": opening}
    for index, block in enumerate(whole["content"]):
        empty, deltas = _speak(block["text"]) if block["type"] == "text" else _call(block["input"])
        deltas = deltas[:1] if reply.half else deltas
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": reply.usage.output}}
    yield {"type": "message_stop"}


def refusal(reply: Reply) -> Json:
    """The body of a reply with a status other than 200."""
    return error(_TYPES.get(reply.status, "api_error"), reply.text)


def error(kind: str, text: str) -> Json:
    """An error, as a body or as an event."""
    return {"type": "error", "error": {"type": kind, "message": text or kind}}


def _speak(text: str) -> tuple[Json, list[Json]]:
    """How a text block opens, and the words that follow, their spaces with them."""
    return {"text": ""}, [{"type": "text_delta", "text": word} for word in re.findall(r"\s*\S+|\s+$", text)]


def _call(args: Json) -> tuple[Json, list[Json]]:
    """How a call's block opens, and its JSON in two halves, which end nowhere in particular."""
    written = json.dumps(args)
    halves = written[: len(written) // 2], written[len(written) // 2 :]
    return {"input": {}}, [{"type": "input_json_delta", "partial_json": half} for half in halves]
