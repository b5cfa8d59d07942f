"""Knowledge of files: what the model saw of each, at which content, when and by whom.

It is the fold of the log; a file that is not in it is absent. Whether what was seen still holds is in `staleness`.
"""

from __future__ import annotations

import hashlib
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from throughline.domain.events import FileDropped, FileInjected, FileRenamed, FileSeen

Extent: TypeAlias = Literal["part", "skeleton", "full"]
KnowledgeSource: TypeAlias = Literal["user", "read", "edit"]
Registry: TypeAlias = dict[str, "FileKnowledge"]


@frozen
class FileKnowledge:
    """What the model saw of a file, at the content hash `digest`; `known` is the content as its own edits left it.

    `at` is in seconds since the epoch; `first` and `last` are lines from 1, 0 where it saw more than a range. What it
    knows by its own reads and edits stands in the turns from `since` on, and a read's content in the call `id`.
    """

    path: str
    form: Extent
    digest: str
    known: str
    at: float
    by: KnowledgeSource
    first: int = 0
    last: int = 0
    since: int = 0
    id: str = ""


def update_knowledge(
    registry: Registry, event: FileInjected | FileDropped | FileSeen | FileRenamed, at: float
) -> Registry:
    """The registry after one more event."""
    path = event.path
    match event:
        case FileInjected(absent=True) | FileDropped() | FileSeen(digest=""):
            return _without(registry, path)
        case FileInjected(digest=digest, first=first, last=last):
            form: Extent = "part" if first else event.form
            return {**registry, path: FileKnowledge(path, form, digest, digest, at, "user", first, last)}
        case FileSeen():
            return {**registry, path: _merged(registry.get(path), event, at)}
        case FileRenamed(to=to):
            was = registry.get(path)
            return {**_without(registry, path), to: evolve(was, path=to)} if was else _without(registry, to)


def superseded_reads(reads: tuple[FileSeen, ...], newer: FileSeen | FileInjected) -> tuple[FileSeen, ...]:
    """The earlier reads of a file that a newer sight of it makes superfluous: all that it shows too."""
    if isinstance(newer, FileSeen) and (newer.by != "read" or newer.form == "written"):
        return ()
    form = "part" if newer.first else newer.form

    def shown(read: FileSeen) -> bool:
        within = newer.first <= read.first and read.last <= newer.last
        return form == "full" or (form == read.form and (form == "skeleton" or within))

    return tuple(read for read in reads if shown(read))


def _without(registry: Registry, path: str) -> Registry:
    return {name: sight for name, sight in registry.items() if name != path} if path in registry else registry


def _merged(was: FileKnowledge | None, event: FileSeen, at: float) -> FileKnowledge:
    """What is known of a file after the agent read or changed it: the most that it saw of one content."""
    path, now = event.path, event.digest
    form: Extent = "full" if event.form == "written" else event.form
    by: KnowledgeSource = "edit" if event.by == "edit" or event.form == "written" else "read"
    new = FileKnowledge(path, form, now, now, at, by, event.first, event.last, event.turn, event.id)
    if event.by == "check":
        return evolve(new, by=was.by, at=was.at, since=0) if was else evolve(new, by="user", since=0)
    if was is None:
        return new
    if by == "edit":
        # It made the change, so what it had seen of the text it still knows; a skeleton's lines may have changed.
        seen, extent = (was.digest, was.form) if was.form == "skeleton" and form != "full" else (now, form)
        whole = was.form == "full" or form == "full"
        since = was.since or event.turn
        return evolve(was, form="full" if whole else extent, digest=seen, known=now, at=at, by=by, since=since)
    if form == "full":
        return new
    if form == "part" and was.form != "part":
        return was
    return was if was.form == "full" and was.digest == now else new


def digest(text: str) -> str:
    """The content's address: SHA-256 in hex of its UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
