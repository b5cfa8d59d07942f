"""A session is the fold of its events: `fold(log)`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import assert_never

from attrs import evolve

from throughline.core.arguments import bulk
from throughline.core.calibration import Calibration, learn
from throughline.core.deeds import Answered, Asked, Checkpointed, OutputKept, Restored
from throughline.core.events import (
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    CallBilled,
    Compacted,
    CompactionDismissed,
    CompactionHeld,
    CompactionUndone,
    CrewChanged,
    FileDropped,
    FileInjected,
    FileMoved,
    FileSeen,
    Item,
    LedgerChanged,
    LedgerUndone,
    LimitTold,
    Logged,
    Masked,
    Noted,
    Queued,
    Replied,
    SessionEnded,
    SessionNamed,
    SessionStarted,
    Spoke,
    Told,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    Withdrawn,
)
from throughline.core.ledger import Add, Ledger, Operation, Pin, Recast, Reopen, Resolve, Revise, changes
from throughline.core.registry import outdone, sighted
from throughline.core.series import Series
from throughline.core.session import RETURNS, LedgerStep, Opening, Session, Turn, number
from throughline.core.thinking import Thought
from throughline.core.trimming import LeftOut, Trimmed
from throughline.core.usage import charge


def fold(log: Iterable[Logged], start: Session | None = None) -> Session:
    """The session after all of `log`; crash recovery is this same fold."""
    return reduce(apply, log, start or Session())


def apply(session: Session, logged: Logged) -> Session:
    """The session after one more event."""
    return evolve(_applied(session, logged), seq=logged.seq)


def _applied(session: Session, logged: Logged) -> Session:
    event = logged.event
    match event:
        case SessionStarted():
            return evolve(
                session, id=event.session, objective=event.objective, role=event.role, project=event.project,
                model=event.model, limit=event.limit, origin=event.origin,
            )  # fmt: skip
        case SessionNamed(name=name):
            return evolve(session, name=name)
        case CrewChanged(role=role, model=model, limit=limit):
            return evolve(_limited(session, limit), role=role, model=model)
        case LimitTold(limit=limit):
            return _limited(session, limit)
        case Queued():
            return evolve(session, queue=(*session.queue, event))
        case Withdrawn():
            left = tuple(words for words in session.queue if event.turn and words.turn != event.turn)
            return evolve(session, queue=left)
        case Noted() | OutputKept() | Asked() | Answered():
            return session
        case Checkpointed():
            return evolve(session, checkpoints=(*session.checkpoints, event))
        case Restored():
            return _back(session, event.turn) if event.conversation else session
        case ToolCalled(id=name):
            return _extend(evolve(session, call_ids=session.call_ids.plus(name)), event, logged.at)
        case Spoke() | Told() | Thought() | Replied() | ToolReturned():
            return _extend(session, event, logged.at)
        case FileInjected():
            files = {**session.files, event.path: event}
            return _see(evolve(session, files=files, waiting=(*session.waiting, event)), event, logged.at)
        case FileSeen():
            return _see(session, event, logged.at)
        case FileMoved():
            return _see(_renamed(session, event), event, logged.at)
        case FileDropped():
            session = _see(session, event, logged.at)
            files = {path: file for path, file in session.files.items() if path != event.path}
            waiting = tuple(file for file in session.waiting if file.path != event.path)
            masked = session.masked | {file.key for file in _copies(session.turns) if file.path == event.path}
            return _carry(evolve(session, files=files, waiting=waiting, masked=masked))
        case TurnEnded():
            turn = _turn(session, event.turn)
            return session if turn is None else _put(session, evolve(turn, ending=event.ending))
        case CallBilled():
            return _billed(session, event, logged.at)
        case LedgerChanged(by="user"):
            after = _step(session, LedgerStep(event.operations, edit=logged.seq))
            shown = any(not isinstance(one, Pin) for one in event.operations)
            return evolve(after, summarised=after.ledger) if shown else after
        case LedgerChanged():
            return _step(session, LedgerStep(event.operations))
        case LedgerUndone():
            kept = tuple(step for step in session.steps if step.edit != event.step)
            return _refolded(session, kept)
        case Masked():
            return _carry(_masked(session, frozenset(event.ids)))
        case Trimmed(cuts=cuts, left_out=left_out):
            later = max(session.left_out, left_out, key=lambda one: (one.turn, one.items))
            return evolve(session, cuts={**session.cuts, **{one.id: one for one in cuts}}, left_out=later)
        case Compacted():
            compactions = (*session.compactions, event)
            after = _step(evolve(session, compactions=compactions), LedgerStep(event.operations, event.id))
            return _carry(evolve(after, summarised=after.ledger, held=None))
        case CompactionHeld():
            return evolve(session, held=event.event, held_items=event.items)
        case CompactionDismissed():
            return evolve(session, held=None, undone_at=_last(session))
        case CompactionUndone():
            # The turns that come back are shown; what does not fit then is found out before the next call.
            return _carry(evolve(_without(session, event.id), left_out=LeftOut()))
        case ArchiveProposed():
            return evolve(session, proposed=event, proposed_of=(len(session.turns), len(session.steps)))
        case ArchiveRejected():
            return evolve(session, proposed=None)
        case ArchiveWritten():
            return evolve(session, archive=event.text, proposed=None)
        case SessionEnded():
            return evolve(session, ended=True)
        case _:
            assert_never(event)


def _back(session: Session, turn: int) -> Session:
    """The session as a turn found it. What was paid stays, and what the user did to the ledger, as far
    as its entries are there; no number is given twice.
    """
    was = next((one.session for one in session.openings if one.turn == turn), session)
    later = {one.id for one in session.compactions} - {one.id for one in was.compactions}
    edits = tuple(step for step in session.steps[len(was.steps) :] if step.edit)
    return evolve(
        was,
        openings=tuple(one for one in session.openings if one.turn < turn),
        checkpoints=tuple(one for one in session.checkpoints if one.turn < turn),
        compactions=session.compactions,
        undone=was.undone | later,
        undone_at=turn - 1 if later else was.undone_at,
        steps=(*was.steps, *edits),
        ledger=changes(was.ledger, (operation for step in edits for operation in step.operations))[0],
        queue=session.queue,
        numbered=session.numbered,
        call_ids=session.call_ids,
        bill=session.bill,
        called_at=session.called_at,
        archive=session.archive,
    )


def _limited(session: Session, limit: int) -> Session:
    """The session with a context limit; where that is higher than before, what did not fit is shown again."""
    if limit > session.limit:
        session = evolve(session, cuts={}, left_out=LeftOut())
    return evolve(session, limit=limit)


def _extend(session: Session, item: Spoke | Told | Thought | Replied | ToolCalled | ToolReturned, at: float) -> Session:
    if session.queue and isinstance(item, Spoke):
        session = evolve(session, queue=tuple(words for words in session.queue if words.turn != item.turn))
    turn = _turn(session, item.turn)
    if turn is None:
        # Files that were injected between two turns go in front of the words that they were meant for.
        openings = (*session.openings, Opening(item.turn, evolve(session, openings=())))[-RETURNS:]
        session = evolve(session, openings=openings, numbered=max(session.numbered, item.turn))
        items = (*session.waiting, item)
        tokens = sum(one.tokens for one in items)
        return evolve(_put(session, Turn(item.turn, at, Series(items), tokens=tokens)), waiting=())
    # Files that came while the turn ran stay where the next call will show them: in front of its reply.
    said = Thought | Replied | ToolCalled
    if isinstance(item, said) and not isinstance(turn.items[-1], said):
        for file in session.waiting:
            turn = _longer(turn, file)
        session = evolve(session, waiting=()) if session.waiting else session
    return _put(session, _longer(turn, item))


def _longer(turn: Turn, item: Item) -> Turn:
    tokens = 0 if isinstance(item, Thought) else item.tokens
    return evolve(turn, items=turn.items.plus(item), tokens=turn.tokens + tokens)


def _masked(session: Session, ids: frozenset[str]) -> Session:
    """The session with what has these ids as stubs, which are counted as nothing."""
    new = set(ids - session.masked)
    saved = dict(session.saved)
    items = ((turn.number, item) for turn in reversed(session.turns) for item in reversed(turn.items))
    for turn, item in items:
        if not new:
            break
        match item:
            case ToolReturned(id=name, tokens=tokens) if name in new:
                saved[turn] = saved.get(turn, 0) + tokens
                new.discard(name)
            case ToolCalled() if item.key in new:
                saved[turn] = saved.get(turn, 0) + bulk(item)
                new.discard(item.key)
            case FileInjected():
                new.discard(item.key)
            case _:
                pass
    return evolve(session, masked=session.masked | ids, saved=saved)


def _turn(session: Session, named: int) -> Turn | None:
    place = bisect_left(session.turns, named, key=number)
    return session.turns[place] if place < len(session.turns) and session.turns[place].number == named else None


def _put(session: Session, turn: Turn) -> Session:
    """The session with a turn in its place: after the others, which it nearly always is, or instead of itself."""
    turns = session.turns
    last = turns[-1].number if turns else turn.number - 1
    if turn.number > last:
        turns = turns.plus(turn)
    elif turn.number == last:
        turns = turns.with_last(turn)
    else:
        others = (one for one in turns if one.number != turn.number)
        turns = Series(sorted((*others, turn), key=number))
    others = (one for one in session.unended if one.number != turn.number)
    unended = tuple(sorted((*others, turn), key=number)) if turn.ending is None else tuple(others)
    return evolve(session, turns=turns, unended=unended)


def _see(session: Session, event: FileInjected | FileDropped | FileSeen | FileMoved, at: float) -> Session:
    session = evolve(session, registry=sighted(session.registry, event, at))
    if not isinstance(event, FileSeen | FileInjected):
        return session
    reads = session.reads.get(event.path, ())
    gone = outdone(reads, event)
    kept = tuple(read for read in reads if read not in gone)
    if isinstance(event, FileSeen) and event.by == "read" and event.form != "written" and event.id:
        kept = (*kept, event)
    if kept == reads:
        return session
    outdone_ids = session.outdone | {read.id for read in gone}
    return evolve(session, reads={**session.reads, event.path: kept}, outdone=outdone_ids)


def _renamed(session: Session, event: FileMoved) -> Session:
    """The file stays in the view; without a hash it counts as moved on, so that it enters again under its new path."""
    files = {path: file for path, file in session.files.items() if path != event.path}
    if file := session.files.get(event.path):
        files[event.to] = evolve(file, path=event.to, digest="", was=event.path)
    return evolve(session, files=files)


def _billed(session: Session, call: CallBilled, at: float) -> Session:
    session = evolve(session, bill=charge(session.bill, call))
    if call.purpose != "chat":
        return session
    known = session.calibrations.get(call.model, Calibration())
    calibrations = {**session.calibrations, call.model: learn(known, call.counted, call.prompt)}
    return evolve(session, called_at=call.began or at, calibrations=calibrations)


def _copies(turns: Iterable[Turn]) -> tuple[FileInjected, ...]:
    return tuple(item for turn in turns for item in turn.items if isinstance(item, FileInjected))


def _carry(session: Session) -> Session:
    shown = (*_copies(session.recent), *session.waiting)
    return evolve(session, carried=tuple(file for file in session.files.values() if file not in shown))


def _step(session: Session, step: LedgerStep) -> Session:
    return evolve(session, steps=(*session.steps, step), ledger=changes(session.ledger, step.operations)[0])


def _without(session: Session, compaction: str) -> Session:
    """The ledger is folded again without the undone compaction, so that what came after it stays: an entry of its
    that the user has pinned or worded since, too.
    """
    undone = session.undone | {compaction}
    touched = {name for step in session.steps if not step.compaction for name in _by_user(step.operations)}
    kept = []
    for step in session.steps:
        stays = [one for one in step.operations if isinstance(one, Add) and one.entry.id in touched]
        kept.append(evolve(step, operations=tuple(stays)) if step.compaction in undone else step)
    return _refolded(evolve(session, undone=undone, undone_at=_last(session), held=None), tuple(kept))


def _refolded(session: Session, steps: tuple[LedgerStep, ...]) -> Session:
    ledger, _ = changes(Ledger(), (operation for step in steps for operation in step.operations))
    return evolve(session, steps=steps, ledger=ledger, summarised=ledger)


def _last(session: Session) -> int:
    return session.turns[-1].number if session.turns else 0


def _by_user(operations: Iterable[Operation]) -> Iterator[str]:
    """The entries that the user laid hands on."""
    for one in operations:
        match one:
            case Revise(id=name, author="user") | Resolve(id=name, author="user"):
                yield name
            case Pin(id=name) | Reopen(id=name) | Recast(id=name):
                yield name
            case _:
                pass
