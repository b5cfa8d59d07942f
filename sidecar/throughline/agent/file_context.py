"""What the model knows of each file: content hashes of what it saw, and notes on changes by somebody else's hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from difflib import unified_diff

from throughline.agent.tool import ContentCache, ToolPorts
from throughline.domain.events import Event, FileSeen, SystemNote
from throughline.domain.file_knowledge import digest
from throughline.domain.ports import ActError, Log, ResolvedPath
from throughline.domain.session import Session
from throughline.domain.staleness import changed_elsewhere
from throughline.semantic_diff.outline_diff import describe_changes, outline_difference
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.render import make_skeleton

# Lines of a difference that are shown whole; above, the outline's difference has to do.
_LINES = 200
# Lines of a file that are compared at all: the comparison's time grows with their square.
_COMPARED = 20_000
# Characters of a new text that is shown whole where the old one is not there to compare.
_WHOLE = 20_000


def known_digest(session: Session, path: str) -> str | None:
    """The content hash at which the model knows a file, or None for a file that it has not seen."""
    sight = session.registry.get(path)
    return sight.known if sight else None


def knows_whole_file(session: Session, path: str) -> bool:
    """Whether the model knows all of a file's text."""
    sight = session.registry.get(path)
    return sight is not None and sight.form == "full"


def has_changed(session: Session, path: str, text: str) -> bool:
    """Whether a file that the model has seen has another text now."""
    return bool(changed_elsewhere(session.registry, {path: digest(text)}))


def change_note(path: str, before: str | None, now: str, count: Callable[[str], int]) -> tuple[str, bool]:
    """What has changed in a file since the model saw it: its interface first, then lines, or the text it has now; and
    whether that is all that has changed.
    """
    told: list[str] = []
    if before is not None:
        was, is_now = outline(path, before), outline(path, now)
        if was is not None and is_now is not None:
            told += [f"- {sentence}" for sentence in describe_changes(outline_difference(was, is_now))]
        if max(before.count("\n"), now.count("\n")) <= _COMPARED:
            lines = list(unified_diff(before.splitlines(), now.splitlines(), "as you saw it", "now", lineterm="", n=2))
            if len(lines) <= _LINES:
                return "\n".join([*told, *lines]), True
            if told:
                return "\n".join([*told, f"({len(lines):,} changed lines: read the file again.)"]), False
    if len(now) <= _WHOLE:
        return f"It now reads:\n{now}", True
    return f"Its skeleton now:\n{make_skeleton(path, now, count).text}", False


def knowledge_after_edit(session: Session, turn: int, path: str, texts: ContentCache, text: str) -> FileSeen:
    """The model knows what it wrote: all of the file where it knew all of it before."""
    return FileSeen(turn, path, texts.keep(text), "written" if knows_whole_file(session, path) else "part", "edit")


# Of so many files it is said what has changed; of the others, that they have.
MOST = 5
# Characters that are said of one file.
_LONGEST = 4_000


class ExternalChanges:
    """Watches the files that the model has seen and that do not enter the view by themselves."""

    def __init__(self, ports: ToolPorts, texts: ContentCache) -> None:
        self._ports = ports
        self._texts = texts
        self._branch: str | None = None

    async def notify(self, turn: int, log: Log) -> None:
        """Records what the model should know before the next call; nothing where nothing has changed."""
        events = await asyncio.to_thread(self._events, turn, log.session)
        if events:
            await log.record(*events)

    def _events(self, turn: int, session: Session) -> tuple[Event, ...]:
        branch = self._ports.files.branch()
        before, self._branch = self._branch, branch
        watched = [path for path in session.registry if path not in session.files]
        now = self._ports.files.digests(watched)
        moved = changed_elsewhere(session.registry, {path: now[path] for path in watched if path in now})
        if not moved:
            return ()
        lines: list[str] = []
        if before is not None and branch != before:
            lines.append(f"{branch} is checked out now, and no longer {before}.")
        seen: list[FileSeen] = []
        for place, path in enumerate(moved):
            line, event = self._moved(turn, session, path, in_full=place < MOST)
            lines.append(line)
            seen.append(event)
        text = "(Files that you know have changed, not by your edits.\n" + "\n".join(lines) + ")"
        return (SystemNote(turn, text, self._ports.tokens.count(text)), *seen)

    def _moved(self, turn: int, session: Session, path: str, *, in_full: bool) -> tuple[str, FileSeen]:
        """What is said of one file, and what the model knows of it then."""
        try:
            text = self._ports.files.text(ResolvedPath(path))
        except ActError:
            return f"{path}: it is gone, or no text any more.", FileSeen(turn, path, "", "part", "check")
        before = self._texts.get(session.registry[path].known)
        name = self._texts.keep(text)
        if not in_full or before is None:
            return f"{path}: read it again before you rely on it.", FileSeen(turn, path, name, "part")
        said, all_said = change_note(path, before, text, self._ports.tokens.count)
        if len(said) > _LONGEST:
            said, all_said = f"{said[:_LONGEST]}\n[… and more: read it again …]", False
        form = "full" if all_said and knows_whole_file(session, path) else "part"
        return f"{path}:\n{said}", FileSeen(turn, path, name, form)  # type: ignore[arg-type]
