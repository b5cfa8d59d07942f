"""A view as the Messages API wants it: alternating messages, every call answered, few cache marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Literal, TypeAlias

from attrs import frozen

from throughline.core.ports import Tool
from throughline.core.view import Block, View

Side: TypeAlias = Literal["user", "assistant"]
Json: TypeAlias = dict[str, Any]

_MARKS = 4  # The API takes no more cache breakpoints.
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


def translate(view: View) -> Conversation:
    """The view's blocks in their order, repaired where the API would refuse them.

    Blank text is left out. A call without a result at once gets one that says it was interrupted; a result
    without a call becomes text; results come first in their message. The first and last words are the user's.
    """
    system = [_text(block, block.text) for block in view.blocks if _in_system(block) and block.text.strip()]
    spoken = [block for block in view.blocks if not _in_system(block) and _says_something(block)]
    names = _Names()
    messages: list[Json] = []
    owed: list[tuple[str, str]] = []  # The calls of the message before: their ids in the view and as sent.
    for side, run in groupby(spoken, key=_side):
        if side == "assistant":
            if not messages:
                messages.append(_message("user", [_plain(_OPENING)]))
            content, owed = _ask(run, names)
        else:
            content, owed = _answer(run, owed), []
        messages.append(_message(side, content))
    if owed:
        messages.append(_message("user", _answer((), owed)))
    elif not messages or messages[-1]["role"] == "assistant":
        messages.append(_message("user", [_plain(_CLOSING)]))
    _keep_last_marks([*system, *(piece for message in messages for piece in message["content"])])
    return Conversation(system, messages)


def describe(tools: Sequence[Tool]) -> list[Json]:
    """Tools as the API wants them; no schema means no arguments."""
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": {"type": "object", "properties": {}, **tool.schema},
            **({"strict": True} if tool.strict else {}),
        }
        for tool in tools
    ]


class _Names:
    """Gives every call an id that the API accepts and that no other call has."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def give(self, wanted: str) -> str:
        base = name = _word(wanted) or "call"
        count = 1
        while name in self._taken:
            count += 1
            name = f"{base}-{count}"
        self._taken.add(name)
        return name


def _ask(run: Iterable[Block], names: _Names) -> tuple[list[Json], list[tuple[str, str]]]:
    """An assistant's message, and the calls in it that want a result."""
    content: list[Json] = []
    owed: list[tuple[str, str]] = []
    for block in run:
        if block.content != "call":
            content.append(_text(block, block.text))
            continue
        sent = names.give(block.id)
        owed.append((block.id, sent))
        name = _word(block.tool) or "unknown"
        content.append(_marked(block, {"type": "tool_use", "id": sent, "name": name, "input": block.args or {}}))
    return content, owed


def _answer(run: Iterable[Block], owed: Sequence[tuple[str, str]]) -> list[Json]:
    """A user's message after an assistant's that made the owed calls."""
    waiting = list(owed)
    results: list[Json] = []
    texts: list[Json] = []
    for block in run:
        call = next((pair for pair in waiting if pair[0] == block.id), None)
        if block.content != "result":
            texts.append(_text(block, block.text))
        elif call is not None:
            waiting.remove(call)
            results.append(_marked(block, _result(call[1], block.text, error=block.error)))
        else:
            texts.append(_text(block, _STRAY + (block.text if block.text.strip() else _SILENT)))
    results += [_result(sent, _INTERRUPTED, error=True) for _, sent in waiting]
    return results + texts


def _in_system(block: Block) -> bool:
    return block.role == "system" and block.content == "text"


def _says_something(block: Block) -> bool:
    return block.content != "text" or bool(block.text.strip())


def _side(block: Block) -> Side:
    """Who says it: only the assistant calls, only the user's side answers."""
    speaks = block.content == "text" and block.role == "assistant"
    return "assistant" if speaks or block.content == "call" else "user"


def _message(side: Side, content: list[Json]) -> Json:
    return {"role": side, "content": content}


def _text(block: Block, text: str) -> Json:
    return _marked(block, _plain(text))


def _plain(text: str) -> Json:
    return {"type": "text", "text": text}


def _result(sent: str, text: str, *, error: bool) -> Json:
    result: Json = {"type": "tool_result", "tool_use_id": sent, "content": text if text.strip() else _SILENT}
    return {**result, "is_error": True} if error else result


def _marked(block: Block, piece: Json) -> Json:
    return {**piece, "cache_control": {"type": "ephemeral"}} if block.cached else piece


def _keep_last_marks(pieces: Sequence[Json]) -> None:
    """Takes the marks off the built pieces, in the order they are sent, but for the last four."""
    for piece in [piece for piece in pieces if "cache_control" in piece][:-_MARKS]:
        del piece["cache_control"]


def _word(text: str) -> str:
    """The text with what the API allows in names and ids, at most 64 characters."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", text)[:64]
