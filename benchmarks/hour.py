"""Whether a cache that lasts an hour costs less than one that lasts five minutes: recorded sessions, billed each way.

    .venv/bin/python benchmarks/hour.py

Replays the Claude Code sessions of ../shared, with the pauses that their people made, against the model of the
provider's cache, at the prices of the default model: nothing kept for an hour, what is stable (tools, system prompt,
archive), or all; where all is, the cache goes cold after an hour for the policy too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from throughline.agent.loop import Crew
from throughline.core.events import CallBilled, Logged, SessionStarted
from throughline.core.recording import Step, scenes
from throughline.core.settings import Hour, Settings, Strategy
from throughline.core.usage import break_even
from throughline.models.cache import PromptCache
from throughline.models.prices import PriceTable, load
from throughline.models.recorded import ReplayModel, ReplayTools, Tape
from throughline.models.tokens import O200k
from throughline.session.owner import Owner
from throughline.session.replay import replay
from throughline.session.world import World
from throughline.store.memory import MemoryArchive, MemoryStore
from throughline.transcripts.read import read
from throughline.workspace.folder import Folder

RAW = Path(__file__).parents[2] / "shared" / "sessions" / "raw" / "entireio-cli"
STRATEGIES: tuple[Strategy, ...] = ("full", "throughline")
HOURS: tuple[Hour, ...] = ("never", "stable", "always")
# About what an agent's tools and system prompt take: as the trace's stand-in for them, in characters.
FIXED = "You are an engineer. " * 1_150
WORKER = ThreadPoolExecutor(max_workers=1)


class Nobody:
    """Listens to nothing."""

    def logged(self, events: Sequence[Logged]) -> None:
        """Not shown."""

    def streamed(self, turn: int, text: str) -> None:
        """Not shown."""


def main() -> None:
    """Prints a row a session, and the rule."""
    if not RAW.is_dir():
        print(f"SKIPPED: there is no {RAW}")
        return
    tokens, prices = O200k(), load()
    ways = [(strategy, hour) for strategy in STRATEGIES for hour in HOURS]
    heads = " ".join(f"{f'{strategy[:4]} {hour}':>11}" for strategy, hour in ways)
    print(f"{'dollars':36} {'calls':>5} {'pauses':>6} {heads}")
    for path in sorted(RAW.glob("*.jsonl")):
        steps = read(path).steps
        tape = Tape(scenes(steps))
        if not tape.timed:
            continue
        costs = [asyncio.run(_cost(steps, strategy, hour, tokens, prices)) for strategy, hour in ways]
        calls, pauses = costs[0][1:]
        row = " ".join(f"{cost:>11.3f}" for cost, _, _ in costs)
        print(f"{path.stem[:36]:36} {calls:>5} {pauses:>6} {row}")
    price = prices.price(Settings().model, 0)
    assert price is not None
    enough = break_even(price)
    print(f"An hour pays where what such pauses would let go cold is over {enough:.2f} times what is written.")


async def _cost(
    steps: tuple[Step, ...], strategy: Strategy, hour: Hour, tokens: O200k, prices: PriceTable
) -> tuple[float, int, int]:
    """Dollars, calls, and the pauses between calls of more than five minutes and at most an hour."""
    settings = Settings(strategy=strategy, hour=hour, cold=3_600.0 if hour == "always" else 300.0)
    tape = Tape(scenes(steps))
    cache = PromptCache(tape, prices.factor(settings.model), settings.hour)
    world = World(MemoryStore(), MemoryArchive(), Folder(Path.cwd()), tokens, tape, Nobody(), FIXED, WORKER)
    model, tools = ReplayModel(tape, cache, tokens), ReplayTools(tape, tokens)
    crew = Crew(model, settings.model, prices, tools, tape, recorded=True)
    begun = SessionStarted("s", "", "engineer", "", settings.model, prices.window(settings.model), "recording")
    owner = await Owner.start(world, crew, settings, begun)
    try:
        await replay(owner, tape.scenes, tape, lambda _: None)
    finally:
        await owner.close()
    began = [one.event.began for one in world.store.read("s") if isinstance(one.event, CallBilled)]
    pauses = sum(300 < after - before <= 3_600 for before, after in pairwise(began))
    total = owner.session.bill.total
    return total.dollars, total.calls, pauses


if __name__ == "__main__":
    main()
