"""What recorded sessions would have cost, against the floor that no context manager can beat.

    .venv/bin/python benchmarks/cost.py

Replays the Claude Code sessions of ../shared, in their neutral form, with the local summariser and scores each trace
with ../shared/bench/score_cost.py. From the raw files our reader leaves out what the client wrote in the agent's
place, which the scorer wants to see sent.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import keep

SHARED = Path(__file__).parents[2] / "shared"
SESSIONS = SHARED / "sessions" / "transcripts" / "entireio-cli"
SCORER = SHARED / "bench" / "score_cost.py"


def main() -> None:
    """Prints a row a session, then the median and the worst."""
    if not SESSIONS.is_dir():
        print(f"SKIPPED: there is no {SESSIONS}")
        return
    rows: dict[str, dict[str, float]] = {}
    ratios, lost, edits = [], 0, 0
    print(f"{'session':40} {'calls':>5} {'ours':>6} {'full':>6}  {'edits after a lost read'}")
    for path in sorted(SESSIONS.glob("*.jsonl")):
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace.jsonl"
            _run("-m", "throughline", "replay", path, "--project", Path(folder) / "project", "--trace", trace)
            ours = _run(SCORER, path, trace)
        full = _run(SCORER, path)
        if "NOT VALID" in ours:
            print(f"{path.stem:40} {ours.splitlines()[1]}")
            continue
        calls = re.search(r"(\d+) model calls", ours)
        ratio = re.search(r"trace.*x([\d.]+) of the floor.*?(\d+) of (\d+) edits", ours)
        beside = dict(re.findall(r"^(.+?) +\$ *[\d.]+ +x([\d.]+) of the floor", full, re.MULTILINE))
        if not (calls and ratio and "full history" in beside):
            raise SystemExit(f"the scorer says something else than expected: {ours}")
        ratios.append(float(ratio[1]))
        rows[path.stem] = {"Throughline": float(ratio[1]), **{name: float(one) for name, one in beside.items()}}
        lost, edits = lost + int(ratio[2]), edits + int(ratio[3])
        print(f"{path.stem:40} {calls[1]:>5} {ratio[1]:>6} {beside['full history']:>6}  {ratio[2]} of {ratio[3]}")
    keep("cost over the floor", rows)
    print(f"median {statistics.median(ratios):.2f}, worst {max(ratios):.2f}, {lost} of {edits} edits after a lost read")


def _run(*arguments: str | Path) -> str:
    done = subprocess.run([sys.executable, *map(str, arguments)], check=False, capture_output=True, text=True)
    # The scorer ends with 1 where a trace is not valid, and says why.
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
