"""Reads rows out of the raw pages of a damaged SQLite file, without SQLite.

The tables of events and of the database's own facts have no row ids, so that each row is a cell of an index page, and
the sessions' rows are cells of a table's leaves, as the file format lays down:
https://www.sqlite.org/fileformat2.html (b-tree pages, record format, the write-ahead log).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

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
