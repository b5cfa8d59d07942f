"""The composition root: builds the parts and hands them to the command line or the server.

Imports stand in the methods, so that `--help` loads neither a tokenizer nor a grammar.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from throughline.opening import digest, kept, objective, off, system, worker

if TYPE_CHECKING:
    from throughline.agent.loop import Summariser
    from throughline.cli.parts import Desk, Library, Stage, Wrap
    from throughline.core.permissions import Permissions
    from throughline.core.ports import ArchiveFile, Listener, Offer, Store
    from throughline.core.recording import Recording
    from throughline.core.settings import Settings
    from throughline.live import LiveBench
    from throughline.models.tokens import O200k
    from throughline.wire.messages import Options
    from throughline.workspace.folder import Folder


def main() -> None:
    """Runs the command line; a user's mistake is one line and exit status 2."""
    if sys.argv[1:] == ["serve"]:
        # An editor waits for this: it does not wait for the command line's parser too.
        Factory().serve()
        return
    from throughline.cli.commands import commands
    from throughline.core.errors import UserError
    from throughline.core.visibility import visible

    try:
        commands(obj=Factory())
    except UserError as error:
        sys.stderr.write(f"throughline: {visible(str(error), prose=True)}\n")
        sys.exit(2)
    except OSError as error:
        name = visible(str(error.filename or "a file"), prose=True)
        sys.stderr.write(f"throughline: {name}: {error.strerror or error}\n")
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
        from throughline.core.fold import fold
        from throughline.core.session import Session
        from throughline.core.settings import Settings
        from throughline.transcripts.export import export

        def summary(session: Session) -> str:
            return current(session, Settings(), self.tokens.count)

        store, archive = self._project(project)
        return Library(
            store, archive, lambda name: fold(store.read(name)), summary, lambda name: export(store.read(name))
        )

    def permissions(self, project: Path) -> Permissions:
        """What the user allowed in a project, on this machine."""
        from throughline.workspace.permissions import FilePermissions

        return FilePermissions(project)

    def desk(self, folder: Path) -> Desk:
        """A folder's files and version control, and what the project around it has kept of skeletons."""
        from throughline.desk import desk

        return desk(folder, lambda project: self._project(project)[0])

    def _project(self, project: Path) -> tuple[Store, ArchiveFile]:
        """What a project keeps, opened once."""
        if project not in self._opened:
            self._opened[project] = kept(project)
        return self._opened[project]

    def exact(self) -> bool:
        """Whether token counts are the tokenizer's own."""
        return self.tokens.exact

    def keyed(self, project: Path) -> bool:
        """Whether a model can be reached from a project: by the environment or its `.env`."""
        from throughline.models.keys import Access, find

        return bool(find(Access(), project))

    def reasoner(self, project: Path) -> Summariser | None:
        """Who may say why files changed: the cheap model, or nobody where no model can be reached."""
        from throughline.agent.loop import Summariser
        from throughline.core.settings import Settings
        from throughline.models.anthropic import Anthropic
        from throughline.models.keys import Access, find
        from throughline.workspace.prompts import reasoning

        if not self.keyed(project):
            return None
        return Summariser(Anthropic(lambda: find(Access(), project)), Settings().compressor, reasoning())

    async def models(self, project: Path) -> Offer:
        """What can be reached from a project offers. Raises ModelError and PricesError."""
        from throughline.provider import offered

        return await offered(project)

    def prompts(self, project: Path) -> dict[str, bool]:
        """The prompts by name, and whether the project has its own in their place. Raises PromptError."""
        from throughline.workspace.folder import Folder
        from throughline.workspace.prompts import NAMES, distilling, own, prompts, summarising

        folder = Folder(project)
        found = own(folder)
        prompts(folder), summarising(folder), distilling(folder)
        return {name: name in found for name in NAMES}

    async def stage(
        self,
        recording: Recording,
        project: Path,
        settings: Settings,
        listener: Listener,
        wrap: Wrap,
        trace: Callable[[str], None] | None,
        sample: Path | None = None,
    ) -> Stage:
        """A new session for a recording, in a project's folder; what it is compared with stays in memory. With a
        `sample` its calls run for real, in a copy of that folder.
        """
        from throughline.workspace.folder import Folder

        if settings.strategy != "throughline":
            store, archive = kept(None)
        else:
            store, archive = self._project(project)
        return await self.staged(recording, Folder(project), store, archive, settings, listener, wrap, trace, sample)

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
        sample: Path | None = None,
    ) -> Stage:
        """The same over a store and an archive that are open."""
        from attrs import evolve

        from throughline.agent.loop import Crew
        from throughline.cli.parts import Stage
        from throughline.core.events import SessionStarted
        from throughline.core.recording import scenes
        from throughline.hands import rehearsal
        from throughline.models.cache import PromptCache
        from throughline.models.prices import load
        from throughline.models.recorded import LiveTools, ReplayModel, ReplayTools, Tape
        from throughline.models.trace import TracedModel
        from throughline.session.owner import Owner
        from throughline.session.world import World
        from throughline.workspace.folder import Folder

        tokens, prices, tape = self.tokens, load(), Tape(scenes(recording.steps))
        await off(tokens.count, "The ranks are loaded here, off the event loop.")
        model = wrap(ReplayModel(tape, PromptCache(tape, prices.factor(settings.model)), tokens), tape)
        if trace:
            model = TracedModel(model, tape if tape.timed else None, lambda: tape.point, trace)
        aim, title = objective(recording), folder.root.name
        made = await off(rehearsal, sample, (), store, tokens, lambda *_: None) if sample else None
        folder = Folder(made.root) if made else folder
        prompt = system(folder, "engineer", title, aim)
        world = World(store, archive, folder, tokens, tape, listener, prompt, worker())
        crew = Crew(model, settings.model, prices, ReplayTools(tape, tokens), tape, recorded=True)
        ran = None
        if made:
            ran = LiveTools(tape, made.tools, tokens)
            crew = evolve(crew, tools=ran, tell=made.tools.tell)
            world = evolve(world, checkpoints=made.ports.checkpoints)
        limit = prices.window(settings.model)
        name = _name(recording, store)
        begun = SessionStarted(name, aim, "engineer", title, settings.model, limit, "recording")
        return Stage(await Owner.start(world, crew, settings, begun), tape.scenes, tape, ran)

    def serve(self) -> None:
        """Runs the language server over standard input and output until it is told to stop."""
        from throughline.server.run import run

        run(self._served)

    def bench(self, project: Path, settings: Settings, pace: float = 0.0) -> LiveBench:
        """A project's sessions, to be worked on in a terminal; the recorded model takes `pace` seconds over a word."""
        from throughline.live import LiveBench, Reach

        return LiveBench(self, project, settings, Reach(_demo(), pace=pace, aside="off_script_terminal"))

    def _served(self, root: Path, options: Options) -> LiveBench:
        from throughline.core.settings import Settings
        from throughline.live import LiveBench, Reach

        settings = Settings(
            model=options.model,
            compressor=options.compressor,
            window=options.window,
            share=options.share,
            summary=options.summary,
            archive=options.archive,
            hour=options.hour,
            cold=3_600.0 if options.hour == "always" else 300.0,
            allowed=tuple(options.allowed),
            allowed_secrets=tuple(options.allowed_secrets),
            preview=options.preview,
            distil=options.distil,
        )
        return LiveBench(self, root, settings, Reach(Path(options.demo), options.endpoint))


def _demo() -> Path:
    """The recorded demo session: beside the package where it was installed, or else in the checkout that it runs
    from.
    """
    package = Path(__file__).parent
    places = (package / "demo" / "session.jsonl", package.parents[1] / "demo" / "session.jsonl")
    return next((path for path in places if path.is_file()), places[0])


def _name(recording: Recording, store: Store) -> str:
    """An id that is free: a recording may be played again."""
    name, taken = digest(recording), {row.id for row in store.sessions()}
    return next(free for free in chain([name], (f"{name}-{n}" for n in count(2))) if free not in taken)


if __name__ == "__main__":
    main()
