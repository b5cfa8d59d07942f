"""The live session: the public face of one session and the only writer of its log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from attrs import evolve

from throughline.agent.file_rendering import FileRequest
from throughline.agent.loop import AgentConfig
from throughline.context import policy
from throughline.context.compaction import Preview
from throughline.domain.cache_forecast import CacheForecast, cache_forecast, cold_cache, cost_warning
from throughline.domain.events import (
    Compacted,
    CompactionUndone,
    Event,
    FileDropped,
    FileInjected,
    FileRenamed,
    Form,
    LedgerChanged,
    SessionRewound,
    SessionStarted,
    TurnEnded,
    UserMessage,
)
from throughline.domain.ports import FileDifference
from throughline.domain.rules import carried_rules
from throughline.domain.session import Session, fold
from throughline.domain.settings import Settings
from throughline.domain.staleness import ContextFileStatus
from throughline.domain.view import View
from throughline.memory.rule_operations import reconciled_rules
from throughline.memory.summary import SummaryLine
from throughline.session.actor import Journal, Mailbox, RefusedError, SessionPorts, session_lock
from throughline.session.archive_service import ArchiveService
from throughline.session.background_llm import BackgroundSummarizer, SkeletonCommenter
from throughline.session.cache_warmer import CacheWarmer
from throughline.session.compactor import Compactor
from throughline.session.context_usage import ContextUsage
from throughline.session.file_injection import RejectedFile, inject_files
from throughline.session.files import FileMovement, KnownFile, context_files, difference_since_seen, known_files
from throughline.session.ledger_commands import LedgerCommands
from throughline.session.rewind import changes_since_turn, rewind
from throughline.session.turn_runner import TurnRunner

# Why a turn ended that was running when the process went away.
_STOPPED = "Throughline stopped while this turn ran."


class LiveSession:
    """A live session: the fold of its log so far, and the only hand that adds to it.

    `hand` is what the user may do to the ledger, `archive` what becomes of the session's archive change.
    """

    def __init__(
        self,
        ports: SessionPorts,
        config: AgentConfig,
        settings: Settings,
        session: Session,
        archive: str,
        at: float = 0.0,
    ) -> None:
        # What the loop goes by is in the settings too: nobody has to hand on a single one.
        config = evolve(config, settings=settings)
        self._ports = ports
        self._config = config
        self._settings = settings
        self._mailbox = Mailbox()
        self._journal = Journal(ports, session, at)
        self._compactor = Compactor(ports, config, settings, self._journal, self._mailbox, archive)
        self._comments = SkeletonCommenter(ports, config, settings, self._journal, self._mailbox)
        self._turns = TurnRunner(ports, config, self, self._journal, self._compactor, self._mailbox)
        self.ledger_commands = LedgerCommands(ports, self._journal, self._mailbox, self._compactor)
        self.archive = ArchiveService(ports, config, settings, self._journal, self._mailbox, self._compactor)
        self._warmer = CacheWarmer(self, config, lambda: ports.in_worker(self.forecast), self._prepared)
        self._held = ""

    @classmethod
    async def start(
        cls, ports: SessionPorts, config: AgentConfig, settings: Settings, begun: SessionStarted
    ) -> LiveSession:
        """A new session, its first event kept."""
        async with session_lock(ports, begun.session) as failed:
            archive = await ports.in_worker(ports.archive.read)
            if begun.origin != "demo":
                begun = evolve(begun, rules=carried_rules(await ports.in_store_thread(ports.store.rules), archive))
            live = cls(ports, config, settings, Session(), archive)
            failed.push_async_callback(live.close)
            live._held = begun.session
            await live.record(begun)
            await live._number()
        return live

    @classmethod
    async def resume(cls, ports: SessionPorts, config: AgentConfig, settings: Settings, session: str) -> LiveSession:
        """A session as its log left it; a turn that was running when its process died ends as interrupted.

        Raises RefusedError for a session that is not there, StoreError for one that another process has open.
        """
        async with session_lock(ports, session) as failed:
            log = await ports.in_store_thread(lambda: tuple(ports.store.read(session)))
            if not log:
                raise RefusedError(f"There is no session {session} in this workspace.")
            archive = await ports.in_worker(ports.archive.read)
            last = max(one.at for one in log)
            live = cls(ports, config, settings, await ports.in_worker(lambda: fold(log)), archive, last)
            failed.push_async_callback(live.close)
            live._held = session
            ports.listener.logged(log)
            await live._mailbox.post(lambda: live._turns.close_interrupted(_STOPPED))
            await live._catch_up()
            await live._number()
            live.archive.refine_pending()
            if settings.warm:
                live._warmer.start()
        return live

    async def _catch_up(self) -> None:
        """Takes over what other sessions have done to the workspace's rules since this one was last open."""
        if self.session.ended or self.session.origin == "demo":
            return
        workspace = await self._ports.in_store_thread(self._ports.store.rules)
        if made := reconciled_rules(self.session.ledger, workspace):
            await self.record(LedgerChanged(made, "workspace"))

    async def _number(self) -> None:
        """Finds out whether this session is one of those whose compactions the user wants to see first."""
        number = 1
        if self._settings.preview == "first":
            rows = await self._ports.in_store_thread(self._ports.store.sessions)
            began = next(row.started for row in rows if row.id == self.session.id)
            number = 1 + sum(row.started < began for row in rows)
        self._compactor.asks = policy.needs_approval(self._settings, number)

    @property
    def session(self) -> Session:
        """The session now."""
        return self._journal.session

    @property
    def settings(self) -> Settings:
        """What it goes by."""
        return self._settings

    @property
    def busy(self) -> bool:
        """True while a turn runs."""
        return self._turns.busy

    @property
    def recorded(self) -> bool:
        """True where a recording answers."""
        return self._config.recorded

    @property
    def factor(self) -> float:
        """The model's own tokens for one of o200k."""
        return self._compactor.factor

    @property
    def meter(self) -> ContextUsage:
        """What measures its views."""
        return self._compactor.meter

    @property
    def drafts(self) -> BackgroundSummarizer:
        """What a model summarises beside the turns."""
        return self._compactor.drafts

    def suggestion(self) -> str:
        """What a recording would have the user say next; nothing with a real model."""
        words = (item for turn in self.session.turns for item in turn.items if isinstance(item, UserMessage))
        return "" if self.session.ended else self._config.model.suggestion([item.text for item in words])

    def view(self) -> View:
        """The view of the next call."""
        return self._compactor.view(self.session)

    def forecast(self) -> CacheForecast:
        """What the next message would pay again of what the provider had cached. It may make a view."""
        session, now, name = self.session, self._ports.clock.now(), self._config.name
        price = self._config.prices.price(name, session.last_call.prompt if session.last_call else 0)
        cold = cold_cache(session, name, self._settings, price, now)
        if not cold.why or session.last_call is None:
            return CacheForecast(until=cold.until)
        view = self._compactor.upcoming(now)
        whole, sizes = self.meter.tokens(view), view.by_place()
        fixed = self.meter.tools + sizes.get("system", 0) + sizes.get("archive", 0)
        stable = min(whole, round(fixed * self.meter.factor(view)))
        return cache_forecast(cold, session.last_call.cached, stable, whole - stable, price)

    def warning(self) -> str:
        """The line that tells of an expensive message before it is sent, or nothing. It may make a view."""
        return self.warning_until()[0]

    def warning_until(self) -> tuple[str, float | None]:
        """The same, and when it will be another one, in seconds since the epoch; None where time changes nothing."""
        if self.recorded or self.session.ended:
            return "", None
        forecast = self.forecast()
        return cost_warning(forecast, self._settings.cost_warning), forecast.until

    async def until(self, when: float) -> None:
        """Returns once it is `when` by the session's clock."""
        await self._ports.clock.until(when)

    def summary(self) -> str:
        """The rolling summary of the ledger as it is now."""
        return self._compactor.summary()

    def summary_lines(self) -> tuple[SummaryLine, ...]:
        """The same, line by line, each with the entries and turns that it came from."""
        return self._compactor.lines()

    def count(self, text: str) -> int:
        """Tokens by o200k."""
        return self._ports.tokens.count(text)

    def streamed(self, turn: int, text: str) -> None:
        """Passes on text that is not yet an event."""
        self._ports.listener.streamed(turn, text)

    async def record(self, *events: Event) -> None:
        """Keeps events; when it returns they are durable."""
        if events:
            # A cancelled poster must not leave half of a record: the act goes on without it.
            await asyncio.shield(self._mailbox.post(lambda: self._journal.keep(events)))

    async def prepare(self) -> View:
        """The view of the next call, masked or compacted first where that is due, its files as they are now."""
        await self._warmer.idle()
        return await self._prepared()

    async def _prepared(self) -> View:
        async def act() -> View:
            view = await self._compactor.prepare()
            # After it, since what the model knew of a file may just have been compacted away.
            if events := await self._compactor.fresh():
                await self._journal.keep(events)
                view = await self._compactor.prepare()
            return view

        return await self._mailbox.post(act)

    async def shorten(self, sent: int = 0, limit: int = 0) -> bool:
        """Makes the view smaller by all that code can do at once; False where nothing is left to be done."""
        return await self._mailbox.post(lambda: self._compactor.shorten(sent, limit))

    async def withdraw(self, turn: int) -> None:
        """Takes back a message that waits. Raises RefusedError where it does not any more."""
        await self._mailbox.post(lambda: self._turns.withdraw(turn))

    async def changed(self, turn: int) -> tuple[FileDifference, ...]:
        """How the files differ now from what they were before a turn."""
        return await self._mailbox.post(lambda: changes_since_turn(self._ports, self.session, turn))

    async def restore(self, turn: int, *, files: bool = True, conversation: bool = True) -> SessionRewound:
        """Goes back to before a turn: its files, its conversation, or both. Raises RefusedError while a turn runs."""

        async def act() -> SessionRewound:
            if self._turns.busy or self.session.queue:
                raise RefusedError("A turn is running: stop it first.")
            return await rewind(self._ports, self._journal, turn, files=files, conversation=conversation)

        return await self._mailbox.post(act)

    async def send(self, *texts: str) -> int:
        """Opens a turn with the user's words, now or after the turns that are running or waiting: its number."""
        return await self._mailbox.post(lambda: self._turns.submit(texts))

    async def retry(self) -> int:
        """Has the newest turn go on, where it failed or was interrupted, with the same words: its number. Raises
        RefusedError where there is none.
        """
        return await self._mailbox.post(self._turns.retry)

    async def note(self, *texts: str) -> int:
        """Records words that nobody will answer, as a turn of their own. Raises RefusedError while a turn runs."""

        async def act() -> int:
            if self.busy:
                raise RefusedError("A turn is running: wait for its end.")
            number = self.session.next_turn
            words = [UserMessage(number, text, self.count(text)) for text in texts]
            await self._journal.keep([*words, TurnEnded(number, "done")])
            return number

        return await self._mailbox.post(act)

    async def idle(self) -> None:
        """Returns when no turn runs or waits."""
        await self._turns.idle()

    async def settled(self) -> None:
        """Returns when no turn runs or waits, and no model summarises, comments or warms its cache."""
        await self.idle()
        await self._warmer.idle()
        await self._compactor.drafts.idle()
        await self.archive.idle()
        await self._comments.idle()

    async def cancel(self) -> None:
        """Stops the running turn and withdraws those that wait; what has come so far stays."""
        await self._mailbox.post(self._turns.stop)
        await self._turns.idle()

    async def compact(self) -> Compacted:
        """Compacts every turn that has ended; raises RefusedError where that would gain nothing."""

        async def act() -> Compacted:
            made = await self._compactor.compact(self._compactable())
            if made is None:
                raise RefusedError("The summary would not be smaller than the turns: nothing was compacted.")
            return made

        return await self._mailbox.post(act)

    async def preview(self) -> Preview:
        """What `compact` would do, or the compaction that waits for the user's word; changes nothing.

        Raises RefusedError where no turn has ended.
        """

        async def act() -> Preview:
            held = self.session.pending_compaction
            return await self._compactor.preview(held.through if held else self._compactable())

        return await self._mailbox.post(act)

    async def apply(self, preview: Preview) -> Compacted:
        """Compacts exactly as a preview showed; raises RefusedError where its turns or the ledger have moved on."""
        return await self._mailbox.post(lambda: self._compactor.apply(preview))

    async def confirm(self) -> Compacted:
        """Does the compaction that waits for the user's word. Raises RefusedError."""
        return await self._mailbox.post(self._compactor.confirm)

    async def dismiss(self) -> None:
        """Lets go of the compaction that waits; its turns are not offered again until as many new ones have come."""
        await self._mailbox.post(self._compactor.dismiss)

    def _compactable(self) -> int:
        """The last turn that the user may have compacted."""
        ended = [turn.number for turn in self.session.recent if turn.ending is not None]
        if not ended:
            raise RefusedError("There is no finished turn to compact.")
        keep = self._settings.kept if len(ended) > self._settings.kept else 0
        return ended[-keep - 1]

    async def undo(self, compaction: str = "") -> None:
        """Brings back the turns of a compaction, the last one where none is named; what came after it stays."""

        async def act() -> None:
            standing = [one.id for one in self.session.compactions if one.id not in self.session.undone]
            name = compaction or (standing[-1] if standing else "")
            if name not in standing:
                raise RefusedError("There is no compaction to undo.")
            if name != standing[-1]:
                # A later one covers the same turns and more: alone, this would bring nothing back.
                raise RefusedError("Undo the compactions after this one first.")
            await self._journal.keep([CompactionUndone(name)])

        await self._mailbox.post(act)

    async def inject(self, path: str, form: Form, first: int = 0, last: int = 0) -> FileInjected:
        """Puts a file into the view, all of it or the lines from `first` to `last` (from 1); raises RefusedError
        where it is not readable text or does not fit.
        """
        entered, refused = await self.inject_all([path], FileRequest(form, first, last))
        if refused:
            raise RefusedError(refused[0].reason)
        return entered[0]

    async def inject_all(
        self, paths: Sequence[str], asked: FileRequest
    ) -> tuple[list[FileInjected], list[RejectedFile]]:
        """Puts files into the view, and those below folders, as many as fit: what entered, and what did not and why."""
        act = self._mailbox.post(lambda: inject_files(self._ports, self._journal, self._compactor, paths, asked))
        entered, refused = await act
        self._comments.want(event.path for event in entered if event.form == "skeleton")
        return entered, refused

    async def renamed(self, path: str, to: str) -> None:
        """A file, or all that was seen below a folder, has another path from now on."""

        async def act() -> None:
            known = {*self.session.registry, *self.session.files}
            below = [name for name in known if name == path or name.startswith(f"{path}/")]
            events = [FileRenamed(name, to + name.removeprefix(path)) for name in sorted(below)]
            if events and not self.session.ended:
                await self._journal.keep(events)

        await self._mailbox.post(act)

    async def drop(self, path: str) -> None:
        """Takes a file out of the view."""

        async def act() -> None:
            if path not in self.session.files:
                raise RefusedError(f"{path} is not in the view.")
            await self._journal.keep([FileDropped(path)])

        await self._mailbox.post(act)

    async def moved(self, path: str) -> FileMovement:
        """What moved since the model saw a file; raises RefusedError where there is nothing to compare."""

        def work() -> FileMovement:
            file, text = self.session.files.get(path), self._ports.workspace.text(path)
            if file is None or text is None:
                raise RefusedError(f"{path} is {'gone' if file else 'not in the view'}.")
            return difference_since_seen(file, text, self.count)

        return await self._ports.in_worker(work)

    async def files(self) -> tuple[ContextFileStatus, ...]:
        """The files in the view beside their present state."""
        return await self._ports.in_worker(lambda: context_files(self.session, self._ports.workspace))

    async def registry(self) -> tuple[KnownFile, ...]:
        """All files that the model has seen beside their present state."""
        return await self._ports.in_worker(lambda: known_files(self.session, self._ports.workspace))

    async def end(self) -> str:
        """Ends the session: what is left is compacted, what lasts goes into the archive, or waits to be accepted there.

        Returns the archive's text as it is then, or would be.
        """
        await self._still()
        try:
            return await self._mailbox.post(self.archive.finish)
        except BaseException:
            await self._mailbox.post(self._turns.resume_accepting)
            raise

    async def leave(self) -> None:
        """Closes the session with its window: what it knows is distilled first, into a change that waits."""
        if not self._mailbox.closed:
            await self._still()
            await self._mailbox.post(self.archive.on_window_close)
        await self.close()

    async def close(self) -> None:
        """Stops the turn and the mailbox; the log is whole, and another process may open the session."""
        try:
            if not self._mailbox.closed:
                await self._still()
                await self._comments.stop()
        finally:
            # A full disk may keep a waiting message from being taken back; the session is given back all the same.
            if not self._mailbox.closed:
                await self._mailbox.close()
            name, self._held = self._held, ""
            if name:
                self._ports.store.unlock_session(name)

    async def _still(self) -> None:
        """Stops the turn and all that goes on beside it."""
        await self._mailbox.post(lambda: self._turns.stop(for_good=True))
        await self._turns.idle()
        self._compactor.idle.stop()
        await self._warmer.stop()
        await self._compactor.drafts.stop()
        await self.archive.stop()
