"""Connections to the Messages API through the SDK, and the parser of its streams.

Importing this takes seconds, so that only a thread does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from anthropic import (
    AnthropicError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    AsyncStream,
)
from anthropic.types import RawMessageStreamEvent
from attrs import define, evolve, field
from httpx2 import HTTPError, TimeoutException

from throughline.domain.ports import (
    CallPiece,
    EndPiece,
    ModelError,
    ModelRow,
    Piece,
    Request,
    TextPiece,
    ThoughtPiece,
    UsagePiece,
    WaitPiece,
)
from throughline.domain.settings import Hour
from throughline.domain.usage import Usage
from throughline.llm import errors, thinking
from throughline.llm.catalogue import undated_name
from throughline.llm.credentials import Credentials
from throughline.llm.messages import Json, tool_parameters, translate, warming_parameters

if TYPE_CHECKING:
    from anthropic.types import RawMessageStreamEvent


# The reasons of a reply that a limit cut off: its own, or the model's window.
_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


@define
class StreamParser:
    """Takes the events in their order. Servers that leave figures out, or send kinds that nobody knows, are heard all
    the same.
    """

    begun: bool = False
    reason: str = ""
    name: str = ""
    _diagnostics: Any = None
    _category: str = ""
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
                self.name = getattr(event.message, "id", None) or ""
                self._diagnostics = getattr(event.message, "diagnostics", None)
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
                self._category = getattr(getattr(event.delta, "stop_details", None), "category", None) or ""
                return self._count(getattr(event, "usage", None))
            case _:
                pass  # Nothing else carries content that was asked for.
        return []

    def end(self) -> EndPiece:
        """The last piece, after the last event; raises ModelError where the reply is none."""
        if not self.reason:
            raise errors.cut_stream_error()
        if self._unread and self.reason not in _CUT:
            raise errors.garbled_arguments_error(self._unread)
        miss = getattr(self._diagnostics, "cache_miss_reason", None)
        missed = getattr(miss, "cache_missed_input_tokens", None)
        kind = getattr(miss, "type", None)
        return EndPiece(
            self.reason,
            self._usage,
            self.name,
            kind if isinstance(kind, str) else "",
            missed if isinstance(missed, int) else 0,
            self._category,
        )

    def take_whole(self, message: Any) -> EndPiece:
        """The end of a reply that came without a stream, and has nothing in it."""
        self.begun, self.name = True, getattr(message, "id", None) or ""
        self.reason = getattr(message, "stop_reason", None) or "max_tokens"
        self._diagnostics = getattr(message, "diagnostics", None)
        self._count(getattr(message, "usage", None))
        return self.end()

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
            "thinking": getattr(getattr(usage, "output_tokens_details", None), "thinking_tokens", None),
        }
        self._usage = evolve(self._usage, **{name: count for name, count in given.items() if isinstance(count, int)})
        return [UsagePiece(self._usage)] if usage is not None else []


log = logging.getLogger(__name__)

_OWN = "https://api.anthropic.com"
# A count that takes longer is of no use to the turn that waits for it.
_SOON = 3.0
# What a server may not know and a request can go without, and what is lost with it.
_SPARE = {
    "block_binding": "does not leave out thinking whose conversation has changed: that is done before it is sent",
    "diagnostics": "does not say why its prompt cache was missed",
    "display": "does not show its thinking between calls",
    "thinking": "takes no word on how to think",
    "strict": "does not hold a model to a tool's schema: what comes is checked all the same",
    "ttl": "keeps nothing in its prompt cache for an hour",
    "cache_control": "keeps no prompt cache: every call sends and pays the whole view",
}
# How a server may name what it does not know, where that is not the field's name.
_NAMED = {"block_binding": rf"block_binding|{thinking.BINDING}"}
# How a reply's limit is refused that is more than the model's own.
_TOO_LONG_A_REPLY = re.compile(r"max_tokens: [\d,]+ > ([\d,]+)")
_UNLISTED = "lists no models: their names cannot be checked"
# What a status says of a path that a server does not have.
_NO_SUCH_PATH = frozenset({404, 405, 501})
# What may be asked again, beside the server's own faults.
_AGAIN = frozenset({408, 409, 429})
# In seconds. A server that wants a longer wait is not waited for: the user is told, and sends the message again.
LONGEST_WAIT = 60.0


class Connection:
    """The SDK's client for one access. What its server lacks is said once, by `tell`, and not asked for again."""

    def __init__(
        self,
        access: Credentials,
        retries: int,
        patience: float,
        hour: Callable[[str], Hour],
        tell: Callable[[str], None],
    ) -> None:
        # A server of one's own may want no key, but the SDK sends nothing without one.
        self._key = access.key or "none"
        self._client = AsyncAnthropic(
            api_key=self._key,
            base_url=access.url or _OWN,
            # The SDK would wait for as long as it is told to, and say nothing meanwhile.
            max_retries=0,
            timeout=patience,
            open_telemetry=False,
        )
        self._retries = retries
        self._hour = hour
        self._tell = tell
        self._lacks: set[str] = set()
        self._adaptive: dict[str, bool] = {}
        # The longest reply that a model gives, in its own tokens, where the server has said it.
        self._longest: dict[str, int] = {}
        self._origins = thinking.Origins()
        self._refused: frozenset[str] = frozenset()

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Sends a request and yields its reply, an EndPiece last; raises ModelError.

        The reason of its end is the API's own. A call that a limit cut off is left out.
        """
        reply = StreamParser()
        wrong: ModelError
        tried = 0
        try:
            while True:
                try:
                    stream, sent = await self._open(request)
                    break
                except (APIStatusError, APIConnectionError) as error:
                    wait = _wait(error, tried) if tried < self._retries else None
                    if wait is None:
                        raise
                    tried += 1
                    if isinstance(error, APIStatusError) and wait >= 1:
                        yield WaitPiece(errors.waiting_line(error.status_code, wait), wait)
                    await asyncio.sleep(wait)
            try:
                async for event in stream:
                    for piece in reply.take(event):
                        if isinstance(piece, ThoughtPiece) and not _drops(sent):
                            self._origins.note(piece.block, sent)
                        yield piece
            finally:
                await stream.close()
            if not reply.begun:
                raise errors.foreign_server_error(str(self._client.base_url))
            yield reply.end()
            return
        except (AnthropicError, HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            wrong = self._explain(error, request.model)
        if not reply.whole:
            # Raised out here, it does not carry along the SDK's error, whose request holds the key.
            raise wrong
        yield reply.end()  # It was only the goodbye that got lost.

    async def warm(self, request: Request) -> EndPiece:
        """Has the server read a prompt into its cache, and say nothing. Raises ModelError."""
        wrong: ModelError
        try:
            while True:
                parameters = warming_parameters(self._parameters(request))
                if parameters is None:
                    raise errors.unwarmable_error(request.model)
                try:
                    return StreamParser().take_whole(await self._client.messages.create(**parameters))
                except APIStatusError as error:
                    if not self._mends(error, parameters):
                        raise
        except (AnthropicError, HTTPError, ValueError) as error:
            wrong = self._explain(error, request.model)
        raise wrong

    async def count(self, request: Request) -> int | None:
        """The prompt's tokens as the server counts them; None where it does not, or not soon."""
        if "count" in self._lacks:
            return None
        parameters = self._parameters(request)
        parameters = {name: value for name, value in parameters.items() if name not in {"max_tokens", "diagnostics"}}
        quick = self._client.with_options(max_retries=0, timeout=_SOON)
        try:
            async with asyncio.timeout(_SOON):
                counted = await quick.messages.count_tokens(**parameters)
        except APIStatusError as error:
            if error.status_code in _NO_SUCH_PATH:
                self._lack("count", "does not count tokens: lengths stay estimates")
            return None
        except (TimeoutError, APITimeoutError):
            self._lack("count", "takes too long to count tokens: lengths stay estimates")
            return None
        except (AnthropicError, HTTPError, ValueError) as error:
            log.info("the tokens of a prompt could not be asked for: %s", type(error).__name__)
            return None
        tokens = getattr(counted, "input_tokens", None)
        return tokens if isinstance(tokens, int) and tokens > 0 else None

    async def models(self) -> tuple[ModelRow, ...] | None:
        """The models that the server lists, retired ones too; None where it lists none. Raises ModelError."""
        if "models" in self._lacks:
            return None
        wrong: ModelError
        try:
            page = self._client.models.list(limit=100, lifecycle=["active", "deprecated", "retired"])
            rows = tuple([self._row(model) async for model in page])
            if not rows:
                self._lack("models", _UNLISTED)
            return rows or None
        except APIStatusError as error:
            if error.status_code in _NO_SUCH_PATH:
                self._lack("models", _UNLISTED)
                return None
            wrong = self._explain(error, "")
        except (AnthropicError, HTTPError, ValueError, AttributeError, TypeError) as error:
            wrong = self._explain(error, "")
        raise wrong

    async def model(self, name: str) -> ModelRow | None:
        """The model that a name stands for, be it an alias; None where there is none. Raises ModelError."""
        wrong: ModelError
        try:
            return self._row(await self._client.models.retrieve(name), name)
        except APIStatusError as error:
            if error.status_code in _NO_SUCH_PATH:
                return None
            wrong = self._explain(error, name)
        except (AnthropicError, HTTPError, ValueError) as error:
            wrong = self._explain(error, name)
        raise wrong

    async def close(self) -> None:
        """Closes the pool."""
        await self._client.close()

    async def _open(self, request: Request) -> tuple[AsyncStream[RawMessageStreamEvent], Json]:
        """Sends a request; once more without what the server turns out not to know, and without thinking that it does
        not take back. What was sent comes back, too.
        """
        while True:
            parameters = self._parameters(request)
            try:
                stream: AsyncStream[RawMessageStreamEvent]
                stream = await self._client.messages.create(**parameters, stream=True)
                return stream, parameters
            except APIStatusError as error:
                if not self._mends(error, parameters):
                    raise

    def _mends(self, error: APIStatusError, parameters: Json) -> bool:
        """Whether what a server refused can be left out, and is from now on."""
        if self._refuses_thinking(error, parameters) or self._refuses_length(error, parameters):
            return True
        unknown = _unknown(error, parameters)
        if unknown:
            self._lack(unknown, _SPARE[unknown])
        return bool(unknown)

    def _lack(self, what: str, loss: str) -> None:
        if what not in self._lacks:
            self._lacks.add(what)
            self._tell(f"{errors.host(str(self._client.base_url))} {loss}.")

    def _parameters(self, request: Request) -> dict[str, Any]:
        conversation = translate(request.view, self._hour(request.model) if request.purpose == "chat" else "never")
        parameters = {
            "model": request.model,
            "max_tokens": min(request.limit, self._longest.get(request.model, request.limit)),
            "messages": conversation.messages,
            "system": conversation.system,
            "tools": tool_parameters(request.tools),
            # A tool that is forced is refused by the newest models, whether they think or not.
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True} if request.must else None,
            "thinking": self._thinking(request),
            "diagnostics": {"previous_message_id": request.previous or None} if request.purpose == "chat" else None,
        }
        bare: Json = {name: value for name, value in parameters.items() if value}
        for lacking in self._lacks & set(_SPARE):
            bare = _without(bare, lacking)
        messages = thinking.without_blocks(bare["messages"], self._refused if "thinking" in bare else None)
        if _drops(bare):
            return {**bare, "messages": messages, "extra_headers": {"anthropic-beta": thinking.BINDING}}
        return {**bare, "messages": self._origins.kept({**bare, "messages": messages})}

    def _thinking(self, request: Request) -> Json | None:
        """How the model is to think: only what the user follows is worth a display."""
        if request.purpose != "chat":
            return None
        told = self._adaptive.get(request.model, self._adaptive.get(undated_name(request.model)))
        adaptive = thinking.is_adaptive(request.model) if told is None else told
        return thinking.thinking_parameters(adaptive, thinking.is_bound(request.model))

    def _refuses_thinking(self, error: APIStatusError, parameters: Json) -> bool:
        """Whether a request was refused for a block of thinking in it; no such block is sent again."""
        sent = thinking.thinking_marks(parameters["messages"])
        if not sent or error.status_code != 400 or not thinking.is_refusal(error.api_message or ""):
            return False
        log.warning("%s takes %d blocks of thinking no longer: they are left out", parameters["model"], len(sent))
        self._refused |= sent
        return True

    def _refuses_length(self, error: APIStatusError, parameters: Json) -> bool:
        """Whether a request was refused because no reply of the model may be so long; the next one asks for less."""
        found = _TOO_LONG_A_REPLY.search(error.api_message or "") if error.status_code == 400 else None
        most = int(found[1].replace(",", "")) if found else 0
        if not 0 < most < parameters["max_tokens"]:
            return False
        self._longest[parameters["model"]] = most
        return True

    def _row(self, model: Any, name: str = "") -> ModelRow:
        """A model as listed; whether it can be asked to think, and its longest reply, are remembered."""
        row = _row(model)
        adaptive = _supports(model, "capabilities", "thinking", "types", "adaptive")
        longest = getattr(model, "max_tokens", None)
        for one in {row.id, undated_name(row.id), name} - {""}:
            if adaptive is not None:
                self._adaptive[one] = adaptive
            if isinstance(longest, int) and longest > 0:
                self._longest[one] = longest
        return row

    def _explain(self, error: Exception, model: str) -> ModelError:
        url = str(self._client.base_url)
        if isinstance(error, APIStatusError):
            # Without a message of the API's own, the body may be any server's whole page.
            said = " ".join(filter(None, (error.api_message, _code(error.body)))).replace(self._key, "…")
            wait = error.response.headers.get("retry-after", "")
            return errors.status_error(error.status_code, error.type or "", said, model, url, wait)
        if isinstance(error, APITimeoutError | TimeoutException):
            return errors.unreachable_error(url, slow=True)
        if isinstance(error, APIConnectionError):
            return errors.unreachable_error(url)
        if isinstance(error, HTTPError | UnicodeDecodeError | json.JSONDecodeError):
            return errors.cut_stream_error()
        return errors.foreign_server_error(url)


def _wait(error: APIStatusError | APIConnectionError, tried: int) -> float | None:
    """For how many seconds to wait before a request is sent again; None where that is of no use, or the server wants
    more patience than a user should need to have unasked.
    """
    soon: float = min(0.5 * 2**tried, 8.0)
    if isinstance(error, APIConnectionError):
        return soon
    headers = error.response.headers
    again = headers.get("x-should-retry")
    if again == "false" or (again != "true" and error.status_code not in _AGAIN and error.status_code < 500):
        return None
    asked = errors.retry_after(headers.get("retry-after", ""), headers.get("retry-after-ms", ""))
    return soon if not asked else asked if asked <= LONGEST_WAIT else None


def _code(body: object) -> str:
    """The code that servers of other makes give beside an error's message."""
    inner = body.get("error", body) if isinstance(body, dict) else None
    code = inner.get("code") if isinstance(inner, dict) else None
    return f"({code})" if isinstance(code, str) and code else ""


def _unknown(error: APIStatusError, parameters: Json) -> str:
    """What the request had that the server says it does not know and that can be spared, or nothing."""
    if error.status_code not in {400, 422}:
        return ""
    said = f"{error.api_message or ''} {json.dumps(error.body, default=str)}"
    named = (name for name in _SPARE if re.search(_NAMED.get(name, rf"\b{name}\b"), said))
    return next((name for name in named if _without(parameters, name) != parameters), "")


def _without(given: Any, name: str) -> Any:
    """A request without a field, wherever the Messages API has it; a schema's or a call's own fields stay, and so do
    the pieces of a conversation.
    """
    if name == "thinking" and isinstance(given, dict):
        return {key: value for key, value in given.items() if key != name}
    if isinstance(given, list):
        return [_without(one, name) for one in given]
    if isinstance(given, dict):
        own = {"input", "input_schema"}
        return {key: value if key in own else _without(value, name) for key, value in given.items() if key != name}
    return given


def _drops(parameters: Json) -> bool:
    """Whether a request leaves it to the server to drop thinking whose conversation has changed."""
    return "block_binding" in parameters.get("thinking", {})


def _supports(given: Any, *path: str) -> bool | None:
    """Whether a capability is supported, where it is told; servers of other makes tell none."""
    for name in path:
        given = getattr(given, name, None)
    supported = getattr(given, "supported", None)
    return supported if isinstance(supported, bool) else None


def _row(model: Any) -> ModelRow:
    """A model as listed; other servers than Anthropic's give hardly more than its id."""
    stage = getattr(model, "lifecycle", None)
    ends = getattr(model, "retires_at", None)
    window = getattr(model, "max_input_tokens", None)
    return ModelRow(
        id=str(model.id),
        name=getattr(model, "display_name", None) or str(model.id),
        window=window if isinstance(window, int) and window > 0 else None,
        stage=stage if stage in {"deprecated", "retired"} else "active",
        retires=ends.timestamp() if isinstance(ends, datetime) else None,
    )
