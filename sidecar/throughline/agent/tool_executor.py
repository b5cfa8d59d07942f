"""The tool executor of a live session: runs a reply's calls, records what comes of them, stops a model in circles."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeVar

from attrs import evolve

from throughline.agent.file_context import ExternalChanges
from throughline.agent.permissions import PermissionGate
from throughline.agent.tool import AgentTool, ContentCache, Result, ToolCallContext, ToolPorts, tool_schema
from throughline.agent.tools.changes import ShowChanges
from throughline.agent.tools.edit_file import EditFile
from throughline.agent.tools.list_files import ListFiles
from throughline.agent.tools.read_file import ReadFile
from throughline.agent.tools.recall import Recall
from throughline.agent.tools.run_command import RunCommand, StoppedError
from throughline.agent.tools.search import Search
from throughline.agent.tools.skeleton import ReadSkeleton
from throughline.agent.tools.update_memory import UpdateMemory
from throughline.agent.tools.write_file import WriteFile
from throughline.domain.argument_masking import find_stub, stub_refusal
from throughline.domain.errors import UserError
from throughline.domain.events import Event, FullOutputStored, ToolCalled, ToolReturned
from throughline.domain.ports import ActError, Log, Outcome, Tokens, Tool
from throughline.memory.text import clip

# The same call with the same end, so often in a row.
FAILING = 3
SAME = 6


class LoopDetector:
    """Counts how often a call has come again with nothing in between, within one turn."""

    def __init__(self) -> None:
        self._turn = 0
        self._last: tuple[str, str, bool, str] | None = None
        self._times = 0

    def check(self, call: ToolCalled, result: ToolReturned) -> str:
        """What to say to the user where it is enough; nothing where it may go on."""
        # A call that fails is the same whatever it says; one that succeeds must say the same too.
        said = "" if result.error else result.text
        this = (call.tool, json.dumps(call.args, sort_keys=True), result.error, said)
        self._times = self._times + 1 if (self._turn, self._last) == (call.turn, this) else 1
        self._turn, self._last = call.turn, this
        if self._times < (FAILING if result.error else SAME):
            return ""
        what = f"{call.tool} {clip(' '.join(map(str, call.args.values())), 80)}".strip()
        if result.error:
            first = clip(result.text, 160)
            return f"The same call failed {self._times} times in a row ({what}: {first}). Say how to go on."
        return f"The same call was made {self._times} times in a row with the same result ({what}). Say how to go on."


# A model that goes on calling what it was not offered is stopped after this many replies in a turn.
PATIENCE = 3


class NoTools:
    """Offers nothing, and says so to a model that calls something all the same."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._refused: tuple[int, int] = (0, 0)

    def offered(self) -> tuple[Tool, ...]:
        """Nothing."""
        return ()

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        """A refusal for each call; hands back when there are none, or when it has said so often enough."""
        last, times = self._refused
        times = (times if last == turn else 0) + bool(calls)
        self._refused = (turn, times)
        return Outcome(tuple(self._refusal(call) for call in calls), hand_back=not calls or times >= PATIENCE)

    def _refusal(self, call: ToolCalled) -> ToolReturned:
        text = f"There is no tool {call.tool} in this session: answer without tools."
        return ToolReturned(call.turn, call.id, text, self._tokens.count(text), error=True)


T = TypeVar("T")

logger = logging.getLogger(__name__)

# A result that is longer than this many characters is counted in a thread.
_LONG = 20_000


def tool_executor(ports: ToolPorts) -> ToolExecutor:
    """All tools, over the ports that they act through."""
    tools = (
        ReadFile(), ListFiles(), Search(), ReadSkeleton(), EditFile(), WriteFile(), RunCommand(), ShowChanges(),
        Recall(), UpdateMemory(),
    )  # fmt: skip
    return ToolExecutor(tools, ports)


class ToolExecutor:
    """Runs calls: reads side by side, whatever changes something alone and in order."""

    def __init__(self, tools: Sequence[AgentTool], ports: ToolPorts) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._ports = ports
        self._gate = PermissionGate(ports)
        self._patience = LoopDetector()
        self._texts = ContentCache()
        self._news = ExternalChanges(ports, self._texts)

    def offered(self) -> tuple[Tool, ...]:
        """What to tell the model of."""
        return tuple(tool_schema(name).tool for name in self._tools)

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        """Runs the calls of one reply; each result is in the log before the next call that changes something."""
        stop = ""
        for group in self._groups(calls):
            results = await self._together(group, log)
            for call, result in zip(group, results, strict=True):
                stop = stop or self._patience.check(call, result)
        return Outcome(hand_back=not calls or bool(stop), stop=stop)

    async def notify_external_changes(self, turn: int, log: Log) -> None:
        """Says to the model what has changed in the files that it knows, before it is asked."""
        await self._news.notify(turn, log)

    def _groups(self, calls: Sequence[ToolCalled]) -> Iterator[tuple[ToolCalled, ...]]:
        """Runs of calls that may go side by side, in order."""

        def writes(call: ToolCalled) -> bool:
            return call.tool in self._tools and self._tools[call.tool].writes

        for alone, run in groupby(calls, key=writes):
            group = tuple(run)
            yield from ((call,) for call in group) if alone else (group,)

    async def _together(self, calls: Sequence[ToolCalled], log: Log) -> list[ToolReturned]:
        tasks: list[asyncio.Task[tuple[Event, ...]]] = []
        try:
            for call in calls:
                # The user is asked one thing at a time.
                ready, told = await self._admitted(call, log)
                tasks.append(asyncio.create_task(self._finished(call, ready, told, log)))
            results = await asyncio.gather(*tasks)
        except BaseException:
            # Nothing goes on behind a turn that has ended.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        await log.record(*(event for one in results for event in one))
        return [next(event for event in one if isinstance(event, ToolReturned)) for one in results]

    async def _admitted(self, call: ToolCalled, log: Log) -> tuple[Result | AgentTool, str]:
        """The tool, once the call may run, with what is to be told beside its result; or the result that says why it
        may not run.
        """
        tool = self._tools.get(call.tool)
        if tool is None:
            return Result(f"There is no tool {call.tool}. There are {', '.join(self._tools)}.", error=True), ""
        try:
            if stub := find_stub(call.args):
                raise ActError(stub_refusal(stub))
            args = tool_schema(call.tool).read(call.args)
            # What changes a file looks at it first; what only reads follows a path, which takes no time.
            look = asyncio.to_thread if tool.writes else _at_once
            wants = await look(tool.wants, args, self._ports)
            told = await self._gate.check(call.tool, wants, self._work(call, log))
        except ActError as error:
            return Result(str(error), error=True), ""
        return tool, told

    async def _finished(self, call: ToolCalled, ready: Result | AgentTool, told: str, log: Log) -> tuple[Event, ...]:
        if isinstance(ready, Result):
            return await self._events(call, ready)
        work = self._work(call, log)
        try:
            result = await ready.run(tool_schema(call.tool).read(call.args), work)
        except StoppedError as stopped:
            await log.record(*await self._events(call, _beside(stopped.result, told)))
            raise
        except UserError as error:
            result = Result(str(error), error=True)
        except Exception as error:
            logger.error("%s failed", call.tool, exc_info=error)
            result = Result(f"{call.tool} failed by a fault of its own, {type(error).__name__}: try another way.", True)
        return await self._events(call, _beside(result, told))

    async def _events(self, call: ToolCalled, result: Result) -> tuple[Event, ...]:
        """What of a result enters the log: no credential does."""

        def work() -> tuple[Event, ...]:
            text = self._ports.masked(result.text)
            whole = (FullOutputStored(call.turn, call.id, self._ports.masked(result.whole)),) if result.whole else ()
            count = self._ports.tokens.count(text)
            returned = ToolReturned(call.turn, call.id, text, count, result.error, result.evidence)
            return (*result.events, *whole, returned)

        return await asyncio.to_thread(work) if len(result.text) + len(result.whole) > _LONG else work()

    def _work(self, call: ToolCalled, log: Log) -> ToolCallContext:
        return ToolCallContext(call.turn, call.id, log, self._ports, self._texts)


def _beside(result: Result, told: str) -> Result:
    """A result with a line beside it, which is no part of the whole output."""
    return evolve(result, text=f"{result.text}\n{told}") if told else result


async def _at_once(work: Callable[..., T], *given: Any) -> T:
    return work(*given)
