"""The application behind the language server: what each request does, over one workspace and its open session."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from throughline.agent.file_rendering import FileRequest
from throughline.app.workspace import WorkspaceService
from throughline.chat_state import panels
from throughline.chat_state.chat_state import ChatState
from throughline.chat_state.panels import is_mention
from throughline.domain.errors import UserError
from throughline.domain.events import (
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    Compacted,
    CompactionUndone,
    FileDropped,
    FileInjected,
    FileRenamed,
    FileSeen,
    Logged,
)
from throughline.domain.ports import SessionRow
from throughline.domain.serialization import MalformedError
from throughline.domain.staleness import ContextFileStatus
from throughline.domain.view import View
from throughline.memory.archive import PATH
from throughline.protocol.messages import (
    Accepted,
    Compacting,
    Difference,
    Empty,
    Ended,
    Finding,
    Findings,
    Inject,
    Injected,
    Key,
    OneFile,
    OpenRecording,
    Refusal,
    Resume,
    Send,
    SessionItem,
    Sessions,
    Start,
    Undo,
)
from throughline.protocol.state import Activity, Archive, Patch, State
from throughline.server.documents import EditorDocuments, EditorEdits
from throughline.server.requests import (
    ApprovalRequests,
    ArchiveRequests,
    LedgerRequests,
    PreviewRequests,
    RoleAndModelRequests,
    SearchRequests,
    SessionRequests,
)
from throughline.server.scheduler import RefreshScheduler
from throughline.server.staleness import StaleFiles
from throughline.session.actor import RefusedError
from throughline.session.live_session import LiveSession
from throughline.session.report import session_report
from throughline.session.turn_runner import sendable

_ARCHIVE = ArchiveProposed | ArchiveRejected | ArchiveWritten
_FILES = FileInjected | FileDropped | FileSeen | FileRenamed


class App:
    """One workspace in one window. Requests come in as messages; what they change goes out as patches.

    A request is a method of the same name here, or in the part that its name has before the last slash.
    """

    def __init__(self, workspace: WorkspaceService, files: EditorDocuments, send: Callable[[Patch], None]) -> None:
        self._workspace = workspace
        self._files = files
        self._page = ChatState(send)
        self._live_session: LiveSession | None = None
        self._opening = asyncio.Lock()
        self._files_due = True
        self._seen: tuple[ContextFileStatus, ...] = ()
        self._compacting = False
        self._drafted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._drafted.set_result(None)
        self._waking: asyncio.Task[None] | None = None
        self._archive_due = True
        self._shown_archive = Archive("", 0, [], None)
        self.approval = ApprovalRequests(self._page)
        workspace.asks(self.approval, self._page.printed)
        workspace.edits_by(lambda disk: EditorEdits(files, disk))
        self.archive = ArchiveRequests(workspace, self._live)
        self.crew = RoleAndModelRequests(workspace, self._writable, self._reopen, self._page.snapshot)
        self.preview = PreviewRequests(self._writable, self._page)
        self.search = SearchRequests(workspace, files, self._live)
        self.ledger = LedgerRequests(self._writable)
        self.moves = StaleFiles(files, lambda: self._live_session)
        self.session = SessionRequests(workspace, self._live, self._shut, self._page)
        self.scheduler = RefreshScheduler()
        self._show_soon = self.scheduler.add(self._show_if_possible)

    # What the session tells.

    def logged(self, events: Sequence[Logged]) -> None:
        """Shows events as they are kept."""
        self._page.logged(events)
        if any(isinstance(one.event, Compacted | CompactionUndone) for one in events):
            self.preview.forget()
        self._archive_due |= any(isinstance(one.event, _ARCHIVE) for one in events)
        self._files_due |= any(isinstance(one.event, _FILES) for one in events)
        self._show_soon()

    def streamed(self, turn: int, text: str) -> None:
        """Shows text as it comes."""
        self._page.streamed(turn, text)

    def touched(self, uris: Sequence[str]) -> None:
        """Files changed: those in the view may be stale now."""
        paths = {path for uri in uris if (path := self._files.path(uri))}
        self._files.touched(paths)
        self._archive_due |= PATH in paths
        self._files_due |= self._live_session is not None and bool(paths & self._live_session.session.files.keys())
        if self._archive_due or self._files_due:
            self._show_soon()

    async def renamed(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Files and folders have other addresses: what the model saw of them is known under these."""
        for before, after in pairs:
            path, to = self._files.path(before), self._files.path(after)
            if self._live_session is not None and path and to:
                await self._live_session.renamed(path, to)

    # Sessions.

    async def start(self, params: Start) -> State:
        """Begins a session."""
        return await self._open(lambda: self._workspace.start(params, self, self._files))

    async def demo(self, _: Empty) -> State:
        """Begins a session that the recorded model plays."""
        return await self._open(lambda: self._workspace.demo(self, self._files))

    async def resume(self, params: Resume) -> State:
        """Opens a session again."""
        await asyncio.to_thread(self._workspace.find, params.session)
        return await self._reopen(params.session)

    async def recording(self, params: OpenRecording) -> State:
        """Opens a session that another tool recorded."""
        recording = await asyncio.to_thread(self._workspace.read, Path(params.path))
        name = await self._workspace.recording(recording)
        return await self._reopen(name)

    async def sessions(self, _: Empty) -> Sessions:
        """Lists the sessions of this workspace."""
        rows, keyed = await asyncio.to_thread(lambda: (self._workspace.sessions(), self._workspace.keyed()))
        return Sessions([_item(row) for row in rows], keyed)

    async def doctor(self, _: Empty) -> Findings:
        """What works here, what does not, and how to mend it."""
        found = await asyncio.to_thread(self._workspace.examine)
        return Findings([Finding(one.what, one.ok, one.fix) for one in found])

    async def snapshot(self, _: Empty) -> State:
        """The whole state."""
        return self._page.snapshot()

    async def end(self, _: Empty) -> Ended:
        """Ends the session and writes what lasts into the archive."""
        live = self._writable()
        text = await live.end()
        proposed = live.archive.pending is not None
        return Ended(str(self._workspace.archive), live.count(text), proposed, session_report(live.session))

    async def key(self, params: Key) -> Empty:
        """Takes the key; a session that nobody is using goes on with it at once."""
        self._workspace.key(params.key)
        live = self._live_session
        if live is not None and not live.busy and not live.session.ended and live.session.origin == "live":
            await self._reopen(live.session.id)
        return Empty()

    # The turn.

    async def send(self, params: Send) -> Accepted:
        """Opens a turn, with what it mentions in the view."""
        text = sendable(params.text)
        live = self._writable()
        missing = [path for path in dict.fromkeys(params.files) if path not in live.session.files]
        _, refused = await live.inject_all(missing, FileRequest("skeleton")) if missing else ([], [])
        number = await live.send(text)
        self._show_soon()
        return Accepted(number, [one.reason for one in refused if is_mention(one.path)])

    async def retry(self, _: Empty) -> Accepted:
        """Has the newest turn go on, where it failed or was interrupted."""
        number = await self._writable().retry()
        self._show_soon()
        return Accepted(number, [])

    async def cancel(self, _: Empty) -> Empty:
        """Stops the running turn."""
        await self._live().cancel()
        self._show_soon()
        return Empty()

    async def compact(self, _: Empty) -> Compacting:
        """Compacts now."""
        live = self._writable()
        self._compacting = True
        self._show_soon()
        try:
            made = await live.compact()
        except RefusedError as error:
            return Compacting(made=False, reason=str(error))
        finally:
            self._compacting = False
            self._show_soon()
        return Compacting(made=True, reason=f"{made.before:,} → {made.after:,} tokens")

    async def undo(self, params: Undo) -> Empty:
        """Undoes a compaction."""
        await self._writable().undo(params.compaction)
        return Empty()

    # Files.

    async def inject(self, params: Inject) -> Injected:
        """Puts files and folders into the view; what cannot enter is named with the reason."""
        return await self._entered(params.uris, FileRequest(params.form))

    async def refresh(self, params: OneFile) -> Injected:
        """Puts a file into the view again, as it is now."""
        live = self._writable()
        path = self._path(params.uri)
        seen = live.session.files.get(path)
        if seen is None:
            raise RefusedError(f"{path} is not in the view.")
        return await self._entered([params.uri], FileRequest(seen.form, seen.first, seen.last))

    async def drop(self, params: OneFile) -> Empty:
        """Takes a file out of the view."""
        await self._writable().drop(self._path(params.uri))
        return Empty()

    async def difference(self, params: OneFile) -> Difference:
        """What moved since the model saw a file."""
        moved = await self._live().moved(self._path(params.uri))
        said = "\n".join(f"- {sentence}" for sentence, _ in moved.sentences)
        return Difference(said, moved.seen, moved.now)

    async def close(self) -> None:
        """Lets go of the session; its log is whole."""
        self._drafted.cancel()
        if self._waking is not None:
            self._waking.cancel()
        await self.scheduler.close()
        if self._live_session is not None:
            await self._live_session.leave()

    async def _shut(self, session: str) -> None:
        """Closes a session where it is the one that is open; none is shown then."""
        async with self._opening:
            live = self._live_session
            if live is None or live.session.id != session:
                return
            self._live_session = None
            await live.close()
            self.preview.forget()
            self._page.clear()

    async def _reopen(self, session: str) -> State:
        return await self._open(lambda: self._workspace.resume(session, self, self._files))

    async def _open(self, opening: Callable[[], Awaitable[LiveSession]]) -> State:
        async with self._opening:
            before, self._live_session = self._live_session, None
            if before is not None:
                await before.close()
            self.preview.forget()
            self._page.clear()
            self._files_due = self._archive_due = True
            try:
                self._live_session = await opening()
            except BaseException:
                # The editor still shows the session that was open: it goes on where it can.
                if before is not None:
                    self._page.clear()
                    self._live_session = await self._workspace.resume(before.session.id, self, self._files)
                    await self._show()
                raise
            await self._show()
            return self._page.snapshot()

    async def _entered(self, uris: Sequence[str], asked: FileRequest) -> Injected:
        live = self._writable()
        places = {uri: self._files.path(uri) for uri in uris}
        known = {path: uri for uri, path in places.items() if path}
        entered, refused = await live.inject_all(list(known), asked)
        self._show_soon()
        outside = [Refusal(uri, f"{uri} is not a file of this workspace.") for uri, path in places.items() if not path]
        inside = [Refusal(known.get(one.path) or self._files.uri(one.path), one.reason) for one in refused]
        order = {uri: place for place, uri in enumerate(uris)}
        named = sorted([*outside, *inside], key=lambda one: order.get(one.uri, len(order)))
        return Injected([event.path for event in entered], named)

    def _path(self, uri: str) -> str:
        path = self._files.path(uri)
        if path is None:
            raise RefusedError(f"{uri} is not a file of this workspace.")
        return path

    def _live(self) -> LiveSession:
        if self._live_session is None:
            raise RefusedError("There is no session: start one, or play the recorded demo.")
        return self._live_session

    def _writable(self) -> LiveSession:
        live = self._live()
        if live.session.origin == "recording":
            raise RefusedError("This session was recorded by another tool and can only be read: start a new one.")
        if live.session.ended:
            raise RefusedError("The session has ended and can only be read: start a new one.")
        return live

    async def _show_if_possible(self) -> None:
        """Shows what stands beside the chat."""
        # A session that is being closed, or a database that went away, is told of by the request itself.
        with contextlib.suppress(UserError, MalformedError):
            await self._show()

    async def _after(self, live: LiveSession) -> None:
        """Shows the end of what a model summarises beside the turns: where nothing comes of it, no event says so."""
        await live.drafts.idle()
        self._show_soon()

    async def _show(self) -> None:
        live = self._live_session
        if live is None:
            return
        session = live.session
        if self._files_due:
            self._files_due = False
            self._seen = await live.files()
        if self._archive_due:
            self._archive_due = False
            self._shown_archive = await self.archive.shown(live, self._files.uri(PATH))
        seen = self._seen
        idle = not live.busy

        def work() -> tuple[View, str, tuple[str, float | None]]:
            return live.view(), live.summary(), live.warning_until() if idle else ("", None)

        view, summary, (warning, until) = await asyncio.to_thread(work)
        if live is not self._live_session:
            return
        self._look_again(live, until)
        if live.drafts.busy and self._drafted.done():
            self._drafted = asyncio.ensure_future(self._after(live))
        compacting = self._compacting or (live.drafts.busy and not live.busy)
        activity: Activity = "compacting" if compacting else "answering" if live.busy else "idle"
        self._page.show(
            session=panels.session_info(session, recorded=live.recorded),
            memory=panels.memory_panel(session, summary, live.count(summary), self._shown_archive),
            files=panels.file_rows(seen, self._files.uri),
            archive=self._shown_archive,
            meter=panels.context_meter(session, view, live.meter.factor(view), live.meter.tools),
            activity=activity,
            suggestion="" if session.origin == "recording" else live.suggestion(),
            warning=warning,
        )

    def _look_again(self, live: LiveSession, until: float | None) -> None:
        """Has what is shown made anew when time has changed it: the provider's cache expires while nothing happens."""

        async def wait(when: float) -> None:
            await live.until(when)
            self._show_soon()

        if self._waking is not None:
            self._waking.cancel()
        self._waking = None if until is None else asyncio.create_task(wait(until))


def _item(row: SessionRow) -> SessionItem:
    recorded = row.origin == "recording"
    return SessionItem(row.id, row.objective, row.started, row.updated, row.turns, row.ended, recorded)
