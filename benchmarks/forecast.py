"""How near what is said before a message comes to what that message pays again: recorded sessions with their pauses.

    .venv/bin/python benchmarks/forecast.py

Replays the Claude Code sessions of ../shared against the model of the provider's cache, nothing kept for an hour.
Before each turn the session is asked what its first call will pay again; after it, the bill says what was written.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from attrs import field, frozen

from throughline.app.container import Container
from throughline.domain.events import CallBilled, Logged
from throughline.domain.settings import Settings
from throughline.storage.in_memory import MemoryArchive, MemoryStore
from throughline.transcripts.read import read
from throughline.workspace.workspace_files import WorkspaceFiles

RAW = Path(__file__).parents[2] / "shared" / "sessions" / "raw" / "entireio-cli"


class Bills:
    """Keeps the calls of the chat."""

    def __init__(self) -> None:
        self.calls: list[CallBilled] = []

    def logged(self, events: Sequence[Logged]) -> None:
        """Takes the bills among the events."""
        bills = (one.event for one in events if isinstance(one.event, CallBilled))
        self.calls += [bill for bill in bills if bill.purpose == "chat"]

    def streamed(self, turn: int, text: str) -> None:
        """Not shown."""


@frozen
class Turn:
    """What was foretold of a turn's first call and what it paid, in the model's tokens; the seconds that it took to
    foretell it, and whether the cache had expired.
    """

    foretold: int
    paid: int
    seconds: float
    cold: bool


@frozen
class Told:
    """A session's turns."""

    turns: list[Turn] = field(factory=list)

    @property
    def errors(self) -> list[float]:
        """How far what was foretold was from what was paid, as a part of that, wherever the cache had expired."""
        return [abs(turn.foretold - turn.paid) / turn.paid for turn in self.turns if turn.cold]

    @property
    def wrong(self) -> int:
        """The turns where something was foretold and the cache was warm, or nothing and it was cold."""
        return sum(bool(turn.foretold) != turn.cold for turn in self.turns)


def main() -> None:
    """Prints a row a session, then all of them."""
    if not RAW.is_dir():
        print(f"SKIPPED: there is no {RAW}")
        return
    whole = Told()
    print(f"{'session':40} {'turns':>5} {'expired':>7} {'wrong':>5} {'median':>6} {'worst':>6}")
    for path in sorted(RAW.glob("*.jsonl")):
        told = asyncio.run(play(path))
        whole.turns.extend(told.turns)
        show(path.stem, told)
    show("all", whole)
    slowest = max(turn.seconds for turn in whole.turns)
    print(f"the slowest took {1_000 * slowest:.0f} ms")


def show(name: str, told: Told) -> None:
    """Prints a row."""
    errors = told.errors
    near = f"{statistics.median(errors):>6.1%} {max(errors):>6.1%}" if errors else ""
    print(f"{name:40} {len(told.turns):>5} {len(errors):>7} {told.wrong:>5} {near}")


async def play(path: Path) -> Told:
    """A session, asked before each of its turns."""
    bills, told = Bills(), Told()
    folder, settings = WorkspaceFiles(path.parent / "nowhere"), Settings(hour="never")
    stage = await Container().prepare_replay_in(read(path), folder, MemoryStore(), MemoryArchive(), settings, bills)
    for scene in stage.scenes:
        stage.cursor.begin(scene)
        words = [step.text for step in scene.words]
        if not scene.exchanges:
            await stage.live.note(*words)
            continue
        began = perf_counter()
        foretold = stage.live.forecast().tokens
        seconds, before = perf_counter() - began, len(bills.calls)
        await stage.live.send(*words)
        await stage.live.idle()
        first = bills.calls[before]
        told.turns.append(Turn(foretold, first.cache_write + first.input, seconds, first.idle > settings.cold))
    await stage.live.close()
    return told


if __name__ == "__main__":
    main()
