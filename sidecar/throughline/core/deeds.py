"""What tools did, as the log has it: what they proved and printed, what the user let them do, and the ways back."""

from __future__ import annotations

from typing import ClassVar, Literal

from attrs import frozen


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
class OutputKept:
    """The whole output of a call whose result shows only a part of it; it stands before that result."""

    kind: ClassVar[Literal["output_kept"]] = "output_kept"
    turn: int
    id: str
    text: str


@frozen
class Asked:
    """The user was asked whether a call may do something to a path or run a command."""

    kind: ClassVar[Literal["asked"]] = "asked"
    turn: int
    id: str
    action: Literal["read", "edit", "run"]
    target: str
    why: str


@frozen
class Answered:
    """The user's answer; a pattern holds for the rest of the session."""

    kind: ClassVar[Literal["answered"]] = "answered"
    turn: int
    id: str
    allowed: bool
    pattern: str = ""
    reason: str = ""


@frozen
class Checkpointed:
    """The files as a turn found them, kept aside before it first touched them."""

    kind: ClassVar[Literal["checkpointed"]] = "checkpointed"
    turn: int
    id: str
    how: Literal["git", "copies"]
    left_out: tuple[str, ...] = ()


@frozen
class Restored:
    """The user went back to before a turn: these files are as they were then, or its conversation is no more, or both.

    `kept` is the checkpoint of the files as they were until now.
    """

    kind: ClassVar[Literal["restored"]] = "restored"
    turn: int
    files: tuple[str, ...] = ()
    conversation: bool = False
    kept: str = ""
