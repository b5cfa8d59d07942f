"""A text file that is there whole or not at all, whatever the disk has room for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Puts a text in UTF-8 in a file's place, for everyone to read; a link there is replaced and not followed. Raises
    OSError, and then what was there before is as it was.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        # A temporary file is its maker's alone, and these are for everyone who has the repository.
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
