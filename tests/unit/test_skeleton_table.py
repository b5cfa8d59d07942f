"""Skeletons that are kept: found again in another process, few enough, and nothing that anything depends on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from throughline.domain.ports import StoreError
from throughline.storage import event_store as tables
from throughline.storage.event_store import NAME, SkeletonTable, SqliteEventStore


def test_what_is_kept_is_found_when_the_file_is_opened_again(tmp_path: Path) -> None:
    with closing(SqliteEventStore(tmp_path / NAME)) as database:
        SkeletonTable(database).keep({"a": "one", "b": "two"})
        SkeletonTable(database).keep({"a": "three"})
    with closing(SqliteEventStore(tmp_path / NAME)) as database:
        assert SkeletonTable(database).find(["a", "b", "c"]) == {"a": "three", "b": "two"}


def test_a_database_of_the_second_schema_is_led_forward(tmp_path: Path) -> None:
    SqliteEventStore(tmp_path / NAME).close()
    with closing(sqlite3.connect(tmp_path / NAME)) as old:
        old.executescript("DROP TABLE skeletons; PRAGMA user_version = 2")
    with closing(SqliteEventStore(tmp_path / NAME)) as database:
        database.keep_skeletons({"a": "one"})
        assert database.skeletons(["a"]) == {"a": "one"}


def test_the_oldest_of_very_many_go(tmp_path: Path) -> None:
    with closing(SqliteEventStore(tmp_path / NAME)) as database:
        database.keep_skeletons({f"{n}": "x" for n in range(tables.SKELETONS + 10)})
        assert database.skeletons(["0", "9"]) == {}
        assert len(database.skeletons(["10", f"{tables.SKELETONS + 9}"])) == 2


def test_a_forgotten_secret_is_in_no_skeleton(tmp_path: Path) -> None:
    with closing(SqliteEventStore(tmp_path / NAME)) as database:
        database.keep_skeletons({"a": "KEY = 'sk-1234567890'"})
        database.redact("sk-1234567890")
        assert database.skeletons(["a"]) == {}
        assert b"1234567890" not in b"".join(one.read_bytes() for one in tmp_path.iterdir() if one.is_file())


def test_a_table_that_cannot_be_used_costs_no_skeleton(tmp_path: Path) -> None:
    database = SqliteEventStore(tmp_path / NAME)
    database.close()
    with pytest.raises(StoreError):
        database.skeletons(["a"])
    SkeletonTable(database).keep({"a": "one"})
    assert SkeletonTable(database).find(["a"]) == {}
