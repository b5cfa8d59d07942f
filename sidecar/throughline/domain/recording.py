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
NOT_SENT: frozenset[str] = frozenset({"compact_summary", "meta", "command"})


@frozen
class RecordedEvent:
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

    steps: tuple[RecordedEvent, ...]
    format: str
    repairs: tuple[str, ...]


@frozen
class RecordedCall:
    """One call to the model: what was new before it, and the reply. Either may be empty at the ends."""

    before: tuple[RecordedEvent, ...]
    reply: tuple[RecordedEvent, ...]

    @property
    def point(self) -> int:
        """The index of the reply's first step."""
        return self.reply[0].i


@frozen
class RecordedTurn:
    """One turn: the user's words, its exchanges, and what came after the last reply and is not the next words."""

    words: tuple[RecordedEvent, ...]
    exchanges: tuple[RecordedCall, ...]
    after: tuple[RecordedEvent, ...] = ()


def recorded_calls(steps: Sequence[RecordedEvent]) -> Iterator[RecordedCall]:
    """Every run of assistant steps is one call; what stands aside does not break a run."""
    before: list[RecordedEvent] = []
    reply: list[RecordedEvent] = []
    for step in steps:
        if step.kind in NOT_SENT:
            continue
        if step.role == "assistant":
            reply.append(step)
            continue
        if reply:
            yield RecordedCall(tuple(before), tuple(reply))
            before, reply = [], []
        before.append(step)
    if before or reply:
        yield RecordedCall(tuple(before), tuple(reply))


def recorded_turns(steps: Sequence[RecordedEvent]) -> tuple[RecordedTurn, ...]:
    """The turns of a recording: one begins wherever the user says something.

    Results and interrupts that stand among those words belong to the turn before.
    """
    made: list[RecordedTurn] = []
    for one in recorded_calls(steps):
        words = tuple(step for step in one.before if step.kind == "prompt")
        others = tuple(step for step in one.before if step.kind != "prompt")
        replies = (RecordedCall((), one.reply),) if one.reply else ()
        if made and words:
            made[-1] = evolve(made[-1], after=(*made[-1].after, *others))
            made.append(RecordedTurn(words, replies))
        elif made and one.reply:
            made[-1] = evolve(made[-1], exchanges=(*made[-1].exchanges, RecordedCall(others, one.reply)))
        elif made:
            made[-1] = evolve(made[-1], after=(*made[-1].after, *others))
        else:
            made.append(RecordedTurn(one.before, replies))
    return tuple(made)
