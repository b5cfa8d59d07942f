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

# The tool that looks things up: its own calls, and what they gave back, are nothing that was said.
LOOKUP = "recall"
# Of a long result, this many characters are indexed; the log has the whole.
LONGEST = 50_000


@frozen
class Words:
    """A text to be found again."""

    text: str
    """What was said."""
    turn: int
    """The number of the turn that it belongs to."""
    kind: str
    """What it is: of whom, or an entry."""
    entry: str = ""
    """The id of the entry whose words these are."""


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
                    yield Words(
                        f"{one.entry.text} {one.entry.why}".strip(),
                        max(one.entry.turns, default=0),
                        "entry",
                        one.entry.id,
                    )
                elif isinstance(one, Revise):
                    yield Words(f"{one.text} {one.why}".strip(), one.turn, "entry", one.id)
        case _:
            pass


def searchable_parts(text: str) -> str:
    """What the index needs beside a text to find what stands within its words: the characters of a script without
    spaces each by itself, and the words inside identifiers. Between two of them stands what nobody looks for, so that
    nothing is found across.
    """
    return _BETWEEN.join(
        " ".join(some) for run in _RUN.findall(text) if len(some := _pieces(run)) > 1 or _SPACELESS.search(run)
    )


def phrase(query: str) -> str:
    """The query as the index takes it: every word must be there, the last one may go on; nothing is an operator."""
    terms = query_terms(query)
    sought = [_sought(term, "*" if term == terms[-1] else "") for term in terms]
    return " AND ".join(sought)


def query_terms(query: str) -> list[str]:
    """The words of a query."""
    return _RUN.findall(query)


def excerpt(text: str, query: str) -> str:
    """The place of a text where the longest word of a query stands, with what is around it."""
    line = " ".join(text.split())
    found = [
        place
        for term in sorted(query_terms(query), key=len, reverse=True)
        if (place := re.search(re.escape(term), line, re.IGNORECASE))
    ]
    middle = found[0].start() if found else 0
    start, end = max(0, middle - _AROUND), min(len(line), middle + _AROUND)
    # A word is not cut where there are words.
    start = line.find(" ", start, middle) + 1 if start and " " in line[start:middle] else start
    end = line.rfind(" ", middle, end) if end < len(line) and " " in line[middle + 1 : end] else end
    return ("… " if start else "") + line[start:end].strip() + (" …" if end < len(line) else "")


def _sought(term: str, more: str) -> str:
    """A word as it may stand: by itself, or as pieces next to each other within words."""
    pieces = _pieces(term)
    inside = f'parts : "{" ".join(pieces)}"{more}'
    if _SPACELESS.search(term):
        return inside
    return f'("{term}"{more} OR {inside})'


def _pieces(run: str) -> list[str]:
    """The words inside a name, by capitals, digits and "_", and each character of a script without spaces."""
    if run[1:].islower() and run.isalpha() and not _SPACELESS.search(run):
        return [run]
    marked = _SPACELESS.sub(r" \g<0> ", run).replace("_", " ")
    made, before = "", " "
    for place, char in enumerate(marked):
        after = marked[place + 1 : place + 2]
        begins = (
            (char.isupper() and (before.islower() or (before.isupper() and after.islower())))
            or char.isdigit() != before.isdigit()
        )  # fmt: skip
        made += f" {char}" if begins else char
        before = char
    return made.split()


# Scripts that set no spaces: Chinese, Japanese, Thai, Lao, Burmese, Khmer.
_WITHOUT_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_SPACELESS = re.compile(f"[{_WITHOUT_SPACES}]")
_RUN = re.compile(rf"[\w{_WITHOUT_SPACES}]+")
_BETWEEN = " _ "
# Characters of an excerpt on either side of what was found.
_AROUND = 130
