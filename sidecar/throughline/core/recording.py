"""A recorded session: its steps, and the turns and calls that they fall into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args

from attrs import evolve, frozen

Role = Literal["user", "assistant", "tool", "system"]
Kind = Literal[
    "prompt", "text", "thinking", "tool_call", "tool_result", "compact_summary", "interrupt", "command", "meta",
]  # fmt: skip
ROLES: frozenset[str] = frozenset(get_args(Role))
KINDS: frozenset[str] = frozenset(get_args(Kind))
# What another tool wrote about the session, or what is never sent back to a model.
ASIDE: frozenset[str] = frozenset({"compact_summary", "meta", "command"})


@frozen
class Step:
    """One thing that was said, called or returned. `i` counts from 0 in file order; `at` is in seconds since
    the epoch, UTC; `args` keeps the key order of the file; `call_id` ties a result to its call.
    """

    i: int
    role: Role
    kind: Kind
    text: str
    tool: str = ""
    args: dict[str, Any] | None = None
    call_id: str = ""
    error: bool = False
    at: float | None = None


@frozen
class Recording:
    """A whole recorded session: its steps, the format it was read from, and one line for each kind of thing
    that had to be mended or skipped on the way.
    """

    steps: tuple[Step, ...]
    format: str
    repairs: tuple[str, ...]


@frozen
class Exchange:
    """One call to the model: what was new before it, and the reply. Either may be empty at the ends."""

    before: tuple[Step, ...]
    reply: tuple[Step, ...]

    @property
    def point(self) -> int:
        """The index of the reply's first step."""
        return self.reply[0].i


@frozen
class Scene:
    """One turn: the user's words, its exchanges, and what came after the last reply and is not the next words."""

    words: tuple[Step, ...]
    exchanges: tuple[Exchange, ...]
    after: tuple[Step, ...] = ()


def exchanges(steps: Sequence[Step]) -> Iterator[Exchange]:
    """Every run of assistant steps is one call; what stands aside does not break a run."""
    before: list[Step] = []
    reply: list[Step] = []
    for step in steps:
        if step.kind in ASIDE:
            continue
        if step.role == "assistant":
            reply.append(step)
            continue
        if reply:
            yield Exchange(tuple(before), tuple(reply))
            before, reply = [], []
        before.append(step)
    if before or reply:
        yield Exchange(tuple(before), tuple(reply))


def scenes(steps: Sequence[Step]) -> tuple[Scene, ...]:
    """The turns of a recording: one begins wherever the user says something.

    Results and interrupts that stand among those words belong to the turn before.
    """
    made: list[Scene] = []
    for one in exchanges(steps):
        words = tuple(step for step in one.before if step.kind == "prompt")
        others = tuple(step for step in one.before if step.kind != "prompt")
        replies = (Exchange((), one.reply),) if one.reply else ()
        if made and words:
            made[-1] = evolve(made[-1], after=(*made[-1].after, *others))
            made.append(Scene(words, replies))
        elif made and one.reply:
            made[-1] = evolve(made[-1], exchanges=(*made[-1].exchanges, Exchange(others, one.reply)))
        elif made:
            made[-1] = evolve(made[-1], after=(*made[-1].after, *others))
        else:
            made.append(Scene(one.before, replies))
    return tuple(made)
