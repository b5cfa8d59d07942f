"""The contract of a provider, enforced by the test server: thinking bound to its prefix, cache breakpoints, tools."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from attrs import evolve, frozen

from throughline.llm.catalogue import undated_name
from throughline.llm.messages import MARKS
from throughline.llm.prompt_cache_model import LIVES, Entries, Part, Split
from throughline.testing.scripted_replies import ScriptedReply

Json: TypeAlias = dict[str, Any]


class MarksError(Exception):
    """Breakpoints that the API refuses; the message is its own."""


class Prefixes:
    """Reads requests' bodies; `now` is in seconds, `count` gives a content block's tokens, `minimum` is the shortest
    prefix that is kept, and None each model's own.
    """

    def __init__(self, now: Callable[[], float], count: Callable[[Json], int], minimum: int | None = 0) -> None:
        self._now = now
        self._count = count
        self._minimum = minimum
        self._entries: dict[int, Entries] = {}

    def split(self, body: Json) -> Split:
        """What a request's prompt reads and writes; raises MarksError."""
        parts = list(_parts(body, self._count))
        _check([part.ttl for part in parts if part.ttl])
        least = rules_of(str(body.get("model"))).minimum if self._minimum is None else self._minimum
        return self._entries.setdefault(least, Entries(least)).take(parts, self._now())

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
# How servers say that a prompt does not fit; the first two are the API's own, the others those of servers like it.
OVERFLOWS = (
    "prompt is too long: {sent} tokens > {window} maximum",
    "input length and `max_tokens` exceed context limit: {sent} + {reply} > {window}, decrease input length or "
    "`max_tokens` and try again",
    "This model's maximum context length is {window} tokens. However, you requested {sent} tokens.",
    "the request exceeds the available context size ({window} tokens), try increasing it",
)


@frozen
class ModelRules:
    """What the API holds the callers of one model to; `contracts.toml` says what each field means, and whence."""

    window: int = 1_000_000
    minimum: int = 512
    bound: bool = False
    forced: bool = False
    shown: bool = False
    between: bool = False
    adaptive: bool = True
    enabled: bool = False
    demands: bool = False
    sampling: bool = False
    prefill: bool = False
    effort: tuple[str, ...] = ("low", "medium", "high", "xhigh", "max")

    def capabilities(self) -> Json:
        """What `models.list` says of the model: types/model_capabilities.py, of which a client asks these."""
        return {
            "thinking": {
                "supported": self.adaptive or self.enabled,
                "types": {
                    "adaptive": {"supported": self.adaptive},
                    "between_tools": {"supported": self.between},
                    "disabled": {"supported": not self.between},
                    "enabled": {"supported": self.enabled},
                },
            },
            "effort": {
                "supported": bool(self.effort),
                **{level: {"supported": level in self.effort} for level in ("low", "medium", "high", "xhigh", "max")},
            },
            "structured_outputs": {"supported": True},
        }


def rules_of(model: str) -> ModelRules:
    """The rules for a model, dated or not; one that the table does not know is held to the newest contract."""
    return _rules().get(undated_name(model), _rules()["claude-sonnet-5-5"])


@cache
def _rules() -> dict[str, ModelRules]:
    read = tomllib.loads((files(__package__) / "contracts.toml").read_text("utf-8"))
    rows: dict[str, Json] = read["models"]
    lists = {name: {"effort": tuple(row["effort"])} if "effort" in row else {} for name, row in rows.items()}
    return {name: ModelRules(**{**row, **lists[name]}) for name, row in rows.items()}


class ProviderContract:
    """Signs the thinking of replies, and refuses what the models refuse, each by its own `rules`; `dropped` are the
    places of blocks that requests let it drop. A server without the `switch` cannot be asked to drop any. One whose
    `overflow` is given says in those words that a prompt is too long.
    """

    def __init__(
        self,
        *,
        switch: bool = True,
        overflow: str = OVERFLOWS[0],
        rules: Callable[[str], ModelRules] = rules_of,
    ) -> None:
        self.dropped: list[str] = []
        self._switch = switch
        self._overflow = overflow
        self._rules = rules
        self._issued: dict[str, tuple[str, str]] = {}
        self._answered: dict[str, tuple[Json, list[tuple[str, Json]]]] = {}

    def refusal(self, body: Json, headers: Mapping[str, str]) -> str:
        """What the API says against a request; nothing where it takes it."""
        rules = self._rules(str(body.get("model")))
        wrong = _refused_parameter(body, rules) or self._too_long(body, rules)
        if wrong:
            return wrong
        binding = (body.get("thinking") or {}).get("block_binding")
        # types/beta/beta_thinking_block_binding_param.py: taken under its beta header alone.
        if binding is not None and not (rules.bound and self._switch and _BETA in headers.get("anthropic-beta", "")):
            return "thinking.adaptive.block_binding: Extra inputs are not permitted"
        drops = (binding or {}).get("prefix_mismatch_behavior") == "drop_block"
        self.dropped = []
        for place, signature, shown, before in _thoughts(body):
            text, made = self._issued.get(signature, ("", ""))
            if not made or text != shown:
                return f"{place}: `thinking` or `redacted_thinking` blocks cannot be modified"
            if rules.bound and made != before:
                if not drops:
                    return f"{place}: this `thinking` block was created in a different conversation"
                self.dropped.append(place)
        return "" if all(_ends_well(message) for message in body.get("messages", ())) else (
            "messages: the final block in an assistant message cannot be `thinking`"
        )  # fmt: skip

    def signed(self, reply: ScriptedReply, body: Json) -> ScriptedReply:
        """The reply as this model gives it: thinking signed for what the request holds, shown where that was asked
        for, and what is said before a call inside of it where the model has it so.
        """
        rules, asked = self._rules(str(body.get("model"))), body.get("thinking") or {}
        if rules.between and reply.text and reply.calls:
            reply = evolve(reply, thinking="\n".join(filter(None, (reply.thinking, reply.text))), text="")
        if not reply.thinking or asked.get("type") == "disabled":
            return evolve(reply, thinking="", signature="", hidden="")
        display = asked.get("display", "summarized" if rules.shown else "omitted")
        shown = reply.thinking if display == "summarized" else ""
        before = _digest(list(pieces(body)))
        signature = hashlib.sha256(f"{before} {reply.thinking}".encode()).hexdigest()[:32]
        self._issued[signature] = shown, before
        hidden = signature[::-1]
        told = ("assistant", {"type": "thinking", "thinking": shown, "signature": signature})
        self._issued[hidden] = "", _digest([*pieces(body), told])
        return evolve(reply, thinking=shown, signature=signature, hidden=hidden)

    def answered(self, name: str, body: Json) -> None:
        """The request has got the reply of that id: a later one may ask to be compared with it."""
        self._answered[name] = body, list(pieces(body))

    def diagnostics(self, body: Json) -> Json | None:
        """Why the prefix of the request before could not be read: types/diagnostics.py. None where it could, or where
        nobody asked.
        """
        before = (body.get("diagnostics") or {}).get("previous_message_id")
        if before is None:
            return None
        if before not in self._answered:
            return {"cache_miss_reason": {"type": "previous_message_not_found"}}
        past, _ = self._answered[before]
        for field in ("model", "system", "tools"):
            if _bare(past.get(field)) != _bare(body.get(field)):
                return _missed(f"{field}_changed", past)
        said = [_bare(message) for message in past["messages"]]
        if [_bare(message) for message in body["messages"]][: len(said)] != said:
            return _missed("messages_changed", past)
        if past.get("thinking") != body.get("thinking") or past.get("tool_choice") != body.get("tool_choice"):
            return {"cache_miss_reason": {"type": "unavailable"}}
        return None

    def _too_long(self, body: Json, rules: ModelRules) -> str:
        sent = rough({name: body[name] for name in ("system", "tools", "messages") if name in body})
        reply = int(body.get("max_tokens", 0)) if "max_tokens" in self._overflow else 0
        if sent + reply <= rules.window:
            return ""
        return self._overflow.format(sent=sent, reply=reply, window=rules.window)


def _refused_parameter(body: Json, rules: ModelRules) -> str:
    """What a model does not take, whatever the conversation is."""
    thinks = (body.get("thinking") or {}).get("type", "disabled")
    if (body.get("tool_choice") or {}).get("type") in {"any", "tool"} and not rules.forced:
        return "tool_choice: this model does not support forcing a tool; use `auto`"
    if thinks == "adaptive" and not rules.adaptive:
        return "thinking: adaptive thinking is not supported on this model"
    if thinks == "enabled" and not rules.enabled:
        return "thinking: `enabled` is not supported on this model; use `adaptive`"
    if "temperature" in body and not rules.sampling:
        return "temperature: this model does not support it"
    effort = (body.get("output_config") or {}).get("effort")
    if effort is not None and effort not in rules.effort:
        return f"output_config.effort: {effort} is not supported on this model"
    messages = body.get("messages") or [{"role": "user", "content": ""}]
    if messages[-1]["role"] == "assistant" and not rules.prefill:
        return "messages: the conversation must end with a user message"
    if thinks == "enabled" and rules.demands and _lost_thinking(messages):
        return "messages: Expected `thinking` or `redacted_thinking`, but found `tool_use`"
    return ""


def _lost_thinking(messages: Sequence[Json]) -> bool:
    """Whether the tool turn that is running began without thinking."""
    for message in reversed(messages):
        content = message["content"] if isinstance(message["content"], list) else []
        kinds = [piece["type"] for piece in content]
        if message["role"] == "user" and "tool_result" not in kinds:
            return False
        if message["role"] == "assistant" and "tool_use" in kinds and kinds[0] not in {"thinking", _HIDDEN}:
            return True
    return False


def _missed(reason: str, past: Json) -> Json:
    tokens = rough({name: past[name] for name in ("system", "tools", "messages") if name in past})
    return {"cache_miss_reason": {"type": reason, "cache_missed_input_tokens": tokens}}


def _bare(part: Any) -> Any:
    """What the model sees of a part: breakpoints move from call to call."""
    if isinstance(part, list):
        return [_bare(one) for one in part]
    if isinstance(part, dict):
        return {name: _bare(value) for name, value in part.items() if name != "cache_control"}
    return part


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
