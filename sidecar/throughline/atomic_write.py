"""The atomic write: a file is replaced whole or not at all, whoever writes it.

It stands outside of all packages and knows none of them, so that the store and the workspace, which do not know each
other, write alike.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path

# The modes of files: for everyone to read, as what is in a repository, or for their owner alone.
SHARED, PRIVATE = 0o644, 0o600
# What the umask makes of a new file's mode is left to it.
_NEW = 0o666


def write_atomically(path: Path, content: str | bytes, mode: int | None = None, *, durable: bool = True) -> None:
    """Puts a content, a text as UTF-8, in a file's place; a link there is replaced and not followed. Raises OSError,
    and then what was there before is as it was.

    The file gets the `mode`, or the one that the umask leaves a new file. What is `durable` survives a crash of the
    machine once this returns; what can be made again need not wait for the disk.
    """
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    # Its own name could be too long for more, and nobody but this call may have the draft open.
    draft = path.parent / f".throughline-{uuid.uuid4().hex}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode or _NEW)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            if durable:
                out.flush()
                os.fsync(out.fileno())
        if mode is not None:
            draft.chmod(mode)  # The umask may have taken a part of it away.
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
