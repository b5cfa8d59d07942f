"""Events of a session's log: immutable values, and the envelope they are kept in."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias

from attrs import field, frozen

from throughline.domain.ledger import Entry, Operation


@frozen
class Evidence:
    """What code saw happen in a call: paths read and changed, a command and its exit status (None where it was
    stopped), names of failing tests, error lines, and commits made.
    """

    read: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    command: str = ""
    status: int | None = None
    failing: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()


@frozen
class FullOutputStored:
    """The whole output of a call whose result shows only a part of it; it stands before that result."""

    kind: ClassVar[Literal["output_kept"]] = "output_kept"
    turn: int
    id: str
    text: str


@frozen
class ApprovalRequested:
    """The user was asked whether a call may do something to a path or run a command."""

    kind: ClassVar[Literal["asked"]] = "asked"
    turn: int
    id: str
    action: Literal["read", "edit", "run"]
    target: str
    why: str


@frozen
class ApprovalDecided:
    """The user's answer; a pattern holds for the rest of the session."""

    kind: ClassVar[Literal["answered"]] = "answered"
    turn: int
    id: str
    allowed: bool
    pattern: str = ""
    reason: str = ""


@frozen
class CheckpointCreated:
    """The files as a turn found them, kept aside before it first touched them."""

    kind: ClassVar[Literal["checkpointed"]] = "checkpointed"
    turn: int
    id: str
    how: Literal["git", "copies"]
    left_out: tuple[str, ...] = ()


@frozen
class SessionRewound:
    """The user went back to before a turn: these files are as they were then, or its conversation is no more, or both.

    `kept` is the checkpoint of the files as they were until now.
    """

    kind: ClassVar[Literal["restored"]] = "restored"
    turn: int
    files: tuple[str, ...] = ()
    conversation: bool = False
    kept: str = ""


@frozen
class Thought:
    """A block of thinking, exactly as the provider gave it; only what it shows as text can be read.

    It goes back unmodified for as long as its turn runs, and `tokens` are those of its text.
    """

    kind: ClassVar[Literal["thought"]] = "thought"
    turn: int
    block: dict[str, Any]
    tokens: int

    @property
    def text(self) -> str:
        """What can be read of it: nothing where the provider keeps it to itself."""
        text = self.block.get("thinking")
        return text if isinstance(text, str) else ""

    @property
    def signed(self) -> bool:
        """Whether the provider will know it again."""
        return bool(self.block.get("signature") or self.block.get("data"))


@frozen
class Cut:
    """Of a message, result or file, by its key, the view shows the beginning and the end: so many characters of its
    text, which with the mark between them are so many o200k tokens.
    """

    id: str
    characters: int
    tokens: int


@frozen
class LeftOut:
    """Of the turn with this number the first so many items are not shown, and nothing of the recent turns before it.

    The first and the last words of the user's among those items are shown all the same.
    """

    turn: int = 0
    items: int = 0


@frozen
class Trimmed:
    """The view was longer than the model takes: from now on it shows less of these, until the limit is raised."""

    kind: ClassVar[Literal["trimmed"]] = "trimmed"
    cuts: tuple[Cut, ...]
    left_out: LeftOut = field(factory=LeftOut)


Purpose: TypeAlias = Literal["chat", "merge", "distill", "skeleton", "diff", "warm"]
Form: TypeAlias = Literal["full", "skeleton"]
Origin: TypeAlias = Literal["live", "demo", "recording"]
Sighting: TypeAlias = Literal["full", "part", "skeleton", "written"]
Means: TypeAlias = Literal["read", "edit", "check"]
Ending: TypeAlias = Literal["done", "cancelled", "failed", "interrupted", "stopped"]


@frozen
class SessionStarted:
    """The first event: what the session is for, and the model's context limit in the model's own tokens.

    A demo is played by the recorded model; a recording is another tool's session, open to be read. `environment` says
    where it began, a line each: it stands in every request, and a session that is resumed sends the same.
    """

    kind: ClassVar[Literal["session_started"]] = "session_started"
    session: str
    objective: str
    role: str
    project: str
    model: str
    limit: int
    origin: Origin = "live"
    environment: str = ""
    rules: tuple[Entry, ...] = ()
    """The workspace's rules as the session found them: those in force, and retired ones that the archive still has."""


@frozen
class SessionNamed:
    """The user calls the session this where it is listed; what it is for, as the model is told, stays."""

    kind: ClassVar[Literal["session_named"]] = "session_named"
    name: str


@frozen
class RoleAndModelChanged:
    """From here on the session is worked on in this role, by this model with its context limit."""

    kind: ClassVar[Literal["crew_changed"]] = "crew_changed"
    role: str
    model: str
    limit: int


@frozen
class ContextLimitReported:
    """The provider says what the model's context limit is, in the model's own tokens."""

    kind: ClassVar[Literal["limit_told"]] = "limit_told"
    limit: int


@frozen
class UserMessage:
    """The user's words (or, marked so, an interrupt); the first one with a new number opens that turn."""

    kind: ClassVar[Literal["spoke"]] = "spoke"
    turn: int
    text: str
    tokens: int
    origin: Literal["user", "interrupt"] = "user"


@frozen
class MessageQueued:
    """Words that wait for the turns before theirs; the `Spoke` of the same turn takes them from the queue."""

    kind: ClassVar[Literal["queued"]] = "queued"
    turn: int
    text: str
    tokens: int


@frozen
class MessageWithdrawn:
    """Words that wait are taken back, those of one turn or, for 0, all: nobody will answer them."""

    kind: ClassVar[Literal["withdrawn"]] = "withdrawn"
    turn: int = 0


@frozen
class Notice:
    """Something that the user must know about the session, in one line."""

    kind: ClassVar[Literal["noted"]] = "noted"
    text: str


@frozen
class SystemNote:
    """What code says to the model: that a file has moved, that a reply was cut off."""

    kind: ClassVar[Literal["told"]] = "told"
    turn: int
    text: str
    tokens: int


@frozen
class AssistantMessage:
    """A block of the model's text; partial where the stream was cut or cancelled."""

    kind: ClassVar[Literal["replied"]] = "replied"
    turn: int
    text: str
    tokens: int
    partial: bool = False


def masked_arguments_id(call: str) -> str:
    """The id under which the arguments of a call are masked."""
    return f"{call}:arguments"


@frozen
class ToolCalled:
    """The model asked for a tool; `args` keep the order in which the model gave them."""

    kind: ClassVar[Literal["tool_called"]] = "tool_called"
    turn: int
    id: str
    tool: str
    args: dict[str, Any]
    tokens: int

    @property
    def key(self) -> str:
        """The id under which its arguments are masked; its own stands for its result."""
        return masked_arguments_id(self.id)

    @property
    def path(self) -> str:
        """The file that it names, where it names one."""
        named = self.args.get("file_path") or self.args.get("path")
        return named if isinstance(named, str) else ""


@frozen
class ToolReturned:
    """What a tool gave back to the call with the same id."""

    kind: ClassVar[Literal["tool_returned"]] = "tool_returned"
    turn: int
    id: str
    text: str
    tokens: int
    error: bool = False
    evidence: Evidence | None = None


@frozen
class FileInjected:
    """A file put into the view: its content alone, whole, as a skeleton, or some lines."""

    kind: ClassVar[Literal["file_injected"]] = "file_injected"
    path: str
    """Relative to the workspace, with slashes."""
    digest: str
    """The content hash (SHA-256) of the whole file; empty where it is gone."""
    form: Form
    """How it is shown."""
    text: str
    """What is shown of it, without the line that names it."""
    tokens: int
    """What it takes in the view, that line included, in o200k tokens."""
    original: int = 0
    """What the whole file would take, in o200k tokens."""
    first: int = 0
    """The first line shown, from 1; 0 where it is not a range."""
    last: int = 0
    """The last line shown, included; 0 where it is not a range."""
    absent: bool = False
    """Whether the text is a notice that says why the content is not there: it is gone, or too big by now."""
    was: str = ""
    """The path that it had when the model last saw it, where that was another."""
    copy: int = 0
    """Tells later copies of one content apart."""
    restored: bool = False
    """Whether a compaction put it back, and not the user."""
    lines: int = 0
    """How many lines the whole file has, where a range of them is shown."""
    headed: bool = True
    """Whether the line that names it is in the text, as in the logs of versions that did not store it apart."""

    @property
    def key(self) -> str:
        """The id under which a copy of the file is masked."""
        lines = f":{self.first}-{self.last}" if self.first else ""
        return f"{self.path}@{self.digest[:12]}:{self.form}{lines}" + (f"#{self.copy}" if self.copy else "")


@frozen
class FileDropped:
    """A file taken out of the view by the user."""

    kind: ClassVar[Literal["file_dropped"]] = "file_dropped"
    path: str


@frozen
class FileSeen:
    """The model knows a file's text at a content hash, whole or in part, because it read or wrote it; no hash where it
    deleted it. A file is "written" where it knows the whole of what it made.

    `id` is the call that shows the content. A check found that what it had been shown would be the same at this hash.
    """

    kind: ClassVar[Literal["file_seen"]] = "file_seen"
    turn: int
    path: str
    digest: str
    form: Sighting
    by: Means = "read"
    id: str = ""
    first: int = 0
    last: int = 0


@frozen
class FileRenamed:
    """A file that the model has seen has another path from now on; its content is the same."""

    kind: ClassVar[Literal["file_moved"]] = "file_moved"
    path: str
    to: str


@frozen
class TurnEnded:
    """The model handed back, or something ended the turn."""

    kind: ClassVar[Literal["turn_ended"]] = "turn_ended"
    turn: int
    ending: Ending
    detail: str = ""


@frozen
class TurnResumed:
    """A turn that failed or was interrupted goes on, with the user's words as they stand; of the reply that it broke
    off in, words and thinking are not sent again.
    """

    kind: ClassVar[Literal["turn_resumed"]] = "turn_resumed"
    turn: int


@frozen
class CallBilled:
    """One request to a model and what it cost; dollars are None where the model's price is unknown.

    `began` is when it was sent, in seconds since the epoch: from then on the provider's cache ages. `counted` is what
    was sent in o200k tokens, 0 where nobody counted; of what the cache took, it keeps `hour` for an hour.

    `reply` is the provider's name for the answer; `miss` is why it could not read the prefix of the call before from
    its cache, in its own word, and about so many tokens were `missed`. Of what the cache had held then, `rewritten`
    tokens had to be written or sent again, for `rewritten_dollars`; the call before began `idle` seconds earlier. Of
    the output, `thinking` was thinking.
    """

    kind: ClassVar[Literal["call_billed"]] = "call_billed"
    purpose: Purpose
    model: str
    input: int
    output: int
    cache_read: int
    cache_write: int
    dollars: float | None
    began: float = 0.0
    counted: int = 0
    hour: int = 0
    reply: str = ""
    miss: str = ""
    missed: int = 0
    rewritten: int = 0
    rewritten_dollars: float | None = None
    idle: float = 0.0
    thinking: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that were sent, in the model's own count."""
        return self.input + self.cache_read + self.cache_write

    @property
    def cached(self) -> int:
        """The tokens of the prompt that stood in the provider's cache when the call had begun."""
        return self.cache_read + self.cache_write


@frozen
class LedgerChanged:
    """Operations applied to the ledger outside a compaction: tags in a reply; the user's own, which the summary in the
    view shows at once; rules that were heard in the user's words; and what other sessions did to the workspace's rules.
    """

    kind: ClassVar[Literal["ledger_changed"]] = "ledger_changed"
    operations: tuple[Operation, ...]
    by: Literal["agent", "user", "heard", "workspace"] = "agent"


@frozen
class LedgerUndone:
    """What the user changed in the ledger with the event of that `seq` is taken back."""

    kind: ClassVar[Literal["ledger_undone"]] = "ledger_undone"
    step: int


@frozen
class Masked:
    """Old tool results by call id, and calls and files by key, that the view shows as stubs from now on."""

    kind: ClassVar[Literal["masked"]] = "masked"
    ids: tuple[str, ...]


@frozen
class Compacted:
    """Turns up to `through` moved into the ledger; `before` and `after` are the view's tokens (o200k). Of `live`
    entries the view after it holds `held`; the others are `missing`, by id.
    """

    kind: ClassVar[Literal["compacted"]] = "compacted"
    id: str
    through: int
    operations: tuple[Operation, ...]
    before: int
    after: int
    held: int
    live: int
    summariser: Literal["local", "model"] = "local"
    missing: tuple[str, ...] = ()


@frozen
class CompactionProposed:
    """A compaction that waits for the user's word; the event that it would be, or anything that moves its turns, ends
    the waiting. `items` is how many things were said and done in those turns.
    """

    kind: ClassVar[Literal["compaction_held"]] = "compaction_held"
    event: Compacted
    items: int


@frozen
class CompactionDismissed:
    """The user does not want the compaction that was held."""

    kind: ClassVar[Literal["compaction_dismissed"]] = "compaction_dismissed"
    id: str


@frozen
class CompactionUndone:
    """The compaction's turns are back in the view and its operations out of the ledger."""

    kind: ClassVar[Literal["compaction_undone"]] = "compaction_undone"
    id: str


@frozen
class ArchiveProposed:
    """A change of the project archive that nobody has accepted yet: the archive as it would be, and the `base` that it
    was made from. A later one takes its place.
    """

    kind: ClassVar[Literal["archive_proposed"]] = "archive_proposed"
    base: str
    text: str
    tokens: int
    by: Literal["local", "model"] = "local"


@frozen
class ArchiveRejected:
    """The user does not want the change of the archive that was proposed."""

    kind: ClassVar[Literal["archive_rejected"]] = "archive_rejected"


@frozen
class ArchiveWritten:
    """The project archive that this session distilled, as written."""

    kind: ClassVar[Literal["archive_written"]] = "archive_written"
    text: str
    tokens: int


@frozen
class SessionEnded:
    """The session is over; it can still be read."""

    kind: ClassVar[Literal["session_ended"]] = "session_ended"


Item: TypeAlias = UserMessage | SystemNote | Thought | AssistantMessage | ToolCalled | ToolReturned | FileInjected
Event: TypeAlias = (
    SessionStarted | SessionNamed | RoleAndModelChanged | ContextLimitReported | UserMessage | MessageQueued
    | MessageWithdrawn | Notice | SystemNote | AssistantMessage | ToolCalled | ToolReturned | FullOutputStored
    | ApprovalRequested | ApprovalDecided | FileSeen | FileRenamed | CheckpointCreated | SessionRewound | FileInjected
    | FileDropped | TurnEnded | CallBilled | LedgerChanged | LedgerUndone | Masked | Compacted | CompactionProposed
    | CompactionDismissed | CompactionUndone | ArchiveProposed | ArchiveRejected | ArchiveWritten | SessionEnded
    | Thought | Trimmed | TurnResumed
)  # fmt: skip


@frozen
class Logged:
    """An event in its place: `seq` counts from 1 within the session, `at` is seconds since the epoch."""

    seq: int
    at: float
    event: Event = field()
