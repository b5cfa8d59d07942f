"""Sessions to test with: events by hand, and stories that hypothesis tells."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count as counting
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from throughline.context.assemble import StablePrefix, assemble
from throughline.context.compaction import propose, rendering
from throughline.context.masking import maskable
from throughline.context.recap import recap, spans
from throughline.domain.events import (
    ArchiveProposed,
    ArchiveRejected,
    AssistantMessage,
    CallBilled,
    Compacted,
    CompactionDismissed,
    CompactionProposed,
    CompactionUndone,
    Event,
    FileDropped,
    FileInjected,
    LedgerChanged,
    LedgerUndone,
    Logged,
    Masked,
    SessionStarted,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    TurnResumed,
    UserMessage,
)
from throughline.domain.file_knowledge import digest
from throughline.domain.ledger import Add, Delete, Entry, EntryKind, Operation, Pin, Reclassify, Reopen, Resolve, Revise
from throughline.domain.session import Session, apply, fold
from throughline.domain.settings import Settings
from throughline.domain.view import View

STARTED = SessionStarted("s", "keep the shed in order", "engineer", "toolshed", "claude-sonnet-5-5", 200_000)
FRAME = StablePrefix("You are an engineer.", "## Project Archive: toolshed\n")
KINDS: tuple[EntryKind, ...] = (
    "state", "decision", "constraint", "pattern", "milestone", "work", "question", "issue", "rejected", "fact",
)  # fmt: skip


def count(text: str) -> int:
    """Tokens near enough, where exact counts do not matter."""
    return len(text) // 4 + 1


def log(*events: Event, first: int = 1) -> tuple[Logged, ...]:
    """Events in their places, one a second."""
    return tuple(Logged(seq, float(seq), event) for seq, event in enumerate(events, first))


def session(*events: Event) -> Session:
    """The session after these events."""
    return fold(log(STARTED, *events))


def spoke(turn: int, text: str) -> UserMessage:
    return UserMessage(turn, text, count(text))


def replied(turn: int, text: str) -> AssistantMessage:
    return AssistantMessage(turn, text, count(text))


def tool(turn: int, name: str, tokens: int = 10, *, error: bool = False, **args: str) -> tuple[Event, Event]:
    """A call and its result, which takes so many tokens."""
    return (
        ToolCalled(turn, name, "run", dict(args), 5),
        ToolReturned(turn, name, f"result of {name}", tokens, error),
    )


def done(turn: int) -> TurnEnded:
    return TurnEnded(turn, "done")


def file(path: str, text: str) -> FileInjected:
    return FileInjected(path, digest(text), "full", text, count(text), count(text))


def compacted(before: Session, through: int, name: str = "c1") -> Compacted:
    """What the local summariser makes of the turns up to `through`."""
    return Compacted(name, through, propose(before, through).operations, 0, 0, 0, 0)


def entry(name: str, text: str = "", kind: EntryKind = "decision", **more: Any) -> Entry:
    made = Entry(name, kind, text or f"entry {name}", "summariser", (1,))
    return evolve(made, **more)


def view(now: Session, settings: Settings | None = None) -> View:
    """The view of the next call."""
    chosen = settings or Settings()
    told = [text for span in spans(now, chosen.recap).told if (text := recap(span, count))]
    return assemble(now, FRAME, rendering(now, chosen, count), count, told)


# Stories: what may happen in a session, step by step.


@frozen
class Step:
    """Events with no request between them; where `asks`, a request was sent before the first."""

    events: tuple[Event, ...]
    asks: bool = False


SAID = (
    "Always use tabs in this project, never spaces at all.",
    "We'll use `sqlite` for the store since it is there already.",
    "Going with `postgres` for the store instead of the file.",
    "[DECISION]: Keep `sqlite` because it needs no server",
    "[DO NOT REVISIT]: Threads in the store — they lock it",
    "[MILESTONE COMPLETE]: The store survives a crash",
    "All tests pass now and the change is implemented as planned.",
    "It is still unclear whether the kiosk needs the old field.",
    "ok",
    "",
)
_texts = st.one_of(st.sampled_from(SAID), st.text(max_size=30))
_MOVES = (
    "speak", "ask", "ask", "ask", "end", "end", "file", "drop", "mask", "compact", "undo", "note", "pin", "hold",
    "dismiss", "edit", "regret", "propose", "reject", "break", "retry",
)  # fmt: skip


@st.composite
def event_sequences(draw: st.DrawFn, moves: Iterable[str] = _MOVES, most: int = 30) -> tuple[Step, ...]:
    """Valid steps from the start of a session on. A reply without calls ends its turn."""
    teller = _SequenceBuilder(draw)
    steps = [Step((STARTED,))]
    now = session()
    for move in draw(st.lists(st.sampled_from(tuple(moves)), min_size=most // 4, max_size=most)):
        for step in teller.tell(move, now):
            steps.append(step)
            now = fold(log(*step.events, first=now.seq + 1), now)
    return tuple(steps)


def events(steps: Iterable[Step]) -> tuple[Event, ...]:
    return tuple(event for step in steps for event in step.events)


class _SequenceBuilder:
    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._numbers = counting(1)

    def tell(self, move: str, now: Session) -> list[Step]:
        """The steps of a move; none where it cannot be made now."""
        standing = [one for one in now.compactions if one.id not in now.undone]
        match move:
            case "speak":
                number = now.turns[-1].number + 1 if now.turns else 1
                ended = [Step((TurnEnded(now.open.number, "cancelled"),))] if now.open else []
                return [*ended, Step((spoke(number, self._draw(_texts)),))]
            case "ask" if now.open:
                return [Step(self._reply(now.open.number), asks=True)]
            case "ask":
                return [*self.tell("speak", now), Step(self._reply(len(now.turns) + 1), asks=True)]
            case "end" if now.open:
                return [Step((done(now.open.number),))]
            case "break" if now.open:
                number = now.open.number
                half = AssistantMessage(number, "half", 1, partial=True)
                return [Step((half, TurnEnded(number, "failed")), asks=True)]
            case "retry" if now.retryable:
                return [Step((TurnResumed(now.retryable.number),))]
            case "file":
                return [Step((self._file(),))]
            case "drop" if now.files:
                return [Step((FileDropped(self._draw(st.sampled_from(sorted(now.files)))),))]
            case "mask" if ids := maskable(now, self._draw(st.sampled_from((0, 100)))).ids:
                return [Step((Masked(ids),))]
            case "compact" if whole := [turn.number for turn in now.recent if turn.ending]:
                return [Step((compacted(now, self._draw(st.sampled_from(whole)), f"c{len(now.compactions) + 1}"),))]
            case "undo" if standing:
                return [Step((CompactionUndone(standing[-1].id),))]
            case "note":
                return [Step((LedgerChanged((self._note(),)),))]
            case "hold" if whole := [turn.number for turn in now.recent if turn.ending]:
                return [Step((CompactionProposed(compacted(now, whole[-1], f"c{len(now.compactions) + 1}"), 1),))]
            case "dismiss" if now.pending_compaction:
                return [Step((CompactionDismissed(now.pending_compaction.id),))]
            case "edit" if now.ledger.entries:
                return [Step((LedgerChanged((self._edit(sorted(now.ledger.entries)),), "user"),))]
            case "regret" if mine := [step.edit for step in now.ledger_history if step.edit]:
                return [Step((LedgerUndone(mine[-1]),))]
            case "propose":
                return [Step((ArchiveProposed("", self._draw(_texts), 1),))]
            case "reject" if now.proposed:
                return [Step((ArchiveRejected(),))]
            case "pin" if now.ledger.entries:
                name = self._draw(st.sampled_from(sorted(now.ledger.entries)))
                return [Step((LedgerChanged((Pin(name, self._draw(st.booleans())),)),))]
            case _:
                return []

    def _reply(self, turn: int) -> tuple[Event, ...]:
        """A reply with its calls and their results; the user may inject a file at any time."""
        made: list[Event] = []
        if text := self._draw(_texts):
            made.append(replied(turn, text))
        names = [f"call{next(self._numbers)}" for _ in range(self._draw(st.integers(0, 2)))]
        pairs = [tool(turn, name, self._draw(st.sampled_from((5, 90, 4_000)))) for name in names]
        made += [call for call, _ in pairs] + [result for _, result in pairs]
        made.append(CallBilled("chat", "m", 1, 1, 0, 0, 0.1))
        if not names:
            made.append(done(turn))
        if self._draw(st.integers(0, 4)) == 0:
            made.insert(self._draw(st.integers(0, len(made))), self._file())
        return tuple(made)

    def _file(self) -> FileInjected:
        return file(self._draw(st.sampled_from(("a.py", "b.py"))), f"text {next(self._numbers)}")

    def _edit(self, names: list[str]) -> Operation:
        name = self._draw(st.sampled_from(names))
        made: list[Operation] = [
            Revise(name, "as I say", 1, "user", "so", whole=True), Resolve(name, "done", "user"), Delete(name),
            Reopen(name), Reclassify(name, "fact"),
        ]  # fmt: skip
        return self._draw(st.sampled_from(made))

    def _note(self) -> Operation:
        name = f"n{next(self._numbers)}"
        author = self._draw(st.sampled_from(("agent", "user")))
        return Add(entry(name, kind=self._draw(st.sampled_from(KINDS)), author=author))


def unfold(steps: Iterable[Step]) -> Iterable[tuple[Session, Step]]:
    """Each step and the session before it."""
    now = Session()
    for step in steps:
        yield now, step
        for event in step.events:
            now = apply(now, Logged(now.seq + 1, float(now.seq + 1), event))


def still_says(now: Any, then: Any) -> bool:
    """Whether all that was said is said still; what a later version adds is beside it."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(name in now and still_says(now[name], then[name]) for name in then)
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(still_says, now, then))
    # No number is equal to itself where it is none.
    return bool(now == then) or repr(now) == repr(then)
