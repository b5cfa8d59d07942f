"""The event store: sessions of one workspace in SQLite, append-only, durable at every append."""

from __future__ import annotations

import logging
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Literal

from attrs import frozen
from filelock import BaseFileLock, FileLock, Timeout

from throughline.atomic_write import SHARED, write_atomically
from throughline.domain.events import (
    ArchiveWritten,
    Event,
    Logged,
    SessionEnded,
    SessionNamed,
    SessionStarted,
    ToolCalled,
    ToolReturned,
    UserMessage,
)
from throughline.domain.ports import FORGOTTEN, LogMatch, SessionRow, StoreError
from throughline.domain.rules import LoggedRule, RuleEvent, RuleKept, WorkspaceRules, fold_rules, rules_in_force
from throughline.domain.serialization import MalformedError
from throughline.domain.session import fold
from throughline.storage import codec, integrity, migrations, recovery
from throughline.storage.errors import FULL, disk_full_error, in_use_error, read_only_error, store_error_reason
from throughline.storage.integrity import DamagedError, RowsDamagedError
from throughline.storage.migrations import SCHEMA, transaction
from throughline.storage.recovery import DatabaseContents, database_contents
from throughline.storage.rule_stream import append_rules, forget_session_rules, read_rules, redact_rules
from throughline.storage.search_index import LOOKUP, excerpt, phrase, words

log = logging.getLogger(__name__)
# A result's call is among so many calls before it.
_CALLS = 200

NAME = "throughline.db"
IGNORED = "*\n!.gitignore\n!.gitattributes\n!project-context.md\n"
# What earlier versions wrote: it kept the archive's attributes out of version control.
_FORMER = "*\n!.gitignore\n!project-context.md\n"
# How many skeletons are kept: those of a big repository, in a few versions of its files.
SKELETONS = 20_000
# Seconds that a check of the texts may take when a database is opened: some 100,000 events. Reading checks the rest.
PATIENCE = 0.5


class SqliteEventStore:
    """`.agent/throughline.db` of a workspace; safe to call from any thread.

    `id` is its own, given when it was made. It was "made" by this opening, "led" forward from a schema without ids, or
    there "before". `repair` says in one line what was mended, or what is wrong, since it was opened.
    """

    def __init__(self, path: Path, patience: float = 10.0, name: str = "") -> None:
        self._path = path
        self._patience = patience
        self._name = name or uuid.uuid4().hex
        self._lock = Lock()
        self._held: dict[str, BaseFileLock] = {}
        self._full = False
        self.repair = ""
        self.since: Literal["made", "led", "before"] = "before"
        with self._guarded():
            if read_only_error(path):
                self._read_only()
            else:
                try:
                    self._writable()
                except (OSError, sqlite3.OperationalError) as error:
                    if not (disk_full_error(error) and path.exists()):
                        raise
                    self._full = True
                    self._read_only()
                    self.repair = f"{path} cannot grow: the disk is full. Sessions can be read, and not gone on with."
            self.id = self._own_id()
        if self.repair:
            log.warning("%s", self.repair)

    def _writable(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        ignore = self._path.parent / ".gitignore"
        if not ignore.exists() or ignore.read_bytes() == _FORMER.encode():
            write_atomically(ignore, IGNORED, SHARED)
        with FileLock(f"{self._path}.opening", timeout=self._patience):
            self._open()

    def _read_only(self) -> None:
        """Opens a copy in memory, since SQLite cannot take in a log that it may not write; it refuses what would change
        it.
        """
        left = recovery.remains(self._path)
        self._connection = self._opened(":memory:")
        try:
            if left.database:
                self._connection.deserialize(recovery.merged(left.database, left.wal))
            self._migrate()
            integrity.check_integrity(self._connection, PATIENCE)
        except (sqlite3.DatabaseError, DamagedError) as error:
            if isinstance(error, sqlite3.Error) and not recovery.disordered(error):
                raise
            self._connection.close()
            self._connection = self._opened(":memory:")
            found = database_contents(left)
            self._name = found.id or self._name
            self._migrate()
            self.since = "before"
            for session, events in found.logs.items():
                self.append(session, events)
            self._restore_rules(found)
            self.repair = f"{self._path} is damaged, and cannot be written: make the file and its folder writable."
        self._connection.execute("PRAGMA query_only = ON")

    def _open(self) -> None:
        """Opens the file, a damaged one as what can be recovered of it."""
        recovery.unfinished(self._path)
        left = recovery.remains(self._path) if recovery.doubtful(self._path) else None
        doubted = recovery.suspect(self._path).exists()
        try:
            recovery.misjudged(self._path)
            self._connection = self._opened(self._path.absolute().as_uri())
            self._checked(lambda: recovery.examine(self._connection, self._path))
            self._checked(self._prepare)
            self._checked(lambda: integrity.check_integrity(self._connection, None if doubted else PATIENCE))
        except (sqlite3.DatabaseError, DamagedError) as error:
            if isinstance(error, sqlite3.Error) and not recovery.disordered(error):
                raise
            if isinstance(error, RowsDamagedError) and recovery.in_use(self._path) and self._reopened():
                self.repair = (
                    f"{self._path} is damaged, and some events cannot be read: close the other windows on it, and open "
                    "it again to have it recovered."
                )
                return
            self.repair = recovery.recover(self._path, left or recovery.remains(self._path), _rebuild)
            self._connection = self._opened(self._path.absolute().as_uri())
            self._checked(self._prepare)
        if doubted:
            self._reassured()

    def _reopened(self) -> bool:
        """Opens the file as it is, where it has this schema."""
        self._connection = self._opened(self._path.absolute().as_uri())
        if self._connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA:
            self._checked(self._prepare)
            return True
        self._connection.close()
        return False

    def _reassured(self) -> None:
        """Makes the index anew, which no check looks into, and takes away the mark of damage."""
        if recovery.suspect(self._path).exists():
            with transaction(self._connection) as connection:
                migrations.reindex(connection)
            recovery.suspect(self._path).unlink()

    def _own_id(self) -> str:
        row = self._connection.execute("SELECT value FROM meta WHERE name = 'id'").fetchone()
        return row[0] if row else ""

    def _opened(self, address: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            address, timeout=self._patience, check_same_thread=False, isolation_level=None, uri=True
        )
        # A damaged text must not keep the others from being read.
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        return connection

    def _checked(self, work: Callable[[], object]) -> None:
        """Does the first work on a connection, and closes it where that fails."""
        try:
            work()
        except BaseException:
            self._connection.close()
            raise

    def lock_session(self, session: str) -> None:
        """Takes a session for this process, until it ends. Raises StoreError where another one has it."""
        lock = FileLock(self._path.parent / f"{session}.lock", blocking=False)
        # Beside the lock, whose own file is emptied by whoever asks for it.
        holder = self._path.parent / f"{session}.pid"
        with self._guarded():
            try:
                lock.acquire()
            except Timeout:
                raise StoreError(in_use_error(holder)) from None
            try:
                holder.write_text(str(os.getpid()), encoding="ascii")
            except OSError:
                lock.release(force=True)
                raise
        self._held[session] = lock

    def unlock_session(self, session: str) -> None:
        """Gives a session back."""
        if lock := self._held.pop(session, None):
            (self._path.parent / f"{session}.pid").unlink(missing_ok=True)
            lock.release(force=True)
            Path(lock.lock_file).unlink(missing_ok=True)

    def append(self, session: str, events: Sequence[Logged], rules: Sequence[RuleEvent] = ()) -> None:
        """Keeps events, and what they did to the workspace's rules, both or neither; when it returns they survive a
        crash. Raises StoreError.
        """
        if not events:
            return
        with self._guarded(), self._lock, transaction(self._connection) as connection:
            row = connection.execute("SELECT events FROM sessions WHERE id = ?", (session,)).fetchone()
            last = row[0] if row else 0
            for logged in events:
                if logged.seq != last + 1 or not (row or isinstance(events[0].event, SessionStarted)):
                    raise StoreError(
                        f"{self._path} cannot be used for this: event {logged.seq} is not the next of session "
                        f"{session}. Another window may have gone on with it: open the session again."
                    )
                last = logged.seq
                self._add(connection, session, logged)
            turns = max((one.event.turn for one in events if isinstance(one.event, UserMessage)), default=0)
            ended = any(isinstance(one.event, SessionEnded) for one in events)
            connection.execute(
                # A clock may have been put back meanwhile.
                "UPDATE sessions SET updated = max(updated, ?), turns = max(turns, ?), ended = max(ended, ?),"
                " events = ? WHERE id = ?",
                (events[-1].at, turns, ended, last, session),
            )
            integrity.seal_session(connection, session)
            if rules:
                append_rules(connection, session, events[-1].at, rules)

    def rules(self) -> WorkspaceRules:
        """The workspace's rules. Raises StoreError."""
        return fold_rules(self._rule_stream())

    def change_rules(self, at: float, rules: Sequence[RuleEvent]) -> None:
        """Keeps what the user did to the workspace's rules outside of any session. Raises StoreError."""
        with self._guarded(), self._lock, transaction(self._connection) as connection:
            append_rules(connection, "", at, rules)

    def _rule_stream(self) -> list[LoggedRule]:
        with self._guarded(), self._lock:
            stream, number = read_rules(self._connection)
        if len(stream) != number:
            self._suspect()
            log.warning("%s is damaged: %d changes of rules cannot be read.", self._path, number - len(stream))
        return stream

    def _add(self, connection: sqlite3.Connection, session: str, logged: Logged) -> None:
        event = logged.event
        if isinstance(event, SessionStarted):
            connection.execute(
                "INSERT INTO sessions (id, objective, origin, started, updated) VALUES (?, ?, ?, ?, ?)",
                (session, event.objective, event.origin, logged.at, logged.at),
            )
        if isinstance(event, SessionNamed):
            connection.execute("UPDATE sessions SET objective = ? WHERE id = ?", (event.name, session))
        body = codec.encode_event(event)
        crc = integrity.checksum(session.encode(), logged.seq, logged.at, event.kind.encode(), body.encode())
        connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", (session, logged.seq, logged.at, event.kind, body, crc)
        )
        migrations.index(connection, session, logged)

    def read(self, session: str) -> Iterator[Logged]:
        """All events of a session in order; nothing for an unknown one. In the place of those that are damaged or
        missing stands a note that says so, and they are recovered when the project is opened again. Raises StoreError.
        """
        with self._guarded(), self._lock:
            rows, number = integrity.checked_events(self._connection, session)
        found = [one for row in rows if (one := integrity.whole_event(row))]
        if len(found) != number:
            self._suspect()
            log.warning(
                "%s is damaged: %d events of session %s cannot be read. Open the project again, and what can be read "
                "of it is recovered.", self._path, number - len(found), session,
            )  # fmt: skip
        yield from integrity.fill_gaps(found, number, ": open the project again to have it recovered")

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
                event = codec.decode_event(body)
                made += [(at, event.text)] if isinstance(event, ArchiveWritten) else []
        return tuple(made)

    def recall(self, query: str, session: str = "", limit: int = 10) -> tuple[LogMatch, ...]:
        """Where all words of a query stand together, the best first, in one session or in all; questions for words and
        the answers to them left out. Raises StoreError.
        """
        sought = phrase(query)
        if not sought:
            return ()
        found: list[LogMatch] = []
        with self._guarded(), self._lock:
            rows = self._connection.execute(
                "SELECT session, seq, turn, kind, text FROM words"
                " WHERE words MATCH ? AND (? = '' OR session = ?) AND NOT (kind = 'call' AND text LIKE ?)"
                " ORDER BY rank",
                (sought, session, session, f"{LOOKUP} %"),
            )
            for name, seq, turn, kind, text in rows:
                if kind == "result" and self._looked_up(name, seq):
                    continue
                entry = self._entry(name, seq, text) if kind == "entry" else ""
                found.append(LogMatch(name, seq, turn, kind, excerpt(text, query), entry))
                if len(found) == limit:
                    break
        return tuple(found)

    def _looked_up(self, session: str, seq: int) -> bool:
        """Whether a result is one of a search in the log."""
        result = self._event(session, seq)
        calls = self._connection.execute(
            "SELECT seq FROM events WHERE session = ? AND seq < ? AND kind = 'tool_called' ORDER BY seq DESC LIMIT ?",
            (session, seq, _CALLS),
        ).fetchall()
        for (place,) in calls:
            call = self._event(session, place)
            if isinstance(call, ToolCalled) and isinstance(result, ToolReturned) and call.id == result.id:
                return call.tool == LOOKUP
        return False

    def _entry(self, session: str, seq: int, text: str) -> str:
        """The id of the entry that says a text."""
        event = self._event(session, seq)
        return next((said.entry for said in words(event) if said.text == text), "") if event else ""

    def _event(self, session: str, seq: int) -> Event | None:
        """An event, or None where it cannot be read."""
        row = self._connection.execute(
            "SELECT body FROM events WHERE session = ? AND seq = ?", (session, seq)
        ).fetchone()
        with suppress(MalformedError):
            return codec.decode_event(row[0]) if row else None
        return None

    def forget(self, session: str) -> int:
        """Deletes a session and all that it said: how many events. Raises StoreError where it is open elsewhere."""
        self.lock_session(session)
        try:
            with self._guarded(), self._lock:
                with transaction(self._connection) as connection:
                    connection.execute("DELETE FROM words WHERE session = ?", (session,))
                    gone = connection.execute("DELETE FROM events WHERE session = ?", (session,)).rowcount
                    connection.execute("DELETE FROM sessions WHERE id = ?", (session,))
                    forget_session_rules(connection, session)
                self._scrub()
        finally:
            self.unlock_session(session)
        return gone

    def redact(self, secret: str) -> int:
        """Replaces a text wherever it stands in the log: in how many events. Raises StoreError."""
        sought, blank = codec.escaped(secret).encode(), codec.escaped(FORGOTTEN).encode()
        with self._guarded(), self._lock:
            with transaction(self._connection) as connection:
                connection.execute("UPDATE sessions SET objective = replace(objective, ?, ?)", (secret, FORGOTTEN))
                changed = integrity.replace_events(connection, sought, blank)
                redact_rules(connection, sought, blank)
                # They are made again, from files that no longer have it.
                connection.execute("DELETE FROM skeletons")
                migrations.reindex(connection)
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
        with self._guarded(), self._lock, transaction(self._connection) as connection:
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

    def _migrate(self) -> None:
        version = migrations.migrate(self._connection, self._path, self._name)
        if version < migrations.WITH_ID:
            self.since = "led" if version else "made"

    def _prepare(self) -> None:
        migrations.version_of(self._connection, self._path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        # What is forgotten is overwritten, whichever way this SQLite was built.
        self._connection.execute("PRAGMA secure_delete = ON")
        self._migrate()

    def _restore_rules(self, found: DatabaseContents) -> None:
        """Puts back what could be read of the rules' stream, and what only the sessions' logs still have of it."""
        with self._guarded(), self._lock, transaction(self._connection) as connection:
            for one in found.rules:
                append_rules(connection, one.session, one.at, [one.event])
            known = fold_rules(found.rules).rules
            for session, events in found.logs.items():
                lost = [rule for rule in rules_in_force(fold(events).ledger) if rule.id not in known]
                append_rules(connection, session, events[-1].at, [RuleKept(rule) for rule in lost])

    def _suspect(self) -> None:
        with suppress(OSError):
            recovery.suspect(self._path).touch()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if recovery.is_damage(error):
                self._suspect()
            raise StoreError(f"{self._path} {FULL if self._full else store_error_reason(error)}") from error
        except UnicodeEncodeError as error:
            raise StoreError(f"{self._path} can hold no text that is not valid Unicode.") from error
        except Timeout as error:
            raise StoreError(f"{self._path} is being opened by another window: try again.") from error
        except OSError as error:
            raise StoreError(f"{self._path} cannot be used: {error.strerror}.") from error


def _rebuild(path: Path, found: DatabaseContents) -> None:
    """A new database of these sessions."""
    database = SqliteEventStore(path, name=found.id)
    try:
        for session, events in found.logs.items():
            database.append(session, events)
        database._restore_rules(found)  # noqa: SLF001 - of its own kind
    finally:
        database.close()


@frozen
class SkeletonTable:
    """The table of one workspace. Nothing depends on it: where it fails, that is logged and skeletons are made anew."""

    database: SqliteEventStore

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """What is kept under these keys."""
        try:
            return self.database.skeletons(keys)
        except StoreError as error:
            log.warning("skeletons are made anew: %s", error)
            return {}

    def keep(self, made: Mapping[str, str]) -> None:
        """Keeps what was made, by key."""
        try:
            self.database.keep_skeletons(made)
        except StoreError as error:
            log.warning("skeletons are not kept: %s", error)
