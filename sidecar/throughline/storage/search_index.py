"""The search index: words of any script, and those inside identifiers, in SQLite's full-text search."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

from throughline.domain.events import (
    AssistantMessage,
    Compacted,
    Event,
    LedgerChanged,
    Thought,
    ToolCalled,
    ToolReturned,
    UserMessage,
)
from throughline.domain.ledger import Add, Revise

# Of a long result, this many characters are indexed; the log has the whole.
LONGEST = 50_000


@frozen
class Words:
    """A text to be found again, the turn that it belongs to, and what it is."""

    text: str
    turn: int
    kind: str


def words(event: Event) -> Iterator[Words]:
    """What an event says: words of the user's and the model's, calls, results, and ledger entries."""
    match event:
        case UserMessage(text=text, turn=turn):
            yield Words(text, turn, "user")
        case AssistantMessage(text=text, turn=turn):
            yield Words(text, turn, "agent")
        case Thought(text=text, turn=turn) if text:
            yield Words(text, turn, "agent thinking")
        case ToolCalled(turn=turn, tool=tool, args=args):
            said = " ".join(str(value) for value in args.values())
            yield Words(f"{tool} {said}"[:LONGEST], turn, "call")
        case ToolReturned(text=text, turn=turn):
            yield Words(text[:LONGEST], turn, "result")
        case LedgerChanged(operations=operations) | Compacted(operations=operations):
            for one in operations:
                if isinstance(one, Add):
                    yield Words(f"{one.entry.text} {one.entry.why}".strip(), max(one.entry.turns, default=0), "entry")
                elif isinstance(one, Revise):
                    yield Words(f"{one.text} {one.why}".strip(), one.turn, "entry")
        case _:
            pass


def phrase(query: str) -> str:
    """The query as the index takes it: every word must be there, the last one may go on; nothing is an operator."""
    terms = re.findall(r"\w+", query)
    return " ".join(f'"{term}"' for term in terms[:-1]) + (f' "{terms[-1]}"*' if terms else "")
