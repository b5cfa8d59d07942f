"""The stores and the archive file: durable, append-only, and clear about what is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import (
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    AssistantMessage,
    Compacted,
    Event,
    LedgerChanged,
    Logged,
    Notice,
    SessionEnded,
    SessionNamed,
    SessionStarted,
    ToolCalled,
    ToolReturned,
)
from throughline.domain.ledger import Add, Entry, Revise
from throughline.domain.ports import Store, StoreError
from throughline.domain.serialization import MalformedError
from throughline.storage import codec, migrations
from throughline.storage.archive_file import ArchiveOnDisk
from throughline.storage.event_store import IGNORED, SqliteEventStore
from throughline.storage.in_memory import MemoryArchive, MemoryStore
from throughline.storage.search_index import phrase
from unit import type_strategies
from unit.event_logs import STARTED, done, log, spoke

OTHER = SessionStarted("t", "another", "qa", "toolshed", "m", 1, "recording")


@pytest.fixture(params=["memory", "database"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    with closing(SqliteEventStore(tmp_path / ".agent" / "throughline.db")) as database:
        yield database


def test_events_come_back_in_order(store: Store) -> None:
    kept = log(STARTED, spoke(1, "Größe 📏"), done(1))
    store.append("s", kept[:1])
    store.append("s", ())
    store.append("s", kept[1:])
    assert tuple(store.read("s")) == kept
    assert tuple(store.read("unknown")) == ()


def test_sessions_are_listed_the_newest_first(store: Store) -> None:
    store.append("s", log(STARTED, spoke(1, "a"), done(1), spoke(2, "b")))
    store.append("t", log(OTHER, spoke(1, "a"), done(1), spoke(2, "b"), SessionEnded()))
    told = [
        (row.id, row.objective, row.started, row.updated, row.turns, row.ended, row.origin) for row in store.sessions()
    ]
    assert told == [
        ("t", "another", 1.0, 5.0, 2, True, "recording"),
        ("s", "keep the shed in order", 1.0, 4.0, 2, False, "live"),
    ]


def test_a_session_is_listed_by_the_name_that_it_was_given_last(store: Store) -> None:
    store.append("s", log(STARTED, SessionNamed("a secret"), spoke(1, "a")))
    store.append("s", log(SessionNamed("my secret errand"), first=4))
    assert [row.objective for row in store.sessions()] == ["my secret errand"]
    store.redact("secret")
    assert [row.objective for row in store.sessions()] == ["my [forgotten] errand"]


def test_a_clock_that_was_put_back_makes_no_session_older(store: Store) -> None:
    store.append("s", (Logged(1, 900.0, STARTED),))
    store.append("s", (Logged(2, 100.0, spoke(1, "a")),))
    (row,) = store.sessions()
    assert (row.started, row.updated, row.turns) == (900.0, 900.0, 1)


def test_what_was_appended_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    with closing(SqliteEventStore(path)) as one, closing(SqliteEventStore(path)) as other:
        one.append("s", log(STARTED))
        assert tuple(other.read("s")) == log(STARTED)
    with closing(SqliteEventStore(path)) as again:
        assert tuple(again.read("s")) == log(STARTED)


def test_an_append_is_whole_or_not_at_all(tmp_path: Path) -> None:
    with closing(SqliteEventStore(tmp_path / "throughline.db")) as database:
        database.append("s", log(STARTED))
        with pytest.raises(StoreError, match="cannot be used"):
            database.append("s", (*log(spoke(1, "new"), first=2), *log(spoke(1, "taken"), first=1)))
        assert tuple(database.read("s")) == log(STARTED)
        database.append("s", log(spoke(1, "after it"), first=2))


@pytest.mark.parametrize(
    ("before", "after"), [(None, IGNORED), ("*\n!.gitignore\n!project-context.md\n", IGNORED), ("# mine\n", "# mine\n")]
)
def test_only_the_archive_and_how_it_merges_go_into_version_control(
    tmp_path: Path, before: str | None, after: str
) -> None:
    ignore = tmp_path / ".agent" / ".gitignore"
    ignore.parent.mkdir()
    if before is not None:
        ignore.write_text(before)
    with closing(SqliteEventStore(tmp_path / ".agent" / "throughline.db")):
        assert ignore.read_text() == after


def spoil(path: Path, statement: str) -> None:
    with closing(SqliteEventStore(path)) as database:
        database.append("s", log(STARTED, spoke(1, "hello")))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    spoil(tmp_path / "throughline.db", "PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer Throughline"):
        SqliteEventStore(tmp_path / "throughline.db")


def test_what_is_no_database_is_set_aside_whole(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    path.write_bytes(b"not a database, " * 100)
    with closing(SqliteEventStore(path)) as database:
        assert database.sessions() == ()
    (aside,) = tmp_path.glob("throughline.damaged-*.db")
    assert aside.read_bytes() == b"not a database, " * 100
    assert aside.name in database.repair


@pytest.mark.parametrize("body", ["", "{", "[]", '{"kind":"unknown"}', '{"kind":"spoke"}', '{"turn":1}', '"spoke"'])
def test_an_event_that_cannot_be_read_is_told_of_and_the_others_are_recovered(tmp_path: Path, body: str) -> None:
    spoil(tmp_path / "throughline.db", f"UPDATE events SET body = '{body}' WHERE seq = 2")
    with closing(SqliteEventStore(tmp_path / "throughline.db")) as database:
        assert "1 are missing" in database.repair
        first, second, *_ = database.read("s")
        assert first == log(STARTED)[0]
        assert second.event == Notice("An event that stood here cannot be read: the database was damaged.")


MALFORMED = [
    "nothing",
    "{}",
    '{"kind":"spoke","turn":"1","text":"a","tokens":1,"origin":"user"}',
    '{"kind":"spoke","turn":1,"text":"a","tokens":1,"origin":"nobody"}',
    '{"kind":"spoke","turn":1,"text":"a","tokens":1,"origin":"user","more":1}',
    '{"kind":"ledger_changed","operations":[{"kind":"burn","id":"a"}]}',
    '{"kind":"compaction_undone","id":null}',
]


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_event_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        codec.decode_event(text)
    assert len(str(caught.value).splitlines()) == 1


@settings(max_examples=150, deadline=None)
@given(type_strategies.of(Event))
def test_any_event_comes_back_from_the_codec_as_it_went_in(event: Event) -> None:
    text = codec.encode_event(event)
    assert codec.decode_event(text) == event
    assert type(codec.decode_event(text)) is type(event)
    assert "\n" not in text
    text.encode()


OLDER = [
    ('{"kind":"ledger_changed","operations":[{"kind":"revise","id":"a","text":"b","turn":1,"author":"user","why":""}]}',
     LedgerChanged((Revise("a", "b", 1, "user"),))),
    ('{"kind":"compacted","id":"c1","through":3,"operations":[],"before":9,"after":5,"held":1,"live":2,'
     '"summariser":"local"}', Compacted("c1", 3, (), 9, 5, 1, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "event"), OLDER, ids=["a change of the ledger", "a compaction"])
def test_what_an_earlier_version_kept_is_read(text: str, event: Event) -> None:
    assert codec.decode_event(text) == event


def test_what_waits_to_be_accepted_is_found_over_all_sessions(store: Store) -> None:
    store.append("s", log(STARTED, ArchiveProposed("", "one", 1), SessionEnded()))
    store.append("t", log(OTHER, ArchiveProposed("", "one", 1)))
    assert store.pending() == ("s", "t")
    store.append("t", log(ArchiveRejected(), first=3))
    store.append("s", log(ArchiveWritten("one", 1), first=4))
    assert store.pending() == ()
    store.append("s", log(ArchiveProposed("one", "two", 1), first=5))
    assert store.pending() == ("s",)


def test_half_a_surrogate_pair_is_kept(store: Store) -> None:
    kept = log(STARTED, spoke(1, "a \ud83d b"))
    store.append("s", kept)
    assert tuple(store.read("s")) == kept


def test_the_archive_is_replaced_whole_and_never_by_nothing(tmp_path: Path) -> None:
    for archive in (ArchiveOnDisk(tmp_path / ".agent"), MemoryArchive()):
        assert archive.read() == ""
        archive.write("## Größe\n")
        archive.write(" \n")
        assert archive.read() == "## Größe\n"
        archive.write("second \ud83d\n" if isinstance(archive, ArchiveOnDisk) else "second ?\n")
        assert archive.read() == "second ?\n"
    assert sorted(path.name for path in (tmp_path / ".agent").iterdir()) == [".gitattributes", "project-context.md"]


def test_an_archive_that_cannot_be_used_is_said_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    archive = ArchiveOnDisk(tmp_path)
    archive.path.mkdir()
    (archive.path / "in the way").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        archive.write("text")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitattributes", "project-context.md"]
    with pytest.raises(StoreError, match="cannot be read"):
        archive.read()


def test_an_archive_in_another_encoding_is_refused(tmp_path: Path) -> None:
    archive = ArchiveOnDisk(tmp_path)
    archive.path.write_bytes("Größe".encode("latin-1"))
    with pytest.raises(StoreError, match="UTF-8"):
        archive.read()


SAID = log(
    STARTED,
    spoke(1, "The kiosk reads our JSON by field_name."),
    AssistantMessage(1, "[DECISION]: Größe stays in one module.", 9),
    ToolReturned(1, "x", "3 failed, kiosk tests among them", 8, error=True),
    spoke(1, "def getUserByID(max_retries2): 价格不要用浮点数\uff0c数据库也不要。ราคาสินค้า 絶対に消さない。"),
    LedgerChanged((Add(Entry("t1.1", "decision", "Größe stays in one module.", "agent", (1,), why="it moves")),)),
)


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("kiosk", ["result", "user"]),
        ("KIOSK json", ["user"]),
        ("kiosk module", []),
        ("groesse", []),
        ("größe modul", ["agent", "entry"]),
        ("field_name", ["user"]),
        ('kiosk" OR "module', []),
        ("NEAR(kiosk)", []),
        ("", []),
        ("  * - ", []),
        ("user", ["user"]),
        ("userById", ["user"]),
        ("retries", ["user"]),
        ("getUserByID", ["user"]),
        ("浮点数", ["user"]),
        ("价格", ["user"]),
        ("数据库 浮点", ["user"]),
        ("点数数", []),
        ("飞机场", []),
        ("สินค้า", ["user"]),
        ("絶対", ["user"]),
    ],
)
def test_what_was_said_is_found_again(store: Store, query: str, kinds: list[str]) -> None:
    store.append("s", SAID)
    assert sorted(found.kind for found in store.recall(query)) == kinds
    assert store.recall(query, "another") == ()
    assert len(store.recall(query, "s", 1)) == min(1, len(kinds))


FOUND = [
    ("价格", "价格不要用浮点数"),
    ("user", "getUserByID"),
    ("module", "Größe stays in one module."),
]


@pytest.mark.parametrize(("query", "words"), FOUND, ids=[row[0] for row in FOUND])
def test_an_excerpt_holds_what_was_looked_for(store: Store, query: str, words: str) -> None:
    long = "and more of it " * 60
    store.append("s", log(STARTED, spoke(1, f"{long}{words} {long}")))
    (found,) = store.recall(query)
    assert words in found.excerpt
    assert found.excerpt.startswith("… ")
    assert found.excerpt.endswith(" …")
    assert len(found.excerpt) < 300


def test_an_entry_is_found_with_its_id(store: Store) -> None:
    store.append("s", SAID)
    assert [one.entry for one in store.recall("Größe module") if one.kind == "entry"] == ["t1.1"]


def test_a_search_finds_neither_searches_nor_their_answers(store: Store) -> None:
    asked = ToolCalled(2, "r1", "recall", {"query": "green kiosk"}, 4)
    other = ToolCalled(2, "x1", "read_file", {"path": "recall green kiosk.md"}, 4)
    answers = [ToolReturned(2, name, f"{name}: the green kiosk", 4) for name in ("r1", "x1")]
    store.append("s", log(STARTED, spoke(1, "paint the green kiosk"), asked, other, *answers))
    assert sorted((one.seq, one.kind) for one in store.recall("green kiosk")) == [
        (2, "user"),
        (4, "call"),
        (6, "result"),
    ]
    assert len(store.recall("kiosk", "", 1)) == 1


_WORDS = st.text(st.sampled_from("abZÖß9_数据库のカ絶ราคาжШ한국א"), min_size=1, max_size=6).filter(
    lambda one: one.strip("_")
)


@given(st.lists(_WORDS, max_size=5), _WORDS, st.text(max_size=12))
def test_a_word_of_any_script_is_found_wherever_it_stands_and_no_query_breaks(
    around: list[str], word: str, anything: str
) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        migrations.run_script(connection, (Path(migrations.__file__).parent / "recall.sql").read_text("utf-8"))
        migrations.index(connection, "s", Logged(1, 0.0, spoke(1, " ".join([*around, word, *around]))))

        def found(query: str) -> bool:
            sought = phrase(query)
            rows = connection.execute("SELECT 1 FROM words WHERE words MATCH ?", (sought,)) if sought else []
            return bool(list(rows))

        assert found(word)
        found(anything)


def test_a_database_of_the_first_schema_is_led_forward_and_searched(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    with closing(SqliteEventStore(path)) as database:
        database.append("s", SAID)
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            "DROP TABLE words; DROP TABLE skeletons; DROP TABLE meta; DROP TABLE rules;"
            "ALTER TABLE events DROP COLUMN crc;"
            "ALTER TABLE sessions DROP COLUMN crc; ALTER TABLE sessions DROP COLUMN events; PRAGMA user_version = 1"
        )
    with closing(SqliteEventStore(path)) as database:
        assert tuple(database.read("s")) == SAID
        assert [found.seq for found in database.recall("field_name")] == [2]


def test_a_forgotten_session_is_gone_and_the_others_stay(store: Store) -> None:
    store.append("s", SAID)
    store.append("t", log(OTHER, spoke(1, "kiosk")))
    assert store.forget("s") == len(SAID)
    assert tuple(store.read("s")) == ()
    assert [row.id for row in store.sessions()] == ["t"]
    assert [found.session for found in store.recall("kiosk")] == ["t"]


@pytest.mark.parametrize("secret", ["sk-1234567890", 'a "quoted" \\ secret', "Größe\nin two lines"])
def test_a_leaked_secret_leaves_no_trace(store: Store, secret: str) -> None:
    store.append("s", log(STARTED, spoke(1, f"the key is {secret}, keep it"), ToolReturned(1, "x", secret, 9), done(1)))
    assert store.redact(secret) == 2
    texts = [getattr(one.event, "text", "") for one in store.read("s")]
    assert texts[1] == "the key is [forgotten], keep it"
    assert not any(secret in text for text in texts)
    assert store.redact(secret) == 0


def traces(folder: Path, text: str) -> list[str]:
    """The files that hold a text, or one of its words as the index keeps them."""
    return [one.name for one in folder.iterdir() if one.is_file() and text.encode() in one.read_bytes().lower()]


@pytest.mark.parametrize("whole", [True, False], ids=["a session", "a secret"])
def test_what_was_forgotten_leaves_no_byte_in_the_file_its_log_or_its_index(tmp_path: Path, whole: bool) -> None:
    path = tmp_path / "throughline.db"
    secret = "zqxj8472wvky"
    with closing(SqliteEventStore(path)) as database, closing(SqliteEventStore(path)) as other:
        database.append("t", log(OTHER, spoke(1, "kiosk")))
        database.append("s", log(STARTED))
        for number in range(2, 200):
            said = f"shelf {number} {secret} " + f"and {secret}{number} " * (number * 3)
            database.append("s", log(spoke(number, said), first=number))
        assert len(traces(tmp_path, secret)) == 2
        assert other.recall(secret)
        if whole:
            assert database.forget("s") == 199
        else:
            assert database.redact(secret) == 198
        assert traces(tmp_path, secret) == []
        assert [one.seq for one in other.recall("kiosk")] == [2]
        assert other.recall(secret) == ()
    assert traces(tmp_path, secret) == []


def test_what_was_forgotten_is_not_in_the_file_either(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    with closing(SqliteEventStore(path)) as database:
        database.append("s", log(STARTED, spoke(1, "the key is sk-1234567890")))
        database.append("t", log(OTHER, spoke(1, "sk-0987654321 was another")))
        database.forget("t")
        database.redact("sk-1234567890")
        kept = b"".join(one.read_bytes() for one in tmp_path.iterdir() if one.is_file())
    assert b"1234567890" not in kept
    assert b"0987654321" not in kept
