"""Whether the demo and the public recordings are ever refused by the server that enforces the provider's contract.

    .venv/bin/python benchmarks/contract.py

Each is played over the newest contract and over that of 4.5, by the real SDK, with made-up thinking before each reply:
see `throughline/testing/contract_replay.py`. Those of ../shared are skipped where they are missing.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from throughline.testing.contract_replay import replay_over_contract

ROOT = Path(__file__).parents[1]
RAW = ROOT.parent / "shared" / "sessions" / "raw"
MODELS = ("claude-sonnet-5-5", "claude-sonnet-4-5")


def main() -> None:
    """Prints a row a recording and contract, then the sums."""
    recordings = [ROOT / "demo" / "session.jsonl"]
    recordings += sorted(path for path in RAW.rglob("*") if path.suffix in {".jsonl", ".md", ".traj"})
    if len(recordings) == 1:
        print(f"SKIPPED, all but the demo: there is no {RAW}")
    calls = refused = 0
    print(
        f"{'recording':42} {'model':18} {'calls':>6} {'thoughts':>9} {'dropped':>8} {'compactions':>12} {'refused':>8}"
    )
    for path in recordings:
        for model in MODELS:
            played = asyncio.run(replay_over_contract(path, model))
            calls, refused = calls + played.calls, refused + len(played.refused)
            row = f"{path.stem[:42]:42} {model:18} {played.calls:>6} {played.thoughts:>9} {played.dropped:>8}"
            print(f"{row} {played.compactions:>12} {len(played.refused):>8}", flush=True)
            for line in dict.fromkeys(played.refused):
                print(f"    {line[:150]}")
    print(f"{calls:,} calls, {refused:,} refused")


if __name__ == "__main__":
    main()
