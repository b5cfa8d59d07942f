"""Changes of the archive: as a difference, and merged into the archive as it is by then."""

from __future__ import annotations

import re
from difflib import unified_diff

from attrs import frozen

from throughline.domain.errors import UserError
from throughline.memory.archive.document import (
    ArchiveEntry,
    ProjectArchive,
    archive_markdown,
    entries_by_key,
    entry_key,
    parse_archive,
)

PATH = ".agent/project-context.md"
_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7})(?:\s|$)", re.MULTILINE)


class ConflictError(UserError):
    """An archive in which a merge has been left unsettled."""


@frozen
class ArchiveDiff:
    """The archive as it is, and as it would be."""

    base: str
    text: str

    @property
    def difference(self) -> str:
        """A unified diff; nothing where nothing would change."""
        before, after = (text.splitlines(keepends=True) for text in (self.base, self.text))
        # A last line without its end would run into the next one.
        lines = unified_diff(before, after, f"a/{PATH}", f"b/{PATH}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def without_conflicts(text: str) -> str:
    """The archive's text. Raises ConflictError where it has conflict markers."""
    if _CONFLICT.search(text):
        raise ConflictError(f"{PATH} has conflict markers: settle that merge, then try again.")
    return text


def merge_archive(change: ArchiveDiff, now: str, project: str) -> str:
    """The archive as it is `now` with what the change does to its base. Raises ConflictError."""
    for text in (change.text, now):
        without_conflicts(text)
    if now in (change.base, change.text):
        return change.text
    base, wanted, there = (parse_archive(text, project) for text in (change.base, change.text, now))
    was, will, has = (entries_by_key(one) for one in (base, wanted, there))

    def kept(one: ArchiveEntry) -> ArchiveEntry | None:
        if was.get(entry_key(one)) != one:
            return one
        return will.get(entry_key(one))

    sections = {title: [new for one in some if (new := kept(one))] for title, some in there.sections.items()}
    for title, some in wanted.sections.items():
        mine, above = sections.setdefault(title, []), ""
        for one in some:
            if entry_key(one) not in has and entry_key(one) not in was:
                keys = [entry_key(other) for other in mine]
                mine.insert(keys.index(above) + 1 if above in keys else len(mine), one)
            above = entry_key(one)
    title = there.title if there.title != base.title else wanted.title
    return archive_markdown(ProjectArchive(title, {title: tuple(some) for title, some in sections.items()}))
