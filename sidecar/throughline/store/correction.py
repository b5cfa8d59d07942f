"""Puts one damaged byte of an event right, by the CRC-32 that it was stored with.

A CRC is linear: what one changed byte does to it depends on the change and on how many bytes follow, and is the same
whatever the bytes are. So the difference between the CRC that was stored and that of the damaged event is followed
back, byte by byte, to the place where a single change explains it.
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

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
