"""The report of a session, as Markdown."""

from __future__ import annotations

from throughline.core.session import Session


def report(session: Session) -> str:
    """Turns, calls, tokens, cost and what the ledger holds."""
    total = session.bill.total
    sent = total.input + total.cache_read + total.cache_write
    standing = [one for one in session.compactions if one.id not in session.undone]
    priced = f"${total.dollars:.2f}" + (f", and {total.unpriced} calls without a known price" if total.unpriced else "")
    kinds = ("decision", "constraint", "milestone", "rejected", "question")
    live = session.ledger.live()
    held = ", ".join(f"{sum(1 for entry in live if entry.kind == kind)} {kind}s" for kind in kinds)
    return "\n".join(
        (
            f"## Session report: {session.objective or session.id}",
            "",
            f"- Turns: {len(session.turns)}, compactions: {len(standing)}",
            f"- Calls: {total.calls:,}, input tokens: {sent:,} ({total.cache_read:,} from the cache), "
            f"output tokens: {total.output:,}",
            f"- Cost: {priced}",
            f"- In the ledger: {held.replace('rejecteds', 'rejected approaches')}",
            "",
        )
    )
