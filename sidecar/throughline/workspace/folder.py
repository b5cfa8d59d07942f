"""The files of a workspace folder, read as text."""

from __future__ import annotations

import codecs
from pathlib import Path

# A file above this many bytes is not put into a view.
LARGEST = 20_000_000
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Folder:
    """One workspace folder; nothing outside it is read, by links neither."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def text(self, path: str) -> str | None:
        """A file's text, or None where it is gone, is not text or lies outside; line ends are kept."""
        try:
            whole = (self.root / path).resolve()
            if not whole.is_relative_to(self.root) or not whole.is_file() or whole.stat().st_size > LARGEST:
                return None
            return decoded(whole.read_bytes())
        except OSError:
            return None


def decoded(data: bytes) -> str | None:
    """Bytes as text: UTF-8, or UTF-16 with its mark; None where they are neither."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
