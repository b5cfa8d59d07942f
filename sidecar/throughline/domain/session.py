"""A session as the fold of its events: the state, `apply` for one event, `fold` for a log."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import assert_never

from attrs import evolve, field, frozen

from throughline.domain.append_list import PersistentList
from throughline.domain.argument_masking import tokens_saved
from throughline.domain.events import (
    ApprovalDecided,
    ApprovalRequested,
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    AssistantMessage,
    CallBilled,
    CheckpointCreated,
    Compacted,
    CompactionDismissed,
    CompactionProposed,
    CompactionUndone,
    ContextLimitReported,
    Cut,
    Ending,
    FileDropped,
    FileInjected,
    FileRenamed,
    FileSeen,
    FullOutputStored,
    Item,
    LedgerChanged,
    LedgerUndone,
    LeftOut,
    Logged,
    Masked,
    MessageQueued,
    MessageWithdrawn,
    Notice,
    Origin,
    RoleAndModelChanged,
    SessionEnded,
    SessionNamed,
    SessionRewound,
    SessionStarted,
    SystemNote,
    Thought,
    ToolCalled,
    ToolReturned,
    Trimmed,
    TurnEnded,
    TurnResumed,
    UserMessage,
)
from throughline.domain.file_knowledge import Registry, superseded_reads, update_knowledge
from throughline.domain.ledger import (
    Add,
    Entry,
    KeepMine,
    Ledger,
    Operation,
    Pin,
    Reclassify,
    Reopen,
    Resolve,
    Revise,
    apply_operations,
)
from throughline.domain.rules import rules_in_force
from throughline.domain.usage import Bill, Calibration, charge, learn

# How a turn ends that can go on where it broke off.
BROKEN: tuple[Ending, ...] = ("failed", "interrupted")


@frozen
class Turn:
    """A user message and all that follows until the model hands back; `tokens` are those of its items, without the
    thinking, which later turns do not send.
    """

    number: int
    at: float
    items: PersistentList[Item] = field(factory=PersistentList)
    ending: Ending | None = None
    tokens: int = 0

    @property
    def unanswered(self) -> tuple[ToolCalled, ...]:
        """The calls without a result."""
        answered = {item.id for item in self.items if isinstance(item, ToolReturned)}
        return tuple(item for item in self.items if isinstance(item, ToolCalled) and item.id not in answered)

    @property
    def said(self) -> tuple[str, ...]:
        """The user's words in it."""
        return tuple(item.text for item in self.items if isinstance(item, UserMessage) and item.origin == "user")

    @property
    def lost(self) -> bool:
        """Whether it ended before the model had done anything: what was asked in it has no answer."""
        replied = (isinstance(item, Thought | AssistantMessage | ToolCalled) for item in self.items)
        return self.ending in BROKEN and not any(replied)


def turn_number(turn: Turn) -> int:
    """A turn's number: they rise."""
    return turn.number


@frozen
class LedgerStep:
    """One event's operations on the ledger; `compaction` is the id where one brought them, and `edit` the event's seq
    where the user made them. What comes from the `workspace` is what other sessions did to its rules.
    """

    operations: tuple[Operation, ...]
    compaction: str = ""
    edit: int = 0
    workspace: bool = False


# So many of the newest turns can be gone back to the beginning of; each holds a session as it was.
MAX_REWIND_POINTS = 50


@frozen
class RewindPoint:
    """A turn, and the session as it found it."""

    turn: int
    session: Session = field(repr=False)


@frozen
class Session:
    """What the log says so far. `summarised` is the ledger as the view's summary shows it, and `carried` the files
    whose turns have been compacted: they move only when the prefix changes anyway, so that the cache holds.
    `undone_at` is the number of the last turn when a compaction was last undone or turned down. `held` waits for the
    user's word, with so many items in its turns, and so does the change of the archive that is `proposed`, of so many
    turns and ledger steps.
    `files` are those that the user put into the view, `registry` is all that the model has seen. `reads` are the calls
    that showed it a file, by path, and `outdone` the ids of those whose files it has seen again since. `masked` are the
    ids of what the view shows as stubs, which `saved` so many tokens of each turn; `cuts` says by key what it shows the
    beginning and the end of, and `left_out` what it does not show at all.
    `prefix_rules` are the rules as the view's prefix shows them: one that was said since stands in its turn.
    `last_call` is the one that filled the provider's cache last, `called_at` when it began, and `called_role` the role
    that it was made in.
    `name` is what the user calls the session in lists, where that is not the objective. `openings` and
    `checkpoints` are what it can go back to: its conversation and its files before a turn. `numbered` is the highest
    number that a turn ever had, and `call_ids` are those of all calls. What the user allowed is not here: a log may be
    anybody's, and grants nothing.

    The numbers of the turns rise. `unended` are those that have not ended: one that runs, or those that a crash or a
    failed write left behind.
    """

    id: str = ""
    objective: str = ""
    name: str = ""
    role: str = "engineer"
    project: str = ""
    model: str = ""
    limit: int = 200_000
    origin: Origin = "live"
    seq: int = 0
    turns: PersistentList[Turn] = field(factory=PersistentList)
    unended: tuple[Turn, ...] = ()
    queue: tuple[MessageQueued, ...] = ()
    pending_files: tuple[FileInjected, ...] = ()
    compacted_files: tuple[FileInjected, ...] = ()
    files: dict[str, FileInjected] = field(factory=dict)
    registry: Registry = field(factory=dict)
    reads: dict[str, tuple[FileSeen, ...]] = field(factory=dict)
    superseded_reads: frozenset[str] = frozenset()
    checkpoints: tuple[CheckpointCreated, ...] = ()
    rewind_points: tuple[RewindPoint, ...] = ()
    last_turn_number: int = 0
    call_ids: PersistentList[str] = field(factory=PersistentList)
    ledger_history: tuple[LedgerStep, ...] = ()
    ledger: Ledger = field(factory=Ledger)
    summarised: Ledger = field(factory=Ledger)
    prefix_rules: tuple[Entry, ...] = ()
    masked: frozenset[str] = frozenset()
    masked_tokens: dict[int, int] = field(factory=dict)
    cuts: dict[str, Cut] = field(factory=dict)
    left_out: LeftOut = field(factory=LeftOut)
    compactions: tuple[Compacted, ...] = ()
    undone: frozenset[str] = frozenset()
    undone_at: int = 0
    pending_compaction: Compacted | None = None
    pending_compaction_items: int = 0
    bill: Bill = field(factory=Bill)
    last_call: CallBilled | None = None
    called_at: float | None = None
    called_role: str = ""
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
        return any(
            step.edit and not all(isinstance(one, Pin) for one in step.operations) for step in self.ledger_history
        )

    @property
    def recent(self) -> tuple[Turn, ...]:
        """Tier 1: the turns that are still verbatim."""
        return self.turns.since(bisect_right(self.turns, self.through, key=turn_number))

    @property
    def open(self) -> Turn | None:
        """The newest turn, where it has not ended."""
        return self.turns[-1] if self.turns and self.turns[-1].ending is None else None

    @property
    def retryable(self) -> Turn | None:
        """The newest turn, where it broke off and its words still stand in the view as they were said."""
        last = self.turns[-1] if self.turns and not self.ended and self.origin != "recording" else None
        return last if last is not None and last.ending in BROKEN and last.number > self.through else None

    @property
    def next_turn(self) -> int:
        """The number that the next message gets."""
        return max((self.last_turn_number, *(words.turn for words in self.queue))) + 1


def items_since(session: Session, was: Session) -> tuple[Item, ...] | None:
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
            return _begun(session, event)
        case SessionNamed(name=name):
            return evolve(session, name=name)
        case RoleAndModelChanged(role=role, model=model, limit=limit):
            return evolve(_limited(session, limit), role=role, model=model)
        case ContextLimitReported(limit=limit):
            return _limited(session, limit)
        case MessageQueued():
            return evolve(session, queue=(*session.queue, event))
        case MessageWithdrawn():
            left = tuple(words for words in session.queue if event.turn and words.turn != event.turn)
            return evolve(session, queue=left)
        case Notice() | FullOutputStored() | ApprovalRequested() | ApprovalDecided():
            return session
        case CheckpointCreated():
            return evolve(session, checkpoints=(*session.checkpoints, event))
        case SessionRewound():
            return _back(session, event.turn) if event.conversation else session
        case ToolCalled(id=name):
            return _extend(evolve(session, call_ids=session.call_ids.append(name)), event, logged.at)
        case UserMessage() | SystemNote() | Thought() | AssistantMessage() | ToolReturned():
            return _extend(session, event, logged.at)
        case FileInjected():
            files = {**session.files, event.path: event}
            return _see(evolve(session, files=files, pending_files=(*session.pending_files, event)), event, logged.at)
        case FileSeen():
            return _see(session, event, logged.at)
        case FileRenamed():
            return _see(_renamed(session, event), event, logged.at)
        case FileDropped():
            session = _see(session, event, logged.at)
            files = {path: file for path, file in session.files.items() if path != event.path}
            waiting = tuple(file for file in session.pending_files if file.path != event.path)
            masked = session.masked | {file.key for file in _copies(session.turns) if file.path == event.path}
            return _carry(evolve(session, files=files, pending_files=waiting, masked=masked))
        case TurnEnded() | TurnResumed():
            turn = _turn(session, event.turn)
            return session if turn is None else _put(session, _ended_or_resumed(turn, event))
        case CallBilled():
            return _billed(session, event, logged.at)
        case LedgerChanged():
            return _changed(session, event, logged.seq)
        case LedgerUndone():
            kept = tuple(step for step in session.ledger_history if step.edit != event.step)
            return _refolded(session, kept)
        case Masked():
            return _carry(_masked(session, frozenset(event.ids)))
        case Trimmed(cuts=cuts, left_out=left_out):
            later = max(session.left_out, left_out, key=lambda one: (one.turn, one.items))
            cut = {**session.cuts, **{one.id: one for one in cuts}}
            # It may be the words in which a rule was said.
            return evolve(session, cuts=cut, left_out=later, prefix_rules=rules_in_force(session.ledger))
        case Compacted():
            compactions = (*session.compactions, event)
            after = _step(evolve(session, compactions=compactions), LedgerStep(event.operations, event.id))
            return _carry(evolve(_shown(after), pending_compaction=None))
        case CompactionProposed():
            return evolve(session, pending_compaction=event.event, pending_compaction_items=event.items)
        case CompactionDismissed():
            return evolve(session, pending_compaction=None, undone_at=_last(session))
        case CompactionUndone():
            # The turns that come back are shown, and with them what the compaction had put back of files; what does
            # not fit then is found out before the next call.
            files = {path: file for path, file in session.files.items() if not file.restored}
            pending = tuple(file for file in session.pending_files if not file.restored)
            session = evolve(session, files=files, pending_files=pending, left_out=LeftOut())
            return _carry(_without(session, event.id))
        case ArchiveProposed():
            return evolve(session, proposed=event, proposed_of=(len(session.turns), len(session.ledger_history)))
        case ArchiveRejected():
            return evolve(session, proposed=None)
        case ArchiveWritten():
            return evolve(session, archive=event.text, proposed=None)
        case SessionEnded():
            return evolve(session, ended=True)
        case _:
            assert_never(event)


def _begun(session: Session, event: SessionStarted) -> Session:
    begun = evolve(
        session, id=event.session, objective=event.objective, role=event.role, project=event.project,
        model=event.model, limit=event.limit, origin=event.origin,
    )  # fmt: skip
    given = tuple(Add(rule) for rule in event.rules)
    return _shown(_step(begun, LedgerStep(given, workspace=True))) if given else begun


def _back(session: Session, turn: int) -> Session:
    """The session as a turn found it. What was paid stays, and what the user did to the ledger, as far
    as its entries are there, and so does what other sessions did to the workspace's rules; no number is given twice.
    """
    was = next((one.session for one in session.rewind_points if one.turn == turn), session)
    later = {one.id for one in session.compactions} - {one.id for one in was.compactions}
    history = session.ledger_history
    standing = {step.edit for step in history if step.edit}
    known = {step.edit for step in was.ledger_history if step.edit}
    kept = tuple(step for step in was.ledger_history if not step.edit or step.edit in standing)
    later_steps = tuple(
        step
        for step in history
        if (step.edit and step.edit not in known) or (step.workspace and step not in was.ledger_history)
    )
    if later_steps or kept != was.ledger_history:
        was = _refolded(was, (*kept, *later_steps))
    return evolve(
        was,
        rewind_points=tuple(one for one in session.rewind_points if one.turn < turn),
        checkpoints=tuple(one for one in session.checkpoints if one.turn < turn),
        compactions=session.compactions,
        undone=was.undone | later,
        undone_at=turn - 1 if later else was.undone_at,
        queue=session.queue,
        last_turn_number=session.last_turn_number,
        call_ids=session.call_ids,
        bill=session.bill,
        called_at=session.called_at,
        called_role=session.called_role,
        archive=session.archive,
    )


def _limited(session: Session, limit: int) -> Session:
    """The session with a context limit; where that is higher than before, what did not fit is shown again."""
    if limit > session.limit:
        session = evolve(session, cuts={}, left_out=LeftOut())
    return evolve(session, limit=limit)


def _extend(
    session: Session, item: UserMessage | SystemNote | Thought | AssistantMessage | ToolCalled | ToolReturned, at: float
) -> Session:
    if session.queue and isinstance(item, UserMessage):
        session = evolve(session, queue=tuple(words for words in session.queue if words.turn != item.turn))
    turn = _turn(session, item.turn)
    if turn is None:
        # Files that were injected between two turns go in front of the words that they were meant for.
        openings = (*session.rewind_points, RewindPoint(item.turn, evolve(session, rewind_points=())))[
            -MAX_REWIND_POINTS:
        ]
        session = evolve(session, rewind_points=openings, last_turn_number=max(session.last_turn_number, item.turn))
        items = (*session.pending_files, item)
        tokens = sum(one.tokens for one in items)
        return evolve(_put(session, Turn(item.turn, at, PersistentList(items), tokens=tokens)), pending_files=())
    # Files that came while the turn ran stay where the next call will show them: in front of its reply.
    said = Thought | AssistantMessage | ToolCalled
    if isinstance(item, said) and not isinstance(turn.items[-1], said):
        for file in session.pending_files:
            turn = _longer(turn, file)
        session = evolve(session, pending_files=()) if session.pending_files else session
    return _put(session, _longer(turn, item))


def _ended_or_resumed(turn: Turn, event: TurnEnded | TurnResumed) -> Turn:
    """The turn with its end; or as the request found it whose reply broke off, so that the next one is the same."""
    if isinstance(event, TurnEnded):
        return evolve(turn, ending=event.ending)
    kept = len(turn.items)
    while kept > 1 and isinstance(turn.items[kept - 1], Thought | AssistantMessage):
        kept -= 1
    broken = sum(item.tokens for item in turn.items.since(kept) if not isinstance(item, Thought))
    items = turn.items if kept == len(turn.items) else PersistentList(turn.items[:kept])
    return evolve(turn, items=items, ending=None, tokens=turn.tokens - broken)


def _longer(turn: Turn, item: Item) -> Turn:
    tokens = 0 if isinstance(item, Thought) else item.tokens
    return evolve(turn, items=turn.items.append(item), tokens=turn.tokens + tokens)


def _masked(session: Session, ids: frozenset[str]) -> Session:
    """The session with what has these ids as stubs, which are counted as nothing."""
    new = set(ids - session.masked)
    saved = dict(session.masked_tokens)
    items = ((turn.number, item) for turn in reversed(session.turns) for item in reversed(turn.items))
    for turn, item in items:
        if not new:
            break
        match item:
            case ToolReturned(id=name, tokens=tokens) if name in new:
                saved[turn] = saved.get(turn, 0) + tokens
                new.discard(name)
            case ToolCalled() if item.key in new:
                saved[turn] = saved.get(turn, 0) + tokens_saved(item)
                new.discard(item.key)
            case FileInjected():
                new.discard(item.key)
            case _:
                pass
    return evolve(session, masked=session.masked | ids, masked_tokens=saved)


def _turn(session: Session, named: int) -> Turn | None:
    place = bisect_left(session.turns, named, key=turn_number)
    return session.turns[place] if place < len(session.turns) and session.turns[place].number == named else None


def _put(session: Session, turn: Turn) -> Session:
    """The session with a turn in its place: after the others, which it nearly always is, or instead of itself."""
    turns = session.turns
    last = turns[-1].number if turns else turn.number - 1
    if turn.number > last:
        turns = turns.append(turn)
    elif turn.number == last:
        turns = turns.with_last(turn)
    else:
        others = (one for one in turns if one.number != turn.number)
        turns = PersistentList(sorted((*others, turn), key=turn_number))
    others = (one for one in session.unended if one.number != turn.number)
    unended = tuple(sorted((*others, turn), key=turn_number)) if turn.ending is None else tuple(others)
    return evolve(session, turns=turns, unended=unended)


def _see(session: Session, event: FileInjected | FileDropped | FileSeen | FileRenamed, at: float) -> Session:
    session = evolve(session, registry=update_knowledge(session.registry, event, at))
    if not isinstance(event, FileSeen | FileInjected):
        return session
    reads = session.reads.get(event.path, ())
    gone = superseded_reads(reads, event)
    kept = tuple(read for read in reads if read not in gone)
    if isinstance(event, FileSeen) and event.by == "read" and event.form != "written" and event.id:
        kept = (*kept, event)
    if kept == reads:
        return session
    outdone_ids = session.superseded_reads | {read.id for read in gone}
    return evolve(session, reads={**session.reads, event.path: kept}, superseded_reads=outdone_ids)


def _renamed(session: Session, event: FileRenamed) -> Session:
    """The file stays in the view; without a hash it counts as moved on, so that it enters again under its new path."""
    files = {path: file for path, file in session.files.items() if path != event.path}
    if file := session.files.get(event.path):
        files[event.to] = evolve(file, path=event.to, digest="", was=event.path)
    return evolve(session, files=files)


def _billed(session: Session, call: CallBilled, at: float) -> Session:
    session = evolve(session, bill=charge(session.bill, call))
    if call.purpose not in ("chat", "warm"):
        return session
    known = session.calibrations.get(call.model, Calibration())
    calibrations = {**session.calibrations, call.model: learn(known, call.counted, call.prompt)}
    at = call.began or at
    return evolve(session, called_at=at, called_role=session.role, last_call=call, calibrations=calibrations)


def _copies(turns: Iterable[Turn]) -> tuple[FileInjected, ...]:
    return tuple(item for turn in turns for item in turn.items if isinstance(item, FileInjected))


def _carry(session: Session) -> Session:
    shown = (*_copies(session.recent), *session.pending_files)
    return evolve(session, compacted_files=tuple(file for file in session.files.values() if file not in shown))


def _changed(session: Session, event: LedgerChanged, seq: int) -> Session:
    match event.by:
        case "user":
            after = _step(session, LedgerStep(event.operations, edit=seq))
            return after if all(isinstance(one, Pin) for one in event.operations) else _shown(after)
        case "workspace":
            # The session is being opened: the cache is cold.
            return _shown(_step(session, LedgerStep(event.operations, workspace=True)))
        case "agent" | "heard":
            return _step(session, LedgerStep(event.operations))
        case _:
            assert_never(event.by)


def _step(session: Session, step: LedgerStep) -> Session:
    return evolve(
        session,
        ledger_history=(*session.ledger_history, step),
        ledger=apply_operations(session.ledger, step.operations)[0],
    )


def _without(session: Session, compaction: str) -> Session:
    """The ledger is folded again without the undone compaction, so that what came after it stays: an entry of its
    that the user has pinned or worded since, too.
    """
    undone = session.undone | {compaction}
    touched = {name for step in session.ledger_history if not step.compaction for name in _by_user(step.operations)}
    kept = []
    for step in session.ledger_history:
        stays = [one for one in step.operations if isinstance(one, Add) and one.entry.id in touched]
        kept.append(evolve(step, operations=tuple(stays)) if step.compaction in undone else step)
    return _refolded(evolve(session, undone=undone, undone_at=_last(session), pending_compaction=None), tuple(kept))


def _refolded(session: Session, steps: tuple[LedgerStep, ...]) -> Session:
    ledger, _ = apply_operations(Ledger(), (operation for step in steps for operation in step.operations))
    return _shown(evolve(session, ledger_history=steps, ledger=ledger))


def _shown(session: Session) -> Session:
    """The session with a view whose prefix shows the ledger as it is now."""
    return evolve(session, summarised=session.ledger, prefix_rules=rules_in_force(session.ledger))


def _last(session: Session) -> int:
    return session.turns[-1].number if session.turns else 0


def _by_user(operations: Iterable[Operation]) -> Iterator[str]:
    """The entries that the user laid hands on."""
    for one in operations:
        match one:
            case Revise(id=name, author="user") | Resolve(id=name, author="user"):
                yield name
            case Pin(id=name) | Reopen(id=name) | Reclassify(id=name) | KeepMine(id=name):
                yield name
            case _:
                pass


def is_superseded(session: Session, file: FileInjected) -> bool:
    """True for a copy that is not the newest one of its file, or whose file was taken out of the view.

    Copies are told apart by identity: a file that was changed back is in the session twice with the same content.
    """
    return session.files.get(file.path) is not file
