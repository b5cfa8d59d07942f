"""Chat rows from events: each event adds rows or replaces some."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import evolve

from throughline.compression.merging import Change
from throughline.compression.tags import without
from throughline.core.deeds import Answered, Asked, Restored
from throughline.core.events import (
    ArchiveProposed,
    Compacted,
    CompactionHeld,
    CompactionUndone,
    FileInjected,
    LedgerChanged,
    Logged,
    Masked,
    Noted,
    Queued,
    Replied,
    Spoke,
    ToolCalled,
    ToolReturned,
    TurnEnded,
)
from throughline.core.ledger import Add, Entry
from throughline.core.thinking import Thought
from throughline.page.archive import pending
from throughline.page.asks import asked
from throughline.page.ids import agent_row, first_free, user_row, waiting_row
from throughline.wire.state import (
    AgentRow,
    ArchiveRow,
    CompactionRow,
    EntryRow,
    FileRow,
    HeldRow,
    NoticeRow,
    Row,
    ThoughtRow,
    ToolRow,
    UserRow,
)

# The card of a tool shows the beginning of its result; the log has the whole.
SHOWN = 4_000
# The id of the one compaction that may wait for the user's word.
HELD = "held"
_CHIPS = {"decision": "decision", "milestone": "milestone", "rejected": "rejected"}


def rows(logged: Logged, known: Callable[[str], Row | None]) -> Iterator[Row]:
    """The rows that one event adds or replaces; `known` finds a row by its id."""
    event = logged.event
    match event:
        case Spoke(turn=turn, text=text, origin="user"):
            place = first_free(lambda n: user_row(turn, n), known)
            yield UserRow(user_row(turn, place), turn, text)
        case Queued(turn=turn, text=text):
            place = first_free(lambda n: waiting_row(turn, n), known)
            yield UserRow(waiting_row(turn, place), turn, text, waiting=True)
        # A note without words keeps the place of an event that is lost.
        case Noted(text=text) | Spoke(text=text) if text:
            yield NoticeRow(f"e{logged.seq}", "info", text)
        case Replied(turn=turn, text=text, partial=partial) if text.strip():
            place = first_free(lambda n: agent_row(turn, n), lambda name: _finished(known(name)))
            yield AgentRow(agent_row(turn, place), turn, text, streaming=False, partial=partial)
        case Thought(turn=turn, text=text) if text.strip():
            yield ThoughtRow(f"e{logged.seq}", turn, text)
        case ToolCalled():
            yield ToolRow(f"t{event.id}", event.turn, event.tool, _title(event.args), "", "running", False, 0)
        case ToolReturned():
            yield _returned(event, known(f"t{event.id}"))
        case Asked() | Answered():
            yield from asked(event, known)
        case Masked(ids=ids):
            masked = (known(f"t{name}") for name in ids)
            yield from (evolve(row, masked=True) for row in masked if isinstance(row, ToolRow))
        case FileInjected():
            yield FileRow(f"e{logged.seq}", event.path, event.form, event.tokens, event.original)
        case LedgerChanged(operations=operations):
            added = [one.entry for one in operations if isinstance(one, Add) and one.entry.author == "agent"]
            yield from _untagged(added, known)
            yield from (_chip(entry) for entry in added if entry.kind in _CHIPS)
        case Compacted():
            yield _compaction(event)
        case CompactionHeld(event=made):
            yield held_row(made)
        case ArchiveProposed(by=by, base=base, text=text):
            counted = pending(by, Change(base, text))
            yield ArchiveRow(f"e{logged.seq}", by, counted.added, counted.removed, "waiting")
        case CompactionUndone(id=name):
            row = known(f"k{name}")
            if isinstance(row, CompactionRow):
                yield evolve(row, undone=True)
        case Restored():
            yield NoticeRow(f"e{logged.seq}", "info", _restored(event))
        case TurnEnded(ending="stopped", detail=detail):
            yield NoticeRow(f"e{logged.seq}", "info", detail)
        case TurnEnded(ending="failed" | "interrupted", detail=detail):
            yield NoticeRow(f"e{logged.seq}", "error", detail)
        case _:
            pass


def _finished(row: Row | None) -> Row | None:
    """A row that still streams is the one that its event will replace."""
    return None if isinstance(row, AgentRow) and row.streaming else row


def _untagged(added: Sequence[Entry], known: Callable[[str], Row | None]) -> Iterator[AgentRow]:
    """The block of text that the entries came from, without their lines: chips take their place."""
    for turn in {entry.turns[0] for entry in added}:
        last = first_free(lambda n, turn=turn: agent_row(turn, n), known) - 1  # type: ignore[misc]
        row = known(agent_row(turn, last)) if last >= 0 else None
        if isinstance(row, AgentRow):
            yield evolve(row, text=without(row.text, {(entry.kind, entry.text) for entry in added}))


def _returned(event: ToolReturned, row: Row | None) -> ToolRow:
    called = row if isinstance(row, ToolRow) else ToolRow(f"t{event.id}", event.turn, "", "", "", "done", False, 0)
    shown = event.text if len(event.text) <= SHOWN else f"{event.text[:SHOWN]}\n… {len(event.text) - SHOWN:,} more"
    return evolve(called, result=shown, status="failed" if event.error else "done", tokens=event.tokens)


def _title(args: dict[str, Any]) -> str:
    first = next((value for value in args.values() if isinstance(value, str) and value.strip()), "")
    line = first.strip().splitlines()[0] if first.strip() else ""
    return line if len(line) <= 120 else f"{line[:119]}…"


def _restored(event: Restored) -> str:
    files = f"{len(event.files)} file{'s' if len(event.files) > 1 else ''}" if event.files else ""
    what = " and ".join(part for part in ("the conversation" if event.conversation else "", files) if part)
    return f"Back to before turn {event.turn}: {what or 'nothing had changed'}."


def _chip(entry: Entry) -> EntryRow:
    why = f" — {entry.why}" if entry.why else ""
    return EntryRow(f"n{entry.id}", entry.turns[0], _CHIPS[entry.kind], entry.text + why)  # type: ignore[arg-type]


def held_row(event: Compacted) -> HeldRow:
    """The row of a compaction that waits for the user's word; there is one at most."""
    gains = event.after < event.before
    return HeldRow(HELD, event.through, event.before, event.after, event.held, event.live, _added(event), gains)


def _added(event: Compacted) -> int:
    return sum(1 for one in event.operations if isinstance(one, Add))


def _compaction(event: Compacted) -> CompactionRow:
    return CompactionRow(
        f"k{event.id}",
        event.id,
        event.through,
        event.before,
        event.after,
        event.held,
        event.live,
        _added(event),
        undone=False,
    )
