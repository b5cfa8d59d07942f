"""A session is the fold of its events: `fold(log)`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Literal, assert_never

from attrs import evolve, field, frozen

from throughline.core.events import (
    ArchiveWritten,
    CallBilled,
    Compacted,
    CompactionUndone,
    Ending,
    FileDropped,
    FileInjected,
    Item,
    LedgerChanged,
    Logged,
    Masked,
    Replied,
    SessionEnded,
    SessionStarted,
    Spoke,
    ToolCalled,
    ToolReturned,
    TurnEnded,
)
from throughline.core.ledger import Ledger, Operation, change
from throughline.core.usage import Bill, charge


@frozen
class Turn:
    """A user message and all that follows until the model hands back."""

    number: int
    at: float
    items: tuple[Item, ...] = ()
    ending: Ending | None = None


@frozen
class LedgerStep:
    """One event's operations on the ledger; `compaction` is the id where one brought them."""

    operations: tuple[Operation, ...]
    compaction: str = ""


@frozen
class Session:
    """What the log says so far. `summarised` is the ledger as the view's summary shows it: it moves only with
    a compaction, so that the cached prefix holds.
    """

    id: str = ""
    objective: str = ""
    role: str = "engineer"
    project: str = ""
    model: str = ""
    limit: int = 200_000
    origin: Literal["live", "recording"] = "live"
    seq: int = 0
    turns: tuple[Turn, ...] = ()
    waiting: tuple[FileInjected, ...] = ()
    files: dict[str, FileInjected] = field(factory=dict)
    steps: tuple[LedgerStep, ...] = ()
    ledger: Ledger = field(factory=Ledger)
    summarised: Ledger = field(factory=Ledger)
    masked: frozenset[str] = frozenset()
    compactions: tuple[Compacted, ...] = ()
    undone: frozenset[str] = frozenset()
    bill: Bill = field(factory=Bill)
    called_at: float | None = None
    archive: str = ""
    ended: bool = False

    @property
    def through(self) -> int:
        """The number of the last turn that the view no longer holds verbatim; 0 for none."""
        return max((one.through for one in self.compactions if one.id not in self.undone), default=0)

    @property
    def recent(self) -> tuple[Turn, ...]:
        """Tier 1: the turns that are still verbatim."""
        through = self.through
        return tuple(turn for turn in self.turns if turn.number > through)

    @property
    def open(self) -> Turn | None:
        """The turn that has not ended, if one is running."""
        return self.turns[-1] if self.turns and self.turns[-1].ending is None else None


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
        case Spoke() | Replied() | ToolCalled() | ToolReturned():
            return _extend(session, event, logged.at)
        case FileInjected():
            files = {**session.files, event.path: event}
            return evolve(session, files=files, waiting=(*session.waiting, event))
        case FileDropped():
            files = {path: file for path, file in session.files.items() if path != event.path}
            waiting = tuple(file for file in session.waiting if file.path != event.path)
            return evolve(session, files=files, waiting=waiting)
        case TurnEnded():
            turns = tuple(evolve(t, ending=event.ending) if t.number == event.turn else t for t in session.turns)
            return evolve(session, turns=turns)
        case CallBilled():
            at = (event.began or logged.at) if event.purpose == "chat" else session.called_at
            return evolve(session, bill=charge(session.bill, event), called_at=at)
        case LedgerChanged():
            return _step(session, LedgerStep(event.operations))
        case Masked():
            return evolve(session, masked=session.masked | frozenset(event.ids))
        case Compacted():
            compactions = (*session.compactions, event)
            after = _step(evolve(session, compactions=compactions), LedgerStep(event.operations, event.id))
            return evolve(after, summarised=after.ledger)
        case CompactionUndone():
            return _without(session, event.id)
        case ArchiveWritten():
            return evolve(session, archive=event.text)
        case SessionEnded():
            return evolve(session, ended=True)
        case _:
            assert_never(event)


def _extend(session: Session, item: Spoke | Replied | ToolCalled | ToolReturned, at: float) -> Session:
    if session.turns and session.turns[-1].number == item.turn:
        last = session.turns[-1]
        return evolve(session, turns=(*session.turns[:-1], evolve(last, items=(*last.items, item))))
    # Files that were injected between two turns go in front of the words that they were meant for.
    opened = Turn(item.turn, at, (*session.waiting, item))
    return evolve(session, turns=(*session.turns, opened), waiting=())


def _step(session: Session, step: LedgerStep) -> Session:
    return evolve(session, steps=(*session.steps, step), ledger=reduce(change, step.operations, session.ledger))


def _without(session: Session, compaction: str) -> Session:
    """The ledger is folded again without the undone compaction, so that what came after it stays."""
    undone = session.undone | {compaction}
    kept = [step for step in session.steps if step.compaction not in undone]
    ledger = reduce(change, (operation for step in kept for operation in step.operations), Ledger())
    return evolve(session, undone=undone, steps=tuple(kept), ledger=ledger, summarised=ledger)
