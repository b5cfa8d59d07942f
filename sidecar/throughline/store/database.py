"""The sessions of one workspace in SQLite: append-only, durable at every append."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from filelock import BaseFileLock, FileLock, Timeout

from throughline.core.events import ArchiveWritten, Logged, SessionEnded, SessionNamed, SessionStarted, Spoke
from throughline.core.ports import FORGOTTEN, Found, SessionRow, StoreError
from throughline.core.tagged import MalformedError
from throughline.store import codec, recovery, whole
from throughline.store.words import phrase, words

log = logging.getLogger(__name__)

# Each file leads from one schema to the next.
MIGRATIONS = ("schema.sql", "words.sql", "skeletons.sql")
SCHEMA = len(MIGRATIONS)
NAME = "throughline.db"
IGNORED = "*\n!.gitignore\n!.gitattributes\n!project-context.md\n"
# What earlier versions wrote: it kept the archive's attributes out of version control.
_FORMER = "*\n!.gitignore\n!project-context.md\n"
# How many skeletons are kept: those of a big repository, in a few versions of its files.
SKELETONS = 20_000


class Database:
    """`.agent/throughline.db` of a workspace; safe to call from any thread."""

    def __init__(self, path: Path, patience: float = 10.0) -> None:
        self._path = path
        self._patience = patience
        self._lock = Lock()
        self._held: dict[str, BaseFileLock] = {}
        # What was mended when it was opened, in one line.
        self.repair = ""
        with self._guarded():
            if _protected(path):
                self._read_only()
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            ignore = path.parent / ".gitignore"
            if not ignore.exists() or ignore.read_bytes() == _FORMER.encode():
                whole.write(ignore, IGNORED)
            with FileLock(f"{path}.opening", timeout=patience):
                self._open()

    def _read_only(self) -> None:
        """Opens a copy, since SQLite cannot take in a log that it may not write; it refuses what would change it."""
        with TemporaryDirectory() as folder:
            for name in (self._path, self._path.with_name(f"{self._path.name}-wal")):
                if name.exists():
                    shutil.copyfile(name, Path(folder) / name.name)
            copied = self._connect((Path(folder) / self._path.name).as_uri())
            self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
            with closing(copied):
                copied.backup(self._connection)
        self._checked(self._look)
        self._connection.execute("PRAGMA query_only = ON")

    def _open(self) -> None:
        """Opens the file, a damaged one as what can be recovered of it."""
        recovery.unfinished(self._path)
        left = recovery.remains(self._path) if recovery.doubtful(self._path) else None
        try:
            recovery.emptied(self._path)
            self._connection = self._connect(self._path.absolute().as_uri())
            self._checked(lambda: recovery.examine(self._connection, self._path))
            self._checked(self._prepare)
        except (sqlite3.DatabaseError, recovery.DamagedError) as error:
            if isinstance(error, sqlite3.Error) and not recovery.broken(error):
                raise
            self.repair = recovery.recover(self._path, left or recovery.remains(self._path), _rebuild)
            log.warning("%s", self.repair)
            self._connection = self._connect(self._path.absolute().as_uri())
            self._checked(self._prepare)

    def _connect(self, address: str) -> sqlite3.Connection:
        return sqlite3.connect(address, timeout=self._patience, check_same_thread=False, isolation_level=None, uri=True)

    def _checked(self, work: Callable[[], object]) -> None:
        """Does the first work on a connection, and closes it where that fails."""
        try:
            work()
        except BaseException:
            self._connection.close()
            raise

    def hold(self, session: str) -> None:
        """Takes a session for this process, until it ends. Raises StoreError where another one has it."""
        lock = FileLock(self._path.parent / f"{session}.lock", blocking=False)
        # Beside the lock, whose own file is emptied by whoever asks for it.
        holder = self._path.parent / f"{session}.pid"
        with self._guarded():
            try:
                lock.acquire()
            except Timeout:
                raise StoreError(_taken(holder)) from None
            try:
                holder.write_text(str(os.getpid()), encoding="ascii")
            except OSError:
                lock.release(force=True)
                raise
        self._held[session] = lock

    def release(self, session: str) -> None:
        """Gives a session back."""
        if lock := self._held.pop(session, None):
            (self._path.parent / f"{session}.pid").unlink(missing_ok=True)
            lock.release(force=True)
            Path(lock.lock_file).unlink(missing_ok=True)

    def append(self, session: str, events: Sequence[Logged]) -> None:
        """Keeps events; when it returns they survive a crash. Raises StoreError."""
        if not events:
            return
        with self._guarded(), self._lock, self._transaction() as connection:
            for logged in events:
                event = logged.event
                if isinstance(event, SessionStarted):
                    connection.execute(
                        "INSERT INTO sessions (id, objective, origin, started, updated) VALUES (?, ?, ?, ?, ?)",
                        (event.session, event.objective, event.origin, logged.at, logged.at),
                    )
                if isinstance(event, SessionNamed):
                    connection.execute("UPDATE sessions SET objective = ? WHERE id = ?", (event.name, session))
                connection.execute(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
                    (session, logged.seq, logged.at, event.kind, codec.dump(event)),
                )
                _index(connection, session, logged)
            turns = max((one.event.turn for one in events if isinstance(one.event, Spoke)), default=0)
            ended = any(isinstance(one.event, SessionEnded) for one in events)
            connection.execute(
                # A clock may have been put back meanwhile.
                "UPDATE sessions SET updated = max(updated, ?), turns = max(turns, ?), ended = max(ended, ?)"
                " WHERE id = ?",
                (events[-1].at, turns, ended, session),
            )

    def read(self, session: str) -> Iterator[Logged]:
        """All events of a session in order; nothing for an unknown one. Raises StoreError."""
        with self._guarded(), self._lock:
            rows = self._connection.execute(
                "SELECT seq, at, body FROM events WHERE session = ? ORDER BY seq", (session,)
            ).fetchall()
        for seq, at, body in rows:
            try:
                event = codec.load(body)
            except MalformedError as error:
                raise StoreError(f"event {seq} of session {session} cannot be read: {error}") from error
            yield Logged(seq, at, event)

    def sessions(self) -> tuple[SessionRow, ...]:
        """All sessions, the newest first. Raises StoreError."""
        with self._guarded(), self._lock:
            rows = self._connection.execute(
                "SELECT id, objective, started, updated, turns, ended, origin FROM sessions ORDER BY updated DESC, id"
            ).fetchall()
        return tuple(
            SessionRow(name, objective, started, updated, turns, bool(ended), origin)
            for name, objective, started, updated, turns, ended, origin in rows
        )

    def pending(self) -> tuple[str, ...]:
        """The sessions whose archive change nobody has accepted or rejected, the newest first. Raises StoreError."""
        with self._guarded(), self._lock:
            rows = self._connection.execute(
                "SELECT session FROM events JOIN sessions ON id = session"
                " WHERE kind IN ('archive_proposed', 'archive_rejected', 'archive_written') GROUP BY session"
                " HAVING max(seq) = max(CASE kind WHEN 'archive_proposed' THEN seq END) ORDER BY updated DESC, id"
            ).fetchall()
        return tuple(name for (name,) in rows)

    def archives(self) -> tuple[tuple[float, str], ...]:
        """The archive as sessions have written it, and when, the oldest first. Raises StoreError."""
        with self._guarded(), self._lock:
            rows = self._connection.execute(
                "SELECT at, body FROM events WHERE kind = 'archive_written' ORDER BY at"
            ).fetchall()
        made = []
        for at, body in rows:
            with suppress(MalformedError):
                event = codec.load(body)
                made += [(at, event.text)] if isinstance(event, ArchiveWritten) else []
        return tuple(made)

    def recall(self, query: str, session: str = "", limit: int = 10) -> tuple[Found, ...]:
        """Where all words of a query stand together, the best first, in one session or in all. Raises StoreError."""
        sought = phrase(query)
        if not sought:
            return ()
        with self._guarded(), self._lock:
            rows = self._connection.execute(
                "SELECT session, seq, turn, kind, snippet(words, 0, '', '', ' … ', 40) FROM words"
                " WHERE words MATCH ? AND (? = '' OR session = ?) ORDER BY rank LIMIT ?",
                (sought, session, session, limit),
            ).fetchall()
        return tuple(Found(*row) for row in rows)

    def forget(self, session: str) -> int:
        """Deletes a session and all that it said: how many events. Raises StoreError where it is open elsewhere."""
        self.hold(session)
        try:
            with self._guarded(), self._lock:
                with self._transaction() as connection:
                    connection.execute("DELETE FROM words WHERE session = ?", (session,))
                    gone = connection.execute("DELETE FROM events WHERE session = ?", (session,)).rowcount
                    connection.execute("DELETE FROM sessions WHERE id = ?", (session,))
                self._scrub()
        finally:
            self.release(session)
        return gone

    def redact(self, secret: str) -> int:
        """Replaces a text wherever it stands in the log: in how many events. Raises StoreError."""
        sought, blank = codec.written(secret), codec.written(FORGOTTEN)
        with self._guarded(), self._lock:
            with self._transaction() as connection:
                connection.execute("UPDATE sessions SET objective = replace(objective, ?, ?)", (secret, FORGOTTEN))
                changed = connection.execute(
                    "UPDATE events SET body = replace(body, ?, ?) WHERE instr(body, ?)", (sought, blank, sought)
                ).rowcount
                connection.execute("DELETE FROM words")
                # They are made again, from files that no longer have it.
                connection.execute("DELETE FROM skeletons")
                self._reindex(connection)
            self._scrub()
        return changed

    def skeletons(self, keys: Sequence[str]) -> dict[str, str]:
        """The skeletons that are kept under these keys. Raises StoreError."""
        with self._guarded(), self._lock:
            found = (
                self._connection.execute("SELECT key, body FROM skeletons WHERE key = ?", (key,)).fetchone()
                for key in keys
            )
            return {row[0]: row[1] for row in found if row is not None}

    def keep_skeletons(self, made: Mapping[str, str]) -> None:
        """Keeps skeletons by key, and lets go of the oldest of very many. Raises StoreError."""
        with self._guarded(), self._lock, self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO skeletons (key, body) VALUES (?, ?)", made.items())
            connection.execute("DELETE FROM skeletons WHERE id <= (SELECT max(id) FROM skeletons) - ?", (SKELETONS,))

    def _scrub(self) -> None:
        """Takes what was deleted out of the file too, the write-ahead log's part of it included, and what was set aside
        of a damaged one, which may hold it as well.
        """
        self._connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if gone := recovery.discard(self._path):
            log.warning(
                "What was set aside of a damaged database may hold it too, and was deleted: %s.", ", ".join(gone)
            )

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            self._connection.close()

    def _look(self) -> int:
        """The schema's version. Raises StoreError for one that is newer than this program."""
        version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise StoreError(
                f"{self._path} was written by a newer Throughline (schema {version}): update the extension."
            )
        return version

    def _prepare(self) -> None:
        self._look()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        # What is forgotten is overwritten, whichever way this SQLite was built.
        self._connection.execute("PRAGMA secure_delete = ON")
        with self._transaction() as connection:
            version = self._look()
            for number, name in enumerate(MIGRATIONS[version:], version + 1):
                for statement in (files(__package__) / name).read_text("utf-8").split(";"):
                    if statement.strip():
                        connection.execute(statement)
                if name == "words.sql":
                    self._reindex(connection)
                connection.execute(f"PRAGMA user_version = {number}")

    def _reindex(self, connection: sqlite3.Connection) -> None:
        """Indexes what an older schema kept; what cannot be read is not found either."""
        rows = connection.execute("SELECT session, seq, at, body FROM events").fetchall()
        for session, seq, at, body in rows:
            with suppress(MalformedError):
                _index(connection, session, Logged(seq, at, codec.load(body)))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk or a failed commit may have rolled back already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if recovery.broken(error):
                with suppress(OSError):
                    recovery.suspect(self._path).touch()
            raise StoreError(f"{self._path} {_reason(error)}") from error
        except Timeout as error:
            raise StoreError(f"{self._path} is being opened by another window: try again.") from error
        except OSError as error:
            raise StoreError(f"{self._path} cannot be used: {error.strerror}.") from error


def _taken(holder: Path) -> str:
    """What is said of a session that another process has open."""
    try:
        who = f" (process {int(holder.read_text('ascii'))})"
    except (OSError, ValueError):
        who = ""
    return f"This session is open in another window{who}: close it there, or start one."


def _protected(path: Path) -> bool:
    """Whether a database that is there may be read but not written."""
    mine = os.access in os.supports_effective_ids
    return path.exists() and not all(os.access(one, os.W_OK, effective_ids=mine) for one in (path, path.parent))


def _reason(error: sqlite3.Error) -> str:
    """What is wrong, and what to do, for the end of a sentence that begins with the path."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "is locked by another program: close that, and try again."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return "cannot be written: make the file and its folder writable."
        case sqlite3.SQLITE_FULL:
            return "cannot grow: the disk is full. Nothing that was kept is lost; free some space and try again."
        case sqlite3.SQLITE_IOERR:
            return f"cannot be read or written ({error}): look at the disk and the space on it, and try again."
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "is damaged: open the project again, and what can be read of it is recovered."
        case _:
            return f"cannot be used: {error}. Close other windows on it, or move it aside."


def _rebuild(path: Path, logs: dict[str, list[Logged]]) -> None:
    """A new database of these sessions."""
    database = Database(path)
    try:
        for session, events in logs.items():
            database.append(session, events)
    finally:
        database.close()


def _index(connection: sqlite3.Connection, session: str, logged: Logged) -> None:
    for said in words(logged.event):
        if said.text.strip():
            text = said.text.encode("utf-8", "replace").decode("utf-8")
            connection.execute(
                "INSERT INTO words (text, session, seq, turn, kind) VALUES (?, ?, ?, ?, ?)",
                (text, session, logged.seq, said.turn, said.kind),
            )
