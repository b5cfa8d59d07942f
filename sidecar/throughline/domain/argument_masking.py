"""A call's arguments without their long texts: what was written or replaced stands in the files by now.

What is left out leaves no trace among the arguments: models copy the form of their own calls, and a line that stands
for a text would be written into a file. It is said beside the call's result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from throughline.domain.events import ToolCalled

# A text of at most so many characters stays as it is: paths, patterns and commands.
LONGEST = 240
# Of an argument that is left out, so much of its first line is told.
_BEGINNING = 60

# Lines that stand for something else, whoever copied them: what was masked, cut or taken out, and hidden credentials.
_MASKED = re.compile(
    r"\[\s*masked\s*:\s[^\n]{0,600}?[;,]\s*recall\s+(?P<id>[^\s\]{}]+)\s*\]"
    r"|\[\s*masked\s*:\s*\d[\d,.]*\s+(?:lines?|tokens?|characters?)\b[^\]\n]*\]"
    r"|\[…\s[\d,]+ more lines here: recall (?:it\b|(?P<cut>[^\s\]{}]+))[^\]\n]*…\s?\]"
    r"|\[…\s[\d,]+ of [\d,]+ characters are hidden, because they did not fit: "
    r"recall (?:finds it\b|(?P<part>[^\s\]{}]+))[^\]\n]*…\s?\]"
    r"|\[…\s[\d,]+ characters were printed here and not kept …\]"
    r"|\[(?:full|skeleton) of [^\]\n{}]+: superseded or removed\]",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"\[\s*hidden\s+credential\b(?:\s*:)?[^\]\n{}]*\]", re.IGNORECASE)


@frozen
class Stub:
    """A line in an argument that stands for something else: the argument's name, the line, the id of the call that it
    was taken from, where it says so, and whether it hides a credential.
    """

    argument: str
    text: str
    call: str = ""
    hidden: bool = False


def abridge(call: ToolCalled) -> dict[str, Any]:
    """The arguments in their order, without those that hold a long text."""
    return {name: value for name, value in call.args.items() if not _long(value)}


def masking_note(call: ToolCalled) -> str:
    """The lines that say which arguments were left out and how to get them back; empty where none was."""
    return "\n".join(
        f"[masked: {name} of this call{_beginning(value)}, {_lines(value)} lines; recall {call.id}]"
        for name, value in call.args.items()
        if _long(value)
    )


def masking_note_tokens(call: ToolCalled) -> int:
    """The tokens of the note, by an estimate that errs high, needs no counter and never changes."""
    return len(masking_note(call)) // 3


def tokens_saved(call: ToolCalled) -> int:
    """The tokens that abridging a call's arguments saves, in proportion to their characters, less those of the note."""
    return masked_tokens(call) - masking_note_tokens(call)


def masked_tokens(call: ToolCalled) -> int:
    """The tokens that the arguments alone take less, in proportion to their characters."""
    whole = len(json.dumps(call.args))
    return round(call.tokens * (1 - len(json.dumps(abridge(call))) / whole)) if whole > LONGEST else 0


def find_stub(args: Mapping[str, Any]) -> Stub | None:
    """The first line in a call's arguments that stands for something else and is not the thing itself."""
    for name, value in args.items():
        for text in _strings(value):
            if hit := _MASKED.search(text):
                return Stub(name, hit[0], hit["id"] or hit["cut"] or hit["part"] or "")
            if hit := _HIDDEN.search(text):
                return Stub(name, hit[0], hidden=True)
    return None


def stub_refusal(stub: Stub) -> str:
    """What to say of a call with such a line."""
    line = stub.text if len(stub.text) <= 100 else f"{stub.text[:99]}…"
    begin = f"Nothing was done: `{stub.argument}` holds the line {line}"
    if stub.hidden:
        return (
            f"{begin}, which stands for a hidden credential and is not the text itself: leave that line out of it, and "
            "edit around it with edit_file."
        )
    how = f"`recall` with id {stub.call} gives it back" if stub.call else "read the file, or `recall` the call, again"
    return f"{begin}, which stands for a text and is not the text itself: {how}; then call again with the text in full."


def _long(value: Any) -> bool:
    return any(len(text) > LONGEST for text in _strings(value))


def _lines(value: Any) -> int:
    return sum(text.count("\n") + 1 for text in _strings(value))


def _beginning(value: Any) -> str:
    """How a text begins, in quotes: a command or a question is told by it. Of what lies deeper nothing is told."""
    if not isinstance(value, str) or not value.strip():
        return ""
    first = " ".join(value.strip().splitlines()[0].split())
    return f' "{first if len(first) <= _BEGINNING else f"{first[: _BEGINNING - 1]}…"}"'


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _strings(inner)
        case list() | tuple():
            for inner in value:
                yield from _strings(inner)
        case _:
            pass
