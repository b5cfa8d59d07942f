"""Moves what lasts from the ledger into the project archive.

Standing rules come first, a later one in the place of an earlier one on the same subject. Over budget, the oldest
milestones are left out first, then the oldest issues; decisions, constraints and what is not to be revisited go last.
Open questions are carried until a session resolves them. Lines that a person wrote stay as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Iterable, Sequence
from typing import TypeAlias

from attrs import evolve, frozen

from throughline.compression.packing import line
from throughline.compression.rules import subject
from throughline.compression.selection import best, together, weighed
from throughline.compression.sentences import joined
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
_TITLES: dict[EntryKind, str] = {kind: title for title, kinds in SECTIONS for kind in kinds}
# The tokens of a bullet, an id and the end of a line.
_FRAME = 11
# What is left of a sentence's weight where the summary shows it.
_SHOWN = 0.55
# The order in which sections get room when the budget is short.
_WORTH = (
    "Project Identity", "Current State", "Do Not Revisit", "Constraints", "Patterns & Standards",
    "Architectural Decisions", "Known Issues", "Completed Milestones",
)  # fmt: skip
# With less between two sections' lines, git takes additions to both for one change, and where branches merge, lines of
# one come to stand under a heading of the other.
_GAP = ("", "", "")
Count: TypeAlias = Callable[[str], int]
WRITTEN = re.compile(r"- (?P<text>.*) <!-- (?P<id>[0-9a-f]{8}) -->")


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


def distill(session: Session, archive: str, budget: int, count: Count, shown: Container[str] = ()) -> str:
    """The archive with what lasts of the session, at most `budget` tokens where its hand-written lines allow; of the
    sentences from its dialogue rather those that are not `shown`, by id, in its last summary.
    """
    old = read(archive, session.project)
    live = [entry for entry in session.ledger.live() if entry.kind in _TITLES]
    if not old.sections["Project Identity"]:
        old.sections["Project Identity"] = (Line(session.project, _digest(session.project)),)
    # What this session wrote before gives way to what its ledger says now, and a rule to a later one.
    mine = {_id(session, entry) for entry in session.ledger.entries.values()}
    ruled = {entry.subject for entry in live if entry.subject}
    for title, lines in old.sections.items():
        state = title == "Current State" and any(entry.kind == "state" for entry in live)
        old.sections[title] = tuple(
            one for one in lines if not one.id or not (one.id in mine or state or subject(one.text) in ruled)
        )
    made = [entry for entry in live if not weighed(entry)]
    full = _with(old, made, session)
    taken = [
        evolve(entry, weight=entry.weight * (_SHOWN if entry.id in shown else 1)) for entry in live if weighed(entry)
    ]
    kept = _packed(full, budget, count, taken, session)
    return render(kept)


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
            found = WRITTEN.fullmatch(raw)
            sections[current] = (*sections[current], Line(found["text"], found["id"]) if found else Line(raw))
    return Archive(title, sections)


def render(archive: Archive) -> str:
    """The archive's Markdown; each line that code wrote carries its id in a comment, so that branches merge."""
    out = [archive.title, ""]
    for title, lines in archive.sections.items():
        out += [f"### {title}", *map(_written, lines), *_GAP]
    return "\n".join(out).rstrip("\n") + "\n"


def _with(archive: Archive, entries: Sequence[Entry], session: Session) -> Archive:
    """The archive with entries as its newest lines; one that says the same already becomes the newest instead."""
    sections = dict(archive.sections)
    for group in together(entries):
        title = _TITLES[group[0].kind]
        text = joined(map(line, group))
        text = f"Open question: {text}" if group[0].kind == "question" else text
        if not any(one.text == f"- {text}" and not one.id for one in sections[title]):
            said = next(
                (one for one in sections[title] if one.text == text and one.id), Line(text, _id(session, group[0]))
            )
            sections[title] = (*(one for one in sections[title] if one != said), said)
    return evolve(archive, sections=sections)


def _packed(archive: Archive, budget: int, count: Count, taken: Sequence[Entry], session: Session) -> Archive:
    """What a person wrote, and of the rest what fits: standing rules, half of what is left for the sentences `taken`
    from this session's dialogue, then section after section, the newest lines first, then more of those sentences.
    """
    room = budget - count(render(_only(archive, frozenset())))
    chosen: list[Line] = []

    def fill(lines: Iterable[Line]) -> None:
        nonlocal room
        for one in lines:
            cost = count(_written(one) + "\n")
            if one.id and one not in chosen and cost <= room:
                room -= cost
                chosen.append(one)

    newest = {title: tuple(reversed(archive.sections[title])) for title in _WORTH}
    fill((*newest["Project Identity"], *newest["Current State"]))
    fill(one for title in _WORTH for one in newest[title] if subject(one.text))
    waiting = [one for title in _WORTH for one in newest[title] if one.id and one not in chosen]
    said = best(taken, room // 2 if waiting else room, count, _FRAME)
    room -= sum(count(one.text) for one in said) + _FRAME * len(together(_inorder(said, taken)))
    fill(waiting)
    # What lines that several sentences share leave is given out, too.
    for _ in range(2):
        picked = {entry.id for entry in said}
        said += best([entry for entry in taken if entry.id not in picked], room, count, _FRAME, said)
        full = _with(_only(archive, frozenset(chosen)), _inorder(said, taken), session)
        room = budget - count(render(full))
    while True:
        full = _with(_only(archive, frozenset(chosen)), _inorder(said, taken), session)
        if count(render(full)) <= budget or not (said or chosen):
            return full
        # Tokens do not add up exactly over lines: give back the least important until it fits.
        (said or chosen).pop()


def _inorder(said: Sequence[Entry], taken: Sequence[Entry]) -> list[Entry]:
    chosen = {entry.id for entry in said}
    return [entry for entry in taken if entry.id in chosen]


def _only(archive: Archive, chosen: frozenset[Line]) -> Archive:
    """The archive with the lines of a person and the chosen ones."""
    sections = {
        title: tuple(one for one in lines if not one.id or one in chosen or title not in _WORTH)
        for title, lines in archive.sections.items()
    }
    return evolve(archive, sections=sections)


def _written(one: Line) -> str:
    return f"- {one.text} <!-- {one.id} -->" if one.id else one.text


def _id(session: Session, entry: Entry) -> str:
    return _digest(f"{session.id}/{entry.id}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:8]
