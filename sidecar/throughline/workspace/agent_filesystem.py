"""The files of a workspace for tools to read and change, where links and odd paths lead nowhere unseen."""

from __future__ import annotations

import asyncio
import codecs
import os
import stat
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path, PureWindowsPath

from throughline.atomic_write import write_atomically
from throughline.domain.ports import ActError, Mirror, MovedError, ResolvedPath, Workspace
from throughline.workspace.user_state import user_state_folder
from throughline.workspace.workspace_files import LARGEST, WorkspaceFiles, decoded

# What is not the agent's to change by a pattern: hooks in there are run, and the session's log lies there.
_GUARDED = (".git", ".agent")
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF8, "utf-8"))


class AgentFilesystem:
    """The files below one folder, and others by their absolute paths; `shown` has the unsaved edits of those inside."""

    def __init__(self, root: Path, shown: Workspace | None = None) -> None:
        self.root = root.resolve()
        self._shown = shown or WorkspaceFiles(self.root)

    def place(self, path: str) -> ResolvedPath:
        """Where a path leads, links followed; raises ActError for what is no path here."""
        if not path.strip() or "\0" in path:
            raise ActError("The path is empty or holds a zero byte: give a path relative to the workspace.")
        windows = PureWindowsPath(path)
        if path.startswith(("\\\\", "//")) or (windows.drive and os.name != "nt"):
            raise ActError(f"{path} is a path of another machine or system: give a path relative to the workspace.")
        try:
            whole = Path(os.path.realpath(self.root / Path(path).expanduser()))
        except (OSError, ValueError, RuntimeError) as error:
            raise ActError(f"{_short(path)} cannot be followed: {_reason(error)}.") from error
        if not whole.is_relative_to(self.root):
            # Whoever could write there without a question could allow itself anything.
            kept = os.path.realpath(user_state_folder())
            return ResolvedPath(str(whole), inside=False, guarded=whole.is_relative_to(kept))
        relative = whole.relative_to(self.root).as_posix()
        guarded = any(part.casefold() in _GUARDED for part in Path(relative).parts)
        return ResolvedPath(relative, guarded=guarded)

    def whole(self, place: ResolvedPath) -> Path:
        """The absolute path of a place."""
        return self.root / place.path

    def exists(self, place: ResolvedPath) -> bool:
        """Whether anything is there."""
        return self.whole(place).exists()

    def text(self, place: ResolvedPath) -> str:
        """A file's text, line ends kept; raises ActError where it is not there, not text or too large."""
        if place.inside and (text := self._shown.text(place.path)) is not None:
            return text
        return self._read(place)[0]

    def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        """The content hash of each file's text in the workspace, None where there is none."""
        inside = [path for path in paths if not os.path.isabs(path)]  # noqa: PTH117 - thousands of them, at every call
        return self._shown.digests(inside)

    def branch(self) -> str:
        """The branch that is checked out, or the commit where none is; nothing without version control."""
        for folder in (self.root, *self.root.parents):
            place = folder / ".git"
            try:
                if place.is_file():  # A working tree beside its repository says where that is.
                    place = folder / place.read_text("utf-8").removeprefix("gitdir:").strip()
                if (place / "HEAD").exists():
                    head = (place / "HEAD").read_text("utf-8").strip()
                    return head.removeprefix("ref:").strip().removeprefix("refs/heads/")
            except (OSError, UnicodeDecodeError):
                return ""
        return ""

    async def put(self, place: ResolvedPath, text: str, before: str | None) -> None:
        """Replaces a file whole or not at all, or makes it where `before` is None."""
        await asyncio.to_thread(self._put, place, text, before)

    def _read(self, place: ResolvedPath) -> tuple[str, bytes]:
        """A file's text and the mark before it."""
        path = self.whole(place)
        try:
            state = path.stat()
            if stat.S_ISDIR(state.st_mode):
                raise ActError(f"{place.path} is a folder: list_files shows what is in it.")
            if not stat.S_ISREG(state.st_mode):
                raise ActError(f"{place.path} is a device, a socket or a pipe and cannot be read as a file.")
            if state.st_size > LARGEST:
                raise ActError(f"{place.path} has {state.st_size:,} bytes, too many to read: search in it.")
            data = path.read_bytes()
        except FileNotFoundError:
            raise ActError(self._missing(place)) from None
        except OSError as error:
            raise ActError(f"{_short(place.path)} cannot be read: {_reason(error)}.") from error
        text = decoded(data)
        if text is None:
            raise ActError(f"{place.path} is not text ({len(data):,} bytes).")
        return text, next((mark for mark, _ in _MARKS if data.startswith(mark)), b"")

    def _put(self, place: ResolvedPath, text: str, before: str | None) -> None:
        path = self.whole(place)
        mark, mode = b"", None
        if before is None:
            if path.exists():
                raise MovedError(f"{place.path} is there already: read it, then edit it.")
        else:
            now, mark = self._read(place)
            if now != before and place.inside and self._shown.text(place.path) == before:
                raise ActError(f"{place.path} has unsaved edits in the editor: have the user save it, then edit it.")
            if now != before:
                raise MovedError(f"{place.path} has changed meanwhile: read it again, then edit it.")
            mode = stat.S_IMODE(path.stat().st_mode)
        # A link put there since the path was followed would lead the edit somewhere else.
        if Path(os.path.realpath(path)) != path:
            raise MovedError(f"{place.path} leads somewhere else now: read it again.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, mark + text.encode(dict(_MARKS).get(mark, "utf-8")), mode)
            if place.inside:
                self._shown.touched([place.path])
                if isinstance(self._shown, Mirror) and before is not None:
                    self._shown.wrote(place.path, before, text)
        except UnicodeEncodeError:
            raise ActError("The text holds half of a character and cannot be written: send it whole.") from None
        except OSError as error:
            raise ActError(f"{_short(place.path)} cannot be written: {_reason(error)}.") from error

    def _missing(self, place: ResolvedPath) -> str:
        folder, name = self.whole(place).parent, Path(place.path).name
        try:
            near = get_close_matches(name, [entry.name for entry in os.scandir(folder)][:2_000], 3)
        except OSError:
            near = []
        known = f" Near it: {', '.join(near)}." if near and place.inside else ""
        return f"There is no file {_short(place.path)}.{known}"


def _short(path: str) -> str:
    return path if len(path) <= 200 else f"{path[:199]}…"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
