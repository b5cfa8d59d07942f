"""A session is the fold of its events: `fold(log)`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import assert_never

from attrs import evolve, field, frozen

from throughline.core.arguments import bulk
from throughline.core.calibration import Calibration, learn
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
    Ending,
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
    Origin,
    Queued,
    Replied,
    SessionEnded,
    SessionStarted,
    Spoke,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    Withdrawn,
)
from throughline.core.ledger import Add, Ledger, Operation, Pin, Recast, Reopen, Resolve, Revise, change
from throughline.core.registry import Registry, outdone, sighted
from throughline.core.series import Series
from throughline.core.usage import Bill, charge


@frozen
class Turn:
    """A user message and all that follows until the model hands back; `tokens` are those of its items."""

    number: int
    at: float
    items: Series[Item] = field(factory=Series)
    ending: Ending | None = None
    tokens: int = 0

    @property
    def unanswered(self) -> tuple[ToolCalled, ...]:
        """The calls without a result."""
        answered = {item.id for item in self.items if isinstance(item, ToolReturned)}
        return tuple(item for item in self.items if isinstance(item, ToolCalled) and item.id not in answered)


@frozen
class LedgerStep:
    """One event's operations on the ledger; `compaction` is the id where one brought them, and `edit` the event's seq
    where the user made them.
    """

    operations: tuple[Operation, ...]
    compaction: str = ""
    edit: int = 0


@frozen
class Session:
    """What the log says so far. `summarised` is the ledger as the view's summary shows it, and `carried` the files
    whose turns have been compacted: they move only when the prefix changes anyway, so that the cache holds.
    `undone_at` is the number of the last turn when a compaction was last undone or turned down. `held` waits for the
    user's word, with so many items in its turns, and so does the change of the archive that is `proposed`, of so many
    turns and ledger steps.
    `files` are those that the user put into the view, `registry` is all that the model has seen. `reads` are the calls
    that showed it a file, by path, and `outdone` the ids of those whose files it has seen again since. `masked` are the
    ids of what the view shows as stubs, which `saved` so many tokens of each turn.

    The numbers of the turns rise. `unended` are those that have not ended: one that runs, or those that a crash or a
    failed write left behind.
    """

    id: str = ""
    objective: str = ""
    role: str = "engineer"
    project: str = ""
    model: str = ""
    limit: int = 200_000
    origin: Origin = "live"
    seq: int = 0
    turns: Series[Turn] = field(factory=Series)
    unended: tuple[Turn, ...] = ()
    queue: tuple[Queued, ...] = ()
    waiting: tuple[FileInjected, ...] = ()
    carried: tuple[FileInjected, ...] = ()
    files: dict[str, FileInjected] = field(factory=dict)
    registry: Registry = field(factory=dict)
    reads: dict[str, tuple[FileSeen, ...]] = field(factory=dict)
    outdone: frozenset[str] = frozenset()
    steps: tuple[LedgerStep, ...] = ()
    ledger: Ledger = field(factory=Ledger)
    summarised: Ledger = field(factory=Ledger)
    masked: frozenset[str] = frozenset()
    saved: dict[int, int] = field(factory=dict)
    compactions: tuple[Compacted, ...] = ()
    undone: frozenset[str] = frozenset()
    undone_at: int = 0
    held: Compacted | None = None
    held_items: int = 0
    bill: Bill = field(factory=Bill)
    called_at: float | None = None
    calibrations: dict[str, Calibration] = field(factory=dict)
    archive: str = ""
    proposed: ArchiveProposed | None = None
    proposed_of: tuple[int, int] = (0, 0)
    ended: bool = False

    @property
    def through(self) -> int:
        """The number of the last turn that the view no longer holds verbatim; 0 for none."""
        # Each one covers more than those before it.
        return next((one.through for one in reversed(self.compactions) if one.id not in self.undone), 0)

    @property
    def edited(self) -> bool:
        """Whether the user has changed the ledger by more than pins, which the model has to know."""
        return any(step.edit and not all(isinstance(one, Pin) for one in step.operations) for step in self.steps)

    @property
    def recent(self) -> tuple[Turn, ...]:
        """Tier 1: the turns that are still verbatim."""
        return self.turns.since(bisect_right(self.turns, self.through, key=_number))

    @property
    def open(self) -> Turn | None:
        """The newest turn, where it has not ended."""
        return self.turns[-1] if self.turns and self.turns[-1].ending is None else None

    @property
    def next_turn(self) -> int:
        """The number that the next message gets."""
        numbers = (*(turn.number for turn in self.turns[-1:]), *(words.turn for words in self.queue))
        return max(numbers, default=0) + 1


def fold(log: Iterable[Logged], start: Session | None = None) -> Session:
    """The session after all of `log`; crash recovery is this same fold."""
    return reduce(apply, log, start or Session())


def apply(session: Session, logged: Logged) -> Session:
    """The session after one more event."""
    return evolve(_applied(session, logged), seq=logged.seq)


def since(session: Session, was: Session) -> tuple[Item, ...] | None:
    """The items that have come to the recent turns since, or None where these have changed otherwise."""
    last = len(was.turns) - 1
    same = (session.id, session.through) == (was.id, was.through)
    if not same or last < 0 or len(session.turns) <= last or not session.turns.begins_like(was.turns, last):
        return None
    then, now = was.turns[last], session.turns[last]
    if then.number <= was.through or not now.items.grew_from(then.items):
        return None
    later = (item for turn in session.turns.since(last + 1) for item in turn.items)
    return (*now.items.since(len(then.items)), *later)


def _applied(session: Session, logged: Logged) -> Session:
    event = logged.event
    match event:
        case SessionStarted():
            return evolve(
                session, id=event.session, objective=event.objective, role=event.role, project=event.project,
                model=event.model, limit=event.limit, origin=event.origin,
            )  # fmt: skip
        case CrewChanged(role=role, model=model, limit=limit):
            return evolve(session, role=role, model=model, limit=limit)
        case LimitTold(limit=limit):
            return evolve(session, limit=limit)
        case Queued():
            return evolve(session, queue=(*session.queue, event))
        case Withdrawn():
            return evolve(session, queue=())
        case Noted():
            return session
        case Spoke() | Replied() | ToolCalled() | ToolReturned():
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
        case Compacted():
            compactions = (*session.compactions, event)
            after = _step(evolve(session, compactions=compactions), LedgerStep(event.operations, event.id))
            return _carry(evolve(after, summarised=after.ledger, held=None))
        case CompactionHeld():
            return evolve(session, held=event.event, held_items=event.items)
        case CompactionDismissed():
            return evolve(session, held=None, undone_at=_last(session))
        case CompactionUndone():
            return _carry(_without(session, event.id))
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


def _extend(session: Session, item: Spoke | Replied | ToolCalled | ToolReturned, at: float) -> Session:
    if session.queue and isinstance(item, Spoke):
        session = evolve(session, queue=tuple(words for words in session.queue if words.turn != item.turn))
    turn = _turn(session, item.turn)
    if turn is None:
        # Files that were injected between two turns go in front of the words that they were meant for.
        items = (*session.waiting, item)
        tokens = sum(one.tokens for one in items)
        return evolve(_put(session, Turn(item.turn, at, Series(items), tokens=tokens)), waiting=())
    # Files that came while the turn ran stay where the next call will show them: in front of its reply.
    if isinstance(item, Replied | ToolCalled) and not isinstance(turn.items[-1], Replied | ToolCalled):
        for file in session.waiting:
            turn = _longer(turn, file)
        session = evolve(session, waiting=()) if session.waiting else session
    return _put(session, _longer(turn, item))


def _longer(turn: Turn, item: Item) -> Turn:
    return evolve(turn, items=turn.items.plus(item), tokens=turn.tokens + item.tokens)


def _masked(session: Session, ids: frozenset[str]) -> Session:
    """The session with what has these ids as stubs, which are counted as nothing."""
    new = set(ids - session.masked)
    saved = dict(session.saved)
    items = ((turn.number, item) for turn in reversed(session.turns) for item in reversed(turn.items))
    for number, item in items:
        if not new:
            break
        match item:
            case ToolReturned(id=name, tokens=tokens) if name in new:
                saved[number] = saved.get(number, 0) + tokens
                new.discard(name)
            case ToolCalled() if item.key in new:
                saved[number] = saved.get(number, 0) + bulk(item)
                new.discard(item.key)
            case FileInjected():
                new.discard(item.key)
            case _:
                pass
    return evolve(session, masked=session.masked | ids, saved=saved)


def _number(turn: Turn) -> int:
    return turn.number


def _turn(session: Session, number: int) -> Turn | None:
    place = bisect_left(session.turns, number, key=_number)
    return session.turns[place] if place < len(session.turns) and session.turns[place].number == number else None


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
        turns = Series(sorted((*others, turn), key=_number))
    others = (one for one in session.unended if one.number != turn.number)
    unended = tuple(sorted((*others, turn), key=_number)) if turn.ending is None else tuple(others)
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
    return evolve(session, steps=(*session.steps, step), ledger=reduce(change, step.operations, session.ledger))


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
    ledger = reduce(change, (operation for step in steps for operation in step.operations), Ledger())
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
