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

from throughline.agent.loop import AgentConfig
from throughline.domain.events import CallBilled, Logged, SessionStarted
from throughline.domain.recording import RecordedEvent, recorded_turns
from throughline.domain.settings import Hour, Settings, Strategy
from throughline.domain.usage import break_even
from throughline.llm.catalogue import PriceTable, load_prices
from throughline.llm.prompt_cache_model import PromptCacheModel
from throughline.llm.replay_model import ReplayCursor, ReplayModel, ReplayTools
from throughline.llm.tokens import O200k
from throughline.session.actor import SessionPorts
from throughline.session.live_session import LiveSession
from throughline.session.replay import play_recording
from throughline.storage.in_memory import MemoryArchive, MemoryStore
from throughline.transcripts.read import read
from throughline.workspace.workspace_files import WorkspaceFiles

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
    tokens, prices = O200k(), load_prices()
    ways = [(strategy, hour) for strategy in STRATEGIES for hour in HOURS]
    heads = " ".join(f"{f'{strategy[:4]} {hour}':>11}" for strategy, hour in ways)
    print(f"{'dollars':36} {'calls':>5} {'pauses':>6} {heads}")
    for path in sorted(RAW.glob("*.jsonl")):
        steps = read(path).steps
        cursor = ReplayCursor(recorded_turns(steps))
        if not cursor.timed:
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
    steps: tuple[RecordedEvent, ...], strategy: Strategy, hour: Hour, tokens: O200k, prices: PriceTable
) -> tuple[float, int, int]:
    """Dollars, calls, and the pauses between calls of more than five minutes and at most an hour."""
    settings = Settings(strategy=strategy, hour=hour)
    cursor = ReplayCursor(recorded_turns(steps))
    cache = PromptCacheModel(cursor, prices.factor(settings.model), settings.hour)
    ports = SessionPorts(
        MemoryStore(), MemoryArchive(), WorkspaceFiles(Path.cwd()), tokens, cursor, Nobody(), FIXED, WORKER
    )
    model, tools = ReplayModel(cursor, cache, tokens), ReplayTools(cursor, tokens)
    config = AgentConfig(model, settings.model, prices, tools, cursor, recorded=True)
    begun = SessionStarted("s", "", "engineer", "", settings.model, prices.window(settings.model), "recording")
    live = await LiveSession.start(ports, config, settings, begun)
    try:
        await play_recording(live, cursor.scenes, cursor, lambda _: None)
    finally:
        await live.close()
    began = [one.event.began for one in ports.store.read("s") if isinstance(one.event, CallBilled)]
    pauses = sum(300 < after - before <= 3_600 for before, after in pairwise(began))
    total = live.session.bill.total
    return total.dollars, total.calls, pauses


if __name__ == "__main__":
    main()
