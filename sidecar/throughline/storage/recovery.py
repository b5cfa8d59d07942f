"""Recovery of a damaged database: told, set aside, and what can be read of its pages put into a new one."""

from __future__ import annotations

import os
import sqlite3
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any, TypeAlias

from attrs import field, frozen
from filelock import FileLock, Timeout

from throughline.domain.events import CallBilled, Logged, Notice, Origin, SessionStarted, UserMessage
from throughline.domain.ports import StoreError
from throughline.domain.rules import LoggedRule
from throughline.storage import integrity
from throughline.storage.integrity import DamagedError
from throughline.storage.rule_stream import whole_rule

Value: TypeAlias = bytes | float | int | None

_SIZE = 4096  # SQLite's own page size, which no database here was ever given another than
_LEAF, _INTERIOR, _TABLE = 0x0A, 0x02, 0x0D
# The most and the least of a cell's payload that stay on an index page, and the most on a table's leaf.
_MOST = (_SIZE - 12) * 64 // 255 - 23
_TABLE_MOST = _SIZE - 35
_LEAST = (_SIZE - 12) * 32 // 255 - 23
# The widest table that is read: the sessions'.
_COLUMNS = 9
_WAL = (0x377F0682, 0x377F0683)
_WAL_HEADER, _FRAME_HEADER = 32, 24


def records(database: bytes, wal: bytes = b"") -> Iterator[tuple[Value, ...]]:
    """Every whole row of any table in a file and its write-ahead log; texts are bytes, for they may be damaged."""
    pages = {number: database[at : at + _SIZE] for number, at in enumerate(range(0, len(database), _SIZE), 1)}
    last = committed(wal)
    pages |= {number: page for place, number, _, page in _frames(wal) if place <= last}
    for number, page in pages.items():
        for payload, rest, overflow in _cells(page, 100 if number == 1 else 0):
            whole = _whole(payload, rest, overflow, pages)
            if whole is not None and (values := _values(whole)):
                yield values


def merged(database: bytes, wal: bytes) -> bytes:
    """A file with its write-ahead log taken in, in the older mode that needs no log beside it: for a copy in memory."""
    last = committed(wal)
    pages = {number: page for place, number, _, page in _frames(wal) if place <= last}
    sizes = [struct.unpack_from(">I", wal, at + 4)[0] for at in _places(wal)[:last]]
    made = bytearray(database)
    if size := next((one for one in reversed(sizes) if one), 0):
        made = made[: size * _SIZE].ljust(size * _SIZE, b"\0")
    for number, page in pages.items():
        if 0 < number <= len(made) // _SIZE:
            made[(number - 1) * _SIZE : number * _SIZE] = page
    made[18:20] = b"\1\1"
    return bytes(made)


def committed(wal: bytes) -> int:
    """How many frames of a log stand before the end of its last commit, the damaged ones among them counted."""
    return max((place for place, _, commits, _ in _frames(wal) if commits), default=0)


def _frames(wal: bytes) -> Iterator[tuple[int, int, bool, bytes]]:
    """Place (from 1), page number, whether it commits, and page of each frame with this round's salt: those that an
    earlier round of the log left behind have another, and a damaged one need not be the last.
    """
    places = _places(wal)
    # The first frames are of this round, and so is the header, where it is whole.
    salt = wal[16:24] if _whole_header(wal) else next((wal[at + 8 : at + 16] for at in places), b"")
    for place, at in enumerate(places, 1):
        number, size = struct.unpack_from(">II", wal, at)
        if wal[at + 8 : at + 16] == salt:
            yield place, number, size > 0, wal[at + _FRAME_HEADER : at + _FRAME_HEADER + _SIZE]


def _places(wal: bytes) -> range:
    return range(_WAL_HEADER, len(wal) - _FRAME_HEADER - _SIZE + 1, _FRAME_HEADER + _SIZE)


def _whole_header(wal: bytes) -> bool:
    return len(wal) >= _WAL_HEADER and struct.unpack_from(">I", wal)[0] in _WAL


def _cells(page: bytes, start: int) -> Iterator[tuple[bytes, int, int]]:
    """What of each cell stands on a page, how many bytes follow elsewhere, and on which page they begin."""
    if len(page) < start + 12 or page[start] not in (_LEAF, _INTERIOR, _TABLE):
        return
    interior, table = page[start] == _INTERIOR, page[start] == _TABLE
    most = _TABLE_MOST if table else _MOST
    count = struct.unpack_from(">H", page, start + 3)[0]
    begin = start + (12 if interior else 8)
    for place in range(begin, min(begin + 2 * count, len(page) - 1), 2):
        at = struct.unpack_from(">H", page, place)[0] + (4 if interior else 0)
        size, at = _varint(page, at)
        if table:
            _, at = _varint(page, at)  # the row's id
        local = size if size <= most else _LEAST + (size - _LEAST) % (_SIZE - 4)
        local = local if local <= most else _LEAST
        payload = page[at : at + local]
        if len(payload) < local:
            continue
        overflow = page[at + local : at + local + 4] if size > local else b"\0\0\0\0"
        yield payload, size - local, int.from_bytes(overflow, "big")


def _whole(payload: bytes, rest: int, overflow: int, pages: dict[int, bytes]) -> bytes | None:
    """A payload with what follows on its chain of pages, or None where the chain is broken."""
    parts = [payload]
    seen: set[int] = set()
    while rest > 0:
        page = pages.get(overflow, b"")
        if overflow in seen or len(page) < 4:
            return None
        seen.add(overflow)
        parts.append(page[4 : 4 + rest])
        rest -= len(parts[-1])
        overflow = int.from_bytes(page[:4], "big")
    return b"".join(parts)


def _values(payload: bytes) -> tuple[Value, ...]:
    """The values of a record; nothing where it is none of ours."""
    head, at = _varint(payload, 0)
    types: list[int] = []
    while at < head and at < len(payload) and len(types) <= _COLUMNS:
        kind, at = _varint(payload, at)
        types.append(kind)
    if at != head or len(types) > _COLUMNS:
        return ()
    values: list[Value] = []
    for kind in types:
        value, at = _value(payload, at, kind)
        values.append(value)
    return tuple(values) if at == len(payload) else ()


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    """One value of a record and the place after it; None for what no table of ours holds."""
    sizes = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
    size = sizes.get(kind, (kind - 12) // 2 if kind >= 12 else 0)
    raw, end = payload[at : at + size], at + size
    if len(raw) < size or kind in (0, 10, 11):
        return None, end
    if kind in (8, 9):
        return kind - 8, end
    if kind == 7:
        return float(struct.unpack(">d", raw)[0]), end
    if kind < 7:
        return int.from_bytes(raw, "big", signed=True), end
    return raw if kind % 2 else None, end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes and the place after it; what is cut off reads as nought."""
    value = 0
    for place in range(at, min(at + 8, len(data))):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    if at + 8 < len(data):
        return value << 8 | data[at + 8], at + 9
    return 0, len(data)


# A place that no checksum vouches for is believed where it is at most so far behind those before it.
_FAR = 10_000
_ORIGINS: dict[bytes, Origin] = {b"live": "live", b"demo": "demo", b"recording": "recording"}


@frozen
class Remains:
    """The bytes of a database and its write-ahead log before SQLite has touched either."""

    database: bytes
    wal: bytes


@frozen
class DatabaseContents:
    """What could be read of a database: its sessions' events, those that are lost counted, its own id, and the stream
    of the workspace's rules.
    """

    logs: dict[str, list[Logged]]
    lost: int
    id: str
    rules: tuple[LoggedRule, ...] = ()


@frozen
class _Listed:
    """A session as the sessions' table has it; without events where an earlier version did not count them."""

    objective: str
    origin: Origin
    started: float
    events: int


@frozen
class _Found:
    """What the pages hold, as it is found."""

    events: dict[str, dict[int, Logged]] = field(factory=dict)
    # Those with one byte put right, for places of which nothing better is found.
    right: dict[str, dict[int, Logged]] = field(factory=dict)
    sessions: dict[str, _Listed] = field(factory=dict)
    ids: list[str] = field(factory=list)
    rules: dict[int, LoggedRule] = field(factory=dict)

    def take(self, record: tuple[Value, ...]) -> None:
        """Takes a row of any table."""
        match record:
            case (bytes(), int(), int() | float(), bytes(), bytes(), *crc) if len(crc) < 2:
                self._event(record)
            case (bytes(session), bytes(), bytes(), int() | float(), int() | float(), int(), int(), *_):
                self._session(session, record)
            case (int(seq), int() | float() as at, bytes(session), bytes(kind), bytes(body), int(crc)):
                if rule := whole_rule((seq, float(at), session, kind, body, crc)):
                    self.rules.setdefault(rule.seq, rule)
            case (b"id", bytes(value)) if value.isalnum():
                self.ids.append(value.decode("ascii", "replace"))
            case _:
                pass

    def _event(self, record: tuple[Any, ...]) -> None:
        session, seq, at, kind, body, *crc = record
        # SQLite keeps a whole second as an integer.
        row = (session, seq, float(at), kind, body)
        made = integrity.whole_event((*row, *(crc or [integrity.checksum(*row)])))
        if made is None and crc:
            if right := integrity.corrected_event((*row, crc[0])):
                self.right.setdefault(right[0], {}).setdefault(right[1].seq, right[1])
        elif made is not None and made.event.kind.encode() == kind:
            with suppress(UnicodeDecodeError):
                self.events.setdefault(session.decode(), {}).setdefault(made.seq, made)

    def _session(self, session: bytes, record: tuple[Any, ...]) -> None:
        name, objective, origin, started, updated, *rest = record
        values = (name, objective, origin, float(started), float(updated), *rest)
        if len(values) == 9 and integrity.session_checksum(*values[:-1]) != values[-1]:
            return
        number = values[7] if len(values) == 9 else 0
        try:
            named = session.decode()
            listed = _Listed(objective.decode(), _ORIGINS[origin], float(started), number)
        except (UnicodeDecodeError, KeyError):
            return
        before = self.sessions.get(named)
        # An older state of its page may be found, too.
        if before is None or before.events < listed.events:
            self.sessions[named] = listed


def database_contents(left: Remains) -> DatabaseContents:
    """Every event that can be read, by session: each has a first event, and notes where some are lost."""
    found = _Found()
    # A page that the log has a newer state of is read as it was, too: that state may be the damaged one.
    for wal in (left.wal, b"") if left.wal else (b"",):
        for record in records(left.database, wal):
            found.take(record)
    logs: dict[str, list[Logged]] = {}
    lost = 0
    for session in sorted({*found.events, *found.right, *found.sessions}):
        listed = found.sessions.get(session)
        events = {**found.right.get(session, {}), **found.events.get(session, {})}
        known = _plausible([events[seq] for seq in sorted(events)], listed)
        logs[session], gone = _mended(session, known, listed)
        lost += gone
    return DatabaseContents(
        logs, lost, found.ids[0] if found.ids else "", tuple(found.rules[seq] for seq in sorted(found.rules))
    )


def _plausible(known: list[Logged], listed: _Listed | None) -> list[Logged]:
    """The events up to the first whose place is far from all before it: a damaged number, not a loss."""
    kept: list[Logged] = []
    until = (listed.events if listed else 0) + _FAR
    for one in known:
        if one.seq < 1 or one.seq > max(until, 2 * len(kept) + _FAR):
            break
        kept.append(one)
        until = max(until, one.seq + _FAR)
    return kept


def _mended(session: str, known: list[Logged], listed: _Listed | None) -> tuple[list[Logged], int]:
    """A session's log with a beginning, notes for what is missing, and a note at its end; and how many are missing."""
    until = max([listed.events if listed else 0, *(one.seq for one in known[-1:])])
    lost = until - len(known)
    log = list(integrity.fill_gaps(known, until, ": the database was damaged"))
    if not log or not isinstance(log[0].event, SessionStarted):
        at = log[0].at if known else listed.started if listed else 0.0
        log[:1] = [Logged(1, at, _begun(session, known, listed))]
    gone = f", without {lost:,} {'event' if lost == 1 else 'events'} that could not be read" if lost else ""
    last = log[-1]
    return [*log, Logged(last.seq + 1, last.at, Notice(f"Recovered from a damaged database{gone}."))], lost


def _begun(session: str, log: Sequence[Logged], listed: _Listed | None) -> SessionStarted:
    """A beginning for a session whose own is lost, from what followed."""
    said = (
        listed.objective
        if listed
        else " ".join(_first(one.event.text for one in log if isinstance(one.event, UserMessage)).split())
    )
    model = _first(one.event.model for one in log if isinstance(one.event, CallBilled))
    return SessionStarted(session, said[:200], "engineer", "", model, 200_000, listed.origin if listed else "live")


def _first(texts: Iterable[str]) -> str:
    return next(iter(texts), "")


# Seconds that a look for damage may take; a large file is then believed until a read says otherwise.
PATIENCE = 0.25
_CHUNK = 1 << 20
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error of SQLite's says that the file is damaged, and not only busy, full or protected."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN


def disordered(error: sqlite3.Error) -> bool:
    """Whether an error of an opening says so: what is asked then is always the same, so that a table or a column that
    is not there means that the description of the tables is damaged.
    """
    return is_damage(error) or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


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


def recover(path: Path, left: Remains, build: Callable[[Path, DatabaseContents], None]) -> str:
    """Sets a damaged database aside and puts what can be read of it in its place, which `build` writes: one line that
    says so. A crash at any moment leaves one of the two. Raises StoreError while another window has it open.
    """
    if in_use(path):
        raise StoreError(f"{path} is damaged: close the other windows on it, and open it again to have it recovered.")
    found = database_contents(left)
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
    events = sum(not isinstance(one.event, Notice) for log in found.logs.values() for one in log)
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
            return committed(log.read())
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
