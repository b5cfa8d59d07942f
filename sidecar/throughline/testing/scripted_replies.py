"""Scripted replies of a model, and the bodies and events that a Messages API makes of them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from attrs import field, frozen

from throughline.domain.ports import CallPiece
from throughline.domain.usage import Usage

Json: TypeAlias = dict[str, Any]

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@frozen
class ScriptedReply:
    """One scripted reply, which streams its thoughts, its text word by word and then its calls.

    A status other than 200 refuses with `text` as the message. After so many events a stream is cut off, or
    stalls until the client goes away, or ends in an error of the given type with `text` as its message; an answer
    waits for `held` before its first byte. With `half`, calls end in the middle of their arguments, as they do at
    the limit. A `stop` is the sequence that ended a reply. Thoughts have a block with a `signature`, and one that is
    `hidden`. A `raw` body is sent as it is, as the page of some other server. A server that holds its callers to the
    contract gives a reply its `name`, the `diagnostics` of the prompt cache, what was `dropped` of the request, and
    makes a `compaction` of its text where that was asked for.
    """

    text: str = ""
    calls: tuple[CallPiece, ...] = ()
    usage: Usage = field(factory=lambda: Usage(input=10, output=5))
    reason: str = ""
    thinking: str = ""
    signature: str = ""
    hidden: str = ""
    status: int = 200
    retry_after: float | None = None
    cut_after: int | None = None
    stall_after: int | None = None
    sse_error: str = ""
    error_after: int = 1
    held: asyncio.Event | None = None
    half: bool = False
    raw: bytes | None = None
    stop: str | None = None
    name: str = "msg_fake"
    diagnostics: Json | None = None
    dropped: list[Json] | None = None
    compaction: bool = False


Script: TypeAlias = Sequence[ScriptedReply] | Callable[[Json], ScriptedReply]


def echo(body: Json) -> ScriptedReply:
    """A reply that says back the last thing that was said."""
    if not body.get("messages"):
        return ScriptedReply(status=400, text="messages: at least one message is required")
    said = body["messages"][-1]["content"]
    text = said if isinstance(said, str) else "\n".join(piece.get("text", "") for piece in said)
    return ScriptedReply(text=f"You said: {text}")


def parse_script(text: str) -> list[ScriptedReply]:
    """The replies of a script in JSON, for what is no Python."""
    return [
        ScriptedReply(
            one.get("text", ""),
            tuple(
                CallPiece(f"c{place}.{at}", call["tool"], call["args"]) for at, call in enumerate(one.get("calls", ()))
            ),
            thinking=one.get("thinking", ""),
        )
        for place, one in enumerate(json.loads(text))
    ]


def follow(replies: Sequence[ScriptedReply]) -> Callable[[Json], ScriptedReply]:
    """The replies one by one; a request too many is refused, so that a test sees it."""
    left = iter(replies)
    return lambda _: next(left, ScriptedReply(status=400, text="the script has no more replies"))


def message(reply: ScriptedReply, body: Json) -> Json:
    """The whole reply to a request's body, as it is sent without streaming."""
    if reply.compaction:
        return _compaction(reply, body)
    thought = {"type": "thinking", "thinking": reply.thinking, "signature": reply.signature or "signed"}
    hidden = {"type": "redacted_thinking", "data": reply.hidden or "hidden"}
    text = [{"type": "text", "text": reply.text}] if reply.text else []
    calls = [{"type": "tool_use", "id": call.id, "name": call.tool, "input": call.args} for call in reply.calls]
    return {
        "id": reply.name,
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "fake"),
        "content": [*([thought, hidden] if reply.thinking or reply.signature else []), *text, *calls],
        "stop_reason": _reason(reply),
        "stop_sequence": reply.stop,
        "diagnostics": reply.diagnostics,
        **({} if reply.dropped is None else {"input_transformations": reply.dropped}),
        **_refused(reply),
        "usage": _usage(reply.usage),
    }


def _compaction(reply: ScriptedReply, body: Json) -> Json:
    """A reply that is a compaction block alone; what it cost stands in the iterations and nowhere else:
    types/beta/beta_compaction_block.py, types/beta/beta_iterations_usage.py.
    """
    block: Json = {"type": "compaction", "content": reply.text, "encrypted_content": None, "tool_changes": []}
    return {
        "id": reply.name,
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "fake"),
        "content": [{**block, "signature": reply.signature}],
        "stop_reason": "compaction",
        "stop_sequence": None,
        "usage": {**_usage(Usage()), "iterations": [{"type": "compaction", **_usage(reply.usage)}]},
    }


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write - usage.hour,
            "ephemeral_1h_input_tokens": usage.hour,
        },
    }


def _refused(reply: ScriptedReply) -> Json:
    """Why a reply was declined: types/refusal_stop_details.py."""
    if reply.reason != "refusal":
        return {}
    return {"stop_details": {"type": "refusal", "category": "cyber", "explanation": None}}


def stream_events(reply: ScriptedReply, body: Json) -> Iterator[Json]:
    """The events of a stream: the message opens with one token of output, and ends with all of them."""
    whole = message(reply, body)
    opening = {**whole, "content": [], "stop_reason": None, "stop_sequence": None}
    opening["usage"] = {**whole["usage"], "output_tokens": min(1, whole["usage"]["output_tokens"])}
    opening.pop("stop_details", None)
    yield {"type": "message_start", "message": opening}
    for index, block in enumerate(whole["content"]):
        empty, deltas = _spoken(block)
        deltas = deltas[:1] if reply.half else deltas
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "ping"}
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": whole["stop_sequence"], **_refused(reply)}
    used = {**{name: whole["usage"][name] for name in ("output_tokens", "iterations") if name in whole["usage"]}}
    yield {"type": "message_delta", "delta": ending, "usage": {**used, **_details(reply)}}
    yield {"type": "message_stop"}


def _details(reply: ScriptedReply) -> Json:
    """What of the output was thinking: types/output_tokens_details.py. It is told where there was any."""
    return {"output_tokens_details": {"thinking_tokens": len(reply.thinking) // 4}} if reply.thinking else {}


def refusal_body(reply: ScriptedReply) -> Json:
    """The body of a reply with a status other than 200."""
    return error(_TYPES.get(reply.status, "api_error"), reply.text)


def error(kind: str, text: str, code: str = "") -> Json:
    """An error, as a body or as an event; its cause has a `code` where the SDK has a type for it."""
    details = {"details": {"error_code": code}} if code else {}
    return {"type": "error", "error": {"type": kind, "message": text or kind, **details}}


def _reason(reply: ScriptedReply) -> str:
    return reply.reason or ("tool_use" if reply.calls else "end_turn")


def _spoken(block: Json) -> tuple[Json, list[Json]]:
    """How a block opens, and the deltas that follow: words with their spaces, or JSON cut anywhere."""
    match block["type"]:
        case "text":
            return {"text": ""}, [{"type": "text_delta", "text": word} for word in _words(block["text"])]
        case "thinking":
            thoughts = [{"type": "thinking_delta", "thinking": word} for word in _words(block["thinking"])]
            signature = {"type": "signature_delta", "signature": block["signature"]}
            return {"thinking": "", "signature": ""}, [*thoughts, signature]
        case "tool_use":
            written = json.dumps(block["input"])
            halves = written[: len(written) // 2], written[len(written) // 2 :]
            return {"input": {}}, [{"type": "input_json_delta", "partial_json": half} for half in halves]
        case "compaction":
            # types/beta/beta_compaction_content_block_delta.py
            delta = {"type": "compaction_delta", "content": block["content"], "encrypted_content": None}
            return {"content": None}, [delta]
        case _:
            return {}, []


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)
