"""Masking: the tool results, files and long arguments of calls that may become one-line stubs."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from throughline.domain.argument_masking import tokens_saved
from throughline.domain.events import AssistantMessage, FileInjected, Item, ToolCalled, ToolReturned
from throughline.domain.session import Session, is_superseded, items_since
from throughline.memory.cues import heard

# A result that is hardly longer than its stub stays.
SMALLEST = 80
# Beside the text of files, which an edit needs, this part of what stays fresh is other output, and arguments.
_OTHER = 1 / 3
_ARGUMENTS = 1 / 10
_READS = heard("reads", r"(?:{})")
_CHANGES = heard("changes", r"(?:{})")


@frozen
class Batch:
    """Ids of what may be masked, oldest first, and the tokens that it takes now."""

    ids: tuple[str, ...]
    tokens: int


@frozen
class Candidate:
    """What is large enough to be masked, and the number of its item; of arguments the id of their `call`, of a result
    the `path` of the file that it shows, and of an injected one the `file` itself.
    """

    id: str
    kind: Literal["result", "arguments", "copy"]
    tokens: int
    item: int
    call: str = ""
    path: str = ""
    file: FileInjected | None = None


def maskable(session: Session, fresh: int) -> Batch:
    """Old tool output, leaving whatever the model has not yet answered and the newest of the rest: `fresh` tokens of
    files that it read and has neither edited nor read again since, less of other output, and least of its calls' long
    arguments, which stand in the files by now.

    Copies of a file that a newer injection or read supersedes count too.
    """
    return Masking()(session, fresh)


class Masking:
    """Finds what is `maskable` in one session as it grows. What has been looked at, and is too small or masked by now,
    is not looked at again, so that each look takes the same time however long a turn is.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._seen: Session | None = None
        self._items = 0
        self._answered = 0
        self._candidates: list[Candidate] = []
        self._calls: dict[str, ToolCalled] = {}
        # The number of the newest result of each call that may be masked, and of the newest use of each file.
        self._results: dict[str, int] = {}
        self._used: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        """How much of what has been looked at is large enough and not masked."""
        return len(self._candidates)

    def __call__(self, session: Session, fresh: int) -> Batch:
        """What may be masked now."""
        new = items_since(session, self._seen) if self._seen else None
        if new is None:
            self._begin()
            new = tuple(item for turn in session.recent for item in turn.items)
        for item in new:
            self._note(item)
        self._seen = session
        self._candidates = [one for one in self._candidates if one.id not in session.masked]
        return self._chosen(session, fresh)

    def _note(self, item: Item) -> None:
        self._items += 1
        here = self._items
        match item:
            case AssistantMessage():
                self._answered = here
            case ToolCalled():
                self._answered = here
                self._calls[item.id] = item
                if (tokens := tokens_saved(item)) >= SMALLEST:
                    self._candidates.append(Candidate(item.key, "arguments", tokens, here, item.id))
                if item.path and _CHANGES.search(item.tool):
                    self._used[item.path] = here
            case ToolReturned(id=name, tokens=tokens):
                call = self._calls.pop(name, None)
                self._results[name] = here
                path = call.path if call and _READS.search(call.tool) else ""
                if path:
                    self._used[path] = here
                if tokens >= SMALLEST:
                    self._candidates.append(Candidate(name, "result", tokens, here, path=path))
            case FileInjected():
                self._candidates.append(Candidate(item.key, "copy", item.tokens, here, file=item))
            case _:
                pass

    def _chosen(self, session: Session, fresh: int) -> Batch:
        room = {"file": float(fresh), "other": fresh * _OTHER, "arguments": fresh * _ARGUMENTS}
        ids: list[str] = []
        total = 0
        for one in reversed(self._candidates):
            # What is shown in part takes that much, and not what the whole would.
            tokens = session.cuts[one.id].tokens if one.id in session.cuts else one.tokens
            match one.kind:
                case "copy":
                    due = one.file is not None and is_superseded(session, one.file)
                case "arguments":
                    due = self._sent(one.call) and _spent(room, "arguments", tokens)
                case _ if one.item > self._answered:
                    due = False
                case _:
                    kind = "file" if one.path and self._used[one.path] <= one.item else "other"
                    due = one.id in session.superseded_reads or _spent(room, kind, tokens)
            if due:
                ids.append(one.id)
                total += tokens
        return Batch(tuple(reversed(ids)), total)

    def _sent(self, call: str) -> bool:
        """Whether a request has shown a call with its result already."""
        return 0 < self._results.get(call, 0) < self._answered


def _spent(room: dict[str, float], kind: str, tokens: int) -> bool:
    """Takes so many tokens of the room for what stays; True where there was not as much."""
    room[kind] -= tokens
    return room[kind] < 0
