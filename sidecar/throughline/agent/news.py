"""What has changed in files that the model knows, by somebody else's hand: said to it before it is asked again."""

from __future__ import annotations

import asyncio

from throughline.agent.sight import news, whole
from throughline.agent.tool import Ports, Texts
from throughline.core.acting import ActError, Place
from throughline.core.events import Event, FileSeen, Told
from throughline.core.ports import Log
from throughline.core.session import Session

# Of so many files it is said what has changed; of the others, that they have.
MOST = 5
# Characters that are said of one file.
_LONGEST = 4_000


class News:
    """Watches the files that the model has seen and that do not enter the view by themselves."""

    def __init__(self, ports: Ports, texts: Texts) -> None:
        self._ports = ports
        self._texts = texts
        self._branch: str | None = None

    async def tell(self, turn: int, log: Log) -> None:
        """Records what the model should know before the next call; nothing where nothing has changed."""
        events = await asyncio.to_thread(self._events, turn, log.session)
        if events:
            await log.record(*events)

    def _events(self, turn: int, session: Session) -> tuple[Event, ...]:
        branch = self._ports.files.branch()
        before, self._branch = self._branch, branch
        watched = [path for path in session.registry if path not in session.files]
        now = self._ports.files.digests(watched)
        moved = [path for path in watched if path in now and now[path] != session.registry[path].known]
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
        return (Told(turn, text, self._ports.tokens.count(text)), *seen)

    def _moved(self, turn: int, session: Session, path: str, *, in_full: bool) -> tuple[str, FileSeen]:
        """What is said of one file, and what the model knows of it then."""
        try:
            text = self._ports.files.text(Place(path))
        except ActError:
            return f"{path}: it is gone, or no text any more.", FileSeen(turn, path, "", "part", "check")
        before = self._texts.get(session.registry[path].known)
        name = self._texts.keep(text)
        if not in_full or before is None:
            return f"{path}: read it again before you rely on it.", FileSeen(turn, path, name, "part")
        said, all_said = news(path, before, text, self._ports.tokens.count)
        if len(said) > _LONGEST:
            said, all_said = f"{said[:_LONGEST]}\n[… and more: read it again …]", False
        form = "full" if all_said and whole(session, path) else "part"
        return f"{path}:\n{said}", FileSeen(turn, path, name, form)  # type: ignore[arg-type]
