"""Files of a workspace: texts, content hashes that are read again only where a file's stat moved, the list of files."""

from __future__ import annotations

import codecs
import os
import stat
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock

from attrs import frozen

from throughline.domain.file_knowledge import digest
from throughline.workspace.git import Git, GitError

# A file that was written this shortly before it was read may be written again within the same tick of the clock that
# dates it, by which nobody could tell (git's rule for racily clean entries). Some file systems count in two seconds.
TICK = 2_500_000_000


@frozen
class Signature:
    """What a file's entry in its folder says: a change of content changes one of these, but for a racy one."""

    modified: int
    changed: int
    size: int
    inode: int
    device: int


@frozen
class _Known:
    """A hash (None: no text) under the signature that the file had when it was read; nanoseconds since the epoch."""

    signature: Signature
    digest: str | None
    read: int

    def holds(self, now: Signature) -> bool:
        """Whether a file with that signature still has this hash."""
        newest = max(self.signature.modified, self.signature.changed)
        return now == self.signature and newest + TICK < self.read


class StatCache:
    """The hashes of one folder's files. Asking for a file that has not moved costs one look at its entry.

    Safe to call from any thread.
    """

    def __init__(
        self, root: Path, text: Callable[[bytes], str | None], largest: int, now: Callable[[], int] = time.time_ns
    ) -> None:
        self._root = root
        self._text = text
        self._largest = largest
        self._now = now
        self._known: dict[str, _Known] = {}
        self._lock = Lock()

    def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        """The hash of each file's text (SHA-256 of its UTF-8), None for one that is gone, no text, or outside."""
        folders: dict[str, bool] = {}
        with self._lock:
            return {path: self._digest(path, folders) for path in paths}

    def forget(self, paths: Iterable[str]) -> None:
        """Something says that these files have changed: they are read again."""
        with self._lock:
            for path in paths:
                self._known.pop(path, None)

    def _digest(self, path: str, folders: dict[str, bool]) -> str | None:
        whole = os.path.join(self._root, path)  # noqa: PTH118  # ten thousand of them, within a second
        try:
            entry = os.lstat(whole)
            if stat.S_ISLNK(entry.st_mode) or not self._inside(whole, folders):
                real = Path(os.path.realpath(whole))
                if not real.is_relative_to(self._root):
                    return None
                entry = os.stat(real)  # noqa: PTH116
            if not stat.S_ISREG(entry.st_mode) or entry.st_size > self._largest:
                return None
        except (OSError, ValueError):
            self._known.pop(path, None)
            return None
        now = _signature(entry)
        known = self._known.get(path)
        if known is None or not known.holds(now):
            known = self._known[path] = self._read(whole, now)
        return known.digest

    def _inside(self, whole: str, folders: dict[str, bool]) -> bool:
        """Whether a file's folder is what its path says, with no link or `..` that leads elsewhere."""
        folder = os.path.dirname(whole)  # noqa: PTH120
        if folder not in folders:
            folders[folder] = os.path.realpath(folder) == folder
        return folders[folder]

    def _read(self, whole: str, signature: Signature) -> _Known:
        read = self._now()
        try:
            data = Path(whole).read_bytes()
            after = _signature(os.stat(whole))  # noqa: PTH116
        except OSError:
            return _Known(signature, None, 0)
        text = self._text(data)
        name = None if text is None else digest(text)
        # What was written while it was read is read again the next time.
        return _Known(signature, name, read if after == signature else 0)


def _signature(entry: os.stat_result) -> Signature:
    return Signature(entry.st_mtime_ns, entry.st_ctime_ns, entry.st_size, entry.st_ino, entry.st_dev)


# What no ignore file names, and nobody means.
_NEVER = frozenset({".git", ".hg", ".svn", ".agent"})


def walked(folder: Path) -> tuple[Path, ...]:
    """Whole paths of regular files, sorted. Git says which they are; where there is no git, the ignore files do.

    Links to folders are not followed, so that no loop is entered.
    """
    try:
        names = Git(folder).files()
    except GitError:
        names = ()
    # Of a folder that is ignored as a whole git lists nothing, and who names it means it.
    found = [folder / name for name in names or _unignored(folder)]
    return tuple(sorted(path for path in found if path.is_file() and not _NEVER & {*path.relative_to(folder).parts}))


def _unignored(folder: Path) -> tuple[str, ...]:
    from throughline.workspace.ignore import list_files  # noqa: PLC0415 - what matches patterns is loaded late

    return tuple(list_files(folder, "."))


# A file above this many bytes is not put into a view.
LARGEST = 20_000_000
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class WorkspaceFiles:
    """One workspace folder; nothing outside it is read, by links neither."""

    def __init__(self, root: Path, now: Callable[[], int] = time.time_ns) -> None:
        self.root = root.resolve()
        self._signatures = StatCache(self.root, decoded, LARGEST, now)

    def text(self, path: str) -> str | None:
        """A file's text, or None where it is gone, is not text or lies outside; line ends are kept."""
        try:
            whole = (self.root / path).resolve()
            if not whole.is_relative_to(self.root) or not whole.is_file() or whole.stat().st_size > LARGEST:
                return None
            return decoded(whole.read_bytes())
        except (OSError, ValueError):
            return None

    def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        """The content hash of each file's text, None where there is none to be read; unchanged ones are not read."""
        return self._signatures.digests(paths)

    def touched(self, paths: Iterable[str]) -> None:
        """Something says that these files have changed, whatever their signatures say."""
        self._signatures.forget(paths)

    def files(self, path: str) -> tuple[str, ...]:
        """The files below a folder that no ignore file excludes, by path; the path itself where it is a file."""
        try:
            whole = (self.root / path).resolve()
            if not whole.is_relative_to(self.root):
                return ()
            if not whole.is_dir():
                return (path,) if whole.is_file() else ()
        except (OSError, ValueError):
            return ()
        return tuple(found.relative_to(self.root).as_posix() for found in walked(whole))


def decoded(data: bytes) -> str | None:
    """Bytes as text: UTF-8, or UTF-16 with its mark; None where they are neither."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
