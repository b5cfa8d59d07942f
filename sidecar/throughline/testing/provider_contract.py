"""The contract of a provider, enforced by the test server: thinking bound to its prefix, cache breakpoints, tools."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import evolve, frozen

from throughline.llm.messages import MARKS
from throughline.llm.prompt_cache_model import LIVES, Entries, Part, Split
from throughline.testing.model_rules import ModelRules, rules_of
from throughline.testing.scripted_replies import ScriptedReply

if TYPE_CHECKING:
    from hashlib import _Hash

Json: TypeAlias = dict[str, Any]


class ContractError(Exception):
    """A request that the API refuses with a 400; the message is its own, and `code` is the cause's name, where types
    of the SDK have one.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class MarksError(ContractError):
    """Breakpoints that the API refuses."""


class Prefixes:
    """Reads requests' bodies; `now` is in seconds, `count` gives a content block's tokens, `minimum` is the shortest
    prefix that is kept, and None each model's own. From a breakpoint an entry is looked for at 20 blocks, its own
    among them, and no further (documentation, "Prompt caching").
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


# types/anthropic_beta_param.py: what each of these parameters and values is taken under.
_BINDING = "thinking-binding-controls-2026-08-01"
_UPDATES = "thinking-display-updates-2026-08-18"
_COMPACT = "compact-2026-09-04"
_HIDDEN = "redacted_thinking"
_THOUGHT = frozenset({"thinking", _HIDDEN})
# How servers say that a prompt does not fit; the first two are the API's own, the others those of servers like it.
OVERFLOWS = (
    "prompt is too long: {sent} tokens > {window} maximum",
    "input length and `max_tokens` exceed context limit: {sent} + {reply} > {window}, decrease input length or "
    "`max_tokens` and try again",
    "This model's maximum context length is {window} tokens. However, you requested {sent} tokens.",
    "the request exceeds the available context size ({window} tokens), try increasing it",
)
# So many requests are remembered, to compare a later one with: a client compares with the newest.
_REMEMBERED = 8
# The least `budget_tokens`: types/thinking_config_enabled_param.py.
_BUDGET = 1_024


@frozen
class _Issued:
    """A block of thinking that was given out: its text as it was shown, the prefix before it, its model, and all the
    blocks that came in a row with it.
    """

    text: str
    before: str
    model: str
    row: tuple[str, ...]


@frozen
class _Compaction:
    """A compaction block that was given out: its summary, and what it stands for: the request's tools and system
    prompt, and all of its prompt.
    """

    text: str
    frame: str
    state: _Hash


@frozen
class CheckedRequest:
    """A request that was taken.

    body: what came in.
    state: the state of the hash over its prompt.
    transformed: what became of its thinking: types/beta/beta_input_transformation.py.
    told: whether it asked to be told that.
    """

    body: Json
    state: _Hash
    transformed: tuple[Json, ...]
    told: bool

    def shown(self) -> Json:
        """The request as the model sees it: without the blocks that were dropped, which cost nothing."""
        lost = {one["path"] for one in self.transformed}
        if not lost:
            return self.body
        messages = [
            {**message, "content": [piece for at, piece in enumerate(content) if f"{place}.content.{at}" not in lost]}
            for place, message, content in (
                (f"messages.{number}", message, _blocks(message["content"]))
                for number, message in enumerate(self.body["messages"])
            )
        ]
        return {**self.body, "messages": messages}

    def transformations(self) -> list[Json] | None:
        """What became of its thinking; None where it did not ask, which it does by the beta header:
        types/beta/beta_message.py.
        """
        return list(self.transformed) if self.told else None


class ProviderContract:
    """Signs the thinking of replies, and refuses what the models refuse, each by its own `rules`. `refused` has the
    words of each refusal, and `dropped` the places of the blocks of thinking that requests have lost. A server without
    the `switch` cannot be asked to drop any. One whose `overflow` is given says in those words that a prompt is too
    long. `tell` hears each refusal, too.
    """

    def __init__(
        self,
        *,
        switch: bool = True,
        overflow: str = OVERFLOWS[0],
        rules: Callable[[str], ModelRules] = rules_of,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.dropped: list[str] = []
        self.refused: list[str] = []
        self._switch = switch
        self._overflow = overflow
        self._rules = rules
        self._tell = tell
        self._issued: dict[str, _Issued] = {}
        self._compacted: dict[str, _Compaction] = {}
        self._answered: OrderedDict[str, Json] = OrderedDict()

    def check(self, body: Json, headers: Mapping[str, str]) -> CheckedRequest:
        """A request that the API takes; raises ContractError with what it says against another."""
        try:
            checked = self._check(body, headers.get("anthropic-beta", ""))
        except ContractError as wrong:
            self.refused.append(str(wrong))
            self._tell(str(wrong))
            raise
        self.dropped += [one["path"] for one in checked.transformed]
        return checked

    def signed(self, reply: ScriptedReply, checked: CheckedRequest) -> ScriptedReply:
        """The reply as this model gives it to a request: thinking signed for what the request holds, shown where that
        was asked for, and what is said before a call inside of it where the model has it so; to a request for a
        compaction, that alone.
        """
        body, model = checked.body, str(checked.body.get("model"))
        rules, asked = self._rules(model), body.get("thinking") or {}
        if body.get("compaction"):
            return self._summarised(reply, checked)
        # A model that has no word on it thinks, or not, as it is made.
        kind = asked.get("type") or ("adaptive" if rules.thinks else "disabled")
        thinking = reply.thinking if kind in {"adaptive", "enabled"} else ""
        if rules.demands and _tool_turn(body["messages"]):
            # Without a beta header these think before their first call alone: documentation, "Interleaved thinking".
            thinking = ""
        note = ""
        if rules.between and reply.text and reply.calls and kind != "disabled":
            note, reply = reply.text, evolve(reply, text="")
        if not thinking and not note:
            return evolve(reply, thinking="", signature="", hidden="")
        display = asked.get("display", "summarized" if rules.shown else "omitted")
        if kind == "between_tools":
            display = "summarized"  # types/thinking_types.py: these updates are all that comes.
        shown = "\n".join(
            filter(None, (thinking if display == "summarized" else "", note if display != "omitted" else ""))
        )
        state = checked.state.copy()
        before = state.hexdigest()
        signature = hashlib.sha256(f"{before} {thinking} {note}".encode()).hexdigest()[:32]
        hidden = signature[::-1]
        row = signature, hidden
        self._issued[signature] = _Issued(shown, before, model, row)
        _add(state, "assistant", {"type": "thinking", "thinking": shown, "signature": signature})
        self._issued[hidden] = _Issued("", state.hexdigest(), model, row)
        return evolve(reply, thinking=shown, signature=signature, hidden=hidden)

    def answered(self, name: str, body: Json) -> None:
        """The request has got the reply of that id: a later one may ask to be compared with it."""
        self._answered[name] = body
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)

    def diagnostics(self, body: Json) -> Json | None:
        """Why the prefix of the request before could not be read: types/diagnostics.py. None where it could, or where
        nobody asked.
        """
        before = (body.get("diagnostics") or {}).get("previous_message_id")
        if before is None:
            return None
        past = self._answered.get(before)
        if past is None:
            return {"cache_miss_reason": {"type": "previous_message_not_found"}}
        for field in ("model", "system", "tools"):
            if _bare(past.get(field)) != _bare(body.get(field)):
                return _missed(f"{field}_changed", past)
        said = [_bare(message) for message in past["messages"]]
        if [_bare(message) for message in body["messages"]][: len(said)] != said:
            return _missed("messages_changed", past)
        if past.get("thinking") != body.get("thinking") or past.get("tool_choice") != body.get("tool_choice"):
            return {"cache_miss_reason": {"type": "unavailable"}}
        return None

    def _check(self, body: Json, betas: str) -> CheckedRequest:
        model = str(body.get("model"))
        rules = self._rules(model)
        _check_parameters(body, rules, betas)
        _check_conversation(body, rules)
        self._check_length(body, rules)
        binding = (body.get("thinking") or {}).get("block_binding")
        # types/beta/beta_thinking_block_binding_param.py: taken under its beta header alone.
        if binding is not None and not (rules.bound and self._switch and _BINDING in betas):
            raise ContractError("thinking.adaptive.block_binding: Extra inputs are not permitted")
        drops = (binding or {}).get("prefix_mismatch_behavior") == "drop_block"
        state, transformed = self._read(body, model, rules, drops, _COMPACT in betas)
        return CheckedRequest(body, state, tuple(transformed), self._switch and _BINDING in betas)

    def _read(self, body: Json, model: str, rules: ModelRules, drops: bool, compacts: bool) -> tuple[_Hash, list[Json]]:
        """Goes through a prompt as the model would: the state of the hash over it, and the blocks of thinking that do
        not fit their places.
        """
        transformed: list[Json] = []
        state = hashlib.sha256()
        for side, piece in pieces({**body, "messages": ()}):
            _add(state, side, piece)
        frame, first = state.hexdigest(), True
        for place, message in enumerate(body.get("messages", ())):
            lost = ""
            row = [_mark(piece) for piece in _blocks(message["content"]) if piece["type"] in _THOUGHT]
            for at, piece in enumerate(_blocks(message["content"])):
                where = f"messages.{place}.content.{at}"
                if piece["type"] in _THOUGHT:
                    judged = model, rules, drops or bool(lost)
                    lost = self._misfit(where, piece, state.hexdigest(), row, judged) or lost
                    if lost:
                        transformed.append({"type": "thinking_dropped", "path": where, "reason": lost})
                elif piece["type"] == "compaction":
                    one = self._known(where, piece, compacts, first=first and message["role"] != "system")
                    if one and one.frame == frame:
                        # What follows stands where it stood: types/beta/beta_compaction_config_param.py.
                        state, first = one.state.copy(), False
                        continue
                _add(state, message["role"], piece)
                first = False
        return state, transformed

    def _misfit(self, where: str, piece: Json, before: str, row: list[str], by: tuple[str, ModelRules, bool]) -> str:
        """Why a block of thinking is dropped, if it is; those that follow it in its message are dropped with it:
        types/beta/beta_thinking_dropped_input_transformation.py has the reasons, their order, and that.
        """
        model, rules, drops = by
        made = self._issued.get(_mark(piece))
        if made is None:
            raise ContractError(f"{where}: Invalid `signature` in `thinking` block")
        if made.text != piece.get("thinking", ""):
            raise ContractError(f"{where}: `thinking` or `redacted_thinking` blocks cannot be modified")
        foreign = made.model != model and (self._rules(made.model).locked or not rules.locked)
        if not rules.bound and not foreign and [one for one in row if one in made.row] != list(made.row):
            # Documentation, "Preserving thinking blocks": a row of them goes back whole, in its order.
            raise ContractError(f"{where}: `thinking` or `redacted_thinking` blocks cannot be modified")
        moved = rules.bound and made.before != before
        if moved and not foreign and not drops:
            raise ContractError(
                f"{where}: Invalid `signature` in `thinking` block. The block is bound to a different conversation. "
                'Remove the block, or set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block". That '
                f"setting requires the `{_BINDING}` value in the `anthropic-beta` header."
            )
        return "model_binding_mismatch" if foreign else "prefix_binding_mismatch" if moved else ""

    def _known(self, where: str, piece: Json, allowed: bool, *, first: bool) -> _Compaction | None:
        """A compaction block that was given out, types/beta/beta_compaction_block_param.py; None for one without
        content, which says that there was no summary. The errors: types/compaction_*_error.py.
        """
        if not allowed:
            raise ContractError(f"{where}: Input tag 'compaction' found using 'type' does not match any expected tag")
        if piece.get("content") is None:
            return None
        if not first:
            raise ContractError(f"{where}: a compaction block stands first", "compaction_block_misplaced")
        made = self._compacted.get(str(piece.get("signature")))
        if made is None:
            raise ContractError(f"{where}: Invalid `signature`", "compaction_signature_invalid")
        if made.text != piece["content"]:
            raise ContractError(f"{where}: the summary was changed", "compaction_content_mismatch")
        if piece.get("tool_changes", []) != []:
            raise ContractError(f"{where}: `tool_changes` was changed", "compaction_tool_changes_mismatch")
        return made

    def _summarised(self, reply: ScriptedReply, checked: CheckedRequest) -> ScriptedReply:
        """The answer to a request for a compaction: types/beta/beta_compaction_config_param.py."""
        frame = hashlib.sha256()
        for side, piece in pieces({**checked.body, "messages": ()}):
            _add(frame, side, piece)
        signature = hashlib.sha256(f"{checked.state.hexdigest()} {reply.text}".encode()).hexdigest()[:32]
        self._compacted[signature] = _Compaction(reply.text, frame.hexdigest(), checked.state)
        return evolve(
            reply, thinking="", hidden="", calls=(), signature=signature, compaction=True, reason="compaction"
        )

    def _check_length(self, body: Json, rules: ModelRules) -> None:
        sent = rough({name: body[name] for name in ("system", "tools", "messages") if name in body})
        reply = int(body.get("max_tokens", 0)) if "max_tokens" in self._overflow else 0
        if sent + reply > rules.window:
            raise ContractError(self._overflow.format(sent=sent, reply=reply, window=rules.window))


def _check_parameters(body: Json, rules: ModelRules, betas: str) -> None:
    """What a model does not take, whatever the conversation is."""
    if (body.get("tool_choice") or {}).get("type") in {"any", "tool"} and not rules.forced:
        raise ContractError("tool_choice: this model does not support forcing a tool; use `auto`")
    _check_thinking(body, rules, betas)
    if "temperature" in body and not rules.sampling:
        raise ContractError("temperature: this model does not support it")
    effort = (body.get("output_config") or {}).get("effort")
    if effort is not None and effort not in rules.effort:
        raise ContractError(f"output_config.effort: {effort} is not supported on this model")
    limit = int(body.get("max_tokens", 0))
    if limit > rules.longest:
        raise ContractError(
            f"max_tokens: {limit} > {rules.longest}, which is the maximum allowed number of output tokens"
        )
    if body.get("compaction") and not (rules.compacts and _COMPACT in betas):
        raise ContractError("compaction: Extra inputs are not permitted")
    if body.get("compaction") and body.get("context_management"):
        raise ContractError("compaction: cannot be combined with context_management")
    _check([(one["cache_control"].get("ttl") or "5m") for _, one in pieces(body) if one.get("cache_control")])


def _check_thinking(body: Json, rules: ModelRules, betas: str) -> None:
    """The `thinking` of a request: types/thinking_config_param.py. The words are the API's own: documentation, "What's
    new in Claude Opus 5.5".
    """
    thinking = body.get("thinking") or {}
    kind = thinking.get("type")
    if kind is None:
        return
    if not rules.takes(kind):
        instead = (
            'To turn thinking off on this model, send "thinking": {"type": "between_tools"}'
            if kind == "disabled" and rules.between_tools
            else 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        )
        said = f'"thinking.type.{kind}" is not supported for this model.'
        raise ContractError(f"{said} {instead}" if rules.adaptive else said)
    if kind == "disabled" and rules.effort and (body.get("output_config") or {}).get("effort") in {"xhigh", "max"}:
        raise ContractError("output_config.effort: this level is not supported with thinking turned off")
    if kind == "enabled" and not _BUDGET <= int(thinking.get("budget_tokens", 0)) < int(body["max_tokens"]):
        raise ContractError("`max_tokens` must be greater than `thinking.budget_tokens`, and that at least 1024")
    display = thinking.get("display")
    if display == "updates" and not (rules.between and _UPDATES in betas):
        raise ContractError("thinking.adaptive.display: Input should be 'summarized' or 'omitted'")
    if display not in {None, "summarized", "omitted", "updates"} or (display and kind == "between_tools"):
        raise ContractError(f"thinking.{kind}.display: Extra inputs are not permitted")


def _check_conversation(body: Json, rules: ModelRules) -> None:
    """The form of a conversation: documentation, "Messages" and "Handle tool calls"."""
    messages: Sequence[Json] = body.get("messages") or ()
    if body.get("compaction"):
        _check_compactable(messages)
    elif messages and messages[-1]["role"] == "assistant" and not rules.prefill:
        raise ContractError("messages: the conversation must end with a user message")
    blocks = [piece for message in messages for piece in _blocks(message["content"])]
    if sum(piece["type"] == "compaction" and piece.get("content") is not None for piece in blocks) > 1:
        raise ContractError("messages: more than one compaction block", "compaction_block_ambiguous")
    owed: list[str] = []
    for place, message in enumerate(messages):
        content = _blocks(message["content"])
        if not content:
            raise ContractError(f"messages.{place}: all messages must have non-empty content")
        if any(piece["type"] == "text" and not piece["text"].strip() for piece in content):
            raise ContractError(f"messages.{place}: text content blocks must be non-empty")
        if any(piece["type"] in _THOUGHT and "cache_control" in piece for piece in content):
            raise ContractError(f"messages.{place}: cache_control: Extra inputs are not permitted")
        given = [piece["tool_use_id"] for piece in content if piece["type"] == "tool_result"]
        if missing := [name for name in owed if name not in given]:
            raise ContractError(
                f"messages.{place - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}"
            )
        if stray := [name for name in given if name not in owed]:
            raise ContractError(f"messages.{place}: unexpected `tool_use_id` found in `tool_result` blocks: {stray[0]}")
        if given and any(piece["type"] == "tool_result" for piece in content[len(given) :]):
            raise ContractError(f"messages.{place}: `tool_result` blocks must come first")
        owed = [piece["id"] for piece in content if piece["type"] == "tool_use"]
        if len(set(owed)) < len(owed):
            raise ContractError(f"messages.{place}: `tool_use` ids must be unique")
        if message["role"] == "assistant" and content[-1]["type"] in _THOUGHT:
            raise ContractError(f"messages.{place}: the final block in an assistant message cannot be `thinking`")
    if owed and not body.get("compaction"):
        raise ContractError("messages: `tool_use` ids were found without `tool_result` blocks immediately after")
    thinks = (body.get("thinking") or {}).get("type") == "enabled"
    turn = _tool_turn(messages)
    if thinks and rules.demands and turn and _blocks(turn["content"])[0]["type"] not in _THOUGHT:
        found = _blocks(turn["content"])[0]["type"]
        raise ContractError(
            f"messages.{messages.index(turn)}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
            f"`{found}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block "
            "(preceeding the lastmost set of `tool_use` and `tool_result` blocks). To avoid this requirement, disable "
            "`thinking`."
        )


def _check_compactable(messages: Sequence[Json]) -> None:
    """Whether there is something to summarise, and it is whole: types/compaction_incomplete_turn_error.py and
    types/compaction_nothing_to_summarize_error.py.
    """
    if not any(_blocks(message["content"]) for message in messages):
        raise ContractError("messages: there is nothing to summarize", "compaction_nothing_to_summarize")
    last = messages[-1]
    if last["role"] == "assistant" and any(piece["type"] == "tool_use" for piece in _blocks(last["content"])):
        raise ContractError("messages: the last turn is not finished", "compaction_incomplete_turn")


def _tool_turn(messages: Sequence[Json]) -> Json | None:
    """The first message of the assistant's in the tool turn that is running, if one is."""
    found = None
    for message in reversed(messages):
        kinds = {piece["type"] for piece in _blocks(message["content"])}
        if message["role"] == "user" and "tool_result" not in kinds:
            break
        if message["role"] == "assistant" and (found or "tool_use" in kinds):
            found = message
    return found


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


def _mark(piece: Json) -> str:
    return str(piece.get("signature") or piece.get("data") or "")


def _add(state: _Hash, side: str, piece: Json) -> None:
    bare = {name: value for name, value in piece.items() if name != "cache_control"}
    state.update(json.dumps([side, bare], sort_keys=True).encode())
