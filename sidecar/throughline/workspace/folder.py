"""The files of a workspace folder, read as text."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from throughline.workspace.signatures import Signatures
from throughline.workspace.walk import walked

# A file above this many bytes is not put into a view.
LARGEST = 20_000_000
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Folder:
    """One workspace folder; nothing outside it is read, by links neither."""

    def __init__(self, root: Path, now: Callable[[], int] = time.time_ns) -> None:
        self.root = root.resolve()
        self._signatures = Signatures(self.root, decoded, LARGEST, now)

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
