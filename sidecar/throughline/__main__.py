"""The composition root: builds the parts and hands them to the command line or the server.

Imports stand in the methods, so that `--help` loads neither a tokenizer nor a grammar.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from throughline.cli.parts import Stage, Wrap
    from throughline.core.ports import ArchiveFile, Listener, Store
    from throughline.core.recording import Recording
    from throughline.core.settings import Settings
    from throughline.workspace.folder import Folder


def main() -> None:
    """Runs the command line; a user's mistake is one line and exit status 2."""
    from throughline.cli.commands import commands
    from throughline.core.errors import UserError

    try:
        commands(obj=Factory())
    except UserError as error:
        sys.stderr.write(f"throughline: {error}\n")
        sys.exit(2)


class Factory:
    """Builds what the command line and the server ask for."""

    def read(self, path: Path) -> Recording:
        """A recorded session; raises TranscriptError."""
        from throughline.transcripts.read import read

        return read(path)

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
        from throughline.agent.loop import Crew
        from throughline.cli.parts import Stage
        from throughline.core.events import SessionStarted
        from throughline.core.recording import scenes
        from throughline.models.cache import PromptCache
        from throughline.models.prices import load
        from throughline.models.recorded import ReplayModel, ReplayTools, Tape
        from throughline.models.tokens import O200k
        from throughline.models.trace import TracedModel
        from throughline.session.owner import Owner
        from throughline.session.world import World
        from throughline.workspace.folder import Folder

        tokens, prices, tape = O200k(), load(), Tape(scenes(recording.steps))
        model = wrap(ReplayModel(tape, PromptCache(tape, prices.factor(settings.model)), tokens), tape)
        if trace:
            model = TracedModel(model, tape if tape.timed else None, lambda: tape.point, trace)
        store, archive = _kept(project)
        objective = _objective(recording)
        name = _name(recording, store)
        folder = Folder(project or Path.cwd())
        title = folder.root.name
        world = World(
            store, archive, folder, tokens, tape, listener, system(folder, "engineer", title, objective), _worker()
        )
        crew = Crew(model, settings.model, prices, ReplayTools(tape, tokens), tape)
        limit = prices.window(settings.model)
        begun = SessionStarted(name, objective, "engineer", title, settings.model, limit, "recording")
        return Stage(await Owner.start(world, crew, settings, begun), tape.scenes, tape)

    def serve(self) -> None:
        """Runs the language server over standard input and output until it is told to stop."""


def system(folder: Folder, role: str, project: str, objective: str) -> str:
    """The system prompt of a session in a folder."""
    from throughline.context.system import compose
    from throughline.workspace.prompts import prompts, rules

    return compose(prompts(), role, project, objective, rules(folder))


def _kept(project: Path | None) -> tuple[Store, ArchiveFile]:
    from throughline.store.archive import ArchiveOnDisk
    from throughline.store.database import NAME, Database
    from throughline.store.memory import MemoryArchive, MemoryStore

    if project is None:
        return MemoryStore(), MemoryArchive()
    return Database(project / ".agent" / NAME), ArchiveOnDisk(project / ".agent")


def _objective(recording: Recording) -> str:
    """The first words of the recording, as one line."""
    first = next((step.text for step in recording.steps if step.kind == "prompt"), "")
    line = " ".join(first.split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def _name(recording: Recording, store: Store) -> str:
    """The same recording has the same id, unless it has been played here before."""
    text = "\n".join(f"{step.kind} {step.text}" for step in recording.steps)
    name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    taken = {row.id for row in store.sessions()}
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="session")


if __name__ == "__main__":
    main()
