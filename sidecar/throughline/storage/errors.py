"""Errors of a database that cannot be used, and what to do about each."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

FULL = "cannot grow: the disk is full. Nothing that was kept is lost; free some space and try again."


def store_error_reason(error: sqlite3.Error) -> str:
    """What is wrong, and what to do, for the end of a sentence that begins with the path."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "is locked by another program: close that, and try again."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return "cannot be written: make the file and its folder writable."
        case sqlite3.SQLITE_FULL:
            return FULL
        case sqlite3.SQLITE_IOERR:
            return f"cannot be read or written ({error}): look at the disk and the space on it, and try again."
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "is damaged: open the project again, and what can be read of it is recovered."
        case _:
            return f"cannot be used: {error}. Close other windows on it, and open the project again."


def in_use_error(holder: Path) -> str:
    """What is said of a session that another process has open."""
    try:
        who = f" (process {int(holder.read_text('ascii'))})"
    except (OSError, ValueError):
        who = ""
    return f"This session is open in another window{who}: close it there, or start one."


def read_only_error(path: Path) -> bool:
    """Whether a database that is there may be read but not written."""
    mine = os.access in os.supports_effective_ids
    return path.exists() and not all(os.access(one, os.W_OK, effective_ids=mine) for one in (path, path.parent))


def disk_full_error(error: Exception) -> bool:
    """Whether there is no room to write."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
    )  # fmt: skip
