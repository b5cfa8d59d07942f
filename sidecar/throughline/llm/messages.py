"""Requests of the Messages API from a view: alternating messages, every call answered, cache breakpoints."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal, TypeAlias

from attrs import evolve, frozen

from throughline.domain.ports import Tool
from throughline.domain.sanitization import encodable, unique_id, valid_id
from throughline.domain.settings import Hour
from throughline.domain.view import Block, View

# How long a provider keeps what stands up to a breakpoint.
Ttl: TypeAlias = Literal["5m", "1h"]

MARKS = 4  # The API takes no more breakpoints,
LOOK_BACK = 20  # and from each one it looks for an entry at its own block and the 19 before it.
_NEAR = 16  # The API may be sent a few blocks more than a view has: calls without a result get one.


def is_sent(block: Block) -> bool:
    """Whether a block is sent: blank text is not."""
    return block.content != "text" or bool(block.text.strip())


def is_assistant(block: Block) -> bool:
    """Whether a block is the assistant's: only it thinks and calls, only the user's side answers."""
    return block.content in {"call", "thought"} or (block.content == "text" and block.role == "assistant")


def breakpoints(blocks: Sequence[Block]) -> frozenset[int]:
    """The places of the blocks with a breakpoint after them: those that the view marks, at most four, the last.

    Where the last reply and what answered it are longer than the look-back, as many calls at once are, a breakpoint
    at the end of the last prompt finds what that one left; the first of the others, which the next one holds too,
    goes for it.
    """
    sent = [place for place, block in enumerate(blocks) if is_sent(block)]
    marks = [place for place in sent if blocks[place].cached]
    if marks and marks[-1] == sent[-1]:
        before = _before(blocks, sent)
        if before is not None and len(sent) - 1 - before >= _NEAR and sent[before] not in marks:
            marks = sorted([*marks, sent[before]])
    return frozenset(marks[-MARKS:])


def breakpoint_ttl(block: Block, hour: Hour) -> Ttl:
    """How long what stands up to a block is to be kept, by what is to be kept for an `hour`."""
    stable = block.place in {"system", "archive"}
    return "1h" if hour == "always" or (hour == "stable" and stable) else "5m"


def _before(blocks: Sequence[Block], sent: Sequence[int]) -> int | None:
    """Where, in what is sent, the last prompt ended: in front of the assistant's last words or calls."""
    replied = False
    for order in range(len(sent) - 1, -1, -1):
        if is_assistant(blocks[sent[order]]):
            replied = True
        elif replied:
            return order
    return None


Side: TypeAlias = Literal["user", "assistant"]
Json: TypeAlias = dict[str, Any]

_OPENING = "(The conversation goes on from here.)"
_CLOSING = "(Go on.)"
_INTERRUPTED = "(Interrupted before there was a result.)"
_SILENT = "(No output.)"
_STRAY = "(The result of an earlier call.)\n"


@frozen
class Conversation:
    """The two parameters of a request that a view becomes."""

    system: list[Json]
    messages: list[Json]


def translate(view: View, hour: Hour = "never") -> Conversation:
    """The view's blocks in their order, repaired where the API would refuse them.

    Blank text is left out. A call without a result at once gets one that says it was interrupted; a result
    without a call becomes text; results come first in their message. The first and last words are the user's. Thinking
    that neither words nor a call follow is left out.
    `hour` says what the provider is to keep for an hour.
    """
    marks = breakpoints(view.blocks)
    sent = [evolve(block, cached=place in marks) for place, block in enumerate(view.blocks) if is_sent(block)]
    sent = _answered(sent)
    writer = _Writer(hour)
    system = [writer.text(block, block.text) for block in sent if _in_system(block)]
    messages: list[Json] = []
    owed: list[tuple[str, str]] = []  # The calls of the message before: their ids in the view and as sent.
    for side, run in groupby((block for block in sent if not _in_system(block)), key=_side):
        blocks = list(run)
        if side == "assistant":
            if not messages:
                messages.append(_message("user", [_plain(_OPENING)]))
            content, owed = writer.ask(blocks)
        else:
            content, owed = writer.answer(blocks, owed), []
        messages.append(_message(side, content))
    if owed:
        messages.append(_message("user", writer.answer((), owed)))
    elif not messages or messages[-1]["role"] == "assistant":
        messages.append(_message("user", [_plain(_CLOSING)]))
    # A log of an earlier version may hold what no request can carry.
    return Conversation(encodable(system), encodable(messages))


def tool_parameters(tools: Sequence[Tool]) -> list[Json]:
    """Tools as the API wants them; no schema means no arguments."""
    described: list[Json] = [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": {"type": "object", "properties": {}, **tool.schema},
            **({"strict": True} if tool.strict else {}),
        }
        for tool in tools
    ]
    return encodable(described)


def warming_parameters(parameters: Json) -> Json | None:
    """The request that fills the provider's cache for a request, and gets no reply: `max_tokens` 0 asks for that
    (types/message_create_params.py). None where the model thinks by a budget, which must be less than `max_tokens`
    (types/thinking_config_enabled_param.py): without its thinking, what the request left would not be found.
    """
    if (parameters.get("thinking") or {}).get("type") == "enabled":
        return None
    return {**parameters, "max_tokens": 0}


class _Writer:
    """Writes the pieces of one conversation, and gives every call an id that the API accepts and no other call has."""

    def __init__(self, hour: Hour) -> None:
        self._hour: Hour = hour
        self._taken: set[str] = set()

    def text(self, block: Block, text: str) -> Json:
        """A text, with its block's breakpoint."""
        return self._marked(block, _plain(text))

    def ask(self, run: Sequence[Block]) -> tuple[list[Json], list[tuple[str, str]]]:
        """An assistant's message, and the calls in it that want a result."""
        content: list[Json] = []
        owed: list[tuple[str, str]] = []
        for block in run:
            if block.content == "thought":
                content.append(block.args or {})  # Byte for byte what the provider gave, without a breakpoint.
                continue
            if block.content != "call":
                content.append(self.text(block, block.text))
                continue
            sent = self._name(block.id)
            owed.append((block.id, sent))
            name = valid_id(block.tool) if block.tool else "unknown"
            call = {"type": "tool_use", "id": sent, "name": name, "input": block.args or {}}
            content.append(self._marked(block, call))
        return content, owed

    def answer(self, run: Sequence[Block], owed: Sequence[tuple[str, str]]) -> list[Json]:
        """A user's message after an assistant's that made the owed calls.

        A breakpoint after its last block stands after the message's last piece, whatever the order has become.
        """
        waiting = list(owed)
        results: list[Json] = []
        texts: list[Json] = []
        for place, given in enumerate(run):
            block = evolve(given, cached=given.cached and place < len(run) - 1)
            call = next((pair for pair in waiting if pair[0] == block.id), None)
            if block.content != "result":
                texts.append(self.text(block, block.text))
            elif call is not None:
                waiting.remove(call)
                results.append(self._marked(block, _result(call[1], block.text, error=block.error)))
            else:
                texts.append(self.text(block, _STRAY + (block.text if block.text.strip() else _SILENT)))
        results += [_result(sent, _INTERRUPTED, error=True) for _, sent in waiting]
        content = results + texts
        if run and run[-1].cached:
            content[-1] = self._marked(run[-1], content[-1])
        return content

    def _marked(self, block: Block, piece: Json) -> Json:
        if not block.cached:
            return piece
        ttl = breakpoint_ttl(block, self._hour)
        return {**piece, "cache_control": {"type": "ephemeral", **({"ttl": ttl} if ttl == "1h" else {})}}

    def _name(self, wanted: str) -> str:
        name = unique_id(valid_id(wanted), self._taken)
        self._taken.add(name)
        return name


def _answered(sent: Sequence[Block]) -> list[Block]:
    """The blocks without thinking that stands at the end of the assistant's message, which the API refuses."""
    kept: list[Block] = []
    for block in reversed(sent):
        if block.content != "thought" or (kept and is_assistant(kept[-1])):
            kept.append(block)
    return kept[::-1]


def _in_system(block: Block) -> bool:
    return block.role == "system" and block.content == "text"


def _side(block: Block) -> Side:
    return "assistant" if is_assistant(block) else "user"


def _message(side: Side, content: list[Json]) -> Json:
    return {"role": side, "content": content}


def _plain(text: str) -> Json:
    return {"type": "text", "text": text}


def _result(sent: str, text: str, *, error: bool) -> Json:
    result: Json = {"type": "tool_result", "tool_use_id": sent, "content": text if text.strip() else _SILENT}
    return {**result, "is_error": True} if error else result
