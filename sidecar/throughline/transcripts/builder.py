"""A recording while it is being read: the one place that numbers steps and counts repairs."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from throughline.domain.recording import Kind, RecordedEvent, Recording, Role

_LATEST = 253402300800_000  # the year 10,000 in milliseconds, which no clock shows


class Repairs:
    """Counts what was mended or skipped, so that a thousand odd lines of one sort make one statement."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str]] = {}

    def note(self, statement: str, where: str) -> None:
        """Count one more case of `statement`, found at `where` ("line 7")."""
        count, first = self._seen.get(statement, (0, where))
        self._seen[statement] = (count + 1, first)

    def lines(self) -> Iterator[str]:
        """The statements in the order in which they were first made, each with its count and first place."""
        for statement, (count, first) in self._seen.items():
            yield f"{statement} ({first})" if count == 1 else f"{statement} ({count} times, first at {first})"


class OpenCalls:
    """The calls that wait for their results, in the order in which they were made."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._queues: dict[str, deque[str]] = {}

    def add(self, name: str, tool: str = "") -> None:
        """A call of `tool` was made under the id `name`."""
        self._open.add(name)
        for queue in {"", tool}:
            self._queues.setdefault(queue, deque()).append(name)

    def close(self, name: str) -> None:
        """The call `name` has its result."""
        self._open.discard(name)

    def first(self, tool: str = "") -> str:
        """The first call of `tool` that waits, or of any tool where there is none; "" where no call waits."""
        for queue in (self._queues.get(tool), self._queues.get("")):
            # What has its result is dropped here, so that a queue is gone through once.
            while queue and queue[0] not in self._open:
                queue.popleft()
            if queue:
                return queue[0]
        return ""


class TranscriptBuilder:
    """Collects the steps of one conversation, in file order."""

    def __init__(self, name: str, repairs: Repairs) -> None:
        self._name = name
        self._repairs = repairs
        self._steps: list[RecordedEvent] = []
        self.last_call = ""
        """The id of the newest call, "" where there is none."""

    def __len__(self) -> int:
        return len(self._steps)

    def add(
        self,
        role: Role,
        kind: Kind,
        text: str,
        *,
        tool: str = "",
        args: dict[str, Any] | None = None,
        call_id: str = "",
        error: bool = False,
        at: float | None = None,
    ) -> None:
        """Append a step under the next free index."""
        self.last_call = call_id if kind == "tool_call" else self.last_call
        self._steps.append(RecordedEvent(len(self._steps), role, kind, text, tool, args, call_id, error, at))

    def take_back(self, turns: object) -> None:
        """Leave out the last so many turns, each from the user's words on."""
        count = turns if isinstance(turns, int) else 1
        while self._steps and count > 0:
            count -= self._steps.pop().kind == "prompt" and (not self._steps or self._steps[-1].kind != "prompt")

    def finish(self) -> Recording:
        """The recording as read; pairs calls with results once more and states what does not match."""
        calls: set[str] = set()
        answered: set[str] = set()
        for step in self._steps:
            if not step.call_id:
                continue
            where = f"step {step.i}"
            if step.kind == "tool_call":
                if step.call_id in calls:
                    self._repairs.note("two calls share one id", where)
                calls.add(step.call_id)
            elif step.kind == "tool_result":
                if step.call_id not in calls:
                    self._repairs.note("a result has no call before it", where)
                elif step.call_id in answered:
                    self._repairs.note("a call has more than one result", where)
                answered.add(step.call_id)
        return Recording(tuple(self._steps), self._name, tuple(self._repairs.lines()))


def call_arguments(value: object) -> dict[str, Any]:
    """A call's arguments as an object. Some tools record them as the model wrote them, a string that holds JSON."""
    found = value
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = value
    return found if isinstance(found, dict) else {"arguments": value}


def parts(content: object) -> Iterator[tuple[str, str]]:
    """A message's content as kinds and texts: a string, or a list of strings and blocks. A block that holds no text has
    its kind in brackets, under that kind; what is neither is left out.
    """
    for part in content if isinstance(content, list) else [content]:
        match part:
            case str(text):
                yield "text", text
            case {"type": "thinking", "thinking": str(text)}:
                yield "thinking", text
            case {"text": str(text)}:
                yield "text", text
            case {"type": str(kind)}:
                yield kind, f"[{kind}]"
            case _:
                pass


def joined(content: object) -> str:
    """A message's content as one text, a line a part."""
    return "\n".join(text for _, text in parts(content))


def string(value: object) -> str:
    """`value` where it is a string, "" for anything else."""
    return value if isinstance(value, str) else ""


def as_list(value: object) -> list[Any]:
    """`value` where it is a list, an empty one for anything else."""
    return value if isinstance(value, list) else []


def milliseconds(stamp: object) -> float | None:
    """A time in milliseconds since the epoch, in seconds since it, or None for anything else."""
    if not isinstance(stamp, int | float) or isinstance(stamp, bool):
        return None
    return stamp / 1000 if 0 < stamp < _LATEST else None


def seconds(stamp: object) -> float | None:
    """An ISO 8601 time (UTC where it names no zone) in seconds since the epoch, or None for anything else."""
    if not isinstance(stamp, str):
        return None
    try:
        moment = datetime.fromisoformat(stamp.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        return None
