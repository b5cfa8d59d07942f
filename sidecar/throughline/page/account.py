"""A session's account: its report, and what fills the context of its next call."""

from __future__ import annotations

from throughline.wire.state import Meter


def account(report: str, meter: Meter) -> str:
    """A report with the view of the next call by block, in the model's tokens, as Markdown."""
    rows = [f"| {part.label} | {part.tokens:,} | {_share(part.tokens, meter.limit)} |" for part in meter.parts]
    total = f"| **All of {meter.limit:,}** | **{meter.used:,}** | **{_share(meter.used, meter.limit)}** |"
    head = ["### Context of the next call", "", "| Block | Tokens | Share |", "|:--|--:|--:|"]
    return "\n".join([report, *head, *rows, total, ""])


def _share(tokens: int, limit: int) -> str:
    return f"{100 * tokens / limit:.1f}%" if limit else ""
