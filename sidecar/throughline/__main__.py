"""The composition root: builds the parts and hands them to the command line or the server.

Imports stand in the methods, so that `--help` loads neither a tokenizer nor a grammar.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from throughline.agent.loop import Crew
    from throughline.cli.parts import Library, Stage, Wrap
    from throughline.core.events import Logged, Origin, SessionStarted
    from throughline.core.ports import ArchiveFile, Listener, SessionRow, Store, Workspace
    from throughline.core.recording import Recording
    from throughline.core.settings import Settings
    from throughline.models.keys import Access
    from throughline.models.tokens import O200k
    from throughline.session.owner import Owner
    from throughline.session.world import World
    from throughline.wire.methods import Options, Start
    from throughline.workspace.folder import Folder

T = TypeVar("T")

# Seconds a word, at which the recorded model speaks in the editor.
PACE = 0.02


def main() -> None:
    """Runs the command line; a user's mistake is one line and exit status 2."""
    if sys.argv[1:] == ["serve"]:
        # An editor waits for this: it does not wait for the command line's parser too.
        Factory().serve()
        return
    from throughline.cli.commands import commands
    from throughline.core.errors import UserError

    try:
        commands(obj=Factory())
    except UserError as error:
        sys.stderr.write(f"throughline: {error}\n")
        sys.exit(2)
    except OSError as error:
        sys.stderr.write(f"throughline: {error.filename or 'a file'}: {error.strerror or error}\n")
        sys.exit(2)


class Factory:
    """Builds what the command line and the server ask for."""

    def __init__(self) -> None:
        self._opened: dict[Path, tuple[Store, ArchiveFile]] = {}

    @cached_property
    def tokens(self) -> O200k:
        """The one counter of this process: its ranks take half a second to load."""
        from throughline.models.tokens import O200k

        return O200k()

    def read(self, path: Path, form: str = "") -> Recording:
        """A recorded session, in a format that is named or told from the content; raises TranscriptError."""
        from throughline.transcripts.read import read

        return read(path, form)

    def library(self, project: Path) -> Library:
        """What a project has kept. Raises StoreError."""
        from throughline.cli.parts import Library
        from throughline.compression.compaction import current
        from throughline.core.session import Session, fold
        from throughline.core.settings import Settings
        from throughline.transcripts.export import export

        def summary(session: Session) -> str:
            return current(session, Settings(), self.tokens.count)

        store, archive = _kept(project)
        return Library(
            store, archive, lambda name: fold(store.read(name)), summary, lambda name: export(store.read(name))
        )

    def exact(self) -> bool:
        """Whether token counts are the tokenizer's own."""
        return self.tokens.exact

    def keyed(self, project: Path) -> bool:
        """Whether a model can be reached from a project: by the environment or its `.env`."""
        from throughline.models.keys import Access, find

        return bool(find(Access(), project))

    async def stage(
        self,
        recording: Recording,
        project: Path | None,
        settings: Settings,
        listener: Listener,
        wrap: Wrap,
        trace: Callable[[str], None] | None,
    ) -> Stage:
        """A new session for a recording, in a project folder or, without one, in memory only."""
        from throughline.workspace.folder import Folder

        if project and project not in self._opened:
            self._opened[project] = _kept(project)
        store, archive = self._opened[project] if project else _kept(None)
        folder = Folder(project or Path.cwd())
        return await self.staged(recording, folder, store, archive, settings, listener, wrap, trace)

    async def staged(
        self,
        recording: Recording,
        folder: Folder,
        store: Store,
        archive: ArchiveFile,
        settings: Settings,
        listener: Listener,
        wrap: Wrap = lambda model, _: model,
        trace: Callable[[str], None] | None = None,
    ) -> Stage:
        """The same over a store and an archive that are open."""
        from throughline.agent.loop import Crew
        from throughline.cli.parts import Stage
        from throughline.core.events import SessionStarted
        from throughline.core.recording import scenes
        from throughline.models.cache import PromptCache
        from throughline.models.prices import load
        from throughline.models.recorded import ReplayModel, ReplayTools, Tape
        from throughline.models.trace import TracedModel
        from throughline.session.owner import Owner
        from throughline.session.world import World

        tokens, prices, tape = self.tokens, load(), Tape(scenes(recording.steps))
        await _off(tokens.count, "The ranks are loaded here, off the event loop.")
        model = wrap(ReplayModel(tape, PromptCache(tape, prices.factor(settings.model)), tokens), tape)
        if trace:
            model = TracedModel(model, tape if tape.timed else None, lambda: tape.point, trace)
        objective, title = _objective(recording), folder.root.name
        prompt = system(folder, "engineer", title, objective)
        world = World(store, archive, folder, tokens, tape, listener, prompt, _worker())
        crew = Crew(model, settings.model, prices, ReplayTools(tape, tokens), tape, recorded=True)
        limit = prices.window(settings.model)
        name = _name(recording, store)
        begun = SessionStarted(name, objective, "engineer", title, settings.model, limit, "recording")
        return Stage(await Owner.start(world, crew, settings, begun), tape.scenes, tape)

    def serve(self) -> None:
        """Runs the language server over standard input and output until it is told to stop."""
        from throughline.server.run import run

        run(lambda root, options: LiveBench(self, root, options))


class LiveBench:
    """One workspace with its database, as the server needs it: opens sessions with real or recorded models."""

    def __init__(self, factory: Factory, root: Path, options: Options) -> None:
        from throughline.core.settings import Settings
        from throughline.models.prices import load
        from throughline.workspace.clock import WallClock
        from throughline.workspace.folder import Folder

        self._factory = factory
        self._root = root
        self._options = options
        self._settings = Settings(
            model=options.model,
            compressor=options.compressor,
            window=options.window,
            share=options.share,
            summary=options.summary,
            archive=options.archive,
        )
        self._prices, self._clock = load(), WallClock()
        self._key = ""
        self._store: Store | None = None
        self._kept: ArchiveFile | None = None
        self.disk = Folder(root)

    @property
    def archive(self) -> Path:
        """Where the project archive is written."""
        from throughline.store.archive import NAME

        return self._root / ".agent" / NAME

    def key(self, key: str) -> None:
        """Takes the key from the editor's secret storage, for what is opened from now on."""
        self._key = key

    def sessions(self) -> tuple[SessionRow, ...]:
        """The sessions, the newest first; none where there has been none, and then no file is made."""
        from throughline.store.database import NAME

        if self._store is None and not (self._root / ".agent" / NAME).exists():
            return ()
        return self._database()[0].sessions()

    async def start(self, wanted: Start, listener: Listener, files: Workspace) -> Owner:
        """A new session with the model that can be reached, or else the recorded one."""
        origin: Origin = "live" if await _off(self.keyed) else "demo"
        return await self._begun(wanted.objective, wanted.role, origin, listener, files)

    async def demo(self, listener: Listener, files: Workspace) -> Owner:
        """A new session that the recorded model plays, whatever key there is."""
        recording = await _off(self.read, Path(self._options.demo))
        return await self._begun(_objective(recording), "engineer", "demo", listener, files)

    async def resume(self, session: str, listener: Listener, files: Workspace) -> Owner:
        """A session as its log left it, with the kind of model that it began with."""
        from throughline.session.owner import Owner

        begun = await _off(self.find, session)
        world = await _off(self._world, begun.objective, begun.role, listener, files)
        crew = await _off(self._crew, begun.origin)
        return await Owner.resume(world, crew, self._settings, session)

    def find(self, session: str) -> SessionStarted:
        """How a session began. Raises RefusedError for one that is not in this workspace. Reads the database."""
        from throughline.core.events import SessionStarted
        from throughline.session.mailbox import RefusedError

        first = next(iter(self._database()[0].read(session)), None)
        if first is None or not isinstance(first.event, SessionStarted):
            raise RefusedError(f"There is no session {session} in this workspace.")
        return first.event

    def read(self, path: Path) -> Recording:
        """A recorded session. Raises TranscriptError."""
        return self._factory.read(path)

    async def recording(self, recording: Recording) -> str:
        """The id of the session that a recording becomes: played once, to its end, and kept whole."""
        from throughline.session.replay import replay
        from throughline.store.memory import MemoryArchive, MemoryStore

        store, _ = await _off(self._database)
        name = _digest(recording)
        if name in {row.id for row in await _off(store.sessions)}:
            return name
        kept = MemoryStore()
        stage = await self._factory.staged(recording, self.disk, kept, MemoryArchive(), self._settings, _Nobody())
        try:
            await replay(stage.owner, stage.scenes, stage.tape, lambda _: None)
        finally:
            await stage.owner.close()
        # In one go: a recording that was cut short would pass for the whole one.
        await _off(store.append, name, kept.read(name))
        return name

    def keyed(self) -> bool:
        """Whether a model can be reached: by the key given, the environment's, or the workspace's `.env`."""
        return bool(self._access())

    async def _begun(self, objective: str, role: str, origin: Origin, listener: Listener, files: Workspace) -> Owner:
        import uuid

        from throughline.core.events import SessionStarted
        from throughline.session.owner import Owner

        name, model = uuid.uuid4().hex[:12], self._settings.model
        limit = self._prices.window(model)
        begun = SessionStarted(name, objective, role, self.disk.root.name, model, limit, origin)
        world = await _off(self._world, objective, role, listener, files)
        crew = await _off(self._crew, origin)
        return await Owner.start(world, crew, self._settings, begun)

    def _world(self, objective: str, role: str, listener: Listener, files: Workspace) -> World:
        from throughline.session.world import World

        store, archive = self._database()
        prompt = system(self.disk, role, self.disk.root.name, objective)
        tokens = self._factory.tokens
        tokens.count("The ranks are loaded here, off the event loop.")
        return World(store, archive, files, tokens, self._clock, listener, prompt, _worker(), _worker())

    def _crew(self, origin: Origin) -> Crew:
        from throughline.agent.loop import Crew, Summariser
        from throughline.agent.toolbox import NoTools
        from throughline.core.recording import scenes
        from throughline.models.anthropic import Anthropic
        from throughline.models.cache import PromptCache
        from throughline.models.recorded import DemoModel, DemoTools
        from throughline.workspace.prompts import summarising

        name, tokens = self._settings.model, self._factory.tokens
        if origin == "live":
            live, cheap = Anthropic(self._access), self._settings.compressor
            summariser = Summariser(live, cheap, summarising()) if cheap else None
            return Crew(live, name, self._prices, NoTools(tokens), self._clock, summariser=summariser)
        played = scenes(self.read(Path(self._options.demo)).steps)
        cache = PromptCache(self._clock, self._prices.factor(name))
        model = DemoModel(played, cache, tokens, PACE)
        return Crew(model, name, self._prices, DemoTools(played, tokens), self._clock, recorded=True)

    def _access(self) -> Access:
        from throughline.models.keys import Access, find

        return find(Access(self._key, self._options.endpoint), self._root)

    def _database(self) -> tuple[Store, ArchiveFile]:
        if self._store is None or self._kept is None:
            self._store, self._kept = _kept(self._root)
        return self._store, self._kept


class _Nobody:
    """Listens to a session that is played before anyone looks at it."""

    def logged(self, events: Sequence[Logged]) -> None:
        """Nothing to show."""

    def streamed(self, turn: int, text: str) -> None:
        """Nothing to show."""


def system(folder: Folder, role: str, project: str, objective: str) -> str:
    """The system prompt of a session in a folder."""
    from throughline.context.system import compose
    from throughline.workspace.prompts import prompts, rules

    return compose(prompts(), role, project, objective, rules(folder))


def _kept(project: Path | None) -> tuple[Store, ArchiveFile]:
    from throughline.core.ports import StoreError
    from throughline.store.archive import ArchiveOnDisk
    from throughline.store.database import NAME, Database
    from throughline.store.memory import MemoryArchive, MemoryStore

    if project is None:
        return MemoryStore(), MemoryArchive()
    if not (project / ".agent").resolve().is_relative_to(project.resolve()):
        raise StoreError(f"{project / '.agent'} is a link that leads out of the workspace: put a folder in its place.")
    return Database(project / ".agent" / NAME), ArchiveOnDisk(project / ".agent")


def _objective(recording: Recording) -> str:
    """The first words of the recording, as one line."""
    first = next((step.text for step in recording.steps if step.kind == "prompt"), "")
    line = " ".join(first.split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def _digest(recording: Recording) -> str:
    """The id of a recording's session: the same steps, the same id."""
    text = "\n".join(f"{step.kind} {step.text}" for step in recording.steps)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _name(recording: Recording, store: Store) -> str:
    """An id that is free: a recording may be played again."""
    name, taken = _digest(recording), {row.id for row in store.sessions()}
    return next(free for free in chain([name], (f"{name}-{n}" for n in count(2))) if free not in taken)


async def _off(work: Callable[..., T], *given: Any) -> T:
    """Does blocking work off the event loop."""
    import asyncio

    return await asyncio.to_thread(work, *given)


def _worker() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="session")


if __name__ == "__main__":
    main()
