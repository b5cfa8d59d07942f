"""The report of a session, as Markdown for a person and as figures for a program."""

from __future__ import annotations

from typing import Any

from throughline.core.session import Session
from throughline.core.usage import Line

_KINDS = {
    "decision": "decisions",
    "constraint": "constraints",
    "milestone": "milestones",
    "rejected": "rejected approaches",
    "question": "questions",
}
# What a request was for, as a person says it.
PURPOSES = {"chat": "chat", "merge": "summarising", "distill": "archive", "skeleton": "skeletons", "diff": "changes"}


def report(session: Session) -> str:
    """Turns, calls, tokens, what each purpose cost, and what the ledger holds."""
    total = session.bill.total
    live = session.ledger.live()
    held = ", ".join(f"{sum(1 for one in live if one.kind == kind)} {said}" for kind, said in _KINDS.items())
    lines = session.bill.lines.items()
    parts = [f"{PURPOSES[purpose]} {dollars(line)} in {_calls(line.calls)}" for purpose, line in lines]
    return "\n".join(
        (
            f"## Session report: {session.objective or session.id}",
            "",
            f"- Turns: {len(session.turns)}, compactions: {len(standing(session))}",
            f"- Calls: {total.calls:,}, input tokens: {total.prompt:,} ({total.cache_read:,} from the cache), "
            f"output tokens: {total.output:,}",
            f"- Cost: {dollars(total)}" + (f" ({'; '.join(parts)})" if parts else ""),
            f"- In the ledger: {held}",
            "",
        )
    )


def figures(session: Session) -> dict[str, Any]:
    """The same for a program; dollars are null where a call has no known price."""
    return {
        "id": session.id,
        "objective": session.objective,
        "role": session.role,
        "model": session.model,
        "turns": len(session.turns),
        "recent": len(session.recent),
        "compactions": len(standing(session)),
        "entries": len(session.ledger.live()),
        "ended": session.ended,
        **spent(session.bill.total),
        "purposes": {purpose: spent(line) for purpose, line in session.bill.lines.items()},
    }


def spent(line: Line) -> dict[str, Any]:
    """A line of a bill as figures; `input` is all that was sent, what came from the cache included."""
    return {
        "calls": line.calls,
        "input": line.prompt,
        "cache_read": line.cache_read,
        "output": line.output,
        "dollars": None if line.unpriced else line.dollars,
    }


def standing(session: Session) -> tuple[str, ...]:
    """The ids of the compactions that have not been undone, in their order."""
    return tuple(one.id for one in session.compactions if one.id not in session.undone)


def dollars(line: Line) -> str:
    """A cost as a person reads it: to the cent, or closer where it is below ten cents."""
    if line.unpriced == line.calls and line.calls:
        return "at an unknown price"
    amount = f"${line.dollars:.2f}" if line.dollars >= 0.1 or not line.dollars else f"${line.dollars:.4f}"
    return amount + (f", and {_calls(line.unpriced)} without a known price" if line.unpriced else "")


def _calls(number: int) -> str:
    return f"{number:,} call" + ("" if number == 1 else "s")
