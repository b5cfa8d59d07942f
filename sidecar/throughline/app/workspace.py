"""The workspace service: one workspace with its database; it opens live sessions for the editor and the terminal."""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from throughline.app.bootstrap import (
    environment,
    first_line,
    open_store,
    recording_id,
    session_worker,
    system,
    to_thread,
)
from throughline.app.database_origin import known_databases, origin_notice
from throughline.app.project_files import skeleton_cache
from throughline.app.tool_ports import ToolPolicy

if TYPE_CHECKING:
    from throughline.agent.loop import AgentConfig
    from throughline.app.container import Container
    from throughline.app.doctor import CheckResult
    from throughline.domain.events import Logged, Origin, SessionStarted
    from throughline.domain.permissions import Permissions
    from throughline.domain.ports import (
        Approver,
        ArchiveFile,
        Edits,
        Listener,
        LogMatch,
        ModelOffer,
        SessionRow,
        Store,
        Workspace,
    )
    from throughline.domain.recording import Recording
    from throughline.domain.settings import Settings
    from throughline.protocol.messages import Start
    from throughline.session.actor import SessionPorts
    from throughline.session.live_session import LiveSession


# Seconds a word, at which the recorded model speaks.
PACE = 0.02


@frozen
class ModelAccess:
    """What plays where no model can be reached: the recording, the seconds that it takes over a word, and the name of
    what it says off its script.
    """

    demo: Path
    pace: float = PACE
    aside: str = "off_script"


class WorkspaceService:
    """Opens the sessions of one workspace, with real or recorded models."""

    def __init__(self, container: Container, root: Path, settings: Settings, reach: ModelAccess) -> None:
        from throughline.app.model_provider import ModelProvider
        from throughline.llm.credentials import Credentials, CredentialStore
        from throughline.workspace.clock import WallClock
        from throughline.workspace.permission_store import FilePermissions
        from throughline.workspace.workspace_files import WorkspaceFiles

        self._container = container
        self._root = root
        self._settings = settings
        self._reach = reach
        self._clock = WallClock()
        self._credentials = CredentialStore(root, Credentials(url=settings.endpoint))
        self.permissions: Permissions = FilePermissions(root)
        self._policy = ToolPolicy(None, settings.allowed, self.permissions, allowed_secrets=settings.allowed_secrets)
        self._store: Store | None = None
        self._archive: ArchiveFile | None = None
        self._news: list[str] = []
        self.news: tuple[str, ...] = ()
        self.disk = WorkspaceFiles(root)
        self._provider = ModelProvider(self._credentials.current, self.disk, settings, self._clock)

    @property
    def archive(self) -> Path:
        """Where the project archive is written."""
        from throughline.storage.archive_file import NAME

        return self._root / ".agent" / NAME

    def key(self, key: str) -> None:
        """Takes the key from the editor's secret storage: the next request has it, and nothing shows it from now on,
        in a session that is open either.
        """
        self._credentials.set_key(key)

    def asks(self, approver: Approver, heard: Callable[[str, str], None]) -> None:
        """Says whom the tools of sessions ask that are opened from now on, and who is told what their commands print,
        by the id of the call.
        """
        self._policy = evolve(self._policy, approver=approver, heard=heard)

    def edits_by(self, hand: Callable[[Edits], Edits]) -> None:
        """Says who changes the files of sessions that are opened from now on, before the disk's own hand."""
        self._policy = evolve(self._policy, hand=hand)

    def sessions(self) -> tuple[SessionRow, ...]:
        """The sessions, the newest first; none where there has been none, and then no file is made."""
        from throughline.storage.event_store import NAME

        if self._store is None and not (self._root / ".agent" / NAME).exists():
            return ()
        return self._database()[0].sessions()

    def pending(self) -> tuple[str, ...]:
        """The sessions whose archive change waits, the newest first."""
        return self._database()[0].pending() if self.sessions() else ()

    def recall(self, query: str, session: str, limit: int) -> tuple[LogMatch, ...]:
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
        from throughline.agent.change_log import compared_revisions
        from throughline.agent.file_rendering import parse_deadline
        from throughline.app.project_files import project_files
        from throughline.semantic_diff.changelog import changelog_markdown, summarize_files

        repository = project_files(self._root, lambda _: self._database()[0]).repository
        return changelog_markdown(
            summarize_files(tuple(repository.read(compared_revisions(repository, said))), parse_deadline)
        )

    def window(self, model: str) -> int:
        """A model's context limit in its own tokens."""
        return self._provider.prices().window(model)

    async def start(self, wanted: Start, listener: Listener, files: Workspace) -> LiveSession:
        """A new session with the model that can be reached, or else the recorded one."""
        origin: Origin = "live" if await to_thread(self.keyed) else "demo"
        return await self.begin(wanted.objective, wanted.role, origin, listener, files)

    async def demo(self, listener: Listener, files: Workspace) -> LiveSession:
        """A new session that the recorded model plays, whatever key there is."""
        recording = await to_thread(self._container.read, self._reach.demo)
        return await self.begin(first_line(recording), "engineer", "demo", listener, files)

    async def begin(self, aim: str, role: str, origin: Origin, listener: Listener, files: Workspace) -> LiveSession:
        """A new session with an aim, by a real model or a recorded one."""
        import uuid

        from throughline.domain.events import SessionStarted
        from throughline.session.live_session import LiveSession

        name, model = uuid.uuid4().hex[:12], self._settings.model
        limit, where = await to_thread(self.window, model), await to_thread(environment, self._root, self._clock.now())
        begun = SessionStarted(name, aim, role, self.disk.root.name, model, limit, origin, where)
        session_ports = await to_thread(self._ports, begun, listener, files)
        session_ports, config = await to_thread(self._staffed, session_ports, origin, model, name)
        live = await LiveSession.start(session_ports, config, self._settings, begun)
        self._provider.check_models(live)
        return await self._tell(live)

    async def resume(self, session: str, listener: Listener, files: Workspace) -> LiveSession:
        """A session as its log left it, with the kind of model that it began with."""
        from throughline.session.live_session import LiveSession

        begun = await to_thread(self._now, session)
        session_ports = await to_thread(self._ports, begun, listener, files)
        session_ports, config = await to_thread(self._staffed, session_ports, begun.origin, begun.model, session)
        live = await LiveSession.resume(session_ports, config, self._settings, session)
        self._provider.check_models(live)
        return await self._tell(live)

    async def rehearse(self, session: str) -> LiveSession:
        """A copy of a session in memory, to try something on by local rules: nothing of it is kept, nor paid for."""
        from throughline.session.live_session import LiveSession
        from throughline.storage.in_memory import MemoryArchive, MemoryStore

        begun = await to_thread(self._now, session)
        session_ports = await to_thread(self._ports, begun, _Nobody(), self.disk)
        store = MemoryStore()
        log = await to_thread(lambda: tuple(session_ports.store.read(session)))
        store.append(session, log)
        archive = MemoryArchive(await to_thread(session_ports.archive.read))
        config = evolve(await to_thread(self._config, begun.origin, begun.model), summariser=None)
        return await LiveSession.resume(
            evolve(session_ports, store=store, archive=archive), config, self._settings, session
        )

    def find(self, session: str) -> SessionStarted:
        """How a session began. Raises RefusedError for one that is not in this workspace. Reads the database."""
        from throughline.domain.events import SessionStarted
        from throughline.session.actor import RefusedError

        first = next(iter(self._database()[0].read(session)), None)
        if first is None or not isinstance(first.event, SessionStarted):
            raise RefusedError(f"There is no session {session} in this workspace.")
        return first.event

    def log(self, session: str) -> Iterable[Logged]:
        """All events of a session. Reads the database."""
        return self._database()[0].read(session)

    def rename(self, session: str, name: str) -> None:
        """Gives a session that is not open another name. Raises RefusedError and StoreError as `forget` does."""
        from throughline.domain.events import Logged, SessionNamed
        from throughline.domain.sanitization import cleaned

        self.find(session)
        store = self._database()[0]
        store.lock_session(session)
        try:
            last = max(logged.seq for logged in store.read(session))
            store.append(session, [Logged(last + 1, self._clock.now(), cleaned(SessionNamed(name)))])
        finally:
            store.unlock_session(session)

    def export(self, session: str) -> str:
        """A session as a neutral transcript. Raises RefusedError for one that is not in this workspace."""
        self.find(session)
        return "".join(f"{line}\n" for line in self._container.library(self._root).export(session))

    def examine(self) -> tuple[CheckResult, ...]:
        """What works here, and what does not. Reads every session."""
        from throughline.app.doctor import run_checks

        return tuple(run_checks(self._container, self._root, self.keyed))

    def forget(self, session: str) -> None:
        """Deletes a session, and what was allowed in it. Raises RefusedError for one that is not in this workspace,
        StoreError for one in use.
        """
        self.find(session)
        self._database()[0].forget(session)
        self.permissions.withdraw(session)

    async def models(self) -> ModelOffer:
        """What can be reached offers. Raises ModelError and PricesError."""
        return await self._provider.list_models((self._settings.model, self._settings.compressor))

    def read(self, path: Path) -> Recording:
        """A recorded session. Raises TranscriptError."""
        return self._container.read(path)

    async def recording(self, recording: Recording) -> str:
        """The id of the session that a recording becomes: played once, to its end, and kept whole."""
        from throughline.session.replay import play_recording
        from throughline.storage.in_memory import MemoryArchive, MemoryStore

        store, _ = await to_thread(self._database)
        name = recording_id(recording)
        if name in {row.id for row in await to_thread(store.sessions)}:
            return name
        memory = MemoryStore()
        stage = await self._container.prepare_replay_in(
            recording, self.disk, memory, MemoryArchive(), self._settings, _Nobody()
        )
        try:
            await play_recording(stage.live, stage.scenes, stage.cursor, lambda _: None)
        finally:
            await stage.live.close()
        # In one go: a recording that was cut short would pass for the whole one.
        await to_thread(store.append, name, memory.read(name))
        return name

    def keyed(self) -> bool:
        """Whether a model can be reached: by the key given, the environment's, or the workspace's `.env`."""
        return bool(self._credentials.current())

    def _now(self, session: str) -> SessionStarted:
        """How a session would begin today: in the role and with the model that were chosen in it last, or else with
        the model of the settings.
        """
        from throughline.domain.events import RoleAndModelChanged

        begun = evolve(self.find(session), model=self._settings.model)
        for logged in self._database()[0].read(session):
            if isinstance(logged.event, RoleAndModelChanged):
                begun = evolve(begun, role=logged.event.role, model=logged.event.model)
        return begun

    def _ports(self, begun: SessionStarted, listener: Listener, files: Workspace) -> SessionPorts:
        from throughline.agent.output import hide
        from throughline.domain.sanitization import cleaned
        from throughline.session.actor import SessionPorts

        def hidden(value: Any) -> Any:
            # Asked each time: the key may come, or be another, while a turn runs.
            return hide(value, self._credentials.secrets(), self._settings.allowed_secrets)

        store, archive = self._database()
        # What the log has is masked of credentials: what is sent is the same before and after a resume.
        aim, where = (hidden(cleaned(text)) for text in (begun.objective, begun.environment))
        prompt = system(self.disk, begun.role, self.disk.root.name, aim, where)
        tokens = self._container.tokens
        tokens.count("The ranks are loaded here, off the event loop.")
        made = skeleton_cache(store)
        return SessionPorts(
            store,
            archive,
            files,
            tokens,
            self._clock,
            listener,
            prompt,
            session_worker(),
            session_worker(),
            made,
            hide=hidden,
        )

    def _staffed(
        self, session_ports: SessionPorts, origin: Origin, model: str, session: str
    ) -> tuple[SessionPorts, AgentConfig]:
        """A session's model with its tools, and the ports over what they act in: the workspace, or a copy of the sample
        project beside the recording, where there is one.
        """
        from throughline.agent.tool_executor import tool_executor
        from throughline.app.tool_ports import demo_sandbox, tool_ports
        from throughline.workspace.workspace_files import WorkspaceFiles

        config, sample = self._config(origin, model), self._reach.demo.parent / "project"
        if origin == "live":
            policy = evolve(self._policy, secrets=self._credentials.secrets)
            ports = tool_ports(self._root, session_ports.workspace, session_ports.store, session_ports.tokens, policy)
            tools = tool_executor(ports)
        elif origin == "demo" and sample.is_dir():
            made = demo_sandbox(
                sample, session_ports.store.read(session), session_ports.store, session_ports.tokens, self._policy.heard
            )
            ports, tools = made.ports, made.tools
            # Without an editor, what the recording changes is what the session sees.
            session_ports = (
                evolve(session_ports, workspace=WorkspaceFiles(made.root))
                if session_ports.workspace is self.disk
                else session_ports
            )
        else:
            return session_ports, config
        return evolve(session_ports, checkpoints=ports.checkpoints), evolve(
            config, tools=tools, tell=tools.notify_external_changes
        )

    def _config(self, origin: Origin, name: str) -> AgentConfig:
        from throughline.agent.loop import AgentConfig, SummarizerConfig
        from throughline.agent.tool_executor import NoTools
        from throughline.domain.recording import recorded_turns
        from throughline.llm.prompt_cache_model import PromptCacheModel
        from throughline.llm.replay_model import DemoTools, ScriptedDemoModel
        from throughline.workspace.prompts import commenting, distilling, summarising

        tokens, prices = self._container.tokens, self._provider.prices()
        if origin == "live":
            live, cheap = self._provider.live, self._settings.compressor
            prompts = (summarising(self.disk), distilling(self.disk))
            summariser = SummarizerConfig(live, cheap, *prompts) if cheap else None
            commenter = SummarizerConfig(live, cheap, commenting()) if cheap else None
            return AgentConfig(
                live, name, prices, NoTools(tokens), self._clock, summariser=summariser, commenter=commenter
            )
        played = recorded_turns(self.read(self._reach.demo).steps)
        cache = PromptCacheModel(self._clock, prices.factor(name))
        model = ScriptedDemoModel(played, cache, tokens, self._reach.pace, self._reach.aside)
        return AgentConfig(model, name, prices, DemoTools(played, tokens), self._clock, recorded=True)

    def _database(self) -> tuple[Store, ArchiveFile]:
        if self._store is None or self._archive is None:
            self._store, self._archive = open_store(self._root, self._news.append)
        return self._store, self._archive

    async def _tell(self, live: LiveSession) -> LiveSession:
        """Says in the first session that is opened what there is to say of the database; once is enough."""
        from throughline.domain.events import Notice

        self.news, self._news = tuple(self._news), []
        if self.news:
            await live.record(*map(Notice, self.news))
            await to_thread(origin_notice, self._database()[0], self._root, known_databases())
        return live


class _Nobody:
    """Listens to a session that is played before anyone looks at it."""

    def logged(self, events: Sequence[Logged]) -> None:
        """Nothing to show."""

    def streamed(self, turn: int, text: str) -> None:
        """Nothing to show."""
