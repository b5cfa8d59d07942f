"""The archive's document: its sections and lines, read from Markdown and written as such."""

from __future__ import annotations

import re

from attrs import frozen

from throughline.domain.file_knowledge import digest
from throughline.domain.ledger import EntryKind

# The section of the user's shared rules, which stands before all else.
RULES = "Rules"
IDENTITY, DONE, STATE, FACTS = "Project Identity", "Completed Milestones", "Current State", "Facts"
ARCHIVE_SECTIONS: tuple[tuple[str, tuple[EntryKind, ...]], ...] = (
    (RULES, ("rule",)),
    (IDENTITY, ()),
    ("Architectural Decisions", ("decision",)),
    (DONE, ("milestone",)),
    (STATE, ("state",)),
    ("Known Issues", ("issue", "question")),
    ("Constraints", ("constraint",)),
    ("Patterns & Standards", ("pattern",)),
    ("Do Not Revisit", ("rejected",)),
    (FACTS, ("fact",)),
)
# With less between two sections' lines, git takes additions to both for one change, and where branches merge, lines of
# one come to stand under a heading of the other.
_GAP = ("", "", "")
# What a line that code wrote ends in: nine digits that name it, and three that its text must give. Digits in a comment
# that holds nothing else are the fewest tokens. Earlier editions wrote eight hexadecimal digits.
WRITTEN = re.compile(r"- (?P<text>.*) <!--(?: (?P<old>[0-9a-f]{8}) |(?P<id>\d{9})(?P<check>\d{3}))-->")
_MARK = re.compile(r" <!--(?: [0-9a-f]{8} |\d{12})-->$", re.MULTILINE)


@frozen
class ArchiveEntry:
    """A line of the archive."""

    text: str
    """Its text; of a line without an id the whole line, as it stands."""
    id: str = ""
    """What names a line that code wrote, in every branch and after every change of its text; "" for a person's own."""
    hand: str = ""
    """What the line gives as the check of its text, where a person has changed the text since: it is theirs now."""


@frozen
class ProjectArchive:
    """An archive as values."""

    title: str
    """The title line."""
    sections: dict[str, tuple[ArchiveEntry, ...]]
    """The lines of each section, by its title, in the order of the document."""


def parse_archive(text: str, project: str) -> ProjectArchive:
    """An archive as it stands in the file; what is not understood stays, in the section where it stood."""
    sections: dict[str, tuple[ArchiveEntry, ...]] = {title: () for title, _ in ARCHIVE_SECTIONS}
    lines = [raw.rstrip() for raw in text.splitlines() if raw.strip()]
    title = lines.pop(0) if lines and lines[0].startswith("## ") else f"## Project Archive: {project}"
    current = IDENTITY
    for raw in lines:
        if raw.startswith("### "):
            current = raw[4:].strip()
            sections.setdefault(current, ())
        else:
            sections[current] = (*sections[current], _entry(raw))
    return ProjectArchive(title, sections)


def archive_markdown(archive: ProjectArchive) -> str:
    """The archive's Markdown; each line that code wrote carries its id in a comment, so that branches merge."""
    out = [archive.title, ""]
    for title, lines in archive.sections.items():
        out += [f"### {title}", *map(written_line, lines), *_GAP]
    return "\n".join(out).rstrip("\n") + "\n"


def written_line(one: ArchiveEntry) -> str:
    """A line as it stands in the file."""
    if not one.id:
        return one.text
    mark = f" {one.id} " if len(one.id) == _OLD else f"{one.id}{one.hand or _check(one.text)}"
    return f"- {one.text} <!--{mark}-->"


def archive_for_model(text: str) -> str:
    """The archive as a model is sent it: without ids, without sections that say nothing, and without the wide gaps."""
    out: list[str] = []
    for raw in _MARK.sub("", text).splitlines():
        line = raw.rstrip()
        if line.startswith("### "):
            if out and out[-1].startswith("### "):
                out.pop()
            elif out:
                out.append("")
            out.append(line)
        elif line:
            out.append(line)
    if out and out[-1].startswith("### "):
        out.pop()
    return "\n".join(out).strip() + "\n" if any(out) else ""


def line_id(*made_of: str) -> str:
    """The id of a line, by what made it."""
    return _digits("/".join(made_of), 9)


def old_line_id(made_of: str) -> str:
    """The id that earlier editions gave the same line."""
    return digest(made_of)[:_OLD]


def told_line_id(session: str, turn: int, part: str = "") -> str:
    """The id of a session's line of the chronicle, or of a further part of it: those of one session begin alike."""
    return _digits(session, SESSION_DIGITS) + _digits(f"{session}/turn {turn}{part}", 9 - SESSION_DIGITS)


# So many digits of such an id name the session.
SESSION_DIGITS = 4
_OLD = 8


def entry_key(one: ArchiveEntry) -> str:
    """What a line is known by."""
    return one.id or one.text


def entries_by_key(archive: ProjectArchive) -> dict[str, ArchiveEntry]:
    """All lines, by what they are known by."""
    return {entry_key(one): one for some in archive.sections.values() for one in some}


def _entry(raw: str) -> ArchiveEntry:
    found = WRITTEN.fullmatch(raw)
    if not found:
        return ArchiveEntry(raw)
    if found["old"]:
        return ArchiveEntry(found["text"], found["old"])
    check = found["check"]
    return ArchiveEntry(found["text"], found["id"], "" if check == _check(found["text"]) else check)


def _check(text: str) -> str:
    return _digits(text, 3)


def _digits(text: str, length: int) -> str:
    """So many decimal digits that a text always gives."""
    return f"{int(digest(text)[:15], 16) % 10**length:0{length}}"
