"""What Claude Code shows in a terminal, saved as text: its own export, or a copy of the screen.

A line of the user's begins with `>` or a heavier mark of that shape, one of the agent's with `⏺`, and what a tool gave
back with `⎿`; what belongs to each is indented below it. Results are as short as the screen showed them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import attrs

from throughline.domain.recording import Kind, Recording
from throughline.transcripts.builder import Repairs, TranscriptBuilder

NAME = "console"

Sort = Literal["user", "agent", "result", "thought"]
_MARKS: tuple[tuple[Sort, re.Pattern[str]], ...] = (
    ("user", re.compile("[>\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}](?:[ \xa0]|$)")),
    ("agent", re.compile(r"[⏺●][ \xa0]")),
    ("result", re.compile(r" {1,4}⎿[ \xa0]*")),
    ("thought", re.compile(r"[✻∴][ \xa0]+Thinking…?")),
)
_PATTERNS = dict(_MARKS)
_CALL = re.compile(r"(?P<tool>[A-Za-z][\w.-]*(?: [\w.-]+)*(?: \(MCP\))?)\((?P<args>.*)\)\s*", re.DOTALL)
_FRAME = re.compile(r"\s*[╭│╰─━═▐▝▗▘▛▜█✻✶✽✢]")
_INTERRUPTED = re.compile(r"\s*(?:Interrupted by user|\[Request interrupted by user|Interrupted · )")
_FAILED = re.compile(r"\s*(?:Error\b|Exit code [1-9]|No \(tell Claude|User rejected|Tool use rejected|API Error)")


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines hold one of the agent's and one of the user's, each with its mark."""
    sorts = {_sort(line) for line in head}
    return {"agent", "user"} <= sorts or {"agent", "result"} <= sorts


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`, without the frames that the terminal drew."""
    repairs = Repairs()
    draft = TranscriptBuilder(NAME, repairs)
    blocks = list(_blocks(lines))
    cut = 0
    for place, block in enumerate(blocks):
        following = blocks[place + 1].sort if place + 1 < len(blocks) else ""
        before = blocks[place - 1] if place else None
        _add(draft, block, before, answered=following == "result")
        cut += "(ctrl+" in block.text and block.sort == "result"
    if cut:
        repairs.note(f"{cut} results are shorter here than they were, as the screen showed them", "whole file")
    return draft.finish()


@attrs.frozen
class _Block:
    """One thing that was said or shown, without its mark and indentation."""

    sort: Sort
    text: str


def _sort(line: str) -> Sort | None:
    return next((sort for sort, mark in _MARKS if mark.match(line)), None)


def _blocks(lines: Iterable[str]) -> Iterator[_Block]:
    """Every block: its first line has a mark, and what is indented or empty below belongs to it. A line at the margin
    goes on with the user's words; anything else there is a frame or the status line, and ends the block.
    """
    sort: Sort | None = None
    held: list[str] = []
    for line in lines:
        begun = _sort(line)
        words_go_on = sort == "user" and bool(held[-1]) and not _FRAME.match(line)
        if begun or (line[:1].strip() and not words_go_on):
            if sort:
                yield _block(sort, held)
            sort, held = begun, [_PATTERNS[begun].sub("", line, count=1).rstrip()] if begun else []
        elif sort:
            held.append(line.rstrip())
    if sort:
        yield _block(sort, held)


def _block(sort: Sort, held: Sequence[str]) -> _Block:
    first, *rest = held
    depth = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return _Block(sort, "\n".join([first, *(line[depth:] for line in rest)]).strip())


def _add(draft: TranscriptBuilder, block: _Block, before: _Block | None, *, answered: bool) -> None:
    if block.sort == "user":
        if block.text:
            draft.add("user", _words(block.text), block.text)
    elif block.sort == "thought":
        draft.add("assistant", "thinking", block.text)
    elif block.sort == "agent":
        call = _CALL.fullmatch(block.text)
        if call or answered:
            tool, args = (call["tool"], call["args"]) if call else (block.text.partition("\n")[0], "")
            name = f"step-{len(draft)}"
            draft.add("assistant", "tool_call", "", tool=tool, args={"arguments": args}, call_id=name)
        elif block.text:
            draft.add("assistant", "text", block.text)
    elif _INTERRUPTED.match(block.text):
        draft.add("user", "interrupt", block.text)
    elif before and before.sort == "user":
        draft.add("user", "command", block.text)
    else:
        draft.add("tool", "tool_result", block.text, call_id=draft.last_call, error=bool(_FAILED.match(block.text)))


def _words(text: str) -> Kind:
    return "command" if re.match(r"/[\w:-]+(?:\s|$)", text) or text.startswith("!") else "prompt"
