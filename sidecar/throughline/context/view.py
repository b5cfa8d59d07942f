"""Assembles the view of the next call from a session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import evolve, frozen

from throughline.context.stubs import file_stub, result_stub
from throughline.core.arguments import abridged, bulk
from throughline.core.events import FileInjected, Item, Replied, Spoke, ToolCalled, ToolReturned
from throughline.core.files import superseded
from throughline.core.series import Series
from throughline.core.session import Session
from throughline.core.view import Block, View

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
    recaps: Sequence[str] = (),
    turns: Sequence[Block] | None = None,
) -> View:
    """The blocks of the next call, from the most stable to the least, with up to four cache breakpoints.

    `summary` is the rendered rolling summary, sent once a compaction has moved turns into it or the user has changed
    it. Before it stand the `recaps` of the compacted turns, the oldest first. A new one leaves those before it in the
    cache, which looks for a prefix that ended with a breakpoint: so the last recap has one, in the archive's place.
    `turns` are the blocks of the recent turns, where they are `shown` already.
    """
    blocks = [_text("system", "system", frame.system, count, label="system prompt")]
    blocks[-1] = evolve(blocks[-1], cached=True)
    if frame.archive:
        blocks.append(evolve(_text("archive", "system", frame.archive, count, label="archive"), cached=not recaps))
    if session.through or session.edited:
        blocks += [_text("summary", "user", told, count, label="recap") for told in recaps]
        if recaps:
            blocks[-1] = evolve(blocks[-1], cached=True)
        blocks.append(_text("summary", "user", summary, count, label="summary"))
        blocks.append(_text("summary", "assistant", ACKNOWLEDGED, count, label="summary"))
        blocks += [_file(file) for file in session.carried]
        blocks[-1] = evolve(blocks[-1], cached=True)
    blocks += shown(session).blocks if turns is None else turns
    blocks += map(_file, session.waiting)
    if session.recent or session.waiting:
        blocks[-1] = evolve(blocks[-1], cached=True)
    return View(tuple(blocks))


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
            return _call(session, item)
        case ToolReturned():
            return _result(session, item, calls.get(item.id))
        case FileInjected():
            if item.key in session.masked and superseded(session, item):
                stub = file_stub(item)
                return Block("file", "user", stub, len(stub) // 4, label=item.path)
            return _file(item)


def _call(session: Session, item: ToolCalled) -> Block:
    if item.key not in session.masked:
        return Block("turn", "assistant", json.dumps(item.args), item.tokens, "call", item.id, item.tool, item.args)
    args = abridged(item)
    return Block("turn", "assistant", json.dumps(args), item.tokens - bulk(item), "call", item.id, item.tool, args)


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
