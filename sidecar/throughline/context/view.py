"""Assembles the view of the next call from a session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from attrs import evolve, field, frozen

from throughline.context.stubs import file_stub, result_stub
from throughline.core.arguments import abridged, arguments_saved, note, note_tokens
from throughline.core.events import FileInjected, Item, Replied, Spoke, Told, ToolCalled, ToolReturned, arguments
from throughline.core.files import superseded
from throughline.core.series import Series
from throughline.core.session import Session, since
from throughline.core.view import NOTE, Block, View

ACKNOWLEDGED = "I have the summary and go on from there."


@frozen
class Frame:
    """The stable texts around a session: system prompt with role and rules, and the archive."""

    system: str
    archive: str


@frozen
class Source:
    """What one block of a turn shows, and where the block stands among the others; for a result its call, too."""

    place: int
    item: Item
    call: ToolCalled | None = None


@frozen
class Shown:
    """A session, the blocks that its recent turns make, and of each that masking may change what it shows, by the id
    under which it is masked.
    """

    session: Session
    blocks: Series[Block] = field(factory=Series)
    sources: dict[str, tuple[Source, ...]] = field(factory=dict)


def shown(session: Session, before: Shown | None = None) -> Shown:
    """The blocks of the recent turns. Those that were made `before` are taken over, where only more has come since or
    been masked, so that a call costs what is new in it.
    """
    new = None
    if before and session.files == before.session.files and session.masked >= before.session.masked:
        new = since(session, before.session)
    if before is None or new is None:
        return _grown(Shown(session), session, (item for turn in session.recent for item in turn.items))
    return _grown(_masked(before, session), session, new)


def _masked(before: Shown, session: Session) -> Shown:
    """The same blocks, those that were masked since as stubs."""
    sources = [one for name in session.masked - before.session.masked for one in before.sources.get(name, ())]
    if not sources:
        return before
    blocks: list[Block] = list(before.blocks)
    for one in sources:
        blocks[one.place] = _block(session, one.item, one.call) or blocks[one.place]
    return Shown(session, Series(blocks), before.sources)


def _grown(before: Shown, session: Session, items: Iterable[Item]) -> Shown:
    """The blocks with those of more items."""
    blocks, sources = before.blocks, dict(before.sources)
    for item in items:
        calls = sources.get(arguments(item.id), ()) if isinstance(item, ToolReturned) else ()
        call = next((one.item for one in reversed(calls) if isinstance(one.item, ToolCalled)), None)
        if block := _block(session, item, call):
            # A call's result says what its arguments were: it changes with them.
            named = (_name(item), call.key if call else "")
            for name in filter(None, named):
                sources[name] = (*sources.get(name, ()), Source(len(blocks), item, call))
            blocks = blocks.plus(block)
    return Shown(session, blocks, sources)


def _name(item: Item) -> str:
    """The id under which an item is masked; nothing for words."""
    match item:
        case ToolReturned(id=name):
            return name
        case ToolCalled() | FileInjected():
            return item.key
        case _:
            return ""


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


def _block(session: Session, item: Item, call: ToolCalled | None) -> Block | None:
    match item:
        case Spoke(text=text, tokens=tokens):
            return Block("turn", "user", text, tokens) if text else None
        case Told(text=text, tokens=tokens):
            return Block("turn", "user", text, tokens, label=NOTE)
        case Replied(text=text, tokens=tokens):
            return Block("turn", "assistant", text, tokens) if text else None
        case ToolCalled():
            return _call(session, item)
        case ToolReturned():
            return _result(session, item, call)
        case FileInjected():
            if item.key in session.masked and superseded(session, item):
                stub = file_stub(item)
                return Block("file", "user", stub, len(stub) // 4, label=item.path)
            return _file(item)


def _call(session: Session, item: ToolCalled) -> Block:
    if item.key not in session.masked:
        return Block("turn", "assistant", json.dumps(item.args), item.tokens, "call", item.id, item.tool, item.args)
    args = abridged(item)
    return Block(
        "turn", "assistant", json.dumps(args), item.tokens - arguments_saved(item), "call", item.id, item.tool, args
    )


def _result(session: Session, item: ToolReturned, call: ToolCalled | None) -> Block:
    text, tokens = item.text, item.tokens
    if item.id in session.masked:
        text = result_stub(item, call)
        # A stub is short and never changes: an estimate that errs high is enough and costs nothing.
        tokens = len(text) // 3
    if call and call.key in session.masked and (said := note(call)):
        text, tokens = f"{text}\n{said}", tokens + note_tokens(call)
    return Block("turn", "user", text, tokens, "result", item.id, error=item.error)


def _file(file: FileInjected) -> Block:
    return Block("file", "user", file.text, file.tokens, label=file.path)


def _text(place: str, role: str, text: str, count: Callable[[str], int], label: str) -> Block:
    return Block(place, role, text, count(text), label=label)  # type: ignore[arg-type]
