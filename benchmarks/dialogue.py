"""What simpler memories hold of the same labelled sessions: the baselines beside which the recall is plotted.

    .venv/bin/python benchmarks/dialogue.py

The last tokens of the dialogue, the user's prompts each cut to the same length so that all fit, all of the dialogue,
and the last summary that the recording tool itself had a model write, scored as benchmarks/recall.py does.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Sequence

from figures import keep
from recall import LEDGERS, SHARED, scorer
from throughline.domain.recording import RecordedEvent
from throughline.llm.tokens import O200k
from throughline.transcripts.read import read

Count = Callable[[str], int]


def main() -> None:
    """Prints a row a baseline: facts held of facts live over all sessions, and the tokens of a session's text."""
    if not LEDGERS.is_dir():
        print(f"SKIPPED: there is no {LEDGERS}")
        return
    score, count = scorer().score, O200k().count
    sums: dict[str, tuple[int, int]] = {}
    sizes: dict[str, list[int]] = {}
    for path in sorted(LEDGERS.glob("*/*.json")):
        items = json.loads(path.read_text(encoding="utf-8"))["items"]
        steps = read(SHARED / "sessions" / "transcripts" / path.parent.name / f"{path.stem}.jsonl").steps
        for name, text in texts(steps, count):
            found = score(items, text)
            held, live = sums.get(name, (0, 0))
            sums[name] = (held + len(found["live"]), live + len(found["live"]) + len(found["missed"]))
            sizes.setdefault(name, []).append(count(text))
    rows = {
        name: {"held": held, "live": live, "tokens": round(statistics.mean(sizes[name])), "sessions": len(sizes[name])}
        for name, (held, live) in sums.items()
    }
    for name, row in rows.items():
        share = f"{row['held']:>3} of {row['live']} ({row['held'] / row['live']:.1%})"
        print(f"{name:36} {share:>18}  {row['tokens']:>7,} tokens, {row['sessions']} sessions")
    keep("recall baselines", rows)


def texts(steps: Sequence[RecordedEvent], count: Count) -> Iterator[tuple[str, str]]:
    """Each baseline's text of one session."""
    said = [step.text for step in steps if step.kind in ("prompt", "text") and step.text.strip()]
    prompts = [step.text for step in steps if step.kind == "prompt" and step.text.strip()]
    yield "the last 800 tokens of dialogue", last("\n\n".join(said), 800, count)
    yield "the user's prompts, cut to 800", fitted(prompts, 800, count)
    yield "the user's prompts, cut to 2,800", fitted(prompts, 2_800, count)
    yield "all dialogue", "\n\n".join(said)
    summaries = [step.text for step in steps if step.kind == "compact_summary"]
    if summaries:
        yield "a shipping tool's last summary", summaries[-1]


def last(text: str, tokens: int, count: Count) -> str:
    """The end of a text, in so many tokens at most."""
    return text[len(text) - _most(len(text), lambda size: count(text[len(text) - size :]) <= tokens) :]


def fitted(prompts: Sequence[str], tokens: int, count: Count) -> str:
    """All prompts, none longer than the length at which they fit."""

    def cut(size: int) -> str:
        return "\n\n".join(prompt[:size] for prompt in prompts)

    return cut(_most(max(map(len, prompts)), lambda size: count(cut(size)) <= tokens))


def _most(high: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `high` that fits, where all smaller ones do."""
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


if __name__ == "__main__":
    main()
