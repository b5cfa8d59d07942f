"""The renderer of a chat in a terminal: text as it streams, Markdown, and a line for whatever else happens."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import assert_never

from rich.console import ConsoleRenderable
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from throughline.chat_state.rows import chat_rows, shortened
from throughline.cli.output import SafeConsole
from throughline.domain.events import (
    ArchiveWritten,
    AssistantMessage,
    CallBilled,
    Compacted,
    ContextLimitReported,
    Event,
    Logged,
    Masked,
    RoleAndModelChanged,
    SessionStarted,
    ToolReturned,
    TurnEnded,
)
from throughline.domain.ledger import EntryKind
from throughline.domain.session import BROKEN
from throughline.domain.turn_bill import TurnBill, bill_event, bill_words, paid_again
from throughline.domain.usage import explain_rewrite, rewrite_reason
from throughline.memory.tags import tagged
from throughline.protocol.state import (
    AgentRow,
    ArchiveRow,
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
from throughline.session.report import PURPOSES

# The colours of the tagged events, which are theirs alone.
COLOURS: dict[EntryKind, str] = {"decision": "bold cyan", "milestone": "bold green", "rejected": "bold magenta"}
CODE = "yellow"

_FENCE = re.compile(r"^\s*(```+|~~~+)")
_HEADING = re.compile(r"^#{1,6}\s+(.*)$")
_BULLET = re.compile(r"^(\s*)([-*+]|\d+[.)])\s+(.*)$")
_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|(?<!\w)\*([^*\s][^*]*)\*(?!\w)")


class MarkdownStream:
    """Turns lines into what a terminal shows; it knows whether it is inside a code block."""

    def __init__(self) -> None:
        self._fence = ""

    def line(self, said: str) -> Text | Table | Padding:
        """One whole line, without its end."""
        fence = _FENCE.match(said)
        if fence and (not self._fence or fence[1].startswith(self._fence)):
            self._fence = "" if self._fence else fence[1]
            return Text(said, style="dim")
        if self._fence:
            return Padding(Text(said, style=CODE), (0, 0, 0, 2))
        kind = next((kind for kind, _, _ in tagged(said)), None)
        if kind:
            return Text(said.strip(), style=COLOURS[kind])
        if heading := _HEADING.match(said):
            return _spans(heading[1], "bold underline")
        if bullet := _BULLET.match(said):
            return _item(*bullet.groups())
        return _spans(said)


def _item(indent: str, mark: str, said: str) -> Table:
    """A list's item, its further lines below its first word."""
    row = Table.grid(padding=0)
    sign = f"{indent}{'•' if mark in '-*+' else mark} "
    row.add_column(width=len(sign), no_wrap=True)
    row.add_column()
    row.add_row(Text(sign, style="bold"), _spans(said))
    return row


def _spans(said: str, style: str = "") -> Text:
    """A line with its code, bold and emphasis."""
    text, end = Text(style=style), 0
    for found in _INLINE.finditer(said):
        text.append(said[end : found.start()])
        code, bold, soft = found.groups()
        text.append(code or bold or soft, style=CODE if code else "bold" if bold else "italic")
        end = found.end()
    text.append(said[end:])
    return text


class Out(SafeConsole):
    """A console that outlives its reader: whoever prints a session must not be what stops it."""

    gone = False

    def on_broken_pipe(self) -> None:
        """Nobody reads any more: what is still printed goes nowhere."""
        self.gone = self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class ChatRenderer:
    """Listens to a session in its thread and prints the rows of the chat page, and a few lines of its own; while the
    user types, what comes waits.

    `quiet` while a log is read again. `failed` says that something went wrong since the session was opened.
    """

    def __init__(self, console: Out, *, live: bool) -> None:
        self.console = console
        self.quiet = True
        self.failed = False
        self._live = live
        self._lock = RLock()
        self._asking = False
        self._held: list[ConsoleRenderable] = []
        self._shown: Live | None = None
        self._partial = ""
        self._prose = MarkdownStream()
        self._streamed = False
        self._limit = 0
        self._calls = 0
        self._rows: dict[str, Row] = {}
        self._running: dict[str, str] = {}
        self._bill = TurnBill()

    # What the session tells, in its own thread.

    def streamed(self, turn: int, text: str) -> None:  # noqa: ARG002
        """Shows the lines that are whole; the one that is not stands below them until it is."""
        with self._lock:
            self._streamed = True
            *whole, self._partial = (self._partial + text).split("\n")
            for line in whole:
                self._line(line)
            self._refresh()

    def logged(self, events: Sequence[Logged]) -> None:
        """Shows what happened, an event at a time: the rows that it adds or changes, then what no row holds."""
        with self._lock:
            for one in events:
                self._keep(one.event)
                for row in list(chat_rows(one, self._rows.get)):
                    before = self._rows.get(row.id)
                    self._rows[row.id] = row
                    if not self.quiet and row != before:
                        self._draw(row, before, one.event)
                if not self.quiet:
                    self._tell(one.event)
            self._refresh()

    def printed(self, call: str, text: str) -> None:  # noqa: ARG002
        """Shows what a running command prints; a pipe has no use for it."""
        if self._live:
            for line in text.splitlines():
                self.say(f"  {line}", "dim")

    # What the terminal shows of its own.

    def begin(self) -> None:
        """The log has been read: from now on what happens is shown."""
        with self._lock:
            self.quiet = False
            self._running.clear()

    def show(self, what: ConsoleRenderable) -> None:
        """Prints something, or keeps it until the user has said what they are saying."""
        with self._lock:
            if self._asking:
                self._held.append(what)
            else:
                self.console.print(what, soft_wrap=not self._live)

    def say(self, text: str, style: str = "") -> None:
        """Prints a line."""
        self.show(Text(text, style=style))

    def refuse(self, text: str) -> None:
        """Prints why something was not done."""
        self.failed = True
        self.say(text, "red")

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While the user is asked, nothing else is printed."""
        with self._lock:
            shown, self._shown = self._shown, None
            if shown:
                shown.stop()
            self._asking = True
        try:
            yield
        finally:
            with self._lock:
                self._asking = False
                for one in self._held:
                    self.show(one)
                self._held.clear()
                if shown:
                    self._open()

    @contextmanager
    def working(self) -> Iterator[None]:
        """While something goes on, its last line stands at the bottom, or a sign that it does."""
        with self._lock:
            self._open()
        try:
            yield
        finally:
            with self._lock:
                if self._shown:
                    self._shown.stop()
                self._shown = None
                self._flush()

    def _open(self) -> None:
        if self._live:
            self._shown = Live(console=self.console, transient=True, refresh_per_second=12)
            self._shown.start()
            self._refresh()

    def _refresh(self) -> None:
        if self._shown:
            doing = next(reversed(self._running.values()), "")
            waiting = Spinner("dots", Text(doing, style="dim"))
            self._shown.update(Text(self._partial) if self._partial.strip() else waiting)

    def _flush(self) -> None:
        """Shows a last line that has no end."""
        last, self._partial = self._partial, ""
        if last:
            self._line(last)

    def _line(self, said: str) -> None:
        """A line of the model's text: a pipe gets it as it is."""
        self.show(self._prose.line(said) if self._live else Text(said))

    def _keep(self, event: Event) -> None:
        if isinstance(event, SessionStarted):
            # A log that is read again, as after a change of the model, begins here: nothing is counted twice.
            self._rows.clear()
            self._calls = 0
        self._bill = bill_event(self._bill, event)
        match event:
            case SessionStarted(limit=limit) | RoleAndModelChanged(limit=limit) | ContextLimitReported(limit=limit):
                self._limit = limit
            case CallBilled(purpose="chat"):
                self._calls += 1

    def _draw(self, row: Row, before: Row | None, event: Event) -> None:
        """Shows a row that is new or has changed. Every kind is named, so that a new one is not forgotten."""
        match row:
            case AgentRow(text=text):
                # A row from which entries were taken stands there with their lines, and what has streamed, too.
                if before is None and not self._streamed:
                    for line in text.split("\n"):
                        self._line(line)
            case ThoughtRow(text=text):
                self.say(f"  thought: {_first_line(text)}", "dim")
            case ToolRow():
                self._tool(row, event)
            case FileRow():
                form = "whole" if row.form == "full" else f"as a skeleton, {row.tokens:,} of {row.original:,}"
                self.say(f"{row.path} is in the context, {form} tokens.", "blue")
            case CompactionRow(undone=True, compaction=name):
                self.say(f"Compaction {name} is undone: its turns are back, and what came later stays.", "yellow")
            case CompactionRow():
                self.say(_compaction_line(row, event), "bold yellow")
            case NoticeRow(level="error", text=text):
                self.refuse(text)
            case NoticeRow(text=text):
                self.say(text, "yellow")
            case UserRow() | AskRow() | HeldRow() | ArchiveRow():
                pass  # The user has typed it here, or is asked at the prompt, or by the command that it belongs to.
            case BillRow():
                pass  # It is told at the end of its turn, where that had more than one call.
            case EntryRow():
                pass  # Its line stands in the model's text, where the page has a chip instead.
            case _:
                assert_never(row)

    def _tell(self, event: Event) -> None:
        """Shows what no row holds: what a call cost, how many results were masked and how long the archive is, which
        the page has in its meter, on its cards and in its side panel; and the end of a block of text and of a turn.
        """
        match event:
            case AssistantMessage():
                self._flush()
                self._streamed, self._prose = False, MarkdownStream()
            case CallBilled():
                self.say(self._billed(event), "dim")
                if why := explain_rewrite(event):
                    self.say(f"  {why}", "dim yellow")
            case Masked(ids=ids):
                self.say(f"  {_many(len(ids), 'old tool result')} shown as a line each from now on", "dim yellow")
            case ArchiveWritten(tokens=tokens):
                self.say(f"The project archive has {tokens:,} tokens.", "green")
            case TurnEnded():
                self._ended(event)

    def _tool(self, row: ToolRow, event: Event) -> None:
        """A call that runs stands at the bottom; its result is a line. How many lines it has, a row cuts off."""
        what = f"{row.tool} {shortened(row.title, 80)}".strip() or "tool"
        if row.status == "running":
            self._running[row.id] = what
        elif isinstance(event, ToolReturned):
            self._running.pop(row.id, None)
            lines = event.text.count("\n") + 1 if event.text else 0
            told = f"  ▸ {what} — {_many(lines, 'line')}, {_many(row.tokens, 'token')}"
            failed = row.status == "failed"
            self.say(told + (": failed" if failed else ""), "red" if failed else "dim blue")

    def _billed(self, event: CallBilled) -> str:
        sent = event.input + event.cache_read + event.cache_write
        price = "price unknown" if event.dollars is None else f"${event.dollars:.4f}"
        thinking = f" ({event.thinking:,} thinking)" if event.thinking else ""
        figures = f"{sent:,} in, {event.cache_read:,} cached · {event.output:,} out{thinking} · {price}"
        if event.purpose != "chat":
            return f"  {PURPOSES[event.purpose]}, {event.model} · {figures}"
        share = f" · context {sent / self._limit:.0%}" if self._limit else ""
        return f"  call {self._calls} · {figures}{share}"

    def _ended(self, event: TurnEnded) -> None:
        self._running.clear()
        if event.ending == "cancelled":
            self.say(event.detail or "Cancelled; what came so far is kept.", "yellow")
        if len(self._bill.calls) > 1:
            self.say(f"  turn {event.turn} · {bill_words(self._bill)}", "dim")
            again = paid_again(self._bill)
            if sum(bool(rewrite_reason(call)) for call in self._bill.calls) > len(again):
                for line in again:
                    self.say(f"  {line}", "dim yellow")
        if event.ending in BROKEN:
            self.say("  /retry goes on with it: what you said is sent once.", "dim")


def _compaction_line(row: CompactionRow, event: Event) -> str:
    """What a compaction did, in a line; a row does not say who summarised."""
    by = ", by a model" if isinstance(event, Compacted) and event.summariser == "model" else ""
    return (
        f"⚡ compacted up to turn {row.through}{by}: {row.before:,} → {row.after:,} tokens; "
        f"{row.added} entries added, {row.held}/{row.live} held"
    )


def _first_line(text: str) -> str:
    """The first line of a text, and a sign where there is more."""
    line, *more = [one for one in text.splitlines() if one.strip()] or [""]
    return f"{line} …" if more and len(line) <= 100 else shortened(line, 100)


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
