"""A session as its log says it is; `fold` makes it."""

from __future__ import annotations

from bisect import bisect_right

from attrs import field, frozen

from throughline.core.calibration import Calibration
from throughline.core.deeds import Checkpointed
from throughline.core.events import (
    ArchiveProposed,
    Compacted,
    Ending,
    FileInjected,
    FileSeen,
    Item,
    Origin,
    Queued,
    ToolCalled,
    ToolReturned,
)
from throughline.core.ledger import Ledger, Operation, Pin
from throughline.core.registry import Registry
from throughline.core.series import Series
from throughline.core.trimming import Cut, LeftOut
from throughline.core.usage import Bill


@frozen
class Turn:
    """A user message and all that follows until the model hands back; `tokens` are those of its items, without the
    thinking, which later turns do not send.
    """

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


def number(turn: Turn) -> int:
    """A turn's number: they rise."""
    return turn.number


@frozen
class LedgerStep:
    """One event's operations on the ledger; `compaction` is the id where one brought them, and `edit` the event's seq
    where the user made them.
    """

    operations: tuple[Operation, ...]
    compaction: str = ""
    edit: int = 0


# So many of the newest turns can be gone back to the beginning of; each holds a session as it was.
RETURNS = 50


@frozen
class Opening:
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
    turns: Series[Turn] = field(factory=Series)
    unended: tuple[Turn, ...] = ()
    queue: tuple[Queued, ...] = ()
    waiting: tuple[FileInjected, ...] = ()
    carried: tuple[FileInjected, ...] = ()
    files: dict[str, FileInjected] = field(factory=dict)
    registry: Registry = field(factory=dict)
    reads: dict[str, tuple[FileSeen, ...]] = field(factory=dict)
    outdone: frozenset[str] = frozenset()
    checkpoints: tuple[Checkpointed, ...] = ()
    openings: tuple[Opening, ...] = ()
    numbered: int = 0
    call_ids: Series[str] = field(factory=Series)
    steps: tuple[LedgerStep, ...] = ()
    ledger: Ledger = field(factory=Ledger)
    summarised: Ledger = field(factory=Ledger)
    masked: frozenset[str] = frozenset()
    saved: dict[int, int] = field(factory=dict)
    cuts: dict[str, Cut] = field(factory=dict)
    left_out: LeftOut = field(factory=LeftOut)
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
        return self.turns.since(bisect_right(self.turns, self.through, key=number))

    @property
    def open(self) -> Turn | None:
        """The newest turn, where it has not ended."""
        return self.turns[-1] if self.turns and self.turns[-1].ending is None else None

    @property
    def next_turn(self) -> int:
        """The number that the next message gets."""
        return max((self.numbered, *(words.turn for words in self.queue))) + 1


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
