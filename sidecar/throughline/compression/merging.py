"""A change of the project archive that somebody may look at first: as a difference, and merged into the archive as it
is by then.

The merge is by lines. A line that code wrote is known by its id, wherever it stands and however a person worded it
anew; a person's own line is known by its words. What a person changed or took out since stays changed or out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from difflib import unified_diff

from attrs import evolve, frozen

from throughline.compression.distillation import Archive, Line, distill, read, render
from throughline.core.errors import UserError
from throughline.core.session import Session

PATH = ".agent/project-context.md"
_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7})(?:\s|$)", re.MULTILINE)


class ConflictError(UserError):
    """An archive in which a merge has been left unsettled."""


@frozen
class Change:
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


def settled(text: str) -> str:
    """The archive's text. Raises ConflictError where it has conflict markers."""
    if _CONFLICT.search(text):
        raise ConflictError(f"{PATH} has conflict markers: settle that merge, then try again.")
    return text


def distilled(
    session: Session, archive: str, budget: int, count: Callable[[str], int], shown: Container[str] = ()
) -> str:
    """The archive with what lasts of a session, rather what its summary has not `shown`, by id. Where this session has
    written it before, what a person has changed in it since, or taken out, is not written anew. Raises ConflictError.
    """
    made = read(distill(session, settled(archive), budget, count, shown), session.project)
    written, now, lines = (_known(one) for one in (read(session.archive, ""), read(archive, ""), made))
    out = {name for name in written if name not in now}
    reworded = {name: now[name] for name in written if name in now and now[name] != written[name]}
    sections = {
        title: tuple(reworded.get(one.id, one) for one in some if one.id not in out)
        for title, some in made.sections.items()
    }
    for title, some in read(archive, "").sections.items():
        sections[title] += tuple(one for one in some if one.id in reworded and one.id not in lines)
    return render(evolve(made, sections=sections))


def merge(change: Change, now: str, project: str) -> str:
    """The archive as it is `now` with what the change does to its base. Raises ConflictError."""
    for text in (change.text, now):
        settled(text)
    if now in (change.base, change.text):
        return change.text
    base, wanted, there = (read(text, project) for text in (change.base, change.text, now))
    was, will, has = (_all(one) for one in (base, wanted, there))

    def kept(one: Line) -> Line | None:
        if was.get(_key(one)) != one:
            return one
        return will.get(_key(one))

    sections = {title: [new for one in some if (new := kept(one))] for title, some in there.sections.items()}
    for title, some in wanted.sections.items():
        mine, above = sections.setdefault(title, []), ""
        for one in some:
            if _key(one) not in has and _key(one) not in was:
                keys = [_key(other) for other in mine]
                mine.insert(keys.index(above) + 1 if above in keys else len(mine), one)
            above = _key(one)
    title = there.title if there.title != base.title else wanted.title
    return render(Archive(title, {title: tuple(some) for title, some in sections.items()}))


def _key(one: Line) -> str:
    return one.id or one.text


def _all(archive: Archive) -> dict[str, Line]:
    return {_key(one): one for some in archive.sections.values() for one in some}


def _known(archive: Archive) -> dict[str, Line]:
    return {name: one for name, one in _all(archive).items() if one.id}
