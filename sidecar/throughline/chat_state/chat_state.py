"""The chat page's state, and the patches that keep the editor's copy of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from attrs import evolve

from throughline.chat_state.rows import (
    HELD,
    SHOWN,
    agent_row,
    bill_row,
    bill_row_name,
    chat_rows,
    failure_row,
    waiting_ask,
)
from throughline.domain.events import (
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    AssistantMessage,
    Compacted,
    CompactionDismissed,
    CompactionProposed,
    CompactionUndone,
    Event,
    FileInjected,
    Logged,
    MessageWithdrawn,
    SessionRewound,
    SystemNote,
    Thought,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    TurnResumed,
    UserMessage,
)
from throughline.domain.turn_bill import TurnBill, bill_event
from throughline.domain.visible_text import visible_text
from throughline.protocol.state import (
    Activity,
    ActivityPut,
    AgentRow,
    Archive,
    ArchivePut,
    ArchiveRow,
    AskRow,
    BillRow,
    Change,
    ContextFile,
    EntryRow,
    FilesPut,
    HeldRow,
    Memory,
    MemoryPut,
    Meter,
    MeterPut,
    NoticeRow,
    Patch,
    Row,
    RowGone,
    RowGrown,
    RowPut,
    SessionInfo,
    SessionPut,
    State,
    ThoughtRow,
    ToolRow,
    UserRow,
)

# What a turn leaves in the chat, and what goes with it where the conversation goes back.
_SAID = UserRow | AgentRow | ToolRow | EntryRow | AskRow | BillRow | ThoughtRow | NoticeRow
# What ends a reply's words and thinking: a turn that goes on keeps what stands before it.
_BETWEEN = UserMessage | SystemNote | ToolCalled | ToolReturned | FileInjected
_SETTLING = Compacted | CompactionProposed | CompactionDismissed | CompactionUndone


class ChatState:
    """Owns the state; every change leaves as a patch whose revision follows the last one."""

    def __init__(self, send: Callable[[Patch], None]) -> None:
        self._send = send
        self._revision = 0
        self._rows: dict[str, Row] = {}
        self._rest = State(0, None)
        self._bill = TurnBill()
        # The rows of the words and thinking that came last.
        self._reply: list[str] = []

    def clear(self) -> None:
        """Forgets the session that was shown; the page asks for a snapshot when the next patch comes."""
        self._rows.clear()
        self._rest = State(0, None)
        self._bill = TurnBill()
        self._reply = []
        self._revision += 1

    def snapshot(self) -> State:
        """The whole state now."""
        return evolve(self._rest, revision=self._revision, rows=list(self._rows.values()))

    def logged(self, events: Sequence[Logged]) -> None:
        """Shows what events bring."""
        self._patch([change for one in events for change in (*self._gone(one), *self._put(one))])

    def streamed(self, turn: int, text: str) -> None:
        """Shows text that is not yet an event, in a row that its event will replace."""
        if not text:
            return
        place = 0
        while (row := self._rows.get(agent_row(turn, place))) is not None:
            if isinstance(row, AgentRow) and row.streaming:
                self._rows[row.id] = evolve(row, text=row.text + text)
                self._patch([RowGrown(row.id, text)])
                return
            place += 1
        if not text.strip():
            return  # Blank text alone has no row when its event comes: one here would never end.
        made = AgentRow(agent_row(turn, place), turn, text, streaming=True, partial=False)
        self._rows[made.id] = made
        self._patch([RowPut(made)])

    def show(
        self,
        *,
        session: SessionInfo | None,
        memory: Memory,
        files: list[ContextFile],
        archive: Archive,
        meter: Meter,
        activity: Activity,
        suggestion: str,
        warning: str = "",
    ) -> None:
        """Shows what stands beside the rows; what has not changed is not sent again."""
        before = self._rest
        changes: list[Change] = []
        if session != before.session:
            changes.append(SessionPut(session))
        if memory != before.memory:
            changes.append(MemoryPut(memory))
        if files != before.files:
            changes.append(FilesPut(files))
        if archive != before.archive:
            changes.append(ArchivePut(archive))
        if meter != before.meter:
            changes.append(MeterPut(meter))
        if (activity, suggestion, warning) != (before.activity, before.suggestion, before.warning):
            changes.append(ActivityPut(activity, suggestion, warning))
        self._rest = evolve(
            before,
            session=session,
            memory=memory,
            files=files,
            archive=archive,
            meter=meter,
            activity=activity,
            suggestion=suggestion,
            warning=warning,
        )
        self._patch(changes)

    def _put(self, logged: Logged) -> Iterator[Change]:
        event = logged.event
        self._bill = bill_event(self._bill, event)
        if isinstance(event, _BETWEEN):
            self._reply = []
        # A bill stands above what the turn failed with, which offers to go on.
        spent = bill_row(self._bill) if isinstance(event, TurnEnded) and event.turn == self._bill.turn else None
        if spent is not None:
            yield from self._show(spent)
        for row in list(chat_rows(logged, self._rows.get)):
            if isinstance(event, AssistantMessage | Thought):
                self._reply.append(row.id)
            yield from self._show(row)

    def offer(self, row: HeldRow) -> None:
        """Shows a compaction that would be done if the user says so."""
        self._patch([*self._drop([HELD]), *self._show(row)])

    def withdraw(self) -> None:
        """Takes away what was offered."""
        self._patch(list(self._drop([HELD])))

    def detail(self, call: str, detail: str, pattern: str) -> None:
        """Shows what a call that asks would do, its hidden characters written out."""
        row = waiting_ask(call, self._rows.get)
        if row is not None:
            self._patch(list(self._show(evolve(row, detail=visible_text(detail), pattern=visible_text(pattern)))))

    def printed(self, call: str, text: str) -> None:
        """Shows what a running command prints until its result comes; the beginning goes where that grows too long."""
        row = self._rows.get(f"t{call}")
        if not text or not isinstance(row, ToolRow) or row.status != "running":
            return
        whole = row.result + text
        if len(whole) <= 2 * SHOWN:
            self._rows[row.id] = evolve(row, result=whole)
            self._patch([RowGrown(row.id, text)])
        else:
            self._patch(list(self._show(evolve(row, result=whole[-SHOWN:]))))

    def _gone(self, logged: Logged) -> Iterator[Change]:
        """What an event takes away: words that waited go where their turn is or, taken back, are kept in a notice, and
        what waited for the user's word is settled, or another one waits in its place.
        """
        event = logged.event
        if isinstance(event, _SETTLING):
            yield from self._drop([HELD])
        waits = [row for row in self._rows.values() if isinstance(row, ArchiveRow) and row.status == "waiting"]
        if isinstance(event, ArchiveProposed):
            yield from self._drop([row.id for row in waits])
        if isinstance(event, ArchiveWritten | ArchiveRejected):
            status: Literal["accepted", "rejected"] = "accepted" if isinstance(event, ArchiveWritten) else "rejected"
            yield from (change for row in waits for change in self._show(evolve(row, status=status)))
        if isinstance(event, SessionRewound) and event.conversation:
            said = [row for row in self._rows.values() if isinstance(row, _SAID) and row.turn >= event.turn]
            yield from self._drop([row.id for row in said if not (isinstance(row, UserRow) and row.waiting)])
        if isinstance(event, TurnEnded):
            asked = [row for row in self._rows.values() if isinstance(row, AskRow) and row.status == "waiting"]
            yield from (change for row in asked for change in self._show(evolve(row, status="withdrawn")))
        if isinstance(event, TurnResumed):
            yield from self._drop([*self._reply, failure_row(event.turn), bill_row_name(event.turn)])
            self._reply = []
        yield from self._settle_failures(event)
        waiting = [row for row in self._rows.values() if isinstance(row, UserRow) and row.waiting]
        for row in waiting:
            back = isinstance(event, MessageWithdrawn) and event.turn in (0, row.turn)
            if back or (isinstance(event, UserMessage) and event.turn == row.turn):
                yield from self._drop([row.id])
            if back:
                yield from self._show(NoticeRow(f"{row.id}.back", "info", f"Not sent: {row.text}"))

    def _settle_failures(self, event: Event) -> Iterator[Change]:
        """A turn that broke off can go on until another one begins, or it is compacted."""
        for row in list(self._rows.values()):
            if isinstance(row, NoticeRow) and row.retryable:
                later = isinstance(event, UserMessage) and event.turn != row.turn
                if later or (isinstance(event, Compacted) and event.through >= row.turn):
                    yield from self._show(evolve(row, retryable=False))

    def _show(self, row: Row) -> Iterator[Change]:
        self._rows[row.id] = row
        yield RowPut(row)

    def _drop(self, ids: Sequence[str]) -> Iterator[Change]:
        for name in ids:
            if self._rows.pop(name, None) is not None:
                yield RowGone(name)

    def _patch(self, changes: list[Change]) -> None:
        if changes:
            self._revision += 1
            self._send(Patch(self._revision, changes))
