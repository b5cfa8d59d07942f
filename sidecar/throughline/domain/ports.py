"""Ports: what sessions and tools need of the world. The outer packages implement them, `app` puts them together."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from attrs import field, frozen

from throughline.domain.changes import ComparedRevisions, FileChange
from throughline.domain.errors import UserError
from throughline.domain.events import Event, Logged, Origin, Purpose, ToolCalled, ToolReturned, UserMessage
from throughline.domain.rules import RuleEvent, WorkspaceRules
from throughline.domain.session import Session
from throughline.domain.usage import Price, Usage
from throughline.domain.view import View

Action: TypeAlias = Literal["read", "edit", "run"]


class ActError(UserError):
    """A tool cannot do what was asked; the line says what to do instead, and the model reads it."""


class MovedError(ActError):
    """The file is no longer what it was when the edit was made."""


@frozen
class ResolvedPath:
    """Where a path leads, links followed: `path` is relative to the workspace with slashes, or absolute outside of it.

    What is `guarded` is not the agent's: the repository's own folder, the session's, and the user's own state outside.
    """

    path: str
    inside: bool = True
    guarded: bool = False


class Files(Protocol):
    """The files that tools read: those of the workspace with unsaved edits, and others where the user allows it."""

    def place(self, path: str) -> ResolvedPath:
        """Where a path leads; raises ActError for what is no path here."""
        ...

    def text(self, place: ResolvedPath) -> str:
        """A file's text, line ends kept; raises ActError where it is not there, not text or too large."""
        ...

    def exists(self, place: ResolvedPath) -> bool:
        """Whether anything is there."""
        ...

    def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        """The content hash of each file's text in the workspace, None where there is none; cheap where none changed."""
        ...

    def branch(self) -> str:
        """The branch that is checked out, or the commit where none is; nothing without version control."""
        ...


class Edits(Protocol):
    """The hand that changes files: an editor's, or the disk's."""

    async def put(self, place: ResolvedPath, text: str, before: str | None) -> None:
        """Replaces a file whole or not at all, or makes it where `before` is None.

        Raises MovedError where it is not `before` any more, ActError where it cannot be written.
        """
        ...


@runtime_checkable
class Mirror(Protocol):
    """A workspace whose open documents hear of a write on disk later than it happens."""

    def wrote(self, path: str, before: str, text: str) -> None:
        """A file that was `before` is this text now; blocks no longer than to remember it."""
        ...


@frozen
class CommandResult:
    """How a command ended: its exit status, or None where it was stopped at its time limit."""

    status: int | None
    seconds: float


class Shell(Protocol):
    """Runs commands in the workspace; nothing that a command starts outlives it."""

    async def run(self, command: str, limit: float, heard: Callable[[str], None]) -> CommandResult:
        """Runs a command for at most `limit` seconds, without standard input.

        `heard` gets what it prints, raw, in a thread; cancelling stops it and all that it started.
        """
        ...


@frozen
class SearchQuery:
    """A search: a regular expression, where to look (a file or folder), which names, and whether case counts; with so
    many lines of `context` around each match, or with the names of files alone.
    """

    pattern: str
    under: ResolvedPath
    glob: str = ""
    fold: bool = False
    context: int = 0
    names: bool = False


@frozen
class SearchMatches:
    """Lines that match, as `path:line:text`, and whether there are more than these. Those around a match are
    `path-line-text`, with `--` between what does not follow each other; a search for names has a path on each.
    """

    lines: tuple[str, ...]
    more: bool = False


class Finder(Protocol):
    """Finds files and lines; what ignore files name is left out."""

    async def files(self, under: ResolvedPath, glob: str, most: int) -> tuple[tuple[str, ...], int]:
        """The first `most` files under a place, in order, and how many there are; raises ActError."""
        ...

    async def search(self, sought: SearchQuery, most: int) -> SearchMatches:
        """The first `most` lines that match; raises ActError for what is no regular expression."""
        ...


@frozen
class FileDifference:
    """A file that differs between two states: its text before and after, or None where it was not there or no text."""

    path: str
    before: str | None
    after: str | None


class CheckpointError(UserError):
    """A checkpoint cannot be made, read or restored."""


@frozen
class Checkpoint:
    """A state of the workspace's files that can be had again; `left_out` names what is too large to be in it."""

    id: str
    how: Literal["git", "copies"]
    left_out: tuple[str, ...] = ()


class Checkpoints(Protocol):
    """States of the workspace's files, kept aside. All methods block and raise CheckpointError."""

    def take(self, label: str) -> Checkpoint:
        """Keeps the files as they are now, those that ignore files name left out."""
        ...

    def changes(self, id: str) -> tuple[FileDifference, ...]:  # noqa: A002 - the event's own word
        """What differs now from a checkpoint, by path."""
        ...

    def restore(self, id: str) -> tuple[str, ...]:  # noqa: A002
        """Brings the files back: the paths that changed. Files made since are taken away."""
        ...


@frozen
class Ask:
    """What an agent wants to do and may not yet: `detail` shows it, `why` says what is special about it, and
    `pattern` is what allowing it for the session would allow.
    """

    turn: int
    id: str
    tool: str
    action: Action
    target: str
    detail: str
    why: str
    pattern: str


@frozen
class Allow:
    """Yes: once, or, with a pattern, for all that it fits in this session."""

    pattern: str = ""


@frozen
class Deny:
    """No, and why; the model reads it."""

    reason: str = ""


class Approver(Protocol):
    """Whoever may say yes."""

    async def ask(self, ask: Ask) -> Allow | Deny:
        """The answer, which may take as long as it likes; cancelling takes the question back."""
        ...


@frozen
class Tool:
    """A tool as offered to a model: its name, what it does, and a JSON schema of its arguments, which a `strict` one
    holds the model to.
    """

    name: str
    description: str
    schema: dict[str, Any] = field(factory=dict)
    strict: bool = False

    @property
    def text(self) -> str:
        """All of it that a model reads, to be counted."""
        return f"{self.name}\n{self.description}\n{json.dumps(self.schema)}"


@frozen
class Request:
    """One request to a model; `limit` caps the reply, in the model's tokens; `must` names the tool whose call is the
    answer. No model is forced to make that call: one that does not is asked once more. `previous` is the provider's
    name for the reply before, with whose request this one's cached prefix is compared.
    """

    purpose: Purpose
    model: str
    view: View
    tools: tuple[Tool, ...] = ()
    limit: int = 8192
    must: str = ""
    previous: str = ""


@frozen
class TextPiece:
    """A piece of streamed text; `last` ends its block, as a tool call and the end of the reply do too."""

    text: str
    last: bool = False


@frozen
class ThoughtPiece:
    """A whole block of thinking, as the provider gave it."""

    block: dict[str, Any]


@frozen
class CallPiece:
    """A whole tool call."""

    id: str
    tool: str
    args: dict[str, Any]


@frozen
class EndPiece:
    """The end of a reply: why it stopped and what it used; the provider's `name` for it, and why the prompt cache could
    not be read further, as the provider says, with about so many tokens `missed`. Of a refusal, `detail` is the kind
    that the provider names.
    """

    reason: str
    usage: Usage
    name: str = ""
    miss: str = ""
    missed: int = 0
    detail: str = ""


@frozen
class WaitPiece:
    """The provider wants to be asked again in so many `seconds`; `text` says why, and what the user may do."""

    text: str
    seconds: float


@frozen
class UsagePiece:
    """What a reply has used so far, as its provider says: what a call costs that never comes to its end."""

    usage: Usage


Piece: TypeAlias = TextPiece | ThoughtPiece | CallPiece | UsagePiece | WaitPiece | EndPiece


class ModelError(UserError):
    """A model could not answer."""


class TooLongError(ModelError):
    """The prompt is longer than the model takes; `limit` is the context limit in its own tokens, 0 where the server
    does not say it.
    """

    def __init__(self, message: str, limit: int = 0) -> None:
        super().__init__(message)
        self.limit = limit


class Model(Protocol):
    """Access to a model."""

    def stream(self, request: Request) -> AsyncIterator[Piece]:
        """Yields the reply as it comes, an EndPiece last; raises ModelError; cancelling the task stops it."""
        ...

    def suggestion(self, said: Sequence[str]) -> str:
        """What a recording would have the user say after all that was `said`; nothing for a real model."""
        ...


@frozen
class ModelRow:
    """A model as its provider lists it: its context limit in its own tokens, None where that is not said, and when it
    is to go, in seconds since the epoch.
    """

    id: str
    name: str
    window: int | None = None
    stage: Literal["active", "deprecated", "retired"] = "active"
    retires: float | None = None


@runtime_checkable
class Counter(Protocol):
    """A model whose provider can be asked how long a prompt is."""

    async def count(self, request: Request) -> int | None:
        """The prompt's tokens in the model's own count; None, soon, where the provider does not say."""
        ...


@runtime_checkable
class Warmer(Protocol):
    """A model whose provider can be asked to fill its prompt cache and to say nothing."""

    async def warm(self, request: Request) -> EndPiece:
        """What reading the prompt used, and no reply, whatever its limit is. Raises ModelError."""
        ...


@frozen
class Outcome:
    """What came of a reply's tool calls and is not in the log yet; `hand_back` ends the turn though there are results,
    and `stop` says to the user why code ended it.
    """

    items: tuple[ToolReturned | UserMessage, ...] = ()
    hand_back: bool = True
    stop: str = ""


class Log(Protocol):
    """The session as far as its turn may see and add to it."""

    @property
    def session(self) -> Session:
        """What the log says so far."""
        ...

    async def record(self, *events: Event) -> None:
        """Keeps events; when it returns they are durable."""
        ...


class Toolbox(Protocol):
    """The tools an agent may use."""

    def offered(self) -> tuple[Tool, ...]:
        """What to tell the model of."""
        ...

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:
        """Runs the calls of one reply, none included; what it records itself is in the log at once."""
        ...


class Tokens(Protocol):
    """Counting without a network."""

    def count(self, text: str) -> int:
        """Tokens by o200k."""
        ...


class Prices(Protocol):
    """What models cost and how they count."""

    def price(self, model: str, prompt: int) -> Price | None:
        """The price for a prompt of that many tokens, or None where it is not known."""
        ...

    def factor(self, model: str) -> float:
        """The model's own tokens for one token of o200k, as its family counts; calls correct it."""
        ...

    def window(self, model: str) -> int:
        """The model's context limit in its own tokens."""
        ...


@frozen
class ModelOffer:
    """The models that a provider lists, a line for each chosen one that will not do, and what models cost."""

    rows: tuple[ModelRow, ...]
    remarks: tuple[str, ...]
    prices: Prices


class Clock(Protocol):
    """The time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def until(self, when: float) -> None:
        """Returns once it is `when`, in seconds since the epoch."""
        ...


@frozen
class SessionRow:
    """A session as listed."""

    id: str
    objective: str
    started: float
    updated: float
    turns: int
    ended: bool
    origin: Origin


# What stands where the user had a text forgotten.
FORGOTTEN = "[forgotten]"


@frozen
class LogMatch:
    """A place in a session's log where something was said; the excerpt is at most a few lines."""

    session: str
    seq: int
    turn: int
    kind: str
    excerpt: str


class Store(Protocol):
    """The sessions of one workspace and its rules, durable."""

    def append(self, session: str, events: Sequence[Logged], rules: Sequence[RuleEvent] = ()) -> None:
        """Keeps events, and what they did to the workspace's rules, both or neither; when it returns they survive a
        crash. Raises StoreError.
        """
        ...

    def rules(self) -> WorkspaceRules:
        """The workspace's rules."""
        ...

    def change_rules(self, at: float, rules: Sequence[RuleEvent]) -> None:
        """Keeps what the user did to the workspace's rules outside of any session, at a time in seconds since the
        epoch. Raises StoreError.
        """
        ...

    def lock_session(self, session: str) -> None:
        """Takes a session for this process. Raises StoreError where another one has it."""
        ...

    def unlock_session(self, session: str) -> None:
        """Gives a session back."""
        ...

    def read(self, session: str) -> Iterable[Logged]:
        """All events of a session in order; nothing for an unknown one."""
        ...

    def sessions(self) -> tuple[SessionRow, ...]:
        """All sessions, the newest first."""
        ...

    def pending(self) -> tuple[str, ...]:
        """The sessions whose archive change nobody has accepted or rejected, the newest first."""
        ...

    def archives(self) -> tuple[tuple[float, str], ...]:
        """The archive as sessions have written it, and when, the oldest first."""
        ...

    def forget(self, session: str) -> int:
        """Deletes a session and all that it said: how many events."""
        ...

    def redact(self, secret: str) -> int:
        """Replaces a text wherever it stands in the log: in how many events."""
        ...

    def recall(self, query: str, session: str = "", limit: int = 10) -> tuple[LogMatch, ...]:
        """Where all words of a query stand together, the best first, in one session or in all."""
        ...


class StoreError(UserError):
    """The database or the archive cannot be used."""


class ArchiveFile(Protocol):
    """The project archive on disk."""

    def read(self) -> str:
        """Its text; nothing where there is none."""
        ...

    def write(self, text: str) -> None:
        """Replaces it whole or not at all; an empty text never replaces one that says something."""
        ...


class Workspace(Protocol):
    """The files of the workspace as they are now, unsaved edits included."""

    def text(self, path: str) -> str | None:
        """A file's text, or None where it is gone or is not text; paths are relative, with slashes."""
        ...

    def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        """The content hash of each file's text, None where there is none; cheap where little has changed."""
        ...

    def files(self, path: str) -> tuple[str, ...]:
        """The files below a folder that no ignore file excludes; the path itself where it is a file."""
        ...

    def touched(self, paths: Iterable[str]) -> None:
        """Something says that these files have changed."""
        ...


class Repository(Protocol):
    """The version control of the workspace."""

    def read(self, span: ComparedRevisions) -> Iterable[FileChange]:
        """The files that differ over a span, each whole, by path. Raises UserError."""
        ...

    def base(self, one: str, other: str) -> str:
        """The commit at which two revisions parted. Raises UserError."""
        ...


class Skeletons(Protocol):
    """What was made of files before, under a key that says from what and how. Losing it loses nothing."""

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """What is kept under these keys."""
        ...

    def keep(self, made: Mapping[str, str]) -> None:
        """Keeps what was made, by key."""
        ...


class Listener(Protocol):
    """Is told of what happens in a live session."""

    def logged(self, events: Sequence[Logged]) -> None:
        """Events were kept."""
        ...

    def streamed(self, turn: int, text: str) -> None:
        """A piece of text came that is not yet an event."""
        ...
