"""Files that the model has seen: as they stand in the view, and as they are now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import evolve, frozen

from throughline.agent.file_rendering import (
    follow_range,
    gone_notice,
    parse_deadline,
    render_file,
    too_big_notice,
)
from throughline.domain.events import FileInjected, FileSeen
from throughline.domain.file_knowledge import FileKnowledge
from throughline.domain.ports import Skeletons, Workspace
from throughline.domain.session import Session
from throughline.domain.staleness import (
    OUT_OF_DATE,
    ContextFileStatus,
    Freshness,
    content_freshness,
    freshness,
    view_freshness,
)
from throughline.semantic_diff.outline_diff import describe_changes, outline_difference
from throughline.skeleton.model import Item
from throughline.skeleton.outline_reader import outline


@frozen
class FileMovement:
    """How a file differs from what the model saw of it: sentences, each with the lines (from 1) that it speaks of;
    both texts in the form in which the model sees them.
    """

    sentences: tuple[tuple[str, range], ...]
    seen: str
    now: str


@frozen
class KnownFile:
    """A file that the model has seen, beside its present state."""

    sight: FileKnowledge
    freshness: Freshness


def difference_since_seen(file: FileInjected, text: str, count: Callable[[str], int]) -> FileMovement:
    """What moved since a file was injected. Both sides are read from what the model is shown, so that what a
    skeleton leaves out makes no difference.
    """
    fresh = render_file(file.path, text, follow_range(file, text), count)
    seen, now = file.text, fresh.text
    before, after, whole = (outline(file.path, one, parse_deadline()) for one in (seen, now, text))
    if before is None or after is None or whole is None:
        return FileMovement((), seen, now)
    places = dict(_places(whole.items))
    nowhere = range(0)
    changes = [one for one in outline_difference(before, after) if not (one.kind == "body" and file.form == "skeleton")]
    said = tuple(
        (text, places.get(one.name, nowhere)) for one, text in zip(changes, describe_changes(changes), strict=True)
    )
    return FileMovement(said, seen, now)


def _places(items: Sequence[Item], prefix: str = "") -> Iterator[tuple[str, range]]:
    for item in items:
        yield prefix + item.name, range(item.first_line, item.last_line + 1)
        yield from _places(item.children, f"{prefix}{item.name}.")


def known_files(session: Session, workspace: Workspace) -> tuple[KnownFile, ...]:
    """All that the model has seen beside its present state, by path. Reads what has changed since it was last asked."""
    now = workspace.digests(session.registry)
    return tuple(KnownFile(sight, freshness(sight, now[path])) for path, sight in sorted(session.registry.items()))


def context_files(session: Session, workspace: Workspace) -> tuple[ContextFileStatus, ...]:
    """The files in the view beside their present state. One whose content is not there is not fresh."""
    now = workspace.digests(session.files)
    found = []
    for path, file in session.files.items():
        state = content_freshness(session, file, now[path])
        found.append(ContextFileStatus(path, file.form, state, file.tokens, file.original, file.first, file.last))
    return tuple(found)


def refreshed_files(
    session: Session, workspace: Workspace, count: Callable[[str], int], kept: Skeletons | None = None
) -> tuple[FileInjected | FileSeen, ...]:
    """What brings the view's files up to date: those that have moved on enter again, and one that is gone is said to
    be. Where the model would be shown the same again, it is noted that what it saw still holds.
    """
    now = workspace.digests(session.files)
    events: list[FileInjected | FileSeen] = []
    for path, file in session.files.items():
        state = view_freshness(session, file, now[path])
        if state == "gone" and not (file.absent and not file.digest):
            events.append(gone_notice(file, count))
        elif state in OUT_OF_DATE and (text := workspace.text(path)) is not None:
            fresh = render_file(path, text, follow_range(file, text), count, kept, was="" if file.digest else file.was)
            if file.absent or fresh.was or _content(fresh) != _content(file):
                events.append(unmasked(session, fresh))
            else:
                form = "part" if file.first else file.form
                events.append(FileSeen(0, path, fresh.digest, form, "check", first=file.first, last=file.last))
    return tuple(events)


def fitting_files(
    session: Session, events: Sequence[FileInjected | FileSeen], room: int, count: Callable[[str], int]
) -> tuple[FileInjected | FileSeen, ...]:
    """The same in what room there is, in o200k tokens: a file that does not fit is said to have changed."""
    made = []
    for event in events:
        one = event
        if isinstance(event, FileInjected) and not event.absent:
            if event.tokens > room:
                one = too_big_notice(session.files[event.path], event.digest, count)
            room -= one.tokens if isinstance(one, FileInjected) else 0
        made.append(one)
    return tuple(made)


def unmasked(session: Session, file: FileInjected) -> FileInjected:
    """The file as a copy that no earlier masking speaks of: a content may come back that the view has a stub of."""
    while file.key in session.masked:
        file = evolve(file, copy=file.copy + 1)
    return file


def _content(file: FileInjected) -> tuple[int, int, str]:
    """What is shown; of a skeleton below its first line, which counts the lines of the file."""
    shown = file.text.partition("\n")[2] if file.form == "skeleton" else file.text
    return file.first, file.last, shown
