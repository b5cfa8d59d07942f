"""Assembles the view of the next call from a session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from attrs import evolve, frozen

from throughline.context.stubs import file_stub, result_stub
from throughline.core.events import FileInjected, Item, Replied, Spoke, ToolCalled, ToolReturned
from throughline.core.files import superseded
from throughline.core.session import Session
from throughline.core.view import Block, View

SAID = "What the developer said in those turns, word for word:"
# They take at most this part of what was compacted: 1 in so many tokens.
SAVED = 40
# Of a long message, this many characters stay: what was pasted into it is not the user's own.
LONGEST = 1_500
ACKNOWLEDGED = "I have the summary and go on from there."


@frozen
class Frame:
    """The stable texts around a session: system prompt with role and rules, and the archive."""

    system: str
    archive: str


def assemble(session: Session, frame: Frame, summary: str, count: Callable[[str], int], words: int = 0) -> View:
    """The blocks of the next call, from the most stable to the least, with up to four cache breakpoints.

    `summary` is the rendered rolling summary, sent once a compaction has moved turns into it or the user has changed
    it; of the user's own words in those turns, the newest stay beside it, up to `words` o200k tokens.
    """
    blocks = [_text("system", "system", frame.system, count, label="system prompt")]
    blocks[-1] = evolve(blocks[-1], cached=True)
    if frame.archive:
        blocks.append(evolve(_text("archive", "system", frame.archive, count, label="archive"), cached=True))
    if session.through or session.edited:
        blocks.append(_text("summary", "user", summary, count, label="summary"))
        if said := _said(session, words):
            blocks.append(_text("summary", "user", said, count, label="what the user said"))
        blocks.append(_text("summary", "assistant", ACKNOWLEDGED, count, label="summary"))
        blocks += [_file(file) for file in session.carried]
        blocks[-1] = evolve(blocks[-1], cached=True)
    turns = list(_turns(session))
    if turns:
        turns[-1] = evolve(turns[-1], cached=True)
    return View((*blocks, *turns))


def _said(session: Session, budget: int) -> str:
    """The user's words in the turns that have been compacted, a paragraph each: the newest that fit.

    Where those turns were hardly more than words, most of them go: they would eat what the compaction saved.
    """
    covered = [turn for turn in session.turns if turn.number <= session.through]
    budget = min(budget, sum(item.tokens for turn in covered for item in turn.items) // SAVED)
    kept: list[str] = []
    for turn in reversed(covered):
        for item in reversed(turn.items):
            if isinstance(item, Spoke) and item.origin == "user" and item.text.strip():
                text = " ".join(item.text.split())
                text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
                budget -= min(item.tokens, LONGEST // 4) + 8
                if budget < 0:
                    break
                kept.append(f"Turn {turn.number}: {text}")
        if budget < 0:
            break
    return "\n\n".join([SAID, *reversed(kept)]) if kept else ""


def _turns(session: Session) -> Iterator[Block]:
    calls: dict[str, ToolCalled] = {}
    for turn in session.recent:
        for item in turn.items:
            if isinstance(item, ToolCalled):
                calls[item.id] = item
            if block := _block(session, item, calls):
                yield block
    for file in session.waiting:
        yield _file(file)


def _block(session: Session, item: Item, calls: dict[str, ToolCalled]) -> Block | None:
    match item:
        case Spoke(text=text, tokens=tokens):
            return Block("turn", "user", text, tokens) if text else None
        case Replied(text=text, tokens=tokens):
            return Block("turn", "assistant", text, tokens) if text else None
        case ToolCalled():
            text = json.dumps(item.args)
            return Block("turn", "assistant", text, item.tokens, "call", item.id, item.tool, item.args)
        case ToolReturned():
            return _result(session, item, calls.get(item.id))
        case FileInjected():
            if item.key in session.masked and superseded(session, item):
                stub = file_stub(item)
                return Block("file", "user", stub, len(stub) // 4, label=item.path)
            return _file(item)


def _result(session: Session, item: ToolReturned, call: ToolCalled | None) -> Block:
    if item.id not in session.masked:
        return Block("turn", "user", item.text, item.tokens, "result", item.id, error=item.error)
    stub = result_stub(item, call)
    # A stub is short and never changes: an estimate that errs high is enough and costs nothing.
    return Block("turn", "user", stub, len(stub) // 3, "result", item.id, error=item.error)


def _file(file: FileInjected) -> Block:
    return Block("file", "user", file.text, file.tokens, label=file.path)


def _text(place: str, role: str, text: str, count: Callable[[str], int], label: str) -> Block:
    return Block(place, role, text, count(text), label=label)  # type: ignore[arg-type]
