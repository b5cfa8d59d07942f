"""Reports of a session: for a person as Markdown, for a program as figures, and a compaction's preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from throughline.context.compaction import Preview
from throughline.domain.ledger import Entry
from throughline.domain.session import Session
from throughline.domain.usage import UsageTotals
from throughline.memory.summary import one_line

_KINDS = {
    "decision": "decisions",
    "constraint": "constraints",
    "milestone": "milestones",
    "rejected": "rejected approaches",
    "question": "questions",
}
# What a request was for, as a person says it.
PURPOSES = {
    "chat": "chat",
    "merge": "summarising",
    "distill": "archive",
    "skeleton": "skeletons",
    "diff": "changes",
    "warm": "warming the cache",
}


def session_report(session: Session) -> str:
    """Turns, calls, tokens, what each purpose cost, and what the ledger holds."""
    total = session.bill.total
    live = session.ledger.live()
    held = ", ".join(f"{sum(1 for one in live if one.kind == kind)} {said}" for kind, said in _KINDS.items())
    lines = session.bill.lines.items()
    parts = [f"{PURPOSES[purpose]} {format_dollars(line)} in {_calls(line.calls)}" for purpose, line in lines]
    return "\n".join(
        (
            f"## Session report: {session.objective or session.id}",
            "",
            f"- Turns: {len(session.turns)}, compactions: {len(standing_compactions(session))}",
            f"- Calls: {total.calls:,}, input tokens: {total.prompt:,} ({total.cache_read:,} from the cache), "
            f"output tokens: {total.output:,}",
            f"- Cost: {format_dollars(total)}" + (f" ({'; '.join(parts)})" if parts else ""),
            f"- In the ledger: {held}",
            "",
        )
    )


def session_stats(session: Session) -> dict[str, Any]:
    """The same for a program; dollars are null where a call has no known price."""
    return {
        "id": session.id,
        "objective": session.objective,
        "role": session.role,
        "model": session.model,
        "turns": len(session.turns),
        "recent": len(session.recent),
        "compactions": len(standing_compactions(session)),
        "entries": len(session.ledger.live()),
        "ended": session.ended,
        **usage_stats(session.bill.total),
        "purposes": {purpose: usage_stats(line) for purpose, line in session.bill.lines.items()},
    }


def usage_stats(line: UsageTotals) -> dict[str, Any]:
    """A line of a bill as figures; `input` is all that was sent, what came from the cache included."""
    return {
        "calls": line.calls,
        "input": line.prompt,
        "cache_read": line.cache_read,
        "output": line.output,
        "dollars": None if line.unpriced else line.dollars,
    }


def standing_compactions(session: Session) -> tuple[str, ...]:
    """The ids of the compactions that have not been undone, in their order."""
    return tuple(one.id for one in session.compactions if one.id not in session.undone)


def format_dollars(line: UsageTotals) -> str:
    """A cost as a person reads it: to the cent, or closer where it is below ten cents."""
    if line.unpriced == line.calls and line.calls:
        return "at an unknown price"
    amount = f"${line.dollars:.2f}" if line.dollars >= 0.1 or not line.dollars else f"${line.dollars:.4f}"
    return amount + (f", and {_calls(line.unpriced)} without a known price" if line.unpriced else "")


def _calls(number: int) -> str:
    return f"{number:,} call" + ("" if number == 1 else "s")


def preview_markdown(preview: Preview) -> str:
    """What a compaction would do: its turns, the view's tokens (o200k), the entries, the self-check and the summary."""
    event = preview.event
    who = "the model" if event.summariser == "model" else "local rules"
    groups = {
        "Added": preview.added,
        "Revised": preview.revised,
        "No longer in force": preview.folded,
        "Not in the view after it (recall finds them)": preview.missing,
    }
    counts = (
        f"kept {len(preview.kept)}, added {len(preview.added)}, revised {len(preview.revised)}, "
        f"no longer in force {len(preview.folded)}"
    )
    first, last = preview.turns[0], preview.turns[-1]
    out = [
        f"## Compaction of turns {first} to {last}" if first != last else f"## Compaction of turn {first}",
        "",
        f"- By {who}: {preview.before:,} → {event.after:,} tokens" + ("" if preview.gains else ", which gains nothing"),
        f"- Entries: {counts}; {event.live - len(preview.missing)}/{event.live} remembered",
        f"- Tool results masked: {len(preview.masked)}"
        + (f", which leaves {preview.after:,} tokens" if preview.masked else ""),
    ]
    for title, entries in groups.items():
        if entries:
            out += ["", f"### {title}", *_bullets(entries)]
    return "\n".join([*out, "", preview.summary])


def _bullets(entries: Sequence[Entry]) -> list[str]:
    return [f"- {entry.kind}: {one_line(entry)}" for entry in entries]
