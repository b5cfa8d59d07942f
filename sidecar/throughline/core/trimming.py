"""What of a session its view shows only in part, because the whole did not fit into the model's context."""

from __future__ import annotations

from typing import ClassVar, Literal

from attrs import field, frozen


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
