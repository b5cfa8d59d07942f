"""What stands beside the chat: memory, files, meter and the session's own line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from throughline.compression.packing import SECTIONS, line
from throughline.compression.selection import weighed
from throughline.core.files import SeenFile
from throughline.core.ledger import Entry
from throughline.core.session import Session
from throughline.core.view import Place, View
from throughline.page.rows import user_row
from throughline.wire.state import (
    ContextFile,
    Memory,
    MemoryEntry,
    MemorySection,
    Meter,
    MeterPart,
    SessionInfo,
)

_LABELS: dict[Place, str] = {
    "system": "System prompt",
    "archive": "Project archive",
    "summary": "Rolling summary",
    "file": "Files",
    "turn": "Recent turns",
}


def memory(session: Session, summary: str, tokens: int) -> Memory:
    """The rolling summary and its entries by section; what was revised or resolved is not shown, nor a sentence that
    rules took from the dialogue and the summary has no room for.
    """
    live = [entry for entry in session.ledger.live() if not weighed(entry) or entry.text in summary]
    sections = []
    for section in SECTIONS:
        mine = [entry for kind in section.kinds for entry in live if entry.kind == kind]
        if mine:
            sections.append(MemorySection(section.title, [_entry(entry) for entry in mine]))
    return Memory(summary, tokens, sections)


def _entry(entry: Entry) -> MemoryEntry:
    row = user_row(entry.turns[0]) if entry.turns else ""
    state = "revised" if entry.supersedes and entry.kind != "state" else entry.state
    return MemoryEntry(entry.id, line(entry), list(entry.turns), state, entry.author, entry.pinned, row)


def files(seen: Sequence[SeenFile], uri: Callable[[str], str]) -> list[ContextFile]:
    """The files in the view beside their present state; what the model itself made out of date is stale too."""
    return [
        ContextFile(
            file.path,
            uri(file.path),
            file.form,
            "stale" if file.freshness == "outdated" else file.freshness,
            file.tokens,
            file.original,
        )
        for file in seen
    ]


def meter(session: Session, view: View, factor: float, tools: int = 0) -> Meter:
    """The view of the next call and the tools that go along (o200k) in the model's tokens, and the bill so far."""
    total = session.bill.total
    sizes = {"Tools": tools, **{_LABELS[place]: tokens for place, tokens in view.by_place().items()}}
    parts = [MeterPart(label, round(tokens * factor)) for label, tokens in sizes.items() if tokens]
    sent = total.input + total.cache_read + total.cache_write
    dollars = None if total.unpriced else total.dollars
    return Meter(round((view.tokens + tools) * factor), session.limit, parts, total.calls, sent, total.output, dollars)


def info(session: Session, *, recorded: bool) -> SessionInfo:
    """The session's own line; a recording that was opened to be read takes no messages."""
    readonly = session.ended or session.origin == "recording"
    return SessionInfo(session.id, session.objective, session.role, session.model, recorded, readonly)
