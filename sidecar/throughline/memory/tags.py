"""Tagged lines in the agent's reply, which become ledger entries at once, and what they say they replace."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from itertools import count

from throughline.domain.ledger import Add, Entry, EntryKind, Ledger, normalized_subject
from throughline.memory.cues import heard
from throughline.memory.text import terms

_REPLACES = heard("replaces", r"(?<!\w)(?:{})\s+(?P<what>[^.,;:)\n]+)")
_NAMED = re.compile(r"[`\"“]([^`\"”]+)[`\"”]")
# So many terms besides what it replaces must two entries have in common: they are about one thing.
_SHARED = 2


def superseded_by_text(text: str, live: Iterable[Entry]) -> Entry | None:
    """The entry in force that a text says it replaces: it holds what is named, or else every term of what is said to be
    replaced, and is about the same thing; of several the one that has most in common.
    """
    found = _REPLACES.search(text)
    if not found:
        return None
    what = found["what"]
    named = _NAMED.search(text, found.start("what"), found.start("what") + len(what) + 1)
    sought = terms(named[1] if named else what)
    said = terms(text)
    fitting = [entry for entry in live if sought and sought <= terms(entry.text)]
    best = max(fitting, key=lambda entry: len(said & terms(entry.text) - sought), default=None)
    return best if best and len(said & terms(best.text) - sought) >= _SHARED else None


TAGS: dict[str, EntryKind] = {
    "DECISION": "decision",
    "MILESTONE COMPLETE": "milestone",
    "DO NOT REVISIT": "rejected",
}
_TAG = re.compile(
    rf"^(?: {{0,3}}|[ \t]*(?:[-*+]|\d+[.)])\s+)(?:#+\s+)?[*_]*\[({'|'.join(TAGS)})\][*_]*\s*+:?+[*_]*\s*(.+)$",
    re.IGNORECASE,
)
_BECAUSE = {
    "decision": re.compile(r"\s*,?\s+because\s+", re.IGNORECASE),
    "rejected": re.compile(r"\s+(?:\u2014|\u2013|--|-)\s+"),
}
# What is set apart from a message's own words: code between fences, and what stands between tags of markup.
_FENCE = re.compile(r"^\s*(?P<fence>`{3,}|~{3,})(?P<rest>.*)")
_OPENS = re.compile(r"^\s*<(?P<tag>[A-Za-z][\w:-]*)(?:\s[^<>]*)?>\s*$")
_EXAMPLE = heard("example", r"(?:{})[^.!?]*[:\uff1a][*_]*\s*$")
# The lines of the system prompt that say what tags there are.
_PLACEHOLDERS = frozenset(
    {"what was decided because of what", "what now works", "the approach \u2014 why it was rejected", "\u2026", ""}
)


def tagged(text: str) -> Iterator[tuple[EntryKind, str, str]]:
    """Kind, text and reason of each tagged line; a tag inside a code block is only quoted."""
    return (said for _, said in _lines(text) if said)


def without(text: str, known: Container[tuple[EntryKind, str]]) -> str:
    """The text without the tagged lines whose kind and text are `known`."""
    return "\n".join(line for line, said in _lines(text) if not said or said[:2] not in known).strip()


def untagged(text: str) -> str:
    """The text without its tagged lines."""
    return "\n".join(line for line, said in _lines(text) if not said)


def without_tag_marks(text: str) -> str:
    """The text with each tagged line as its words alone."""
    return "\n".join(_TAG.sub(r"\2", line) if said else line for line, said in _lines(text))


def _lines(text: str) -> Iterator[tuple[str, tuple[EntryKind, str, str] | None]]:
    """Each line, with what its tag says where it has one. What is quoted, shown as code or given as an example says
    nothing.
    """
    fence = closing = ""
    example = False
    before = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        apart = bool(fence or closing or example)
        if fence:
            if mark and mark["fence"].startswith(fence) and not mark["rest"].strip():
                fence = ""
        elif mark:
            fence, apart = mark["fence"], True
        elif closing:
            closing = "" if closing in line else closing
        elif opened := _OPENS.match(line):
            closing = f"</{opened['tag']}>" if f"</{opened['tag']}>" in text else ""
        # An example goes on to the end of its paragraph.
        example = bool(line.strip()) and (example or bool(_EXAMPLE.search(before)))
        if line.strip():
            before = line
        yield line, None if apart or example else _said(line)


def _said(line: str) -> tuple[EntryKind, str, str] | None:
    found = _TAG.match(line)
    if not found:
        return None
    if found[2].strip(" .*_").casefold() in _PLACEHOLDERS:
        return None
    kind = TAGS[found[1].upper()]
    said, why = found[2].strip(), ""
    if because := _BECAUSE.get(kind):
        said, why, *_ = [*because.split(said, maxsplit=1), ""]
    said = said.strip().rstrip("*_ ")
    return (kind, said, why.strip()) if said else None


def entries(text: str, turn: int, ledger: Ledger) -> tuple[Add, ...]:
    """The operations that a reply's tagged lines make; what the ledger says already is not said again."""
    lines = tuple(tagged(text))
    live = ledger.live() if lines else ()
    known = {(entry.kind, entry.text) for entry in live}
    free = (name for number in count(1) if (name := f"t{turn}.{number}") not in ledger.entries)
    made: list[Add] = []
    for kind, said, why in lines:
        if (kind, said) not in known:
            known.add((kind, said))
            name = next(free)
            older = superseded_by_text(f"{said}. {why}", (one for one in live if one.kind == kind))
            made.append(
                Add(
                    Entry(
                        name, kind, said, "agent", (turn,), why=why, subject=normalized_subject(said),
                        supersedes=older.id if older else "",
                    )
                )
            )  # fmt: skip
    return tuple(made)
