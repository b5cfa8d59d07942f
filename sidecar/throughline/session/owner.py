"""The live session: one owner, the only writer of its log.

Everything that changes the session is posted to the owner's mailbox and done there, one act at a time; a turn
runs in a task of its own and posts what it records. Whatever is acknowledged is durable.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence

from attrs import evolve

from throughline.agent import loop
from throughline.compression import distillation, policy
from throughline.compression.compaction import Proposal, held, propose, rendering
from throughline.compression.tags import entries
from throughline.context.view import Frame, assemble
from throughline.core.errors import UserError
from throughline.core.events import (
    ArchiveWritten,
    Compacted,
    CompactionUndone,
    Ending,
    Event,
    FileDropped,
    FileInjected,
    Form,
    LedgerChanged,
    Logged,
    Masked,
    Replied,
    SessionEnded,
    SessionStarted,
    Spoke,
    ToolReturned,
    TurnEnded,
)
from throughline.core.files import SeenFile
from throughline.core.ledger import Pin, refusal
from throughline.core.ports import ModelError
from throughline.core.session import Session, apply, fold
from throughline.core.settings import Settings
from throughline.core.view import View
from throughline.session.files import Moved, injected, moved, refreshed, seen
from throughline.session.mailbox import Mailbox
from throughline.session.world import World

STRIKES = 3


class RefusedError(UserError):
    """The session cannot do what was asked."""


class Owner:
    """A live session: the fold of its log so far, and the only hand that adds to it."""

    def __init__(self, world: World, crew: loop.Crew, settings: Settings, session: Session, archive: str) -> None:
        self._world = world
        self._crew = crew
        self._settings = settings
        self._session = session
        self._frame = Frame(world.system, archive)
        self._mailbox = Mailbox()
        self._queue: deque[tuple[int, tuple[Spoke, ...]]] = deque()
        self._turn: asyncio.Task[None] | None = None
        self._strikes = 0

    @classmethod
    async def start(cls, world: World, crew: loop.Crew, settings: Settings, begun: SessionStarted) -> Owner:
        """A new session, its first event kept."""
        archive = await world.off(world.archive.read)
        owner = cls(world, crew, settings, Session(), archive)
        await owner.record(begun)
        return owner

    @classmethod
    async def resume(cls, world: World, crew: loop.Crew, settings: Settings, session: str) -> Owner:
        """A session as its log left it; a turn that was running when its process died ends as interrupted."""
        log = await world.off(lambda: tuple(world.store.read(session)))
        if not log:
            raise RefusedError(f"There is no session {session} in this workspace.")
        archive = await world.off(world.archive.read)
        owner = cls(world, crew, settings, fold(log), archive)
        world.listener.logged(log)
        if running := owner.session.open:
            await owner.record(TurnEnded(running.number, "interrupted", "The sidecar stopped while this turn ran."))
        return owner

    @property
    def session(self) -> Session:
        """The session now."""
        return self._session

    @property
    def busy(self) -> bool:
        """True while a turn runs or waits to run."""
        return self._turn is not None

    @property
    def recorded(self) -> bool:
        """True where a recording answers."""
        return self._crew.recorded

    @property
    def factor(self) -> float:
        """The model's own tokens for one of o200k."""
        return self._crew.prices.factor(self._crew.name)

    def suggestion(self) -> str:
        """What a recording would have the user say next; nothing with a real model."""
        words = (item for turn in self._session.turns for item in turn.items if isinstance(item, Spoke))
        return "" if self._session.ended else self._crew.model.suggestion([item.text for item in words])

    def view(self) -> View:
        """The view of the next call."""
        return self._view(self._session)

    def summary(self) -> str:
        """The rolling summary of the ledger as it is now."""
        now = evolve(self._session, summarised=self._session.ledger)
        return rendering(now, self._settings, self.count)

    def count(self, text: str) -> int:
        """Tokens by o200k."""
        return self._world.tokens.count(text)

    def streamed(self, turn: int, text: str) -> None:
        """Passes on text that is not yet an event."""
        self._world.listener.streamed(turn, text)

    async def record(self, *events: Event) -> None:
        """Keeps events; when it returns they are durable."""
        if events:
            # A cancelled poster must not leave half of a record: the act goes on without it.
            await asyncio.shield(self._mailbox.post(lambda: self._log(events)))

    async def send(self, *texts: str) -> int:
        """Opens a turn with the user's words, now or after the turns that are running or waiting: its number."""
        return await self._mailbox.post(lambda: self._enqueue(tuple(texts)))

    async def note(self, *texts: str) -> int:
        """Records words that nobody will answer, as a turn of their own."""

        async def act() -> int:
            number = self._next_number()
            await self._log([*self._words(number, texts), TurnEnded(number, "done")])
            return number

        return await self._mailbox.post(act)

    async def idle(self) -> None:
        """Returns when no turn runs or waits."""
        while self._turn is not None:
            await asyncio.wait([self._turn])

    async def cancel(self) -> None:
        """Stops the running turn and withdraws those that wait; what has come so far stays."""
        self._queue.clear()
        if self._turn is not None:
            self._turn.cancel()
            await self.idle()

    async def prepare(self) -> View:
        """The view of the next call, masked or compacted first where that is due."""
        return await self._mailbox.post(self._prepared)

    async def compact(self) -> Compacted:
        """Compacts every turn that has ended; raises RefusedError where that would gain nothing."""

        async def act() -> Compacted:
            ended = [turn.number for turn in self._session.recent if turn.ending is not None]
            if not ended:
                raise RefusedError("There is no finished turn to compact.")
            keep = self._settings.kept if len(ended) > self._settings.kept else 0
            made = await self._compact(ended[-keep - 1])
            if made is None:
                raise RefusedError("The summary would not be smaller than the turns: nothing was compacted.")
            return made

        return await self._mailbox.post(act)

    async def undo(self, compaction: str = "") -> None:
        """Brings back the turns of a compaction, the last one where none is named; what came after it stays."""

        async def act() -> None:
            standing = [one.id for one in self._session.compactions if one.id not in self._session.undone]
            name = compaction or (standing[-1] if standing else "")
            if name not in standing:
                raise RefusedError("There is no compaction to undo.")
            await self._log([CompactionUndone(name)])

        await self._mailbox.post(act)

    async def pin(self, entry: str, *, pinned: bool) -> None:
        """Pins or unpins a ledger entry."""

        async def act() -> None:
            operation = Pin(entry, pinned)
            if why := refusal(self._session.ledger, operation):
                raise RefusedError(f"{why[0].upper()}{why[1:]}.")
            await self._log([LedgerChanged((operation,))])

        await self._mailbox.post(act)

    async def inject(self, path: str, form: Form) -> FileInjected:
        """Puts a file into the view; raises RefusedError where it is not readable text."""

        async def act() -> FileInjected:
            text = await self._world.off(lambda: self._world.workspace.text(path))
            if text is None:
                raise RefusedError(f"{path} is not a text file in this workspace.")
            event = await self._world.off(lambda: injected(path, text, form, self.count))
            await self._log([event])
            return event

        return await self._mailbox.post(act)

    async def drop(self, path: str) -> None:
        """Takes a file out of the view."""

        async def act() -> None:
            if path not in self._session.files:
                raise RefusedError(f"{path} is not in the view.")
            await self._log([FileDropped(path)])

        await self._mailbox.post(act)

    async def moved(self, path: str) -> Moved:
        """What moved since the model saw a file; raises RefusedError where there is nothing to compare."""

        def work() -> Moved:
            file, text = self._session.files.get(path), self._world.workspace.text(path)
            if file is None or text is None:
                raise RefusedError(f"{path} is {'gone' if file else 'not in the view'}.")
            return moved(file, text, self.count)

        return await self._world.off(work)

    async def files(self) -> tuple[SeenFile, ...]:
        """The files in the view beside their present state."""
        return await self._world.off(lambda: seen(self._session, self._world.workspace))

    async def end(self) -> str:
        """Ends the session: what is left is compacted, what lasts goes into the archive. Returns its text."""
        await self.cancel()

        async def act() -> str:
            if self._session.ended:
                raise RefusedError("The session has ended already.")
            recent = self._session.recent
            if recent:
                await self._compact(recent[-1].number, always=True)
            # The file as it is now: another session, or a person, may have written it since this one began.
            now = await self._world.off(self._world.archive.read)
            session, budget = self._session, self._settings.archive
            text = await self._world.off(lambda: distillation.distill(session, now, budget, self.count))
            if not text.strip():
                text = now
            await self._world.off(lambda: self._world.archive.write(text))
            await self._log([ArchiveWritten(text, self.count(text)), SessionEnded()])
            return text

        return await self._mailbox.post(act)

    async def close(self) -> None:
        """Stops the turn and the mailbox; the log is whole."""
        await self.cancel()
        await self._mailbox.close()

    async def _log(self, events: Sequence[Event]) -> None:
        """The one place where the session changes."""
        at = self._world.clock.now()
        logged: list[Logged] = []
        session = self._session
        for event in events:
            for one in (event, *_tagged(event, session)):
                logged.append(Logged(session.seq + 1, at, one))
                session = apply(session, logged[-1])
        await self._world.off(lambda: self._world.store.append(session.id, logged))
        self._session = session
        self._world.listener.logged(logged)

    def _next_number(self) -> int:
        last = self._session.turns[-1].number if self._session.turns else 0
        return max(last, self._queue[-1][0] if self._queue else 0) + 1

    def _words(self, number: int, texts: Sequence[str]) -> tuple[Spoke, ...]:
        return tuple(Spoke(number, text, self.count(text)) for text in texts)

    async def _enqueue(self, texts: tuple[str, ...]) -> int:
        if self._session.ended:
            raise RefusedError("The session has ended: start a new one.")
        number = self._next_number()
        words = self._words(number, texts)
        if self._turn is None:
            await self._log([*await self._fresh(), *words])
            self._turn = asyncio.create_task(self._play(number))
        else:
            self._queue.append((number, words))
        return number

    async def _play(self, number: int) -> None:
        """Runs a turn to its end, then the one that waits."""
        ending: Ending = "done"
        detail = ""
        try:
            await loop.run(self, self._crew, number)
        except asyncio.CancelledError:
            ending = "cancelled"
        except ModelError as error:
            ending, detail = "failed", str(error)
        except Exception as error:  # a tool's or the store's own failure must end the turn, not hang it
            ending, detail = "failed", f"The turn stopped: {error}"
            raise
        finally:
            self._turn = None
            with contextlib.suppress(asyncio.CancelledError):
                await self.record(*self._unanswered(number), TurnEnded(number, ending, detail))
                await self._mailbox.post(self._settle)

    async def _settle(self) -> None:
        """After a turn: compress where due, and start the turn that waits."""
        if self._queue and self._turn is None:
            number, words = self._queue.popleft()
            await self._log([*await self._fresh(), *words])
            self._turn = asyncio.create_task(self._play(number))
        else:
            await self._prepared()

    async def _fresh(self) -> tuple[FileInjected, ...]:
        """The next call carries what is in the files now: stale ones enter again."""
        return await self._world.off(lambda: refreshed(self._session, self._world.workspace, self.count))

    def _unanswered(self, number: int) -> list[ToolReturned]:
        """A result for each call that a stopped turn leaves open, so that call and result stay together."""
        turn = next((turn for turn in self._session.turns if turn.number == number), None)
        items = turn.items if turn else ()
        answered = {item.id for item in items if isinstance(item, ToolReturned)}
        text = "The call was interrupted before it returned."
        return [
            ToolReturned(number, item.id, text, self.count(text), error=True)
            for item in items
            if item.kind == "tool_called" and item.id not in answered and self._session.origin == "live"
        ]

    async def _prepared(self) -> View:
        view = self._view(self._session)
        used = view.tokens * self.factor / self._session.limit
        decision = policy.decide(self._session, used, self._world.clock.now(), self._settings)
        match decision:
            case policy.Nothing():
                return view
            case policy.Mask(ids=ids):
                await self._log([Masked(ids)])
            case policy.Compact(through=through):
                await self._compact(through)
        return self._view(self._session)

    async def _compact(self, through: int, *, always: bool = False) -> Compacted | None:
        """Moves turns into the ledger; where that would not make the view smaller, only their entries enter."""
        if self._strikes >= STRIKES and not always:
            return None
        session = self._session
        proposal = await self._world.off(lambda: propose(session, through))
        event = await self._world.off(lambda: self._weighed(session, proposal))
        if event.after >= event.before and not always:
            self._strikes += 1
            await self._log([LedgerChanged(proposal.operations)])
            return None
        self._strikes = 0
        await self._log([event])
        return event

    def _weighed(self, session: Session, proposal: Proposal) -> Compacted:
        name = f"c{len(session.compactions) + 1}"
        event = Compacted(name, proposal.through, proposal.operations, self._view(session).tokens, 0, 0, 0)
        after = apply(session, Logged(session.seq + 1, 0.0, event))
        view = self._view(after)
        kept, live = held(after, view)
        return evolve(event, after=view.tokens, held=kept, live=live)

    def _view(self, session: Session) -> View:
        summary = rendering(session, self._settings, self.count) if session.through else ""
        return assemble(session, self._frame, summary, self.count)


def _tagged(event: Event, session: Session) -> list[LedgerChanged]:
    """A reply's tagged lines, as the ledger's own event."""
    if isinstance(event, Replied) and (made := entries(event.text, event.turn, session.ledger)):
        return [LedgerChanged(made)]
    return []
