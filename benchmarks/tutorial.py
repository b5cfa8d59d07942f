"""The tutorial's scale: fifty turns of dialogue, one call a turn, 300 tokens each, six with a tagged decision.

    .venv/bin/python benchmarks/tutorial.py

Prints input tokens and cost with full history and with Throughline, and whether the view of the last turn still
holds every tagged decision. Nothing of it is timed, and it needs no model.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import keep
from throughline.domain.settings import Settings
from throughline.llm.catalogue import load_prices
from throughline.llm.tokens import O200k

TURNS, SIZE = 50, 300
DECISIONS = {
    3: "Store refresh tokens in Redis because no database write may happen on an auth check",
    5: "Name every error code in `errors.ts` because clients switch on them",
    11: "Version the API in the path because the gateway cannot read headers",
    17: "Keep the session cookie at fifteen minutes because the audit asked for it",
    26: "Run migrations in their own job because two pods raced in staging",
    38: "Return 409 on a duplicate e-mail because 400 hid the reason from support",
}
WORDS = """
service handler token request response cache field route module test schema column client server queue retry limit error
index header payload timeout worker batch render parse store config deploy review branch commit
""".split()


def talk(rng: random.Random, tokens: int, count: O200k) -> str:
    """So many tokens of plain talk, in sentences."""
    said = ""
    while count.count(said) < tokens:
        said += " ".join(rng.choices(WORDS, k=9)).capitalize() + ". "
    return said.strip()


def recording(path: Path) -> None:
    """Writes the session as a neutral transcript, a turn a minute."""
    rng, count = random.Random(50), O200k()
    with path.open("w", encoding="utf-8") as out:
        for turn in range(1, TURNS + 1):
            decided = f"\n\n[DECISION]: {DECISIONS[turn]}" if turn in DECISIONS else ""
            ask = talk(rng, 100, count)
            reply = talk(rng, SIZE - 100 - count.count(decided), count) + decided
            for number, (role, kind, text) in enumerate((("user", "prompt", ask), ("assistant", "text", reply))):
                stamp = f"2026-11-02T{9 + turn // 60:02}:{turn % 60:02}:{10 * number:02}Z"
                step = {"i": 2 * turn - 2 + number, "role": role, "kind": kind, "text": text, "ts": stamp}
                out.write(json.dumps(step) + "\n")


def main() -> None:
    """Plays the session both ways and prints what it came to."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording(folder / "session.jsonl")
        command = [sys.executable, "-m", "throughline", "replay", str(folder / "session.jsonl"), "--json", "--compare"]
        outputs = ["--project", "shed", "--views", "views", "--summary", "summary.md", "--archive", "archive.md"]
        done = subprocess.run([*command, *outputs], cwd=folder, capture_output=True, text=True, check=True)
        figures, count = json.loads(done.stdout), O200k()
        view = " ".join((folder / "views" / "view-end.md").read_text(encoding="utf-8").split())
        held = sum(1 for said in DECISIONS.values() if said in view or said.replace(" because ", " — ") in view)
        factor, sizes = load_prices().factor(Settings().model), {}
        for label, told in (("Throughline", figures), ("full history", figures["full"])):
            sizes[label] = round(told["input"] / factor)
            cost = f"{told['input']:>9,} of the model's  ${told['dollars']:.2f}"
            print(f"{label:14} {sizes[label]:>9,} input tokens (o200k)  {cost}")
        for label in ("summary", "archive"):
            sizes[label] = count.count((folder / f"{label}.md").read_text(encoding="utf-8"))
            print(f"{label:14} {sizes[label]:>9,} tokens (o200k)")
        print(f"{held} of {len(DECISIONS)} tagged decisions are in the view of turn {TURNS}")
        keep("tutorial", {**sizes, "dollars": round(figures["dollars"], 4), "held": held, "decisions": len(DECISIONS)})


if __name__ == "__main__":
    main()
