"""The container: builds what the command line and the server work with.

Imports stand in the methods, so that `--help` loads neither a tokenizer nor a grammar.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from throughline.app.bootstrap import (
    ProjectStore,
    first_line,
    open_store,
    recording_id,
    session_worker,
    system,
    to_thread,
)

if TYPE_CHECKING:
    from throughline.agent.loop import SummarizerConfig
    from throughline.app.project_files import ProjectFiles
    from throughline.app.workspace import WorkspaceService
    from throughline.domain.permissions import Permissions
    from throughline.domain.ports import ArchiveFile, Listener, Model, ModelOffer, Store
    from throughline.domain.recording import RecordedTurn, Recording
    from throughline.domain.settings import Settings
    from throughline.llm.replay_model import ReexecutedTools, ReplayCursor
    from throughline.llm.tokens import O200k
    from throughline.protocol.messages import Options
    from throughline.session.live_session import LiveSession
    from throughline.workspace.workspace_files import WorkspaceFiles

    Wrap = Callable[[Model, ReplayCursor], Model]


@frozen
class ReplaySetup:
    """A recorded session ready to be played, what plays it, and what runs its tools where that is for real."""

    live: LiveSession
    scenes: tuple[RecordedTurn, ...]
    cursor: ReplayCursor
    ran: ReexecutedTools | None = None


class Container:
    """Builds what the command line and the server ask for."""

    def __init__(self) -> None:
        self._opened: dict[Path, tuple[Store, ArchiveFile]] = {}

    @cached_property
    def tokens(self) -> O200k:
        """The one counter of this process: its ranks take half a second to load."""
        from throughline.llm.tokens import O200k

        return O200k()

    def read(self, path: Path, form: str = "") -> Recording:
        """A recorded session, in a format that is named or told from the content; raises TranscriptError."""
        from throughline.transcripts.read import read

        return read(path, form)

    def library(self, project: Path) -> ProjectStore:
        """What a project has kept. Raises StoreError."""
        from throughline.context.compaction import current
        from throughline.domain.session import Session, fold
        from throughline.domain.settings import Settings
        from throughline.transcripts.neutral import neutral_transcript

        def summary(session: Session) -> str:
            return current(session, Settings(), self.tokens.count)

        store, archive = self._project(project)
        return ProjectStore(
            store,
            archive,
            lambda name: fold(store.read(name)),
            summary,
            lambda name: neutral_transcript(store.read(name)),
        )

    def permissions(self, project: Path) -> Permissions:
        """What the user allowed in a project, on this machine."""
        from throughline.workspace.permission_store import FilePermissions

        return FilePermissions(project)

    def project_files(self, folder: Path) -> ProjectFiles:
        """A folder's files and version control, and what the project around it has kept of skeletons."""
        from throughline.app.project_files import project_files

        return project_files(folder, lambda project: self._project(project)[0])

    def _project(self, project: Path) -> tuple[Store, ArchiveFile]:
        """What a project keeps, opened once."""
        if project not in self._opened:
            self._opened[project] = open_store(project)
        return self._opened[project]

    def exact(self) -> bool:
        """Whether token counts are the tokenizer's own."""
        return self.tokens.exact

    def keyed(self, project: Path) -> bool:
        """Whether a model can be reached from a project: by the environment or its `.env`."""
        from throughline.llm.credentials import CredentialStore

        return bool(CredentialStore(project).current())

    def reasoner(self, project: Path) -> SummarizerConfig | None:
        """Who may say why files changed: the cheap model, or nobody where no model can be reached."""
        from throughline.agent.loop import SummarizerConfig
        from throughline.domain.settings import Settings
        from throughline.llm.anthropic import Anthropic
        from throughline.llm.credentials import CredentialStore
        from throughline.workspace.prompts import reasoning

        credentials = CredentialStore(project)
        if not credentials.current():
            return None
        return SummarizerConfig(Anthropic(credentials.current), Settings().compressor, reasoning())

    async def models(self, project: Path) -> ModelOffer:
        """What can be reached from a project offers. Raises ModelError and PricesError."""
        from throughline.app.model_provider import list_project_models

        return await list_project_models(project)

    def prompts(self, project: Path) -> dict[str, bool]:
        """The prompts by name, and whether the project has its own in their place. Raises PromptError."""
        from throughline.workspace.prompts import NAMES, distilling, own, prompts, summarising
        from throughline.workspace.workspace_files import WorkspaceFiles

        folder = WorkspaceFiles(project)
        found = own(folder)
        prompts(folder), summarising(folder), distilling(folder)
        return {name: name in found for name in NAMES}

    async def prepare_replay(
        self,
        recording: Recording,
        project: Path,
        settings: Settings,
        listener: Listener,
        wrap: Wrap,
        trace: Callable[[str], None] | None,
        sample: Path | None = None,
    ) -> ReplaySetup:
        """A new session for a recording, in a project's folder; what it is compared with stays in memory. With a
        `sample` its calls run for real, in a copy of that folder.
        """
        from throughline.workspace.workspace_files import WorkspaceFiles

        if settings.strategy != "throughline":
            store, archive = open_store(None)
        else:
            store, archive = self._project(project)
        return await self.prepare_replay_in(
            recording, WorkspaceFiles(project), store, archive, settings, listener, wrap, trace, sample
        )

    async def prepare_replay_in(
        self,
        recording: Recording,
        folder: WorkspaceFiles,
        store: Store,
        archive: ArchiveFile,
        settings: Settings,
        listener: Listener,
        wrap: Wrap = lambda model, _: model,
        trace: Callable[[str], None] | None = None,
        sample: Path | None = None,
    ) -> ReplaySetup:
        """The same over a store and an archive that are open."""
        from attrs import evolve

        from throughline.agent.loop import AgentConfig
        from throughline.app.tool_ports import demo_sandbox
        from throughline.domain.events import SessionStarted
        from throughline.domain.recording import recorded_turns
        from throughline.llm.catalogue import load_prices
        from throughline.llm.prompt_cache_model import PromptCacheModel
        from throughline.llm.replay_model import ReexecutedTools, ReplayCursor, ReplayModel, ReplayTools
        from throughline.llm.trace import TracedModel
        from throughline.session.actor import SessionPorts
        from throughline.session.live_session import LiveSession
        from throughline.workspace.workspace_files import WorkspaceFiles

        tokens, prices, cursor = self.tokens, load_prices(), ReplayCursor(recorded_turns(recording.steps))
        await to_thread(tokens.count, "The ranks are loaded here, off the event loop.")
        model = wrap(ReplayModel(cursor, PromptCacheModel(cursor, prices.factor(settings.model)), tokens), cursor)
        if trace:
            model = TracedModel(model, cursor if cursor.timed else None, lambda: cursor.point, trace)
        aim, title = first_line(recording), folder.root.name
        made = await to_thread(demo_sandbox, sample, (), store, tokens, lambda *_: None) if sample else None
        folder = WorkspaceFiles(made.root) if made else folder
        prompt = system(folder, "engineer", title, aim)
        ports = SessionPorts(store, archive, folder, tokens, cursor, listener, prompt, session_worker())
        config = AgentConfig(model, settings.model, prices, ReplayTools(cursor, tokens), cursor, recorded=True)
        ran = None
        if made:
            ran = ReexecutedTools(cursor, made.tools, tokens)
            config = evolve(config, tools=ran, tell=made.tools.notify_external_changes)
            ports = evolve(ports, checkpoints=made.ports.checkpoints)
        limit = prices.window(settings.model)
        name = _name(recording, store)
        begun = SessionStarted(name, aim, "engineer", title, settings.model, limit, "recording")
        return ReplaySetup(await LiveSession.start(ports, config, settings, begun), cursor.scenes, cursor, ran)

    def workspace(self, project: Path, settings: Settings, pace: float = 0.0) -> WorkspaceService:
        """A project's sessions, to be worked on in a terminal; the recorded model takes `pace` seconds over a word."""
        from throughline.app.workspace import ModelAccess, WorkspaceService

        return WorkspaceService(self, project, settings, ModelAccess(_demo(), pace=pace, aside="off_script_terminal"))

    def editor_workspace(self, root: Path, options: Options) -> WorkspaceService:
        """A project's sessions for an editor, with the options that it was started with."""
        from throughline.app.workspace import ModelAccess, WorkspaceService
        from throughline.domain.settings import session_settings

        return WorkspaceService(self, root, session_settings(options), ModelAccess(Path(options.demo)))


def _demo() -> Path:
    """The recorded demo session: beside the package where it was installed, or else in the checkout that it runs
    from.
    """
    package = Path(__file__).parents[1]
    places = (package / "demo" / "session.jsonl", package.parents[1] / "demo" / "session.jsonl")
    return next((path for path in places if path.is_file()), places[0])


def _name(recording: Recording, store: Store) -> str:
    """An id that is free: a recording may be played again."""
    name, taken = recording_id(recording), {row.id for row in store.sessions()}
    return next(free for free in chain([name], (f"{name}-{n}" for n in count(2))) if free not in taken)
