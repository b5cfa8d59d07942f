"""Requests by subject: ledger, archive, previews, approvals, sessions, search, role and model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from throughline.app.workspace import WorkspaceService
from throughline.chat_state import rows as panel
from throughline.chat_state.chat_state import ChatState
from throughline.chat_state.panels import context_report, fitting_paths
from throughline.chat_state.rows import held_row, user_row, with_entries
from throughline.context.compaction import Preview
from throughline.domain.events import RoleAndModelChanged, SessionNamed
from throughline.domain.ports import Allow, Ask, Deny, ModelRow, Prices, StoreError
from throughline.memory.archive.merge import ConflictError
from throughline.protocol.messages import (
    AcceptArchive,
    AddEntry,
    ApprovalAnswer,
    ArchiveChange,
    Archived,
    ChangeEntryKind,
    ChangeLog,
    Changes,
    Compacting,
    EditEntry,
    Empty,
    EntryId,
    Exported,
    FindFiles,
    FoundFiles,
    KeepRuleMine,
    LedgerChange,
    ModelItem,
    Models,
    OneSession,
    PinEntry,
    Previewed,
    RecallMatch,
    RecallMatches,
    RecallQuery,
    Rename,
    Report,
    ResolveEntry,
    Rewrite,
    Rewritten,
    SessionTranscript,
    SetRoleAndModel,
)
from throughline.protocol.state import Archive, ArchivePending, State
from throughline.server.documents import EditorDocuments
from throughline.session.actor import RefusedError
from throughline.session.ledger_commands import LedgerCommands
from throughline.session.live_session import LiveSession
from throughline.session.report import preview_markdown, session_report


class LedgerRequests:
    """The user's hand on the ledger of the open session, which `writable` gives or refuses."""

    def __init__(self, writable: Callable[[], LiveSession]) -> None:
        self._writable = writable

    async def pin(self, params: PinEntry) -> LedgerChange:
        """Pins or unpins an entry."""
        return await self._do(lambda hand: hand.pin(params.entry, pinned=params.pinned))

    async def keep_mine(self, params: KeepRuleMine) -> LedgerChange:
        """Keeps a rule on this machine, or shares it."""
        return await self._do(lambda hand: hand.keep_mine(params.entry, mine=params.mine))

    async def edit(self, params: EditEntry) -> LedgerChange:
        """Words an entry anew."""
        return await self._do(lambda hand: hand.edit(params.entry, params.text, params.why, params.owner))

    async def resolve(self, params: ResolveEntry) -> LedgerChange:
        """Ends an entry."""
        return await self._do(lambda hand: hand.resolve(params.entry, params.resolution))

    async def reopen(self, params: EntryId) -> LedgerChange:
        """Puts an entry in force again."""
        return await self._do(lambda hand: hand.reopen(params.entry))

    async def recast(self, params: ChangeEntryKind) -> LedgerChange:
        """Makes an entry one of another kind."""
        return await self._do(lambda hand: hand.change_kind(params.entry, params.to))

    async def delete(self, params: EntryId) -> LedgerChange:
        """Takes an entry out."""
        return await self._do(lambda hand: hand.delete(params.entry))

    async def add(self, params: AddEntry) -> LedgerChange:
        """Enters something."""
        return await self._do(lambda hand: hand.add(params.kind, params.text, params.why, params.owner))

    async def undo(self, params: LedgerChange) -> Empty:
        """Takes back one change of the user's, as long as it is the newest of them."""
        live = self._writable()
        if params.step and params.step != _step(live):
            raise RefusedError("You have changed the memory again since: undo that first.")
        await live.ledger_commands.undo()
        return Empty()

    async def rewrite(self, params: Rewrite) -> Rewritten:
        """Does what an edit of the whole summary means."""
        live = self._writable()
        operations = await live.ledger_commands.rewrite(params.base, params.edited)
        return Rewritten(len(operations), await asyncio.to_thread(live.summary))

    async def _do(self, act: Callable[[LedgerCommands], Awaitable[object]]) -> LedgerChange:
        live = self._writable()
        before = _step(live)
        await act(live.ledger_commands)
        now = _step(live)
        return LedgerChange(now if now != before else 0)


def _step(live: LiveSession) -> int:
    """The newest of the user's changes that stands."""
    return max((step.edit for step in live.session.ledger_history), default=0)


class ArchiveRequests:
    """What becomes of the archive change of the open session, which `live` gives or refuses. A session that has ended
    has one too.
    """

    def __init__(self, workspace: WorkspaceService, live: Callable[[], LiveSession]) -> None:
        self._workspace = workspace
        self._live = live

    async def change(self, _: Empty) -> ArchiveChange:
        """What accepting would do, or what ending the session now would."""
        live = self._own()
        change = await live.archive.change()
        return ArchiveChange(change.base, change.text, waits=live.archive.pending is not None)

    async def propose(self, _: Empty) -> ArchiveChange:
        """The change that waits, or a new one that waits from now on, where anything would change."""
        live = self._own()
        if live.archive.pending is None and not live.session.ended:
            await live.archive.propose()
        return await self.change(Empty())

    async def accept(self, params: AcceptArchive) -> Archived:
        """Writes it."""
        live = self._own()
        text = await live.archive.accept(params.edited)
        return Archived(str(self._workspace.archive), live.count(text))

    async def reject(self, _: Empty) -> Empty:
        """Lets go of it."""
        await self._own().archive.reject()
        return Empty()

    async def shown(self, live: LiveSession, uri: str) -> Archive:
        """What is shown of it."""

        def read() -> Archive:
            text = self._workspace.kept().read()
            return Archive(uri, live.count(text), panel.sections(text, panel.ages(self._workspace.written())), None)

        waits, made = live.archive.pending, ArchivePending("local", 0, 0, "")
        try:
            shown = await asyncio.to_thread(read)
            made = panel.pending(waits.by, await live.archive.change()) if waits else made
        except (ConflictError, StoreError) as error:
            # The tree is no place to fail in: what can be shown is, with what is wrong.
            shown = Archive(uri, 0, [], None)
            made = ArchivePending(waits.by if waits else "local", 0, 0, str(error))
        return Archive(shown.uri, shown.tokens, shown.sections, made if waits or made.problem else None)

    def _own(self) -> LiveSession:
        live = self._live()
        if live.session.origin == "recording":
            raise RefusedError("This session was recorded by another tool: nothing of it goes into the archive.")
        return live


class PreviewRequests:
    """A compaction of the open session that waits for the user's word: one that the session holds, or one that the user
    asked to see, which is known here alone.
    """

    def __init__(self, writable: Callable[[], LiveSession], page: ChatState) -> None:
        self._writable = writable
        self._page = page
        self._seen: Preview | None = None

    async def show(self, _: Empty) -> Previewed:
        """What it would do; from then on it can be applied as it was shown."""
        live = self._writable()
        preview = await live.preview()
        if live.session.pending_compaction is None:
            self._seen = preview
            was = preview.session
            self._page.offer(held_row(preview.event, with_entries(was.ledger, preview.event), was.through))
        return Previewed(preview_markdown(preview))

    async def apply(self, _: Empty) -> Compacting:
        """Compacts as it was shown; says why where that cannot be done any more."""
        live, seen = self._writable(), self._seen
        try:
            if live.session.pending_compaction is not None:
                made = await live.confirm()
            elif seen is not None:
                made = await live.apply(seen)
            else:
                raise RefusedError("No compaction waits for your word: ask for a preview first.")
        except RefusedError as error:
            self.forget()
            return Compacting(made=False, reason=str(error))
        self.forget()
        return Compacting(made=True, reason=f"{made.before:,} → {made.after:,} tokens")

    async def dismiss(self, _: Empty) -> Empty:
        """Lets go of it."""
        live = self._writable()
        if live.session.pending_compaction is not None:
            await live.dismiss()
        self.forget()
        return Empty()

    def forget(self) -> None:
        """What was shown holds no longer."""
        if self._seen is not None:
            self._seen = None
            self._page.withdraw()


class ApprovalRequests:
    """The calls that wait for the user's leave, by their ids. Each has a row in the chat, from its event."""

    def __init__(self, page: ChatState) -> None:
        self._page = page
        self._waiting: dict[str, tuple[Ask, asyncio.Future[Allow | Deny]]] = {}

    async def ask(self, ask: Ask) -> Allow | Deny:
        """The user's answer; cancelling takes the question back."""
        answer: asyncio.Future[Allow | Deny] = asyncio.get_running_loop().create_future()
        self._waiting[ask.id] = (ask, answer)
        self._page.detail(ask.id, ask.detail, ask.pattern)
        try:
            return await answer
        finally:
            del self._waiting[ask.id]

    async def answer(self, params: ApprovalAnswer) -> Empty:
        """Takes the user's answer. Raises RefusedError where nobody waits for it."""
        ask, answer = self._waiting.get(params.call, (None, None))
        if ask is None or answer is None or answer.done():
            raise RefusedError("This question has been answered, or its turn has ended.")
        if params.allowed:
            answer.set_result(Allow(ask.pattern if params.session else ""))
        else:
            answer.set_result(Deny(params.reason))
        return Empty()


class SessionRequests:
    """What can be asked of the open session, which `live` gives or refuses and `page` shows, and of the others; `shut`
    closes a session where it is the open one.
    """

    def __init__(
        self,
        workspace: WorkspaceService,
        live: Callable[[], LiveSession],
        shut: Callable[[str], Awaitable[None]],
        page: ChatState,
    ) -> None:
        self._workspace = workspace
        self._live = live
        self._shut = shut
        self._page = page

    async def report(self, _: Empty) -> Report:
        """What the session came to so far, and what fills its context."""
        return Report(context_report(session_report(self._live().session), self._page.snapshot().meter))

    async def read(self, params: OneSession) -> SessionTranscript:
        """A session's rows. One that is open in another window can be read too."""

        def work() -> SessionTranscript:
            begun = self._workspace.find(params.session)
            page = ChatState(lambda _: None)
            log = tuple(self._workspace.log(params.session))
            page.logged(log)
            names = [one.event.name for one in log if isinstance(one.event, SessionNamed)]
            return SessionTranscript((names or [begun.objective])[-1], begun.role, begun.model, page.snapshot().rows)

        return await asyncio.to_thread(work)

    async def rename(self, params: Rename) -> Empty:
        """Gives a session another name, be it open or not."""
        name = " ".join(params.name.split())
        if not name:
            raise RefusedError("The name is empty.")
        live = self._open()
        if live is not None and live.session.id == params.session:
            await live.record(SessionNamed(name))
        else:
            await asyncio.to_thread(self._workspace.rename, params.session, name)
        return Empty()

    async def export(self, params: OneSession) -> Exported:
        """A session as a transcript that other tools read."""
        return Exported(await asyncio.to_thread(self._workspace.export, params.session))

    async def forget(self, params: OneSession) -> State:
        """Deletes a session and all that it said, and closes it first where it is open; the state after that."""
        await asyncio.to_thread(self._workspace.find, params.session)
        await self._shut(params.session)
        await asyncio.to_thread(self._workspace.forget, params.session)
        return self._page.snapshot()

    def _open(self) -> LiveSession | None:
        try:
            return self._live()
        except RefusedError:
            return None

    async def models(self, _: Empty) -> Models:
        """The models that can be chosen, as the provider lists them."""
        offer = await self._workspace.models()
        items = [ModelItem(row.id, row.name, _detail(row, offer.prices)) for row in offer.rows]
        return Models(items, list(offer.remarks))


def _detail(row: ModelRow, prices: Prices) -> str:
    """Context and prices in one line, as far as they are known."""
    price = prices.price(row.id, 0)
    parts = [f"{row.window:,} tokens of context"] if row.window else []
    if price:
        parts.append(f"${price.input:g} in, ${price.output:g} out a million")
    if row.stage != "active":
        parts.append(row.stage)
    return " · ".join(parts)


MOST = 50
# Seconds for which a list of the workspace's files does: each letter that is typed asks for it.
HOLDS = 5.0


class SearchRequests:
    """Looks into one workspace; `live` gives the open session, or refuses."""

    def __init__(self, workspace: WorkspaceService, files: EditorDocuments, live: Callable[[], LiveSession]) -> None:
        self._workspace = workspace
        self._files = files
        self._live = live
        self._listed: tuple[float, tuple[str, ...]] = (0.0, ())

    async def recall(self, params: RecallQuery) -> RecallMatches:
        """Where all the words were said."""
        if not params.words.strip():
            raise RefusedError("Say which words to look for.")
        session = "" if params.everywhere else self._live().session.id

        def look() -> list[RecallMatch]:
            names = {row.id: row.objective for row in self._workspace.sessions()}
            return [
                RecallMatch(
                    one.session, names.get(one.session, ""), one.turn, one.kind, one.excerpt,
                    user_row(one.turn) if one.turn else "",
                )
                for one in self._workspace.recall(params.words, session, MOST)
            ]  # fmt: skip

        return RecallMatches(await asyncio.to_thread(look))

    async def files(self, params: FindFiles) -> FoundFiles:
        """The files whose path fits what is being typed."""

        def look() -> list[str]:
            made, paths = self._listed
            if time.monotonic() - made > HOLDS or not made:
                paths = self._files.files("")
                self._listed = (time.monotonic(), paths)
            return fitting_paths(paths, params.query)

        return FoundFiles(await asyncio.to_thread(look))

    async def changes(self, params: Changes) -> ChangeLog:
        """What changed, file by file."""
        return ChangeLog(await asyncio.to_thread(self._workspace.changes, params.revisions.strip()))


class RoleAndModelRequests:
    """Changes role and model of the open session; `reopen` opens it anew by its id, with those that it has then."""

    def __init__(
        self,
        workspace: WorkspaceService,
        writable: Callable[[], LiveSession],
        reopen: Callable[[str], Awaitable[State]],
        shown: Callable[[], State],
    ) -> None:
        self._workspace = workspace
        self._writable = writable
        self._reopen = reopen
        self._shown = shown

    async def change(self, params: SetRoleAndModel) -> State:
        """Goes on in another role or with another model, from the next call on."""
        live = self._writable()
        if live.busy:
            raise RefusedError("A turn is running: stop it, or wait for its end.")
        session = live.session
        role, model = params.role or session.role, (params.model or session.model).strip()
        if len(model.split()) != 1:
            raise RefusedError("Name one model by its id.")
        if model != session.model and live.recorded:
            raise RefusedError("A recording plays in this session: start one of your own to choose its model.")
        if (role, model) == (session.role, session.model):
            return self._shown()
        await live.record(RoleAndModelChanged(role, model, self._workspace.window(model)))
        return await self._reopen(session.id)
