"""A damaged database: told, set aside under another name, and what can be read of it put into a new one."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from filelock import FileLock, Timeout

from throughline.core.events import Noted
from throughline.core.ports import StoreError
from throughline.store import carving
from throughline.store.contents import Contents, Remains, contents
from throughline.store.integrity import DamagedError

# Seconds that a look for damage may take; a large file is then believed until a read says otherwise.
PATIENCE = 0.25
_CHUNK = 1 << 20
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def broken(error: sqlite3.Error) -> bool:
    """Whether an error of SQLite's says that the file is damaged, and not only busy, full or protected."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN


def disordered(error: sqlite3.Error) -> bool:
    """Whether an error of an opening says so: what is asked then is always the same, so that a table or a column that
    is not there means that the description of the tables is damaged.
    """
    return broken(error) or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


def suspect(path: Path) -> Path:
    """The mark that a read of a damaged page leaves behind, for the next opening."""
    return path.with_name(f"{path.name}.damaged")


def unfinished(path: Path) -> None:
    """Puts a database that was recovered in the place of the damaged one, which has been kept by then."""
    made = _recovered(path)
    if made.exists():
        for old in (_wal(path), path.with_name(f"{path.name}-shm"), suspect(path)):
            old.unlink(missing_ok=True)
        made.replace(path)


def doubtful(path: Path) -> bool:
    """Whether a log was left behind: by a crash, or by another window. SQLite takes such a one in as it opens it, and
    leaves out what it finds damaged.
    """
    return _size(_wal(path)) > 0


def misjudged(path: Path) -> None:
    """Raises DamagedError for a file that SQLite would take for something else: an empty one beside a log that is not,
    which it would throw away, and one whose head asks for a way of writing that there is none of.
    """
    if not path.exists():
        return
    with path.open("rb") as stream:
        head = stream.read(20)
    if (not head and _size(_wal(path))) or any(way not in (1, 2) for way in head[18:]):
        raise DamagedError


def examine(connection: sqlite3.Connection, path: Path) -> None:
    """Raises DamagedError, or SQLite's own error, where an open database or its log is not whole."""
    taken = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
    if _committed(path) > max(taken, 0) and not in_use(path):
        raise DamagedError
    until = None if suspect(path).exists() else time.monotonic() + PATIENCE
    connection.set_progress_handler(lambda: until is not None and time.monotonic() > until, 10_000)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    else:
        if found != ("ok",):
            raise DamagedError
    finally:
        connection.set_progress_handler(None, 0)


def remains(path: Path) -> Remains:
    """What there is of a database."""
    wal = _wal(path)
    return Remains(path.read_bytes() if path.exists() else b"", wal.read_bytes() if wal.exists() else b"")


def recover(path: Path, left: Remains, build: Callable[[Path, Contents], None]) -> str:
    """Sets a damaged database aside and puts what can be read of it in its place, which `build` writes: one line that
    says so. A crash at any moment leaves one of the two. Raises StoreError while another window has it open.
    """
    if in_use(path):
        raise StoreError(f"{path} is damaged: close the other windows on it, and open it again to have it recovered.")
    found = contents(left)
    made = _recovered(path)
    making = made.with_suffix(".making")
    for old in (making, made):
        for one in (old, _wal(old)):
            one.unlink(missing_ok=True)
    build(making, found)
    making.with_name(f"{making.name}.opening").unlink(missing_ok=True)
    aside = _free(path)
    # As they were found: SQLite has taken the log into the file since.
    _write(aside, left.database)
    if left.wal:
        _write(_wal(aside), left.wal)
    making.replace(made)
    unfinished(path)
    events = sum(not isinstance(one.event, Noted) for log in found.logs.values() for one in log)
    missing = f", {found.lost:,} are missing" if found.lost else ""
    return (
        f"{path} was damaged: {events:,} events of {len(found.logs):,} sessions were recovered{missing}; "
        f"the old file is kept as {aside.name}."
    )


def discard(path: Path) -> tuple[str, ...]:
    """Overwrites and deletes what was set aside of earlier, damaged states of a database: the names. A text cannot be
    taken out of them, for pages part it and an index keeps pieces of it; what could be read of them is in the database.
    """
    names = (f"{path.stem}.damaged-*{path.suffix}*", f"{path.stem}.recovered.*")
    found = sorted(one for name in names for one in path.parent.glob(name) if one.is_file())
    for one in found:
        with one.open("r+b") as out:
            left = out.seek(0, os.SEEK_END)
            out.seek(0)
            while left > 0:
                left -= out.write(bytes(min(left, _CHUNK)))
            out.flush()
            os.fsync(out.fileno())
        one.unlink()
    return tuple(one.name for one in found)


def _committed(path: Path) -> int:
    """How many pages the log holds up to the last commit that bears its salt, whatever stands between."""
    try:
        with _wal(path).open("rb") as log:
            return carving.committed(log.read())
    except FileNotFoundError:
        return 0


def in_use(path: Path, mine: Iterable[str] = ()) -> bool:
    """Whether anybody has a session of this database open, but for those that are `mine`."""
    for name in set(path.parent.glob("*.lock")) - {path.parent / f"{one}.lock" for one in mine}:
        lock = FileLock(name, blocking=False)
        try:
            lock.acquire()
        except Timeout:
            return True
        lock.release()
    return False


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _free(path: Path) -> Path:
    """A name for a damaged file, with the time, that nothing has."""
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    names = (f"{path.stem}.damaged-{stamp}{more}{path.suffix}" for more in chain([""], (f"-{n}" for n in count(2))))
    return next(free for name in names if not (free := path.with_name(name)).exists())


def _recovered(path: Path) -> Path:
    return path.with_name(f"{path.stem}.recovered{path.suffix}")


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
