"""What an agent does to the world: the ports that its tools act through, and the values that pass there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from attrs import frozen

from throughline.core.errors import UserError

Action: TypeAlias = Literal["read", "edit", "run"]


class ActError(UserError):
    """A tool cannot do what was asked; the line says what to do instead, and the model reads it."""


class MovedError(ActError):
    """The file is no longer what it was when the edit was made."""


@frozen
class Place:
    """Where a path leads, links followed: `path` is relative to the workspace with slashes, or absolute outside of it.

    What is `guarded` is not the agent's: the repository's own folder, the session's, and the user's own state outside.
    """

    path: str
    inside: bool = True
    guarded: bool = False


class Files(Protocol):
    """The files that tools read: those of the workspace with unsaved edits, and others where the user allows it."""

    def place(self, path: str) -> Place:
        """Where a path leads; raises ActError for what is no path here."""
        ...

    def text(self, place: Place) -> str:
        """A file's text, line ends kept; raises ActError where it is not there, not text or too large."""
        ...

    def exists(self, place: Place) -> bool:
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

    async def put(self, place: Place, text: str, before: str | None) -> None:
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
class Ran:
    """How a command ended: its exit status, or None where it was stopped at its time limit."""

    status: int | None
    seconds: float


class Shell(Protocol):
    """Runs commands in the workspace; nothing that a command starts outlives it."""

    async def run(self, command: str, limit: float, heard: Callable[[str], None]) -> Ran:
        """Runs a command for at most `limit` seconds, without standard input.

        `heard` gets what it prints, raw, in a thread; cancelling stops it and all that it started.
        """
        ...


@frozen
class Sought:
    """A search: a regular expression, where to look (a file or folder), which names, and whether case counts."""

    pattern: str
    under: Place
    glob: str = ""
    fold: bool = False


@frozen
class Hits:
    """Lines that match, as `path:line:text`, and whether there are more than these."""

    lines: tuple[str, ...]
    more: bool = False


class Finder(Protocol):
    """Finds files and lines; what ignore files name is left out."""

    async def files(self, under: Place, glob: str, most: int) -> tuple[tuple[str, ...], int]:
        """The first `most` files under a place, in order, and how many there are; raises ActError."""
        ...

    async def search(self, sought: Sought, most: int) -> Hits:
        """The first `most` lines that match; raises ActError for what is no regular expression."""
        ...


@frozen
class Change:
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

    def changes(self, id: str) -> tuple[Change, ...]:  # noqa: A002 - the event's own word
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
