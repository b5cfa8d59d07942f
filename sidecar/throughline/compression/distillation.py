"""Moves what lasts from the ledger into the project archive.

Over budget, the oldest milestones are folded first, then the oldest issues and state; decisions, constraints
and what is not to be revisited go last. Lines that a person wrote are never dropped.
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
_LASTING: tuple[EntryKind, ...] = ("decision", "constraint", "pattern", "rejected")
# The order in which sections give lines up when the budget is short.
_GIVE_UP = (
    "Completed Milestones", "Known Issues", "Current State", "Architectural Decisions", "Patterns & Standards",
    "Constraints", "Do Not Revisit", "Project Identity",
)  # fmt: skip
_LINE = re.compile(r"^[-*] (?P<text>.*?)\s*(?:<!-- (?P<id>[0-9a-f]{8}) -->)?$")


@frozen
class Line:
    """A line of the archive; one without an id was written by a person and stays."""

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
    sections = dict(old.sections)
    live = session.ledger.live()
    for title, kinds in SECTIONS:
        for kind in kinds:
            for entry in (entry for entry in live if entry.kind == kind):
                sections[title] = _with(sections[title], entry, session)
    if any(entry.kind == "state" for entry in live):
        mine = {_id(session, entry) for entry in live}
        kept = tuple(one for one in sections["Current State"] if not one.id or one.id in mine)
        sections["Current State"] = kept
    if not sections["Project Identity"]:
        sections["Project Identity"] = (Line(session.project, _digest(session.project)),)
    return _packed(Archive(old.title, sections), budget, count)


def read(text: str, project: str) -> Archive:
    """An archive as it stands in the file; what is not understood stays, in the section where it stood."""
    sections: dict[str, tuple[Line, ...]] = {title: () for title, _ in SECTIONS}
    title, current = f"## Project Archive: {project}", "Project Identity"
    for raw in text.splitlines():
        stripped = raw.strip()
        if stripped.startswith("## "):
            title = stripped
        elif stripped.startswith("### "):
            current = stripped[4:].strip()
            sections.setdefault(current, ())
        elif stripped:
            found = _LINE.match(stripped)
            one = Line(found["text"], found["id"] or "") if found else Line(stripped)
            sections[current] = (*sections[current], one)
    return Archive(title, sections)


def render(archive: Archive) -> str:
    """The archive's Markdown; each line that code wrote carries its id in a comment, so that branches merge."""
    out = [archive.title, ""]
    for title, lines in archive.sections.items():
        out.append(f"### {title}")
        out += [f"- {one.text} <!-- {one.id} -->" if one.id else f"- {one.text}" for one in lines]
        out.append("")
    return "\n".join(out).rstrip("\n") + "\n"


def _with(lines: tuple[Line, ...], entry: Entry, session: Session) -> tuple[Line, ...]:
    name = _id(session, entry)
    replaced = {name} | ({_id_of(session, entry.supersedes)} if entry.supersedes else set())
    text = f"Open question: {line(entry)}" if entry.kind == "question" else line(entry)
    if any(one.text == text for one in lines):
        return lines
    return (*(one for one in lines if one.id not in replaced), Line(text, name))


def _packed(archive: Archive, budget: int, count: Callable[[str], int]) -> str:
    text = render(archive)
    for title in _GIVE_UP:
        while count(text) > budget:
            lines = archive.sections[title]
            oldest = next((one for one in lines if one.id), None)
            if oldest is None or (title in ("Project Identity", "Current State") and len(lines) == 1):
                break
            sections = {**archive.sections, title: tuple(one for one in lines if one is not oldest)}
            archive = evolve(archive, sections=sections)
            text = render(archive)
    return text


def _id(session: Session, entry: Entry) -> str:
    return _id_of(session, entry.id)


def _id_of(session: Session, entry: str) -> str:
    return _digest(f"{session.id}/{entry}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
