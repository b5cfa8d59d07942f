"""Staleness of files: whether what the model knows of a file still holds, by the content hash that it has now.

This is the one place that decides it. Where the present hashes come from, and what follows, is for the caller: the
session brings the view up to date, the agent's tools refuse or tell, the server marks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import frozen

from throughline.domain.events import FileInjected, Form
from throughline.domain.file_knowledge import FileKnowledge, Registry
from throughline.domain.session import Session

Freshness: TypeAlias = Literal["fresh", "stale", "outdated", "gone"]

OUT_OF_DATE: frozenset[Freshness] = frozenset({"stale", "outdated"})
"""The states of a file that is there and would be shown otherwise now."""


@frozen
class ContextFileStatus:
    """A file in the view beside its present state."""

    path: str
    """Relative to the workspace, with slashes."""
    form: Form
    """How it is shown."""
    freshness: Freshness
    """Whether what is shown still holds."""
    tokens: int
    """What it takes in the view, in o200k tokens."""
    original: int
    """What all of it would take, in o200k tokens; 0 where that is not known."""
    first: int = 0
    """The first line shown, from 1; 0 where it is not a range."""
    last: int = 0
    """The last line shown, included; 0 where it is not a range."""


def freshness(sight: FileKnowledge, now: str | None) -> Freshness:
    """What was seen against the file's present content hash, None where it is gone. Outdated is what the model itself
    has changed since it saw a skeleton: nothing is new to it, and the skeleton has to be made again.
    """
    if now is None:
        return "gone"
    if now == sight.digest:
        return "fresh"
    return "outdated" if now == sight.known else "stale"


def view_freshness(session: Session, file: FileInjected, now: str | None) -> Freshness:
    """Whether a file in the view is as the model knows it: by what was put there, or by what it did itself since."""
    if now is None:
        return "gone"
    if now == file.digest:
        return "fresh"
    sight = session.registry.get(file.path)
    if sight is None or not file.digest or not _standing(session, sight):
        return "stale"
    within = sight.form == "part" and file.first and sight.first <= file.first and file.last <= sight.last
    covers = sight.form == "full" or within or (sight.form == file.form and not file.first)
    return freshness(sight, now) if covers else "stale"


def content_freshness(session: Session, file: FileInjected, now: str | None) -> Freshness:
    """The same, but that a file whose content is not in the view is never fresh: a notice stands for it."""
    state = view_freshness(session, file, now)
    return "stale" if state == "fresh" and file.absent else state


def changed_elsewhere(registry: Registry, now: Mapping[str, str | None]) -> tuple[str, ...]:
    """The known files, in the order of `now`, that have another content than the model's own edits left them with."""
    return tuple(path for path, name in now.items() if path in registry and name != registry[path].known)


def _standing(session: Session, sight: FileKnowledge) -> bool:
    """Whether what the model knows by its own reads and edits still stands in the view."""
    return not sight.since or (sight.since > session.through and sight.id not in session.masked)
