"""State that the editor shows, as one value: the sidecar owns it, the editor renders it."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from attrs import field, frozen

Freshness: TypeAlias = Literal["fresh", "stale", "gone"]
FileForm: TypeAlias = Literal["full", "skeleton"]
Activity: TypeAlias = Literal["idle", "answering", "compacting"]
EntryKind: TypeAlias = Literal[
    "objective", "state", "decision", "constraint", "pattern", "milestone", "work",
    "question", "issue", "rejected", "fact", "rule",
]  # fmt: skip


@frozen
class UserRow:
    """What the user said; `waiting` while the turns before it run."""

    kind: ClassVar[Literal["user"]] = "user"
    id: str
    turn: int
    text: str
    waiting: bool = False


@frozen
class AgentRow:
    """The model's text, as Markdown; `streaming` while it grows, `partial` where it was cut."""

    kind: ClassVar[Literal["agent"]] = "agent"
    id: str
    turn: int
    text: str
    streaming: bool
    partial: bool


@frozen
class ToolRow:
    """A tool call and the beginning of its result."""

    kind: ClassVar[Literal["tool"]] = "tool"
    id: str
    turn: int
    tool: str
    title: str
    result: str
    status: Literal["running", "done", "failed"]
    masked: bool
    tokens: int


@frozen
class AskRow:
    """A question whether a call may act on a path or run a command: `why` says what is special about it, `detail` shows
    it, and `pattern` is what allowing it for the session would allow. `reason` is the user's, of a no.
    """

    kind: ClassVar[Literal["ask"]] = "ask"
    id: str
    turn: int
    call: str
    action: Literal["read", "edit", "run"]
    target: str
    why: str
    detail: str
    pattern: str
    status: Literal["waiting", "allowed", "session", "denied", "withdrawn"]
    reason: str


@frozen
class EntryRow:
    """A decision, milestone or rejected approach, at the moment it entered the ledger."""

    kind: ClassVar[Literal["entry"]] = "entry"
    id: str
    turn: int
    label: Literal["decision", "milestone", "rejected"]
    text: str


@frozen
class FileRow:
    """A file that was put into the view; tokens are o200k."""

    kind: ClassVar[Literal["file"]] = "file"
    id: str
    path: str
    form: FileForm
    tokens: int
    original: int


@frozen
class CompactionRow:
    """A compaction: the view's tokens before and after, and how many live entries the new view holds."""

    kind: ClassVar[Literal["compaction"]] = "compaction"
    id: str
    compaction: str
    through: int
    before: int
    after: int
    held: int
    live: int
    added: int
    undone: bool


@frozen
class HeldRow:
    """A compaction that waits for the user's word: the turns up to `through`, and what it would do to the view."""

    kind: ClassVar[Literal["held"]] = "held"
    id: str
    through: int
    before: int
    after: int
    held: int
    live: int
    added: int
    gains: bool


@frozen
class ArchiveRow:
    """A change of the project archive: the lines that it adds and takes out, and what became of it."""

    kind: ClassVar[Literal["archive"]] = "archive"
    id: str
    by: Literal["local", "model"]
    added: int
    removed: int
    status: Literal["waiting", "accepted", "rejected"]


@frozen
class ThoughtRow:
    """What the model thought, as far as its provider shows it."""

    kind: ClassVar[Literal["thought"]] = "thought"
    id: str
    turn: int
    text: str


@frozen
class NoticeRow:
    """Something the user must know, in one line. Where it says why a turn failed or was interrupted, it is `retryable`
    while that turn can go on where it broke off.
    """

    kind: ClassVar[Literal["notice"]] = "notice"
    id: str
    level: Literal["info", "error"]
    text: str
    turn: int = 0
    retryable: bool = False


@frozen
class BillRow:
    """What a turn cost, in one line, or, for turn 0, what warming the cache did; `again` says, a line for each reason,
    what it paid again of what the provider had cached.
    """

    kind: ClassVar[Literal["bill"]] = "bill"
    id: str
    turn: int
    text: str
    again: list[str]


Row: TypeAlias = (
    UserRow | AgentRow | ToolRow | AskRow | EntryRow | FileRow | CompactionRow | HeldRow | ArchiveRow | NoticeRow
    | ThoughtRow | BillRow
)  # fmt: skip


@frozen
class MemoryEntry:
    """One ledger entry in the Memory view: `text` is its whole line, and `said`, `why` and `owner` its parts. `row` is
    the chat row of the turn it came from. A rule that is `mine` stays on this machine.
    """

    id: str
    kind: EntryKind
    text: str
    said: str
    why: str
    owner: str
    resolution: str
    turns: list[int]
    state: Literal["active", "revised", "resolved"]
    author: Literal["agent", "user", "summariser", "code"]
    pinned: bool
    row: str
    mine: bool


@frozen
class MemorySection:
    """A section of the rolling summary, and the kind of a new entry in it."""

    title: str
    kind: EntryKind
    entries: list[MemoryEntry]


@frozen
class Memory:
    """The rolling summary, as text and as entries; tokens are o200k. In the sections stands what somebody put into the
    ledger, the user's rules first; `taken` is what was read in the dialogue and the summary shows, and `resolved` what
    has been settled. `foreign` are rules of the archive that somebody else wrote and the user has not accepted.
    """

    summary: str
    tokens: int
    sections: list[MemorySection]
    taken: list[MemoryEntry]
    resolved: list[MemoryEntry]
    foreign: list[str]


@frozen
class ArchiveLine:
    """A line of the project archive: its number in the file (from 1), and when a session first wrote it, in seconds
    since the epoch; null where a person wrote it.
    """

    text: str
    line: int
    since: float | None


@frozen
class ArchiveSection:
    """A section of the project archive."""

    title: str
    line: int
    lines: list[ArchiveLine]


@frozen
class ArchivePending:
    """A change of the archive that waits to be accepted: the lines that it adds and takes out; `problem` says why it
    cannot be.
    """

    by: Literal["local", "model"]
    added: int
    removed: int
    problem: str


@frozen
class Archive:
    """The project archive; tokens are o200k."""

    uri: str
    tokens: int
    sections: list[ArchiveSection]
    pending: ArchivePending | None


@frozen
class ContextFile:
    """A file in the view and whether it has moved on since the model saw it."""

    path: str
    uri: str
    form: FileForm
    freshness: Freshness
    tokens: int
    original: int


@frozen
class MeterPart:
    """One kind of block in the view of the next call, in the model's tokens."""

    label: str
    tokens: int


@frozen
class Meter:
    """The view of the next call against the model's limit, and the bill; dollars are null without a price."""

    used: int
    limit: int
    parts: list[MeterPart]
    calls: int
    input: int
    output: int
    dollars: float | None


@frozen
class SessionInfo:
    """The session that is shown; a recording's model says so, and a read-only one takes no messages."""

    id: str
    objective: str
    role: str
    model: str
    recorded: bool
    readonly: bool


@frozen
class State:
    """Everything that the chat page, the trees and the status bar render."""

    revision: int
    session: SessionInfo | None
    rows: list[Row] = field(factory=list)
    memory: Memory = field(factory=lambda: Memory("", 0, [], [], [], []))
    files: list[ContextFile] = field(factory=list)
    archive: Archive = field(factory=lambda: Archive("", 0, [], None))
    meter: Meter = field(factory=lambda: Meter(0, 0, [], 0, 0, 0, None))
    activity: Activity = "idle"
    suggestion: str = ""
    warning: str = ""


@frozen
class RowPut:
    """Adds a row at the end, or replaces the row with its id."""

    kind: ClassVar[Literal["row"]] = "row"
    row: Row


@frozen
class RowGrown:
    """Adds text to an agent row."""

    kind: ClassVar[Literal["grown"]] = "grown"
    id: str
    text: str


@frozen
class RowGone:
    """Takes a row away."""

    kind: ClassVar[Literal["gone"]] = "gone"
    id: str


@frozen
class MemoryPut:
    """Replaces the memory."""

    kind: ClassVar[Literal["memory"]] = "memory"
    memory: Memory


@frozen
class ArchivePut:
    """Replaces the archive."""

    kind: ClassVar[Literal["archive"]] = "archive"
    archive: Archive


@frozen
class FilesPut:
    """Replaces the context files."""

    kind: ClassVar[Literal["files"]] = "files"
    files: list[ContextFile]


@frozen
class MeterPut:
    """Replaces the meter."""

    kind: ClassVar[Literal["meter"]] = "meter"
    meter: Meter


@frozen
class ActivityPut:
    """Replaces what the sidecar is doing, the recording's next prompt, and what is to be known of the next message's
    cost before it is sent.
    """

    kind: ClassVar[Literal["activity"]] = "activity"
    activity: Activity
    suggestion: str
    warning: str = ""


@frozen
class SessionPut:
    """Replaces the session's own line."""

    kind: ClassVar[Literal["session"]] = "session"
    session: SessionInfo | None


Change: TypeAlias = (
    RowPut | RowGrown | RowGone | MemoryPut | ArchivePut | FilesPut | MeterPut | ActivityPut | SessionPut
)  # fmt: skip


@frozen
class Patch:
    """Changes that lead from revision - 1 to revision; a page at another revision asks for a snapshot."""

    revision: int
    changes: list[Change]
