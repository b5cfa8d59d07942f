"""Migrations from any earlier schema to this one, in one transaction: whole or not at all."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path

from throughline.domain.events import Logged
from throughline.domain.ports import StoreError
from throughline.domain.serialization import MalformedError
from throughline.storage import codec, integrity
from throughline.storage.integrity import DamagedError
from throughline.storage.search_index import searchable_parts, words

_COMMENT = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
# Each file leads from one schema to the next.
MIGRATIONS = ("schema.sql", "words.sql", "skeletons.sql", "checksums.sql", "rules.sql", "recall.sql")
SCHEMA = len(MIGRATIONS)
# From this schema on a database has an id of its own.
WITH_ID = 4
# Tables, and the schema from which on they are there.
_SINCE = {"sessions": 1, "events": 1, "words": 2, "meta": 4, "rules": 5}
# What fails where the description of a table is not as it must be; the other tables are read anyway.
_PROBES = (
    "SELECT text, parts, session, seq, turn, kind FROM words LIMIT 0",
    "SELECT id, key, body FROM skeletons LIMIT 0",
    "SELECT name, value FROM meta LIMIT 0",
    "SELECT seq, at, session, kind, body, crc FROM rules LIMIT 0",
)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version. Raises StoreError for one that is newer than this program."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise StoreError(f"{path} was written by a newer Throughline (schema {version}): update the extension.")
    return version


def migrate(connection: sqlite3.Connection, path: Path, name: str) -> int:
    """Leads a database to this schema, and gives it an id, `name`, where it has none: the schema that it had. Raises
    StoreError, DamagedError where it is none of the schemas, and RowsDamagedError where events are not all there.
    """
    with transaction(connection):
        version = version_of(connection, path)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        # The number of the schema stands in the file's head, and may be the damaged part.
        if any((table in tables) != (version >= since) for table, since in _SINCE.items()):
            raise DamagedError
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            run_script(connection, (files(__package__) / script).read_text("utf-8"))
            if script == "recall.sql":
                reindex(connection)
            if script == "checksums.sql":
                integrity.stamp_event(connection)
                connection.execute("INSERT INTO meta VALUES ('id', ?)", (name,))
            connection.execute(f"PRAGMA user_version = {number}")
        for statement in _PROBES:
            connection.execute(statement)
    return version


def run_script(connection: sqlite3.Connection, script: str) -> None:
    """Does a migration's statements, in the transaction that is open. Raises StoreError for one that does not end.

    `executescript` would commit that transaction first: what fails half-way could not be taken back.
    """
    for statement in _statements(script):
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, each whole: a `;` in a trigger, a text or a comment ends none."""
    statement = ""
    for piece in re.split("(?<=;)", script):
        statement += piece
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if _COMMENT.sub("", statement).strip():
        raise StoreError(f"A migration has a statement that does not end: {statement.strip()}")


def reindex(connection: sqlite3.Connection) -> None:
    """Indexes anew what is kept; what cannot be read is not found either."""
    connection.execute("DELETE FROM words")
    for session, seq, at, body in connection.execute("SELECT session, seq, at, body FROM events").fetchall():
        with suppress(MalformedError):
            index(connection, session, Logged(seq, at, codec.decode_event(body)))


def index(connection: sqlite3.Connection, session: str, logged: Logged) -> None:
    """Puts what an event says into the index."""
    for said in words(logged.event):
        if said.text.strip():
            text = said.text.encode("utf-8", "replace").decode("utf-8")
            connection.execute(
                "INSERT INTO words (text, parts, session, seq, turn, kind) VALUES (?, ?, ?, ?, ?, ?)",
                (text, searchable_parts(text), session, logged.seq, said.turn, said.kind),
            )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """What is done in it is done whole or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # A full disk or a failed commit may have rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
