"""What each request of the editor does, over one workspace and the session that is open in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from throughline.agent.shown import Asked
from throughline.compression.merging import PATH
from throughline.core.errors import UserError
from throughline.core.events import (
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    Compacted,
    CompactionUndone,
    FileDropped,
    FileInjected,
    FileMoved,
    FileSeen,
    Logged,
)
from throughline.core.files import SeenFile
from throughline.core.ports import SessionRow
from throughline.core.tagged import MalformedError
from throughline.page import panels
from throughline.page.mentions import meant
from throughline.page.page import Page
from throughline.server.approval import ApprovalRequests
from throughline.server.archive import ArchiveRequests
from throughline.server.buffers import Buffers
from throughline.server.crew import CrewRequests
from throughline.server.edits import EditorEdits
from throughline.server.ledger import LedgerRequests
from throughline.server.moves import Moves
from throughline.server.parts import Bench
from throughline.server.preview import PreviewRequests
from throughline.server.search import SearchRequests
from throughline.server.session import SessionRequests
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.session.report import report
from throughline.session.turns import sendable
from throughline.wire.messages import (
    Accepted,
    Compacting,
    Difference,
    Ended,
    Inject,
    Injected,
    Key,
    Nothing,
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
from throughline.wire.state import Activity, Archive, Patch, State
from throughline.wire.visits import Finding, Findings

_ARCHIVE = ArchiveProposed | ArchiveRejected | ArchiveWritten
_FILES = FileInjected | FileDropped | FileSeen | FileMoved


class App:
    """One workspace in one window. Requests come in as messages; what they change goes out as patches.

    A request is a method of the same name here, or in the part that its name has before the last slash.
    """

    def __init__(self, bench: Bench, files: Buffers, send: Callable[[Patch], None]) -> None:
        self._bench = bench
        self._files = files
        self._page = Page(send)
        self._owner: Owner | None = None
        self._opening = asyncio.Lock()
        self._due = asyncio.Event()
        self._files_due = True
        self._seen: tuple[SeenFile, ...] = ()
        self._compacting = False
        self._drafted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._drafted.set_result(None)
        self._archive_due = True
        self._shown_archive = Archive("", 0, [], None)
        self.approval = ApprovalRequests(self._page)
        bench.asks(self.approval, self._page.printed)
        bench.edits_by(lambda disk: EditorEdits(files, disk))
        self.archive = ArchiveRequests(bench, self._live)
        self.crew = CrewRequests(bench, self._writable, self._reopen, self._page.snapshot)
        self.preview = PreviewRequests(self._writable, self._page)
        self.search = SearchRequests(bench, files, self._live)
        self.ledger = LedgerRequests(self._writable)
        self.moves = Moves(files, lambda: self._owner)
        self.session = SessionRequests(bench, self._live, self._shut, self._page)
        self._shower = asyncio.create_task(self._keep_showing())

    # What the session tells.

    def logged(self, events: Sequence[Logged]) -> None:
        """Shows events as they are kept."""
        self._page.logged(events)
        if any(isinstance(one.event, Compacted | CompactionUndone) for one in events):
            self.preview.forget()
        self._archive_due |= any(isinstance(one.event, _ARCHIVE) for one in events)
        self._files_due |= any(isinstance(one.event, _FILES) for one in events)
        self._due.set()

    def streamed(self, turn: int, text: str) -> None:
        """Shows text as it comes."""
        self._page.streamed(turn, text)

    def touched(self, uris: Sequence[str]) -> None:
        """Files changed: those in the view may be stale now."""
        paths = {path for uri in uris if (path := self._files.path(uri))}
        self._files.touched(paths)
        self._archive_due |= PATH in paths
        self._files_due |= self._owner is not None and bool(paths & self._owner.session.files.keys())
        if self._archive_due or self._files_due:
            self._due.set()

    async def renamed(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Files and folders have other addresses: what the model saw of them is known under these."""
        for before, after in pairs:
            path, to = self._files.path(before), self._files.path(after)
            if self._owner is not None and path and to:
                await self._owner.renamed(path, to)

    # Sessions.

    async def start(self, params: Start) -> State:
        """Begins a session."""
        return await self._open(lambda: self._bench.start(params, self, self._files))

    async def demo(self, _: Nothing) -> State:
        """Begins a session that the recorded model plays."""
        return await self._open(lambda: self._bench.demo(self, self._files))

    async def resume(self, params: Resume) -> State:
        """Opens a session again."""
        await asyncio.to_thread(self._bench.find, params.session)
        return await self._reopen(params.session)

    async def recording(self, params: OpenRecording) -> State:
        """Opens a session that another tool recorded."""
        recording = await asyncio.to_thread(self._bench.read, Path(params.path))
        name = await self._bench.recording(recording)
        return await self._reopen(name)

    async def sessions(self, _: Nothing) -> Sessions:
        """Lists the sessions of this workspace."""
        rows, keyed = await asyncio.to_thread(lambda: (self._bench.sessions(), self._bench.keyed()))
        return Sessions([_item(row) for row in rows], keyed)

    async def doctor(self, _: Nothing) -> Findings:
        """What works here, what does not, and how to mend it."""
        found = await asyncio.to_thread(self._bench.examine)
        return Findings([Finding(one.what, one.well, one.mend) for one in found])

    async def snapshot(self, _: Nothing) -> State:
        """The whole state."""
        return self._page.snapshot()

    async def end(self, _: Nothing) -> Ended:
        """Ends the session and writes what lasts into the archive."""
        owner = self._writable()
        text = await owner.end()
        proposed = owner.archive.pending is not None
        return Ended(str(self._bench.archive), owner.count(text), proposed, report(owner.session))

    async def key(self, params: Key) -> Nothing:
        """Takes the key; a session that nobody is using goes on with it at once."""
        self._bench.key(params.key)
        owner = self._owner
        if owner is not None and not owner.busy and not owner.session.ended and owner.session.origin == "live":
            await self._reopen(owner.session.id)
        return Nothing()

    # The turn.

    async def send(self, params: Send) -> Accepted:
        """Opens a turn, with what it mentions in the view."""
        text = sendable(params.text)
        owner = self._writable()
        missing = [path for path in dict.fromkeys(params.files) if path not in owner.session.files]
        _, refused = await owner.inject_all(missing, Asked("skeleton")) if missing else ([], [])
        number = await owner.send(text)
        self._due.set()
        return Accepted(number, [one.reason for one in refused if meant(one.path)])

    async def cancel(self, _: Nothing) -> Nothing:
        """Stops the running turn."""
        await self._live().cancel()
        self._due.set()
        return Nothing()

    async def compact(self, _: Nothing) -> Compacting:
        """Compacts now."""
        owner = self._writable()
        self._compacting = True
        self._due.set()
        try:
            made = await owner.compact()
        except RefusedError as error:
            return Compacting(made=False, reason=str(error))
        finally:
            self._compacting = False
            self._due.set()
        return Compacting(made=True, reason=f"{made.before:,} → {made.after:,} tokens")

    async def undo(self, params: Undo) -> Nothing:
        """Undoes a compaction."""
        await self._writable().undo(params.compaction)
        return Nothing()

    # Files.

    async def inject(self, params: Inject) -> Injected:
        """Puts files and folders into the view; what cannot enter is named with the reason."""
        return await self._entered(params.uris, Asked(params.form))

    async def refresh(self, params: OneFile) -> Injected:
        """Puts a file into the view again, as it is now."""
        owner = self._writable()
        path = self._path(params.uri)
        seen = owner.session.files.get(path)
        if seen is None:
            raise RefusedError(f"{path} is not in the view.")
        return await self._entered([params.uri], Asked(seen.form, seen.first, seen.last))

    async def drop(self, params: OneFile) -> Nothing:
        """Takes a file out of the view."""
        await self._writable().drop(self._path(params.uri))
        return Nothing()

    async def difference(self, params: OneFile) -> Difference:
        """What moved since the model saw a file."""
        moved = await self._live().moved(self._path(params.uri))
        said = "\n".join(f"- {sentence}" for sentence, _ in moved.sentences)
        return Difference(said, moved.seen, moved.now)

    async def close(self) -> None:
        """Lets go of the session; its log is whole."""
        self._shower.cancel()
        self._drafted.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._shower
        if self._owner is not None:
            await self._owner.leave()

    async def _shut(self, session: str) -> None:
        """Closes a session where it is the one that is open; none is shown then."""
        async with self._opening:
            owner = self._owner
            if owner is None or owner.session.id != session:
                return
            self._owner = None
            await owner.close()
            self.preview.forget()
            self._page.clear()

    async def _reopen(self, session: str) -> State:
        return await self._open(lambda: self._bench.resume(session, self, self._files))

    async def _open(self, opening: Callable[[], Awaitable[Owner]]) -> State:
        async with self._opening:
            before, self._owner = self._owner, None
            if before is not None:
                await before.close()
            self.preview.forget()
            self._page.clear()
            self._files_due = self._archive_due = True
            try:
                self._owner = await opening()
            except BaseException:
                # The editor still shows the session that was open: it goes on where it can.
                if before is not None:
                    self._page.clear()
                    self._owner = await self._bench.resume(before.session.id, self, self._files)
                    await self._show()
                raise
            await self._show()
            return self._page.snapshot()

    async def _entered(self, uris: Sequence[str], asked: Asked) -> Injected:
        owner = self._writable()
        places = {uri: self._files.path(uri) for uri in uris}
        known = {path: uri for uri, path in places.items() if path}
        entered, refused = await owner.inject_all(list(known), asked)
        self._due.set()
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

    def _live(self) -> Owner:
        if self._owner is None:
            raise RefusedError("There is no session: start one, or play the recorded demo.")
        return self._owner

    def _writable(self) -> Owner:
        owner = self._live()
        if owner.session.origin == "recording":
            raise RefusedError("This session was recorded by another tool and can only be read: start a new one.")
        if owner.session.ended:
            raise RefusedError("The session has ended and can only be read: start a new one.")
        return owner

    async def _keep_showing(self) -> None:
        """Shows what stands beside the chat whenever that is due, however often it was asked for meanwhile."""
        while True:
            await self._due.wait()
            self._due.clear()
            # A session that is being closed, or a database that went away, is told of by the request itself.
            with contextlib.suppress(UserError, MalformedError):
                await self._show()

    async def _after(self, owner: Owner) -> None:
        """Shows the end of what a model summarises beside the turns: where nothing comes of it, no event says so."""
        await owner.drafts.idle()
        self._due.set()

    async def _show(self) -> None:
        owner = self._owner
        if owner is None:
            return
        session = owner.session
        if self._files_due:
            self._files_due = False
            self._seen = await owner.files()
        if self._archive_due:
            self._archive_due = False
            self._shown_archive = await self.archive.shown(owner, self._files.uri(PATH))
        seen = self._seen
        view, summary = await asyncio.to_thread(lambda: (owner.view(), owner.summary()))
        if owner is not self._owner:
            return
        if owner.drafts.busy and self._drafted.done():
            self._drafted = asyncio.ensure_future(self._after(owner))
        compacting = self._compacting or (owner.drafts.busy and not owner.busy)
        activity: Activity = "compacting" if compacting else "answering" if owner.busy else "idle"
        self._page.show(
            session=panels.info(session, recorded=owner.recorded),
            memory=panels.memory(session, summary, owner.count(summary)),
            files=panels.files(seen, self._files.uri),
            archive=self._shown_archive,
            meter=panels.meter(session, view, owner.meter.factor(view), owner.meter.tools),
            activity=activity,
            suggestion="" if session.origin == "recording" else owner.suggestion(),
        )


def _item(row: SessionRow) -> SessionItem:
    recorded = row.origin == "recording"
    return SessionItem(row.id, row.objective, row.started, row.updated, row.turns, row.ended, recorded)
