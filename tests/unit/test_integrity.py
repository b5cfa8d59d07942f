"""A database that is not as it was written: every way of it is noticed, told, and all that can be read is recovered."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import Logged, Notice, SessionStarted, UserMessage
from throughline.domain.ports import StoreError
from throughline.domain.session import fold
from throughline.storage import codec, integrity
from throughline.storage.event_store import SqliteEventStore
from throughline.storage.integrity import corrections
from unit.event_logs import STARTED, done, log, replied, spoke, still_says, tool

OTHER = SessionStarted("t", "another", "qa", "toolshed", "m", 1, "recording")
STORY = log(
    STARTED,
    *(
        event
        for turn in range(1, 9)
        for event in (
            spoke(turn, f"Look at shelf {turn}. " + "Größe " * turn * 90),
            *tool(turn, f"x{turn}"),
            done(turn),
        )
    ),
)
SHORT = log(OTHER, spoke(1, "kiosk"), done(1))


def made(folder: Path) -> Path:
    path = folder / "throughline.db"
    with closing(SqliteEventStore(path)) as database:
        database.append("s", STORY[:20])
        database.append("t", SHORT)
        database.append("s", STORY[20:])
    return path


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def kept(database: SqliteEventStore, name: str = "s") -> list[Logged]:
    return [one for one in database.read(name) if not isinstance(one.event, Notice)]


# What was done to the rows, and the places of the first session's events that are lost by it.
DAMAGE: list[tuple[str, tuple[str, ...], set[int]]] = [
    ("an event is missing", ("DELETE FROM events WHERE session = 's' AND seq = 7",), {7}),
    ("many are missing", ("DELETE FROM events WHERE session = 's' AND seq BETWEEN 5 AND 30",), set(range(5, 31))),
    ("the first is missing", ("DELETE FROM events WHERE session = 's' AND seq = 1",), {1}),
    ("the last is missing", ("DELETE FROM events WHERE session = 's' AND seq = 33",), {33}),
    ("the last ones are missing", ("DELETE FROM events WHERE session = 's' AND seq > 12",), set(range(13, 34))),
    ("all are missing", ("DELETE FROM events WHERE session = 's'",), set(range(1, 34))),
    ("two are altered", ("UPDATE events SET body = replace(body, 'shelf', 'SHELF') WHERE seq IN (2, 6)",), {2, 6}),
    ("a time is altered", ("UPDATE events SET at = 77.25 WHERE session = 's' AND seq = 9",), {9}),
    ("a kind is altered", ("UPDATE events SET kind = 'spoken up' WHERE session = 's' AND seq = 2",), {2}),
    ("a place is altered", ("UPDATE events SET seq = 90000 WHERE session = 's' AND seq = 9",), {9}),
    ("a text is no text", ("UPDATE events SET body = CAST(x'ff00fe' AS TEXT) WHERE session = 's' AND seq = 3",), {3}),
    ("a text is nothing", ("UPDATE events SET body = '' WHERE session = 's' AND seq = 3",), {3}),
    (
        "an event is in another session",
        ("UPDATE events SET session = 'other' WHERE session = 's' AND seq = 4",),
        {4},
    ),
    ("the session's row is missing", ("DELETE FROM sessions WHERE id = 's'",), set()),
    ("the session's row is altered", ("UPDATE sessions SET objective = CAST(x'ff' AS TEXT) WHERE id = 's'",), set()),
    ("the count is altered", ("UPDATE sessions SET events = 3 WHERE id = 's'",), set()),
    ("a checksum is altered", ("UPDATE events SET crc = crc + 256 * 7 WHERE session = 's' AND seq = 5",), set()),
    (
        "events were put aside and counted down",
        ("DELETE FROM events WHERE session = 's' AND seq = 33", "UPDATE sessions SET events = 32 WHERE id = 's'"),
        {33},
    ),
]


@pytest.mark.parametrize(("name", "statements", "lost"), DAMAGE, ids=[row[0] for row in DAMAGE])
def test_rows_that_are_missing_or_altered_are_told_and_the_others_recovered(
    tmp_path: Path, name: str, statements: tuple[str, ...], lost: set[int]
) -> None:
    path = made(tmp_path)
    change(path, "PRAGMA secure_delete = ON", *statements)
    with closing(SqliteEventStore(path)) as database:
        assert "was damaged" in database.repair
        (aside,) = tmp_path.glob("throughline.damaged-*.db")
        assert aside.name in database.repair
        # What the row itself no longer says of a last event that is gone, nobody knows.
        known = lost if name != "events were put aside and counted down" else set()
        assert (f"{len(known)} are missing" in database.repair) is bool(known)
        events = kept(database)
        begun = events[0].event
        assert isinstance(begun, SessionStarted)
        assert begun.session == "s"
        assert [one for one in events if one.seq > 1 or 1 not in lost] == [one for one in STORY if one.seq not in lost]
        assert kept(database, "t") == list(SHORT)
        assert [one.seq for one in database.read("s")] == list(range(1, len(tuple(database.read("s"))) + 1))
        notes = [one.event.text for one in database.read("s") if isinstance(one.event, Notice) and one.event.text]
        assert any("Recovered from a damaged database" in text for text in notes)
        assert {row.id for row in database.sessions()} == {"s", "t"}
        database.append("s", [Logged(fold(database.read("s")).seq + 1, 99.0, spoke(99, "And now?"))])
    with closing(SqliteEventStore(path)) as again:
        assert again.repair == ""
        assert isinstance(tuple(again.read("s"))[-1].event, UserMessage)


@pytest.mark.parametrize("seq", ["'seven'", "7.5", "x'00'", "NULL"])
@pytest.mark.parametrize("column", ["at", "kind", "body", "crc", "session"])
def test_a_value_of_another_type_is_damage_too(tmp_path: Path, column: str, seq: str) -> None:
    path = made(tmp_path)
    # The types and constraints that SQLite holds to are those of its schema, and not those on a damaged page.
    change(
        path,
        "CREATE TABLE loose (session, seq, at, kind, body, crc, PRIMARY KEY (session, seq))",
        "INSERT INTO loose SELECT * FROM events",
        f"UPDATE loose SET {column} = {seq} WHERE session = 's' AND seq = 7",
    )
    with closing(sqlite3.connect(path)) as connection:
        rows = list(integrity.stored_count(connection, "SELECT * FROM loose WHERE seq = 7 ORDER BY session DESC"))
    assert integrity.whole_event(rows[0]) is None


# Bytes of the file's head: its name, the page's size, ways of writing and reading, room kept, fractions, the number
# of pages, free ones, the form of the schema, the encoding of texts, and the number of our schema.
HEAD = [0, 9, 16, 17, 18, 19, 20, 21, 23, 31, 35, 39, 44, 47, 59]


@pytest.mark.parametrize("place", HEAD)
@pytest.mark.parametrize("bit", [1, 64])
def test_a_damaged_head_loses_nothing(tmp_path: Path, place: int, bit: int) -> None:
    path = made(tmp_path)
    content = bytearray(path.read_bytes())
    content[place] ^= bit
    path.write_bytes(content)
    with closing(SqliteEventStore(path)) as database:
        assert (kept(database), kept(database, "t")) == (list(STORY), list(SHORT))


@pytest.mark.parametrize("number", range(4))
def test_a_schema_that_is_not_the_one_that_the_head_says_is_damage(tmp_path: Path, number: int) -> None:
    path = made(tmp_path)
    change(path, f"PRAGMA user_version = {number}")
    with closing(SqliteEventStore(path)) as database:
        assert "was damaged" in database.repair
        assert (kept(database), kept(database, "t")) == (list(STORY), list(SHORT))


@pytest.mark.parametrize(
    ("old", "new"), [("crc INTEGER", "brc INTEGER"), ("origin TEXT", "orisin TEXT"), ("key", "kez")]
)
def test_a_damaged_description_of_the_tables_loses_nothing(tmp_path: Path, old: str, new: str) -> None:
    path = made(tmp_path)
    content = path.read_bytes()
    assert old.encode() in content[:8_192]
    path.write_bytes(content.replace(old.encode(), new.encode(), 1))
    with closing(SqliteEventStore(path)) as database:
        assert (kept(database), kept(database, "t")) == (list(STORY), list(SHORT))
        database.keep_skeletons({"a": "b"})
        assert database.recall("kiosk")


def test_a_database_keeps_its_id_when_it_is_recovered(tmp_path: Path) -> None:
    path = made(tmp_path)
    with closing(SqliteEventStore(path)) as database:
        name = database.id
    change(path, "DELETE FROM events WHERE seq = 7")
    with closing(SqliteEventStore(path)) as database:
        assert database.repair
        assert database.id == name


def test_damage_that_is_met_while_reading_is_a_note_in_its_place_and_recovered_at_the_next_opening(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = made(tmp_path)
    with closing(SqliteEventStore(path)) as database:
        change(
            path, "DELETE FROM events WHERE session = 's' AND seq BETWEEN 4 AND 6", "DELETE FROM events WHERE seq = 33"
        )
        events = tuple(database.read("s"))
        assert [one.seq for one in events] == list(range(1, 34))
        said = {one.seq: one.event.text for one in events if isinstance(one.event, Notice)}
        assert sorted(said) == [4, 5, 6, 33]
        assert said[4].startswith("3 events that stood here cannot be read: open the project again")
        assert said[5] == said[6] == ""
        assert "4 events of session s cannot be read" in caplog.text
        database.append("s", [Logged(34, 99.0, spoke(99, "And now?"))])
    with closing(SqliteEventStore(path)) as database:
        assert "4 are missing" in database.repair
        assert kept(database)[-1].event == spoke(99, "And now?")
    assert not (tmp_path / "throughline.db.damaged").exists()


def test_a_damaged_row_does_not_shut_out_a_second_window(tmp_path: Path) -> None:
    path = made(tmp_path)
    with closing(SqliteEventStore(path)) as database:
        database.lock_session("t")
        change(path, "DELETE FROM events WHERE session = 's' AND seq = 7")
        with closing(SqliteEventStore(path)) as other:
            assert "close the other windows" in other.repair
            assert len(kept(other)) == len(STORY) - 1
        database.unlock_session("t")
    with closing(SqliteEventStore(path)) as again:
        assert "recovered" in again.repair


@pytest.mark.parametrize("first", [2, 32, 33, 35, 900])
def test_an_event_that_is_not_the_next_is_refused(tmp_path: Path, first: int) -> None:
    with closing(SqliteEventStore(made(tmp_path))) as database:
        with pytest.raises(StoreError, match="is not the next of session s"):
            database.append("s", log(spoke(9, "late"), first=first))
        assert tuple(database.read("s")) == STORY
        database.append("s", log(spoke(9, "next"), first=34))


def test_what_was_redacted_or_forgotten_is_no_damage(tmp_path: Path) -> None:
    path = made(tmp_path)
    with closing(SqliteEventStore(path)) as database:
        assert database.redact("shelf") == 8
        database.forget("t")
    with closing(SqliteEventStore(path)) as database:
        assert database.repair == ""
        assert len(kept(database)) == len(STORY)


def older(folder: Path, *statements: str) -> Path:
    """A database that the version before the checksums made."""
    path = folder / "throughline.db"
    packed = Path(__file__).parent / "databases" / "schema-3.db.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    change(path, *statements)
    return path


def rows(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT session, seq, at, kind, body FROM events ORDER BY 1, 2").fetchall()


def test_a_database_of_the_version_before_is_led_forward_unchanged(tmp_path: Path) -> None:
    path = older(tmp_path)
    before = rows(path)
    with closing(SqliteEventStore(path)) as database:
        assert database.repair == ""
        assert database.since == "led"
        assert len(database.id) == 32
        assert [(row.id, row.objective, row.turns, row.ended) for row in database.sessions()] == [
            ("s", "the shed", 1, False), ("t", "another", 1, True),
        ]  # fmt: skip
        read = [json.loads(codec.encode_event(one.event)) for one in database.read("s")]
        stored = [json.loads(str(row[4])) for row in before if row[0] == "s"]
        # Fields that are younger than the database have their defaults.
        assert still_says(read, stored)
        assert [found.session for found in database.recall("kiosk")]
        name = database.id
    assert rows(path) == before
    with closing(SqliteEventStore(path)) as database:
        assert (database.id, database.since, database.repair) == (name, "before", "")


OLD_DAMAGE: list[tuple[str, str, int]] = [
    ("missing", "DELETE FROM events WHERE session = 's' AND seq = 3", 1),
    ("unreadable", "UPDATE events SET body = CAST(x'ff' AS TEXT) WHERE session = 's' AND seq = 3", 1),
    ("cut off", "UPDATE events SET body = substr(body, 1, 20) WHERE session = 's' AND seq = 3", 1),
    ("without a session", "DELETE FROM sessions WHERE id = 's'", 0),
]


@pytest.mark.parametrize(("name", "statement", "lost"), OLD_DAMAGE, ids=[row[0] for row in OLD_DAMAGE])
def test_a_damaged_database_of_the_version_before_is_recovered(
    tmp_path: Path, name: str, statement: str, lost: int
) -> None:
    path = older(tmp_path, "PRAGMA secure_delete = ON", statement)
    with closing(SqliteEventStore(path)) as database:
        assert "was damaged" in database.repair, name
        assert len(kept(database)) == 9 - lost
        assert len(kept(database, "t")) == 4


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=3_000), st.data())
def test_one_changed_byte_is_found_by_the_checksum(data: bytes, more: st.DataObject) -> None:
    place = more.draw(st.integers(0, len(data) - 1))
    value = more.draw(st.integers(0, 255).filter(lambda one: one != data[place]))
    changed = data[:place] + bytes([value]) + data[place + 1 :]
    assert data in corrections(changed, crc32(data))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100), st.integers(-(2**63), 2**63 - 1))
def test_no_checksum_whatever_it_is_is_too_odd_to_be_looked_at(data: bytes, crc: int) -> None:
    assert len(list(corrections(data, crc))) <= len(data) + 1


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=9),
    st.integers(0, 2**40),
    st.floats(allow_nan=False),
    st.binary(max_size=9),
    st.binary(max_size=99),
)
def test_every_part_of_a_row_is_in_its_checksum(session: bytes, seq: int, at: float, kind: bytes, body: bytes) -> None:
    crc = integrity.checksum(session, seq, at, kind, body)
    changes: list[Callable[[], int]] = [
        lambda: integrity.checksum(session + b"x", seq, at, kind, body),
        lambda: integrity.checksum(session, seq + 1, at, kind, body),
        lambda: integrity.checksum(session, seq, 0.5 if at != 0.5 else 1.5, kind, body),
        lambda: integrity.checksum(session, seq, at, kind + b"x", body),
        lambda: integrity.checksum(session, seq, at, kind, body + b"x"),
    ]
    assert all(work() != crc for work in changes)


def test_a_reply_of_a_session_that_lost_events_is_folded_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    with closing(SqliteEventStore(path)) as database:
        database.append("s", log(STARTED, spoke(1, "one"), replied(1, "two"), done(1)))
    change(path, "DELETE FROM events WHERE seq = 2")
    with closing(SqliteEventStore(path)) as database:
        assert [turn.ending for turn in fold(database.read("s")).turns] == ["done"]
