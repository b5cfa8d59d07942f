"""What stands beside the chat: memory, files, meter and the session's own line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from throughline.compression.edits import KINDS as NEW
from throughline.compression.packing import SECTIONS, line
from throughline.compression.selection import weighed
from throughline.core.files import SeenFile
from throughline.core.ledger import Entry
from throughline.core.session import Session
from throughline.core.view import Place, View
from throughline.page.ids import user_row
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
    """The rolling summary and the ledger: by section what somebody put there on purpose, apart from it the sentences
    that rules took from the dialogue, as far as the summary has room for them, and what is resolved, the newest first.
    """
    entries = session.ledger.entries.values()
    live = [entry for entry in entries if entry.state == "active"]
    made = [entry for entry in live if not weighed(entry)]
    sections = []
    for section in SECTIONS:
        mine = [entry for kind in section.kinds for entry in made if entry.kind == kind]
        if mine:
            sections.append(MemorySection(section.title, NEW[section.title], [_entry(entry) for entry in mine]))
    taken = [_entry(entry) for entry in live if weighed(entry) and entry.text in summary]
    resolved = [_entry(entry) for entry in entries if entry.state == "resolved"]
    return Memory(summary, tokens, sections, taken, resolved[::-1])


def _entry(entry: Entry) -> MemoryEntry:
    row = user_row(entry.turns[0]) if entry.turns else ""
    state = "revised" if entry.supersedes and entry.state == "active" and entry.kind != "state" else entry.state
    return MemoryEntry(
        entry.id,
        entry.kind,
        line(entry),
        entry.text,
        entry.why,
        entry.owner,
        entry.resolution,
        list(entry.turns),
        state,
        entry.author,
        entry.pinned,
        row,
    )


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
    return SessionInfo(session.id, session.name or session.objective, session.role, session.model, recorded, readonly)
