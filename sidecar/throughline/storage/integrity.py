"""Integrity of the log: checksums, places without a gap, stored counts, and one damaged byte put right.

SQLite's own check sees that pages hang together, and not what stands on them.
"""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeAlias
from zlib import crc32

from throughline.domain.events import Logged, Notice
from throughline.domain.serialization import MalformedError
from throughline.storage import codec
from throughline.storage.rule_stream import read_rules

# A longer event is left as it is: each byte takes a step, and every step more is a chance to be wrong.
LONGEST = 200_000


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value


# What a byte does to a CRC, which byte that was, and which byte it was by the highest part of what it did.
_TABLE = tuple(map(_entry, range(256)))
_BYTE = {entry: value for value, entry in enumerate(_TABLE) if value}
_HIGH = {entry >> 24: value for value, entry in enumerate(_TABLE)}


def corrections(data: bytes, crc: int) -> Iterator[bytes]:
    """What bytes may have been before one of them was changed, given their CRC then, which may be the changed one."""
    if not 0 <= crc < 1 << 32 or len(data) > LONGEST:
        return
    difference = crc32(data) ^ crc
    if sum(1 for shift in (0, 8, 16, 24) if difference >> shift & 0xFF) == 1:
        yield data
    for place in range(len(data) - 1, -1, -1):
        change = _BYTE.get(difference)
        if change is not None:
            yield data[:place] + bytes([data[place] ^ change]) + data[place + 1 :]
        before = _HIGH[difference >> 24]
        difference = (difference ^ _TABLE[before]) << 8 & 0xFFFFFFFF | before


# An event as it is stored, its texts as bytes: session, seq, time, kind, body and checksum.
Stored: TypeAlias = tuple[bytes, int, float, bytes, bytes, int]

_EVENTS = "SELECT session, seq, at, kind, body, crc FROM events"
_SESSIONS = "SELECT id, objective, origin, started, updated, turns, ended, events, crc FROM sessions"
_PLACE = struct.Struct("<qd")
# What a value of another type than it must have makes of a checksum: the type, too, is a damaged byte away.
_MISSHAPEN = (struct.error, TypeError, AttributeError)


class DamagedError(Exception):
    """The database is not whole."""


class RowsDamagedError(DamagedError):
    """Its pages hang together, and events are missing, unreadable or altered."""


def checksum(session: bytes, seq: int, at: float, kind: bytes, body: bytes) -> int:
    """The CRC-32 of an event as it is stored."""
    return crc32(body, crc32(kind, crc32(_PLACE.pack(seq, at), crc32(session))))


def session_checksum(*values: bytes | float) -> int:
    """The CRC-32 of a row of the sessions' table."""
    return crc32(repr(values).encode())


def stored_count(connection: sqlite3.Connection, sql: str, values: Sequence[bytes | str] = ()) -> Iterator[Any]:
    """Rows with their texts as the bytes that they are stored as, which need not be text any more."""
    decoding = connection.text_factory
    connection.text_factory = bytes
    try:
        yield from connection.execute(sql, values)
    finally:
        connection.text_factory = decoding


def stamp_event(connection: sqlite3.Connection) -> None:
    """Gives every event its checksum, and every session its count, where an earlier version kept them without. Raises
    RowsDamagedError where an event is missing or unreadable.
    """
    counts: dict[bytes, int] = {}
    sums: list[tuple[int, str, int]] = []
    try:
        for session, seq, at, kind, body, _ in stored_count(connection, f"{_EVENTS} ORDER BY session, seq"):
            counts[session] = counts.get(session, 0) + 1
            if seq != counts[session]:
                raise RowsDamagedError
            codec.decode_event(body.decode())
            sums.append((checksum(session, seq, at, kind, body), session.decode(), seq))
    except (MalformedError, UnicodeDecodeError, *_MISSHAPEN) as error:
        raise RowsDamagedError from error
    connection.executemany("UPDATE events SET crc = ? WHERE session = ? AND seq = ?", sums)
    rows = list(stored_count(connection, _SESSIONS))
    if {row[0] for row in rows} != set(counts):
        raise RowsDamagedError
    for session, number in counts.items():
        connection.execute("UPDATE sessions SET events = ? WHERE id = ?", (number, session.decode()))
        seal_session(connection, session.decode())


def seal_session(connection: sqlite3.Connection, session: str) -> None:
    """Gives a session's row its checksum, after whatever changed it."""
    for row in list(stored_count(connection, f"{_SESSIONS} WHERE id = ?", (session,))):
        connection.execute("UPDATE sessions SET crc = ? WHERE id = ?", (session_checksum(*row[:-1]), session))


def replace_events(connection: sqlite3.Connection, sought: bytes, blank: bytes) -> int:
    """Replaces what stands in events' bodies, and what vouches for them: in how many. What was damaged stays so."""
    held = list(stored_count(connection, f"{_EVENTS} WHERE instr(CAST(body AS BLOB), ?)", (sought,)))
    for session, seq, at, kind, body, crc in held:
        made = body.replace(sought, blank)
        whole = checksum(session, seq, at, kind, body) == crc
        connection.execute(
            "UPDATE events SET body = CAST(? AS TEXT), crc = ? WHERE session = CAST(? AS TEXT) AND seq = ?",
            (made, checksum(session, seq, at, kind, made) if whole else crc, session, seq),
        )
    for (session,) in connection.execute("SELECT id FROM sessions").fetchall():
        seal_session(connection, session)
    return len(held)


@contextmanager
def _unchanging(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read in it is of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        # SQLite may have ended it by itself where a page is damaged.
        if connection.in_transaction:
            connection.execute("COMMIT")


def check_integrity(connection: sqlite3.Connection, patience: float | None = None) -> None:
    """Raises RowsDamagedError where an event is missing or altered. After so many seconds the texts of the rest are
    believed until they are read, and their number is compared all the same.
    """
    with _unchanging(connection):
        stream, number = read_rules(connection)
        if [one.seq for one in stream] != list(range(1, number + 1)):
            raise RowsDamagedError
        until = None if patience is None else time.monotonic() + patience
        wanted = _counts(connection)
        try:
            found = _checked(connection, until)
        except _MISSHAPEN as error:
            raise RowsDamagedError from error
        if found is None:
            # Nothing but the keys is read, so that this takes little whatever the texts' length.
            spans = "SELECT session, count(*), min(seq), max(seq) FROM events GROUP BY session"
            rows = list(stored_count(connection, spans))
            found = {session: number for session, number, first, last in rows if (first, last) == (1, number)}
        if found != wanted:
            raise RowsDamagedError


def _counts(connection: sqlite3.Connection) -> dict[bytes, int]:
    """How many events each session must have."""
    rows = list(stored_count(connection, _SESSIONS))
    if any(session_checksum(*row[:-1]) != row[-1] for row in rows):
        raise RowsDamagedError
    return {row[0]: row[7] for row in rows}


def _checked(connection: sqlite3.Connection, until: float | None) -> dict[bytes, int] | None:
    """How many events each session has, each of them as it was written; None where there was no time for all."""
    found: dict[bytes, int] = {}
    last, place = b"", 0
    packed = _PLACE.pack  # One call less for each of very many.
    for number, (session, seq, at, kind, body, crc) in enumerate(stored_count(connection, _EVENTS)):
        if session != last:
            if session in found:
                raise RowsDamagedError
            last, place = session, 0
        place += 1
        if seq != place or crc32(body, crc32(kind, crc32(packed(seq, at), crc32(session)))) != crc:
            raise RowsDamagedError
        found[session] = place
        if until is not None and number % 512 == 0 and time.monotonic() > until:
            return None
    return found


def checked_events(connection: sqlite3.Connection, session: str) -> tuple[list[Stored], int]:
    """The events of a session as they are stored, in their order, and how many there must be."""
    with _unchanging(connection):
        rows = list(stored_count(connection, f"{_EVENTS} WHERE session = ? ORDER BY seq", (session,)))
        row = connection.execute("SELECT events FROM sessions WHERE id = ?", (session,)).fetchone()
    return rows, row[0] if row else 0


def whole_event(row: Stored) -> Logged | None:
    """A stored event, or None where it is not as it was written."""
    session, seq, at, kind, body, crc = row
    try:
        same = checksum(session, seq, at, kind, body) == crc
        return Logged(seq, at, codec.decode_event(body.decode())) if same else None
    except (MalformedError, UnicodeDecodeError, *_MISSHAPEN):
        return None


def corrected_event(row: Stored) -> tuple[str, Logged] | None:
    """The session and the event of a row in which one byte was changed; None where that explains it not, or in more
    ways than one.
    """
    session, seq, at, kind, body, crc = row
    ends = [len(session), len(session) + _PLACE.size, len(session) + _PLACE.size + len(kind)]
    found = []
    for data in corrections(session + _PLACE.pack(seq, at) + kind + body, crc):
        made_seq, made_at = _PLACE.unpack(data[ends[0] : ends[1]])
        made = data[: ends[0]], made_seq, made_at, data[ends[1] : ends[2]], data[ends[2] :]
        event = whole_event((*made, checksum(*made)))
        if event is not None and event.event.kind.encode() == made[3] and made[0].isascii():
            found.append((made[0].decode(), event))
    return found[0] if len(found) == 1 else None


def fill_gaps(found: Iterable[Logged], until: int, told: str) -> Iterator[Logged]:
    """Events in their places up to `until` at least, with a note that says how many are missing where some are, so
    that every event that is there keeps its place. `told` says what comes of it.
    """
    waiting = sorted(found, key=lambda one: one.seq)
    at = waiting[0].at if waiting else 0.0
    last = max([until, *(one.seq for one in waiting[-1:])])
    places = iter(waiting)
    coming = next(places, None)
    gap = 0
    for seq in count(1):
        if seq > last:
            return
        if coming is not None and coming.seq == seq:
            at, gap = coming.at, 0
            yield coming
            coming = next(places, None)
            continue
        gap += 1
        missing = (coming.seq if coming else last + 1) - seq
        yield Logged(seq, at, Notice(_said(missing, told) if gap == 1 else ""))


def _said(missing: int, told: str) -> str:
    one = missing == 1
    return f"{'An event' if one else f'{missing:,} events'} that stood here cannot be read{told}."
