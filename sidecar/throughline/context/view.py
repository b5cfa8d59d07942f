"""Assembles the view of the next call from a session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from attrs import evolve, frozen

from throughline.context.stubs import file_stub, result_stub
from throughline.core.events import FileInjected, Item, Replied, Spoke, ToolCalled, ToolReturned
from throughline.core.files import superseded
from throughline.core.series import Series
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


@frozen
class Shown:
    """A session and the blocks that its recent turns make."""

    session: Session
    blocks: Series[Block]


def shown(session: Session, before: Shown | None = None) -> Shown:
    """The blocks of the recent turns. Those that were made `before` are taken over where only more has come since,
    so that a call costs what is new in it.
    """
    new = _since(session, before.session) if before else None
    if before is None or new is None:
        return Shown(session, Series(_blocks(session, (item for turn in session.recent for item in turn.items))))
    blocks = before.blocks
    for block in _blocks(session, new):
        blocks = blocks.plus(block)
    return Shown(session, blocks)


def _since(session: Session, was: Session) -> list[Item] | None:
    """The items that have come to the recent turns since, or None where more than that has changed."""
    moved = (session.masked, session.files, session.through) != (was.masked, was.files, was.through)
    last = len(was.turns) - 1
    if moved or last < 0 or len(session.turns) <= last or not session.turns.begins_like(was.turns, last):
        return None
    open_then, open_now = was.turns[last], session.turns[last]
    if open_then.number <= was.through or not open_now.items.grew_from(open_then.items):
        return None
    later = (item for turn in session.turns.since(last + 1) for item in turn.items)
    items = [*open_now.items.since(len(open_then.items)), *later]
    # A masked result is shown by its call, which may have come before.
    return None if any(isinstance(one, ToolReturned) and one.id in session.masked for one in items) else items


def assemble(
    session: Session,
    frame: Frame,
    summary: str,
    count: Callable[[str], int],
    words: int = 0,
    turns: Sequence[Block] | None = None,
) -> View:
    """The blocks of the next call, from the most stable to the least, with up to four cache breakpoints.

    `summary` is the rendered rolling summary, sent once a compaction has moved turns into it or the user has changed
    it; of the user's own words in those turns, the newest stay beside it, up to `words` o200k tokens. `turns` are the
    blocks of the recent turns, where they are `shown` already.
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
    blocks += shown(session).blocks if turns is None else turns
    blocks += map(_file, session.waiting)
    if session.recent or session.waiting:
        blocks[-1] = evolve(blocks[-1], cached=True)
    return View(tuple(blocks))


def _said(session: Session, budget: int) -> str:
    """The user's words in the turns that have been compacted, a paragraph each: the newest that fit.

    Where those turns were hardly more than words, most of them go: they would eat what the compaction saved.
    """
    weight = 0
    for turn in islice(reversed(session.turns), len(session.recent), None):
        weight += sum(item.tokens for item in turn.items)
        if weight >= budget * SAVED:
            break
    budget = min(budget, weight // SAVED)
    kept: list[str] = []
    for turn in islice(reversed(session.turns), len(session.recent), None):
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


def _blocks(session: Session, items: Iterable[Item]) -> Iterator[Block]:
    calls: dict[str, ToolCalled] = {}
    for item in items:
        if isinstance(item, ToolCalled):
            calls[item.id] = item
        if block := _block(session, item, calls):
            yield block


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
