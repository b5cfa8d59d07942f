"""Side panels of the chat: memory, files, context meter, session line, the context report, and file mentions."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence

from throughline.chat_state.rows import user_row
from throughline.domain.ledger import Entry
from throughline.domain.session import Session
from throughline.domain.staleness import ContextFileStatus
from throughline.domain.view import Place, View
from throughline.memory.archive.document import RULES
from throughline.memory.archive.foreign_rules import foreign_rules
from throughline.memory.summary import SECTIONS, one_line
from throughline.memory.summary_parser import KINDS as NEW
from throughline.protocol.state import (
    Archive,
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


def memory_panel(session: Session, summary: str, tokens: int, archive: Archive | None = None) -> Memory:
    """The rolling summary and the ledger: the user's rules, the other entries in force by section, and what is
    resolved, the newest first; and the rules of the archive that are somebody else's.
    """
    entries = session.ledger.entries.values()
    live = session.ledger.live()
    rules = [_entry(entry) for entry in live if entry.kind == "rule"]
    sections = [MemorySection(RULES, "rule", rules)] if rules else []
    for section in SECTIONS:
        mine = [entry for kind in section.kinds for entry in live if entry.kind == kind != "rule"]
        if mine:
            sections.append(MemorySection(section.title, NEW[section.title], [_entry(entry) for entry in mine]))
    resolved = [_entry(entry) for entry in entries if entry.state == "resolved"]
    return Memory(summary, tokens, sections, resolved[::-1], _foreign(session, archive))


def _foreign(session: Session, archive: Archive | None) -> list[str]:
    """The rules of the archive that are none of the user's, be these in force or not."""
    own = [entry.text for entry in session.ledger.entries.values() if entry.kind == "rule"]
    sections = archive.sections if archive else []
    lines = [line.text for section in sections if section.title == RULES for line in section.lines]
    return list(foreign_rules("\n".join([f"### {RULES}", *(f"- {line}" for line in lines)]), own))


def _entry(entry: Entry) -> MemoryEntry:
    row = user_row(entry.turns[0]) if entry.turns else ""
    state = "revised" if entry.supersedes and entry.state == "active" and entry.kind != "state" else entry.state
    return MemoryEntry(
        entry.id,
        entry.kind,
        one_line(entry),
        entry.text,
        entry.why,
        entry.owner,
        entry.resolution,
        list(entry.turns),
        state,
        entry.author,
        entry.pinned,
        row,
        entry.mine,
    )


def file_rows(seen: Sequence[ContextFileStatus], uri: Callable[[str], str]) -> list[ContextFile]:
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


def context_meter(session: Session, view: View, factor: float, tools: int = 0) -> Meter:
    """The view of the next call and the tools that go along (o200k) in the model's tokens, and the bill so far."""
    total = session.bill.total
    sizes = {"Tools": tools, **{_LABELS[place]: tokens for place, tokens in view.by_place().items()}}
    parts = [MeterPart(label, round(tokens * factor)) for label, tokens in sizes.items() if tokens]
    sent = total.input + total.cache_read + total.cache_write
    dollars = None if total.unpriced else total.dollars
    return Meter(round((view.tokens + tools) * factor), session.limit, parts, total.calls, sent, total.output, dollars)


def session_info(session: Session, *, recorded: bool) -> SessionInfo:
    """The session's own line; a recording that was opened to be read takes no messages."""
    readonly = session.ended or session.origin == "recording"
    return SessionInfo(session.id, session.name or session.objective, session.role, session.model, recorded, readonly)


def context_report(report: str, meter: Meter) -> str:
    """A report with the view of the next call by block, in the model's tokens, as Markdown."""
    rows = [f"| {part.label} | {part.tokens:,} | {_share(part.tokens, meter.limit)} |" for part in meter.parts]
    total = f"| **All of {meter.limit:,}** | **{meter.used:,}** | **{_share(meter.used, meter.limit)}** |"
    head = ["### Context of the next call", "", "| Block | Tokens | Share |", "|:--|--:|--:|"]
    return "\n".join([report, *head, *rows, total, ""])


def _share(tokens: int, limit: int) -> str:
    return f"{100 * tokens / limit:.1f}%" if limit else ""


MOST = 20


def fitting_paths(paths: Iterable[str], typed: str) -> list[str]:
    """At most `MOST` paths that have the typed letters in their order, the best first: those whose name begins so,
    then those that have it in the name, in the path, or only letter by letter; of equals the shortest.
    """
    sought = typed.lower()
    ranked = ((rank, len(path), path) for path in paths if (rank := _rank(path.lower(), sought)) is not None)
    return [path for _, _, path in heapq.nsmallest(MOST, ranked)]


def is_mention(word: str) -> bool:
    """Whether a word after an @ that names no file was meant to: `@dataclass` was not."""
    return "/" in word or "." in word


def _rank(path: str, sought: str) -> int | None:
    name = path.rpartition("/")[2]
    if name.startswith(sought):
        return 0
    if sought in name:
        return 1
    if sought in path:
        return 2
    letters = iter(path)
    return 3 if all(letter in letters for letter in sought) else None
