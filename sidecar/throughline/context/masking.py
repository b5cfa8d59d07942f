"""Masking: the tool results, files and long arguments of calls that may become one-line stubs."""

from __future__ import annotations

from math import inf
from typing import Literal, TypeAlias

from attrs import frozen

from throughline.domain.argument_masking import tokens_saved
from throughline.domain.events import AssistantMessage, FileInjected, Item, ToolCalled, ToolReturned
from throughline.domain.session import Session, is_superseded, items_since
from throughline.memory.cues import heard

# A result that is hardly longer than its stub stays.
SMALLEST = 80
# So many files that the agent wrote or edited last are what it works on: their newest text is masked last.
WORKED_ON = 3
# Beside the text of files, which an edit needs, this part of what stays fresh is other output, and arguments.
_OTHER = 1 / 3
_ARGUMENTS = 1 / 10
_READS = heard("reads", r"(?:{})")
_CHANGES = heard("changes", r"(?:{})")
_WRITES = heard("writes", r"(?:{})")


_Rank: TypeAlias = Literal["stays", "superseded", "arguments", "other", "file", "worked on"]
# What goes first where not all has to go.
_GOES: tuple[_Rank, ...] = ("superseded", "arguments", "other", "file", "worked on")


@frozen
class Batch:
    """Ids of what may be masked, oldest first, and the tokens that it takes now."""

    ids: tuple[str, ...]
    tokens: int


@frozen
class Candidate:
    """What is large enough to be masked, and the number of its item; of arguments the id of their `call`, of a result
    and of arguments the `path` of the file that they show, and of an injected one the `file` itself.
    """

    id: str
    kind: Literal["result", "arguments", "copy"]
    tokens: int
    item: int
    call: str = ""
    path: str = ""
    file: FileInjected | None = None


def maskable(session: Session, fresh: int, enough: float = inf) -> Batch:
    """Old tool output, leaving whatever the model has not yet answered and the newest of the rest: `fresh` tokens of
    files' text, less of other output, and least of its calls' long arguments, which stand in the files by now. Of
    files, what it wrote or edited last comes first, however old it is, then what it read and has not changed since.

    Where so many tokens are `enough`, no more is taken, and what is needed least goes first. Copies of a file that a
    newer injection or read supersedes count too.
    """
    return Masking()(session, fresh, enough)


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
        # The number of the newest result of each call that may be masked; of the newest read of each file, the newest
        # change of it, and the newest call that wrote the whole of it.
        self._results: dict[str, int] = {}
        self._read: dict[str, int] = {}
        self._changed: dict[str, int] = {}
        self._written: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        """How much of what has been looked at is large enough and not masked."""
        return len(self._candidates)

    def __call__(self, session: Session, fresh: int, enough: float = inf) -> Batch:
        """What may be masked now."""
        new = items_since(session, self._seen) if self._seen else None
        if new is None:
            self._begin()
            new = tuple(item for turn in session.recent for item in turn.items)
        for item in new:
            self._note(item)
        self._seen = session
        self._candidates = [one for one in self._candidates if one.id not in session.masked]
        return self._chosen(session, fresh, enough)

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
                    self._candidates.append(Candidate(item.key, "arguments", tokens, here, item.id, item.path))
                if item.path and _CHANGES.search(item.tool):
                    self._changed[item.path] = here
                    if _WRITES.search(item.tool):
                        self._written[item.path] = here
            case ToolReturned(id=name, tokens=tokens):
                call = self._calls.pop(name, None)
                self._results[name] = here
                path = call.path if call and _READS.search(call.tool) else ""
                if path:
                    self._read[path] = here
                if tokens >= SMALLEST:
                    self._candidates.append(Candidate(name, "result", tokens, here, path=path))
            case FileInjected():
                self._candidates.append(Candidate(item.key, "copy", item.tokens, here, file=item))
            case _:
                pass

    def _chosen(self, session: Session, fresh: int, enough: float) -> Batch:
        room = {"file": float(fresh), "other": fresh * _OTHER, "arguments": fresh * _ARGUMENTS}
        worked_on = frozenset(sorted(self._changed, key=self._changed.__getitem__)[-WORKED_ON:])
        ranked = [(self._rank(session, one, worked_on), one) for one in reversed(self._candidates)]
        # What is worked on takes its room first: the sort keeps the newest of each rank in front.
        ranked.sort(key=lambda pair: pair[0] != "worked on")
        due: list[tuple[int, Candidate, int]] = []
        for rank, one in ranked:
            # What is shown in part takes that much, and not what the whole would.
            tokens = session.cuts[one.id].tokens if one.id in session.cuts else one.tokens
            kind = "file" if rank == "worked on" else rank
            if rank != "stays" and (rank == "superseded" or _spent(room, kind, tokens)):
                due.append((_GOES.index(rank), one, tokens))
        due.sort(key=lambda each: (each[0], each[1].item))
        taken: list[Candidate] = []
        total = 0
        for _, one, tokens in due:
            if total >= enough:
                break
            taken.append(one)
            total += tokens
        return Batch(tuple(one.id for one in sorted(taken, key=lambda one: one.item)), total)

    def _rank(self, session: Session, one: Candidate, worked_on: frozenset[str]) -> _Rank:
        """What masking something would take from the agent."""
        path = one.path
        match one.kind:
            case "copy":
                return "superseded" if one.file is not None and is_superseded(session, one.file) else "stays"
            case "arguments":
                if not self._sent(one.call):
                    return "stays"
                # What was read or written whole since shows what the call did, too.
                since = max(self._read.get(path, 0), self._written.get(path, 0))
                return "worked on" if path in worked_on and one.item >= since else "arguments"
            case _ if one.item > self._answered:
                return "stays"
            case _ if one.id in session.superseded_reads:
                return "superseded"
            case _ if not path:
                return "other"
            case _ if path in worked_on:
                shown = any(read.id == one.id for read in session.reads.get(path, ()))
                newest = shown or one.item >= self._read[path]
                return "worked on" if newest and one.item > self._written.get(path, 0) else "other"
            case _:
                return "file" if one.item >= max(self._read[path], self._changed.get(path, 0)) else "other"

    def _sent(self, call: str) -> bool:
        """Whether a request has shown a call with its result already."""
        return 0 < self._results.get(call, 0) < self._answered


def _spent(room: dict[str, float], kind: str, tokens: int) -> bool:
    """Takes so many tokens of the room for what stays; True where there was not as much."""
    room[kind] -= tokens
    return room[kind] < 0
