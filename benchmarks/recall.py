"""What the memory of recorded sessions still holds of the facts that a careful reader labelled in them.

    .venv/bin/python benchmarks/recall.py [LEDGERS]

Replays the labelled sessions of ../shared with the local summariser and scores the texts with
../shared/bench/score_recall.py. LEDGERS is another folder of labels, in the same form and for other sessions of
../shared. The other benchmark of memory, rules over up to a hundred sessions, is run by

    .venv/bin/python ../shared/bench/memorycode.py \
        ../shared/memorycode/dialogues/dialogue_{1,31,61,91,121,151,181,211,241,271,301,331}.json \
        -- .venv/bin/throughline replay
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from statistics import mean
from typing import Any

from figures import keep
from throughline.llm.tokens import O200k

SHARED = Path(__file__).parents[2] / "shared"
LEDGERS = SHARED / "sessions" / "ledgers"
SCORER = SHARED / "bench" / "score_recall.py"
LASTING = ("decision", "constraint", "rejected")
TEXTS = ("summary", "summary + archive", "archive, lasting", "view compacted")


def main() -> None:
    """Prints a row a session and one for all: facts held of facts live, and old facts shown as live."""
    ledgers = Path(sys.argv[1]) if sys.argv[1:] else LEDGERS
    if not ledgers.is_dir():
        print(f"SKIPPED: there is no {ledgers}")
        return
    score, count = scorer().score, O200k().count
    total: dict[str, list[int]] = {}
    sizes: dict[str, list[int]] = {}
    print(f"{'session':44} " + " ".join(f"{name:>18}" for name in (*TEXTS, "shown though old")) + "  tokens")
    for path in sorted(ledgers.glob("**/*.json")):
        items = json.loads(path.read_text(encoding="utf-8"))["items"]
        (transcript,) = (SHARED / "sessions" / "transcripts").glob(f"*/{path.stem}.jsonl")
        summary, archive, view = _replay(transcript)
        both = score(items, f"{summary}\n{archive}")
        kept = score(items, archive)
        lasting = {item["id"] for item in items if item["kind"] in LASTING} & {*kept["live"], *kept["missed"]}
        row = {
            "summary": _held(score(items, summary)),
            "summary + archive": _held(both),
            "archive, lasting": (len(lasting & set(kept["live"])), len(lasting)),
            "view compacted": _held(score(items, view, view=True)),
            "shown though old": (len(both["stale"]), both["superseded"]),
        }
        tokens = " ".join(f"{count(text):,}" for text in (summary, archive, view))
        print(f"{path.stem:44} " + " ".join(f"{part:>12} of {whole:2}" for part, whole in row.values()) + f"  {tokens}")
        texts = {"summary": summary, "summary + archive": f"{summary}\n{archive}", "view compacted": view}
        for name, text in texts.items():
            sizes.setdefault(name, []).append(count(text))
        for name, (part, whole) in row.items():
            sums = total.setdefault(name, [0, 0])
            sums[0], sums[1] = sums[0] + part, sums[1] + whole
    rows = {
        name: {"held": total[name][0], "live": total[name][1], "tokens": round(mean(sizes[name]))} for name in sizes
    }
    if ledgers == LEDGERS:
        keep("recall", rows)
    print(f"{'all':44} " + " ".join(f"{part / max(whole, 1):>18.1%}" for part, whole in total.values()))


def _held(score: dict[str, Any]) -> tuple[int, int]:
    return len(score["live"]), len(score["live"]) + len(score["missed"])


def _replay(transcript: Path) -> tuple[str, str, str]:
    """The last summary, the archive and the view after a compaction."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        outputs = ("--views", at / "views", "--summary", at / "summary.md", "--archive", at / "archive.md")
        command = ("-m", "throughline", "replay", transcript, "--project", at / "project", *outputs)
        subprocess.run([sys.executable, *map(str, command)], capture_output=True, check=True)
        texts = (at / "summary.md", at / "archive.md", at / "views" / "view-compacted.md")
        summary, archive, view = (path.read_text(encoding="utf-8") for path in texts)
        return summary, archive, view


def scorer() -> Any:
    """The module that scores."""
    spec = spec_from_file_location("score_recall", SCORER)
    if spec is None or spec.loader is None:
        raise SystemExit(f"the scorer cannot be loaded: {SCORER}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
