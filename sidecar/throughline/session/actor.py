"""The session's one writer: mailbox, journal (log and fold), ports, and the lock on the session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AsyncExitStack, asynccontextmanager
from traceback import walk_tb
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from throughline.agent.output import hide, kinds
from throughline.domain.errors import UserError
from throughline.domain.events import (
    AssistantMessage,
    Event,
    LedgerChanged,
    Logged,
    MessageQueued,
    Notice,
    SessionStarted,
    Thought,
    UserMessage,
)
from throughline.domain.ports import ArchiveFile, Checkpoints, Clock, Listener, Skeletons, Store, Tokens, Workspace
from throughline.domain.rules import RuleEvent, rule_changes
from throughline.domain.sanitization import cleaned
from throughline.domain.session import Session, apply
from throughline.memory.rule_operations import HeardWords, listen, rule_operations
from throughline.memory.tags import entries

T = TypeVar("T")

log = logging.getLogger(__name__)


class RefusedError(UserError):
    """The session cannot do what was asked."""


class ClosedError(RefusedError):
    """The session has been closed; open it again."""


class Mailbox:
    """Does what is posted, one act at a time, in a task of its own."""

    def __init__(self) -> None:
        self._acts: asyncio.Queue[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]] | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._serve())
        self._closed = False

    @property
    def closed(self) -> bool:
        """True when nothing more can be posted."""
        return self._closed

    async def post(self, act: Callable[[], Awaitable[T]]) -> T:
        """The act's result once it is done; its exception is the poster's. Raises ClosedError.

        An act that has been posted is done even where the poster no longer waits for it.
        """
        if self._closed:
            raise ClosedError("The session is closed: open it again.")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._acts.put_nowait((act, done))
        return await done

    async def close(self) -> None:
        """Does what was posted before, then stops."""
        if not self._closed:
            self._closed = True
            self._acts.put_nowait(None)
        await self._task

    async def _serve(self) -> None:
        try:
            while (posted := await self._acts.get()) is not None:
                await self._do(*posted)
        finally:
            # When the program is interrupted, nobody may wait for an act that will not be done.
            self._closed = True
            while not self._acts.empty():
                if posted := self._acts.get_nowait():
                    posted[1].cancel()

    async def _do(self, act: Callable[[], Awaitable[Any]], done: asyncio.Future[Any]) -> None:
        try:
            result = await act()
        except (KeyboardInterrupt, SystemExit):
            done.cancel()
            raise
        except BaseException as error:  # the poster gets it, a library's panic too
            if not done.cancelled():
                done.set_exception(error)
            if isinstance(error, asyncio.CancelledError) and self._interrupted():
                raise
        else:
            if not done.cancelled():
                done.set_result(result)

    def _interrupted(self) -> bool:
        """True where this task itself is being cancelled, and not something that an act waited for."""
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0


class GuardedListener:
    """A listener whose faults are logged and end nothing: what was kept is kept, whether it could be shown or not."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._faults: set[str] = set()

    def logged(self, events: Sequence[Logged]) -> None:
        """Passes on that events were kept."""
        try:
            self._listener.logged(events)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in showing them
            kinds_of_events = ", ".join(dict.fromkeys(one.event.kind for one in events))
            self._log(error, f"events of a session could not be shown ({kinds_of_events})")

    def streamed(self, turn: int, text: str) -> None:
        """Passes on a piece of text that is not yet an event."""
        try:
            self._listener.streamed(turn, text)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in showing it
            self._log(error, f"text of turn {turn} could not be shown as it came")

    def _log(self, error: Exception, line: str) -> None:
        """One fault may come with every piece of a reply: its trace is logged once."""
        *_, (frame, number) = walk_tb(error.__traceback__)
        place = f"{frame.f_code.co_filename}:{number} {type(error).__name__}"
        new = place not in self._faults
        self._faults.add(place)
        log.error("%s: %s: %s", line, type(error).__name__, error, exc_info=error if new else None)


def _guarded(listener: Listener) -> Listener:
    return listener if isinstance(listener, GuardedListener) else GuardedListener(listener)


@frozen
class SessionPorts:
    """The ports of one session. `listener` is guarded, so that no fault of it reaches a turn. `system` is the system
    prompt. `worker` runs what would block; `writer`, where there is one, what must not wait behind it: the store.
    `skeletons` are those that were made before. `checkpoints` keep the files of a workspace that tools may change.
    `hide` masks the credentials in a text or an event.
    """

    store: Store
    archive: ArchiveFile
    workspace: Workspace
    tokens: Tokens
    clock: Clock
    listener: Listener = field(converter=_guarded)
    system: str
    worker: Executor
    writer: Executor | None = None
    skeletons: Skeletons | None = None
    checkpoints: Checkpoints | None = None
    hide: Callable[[Any], Any] = hide

    async def in_store_thread(self, work: Callable[[], T]) -> T:
        """Does the store's work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.writer or self.worker, work)

    async def in_worker(self, work: Callable[[], T]) -> T:
        """Does blocking work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.worker, work)


@asynccontextmanager
async def session_lock(ports: SessionPorts, session: str) -> AsyncIterator[AsyncExitStack]:
    """Holds a session; where what follows fails, does what was put on the stack, and gives it back, so that it can be
    opened again once the cause is gone. Raises StoreError where another process has it open.
    """
    await ports.in_store_thread(lambda: ports.store.lock_session(session))
    async with AsyncExitStack() as failed:
        failed.callback(ports.store.unlock_session, session)
        yield failed
        failed.pop_all()


# Events of so many characters are looked through in a thread.
_LONG = 20_000
_TOLD = (
    "A credential in your message was hidden ({}): neither the model nor the log has it. To send one on purpose, name "
    "it in the setting `allowedSecrets` (`--allow-secret`); `throughline forget --text` takes out what was kept before."
)


class Journal:
    """Keeps events: cleaned, in the store first, then in the fold, then told. It is the one door into the log."""

    def __init__(self, ports: SessionPorts, session: Session, at: float = 0.0) -> None:
        self._ports = ports
        self.session = session
        # When its last event was kept, in seconds since the epoch.
        self._at = at
        self._told = False

    async def keep(self, events: Sequence[Event]) -> None:
        """Keeps events, without the credentials in them and with what their tags and the user's words say; when it
        returns they are durable, and so is what they did to the workspace's rules. Raises StoreError.
        """
        events = await self._entering(events)
        heard = await self._heard(events)
        # A clock that was put back does not take the log with it.
        self._at = at = max(self._at, self._ports.clock.now())
        logged: list[Logged] = []
        rules: list[RuleEvent] = []
        session = self.session
        for event in events:
            for made in (event, *_tagged(event, session)):
                logged.append(Logged(session.seq + 1, at, made))
                before, session = session, apply(session, logged[-1])
                rules += _rule_events(made, before, session)
            for said in _laid_down(event, heard, session):
                logged.append(Logged(session.seq + 1, at, said))
                before, session = session, apply(session, logged[-1])
                rules += _rule_events(said, before, session)
        store = self._ports.store
        if rules:
            await self._ports.in_store_thread(lambda: store.append(session.id, logged, rules))
        else:
            await self._ports.in_store_thread(lambda: store.append(session.id, logged))
        self.session = session
        self._ports.listener.logged(logged)

    async def _heard(self, events: Sequence[Event]) -> dict[str, HeardWords]:
        """What was heard in the user's words, by these."""
        said = [event.text for event in events if isinstance(event, UserMessage) and event.origin == "user"]

        def work() -> dict[str, HeardWords]:
            return {text: listen(text) for text in said}

        return await self._ports.in_worker(work) if sum(map(len, said)) > _LONG else work()

    async def _entering(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events as they may enter the log: cleaned first, so that no control character parts a credential, then
        masked. Of the first that was in the user's words they are told.
        """

        def work() -> list[Event]:
            return [self._enter(event) for event in events]

        masked = await self._ports.in_worker(work) if sum(map(_length, events)) > _LONG else work()
        said = [name for pair in zip(events, masked, strict=True) for name in _said(*pair)]
        if said and not self._told:
            self._told = True
            masked.append(Notice(_TOLD.format(", ".join(dict.fromkeys(said)))))
        return masked

    def _enter(self, event: Event) -> Event:
        if isinstance(event, Thought):
            # A signature is no credential, and a block that had to be changed is not the provider's any more.
            text: str = self._ports.hide(cleaned(event.text))
            return event if text == event.text else evolve(event, block={"type": "thinking", "thinking": text})
        made: Event = self._ports.hide(cleaned(event))
        return made


def _length(event: Event) -> int:
    """About so many characters has an event."""
    return max(len(getattr(event, "text", "")), 4 * getattr(event, "tokens", 0))


def _said(event: Event, masked: Event) -> Iterator[str]:
    """The kinds of the credentials that were in the user's words."""
    if (
        isinstance(event, (UserMessage, MessageQueued))
        and isinstance(masked, (UserMessage, MessageQueued))
        and masked is not event
    ):
        yield from kinds(masked.text)


def _tagged(event: Event, session: Session) -> list[LedgerChanged]:
    """A reply's tagged lines, and those of its thinking, as the ledger's own event: between calls, some models say all
    that they say there. The last line of a reply that was cut is half a line.
    """
    if not isinstance(event, AssistantMessage | Thought):
        return []
    cut = isinstance(event, AssistantMessage) and event.partial
    whole = event.text.rpartition("\n")[0] if cut else event.text
    made = entries(whole, event.turn, session.ledger)
    return [LedgerChanged(made)] if made else []


def _laid_down(event: Event, heard: dict[str, HeardWords], session: Session) -> list[LedgerChanged]:
    """What the user's words do to the rules, as the ledger's own event."""
    if not isinstance(event, UserMessage) or event.text not in heard:
        return []
    made = rule_operations(heard[event.text], session.id, event.turn, session.ledger)
    return [LedgerChanged(made, "heard")] if made else []


def _rule_events(event: Event, before: Session, after: Session) -> tuple[RuleEvent, ...]:
    """What an event did to the workspace's rules. What it brought from there is no news to it, and a demo's rules are
    nobody's.
    """
    brought = isinstance(event, SessionStarted) or (isinstance(event, LedgerChanged) and event.by == "workspace")
    return () if brought or after.origin == "demo" else rule_changes(before.ledger, after.ledger)
