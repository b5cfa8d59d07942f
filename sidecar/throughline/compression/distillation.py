"""Moves what lasts from the ledger into the project archive.

Over budget, the oldest milestones are left out first, then the oldest issues; decisions, constraints and what is
not to be revisited go last. Lines that a person wrote stay as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from attrs import evolve, frozen

from throughline.compression.packing import line
from throughline.core.ledger import Entry, EntryKind
from throughline.core.session import Session

SECTIONS: tuple[tuple[str, tuple[EntryKind, ...]], ...] = (
    ("Project Identity", ()),
    ("Architectural Decisions", ("decision",)),
    ("Completed Milestones", ("milestone",)),
    ("Current State", ("state",)),
    ("Known Issues", ("issue", "question")),
    ("Constraints", ("constraint",)),
    ("Patterns & Standards", ("pattern",)),
    ("Do Not Revisit", ("rejected",)),
)
# The order in which sections get room when the budget is short.
_WORTH = (
    "Project Identity", "Current State", "Do Not Revisit", "Constraints", "Patterns & Standards",
    "Architectural Decisions", "Known Issues", "Completed Milestones",
)  # fmt: skip
_WRITTEN = re.compile(r"- (?P<text>.*) <!-- (?P<id>[0-9a-f]{8}) -->")


@frozen
class Line:
    """An entry's text and id, or a line that a person wrote, as it stands and without an id."""

    text: str
    id: str = ""


@frozen
class Archive:
    """The archive's title line and the lines of each section."""

    title: str
    sections: dict[str, tuple[Line, ...]]


def distill(session: Session, archive: str, budget: int, count: Callable[[str], int]) -> str:
    """The archive with what lasts of the session, at most `budget` tokens where its hand-written lines allow."""
    old = read(archive, session.project)
    live = session.ledger.live()
    # What this session wrote before gives way to what its ledger says now.
    mine = {_id(session, entry) for entry in session.ledger.entries.values()}
    sections = {title: tuple(one for one in lines if one.id not in mine) for title, lines in old.sections.items()}
    if any(entry.kind == "state" for entry in live):
        sections["Current State"] = tuple(one for one in sections["Current State"] if not one.id)
    for title, kinds in SECTIONS:
        for entry in (entry for kind in kinds for entry in live if entry.kind == kind):
            sections[title] = _with(sections[title], entry, session)
    if not sections["Project Identity"]:
        sections["Project Identity"] = (Line(session.project, _digest(session.project)),)
    return _packed(Archive(old.title, sections), budget, count)


def read(text: str, project: str) -> Archive:
    """An archive as it stands in the file; what is not understood stays, in the section where it stood."""
    sections: dict[str, tuple[Line, ...]] = {title: () for title, _ in SECTIONS}
    lines = [raw.rstrip() for raw in text.splitlines() if raw.strip()]
    title = lines.pop(0) if lines and lines[0].startswith("## ") else f"## Project Archive: {project}"
    current = "Project Identity"
    for raw in lines:
        if raw.startswith("### "):
            current = raw[4:].strip()
            sections.setdefault(current, ())
        else:
            found = _WRITTEN.fullmatch(raw)
            sections[current] = (*sections[current], Line(found["text"], found["id"]) if found else Line(raw))
    return Archive(title, sections)


def render(archive: Archive) -> str:
    """The archive's Markdown; each line that code wrote carries its id in a comment, so that branches merge."""
    out = [archive.title, ""]
    for title, lines in archive.sections.items():
        out.append(f"### {title}")
        out += [f"- {one.text} <!-- {one.id} -->" if one.id else one.text for one in lines]
        out.append("")
    return "\n".join(out).rstrip("\n") + "\n"


def _with(lines: tuple[Line, ...], entry: Entry, session: Session) -> tuple[Line, ...]:
    """The lines with an entry as the newest; one that says the same already becomes the newest instead."""
    text = f"Open question: {line(entry)}" if entry.kind == "question" else line(entry)
    if any(one.text == f"- {text}" and not one.id for one in lines):
        return lines
    said = next((one for one in lines if one.text == text and one.id), Line(text, _id(session, entry)))
    return (*(one for one in lines if one != said), said)


def _packed(archive: Archive, budget: int, count: Callable[[str], int]) -> str:
    """What a person wrote, and of the rest what fits: section after section, the newest lines first."""
    kept = _only(archive, frozenset())
    chosen: frozenset[Line] = frozenset()
    for title in _WORTH:
        for one in reversed([one for one in archive.sections[title] if one.id]):
            more = _only(archive, chosen | {one})
            if count(render(more)) > budget:
                break
            kept, chosen = more, chosen | {one}
    return render(kept)


def _only(archive: Archive, chosen: frozenset[Line]) -> Archive:
    """The archive with the lines of a person and the chosen ones."""
    sections = {
        title: tuple(one for one in lines if not one.id or one in chosen or title not in _WORTH)
        for title, lines in archive.sections.items()
    }
    return evolve(archive, sections=sections)


def _id(session: Session, entry: Entry) -> str:
    return _digest(f"{session.id}/{entry.id}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
