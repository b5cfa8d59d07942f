"""A world for a live session: everything in memory, the clock set by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from attrs import evolve

from throughline.agent.loop import AgentConfig
from throughline.domain.events import Event, Logged
from throughline.domain.file_knowledge import digest
from throughline.domain.ports import Model, Toolbox, Workspace
from throughline.domain.session import fold
from throughline.llm.catalogue import load_prices
from throughline.session.actor import SessionPorts
from throughline.storage.in_memory import MemoryArchive, MemoryStore
from throughline.testing.scripted import ScriptedTools
from unit.event_logs import STARTED, count, log

WORKER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="test")


class ApproximateTokens:
    """Counts near enough."""

    def count(self, text: str) -> int:
        return count(text)


class ManualClock:
    """Goes where it is put. `waits` are the times that somebody waits for."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self.waits: list[float] = []
        self._moved = asyncio.Event()

    def now(self) -> float:
        return self.time

    def put(self, when: float) -> None:
        """Goes there, and wakes who waits for it."""
        self.time = when
        self._moved.set()

    async def until(self, when: float) -> None:
        self.waits.append(when)
        try:
            while self.time < when:
                self._moved.clear()
                await self._moved.wait()
        finally:
            self.waits.remove(when)


class MemoryFiles(dict[str, str]):
    """A workspace in memory: texts by path."""

    def text(self, path: str) -> str | None:
        return self.get(path)

    def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        return {path: digest(self[path]) if path in self else None for path in paths}

    def files(self, path: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self if name == path or name.startswith(f"{path}/")))

    def touched(self, paths: Iterable[str]) -> None:
        """Every text is looked at anew."""


class RecordingListener:
    """Keeps what a session told, and may act on it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.text = ""
        self.act: Callable[[Event], None] = lambda _: None

    def logged(self, events: Sequence[Logged]) -> None:
        for one in events:
            self.events.append(one.event)
            self.act(one.event)

    def streamed(self, turn: int, text: str) -> None:  # noqa: ARG002
        self.text += text


class MemoryLog:
    """A session's log as its tools see it, without an owner."""

    def __init__(self, *events: Event) -> None:
        self.session = fold(log(STARTED, *events))
        self.events: list[Event] = []

    async def record(self, *events: Event) -> None:
        self.session = fold(log(*events, first=self.session.seq + 1), self.session)
        self.events += events


class SessionHarness:
    """The parts of a world, to look into."""

    def __init__(self, archive: str = "") -> None:
        self.store = MemoryStore()
        self.archive = MemoryArchive(archive)
        self.files = MemoryFiles()
        self.clock = ManualClock()
        self.heard = RecordingListener()
        self.ports = SessionPorts(
            self.store,
            self.archive,
            self.files,
            ApproximateTokens(),
            self.clock,
            self.heard,
            "You are an engineer.",
            WORKER,
        )

    def over(self, workspace: Workspace) -> SessionPorts:
        """The same world over other files."""
        return evolve(self.ports, workspace=workspace)

    def config(self, model: Model, results: dict[str, str] | None = None, tools: Toolbox | None = None) -> AgentConfig:
        given = tools or ScriptedTools(results or {}, ApproximateTokens())
        return AgentConfig(model, "claude-sonnet-5-5", load_prices(), given, self.clock)
