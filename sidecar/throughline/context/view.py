"""Assembles the view of the next call from a session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from attrs import evolve, field, frozen

from throughline.context import trimming
from throughline.context.stubs import file_stub, result_stub
from throughline.core.arguments import abridged, arguments_saved, note, note_tokens
from throughline.core.events import FileInjected, Item, Replied, Spoke, Told, ToolCalled, ToolReturned, arguments
from throughline.core.files import superseded
from throughline.core.series import Series
from throughline.core.session import Session, since
from throughline.core.thinking import Thought
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
    """A session, the blocks that its recent turns make, and of each that masking or a cut may change what it shows, by
    the id under which it is masked or cut. Results of the calls in `hidden` make no block.
    """

    session: Session
    blocks: Series[Block] = field(factory=Series)
    sources: dict[str, tuple[Source, ...]] = field(factory=dict)
    hidden: frozenset[str] = frozenset()


def shown(session: Session, before: Shown | None = None) -> Shown:
    """The blocks of the recent turns. Those that were made `before` are taken over, where only more has come since or
    been masked, so that a call costs what is new in it.
    """
    new = None
    same = before and (session.files, session.left_out) == (before.session.files, before.session.left_out)
    if before and same and session.masked >= before.session.masked:
        new = since(session, before.session)
    if before is None or new is None:
        note = trimming.left_out_note(session)
        blocks = Series([Block("turn", "user", note, trimming.NOTE_TOKENS, label=NOTE)] if note else [])
        begun = Shown(session, blocks, hidden=trimming.hidden_calls(session))
        return _grown(begun, session, trimming.visible(session))
    return _grown(_masked(before, session), session, new)


def sizes(session: Session) -> list[tuple[Item, int]]:
    """The items that the view shows, and the o200k tokens that each takes in it."""
    blocks: list[tuple[Item, int]] = [(file, _file(session, file).tokens) for file in session.carried]
    hidden, calls = trimming.hidden_calls(session), dict[str, ToolCalled]()
    for item in trimming.visible(session):
        if isinstance(item, ToolCalled):
            calls[item.id] = item
        if isinstance(item, ToolReturned) and item.id in hidden:
            continue
        block = _block(session, item, calls.get(item.id) if isinstance(item, ToolReturned) else None)
        if block and not (isinstance(item, Thought) and item.turn != running(session)):
            blocks.append((item, block.tokens))
    return [*blocks, *((file, _file(session, file).tokens) for file in session.waiting)]


def running(session: Session) -> int:
    """The number of the turn that runs, whose thinking is sent back; 0 where none does."""
    return session.open.number if session.open else 0


def _masked(before: Shown, session: Session) -> Shown:
    """The same blocks, those that were masked since as stubs, and those that were cut since so long as they are now."""
    cut = dict(session.cuts.items() ^ before.session.cuts.items()) if session.cuts is not before.session.cuts else {}
    names = (session.masked - before.session.masked) | cut.keys()
    sources = [one for name in names for one in before.sources.get(name, ())]
    if not sources:
        return before
    blocks: list[Block] = list(before.blocks)
    for one in sources:
        blocks[one.place] = _block(session, one.item, one.call) or blocks[one.place]
    return Shown(session, Series(blocks), before.sources, before.hidden)


def _grown(before: Shown, session: Session, items: Iterable[Item]) -> Shown:
    """The blocks with those of more items."""
    blocks, sources = before.blocks, dict(before.sources)
    for item in items:
        if isinstance(item, ToolReturned) and item.id in before.hidden:
            continue
        calls = sources.get(arguments(item.id), ()) if isinstance(item, ToolReturned) else ()
        call = next((one.item for one in reversed(calls) if isinstance(one.item, ToolCalled)), None)
        if block := _block(session, item, call):
            # A call's result says what its arguments were: it changes with them.
            named = (trimming.key(item), call.key if call else "")
            for name in filter(None, named):
                sources[name] = (*sources.get(name, ()), Source(len(blocks), item, call))
            blocks = blocks.plus(block)
    return Shown(session, blocks, sources, before.hidden)


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
        blocks += [_file(session, file) for file in session.carried]
        blocks[-1] = evolve(blocks[-1], cached=True)
    blocks += _without_past_thinking(session, shown(session).blocks if turns is None else turns)
    blocks += (_file(session, file) for file in session.waiting)
    if session.recent or session.waiting:
        blocks[-1] = evolve(blocks[-1], cached=True)
    return View(tuple(blocks))


def _without_past_thinking(session: Session, blocks: Sequence[Block]) -> list[Block]:
    """The blocks without the thinking of turns that have ended: later ones are answered without it.

    A turn's first call finds in the cache what stood before the thinking of the turn before, where a breakpoint says
    so: what comes after has other bytes from then on, and all in front of it would be paid for once more.
    """
    now, begins = str(running(session)), not session.open or not any(map(_is_reply, session.open.items))
    kept: list[Block] = []
    turn, place = "", 0
    for block in blocks:
        if block.content != "thought" or block.label == now:
            kept.append(block)
        elif block.label != turn:
            turn, place = block.label, len(kept)
    if place and begins:
        kept[place - 1] = evolve(kept[place - 1], cached=True)
    return kept


def _is_reply(item: Item) -> bool:
    return isinstance(item, Thought | Replied | ToolCalled)


def _block(session: Session, item: Item, call: ToolCalled | None) -> Block | None:
    match item:
        case Spoke():
            return Block("turn", "user", *_part(session, item)) if item.text else None
        case Told():
            return Block("turn", "user", *_part(session, item), label=NOTE)
        case Thought(turn=turn, text=text, tokens=tokens, block=block):
            # What is not signed, because it was cut off, would be refused.
            label = str(turn)
            return Block("turn", "assistant", text, tokens, "thought", args=block, label=label) if item.signed else None
        case Replied():
            return Block("turn", "assistant", *_part(session, item)) if item.text else None
        case ToolCalled():
            return _call(session, item)
        case ToolReturned():
            return _result(session, item, call)
        case FileInjected():
            if item.key in session.masked and superseded(session, item):
                stub = file_stub(item)
                return Block("file", "user", stub, len(stub) // 4, label=item.path)
            return _file(session, item)


def _part(session: Session, item: Spoke | Told | Replied | ToolReturned | FileInjected) -> tuple[str, int]:
    """An item's text as the view shows it, and its tokens."""
    name = trimming.key(item) if session.cuts else ""
    if cut := session.cuts.get(name):
        return trimming.head_and_tail(item.text, cut.characters, name), cut.tokens
    return item.text, item.tokens


def _call(session: Session, item: ToolCalled) -> Block:
    if item.key not in session.masked:
        return Block("turn", "assistant", json.dumps(item.args), item.tokens, "call", item.id, item.tool, item.args)
    args = abridged(item)
    return Block(
        "turn", "assistant", json.dumps(args), item.tokens - arguments_saved(item), "call", item.id, item.tool, args
    )


def _result(session: Session, item: ToolReturned, call: ToolCalled | None) -> Block:
    text, tokens = _part(session, item)
    if item.id in session.masked:
        text = result_stub(item, call)
        # A stub is short and never changes: an estimate that errs high is enough and costs nothing.
        tokens = len(text) // 3
    if call and call.key in session.masked and (said := note(call)):
        text, tokens = f"{text}\n{said}", tokens + note_tokens(call)
    return Block("turn", "user", text, tokens, "result", item.id, error=item.error)


def _file(session: Session, file: FileInjected) -> Block:
    return Block("file", "user", *_part(session, file), label=file.path)


def _text(place: str, role: str, text: str, count: Callable[[str], int], label: str) -> Block:
    return Block(place, role, text, count(text), label=label)  # type: ignore[arg-type]
