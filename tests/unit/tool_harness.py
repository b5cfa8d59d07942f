"""A toolbox over a real folder: the tools as a live session has them, with a user who answers by a script."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import count as counting
from pathlib import Path
from typing import Any

from attrs import evolve

from throughline.agent.tool import ToolPorts
from throughline.agent.tool_executor import tool_executor
from throughline.domain.changes import ComparedRevisions, FileChange
from throughline.domain.events import Event, ToolCalled, ToolReturned
from throughline.domain.ports import Allow, Ask, Deny, Outcome
from throughline.storage.in_memory import MemoryStore
from throughline.workspace.agent_filesystem import AgentFilesystem
from throughline.workspace.checkpoints import WorkspaceCheckpoints
from throughline.workspace.process import LocalCommandRunner
from throughline.workspace.search import LocalFileSearch
from unit.session_harness import ApproximateTokens, MemoryLog


class ScriptedApprover:
    """Keeps what it was asked, and answers in order; the last answer goes on for ever."""

    def __init__(self, *answers: Allow | Deny) -> None:
        self.asked: list[Ask] = []
        self.answers = list(answers) or [Allow()]

    async def ask(self, ask: Ask) -> Allow | Deny:
        self.asked.append(ask)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class UnchangedRepository:
    """A working tree in which nothing has changed, whatever it is compared with."""

    def read(self, span: ComparedRevisions) -> Iterable[FileChange]:  # noqa: ARG002
        return ()

    def base(self, one: str, other: str) -> str:  # noqa: ARG002
        return one


class ToolHarness:
    """The toolbox of one folder, the log that it writes, and what was shown of running calls."""

    def __init__(self, root: Path, answers: ScriptedApprover | None = None, **given: Any) -> None:
        self.root = root.resolve()
        self.answers = answers or ScriptedApprover()
        self.log = MemoryLog()
        self.turn = 1
        self.shown: list[str] = []
        self.showing = asyncio.Event()
        disk, store = AgentFilesystem(root), MemoryStore()
        checkpoints = WorkspaceCheckpoints(root, root / ".agent" / "checkpoints")
        ports = ToolPorts(
            files=disk, edits=disk, shell=LocalCommandRunner(root),
            finder=LocalFileSearch(root, ""), approver=self.answers,
            checkpoints=checkpoints, repository=UnchangedRepository(), store=store,
            tokens=ApproximateTokens(), heard=self._heard,
        )  # fmt: skip
        self.ports = evolve(ports, **given)
        self.tools = tool_executor(self.ports)
        self._numbers = counting(1)

    def _heard(self, _: str, text: str) -> None:
        self.shown.append(text)
        self.showing.set()

    def calls(self, *wanted: tuple[str, dict[str, Any]]) -> list[ToolCalled]:
        return [ToolCalled(self.turn, f"c{next(self._numbers)}", tool, args, 1) for tool, args in wanted]

    async def run(self, calls: Sequence[ToolCalled]) -> Outcome:
        await self.log.record(*calls)
        return await self.tools.run(self.turn, calls, self.log)

    async def call(self, tool: str, /, **args: Any) -> ToolReturned:
        """One call and its result."""
        await self.run(self.calls((tool, args)))
        return self.results[-1]

    @property
    def results(self) -> list[ToolReturned]:
        return [event for event in self.log.events if isinstance(event, ToolReturned)]

    def kept(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.log.events if isinstance(event, kind)]

    def write(self, path: str, text: str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return place
