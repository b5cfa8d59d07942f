"""Chat rows from events: their ids, approvals, archive rows; each event adds rows or replaces some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from attrs import evolve

from throughline.domain.events import (
    ApprovalDecided,
    ApprovalRequested,
    ArchiveProposed,
    AssistantMessage,
    CallBilled,
    Compacted,
    CompactionProposed,
    CompactionUndone,
    FileInjected,
    LedgerChanged,
    Logged,
    Masked,
    MessageQueued,
    Notice,
    SessionRewound,
    Thought,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    UserMessage,
)
from throughline.domain.ledger import Add, Entry
from throughline.domain.session import BROKEN
from throughline.domain.turn_bill import TurnBill, bill_words, paid_again
from throughline.domain.visible_text import visible_text
from throughline.memory.archive import WRITTEN, ArchiveDiff
from throughline.memory.tags import without
from throughline.protocol.state import (
    AgentRow,
    ArchiveLine,
    ArchivePending,
    ArchiveRow,
    ArchiveSection,
    AskRow,
    BillRow,
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


def user_row(turn: int, place: int = 0) -> str:
    """The id of a turn's words, the first or a later one."""
    return f"u{turn}" if place == 0 else f"u{turn}.{place}"


def waiting_row(turn: int, place: int) -> str:
    """The id of words that wait for their turn."""
    return f"w{turn}.{place}"


def ask_row(call: str, place: int) -> str:
    """The id of a call's question, the first or a later one."""
    return f"q{call}" if place == 0 else f"q{call}.{place}"


def agent_row(turn: int, place: int) -> str:
    """The id of a turn's block of model text."""
    return f"a{turn}.{place}"


def bill_row_name(turn: int) -> str:
    """The id of what a turn cost."""
    return f"b{turn}"


def failure_row(turn: int) -> str:
    """The id of what a turn failed with."""
    return f"f{turn}"


def first_free(name: Callable[[int], str], known: Callable[[str], Row | None]) -> int:
    """The lowest place whose id no row has yet."""
    place = 0
    while known(name(place)) is not None:
        place += 1
    return place


def asked(event: ApprovalRequested | ApprovalDecided, known: Callable[[str], Row | None]) -> Iterator[AskRow]:
    """The row of a question, and what its answer makes of it; one call may ask more than once. Whoever shows it shows
    no hidden characters: they are written out.
    """
    if isinstance(event, ApprovalRequested):
        name = ask_row(event.id, first_free(lambda n: ask_row(event.id, n), known))
        target, why = visible_text(event.target), visible_text(event.why)
        yield AskRow(name, event.turn, event.id, event.action, target, why, "", "", "waiting", "")
    elif (row := waiting_ask(event.id, known)) is not None:
        yield evolve(row, status=_answer(event), reason=event.reason)


def waiting_ask(call: str, known: Callable[[str], Row | None]) -> AskRow | None:
    """The question of a call that has no answer yet."""
    row = known(ask_row(call, first_free(lambda n: ask_row(call, n), known) - 1))
    return row if isinstance(row, AskRow) and row.status == "waiting" else None


def _answer(event: ApprovalDecided) -> Literal["allowed", "session", "denied"]:
    if not event.allowed:
        return "denied"
    return "session" if event.pattern else "allowed"


def ages(written: Iterable[tuple[float, str]]) -> dict[str, float]:
    """When each line was first written, by its id; `written` is the archive through time, the oldest first."""
    found: dict[str, float] = {}
    for at, text in written:
        for raw in text.splitlines():
            if (line := WRITTEN.fullmatch(raw.rstrip())) and line["id"] not in found:
                found[line["id"]] = at
    return found


def sections(text: str, since: dict[str, float]) -> list[ArchiveSection]:
    """The sections that say something."""
    return [section for section in tuple(_sections(text, since)) if section.lines]


def _sections(text: str, since: dict[str, float]) -> Iterator[ArchiveSection]:
    lines: list[ArchiveLine] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.startswith("### "):
            lines = []
            yield ArchiveSection(raw[4:].strip(), number, lines)
        elif raw.strip() and not raw.startswith("## "):
            known = WRITTEN.fullmatch(raw.rstrip())
            said = known["text"] if known else raw.strip().removeprefix("- ")
            lines.append(ArchiveLine(said, number, since.get(known["id"]) if known else None))


def pending(by: Literal["local", "model"], change: ArchiveDiff) -> ArchivePending:
    """A change that can be accepted, by how many lines it adds and takes out."""
    lines = change.difference.splitlines()[2:]
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return ArchivePending(by, added, removed, "")


# The card of a tool shows the beginning of its result; the log has the whole.
SHOWN = 4_000
# The id of the one compaction that may wait for the user's word.
HELD = "held"
_CHIPS = {"decision": "decision", "milestone": "milestone", "rejected": "rejected"}


def chat_rows(logged: Logged, known: Callable[[str], Row | None]) -> Iterator[Row]:
    """The rows that one event adds or replaces; `known` finds a row by its id."""
    event = logged.event
    match event:
        case UserMessage(turn=turn, text=text, origin="user"):
            place = first_free(lambda n: user_row(turn, n), known)
            yield UserRow(user_row(turn, place), turn, text)
        case MessageQueued(turn=turn, text=text):
            place = first_free(lambda n: waiting_row(turn, n), known)
            yield UserRow(waiting_row(turn, place), turn, text, waiting=True)
        # A note without words keeps the place of an event that is lost.
        case Notice(text=text) | UserMessage(text=text) if text:
            yield NoticeRow(f"e{logged.seq}", "info", text)
        case AssistantMessage(turn=turn, text=text, partial=partial) if text.strip():
            place = first_free(lambda n: agent_row(turn, n), lambda name: _finished(known(name)))
            yield AgentRow(agent_row(turn, place), turn, text, streaming=False, partial=partial)
        case Thought(turn=turn, text=text) if text.strip():
            yield ThoughtRow(f"e{logged.seq}", turn, text)
        case ToolCalled():
            yield ToolRow(f"t{event.id}", event.turn, event.tool, _title(event.args), "", "running", False, 0)
        case ToolReturned():
            yield _returned(event, known(f"t{event.id}"))
        case ApprovalRequested() | ApprovalDecided():
            yield from asked(event, known)
        case Masked(ids=ids):
            masked = (known(f"t{name}") for name in ids)
            yield from (evolve(row, masked=True) for row in masked if isinstance(row, ToolRow))
        # What a compaction put back stands in the tree of context files: nobody asked for a line on it.
        case FileInjected(restored=False):
            yield FileRow(f"e{logged.seq}", event.path, event.form, event.tokens, event.original)
        case LedgerChanged(operations=operations):
            added = [one.entry for one in operations if isinstance(one, Add) and one.entry.author == "agent"]
            yield from _untagged(added, known)
            yield from (_chip(entry) for entry in added if entry.kind in _CHIPS)
        case Compacted():
            yield _compaction(event)
        case CallBilled(purpose="warm"):
            yield warming_row(f"e{logged.seq}", event)
        case CompactionProposed(event=made):
            yield held_row(made)
        case ArchiveProposed(by=by, base=base, text=text):
            counted = pending(by, ArchiveDiff(base, text))
            yield ArchiveRow(f"e{logged.seq}", by, counted.added, counted.removed, "waiting")
        case CompactionUndone(id=name):
            row = known(f"k{name}")
            if isinstance(row, CompactionRow):
                yield evolve(row, undone=True)
        case SessionRewound():
            yield NoticeRow(f"e{logged.seq}", "info", _restored(event))
        case TurnEnded():
            yield from _turn_end(event, logged.seq)
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
    """The argument that tells one call from another, as one short line."""
    first = next((value for value in args.values() if isinstance(value, str) and value.strip()), "")
    line = first.strip().splitlines()[0] if first.strip() else ""
    return shortened(line, 120)


def shortened(line: str, length: int) -> str:
    """A line of at most so many characters, with a sign where some are left out."""
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _restored(event: SessionRewound) -> str:
    files = f"{len(event.files)} file{'s' if len(event.files) > 1 else ''}" if event.files else ""
    what = " and ".join(part for part in ("the conversation" if event.conversation else "", files) if part)
    return f"Back to before turn {event.turn}: {what or 'nothing had changed'}."


def _chip(entry: Entry) -> EntryRow:
    why = f" — {entry.why}" if entry.why else ""
    return EntryRow(f"n{entry.id}", entry.turns[0], _CHIPS[entry.kind], entry.text + why)  # type: ignore[arg-type]


def bill_row(bill: TurnBill) -> BillRow | None:
    """What a turn has cost; none where nothing was asked of a model."""
    words = bill_words(bill)
    return BillRow(bill_row_name(bill.turn), bill.turn, words, list(paid_again(bill))) if words else None


def warming_row(name: str, call: CallBilled) -> BillRow:
    """What it cost to fill the provider's cache."""
    bill = TurnBill(calls=(call,))
    return BillRow(name, 0, f"Warming the cache: {bill_words(bill)}", list(paid_again(bill)))


def _turn_end(event: TurnEnded, seq: int) -> Iterator[NoticeRow]:
    """Why code ended a turn, or what it broke off with."""
    if event.ending == "stopped":
        yield NoticeRow(f"e{seq}", "info", event.detail)
    if event.ending in BROKEN:
        yield NoticeRow(failure_row(event.turn), "error", event.detail, event.turn, retryable=True)


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
