"""The stream of the workspace's rules in its table: numbered without a gap, each row with its checksum, all counted."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterable
from typing import Any, TypeAlias
from zlib import crc32

from throughline.domain.rules import LoggedRule, RuleEvent, RuleKept, RuleRetired, fold_rules
from throughline.domain.serialization import MalformedError, converter, structure

# A row as it is stored, its texts as bytes: seq, time, session, kind, body and checksum.
StoredRule: TypeAlias = tuple[int, float, bytes, bytes, bytes, int]
_converter = converter(RuleEvent)
_PLACE = struct.Struct("<qd")
_ROWS = "SELECT seq, at, CAST(session AS BLOB), CAST(kind AS BLOB), CAST(body AS BLOB), crc FROM rules ORDER BY seq"


def append_rules(connection: sqlite3.Connection, session: str, at: float, events: Iterable[RuleEvent]) -> None:
    """Keeps changes of the rules, in the transaction that is open."""
    last = counted_rules(connection)
    made = [LoggedRule(seq, at, session, event) for seq, event in enumerate(events, last + 1)]
    for one in made:
        _put(connection, one)
    connection.execute("UPDATE meta SET value = ? WHERE name = 'rules'", (str(last + len(made)),))


def read_rules(connection: sqlite3.Connection) -> tuple[list[LoggedRule], int]:
    """The changes that are as they were written, in their order, and how many there must be."""
    rows = connection.execute(_ROWS).fetchall()
    return [one for row in rows if (one := whole_rule(row))], counted_rules(connection)


def counted_rules(connection: sqlite3.Connection) -> int:
    """How many changes there must be."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'rules'").fetchone()
    return int(row[0]) if row and row[0].isdigit() else 0


def whole_rule(row: StoredRule) -> LoggedRule | None:
    """A stored change, or None where it is not as it was written."""
    seq, at, session, kind, body, crc = row
    try:
        if _checksum(seq, at, session, kind, body) != crc:
            return None
        event: RuleEvent = structure(_converter, _parsed(body), RuleEvent)
        return LoggedRule(seq, at, session.decode(), event)
    except (MalformedError, UnicodeDecodeError, struct.error, TypeError, AttributeError):
        return None


def redact_rules(connection: sqlite3.Connection, sought: bytes, blank: bytes) -> int:
    """Replaces what stands in the changes' bodies: in how many."""
    changed = 0
    for row in connection.execute(_ROWS).fetchall():
        seq, at, session, kind, body, _ = row
        if sought in body and whole_rule(row):
            made = body.replace(sought, blank)
            connection.execute(
                "UPDATE rules SET body = CAST(? AS TEXT), crc = ? WHERE seq = ?",
                (made, _checksum(seq, at, session, kind, made), seq),
            )
            changed += 1
    return changed


def forget_session_rules(connection: sqlite3.Connection, session: str) -> None:
    """Takes the words of a session out of the stream, but for the rules in force: those are the workspace's."""
    stream, _ = read_rules(connection)
    standing = fold_rules(stream).in_force
    for one in stream:
        if one.session == session and not (isinstance(one.event, RuleKept) and one.event.rule in standing):
            name = one.event.rule.id if isinstance(one.event, RuleKept) else one.event.id
            connection.execute("DELETE FROM rules WHERE seq = ?", (one.seq,))
            # In its place, so that the numbers go on; what was laid down anew later stands after it.
            _put(connection, LoggedRule(one.seq, one.at, "", RuleRetired(name)))


def _put(connection: sqlite3.Connection, one: LoggedRule) -> None:
    body = json.dumps(_converter.unstructure(one.event, RuleEvent), separators=(",", ":"))
    crc = _checksum(one.seq, one.at, one.session.encode(), one.event.kind.encode(), body.encode())
    connection.execute(
        "INSERT INTO rules VALUES (?, ?, ?, ?, ?, ?)", (one.seq, one.at, one.session, one.event.kind, body, crc)
    )


def _checksum(seq: int, at: float, session: bytes, kind: bytes, body: bytes) -> int:
    return crc32(body, crc32(kind, crc32(session, crc32(_PLACE.pack(seq, at)))))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise MalformedError(f"not JSON: {error}") from error
