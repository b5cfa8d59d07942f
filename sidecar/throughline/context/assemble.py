"""Assembly of the view of the next call: stable blocks, turns, stubs, cache breakpoints, the system prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from attrs import evolve, field, frozen

from throughline.context import trimming
from throughline.domain.append_list import PersistentList
from throughline.domain.argument_masking import abridge, masked_tokens, masking_note, masking_note_tokens
from throughline.domain.events import (
    AssistantMessage,
    FileInjected,
    Item,
    SystemNote,
    Thought,
    ToolCalled,
    ToolReturned,
    UserMessage,
    masked_arguments_id,
)
from throughline.domain.file_header import shown_text
from throughline.domain.session import Session, is_superseded, items_since
from throughline.domain.view import NOTE, Block, View


def result_stub(result: ToolReturned, call: ToolCalled | None) -> str:
    """The line that stands for a masked result: what it was, how big, and how to get it back."""
    what = f"{call.tool} {_target(call)}".strip() if call else "tool"
    lines = result.text.count("\n") + 1
    failed = ", failed" if result.error else ""
    return f"[masked: {what}{failed}, {lines} lines, {result.tokens} tokens; recall {result.id}]"


def file_stub(file: FileInjected) -> str:
    """The line that stands for a file that was taken out or superseded."""
    return f"[{file.form} of {file.path}: superseded or removed]"


def _target(call: ToolCalled) -> str:
    """The argument that tells one call from another: a path, a pattern, a command."""
    for name in ("path", "file_path", "pattern", "command", "query", "url"):
        value = call.args.get(name)
        if isinstance(value, str) and value:
            first = value.strip().splitlines()[0] if value.strip() else ""
            return first if len(first) <= 80 else first[:79] + "…"
    return ""


def system_prompt(
    prompts: Mapping[str, str], role: str, project: str, objective: str, rules: str, environment: str = ""
) -> str:
    """The system prompt of a session; `rules` is the workspace's AGENTS.md or CLAUDE.md, or nothing, and `environment`
    says where the session began, a line each.
    """
    said = f"\nThe workspace's own rules:\n\n{rules.strip()}\n" if rules.strip() else ""
    where = f"\nWhere this session began; what has changed since is said beside the newest turn:\n{environment}\n"
    values = {
        "project": project,
        "objective": objective.strip() or "not stated yet",
        "role": prompts[role].strip(),
        "environment": where if environment else "",
        "rules": said,
    }
    template = prompts["system"]
    if "{environment}" not in template:
        # A project's own prompt may be older than this.
        template = f"{template.rstrip()}\n{{environment}}"
    # In one go: what is put in is not looked at again.
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template).strip()


ACKNOWLEDGED = "I have the summary and go on from there."


@frozen
class StablePrefix:
    """The stable texts around a session: system prompt with role and rules, and the archive."""

    system: str
    archive: str


@frozen
class BlockOrigin:
    """What one block of a turn shows, and where the block stands among the others; for a result its call, too."""

    place: int
    item: Item
    call: ToolCalled | None = None


@frozen
class RenderedTurns:
    """A session, the blocks that its recent turns make, and of each that masking or a cut may change what it shows, by
    the id under which it is masked or cut. Results of the calls in `hidden` make no block.
    """

    session: Session
    blocks: PersistentList[Block] = field(factory=PersistentList)
    sources: dict[str, tuple[BlockOrigin, ...]] = field(factory=dict)
    hidden: frozenset[str] = frozenset()


def render_turns(session: Session, before: RenderedTurns | None = None) -> RenderedTurns:
    """The blocks of the recent turns. Those that were made `before` are taken over, where only more has come since or
    been masked, so that a call costs what is new in it.
    """
    new = None
    same = before and (session.files, session.left_out) == (before.session.files, before.session.left_out)
    if before and same and session.masked >= before.session.masked:
        new = items_since(session, before.session)
    if before is None or new is None:
        note = trimming.left_out_note(session)
        blocks = PersistentList([Block("turn", "user", note, trimming.NOTE_TOKENS, label=NOTE)] if note else [])
        begun = RenderedTurns(session, blocks, hidden=trimming.hidden_calls(session))
        return _grown(begun, session, trimming.shown_items(session))
    return _grown(_masked(before, session), session, new)


def sizes(session: Session) -> list[tuple[Item, int]]:
    """The items that the view shows, and the o200k tokens that each takes in it."""
    blocks: list[tuple[Item, int]] = [(file, _file(session, file).tokens) for file in session.compacted_files]
    hidden, calls = trimming.hidden_calls(session), dict[str, ToolCalled]()
    for item in trimming.shown_items(session):
        if isinstance(item, ToolCalled):
            calls[item.id] = item
        if isinstance(item, ToolReturned) and item.id in hidden:
            continue
        block = _block(session, item, calls.get(item.id) if isinstance(item, ToolReturned) else None)
        if block and not (isinstance(item, Thought) and item.key in session.masked):
            blocks.append((item, block.tokens))
    return [*blocks, *((file, _file(session, file).tokens) for file in session.pending_files)]


def _masked(before: RenderedTurns, session: Session) -> RenderedTurns:
    """The same blocks, those that were masked since as stubs, and those that were cut since so long as they are now."""
    cut = dict(session.cuts.items() ^ before.session.cuts.items()) if session.cuts is not before.session.cuts else {}
    names = (session.masked - before.session.masked) | cut.keys()
    sources = [one for name in names for one in before.sources.get(name, ())]
    if not sources:
        return before
    blocks: list[Block] = list(before.blocks)
    for one in sources:
        blocks[one.place] = _block(session, one.item, one.call) or blocks[one.place]
    return RenderedTurns(session, PersistentList(blocks), before.sources, before.hidden)


def _grown(before: RenderedTurns, session: Session, items: Iterable[Item]) -> RenderedTurns:
    """The blocks with those of more items."""
    blocks, sources = before.blocks, dict(before.sources)
    for item in items:
        if isinstance(item, ToolReturned) and item.id in before.hidden:
            continue
        calls = sources.get(masked_arguments_id(item.id), ()) if isinstance(item, ToolReturned) else ()
        call = next((one.item for one in reversed(calls) if isinstance(one.item, ToolCalled)), None)
        if block := _block(session, item, call):
            # A call's result says what its arguments were: it changes with them.
            named = (trimming.trimming_key(item), call.key if call else "")
            for name in filter(None, named):
                sources[name] = (*sources.get(name, ()), BlockOrigin(len(blocks), item, call))
            blocks = blocks.append(block)
    return RenderedTurns(session, blocks, sources, before.hidden)


def assemble(
    session: Session,
    frame: StablePrefix,
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
        blocks += [_file(session, file) for file in session.compacted_files]
        blocks[-1] = evolve(blocks[-1], cached=True)
    blocks += _without_masked_thinking(session, render_turns(session).blocks if turns is None else turns)
    blocks += (_file(session, file) for file in session.pending_files)
    if session.recent or session.pending_files:
        blocks[-1] = evolve(blocks[-1], cached=True)
    return View(tuple(blocks))


def _without_masked_thinking(session: Session, blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks without the thinking that was masked: no line stands for it.

    That of turns that have ended stays until the prefix changes anyway. A read of it from the cache costs a fraction of
    what writing all that stands behind it again does.
    """
    for block in blocks:
        if block.content != "thought" or block.id not in session.masked:
            yield block


def _block(session: Session, item: Item, call: ToolCalled | None) -> Block | None:
    match item:
        case UserMessage():
            return Block("turn", "user", *_part(session, item)) if item.text else None
        case SystemNote():
            return Block("turn", "user", *_part(session, item), label=NOTE)
        case Thought(text=text, tokens=tokens, block=block):
            # What is not signed, because it was cut off, would be refused.
            return Block("turn", "assistant", text, tokens, "thought", item.key, args=block) if item.signed else None
        case AssistantMessage():
            return Block("turn", "assistant", *_part(session, item)) if item.text else None
        case ToolCalled():
            return _call(session, item)
        case ToolReturned():
            return _result(session, item, call)
        case FileInjected():
            if item.key in session.masked and is_superseded(session, item):
                stub = file_stub(item)
                return Block("file", "user", stub, len(stub) // 4, label=item.path)
            return _file(session, item)


def _part(
    session: Session, item: UserMessage | SystemNote | AssistantMessage | ToolReturned | FileInjected
) -> tuple[str, int]:
    """An item's text as the view shows it, and its tokens."""
    text = shown_text(item) if isinstance(item, FileInjected) else item.text
    name = trimming.trimming_key(item) if session.cuts else ""
    if cut := session.cuts.get(name):
        return trimming.head_and_tail(text, cut.characters, name), cut.tokens
    return text, item.tokens


def _call(session: Session, item: ToolCalled) -> Block:
    if item.key not in session.masked:
        return Block("turn", "assistant", json.dumps(item.args), item.tokens, "call", item.id, item.tool, item.args)
    args = abridge(item)
    return Block(
        "turn", "assistant", json.dumps(args), item.tokens - masked_tokens(item), "call", item.id, item.tool, args
    )


def _result(session: Session, item: ToolReturned, call: ToolCalled | None) -> Block:
    text, tokens = _part(session, item)
    if item.id in session.masked:
        text = result_stub(item, call)
        # A stub is short and never changes: an estimate that errs high is enough and costs nothing.
        tokens = len(text) // 3
    if call and call.key in session.masked and (said := masking_note(call)):
        text, tokens = f"{text}\n{said}", tokens + masking_note_tokens(call)
    return Block("turn", "user", text, tokens, "result", item.id, error=item.error)


def _file(session: Session, file: FileInjected) -> Block:
    return Block("file", "user", *_part(session, file), label=file.path)


def _text(place: str, role: str, text: str, count: Callable[[str], int], label: str) -> Block:
    return Block(place, role, text, count(text), label=label)  # type: ignore[arg-type]
