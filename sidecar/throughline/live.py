"""One workspace with its database, as the editor and the terminal need it: it opens live sessions.

A part of the composition root, as `__main__` is. Imports stand in the functions, so that nothing heavy is loaded
before it is needed.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from attrs import evolve, frozen

from throughline.desk import skeletons
from throughline.hands import Leave
from throughline.opening import digest, kept, objective, off, system, worker
from throughline.provenance import known_databases, told

if TYPE_CHECKING:
    from throughline.agent.loop import Crew
    from throughline.cli.parts import Library, Stage
    from throughline.core.acting import Approver, Edits
    from throughline.core.events import Logged, Origin, SessionStarted
    from throughline.core.finding import Finding
    from throughline.core.permissions import Permissions
    from throughline.core.ports import ArchiveFile, Found, Listener, Offer, SessionRow, Store, Workspace
    from throughline.core.recording import Recording
    from throughline.core.settings import Settings
    from throughline.models.keys import Access
    from throughline.models.tokens import O200k
    from throughline.session.owner import Owner
    from throughline.session.world import World
    from throughline.wire.messages import Start
    from throughline.workspace.folder import Folder

# Seconds a word, at which the recorded model speaks.
PACE = 0.02


class Source(Protocol):
    """What a bench needs of the composition root: the process's one counter, and recorded sessions."""

    @property
    def tokens(self) -> O200k:
        """The counter."""
        ...

    def read(self, path: Path, form: str = "") -> Recording:
        """A recorded session. Raises TranscriptError."""
        ...

    def exact(self) -> bool:
        """Whether token counts are the tokenizer's own."""
        ...

    def prompts(self, project: Path) -> dict[str, bool]:
        """The prompts by name, and whether the project has its own. Raises PromptError."""
        ...

    def library(self, project: Path) -> Library:
        """What a project has kept. Raises StoreError."""
        ...

    async def staged(
        self,
        recording: Recording,
        folder: Folder,
        store: Store,
        archive: ArchiveFile,
        settings: Settings,
        listener: Listener,
    ) -> Stage:
        """A new session for a recording, over a store and an archive that are open."""
        ...  # fmt: skip


@frozen
class Reach:
    """How a model is reached, and what plays where none can be: an endpoint ("" for Anthropic's own), the recording,
    the seconds that it takes over a word, and the name of what it says off its script.
    """

    demo: Path
    endpoint: str = ""
    pace: float = PACE
    aside: str = "off_script"


class LiveBench:
    """Opens the sessions of one workspace, with real or recorded models."""

    def __init__(self, source: Source, root: Path, settings: Settings, reach: Reach) -> None:
        from throughline.provider import Provider
        from throughline.workspace.clock import WallClock
        from throughline.workspace.folder import Folder
        from throughline.workspace.permissions import FilePermissions

        self._source = source
        self._root = root
        self._settings = settings
        self._reach = reach
        self._clock = WallClock()
        self._key = ""
        self.permissions: Permissions = FilePermissions(root)
        self._leave = Leave(None, settings.allowed, self.permissions, allowed_secrets=settings.allowed_secrets)
        self._store: Store | None = None
        self._archive: ArchiveFile | None = None
        self._news: list[str] = []
        self.news: tuple[str, ...] = ()
        self.disk = Folder(root)
        self._provider = Provider(self._access, self.disk, settings, self._clock)

    @property
    def archive(self) -> Path:
        """Where the project archive is written."""
        from throughline.store.archive import NAME

        return self._root / ".agent" / NAME

    def key(self, key: str) -> None:
        """Takes the key from the editor's secret storage, for what is opened from now on."""
        self._key = key

    def asks(self, approver: Approver, heard: Callable[[str, str], None]) -> None:
        """Says whom the tools of sessions ask that are opened from now on, and who is told what their commands print,
        by the id of the call.
        """
        self._leave = evolve(self._leave, approver=approver, heard=heard)

    def edits_by(self, hand: Callable[[Edits], Edits]) -> None:
        """Says who changes the files of sessions that are opened from now on, before the disk's own hand."""
        self._leave = evolve(self._leave, hand=hand)

    def sessions(self) -> tuple[SessionRow, ...]:
        """The sessions, the newest first; none where there has been none, and then no file is made."""
        from throughline.store.database import NAME

        if self._store is None and not (self._root / ".agent" / NAME).exists():
            return ()
        return self._database()[0].sessions()

    def pending(self) -> tuple[str, ...]:
        """The sessions whose archive change waits, the newest first."""
        return self._database()[0].pending() if self.sessions() else ()

    def recall(self, query: str, session: str, limit: int) -> tuple[Found, ...]:
        """Where something was said, in one session or in all. Reads the database."""
        return self._database()[0].recall(query, session, limit)

    def written(self) -> tuple[tuple[float, str], ...]:
        """The archive as sessions have written it, and when, the oldest first. Reads the database."""
        return self._database()[0].archives()

    def kept(self) -> ArchiveFile:
        """The project archive."""
        return self._database()[1]

    def changes(self, said: str) -> str:
        """What changed over a span, as Markdown. Raises UserError. Asks git."""
        from throughline.agent.shown import patience
        from throughline.cli.changes import span
        from throughline.desk import desk
        from throughline.skeleton.changelog import written
        from throughline.skeleton.changes import log

        repository = desk(self._root, lambda _: self._database()[0]).repository
        return written(log(tuple(repository.read(span(repository, said))), patience))

    def window(self, model: str) -> int:
        """A model's context limit in its own tokens."""
        return self._provider.prices().window(model)

    async def start(self, wanted: Start, listener: Listener, files: Workspace) -> Owner:
        """A new session with the model that can be reached, or else the recorded one."""
        origin: Origin = "live" if await off(self.keyed) else "demo"
        return await self.begin(wanted.objective, wanted.role, origin, listener, files)

    async def demo(self, listener: Listener, files: Workspace) -> Owner:
        """A new session that the recorded model plays, whatever key there is."""
        recording = await off(self._source.read, self._reach.demo)
        return await self.begin(objective(recording), "engineer", "demo", listener, files)

    async def begin(self, aim: str, role: str, origin: Origin, listener: Listener, files: Workspace) -> Owner:
        """A new session with an aim, by a real model or a recorded one."""
        import uuid

        from throughline.core.events import SessionStarted
        from throughline.session.owner import Owner

        name, model = uuid.uuid4().hex[:12], self._settings.model
        begun = SessionStarted(name, aim, role, self.disk.root.name, model, await off(self.window, model), origin)
        world = await off(self._world, aim, role, listener, files)
        world, crew = await off(self._staffed, world, origin, model, name)
        owner = await Owner.start(world, crew, self._settings, begun)
        self._provider.watch(owner)
        return await self._tell(owner)

    async def resume(self, session: str, listener: Listener, files: Workspace) -> Owner:
        """A session as its log left it, with the kind of model that it began with."""
        from throughline.session.owner import Owner

        begun = await off(self._now, session)
        world = await off(self._world, begun.objective, begun.role, listener, files)
        world, crew = await off(self._staffed, world, begun.origin, begun.model, session)
        owner = await Owner.resume(world, crew, self._settings, session)
        self._provider.watch(owner)
        return await self._tell(owner)

    async def rehearse(self, session: str) -> Owner:
        """A copy of a session in memory, to try something on by local rules: nothing of it is kept, nor paid for."""
        from throughline.session.owner import Owner
        from throughline.store.memory import MemoryArchive, MemoryStore

        begun = await off(self._now, session)
        world = await off(self._world, begun.objective, begun.role, _Nobody(), self.disk)
        store = MemoryStore()
        log = await off(lambda: tuple(world.store.read(session)))
        store.append(session, log)
        archive = MemoryArchive(await off(world.archive.read))
        crew = evolve(await off(self._crew, begun.origin, begun.model), summariser=None)
        return await Owner.resume(evolve(world, store=store, archive=archive), crew, self._settings, session)

    def find(self, session: str) -> SessionStarted:
        """How a session began. Raises RefusedError for one that is not in this workspace. Reads the database."""
        from throughline.core.events import SessionStarted
        from throughline.session.mailbox import RefusedError

        first = next(iter(self._database()[0].read(session)), None)
        if first is None or not isinstance(first.event, SessionStarted):
            raise RefusedError(f"There is no session {session} in this workspace.")
        return first.event

    def log(self, session: str) -> Iterable[Logged]:
        """All events of a session. Reads the database."""
        return self._database()[0].read(session)

    def rename(self, session: str, name: str) -> None:
        """Gives a session that is not open another name. Raises RefusedError and StoreError as `forget` does."""
        from throughline.core.cleaning import cleaned
        from throughline.core.events import Logged, SessionNamed

        self.find(session)
        store = self._database()[0]
        store.hold(session)
        try:
            last = max(logged.seq for logged in store.read(session))
            store.append(session, [Logged(last + 1, self._clock.now(), cleaned(SessionNamed(name)))])
        finally:
            store.release(session)

    def export(self, session: str) -> str:
        """A session as a neutral transcript. Raises RefusedError for one that is not in this workspace."""
        self.find(session)
        return "".join(f"{line}\n" for line in self._source.library(self._root).export(session))

    def examine(self) -> tuple[Finding, ...]:
        """What works here, and what does not. Reads every session."""
        from throughline.checkup import examined

        return examined(self._source, self._root, self.keyed)

    def forget(self, session: str) -> None:
        """Deletes a session, and what was allowed in it. Raises RefusedError for one that is not in this workspace,
        StoreError for one in use.
        """
        self.find(session)
        self._database()[0].forget(session)
        self.permissions.withdraw(session)

    async def models(self) -> Offer:
        """What can be reached offers. Raises ModelError and PricesError."""
        return await self._provider.offer((self._settings.model, self._settings.compressor))

    def read(self, path: Path) -> Recording:
        """A recorded session. Raises TranscriptError."""
        return self._source.read(path)

    async def recording(self, recording: Recording) -> str:
        """The id of the session that a recording becomes: played once, to its end, and kept whole."""
        from throughline.session.replay import replay
        from throughline.store.memory import MemoryArchive, MemoryStore

        store, _ = await off(self._database)
        name = digest(recording)
        if name in {row.id for row in await off(store.sessions)}:
            return name
        memory = MemoryStore()
        stage = await self._source.staged(recording, self.disk, memory, MemoryArchive(), self._settings, _Nobody())
        try:
            await replay(stage.owner, stage.scenes, stage.tape, lambda _: None)
        finally:
            await stage.owner.close()
        # In one go: a recording that was cut short would pass for the whole one.
        await off(store.append, name, memory.read(name))
        return name

    def keyed(self) -> bool:
        """Whether a model can be reached: by the key given, the environment's, or the workspace's `.env`."""
        return bool(self._access())

    def _now(self, session: str) -> SessionStarted:
        """How a session would begin today: in the role and with the model that were chosen in it last, or else with
        the model of the settings.
        """
        from throughline.core.events import CrewChanged

        begun = evolve(self.find(session), model=self._settings.model)
        for logged in self._database()[0].read(session):
            if isinstance(logged.event, CrewChanged):
                begun = evolve(begun, role=logged.event.role, model=logged.event.model)
        return begun

    def _world(self, aim: str, role: str, listener: Listener, files: Workspace) -> World:
        from functools import partial

        from throughline.agent.secrets import hide
        from throughline.session.world import World

        store, archive = self._database()
        hidden = partial(hide, known=(self._access().key,), allowed=self._settings.allowed_secrets)
        prompt = system(self.disk, role, self.disk.root.name, hidden(aim))
        tokens = self._source.tokens
        tokens.count("The ranks are loaded here, off the event loop.")
        made = skeletons(store)
        return World(
            store, archive, files, tokens, self._clock, listener, prompt, worker(), worker(), made, hide=hidden
        )

    def _staffed(self, world: World, origin: Origin, model: str, session: str) -> tuple[World, Crew]:
        """A session's crew with its tools, and its world with what they act in: the workspace, or a copy of the sample
        project beside the recording, where there is one.
        """
        from throughline.agent.toolbox import toolbox
        from throughline.hands import hands, rehearsal
        from throughline.workspace.folder import Folder

        crew, sample = self._crew(origin, model), self._reach.demo.parent / "project"
        if origin == "live":
            key = self._access().key
            leave = evolve(self._leave, secrets=lambda: (key,))
            ports = hands(self._root, world.workspace, world.store, world.tokens, leave)
            tools = toolbox(ports)
        elif origin == "demo" and sample.is_dir():
            made = rehearsal(sample, world.store.read(session), world.store, world.tokens, self._leave.heard)
            ports, tools = made.ports, made.tools
            # Without an editor, what the recording changes is what the session sees.
            world = evolve(world, workspace=Folder(made.root)) if world.workspace is self.disk else world
        else:
            return world, crew
        return evolve(world, checkpoints=ports.checkpoints), evolve(crew, tools=tools, tell=tools.tell)

    def _crew(self, origin: Origin, name: str) -> Crew:
        from throughline.agent.bare import NoTools
        from throughline.agent.loop import Crew, Summariser
        from throughline.core.recording import scenes
        from throughline.models.cache import PromptCache
        from throughline.models.recorded import DemoModel, DemoTools
        from throughline.workspace.prompts import commenting, distilling, summarising

        tokens, prices = self._source.tokens, self._provider.prices()
        if origin == "live":
            live, cheap = self._provider.live, self._settings.compressor
            prompts = (summarising(self.disk), distilling(self.disk))
            summariser = Summariser(live, cheap, *prompts) if cheap else None
            commenter = Summariser(live, cheap, commenting()) if cheap else None
            return Crew(
                live, name, prices, NoTools(tokens), self._clock, summariser=summariser, commenter=commenter,
                replies=self._settings.replies,
            )  # fmt: skip
        played = scenes(self.read(self._reach.demo).steps)
        cache = PromptCache(self._clock, prices.factor(name))
        model = DemoModel(played, cache, tokens, self._reach.pace, self._reach.aside)
        return Crew(model, name, prices, DemoTools(played, tokens), self._clock, recorded=True)

    def _access(self) -> Access:
        from throughline.models.keys import Access, find

        return find(Access(self._key, self._reach.endpoint), self._root)

    def _database(self) -> tuple[Store, ArchiveFile]:
        if self._store is None or self._archive is None:
            self._store, self._archive = kept(self._root, self._news.append)
        return self._store, self._archive

    async def _tell(self, owner: Owner) -> Owner:
        """Says in the first session that is opened what there is to say of the database; once is enough."""
        from throughline.core.events import Noted

        self.news, self._news = tuple(self._news), []
        if self.news:
            await owner.record(*map(Noted, self.news))
            await off(told, self._database()[0], self._root, known_databases())
        return owner


class _Nobody:
    """Listens to a session that is played before anyone looks at it."""

    def logged(self, events: Sequence[Logged]) -> None:
        """Nothing to show."""

    def streamed(self, turn: int, text: str) -> None:
        """Nothing to show."""
