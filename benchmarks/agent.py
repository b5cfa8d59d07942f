"""What the agent itself costs: the loop around model and tools, the first word, the end of a long session, a stop.

    .venv/bin/python benchmarks/agent.py

The database, the token counts, the view and the compression are real; model and tool answer at once, so that what is
left is the loop's own. The demo session is played with its real tools.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from throughline.agent.loop import AgentConfig
from throughline.agent.permissions import AlwaysAllow
from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts
from throughline.agent.tool_executor import ToolExecutor, tool_executor
from throughline.app.tool_ports import demo_sandbox
from throughline.domain.events import FileInjected, Logged, SessionStarted, ToolReturned
from throughline.domain.ports import CallPiece, EndPiece, Piece, Request, TextPiece
from throughline.domain.recording import recorded_turns
from throughline.domain.settings import Settings
from throughline.domain.usage import Usage
from throughline.llm.anthropic import Anthropic
from throughline.llm.catalogue import load_prices
from throughline.llm.credentials import Credentials
from throughline.llm.prompt_cache_model import PromptCacheModel
from throughline.llm.replay_model import ScriptedDemoModel
from throughline.llm.tokens import O200k
from throughline.session.actor import SessionPorts
from throughline.session.live_session import LiveSession
from throughline.storage.archive_file import ArchiveOnDisk
from throughline.storage.event_store import SqliteEventStore
from throughline.storage.in_memory import MemoryStore
from throughline.testing.messages_server import MessagesServer, ScriptedReply
from throughline.transcripts.read import read
from throughline.workspace.agent_filesystem import AgentFilesystem
from throughline.workspace.checkpoints import WorkspaceCheckpoints
from throughline.workspace.clock import WallClock
from throughline.workspace.git import Git
from throughline.workspace.git_diff import GitDiff
from throughline.workspace.process import LocalCommandRunner
from throughline.workspace.search import LocalFileSearch
from throughline.workspace.workspace_files import WorkspaceFiles

DEMO = Path(__file__).parents[1] / "demo"
CALLS, EDGE = 2_000, 200
BEGUN = SessionStarted("bench", "measure", "engineer", "bench", "claude-sonnet-5-5", 200_000)
TOKENS = O200k()
# What a call gives back: some 500 tokens, as a look at a file does.
OUTPUT = "".join(f"line {n}: the quick brown fox jumps over the lazy dog\n" for n in range(40))


class Listener:
    """Notes when text was shown."""

    def __init__(self) -> None:
        self.streamed_at: list[float] = []

    def logged(self, events: Sequence[Logged]) -> None:
        """Nothing to show."""

    def streamed(self, turn: int, text: str) -> None:  # noqa: ARG002
        """A piece of text is shown."""
        self.streamed_at.append(time.perf_counter())


class Ready:
    """A tool that has its answer ready."""

    name = "list_files"
    writes = False

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:  # noqa: ARG002
        """Nothing."""
        return ()

    async def run(self, args: Args, work: ToolCallContext) -> Result:  # noqa: ARG002
        """The same for every call."""
        return Result(OUTPUT)


class Caller:
    """A model that makes so many calls in each turn, one a reply, and notes when it was asked."""

    def __init__(self, calls: int) -> None:
        self.asked_at: list[float] = []
        self.busy_at: list[float] = []
        self.spoke_at: list[float] = []
        self.watch: Callable[[int], None] = lambda _: None
        self._calls = calls

    async def stream(self, request: Request) -> AsyncIterator[Piece]:  # noqa: ARG002
        """The next call, or the end of the turn."""
        self.asked_at.append(time.perf_counter())
        self.busy_at.append(time.process_time())
        number = len(self.asked_at)
        self.watch(number)
        if number % (self._calls + 1):
            yield CallPiece(f"c{number}", "list_files", {"path": f"folder/{number}"})
        else:
            self.spoke_at.append(time.perf_counter())
            yield TextPiece("Done.")
        yield EndPiece("end_turn", Usage(input=10, output=5))

    def suggestion(self, said: Sequence[str]) -> str:  # noqa: ARG002
        """Nothing."""
        return ""


def ports(root: Path, heard: Callable[[str, str], None] = lambda *_: None) -> ToolPorts:
    """The real ports over a folder, and a user who says yes."""
    disk = AgentFilesystem(root)
    return ToolPorts(
        files=disk, edits=disk, shell=LocalCommandRunner(root), finder=LocalFileSearch(root), approver=AlwaysAllow(),
        checkpoints=WorkspaceCheckpoints(root, root / ".agent" / "checkpoints"), repository=GitDiff(Git(root)),
        store=SqliteEventStore(root / ".agent" / "throughline.db"), tokens=TOKENS, heard=heard,
    )  # fmt: skip


async def session(root: Path, model: Any, tools: Any, listener: Listener, store: Any) -> LiveSession:
    """A live session in a folder."""
    TOKENS.count("The ranks are loaded here.")
    clock, archive = WallClock(), ArchiveOnDisk(root / ".agent")
    worker, writer = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    ports = SessionPorts(
        store, archive, WorkspaceFiles(root), TOKENS, clock, listener, "You are an engineer.", worker, writer
    )
    config = AgentConfig(model, BEGUN.model, load_prices(), tools, clock, tell=tools.tell)
    return await LiveSession.start(ports, config, Settings(replies=CALLS + 10), BEGUN)


async def long_session(
    root: Path, turns: int, watch: Callable[[int], None] | None = None
) -> tuple[list[float], list[float]]:
    """Seconds of each of 2,000 calls, over so many turns, by the clock and of the processor: all but the model and the
    tool, maskings and compactions among them.
    """
    given = ports(root)
    model, listener = Caller(CALLS // turns), Listener()
    if watch:
        model.watch = watch
    live = await session(root, model, ToolExecutor([Ready()], given), listener, given.store)
    for _ in range(turns):
        await live.send("Go on.")
        await live.idle()
    ends = [turn.ending for turn in live.session.turns]
    await live.close()
    assert ends == ["done"] * turns, ends
    return _gaps(model.asked_at, CALLS // turns), _gaps(model.busy_at, CALLS // turns)


def _gaps(times: Sequence[float], calls: int) -> list[float]:
    """From each call to the next; the reply that ends a turn makes none."""
    between = [after - before for before, after in pairwise(times)]
    return [gap for place, gap in enumerate(between, 1) if place % (calls + 1)]


async def memory(root: Path, turns: int) -> tuple[float, float]:
    """Bytes that a call leaves behind, at the start and at the end of 2,000."""
    marks: dict[int, int] = {}

    def watch(number: int) -> None:
        if number in (EDGE, 2 * EDGE, CALLS - EDGE, CALLS):
            marks[number] = tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        await long_session(root, turns, watch)
    finally:
        tracemalloc.stop()
    return (marks[2 * EDGE] - marks[EDGE]) / EDGE, (marks[CALLS] - marks[CALLS - EDGE]) / EDGE


async def first_word(root: Path) -> list[float]:
    """Seconds from a server's first word to the listener, through the real SDK."""
    sent: list[float] = []

    def reply(_: object) -> ScriptedReply:
        sent.append(time.perf_counter())
        return ScriptedReply("Hello there.")

    given, listener, delays = ports(root), Listener(), []
    async with MessagesServer(reply) as fake:
        model = Anthropic(Credentials("sk-bench", fake.url))
        live = await session(root, model, tool_executor(given), listener, given.store)
        for _ in range(30):
            before = len(listener.streamed_at)
            await live.send("Say hello.")
            await live.idle()
            delays.append(listener.streamed_at[before] - sent[-1])
        await live.close()
        await model.close()
    return delays[1:]  # The first one imports the SDK.


async def passed_on(root: Path) -> list[float]:
    """Seconds from a piece of text leaving the model's port to the listener."""
    given, model, listener = ports(root), Caller(0), Listener()
    live = await session(root, model, ToolExecutor([Ready()], given), listener, given.store)
    for _ in range(100):
        await live.send("Go on.")
        await live.idle()
    await live.close()
    return [shown - spoke for spoke, shown in zip(model.spoke_at, listener.streamed_at, strict=True)]


class Runner:
    """A model that runs one command for ever."""

    async def stream(self, request: Request) -> AsyncIterator[Piece]:  # noqa: ARG002
        """The command."""
        yield CallPiece("r", "run_command", {"command": "echo begun; sleep 600 & sleep 600"})
        yield EndPiece("tool_use", Usage(input=10, output=5))

    def suggestion(self, said: Sequence[str]) -> str:  # noqa: ARG002
        """Nothing."""
        return ""


async def stops(root: Path) -> list[float]:
    """Seconds from a cancel to the end of the turn, with a command and its child running."""
    begun = asyncio.Event()
    given = ports(root, lambda *_: begun.set())
    live = await session(root, Runner(), tool_executor(given), Listener(), given.store)
    taken = []
    for _ in range(20):
        begun.clear()
        await live.send("Run it.")
        await begun.wait()
        before = time.perf_counter()
        await live.cancel()
        taken.append(time.perf_counter() - before)
    await live.close()
    return taken


async def demo() -> dict[str, Any]:
    """The recorded session with its real tools in a copy of the sample project: what came of it."""
    recording = read(DEMO / "session.jsonl")
    recorded = {step.call_id: step.error for step in recording.steps if step.kind == "tool_result"}
    played = recorded_turns(recording.steps)
    store, heard = MemoryStore(), Listener()
    made = demo_sandbox(DEMO / "project", (), store, TOKENS, lambda *_: None)
    clock = WallClock()
    model = ScriptedDemoModel(played, PromptCacheModel(clock, 1.6), TOKENS, 0.0)
    live = await session(made.root, model, made.tools, heard, store)
    await live.inject("toolshed/store.py", "skeleton")
    began = time.perf_counter()
    for scene in played:
        await live.send(*(step.text for step in scene.words))
        await live.idle()
    taken = time.perf_counter() - began
    events = [one.event for one in store.read(BEGUN.session)]
    results = {event.id: event for event in events if isinstance(event, ToolReturned)}
    tests = [event.text for event in results.values() if " passed" in event.text]
    ended = live.session
    same = [name for name, result in results.items() if result.error == recorded[name]]
    await live.close()
    return {
        "turns": f"{sum(turn.ending == 'done' for turn in ended.turns)} of {len(played)}",
        "calls that ended as recorded": f"{len(same)} of {len(recorded)}",
        "its last run of the tests": tests[-1].rstrip().splitlines()[-2].strip("= "),
        "checkpoints": len(ended.checkpoints),
        "compactions": len(ended.compactions),
        "the injected skeleton was made again": sum(isinstance(event, FileInjected) for event in events) - 1,
        "seconds": f"{taken:.0f}",
    }


def main() -> None:
    """Prints one table, then what came of the demo session."""
    print("| what | measured | wanted |\n|---|---:|---:|")
    for name, turns in (("20 turns of 100 calls", 20), ("one turn of 2,000 calls", 1)):
        gaps, busy = _in_folder(partial(long_session, turns=turns))
        _row(f"loop a call, {name}, by the clock, p50 / p99", _both(gaps, _p99(gaps)), "p99 < 10 ms")
        _row("the same, the processor's time, p50 / p99", _both(busy, _p99(busy)), "")
        start, end = statistics.median(gaps[:EDGE]), statistics.median(gaps[-EDGE:])
        _row(f"time a call, last {EDGE} over first {EDGE}, {name}", f"{end / start:.2f}", "≤ 1.5")
        first, last = _in_folder(partial(memory, turns=turns))
        kept = f"{last / first:.2f} ({first / 1000:.1f} → {last / 1000:.1f} KB)"
        _row(f"memory a call, the same, {name}", kept, "≤ 1.5")
    passed, words, taken = (_in_folder(work) for work in (passed_on, first_word, stops))
    _row("first text, from the model's port to the listener, p50 / max", _both(passed, max(passed)), "< 5 ms")
    _row("the same from a server's reply, through the SDK, p50 / max", _both(words, max(words)), "")
    _row("cancel to silence, a command running, p50 / max of 20", _both(taken, max(taken)), "< 200 ms")
    print("\n| the demo session with its real tools | |\n|---|---:|")
    for what, value in asyncio.run(demo()).items():
        print(f"| {what} | {value} |")


def _in_folder(work: Callable[[Path], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            return await work(Path(folder))

    return asyncio.run(run())


def _row(what: str, measured: str, wanted: str) -> None:
    print(f"| {what} | {measured} | {wanted} |", flush=True)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.0f} µs"


def _both(values: Sequence[float], worst: float) -> str:
    return f"{_ms(statistics.median(values))} / {_ms(worst)}"


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


if __name__ == "__main__":
    main()
