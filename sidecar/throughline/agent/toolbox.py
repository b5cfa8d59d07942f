"""The tools of a live session: runs a reply's calls, records what comes of them, and stops a model in circles."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeVar

from attrs import evolve

from throughline.agent.gate import Gate
from throughline.agent.news import News
from throughline.agent.offer import offer
from throughline.agent.patience import Patience
from throughline.agent.tool import AgentTool, Ports, Result, Texts, Work
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
from throughline.core.acting import ActError
from throughline.core.arguments import stub_in, stub_refused
from throughline.core.deeds import OutputKept
from throughline.core.errors import UserError
from throughline.core.events import Event, ToolCalled, ToolReturned
from throughline.core.ports import Log, Outcome, Tool

T = TypeVar("T")

logger = logging.getLogger(__name__)

# A result that is longer than this many characters is counted in a thread.
_LONG = 20_000


def toolbox(ports: Ports) -> Tools:
    """All tools, over the ports that they act through."""
    tools = (
        ReadFile(), ListFiles(), Search(), ReadSkeleton(), EditFile(), WriteFile(), RunCommand(), ShowChanges(),
        Recall(), UpdateMemory(),
    )  # fmt: skip
    return Tools(tools, ports)


class Tools:
    """Runs calls: reads side by side, whatever changes something alone and in order."""

    def __init__(self, tools: Sequence[AgentTool], ports: Ports) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._ports = ports
        self._gate = Gate(ports)
        self._patience = Patience()
        self._texts = Texts()
        self._news = News(ports, self._texts)

    def offered(self) -> tuple[Tool, ...]:
        """What to tell the model of."""
        return tuple(offer(name).tool for name in self._tools)

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        """Runs the calls of one reply; each result is in the log before the next call that changes something."""
        stop = ""
        for group in self._groups(calls):
            results = await self._together(group, log)
            for call, result in zip(group, results, strict=True):
                stop = stop or self._patience.judge(call, result)
        return Outcome(hand_back=not calls or bool(stop), stop=stop)

    async def tell(self, turn: int, log: Log) -> None:
        """Says to the model what has changed in the files that it knows, before it is asked."""
        await self._news.tell(turn, log)

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
            if stub := stub_in(call.args):
                raise ActError(stub_refused(stub))
            args = offer(call.tool).read(call.args)
            # What changes a file looks at it first; what only reads follows a path, which takes no time.
            look = asyncio.to_thread if tool.writes else _at_once
            wants = await look(tool.wants, args, self._ports)
            told = await self._gate.admit(call.tool, wants, self._work(call, log))
        except ActError as error:
            return Result(str(error), error=True), ""
        return tool, told

    async def _finished(self, call: ToolCalled, ready: Result | AgentTool, told: str, log: Log) -> tuple[Event, ...]:
        if isinstance(ready, Result):
            return await self._events(call, ready)
        work = self._work(call, log)
        try:
            result = await ready.run(offer(call.tool).read(call.args), work)
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
            whole = (OutputKept(call.turn, call.id, self._ports.masked(result.whole)),) if result.whole else ()
            count = self._ports.tokens.count(text)
            returned = ToolReturned(call.turn, call.id, text, count, result.error, result.evidence)
            return (*result.events, *whole, returned)

        return await asyncio.to_thread(work) if len(result.text) + len(result.whole) > _LONG else work()

    def _work(self, call: ToolCalled, log: Log) -> Work:
        return Work(call.turn, call.id, log, self._ports, self._texts)


def _beside(result: Result, told: str) -> Result:
    """A result with a line beside it, which is no part of the whole output."""
    return evolve(result, text=f"{result.text}\n{told}") if told else result


async def _at_once(work: Callable[..., T], *given: Any) -> T:
    return work(*given)
