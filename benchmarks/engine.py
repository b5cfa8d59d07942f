"""The engine's own time and memory, without a model.

    .venv/bin/python benchmarks/engine.py

Plays a made-up session of 1,000 turns and a single turn of 2,000 tool calls through the live session's owner into a
real database, and compares early turns (and calls) with late ones of the same run. The memory is that of
`throughline replay` on the largest recorded session of ../shared; `--help` is timed against an import of its libraries.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from throughline.app.container import Container
from throughline.domain.events import Logged
from throughline.domain.ports import CallPiece, EndPiece, Model, Piece, Request, TextPiece
from throughline.domain.recording import RecordedEvent, Recording
from throughline.domain.settings import Settings
from throughline.domain.usage import Usage
from throughline.session.replay import Player, play_recording

SHARED = Path(__file__).parents[2] / "shared" / "sessions" / "raw"
TURNS, CALLS, LONG = 1_000, 3, 2_000
# So many turns (or calls) make a mean: it holds whole rounds of maskings and compactions.
AROUND = 50
_STARTS, _ENDS = (
    "st re con pro de ch ma ser que tri lo par in ca bro fi".split(),
    "er ing able ive ote ant ue ish".split(),
)
# Enough words for sentences that do not all speak of the same.
WORDS = [f"{one}{two}{end}" for one in _STARTS for two in _STARTS for end in _ENDS]


class Instant:
    """Gives the recording's replies, and takes no time: no cache is kept account of."""

    def __init__(self, model: Model, cursor: Player) -> None:
        self._model = model
        self._cursor = cursor

    async def stream(self, request: Request) -> AsyncIterator[Piece]:  # noqa: ARG002
        """The recorded reply."""
        for step in self._cursor.exchange.reply:  # type: ignore[attr-defined]
            if step.kind == "tool_call":
                yield CallPiece(self._cursor.id(step), step.tool, step.args or {})  # type: ignore[attr-defined]
            else:
                yield TextPiece(step.text, last=True)
        yield EndPiece("end_turn", Usage(input=1_000, output=100))

    def suggestion(self, said: Sequence[str]) -> str:
        """Nothing: a recording has no user."""
        return self._model.suggestion(said)


# What the clock says, and how long the processor has worked for this process, in seconds.
Moment: TypeAlias = tuple[float, float]


def moment() -> Moment:
    """Now."""
    return time.perf_counter(), time.process_time()


class Watch:
    """Takes the time of each result that was kept, and of each turn's end."""

    def __init__(self) -> None:
        self.calls: list[Moment] = []
        self.replied: list[Moment] = []

    def logged(self, events: Sequence[Logged]) -> None:
        """Notes when a call's result stands in the log, and when a turn is over for whoever waits for it."""
        self.calls += [moment() for one in events if one.event.kind == "tool_returned"]
        self.replied += [moment() for one in events if one.event.kind == "turn_ended"]

    def streamed(self, turn: int, text: str) -> None:
        """Nothing to note."""


def talk(rng: random.Random, sentences: int) -> str:
    """So many sentences of made-up talk."""
    return " ".join(f"{' '.join(rng.choices(WORDS, k=9)).capitalize()}." for _ in range(sentences))


def session(turns: int, calls: int) -> Recording:
    """A session of so many turns, each with so many calls; a turn a minute, a call every five seconds of one."""
    rng = random.Random(1_000)
    steps: list[RecordedEvent] = []

    def add(role: str, kind: str, text: str, **more: object) -> None:
        at = 1.77e9 + 5.0 * len(steps)
        steps.append(RecordedEvent(len(steps), role, kind, text, at=at, **more))  # type: ignore[arg-type]

    for turn in range(turns):
        add("user", "prompt", talk(rng, 2))
        for call in range(calls):
            name, path = f"{turn}.{call}", f"src/{rng.choice(WORDS)}/{rng.choice(WORDS)}.py"
            add("assistant", "tool_call", "", tool="read", args={"path": path}, call_id=name)
            output = "\n".join(" ".join(rng.choices(WORDS, k=8)) for _ in range(rng.choice((4, 40, 120))))
            add("tool", "tool_result", output, call_id=name)
        decided = f"\n\n[DECISION]: {talk(rng, 1)}" if turn % 10 == 3 else ""
        add("assistant", "text", talk(rng, 4) + decided)
    return Recording(tuple(steps), "neutral", ())


async def played(recording: Recording) -> tuple[list[Moment], Watch]:
    """When each turn was over with all that follows it, and what was noted, kept in a database of its own."""
    factory, watch, ends = Container(), Watch(), list[Moment]()
    factory.tokens.count("The ranks are loaded before the clock runs.")
    with tempfile.TemporaryDirectory() as folder:
        stage = await factory.prepare_replay(recording, Path(folder), Settings(), watch, Instant, None)
        ends.append(moment())
        await play_recording(stage.live, stage.scenes, stage.cursor, lambda _: ends.append(moment()))
        await stage.live.close()
    return ends, watch


def compared(name: str, each: str, moments: Sequence[Moment], early: int = 10) -> None:
    """Prints what early and late ones took, as means over whole rounds, and the slowest in a hundred of all."""
    for which, kind in enumerate(("by the clock", "processor")):
        times = [(later[which] - earlier[which]) * 1e3 for earlier, later in pairwise(moments)]
        first, last = times[early : early + AROUND], times[-AROUND:]
        ratio, middle = (how(last) / how(first) for how in (statistics.mean, statistics.median))
        print(
            f"{name}, {kind}: {each} {early} to {early + AROUND} {statistics.mean(first):.1f} ms, "
            f"the last {AROUND} {statistics.mean(last):.1f} ms, ratio {ratio:.2f} (of medians {middle:.2f}), "
            f"p99 {sorted(times)[int(0.99 * len(times))]:.1f} ms"
        )


# A process inherits its parent's greatest memory, so a small one starts the replay.
_LAUNCH = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
print(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
sys.exit(child.returncode)
"""


def memory() -> None:
    """Prints the greatest resident memory of a replay of the largest recorded session."""
    paths = [path for path in SHARED.glob("*/*.*") if path.suffix in {".jsonl", ".md", ".traj"}]
    if not paths or not hasattr(os, "wait4"):
        print(f"memory: SKIPPED: {'this system does not tell it' if paths else f'there is no {SHARED}'}")
        return
    path = max(paths, key=lambda one: one.stat().st_size)
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "throughline", "replay", str(path), "--project", folder]
        done = subprocess.run([sys.executable, "-c", _LAUNCH, *command], capture_output=True, text=True, check=True)
    print(f"memory: {int(done.stdout) / 1e6:.0f} MB at most for {path.name} ({path.stat().st_size / 1e6:.1f} MB)")


def help_text(times: int = 15) -> None:
    """Prints how long `throughline --help` takes against the import of the two libraries it is drawn with."""
    commands = {"help": ["-m", "throughline", "--help"], "import": ["-c", "import click, rich"]}
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(times):
        for name, arguments in commands.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
            took[name].append(time.perf_counter() - began)
    ours, theirs = (statistics.median(took[name]) for name in commands)
    print(f"--help: {ours * 1e3:.0f} ms, import click, rich: {theirs * 1e3:.0f} ms, ratio {ours / theirs:.2f}")


def main() -> None:
    """Prints a line for each part."""
    turns, watch = asyncio.run(played(session(TURNS, CALLS)))
    compared(f"{TURNS:,} turns of {CALLS} calls", "turns", turns)
    waits = sorted((end[0] - begin[0]) * 1e3 for begin, end in zip(turns, watch.replied, strict=False))
    print(
        f"of those, until the reply is whole (compactions come after it): median {statistics.median(waits):.1f} ms, "
        f"p99 {waits[int(0.99 * len(waits))]:.1f} ms"
    )
    _, watch = asyncio.run(played(session(1, LONG)))
    compared(f"one turn of {LONG:,} calls", "calls", watch.calls)
    memory()
    help_text()


if __name__ == "__main__":
    main()
