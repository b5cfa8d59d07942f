"""The files that a session works on: after a compaction they come back at their newest state, within a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import evolve

from throughline.agent.file_rendering import FileRequest, render_file
from throughline.domain.events import FileDropped, FileInjected
from throughline.domain.file_knowledge import FileKnowledge
from throughline.domain.ports import Skeletons, Workspace
from throughline.domain.sanitization import cleaned
from throughline.domain.session import Session
from throughline.session.files import unmasked

# So many files come back, in so many o200k tokens together, and one of them in half of that: what enters here is read
# with every call until the next compaction, and what is missing costs one call.
FILES, TOKENS = 5, 6_000
# In a small window they take at most this part of the context limit.
SHARE = 0.03


def worked_files(
    session: Session,
    room: int,
    workspace: Workspace,
    count: Callable[[str], int],
    kept: Skeletons | None = None,
) -> tuple[FileInjected | FileDropped, ...]:
    """What brings back the files that the agent read or edited last, where a compaction has just taken what showed
    them out of the view: those it edited first, whole where they are not long, else as skeletons, in `room` o200k
    tokens. What came back after the compaction before, and was not touched since, leaves.
    """
    gone = [path for path, file in session.files.items() if file.restored and session.registry[path].by == "user"]
    made = _restored(session, min(room, TOKENS), workspace, count, kept)
    return (*(FileDropped(path) for path in gone), *made)


def _restored(
    session: Session, room: int, workspace: Workspace, count: Callable[[str], int], kept: Skeletons | None
) -> Iterator[FileInjected]:
    most = room // 2
    for sight in _last_touched(session):
        text = workspace.text(sight.path)
        if text is None:
            continue
        # A text of so many characters cannot be that short: it is not counted to find that out.
        whole = sight.form != "skeleton" and len(text) <= 12 * most
        file = render_file(sight.path, text, FileRequest("full" if whole else "skeleton"), count, kept)
        if whole and file.tokens > most:
            file = render_file(sight.path, text, FileRequest("skeleton"), count, kept)
        if file.tokens <= min(most, room):
            room -= file.tokens
            yield unmasked(session, evolve(cleaned(file), restored=True))


def _last_touched(session: Session) -> list[FileKnowledge]:
    """The files that the agent knew by its own reads and edits, of which the view shows nothing any more: the last few,
    what it edited first.
    """
    shown = {path for path in session.files if not session.files[path].absent}
    known = [
        sight
        for sight in session.registry.values()
        if sight.by != "user" and 0 < sight.since <= session.through and sight.path not in shown
    ]
    last = sorted(known, key=lambda sight: (sight.by == "edit", sight.at), reverse=True)
    return last[:FILES]
