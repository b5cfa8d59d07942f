"""A database that is damaged, locked, full or protected: one clear line, and nothing lost that can be read."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import Logged, Notice, SessionStarted
from throughline.domain.ports import StoreError
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.session.live_session import LiveSession
from throughline.storage import codec
from throughline.storage.event_store import SqliteEventStore
from throughline.storage.recovery import Remains, database_contents
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED, done, log, replied, spoke, tool
from unit.session_harness import SessionHarness

OTHER = SessionStarted("t", "another", "qa", "toolshed", "m", 1, "recording")
# Long texts, so that rows run over into pages of their own.
STORY = log(
    STARTED,
    *(
        event
        for turn in range(1, 60)
        for event in (
            spoke(turn, f"Look at shelf {turn}. " + "Größe " * (turn * 40)),
            *tool(turn, f"x{turn}"),
            replied(turn, f"Shelf {turn} is in order."),
            done(turn),
        )
    ),
)
SHORT = log(OTHER, spoke(1, "kiosk"), done(1))
PAGE = 4096


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A database as a killed process leaves it: the second half of its events in the write-ahead log."""
    folder = tmp_path_factory.mktemp("whole")
    path = folder / "throughline.db"
    with closing(SqliteEventStore(path)) as database:
        database.append("t", SHORT)
        database.append("s", STORY[:150])
    with closing(SqliteEventStore(path)) as database:
        for one in STORY[150:]:
            database.append("s", [one])
        left = path.read_bytes(), (folder / "throughline.db-wal").read_bytes()
    assert len(left[0]) > 20 * PAGE < len(left[1])
    return left


def put(folder: Path, database: bytes | None, wal: bytes | None) -> Path:
    path = folder / "throughline.db"
    for name, content in ((path, database), (folder / "throughline.db-wal", wal)):
        if content is not None:
            name.write_bytes(content)
    return path


def garbage(content: bytes, start: int, stop: int) -> bytes:
    stop = min(stop, len(content))
    return content[:start] + random.Random(start).randbytes(max(0, stop - start)) + content[stop:]


def kept(database: SqliteEventStore, name: str = "s") -> list[Logged]:
    return [one for one in database.read(name) if not isinstance(one.event, Notice)]


Damage = Callable[[bytes, bytes], tuple[bytes | None, bytes | None]]
# What was done to the file and its log, and how many of the story's events must still be there.
DAMAGE: list[tuple[str, Damage, int]] = [
    ("garbage header", lambda db, _: (garbage(db, 0, 100), None), 150),
    ("garbage first page", lambda db, _: (garbage(db, 0, PAGE), None), 150),
    ("garbage in the middle", lambda db, wal: (garbage(db, 10 * PAGE, 14 * PAGE), wal), 200),
    ("truncated in half", lambda db, wal: (db[: len(db) // 2], wal), 150),
    ("truncated within a page", lambda db, wal: (db[: len(db) // 2 + 1000], wal), 150),
    ("empty beside its log", lambda _, wal: (b"", wal), 90),
    ("gone beside its log", lambda _, wal: (b"", wal), 90),
    ("zeroes", lambda db, wal: (bytes(len(db)), wal), 90),
    ("a log with a garbage header", lambda db, wal: (db, garbage(wal, 0, 32)), len(STORY)),
    ("a log with garbage in the middle", lambda db, wal: (db, garbage(wal, 40 * PAGE, 41 * PAGE)), len(STORY) - 8),
    ("both damaged", lambda db, wal: (garbage(db, 0, 100), garbage(wal, 40 * PAGE, 41 * PAGE)), len(STORY) - 8),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "damage", "least"), DAMAGE, ids=[row[0] for row in DAMAGE])
async def test_what_can_be_read_is_recovered_and_the_damaged_file_is_kept(
    whole: tuple[bytes, bytes], tmp_path: Path, name: str, damage: Damage, least: int
) -> None:
    broken = damage(*whole)
    path = put(tmp_path, *broken)
    with closing(SqliteEventStore(path)) as database:
        events = kept(database)
        assert len(events) >= least
        assert all(one in STORY for one in events[1:])
        assert isinstance(events[0].event, SessionStarted)
        (aside,) = tmp_path.glob("throughline.damaged-*.db")
        assert aside.name in database.repair
        assert len(database.repair.splitlines()) == 1
        assert aside.read_bytes() == broken[0]
        assert {row.id for row in database.sessions()} >= {"s"}
        harness = SessionHarness()
        config = harness.config(ScriptedModel([ScriptedReply("Here.")]))
        live = await LiveSession.resume(evolve(harness.ports, store=database), config, Settings(), "s")
        await live.send("And now?")
        await live.idle()
        await live.close()
        assert fold(database.read("s")) == live.session
        assert live.session.turns[-1].ending == "done"
    with closing(SqliteEventStore(path)) as again:
        assert again.repair == ""
    assert sorted(one.name for one in tmp_path.iterdir() if "making" in one.name or "recovered" in one.name) == []


def holding(folder: Path, text: str) -> list[str]:
    """The files that hold a text, or one of its words as the index keeps them."""
    return sorted(one.name for one in folder.iterdir() if one.is_file() and text.encode() in one.read_bytes().lower())


@pytest.mark.parametrize("a_session", [True, False], ids=["a session", "a secret"])
def test_what_is_forgotten_is_not_in_the_files_that_were_set_aside_either(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, a_session: bool
) -> None:
    secret = "zqxj8472wvky"
    path = tmp_path / "throughline.db"
    with closing(SqliteEventStore(path)) as database:
        database.append("t", SHORT)
        database.append("s", log(STARTED, *(spoke(turn, f"{secret} " * (turn * 90)) for turn in range(1, 40))))
    with closing(SqliteEventStore(path)) as database:
        database.append("s", log(*(spoke(turn, f"{secret} " * 90) for turn in range(40, 80)), first=41))
        left = path.read_bytes(), (tmp_path / "throughline.db-wal").read_bytes()
    put(tmp_path, garbage(left[0], 0, 100), garbage(left[1], 8 * PAGE, 9 * PAGE))
    with closing(SqliteEventStore(path)) as database:
        aside = sorted(one.name for one in tmp_path.glob("throughline.damaged-*"))
        assert len(aside) == 2
        assert set(aside) <= set(holding(tmp_path, secret))
        if a_session:
            database.forget("s")
        else:
            assert database.redact(secret) >= 70
        assert holding(tmp_path, secret) == []
        assert all(name in caplog.text for name in aside)
        assert kept(database, "t") == list(SHORT)
        assert database.repair
    assert holding(tmp_path, secret) == []
    assert list(tmp_path.glob("throughline.damaged-*")) == []


def test_a_log_that_is_missing_leaves_the_file_as_it_was_when_it_was_last_taken_in(
    whole: tuple[bytes, bytes], tmp_path: Path
) -> None:
    with closing(SqliteEventStore(put(tmp_path, whole[0], None))) as database:
        assert database.repair == ""
        assert tuple(kept(database)) == STORY[: len(kept(database))]
        assert len(kept(database)) >= 150


def test_a_log_whose_last_write_was_cut_is_no_damage(whole: tuple[bytes, bytes], tmp_path: Path) -> None:
    with closing(SqliteEventStore(put(tmp_path, whole[0], whole[1][: -PAGE // 2]))) as database:
        assert database.repair == ""
        assert tuple(kept(database)) == STORY[: len(kept(database))]
        assert len(kept(database)) >= len(STORY) - 2


def test_nothing_is_set_aside_while_another_window_has_a_session_open(
    whole: tuple[bytes, bytes], tmp_path: Path
) -> None:
    path = put(tmp_path, *whole)
    with closing(SqliteEventStore(path)) as database:
        database.lock_session("s")
        with path.open("r+b") as stream:
            stream.write(random.Random(1).randbytes(100))
        before = path.read_bytes()
        with pytest.raises(StoreError, match="close the other windows"):
            SqliteEventStore(path)
        assert path.read_bytes() == before
        database.unlock_session("s")


def test_damage_that_a_read_finds_is_mended_when_the_project_is_opened_again(
    whole: tuple[bytes, bytes], tmp_path: Path
) -> None:
    path = put(tmp_path, *whole)
    with closing(SqliteEventStore(path)) as database:
        database._connection.execute("PRAGMA cache_size = 1")
        database._connection.execute("PRAGMA shrink_memory")
        with path.open("r+b") as stream:
            for page in range(3, 12):
                stream.seek(page * PAGE)
                stream.write(random.Random(1).randbytes(PAGE))
        with pytest.raises(StoreError, match="open the project again"):
            list(database.read("s"))
    with closing(SqliteEventStore(path)) as database:
        assert "recovered" in database.repair
        assert len(kept(database)) > 100


# The file or its log, where in it, and how many bytes are garbage; none: it is cut there.
HIT = st.tuples(st.integers(0, 1), st.floats(0, 1, exclude_max=True), st.integers(0, 3 * PAGE))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(hits=st.lists(HIT, min_size=1, max_size=3))
def test_any_damage_is_recovered_from(whole: tuple[bytes, bytes], hits: list[tuple[int, float, int]]) -> None:
    contents = list(whole)
    for which, where, size in hits:
        content = contents[which]
        start = int(where * len(content))
        contents[which] = garbage(content, start, start + size) if size else content[:start]
    with tempfile.TemporaryDirectory() as folder:
        path = put(Path(folder), contents[0], contents[1])
        with closing(SqliteEventStore(path, patience=0.1)) as database:
            # A byte of a text, which no page tells, is said where that event is read.
            for row in database.sessions():
                with suppress(StoreError):
                    fold(database.read(row.id))


def test_a_row_is_carved_as_it_was_written(whole: tuple[bytes, bytes]) -> None:
    found = database_contents(Remains(*whole))
    assert {name: tuple(events[:-1]) for name, events in found.logs.items()} == {"s": STORY, "t": SHORT}
    assert found.lost == 0
    assert len(found.id) == 32


def test_a_locked_database_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    with (
        closing(SqliteEventStore(path, patience=0.05)) as database,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        database.append("s", STORY[:1])
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program"):
            database.append("s", STORY[1:2])
        with pytest.raises(StoreError, match="locked by another program"):
            SqliteEventStore(path, patience=0.05)
        other.execute("ROLLBACK")
        database.append("s", STORY[1:2])
        assert tuple(database.read("s")) == STORY[:2]


async def test_a_full_disk_stops_a_turn_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    harness = SessionHarness()
    with closing(SqliteEventStore(path)) as database:
        config = harness.config(ScriptedModel([ScriptedReply("Long. " * 20_000), ScriptedReply("Here.")]))
        live = await LiveSession.start(evolve(harness.ports, store=database), config, Settings(), STARTED)
        pages = database._connection.execute("PRAGMA page_count").fetchone()[0]
        database._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        await live.send("Say much.")
        await live.idle()
        before = tuple(database.read("s"))
        assert fold(before) == live.session
        with pytest.raises(StoreError, match="the disk is full"):
            database.append("s", log(spoke(9, "much " * 9_000), first=len(before) + 1))
        database._connection.execute("PRAGMA max_page_count = 1000000")
        await live.send("And now?")
        await live.idle()
        await live.close()
        assert tuple(database.read("s"))[: len(before)] == before
        assert fold(database.read("s")) == live.session
        assert live.session.turns[-1].ending == "done"
        assert live.session.unended == ()


async def test_a_session_that_could_not_be_opened_on_a_full_disk_is_opened_once_there_is_space(tmp_path: Path) -> None:
    harness = SessionHarness()
    with closing(SqliteEventStore(tmp_path / "throughline.db")) as database:
        # A turn that a crash has left open, so that opening it writes.
        database.append("s", log(STARTED, spoke(1, "Look.")))
        pages = database._connection.execute("PRAGMA page_count").fetchone()[0]
        more = log(spoke(2, "much " * 9_000), first=3)
        ports, config = evolve(harness.ports, store=database), harness.config(ScriptedModel([]))
        long = evolve(STARTED, session="u", objective="much " * 9_000)
        with crowded(database, pages):
            with pytest.raises(StoreError, match="the disk is full"):
                database.append("s", more)
            with pytest.raises(StoreError, match="the disk is full"):
                await LiveSession.start(ports, config, Settings(), long)
            # Fill what is left of the last pages, so that not even an ending has room.
            seq = 3
            with suppress(StoreError):
                while True:
                    database.append("s", log(Notice("n" * 40), first=seq))
                    seq += 1
            with pytest.raises(StoreError, match="the disk is full"):
                await LiveSession.resume(ports, config, Settings(), "s")
        assert not list(tmp_path.glob("*.lock"))
        for opened in (
            LiveSession.start(ports, config, Settings(), long),
            LiveSession.resume(ports, config, Settings(), "s"),
        ):
            live = await opened
            assert live.session.unended == ()
            await live.close()


@contextmanager
def crowded(database: SqliteEventStore, pages: int) -> Iterator[None]:
    """The database cannot grow beyond so many pages."""
    database._connection.execute(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        database._connection.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def protected(folder: Path) -> Iterator[None]:
    """The folder and its files can only be read, by one who is not the superuser."""
    live = os.geteuid()
    for one in (*folder.iterdir(), folder):
        one.chmod(0o555 if one.is_dir() else 0o444)
    try:
        if live == 0:
            os.seteuid(65534)
        yield
    finally:
        if live == 0:
            os.seteuid(0)
        for one in (folder, *folder.iterdir()):
            one.chmod(0o755 if one.is_dir() else 0o644)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no such permissions")
@pytest.mark.parametrize("logged", [False, True], ids=["closed well", "with a log"])
def test_a_database_that_may_not_be_written_is_read_and_refuses_the_rest(
    whole: tuple[bytes, bytes], logged: bool
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        path = put(folder, whole[0], whole[1] if logged else None)
        if not logged:
            SqliteEventStore(path).close()
        with protected(folder), closing(SqliteEventStore(path)) as database:
            assert len(kept(database)) >= 150
            assert {row.id for row in database.sessions()} == {"s", "t"}
            with pytest.raises(StoreError, match="make the file and its folder writable"):
                database.append("s", log(spoke(99, "no"), first=999))
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no such permissions")
def test_a_folder_that_may_not_be_written_is_one_clear_line() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        with protected(folder), pytest.raises(StoreError, match=r"cannot be used: Permission denied\.$"):
            SqliteEventStore(folder / ".agent" / "throughline.db")
    finally:
        shutil.rmtree(folder)


def test_a_database_of_the_first_schema_is_led_forward_whole(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript((files("throughline.storage") / "schema.sql").read_text("utf-8"))
        old.execute("INSERT INTO sessions VALUES ('t', 'another', 'recording', 1.0, 3.0, 1, 0)")
        rows = [("t", one.seq, one.at, one.event.kind, codec.encode_event(one.event)) for one in SHORT]
        old.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
        old.execute("PRAGMA user_version = 1")
        old.commit()
    with closing(SqliteEventStore(path)) as database:
        assert database.repair == ""
        assert tuple(database.read("t")) == SHORT
        assert [found.seq for found in database.recall("kiosk")] == [2]


async def test_a_clock_that_is_put_back_does_not_take_the_log_with_it() -> None:
    harness = SessionHarness()
    config = harness.config(ScriptedModel([ScriptedReply("One."), ScriptedReply("Two.")]))
    live = await LiveSession.start(harness.ports, config, Settings(), STARTED)
    for text in ("First.", "Second."):
        await live.send(text)
        await live.idle()
        harness.clock.time -= 500
    await live.close()
    times = [one.at for one in harness.store.read("s")]
    assert times == sorted(times)


async def test_a_clock_that_is_put_back_between_two_openings_does_not_take_the_log_with_it() -> None:
    harness = SessionHarness()
    live = await LiveSession.start(
        harness.ports, harness.config(ScriptedModel([ScriptedReply("One.")])), Settings(), STARTED
    )
    await live.send("First.")
    await live.idle()
    harness.clock.time += 100
    await live.note("Later than any call.")
    await live.close()
    harness.clock.time -= 500
    live = await LiveSession.resume(
        harness.ports, harness.config(ScriptedModel([ScriptedReply("Two.")])), Settings(), STARTED.session
    )
    await live.send("Second.")
    await live.idle()
    await live.close()
    times = [one.at for one in harness.store.read(STARTED.session)]
    assert times == sorted(times)


def test_a_session_is_listed_by_its_latest_event_though_a_clock_was_put_back(tmp_path: Path) -> None:
    with closing(SqliteEventStore(tmp_path / "throughline.db")) as database:
        database.append("s", log(STARTED, spoke(1, "a")))
        database.append("s", [Logged(3, 0.5, done(1))])
        assert database.sessions()[0].updated == 2.0
