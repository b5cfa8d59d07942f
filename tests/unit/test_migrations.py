"""A migration's script is done statement by statement, each whole, and all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.ports import StoreError
from throughline.storage.migrations import run_script, transaction

TRIGGER = """
CREATE TABLE a (n INTEGER NOT NULL) STRICT; -- what is counted; and no more
CREATE TABLE log (n INTEGER, text TEXT);
/* Each row of `a` is told; twice. */
CREATE TRIGGER told AFTER INSERT ON a WHEN new.n > 0 BEGIN
    INSERT INTO log VALUES (new.n, 'one;' || CASE WHEN new.n > 9 THEN 'big;' ELSE 'small;' END);
    INSERT INTO log VALUES (new.n, 'two');
END;
INSERT INTO a VALUES (3);
-- The end; nothing follows.
"""


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        yield made


def tables(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM sqlite_schema ORDER BY name")]


def test_a_trigger_is_made_whole(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        run_script(connection, TRIGGER)
    connection.execute("INSERT INTO a VALUES (12)")
    told = [(3, "one;small;"), (3, "two"), (12, "one;big;"), (12, "two")]
    assert connection.execute("SELECT * FROM log").fetchall() == told


def test_a_script_that_fails_at_its_end_leaves_nothing(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="nowhere"), transaction(connection):
        run_script(connection, TRIGGER + "INSERT INTO nowhere VALUES (1);")
    assert tables(connection) == []
    assert not connection.in_transaction


@pytest.mark.parametrize("text", ["CREATE TABLE b (n INTEGER)", "CREATE TABLE b (n TEXT DEFAULT ';);"])
def test_a_statement_that_does_not_end_is_refused(connection: sqlite3.Connection, text: str) -> None:
    with pytest.raises(StoreError, match="does not end: CREATE TABLE b"), transaction(connection):
        run_script(connection, f"CREATE TABLE a (n INTEGER);\n{text}")
    assert tables(connection) == []


@given(st.lists(st.text("a;'-/* \n", max_size=8), max_size=4))
def test_a_text_may_hold_whatever_ends_a_statement(texts: list[str]) -> None:
    rows = "".join("INSERT INTO a VALUES ('{}');\n".format(text.replace("'", "''")) for text in texts)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        with transaction(connection):
            run_script(connection, f"CREATE TABLE a (t TEXT);{rows}")
        assert [row[0] for row in connection.execute("SELECT t FROM a")] == texts
