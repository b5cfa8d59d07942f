"""What version 0.1.0 left on a user's disk, and what they had learnt to type, works unchanged.

`databases/0.1.0` was made with that version, from before the modules got their present names: a database with every
kind of event that it knew, the archive that it distilled, what its fold made of the log, and the names that stand in
users' files and scripts. Nothing of it is ever taken away or renamed: a log is never rewritten, a settings file and a
key binding are nobody's but the user's, and a newer editor may have an older window open on the same database.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from attrs import fields
from click.testing import CliRunner

from throughline.app.container import Container
from throughline.cli.chat.chat_commands import COMMANDS
from throughline.cli.main import commands
from throughline.domain.events import Event, Evidence, FileInjected, Logged
from throughline.domain.file_header import shown_text
from throughline.domain.ledger import Entry, Operation
from throughline.domain.session import Session, fold
from throughline.memory.archive.distill import distill
from throughline.memory.archive.document import archive_markdown, parse_archive
from throughline.protocol import codec as protocol_codec
from throughline.protocol.messages import Options
from throughline.protocol.methods import NOTIFICATIONS, REQUESTS
from throughline.protocol.settings import SETTINGS
from throughline.storage import codec
from throughline.storage.event_store import NAME, SqliteEventStore
from throughline.workspace.prompts import NAMES as PROMPTS
from unit.event_logs import count, still_says

MADE = Path(__file__).parent / "databases" / "0.1.0"
NAMES: dict[str, Any] = json.loads((MADE / "names.json").read_text("utf-8"))
FOLDED: dict[str, Any] = json.loads((MADE / "folded.json").read_text("utf-8"))
ARCHIVE = (MADE / "project-context.md").read_text("utf-8")
MANIFEST: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "extension" / "package.json").read_text("utf-8")
)["contributes"]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as version 0.1.0 left it."""
    folder = tmp_path / ".agent"
    folder.mkdir()
    (folder / NAME).write_bytes(gzip.decompress((MADE / "throughline.db.gz").read_bytes()))
    shutil.copy(MADE / "project-context.md", folder)
    return tmp_path


def members(union: Any) -> Iterator[Any]:
    for one in get_args(union):
        yield from members(one) if get_args(one) else (one,)


def shapes(union: Any) -> dict[str, set[str]]:
    """The fields of each member of a union, by its kind."""
    return {one.kind: {field.name for field in fields(one)} for one in members(union)}


@pytest.mark.parametrize(("part", "union"), [("events", Event), ("operations", Operation)])
def test_every_kind_that_is_in_a_log_is_known_with_all_its_fields(part: str, union: Any) -> None:
    now = shapes(union)
    assert {kind: set(names) - now.get(kind, set()) for kind, names in NAMES[part].items() if kind in now} == {
        kind: set() for kind in NAMES[part]
    }


@pytest.mark.parametrize(("part", "shape"), [("entry", Entry), ("evidence", Evidence)])
def test_what_events_hold_keeps_its_fields(part: str, shape: Any) -> None:
    assert set(NAMES[part]) <= {field.name for field in fields(shape)}


def rows(project: Path) -> dict[tuple[str, int], dict[str, Any]]:
    with closing(sqlite3.connect(project / ".agent" / NAME)) as connection:
        found = connection.execute("SELECT session, seq, body FROM events").fetchall()
    return {(session, seq): json.loads(body) for session, seq, body in found}


def test_every_event_is_read_and_says_what_it_said(project: Path) -> None:
    before = rows(project)
    with closing(SqliteEventStore(project / ".agent" / NAME)) as database:
        assert database.repair == ""
        read: dict[str, tuple[Logged, ...]] = {name: tuple(database.read(name)) for name in ("s", "t")}
        assert [(row.id, row.objective, row.turns, row.ended) for row in database.sessions()] == [
            ("t", "Mend the door", 1, False), ("s", "Lending tools", 3, True),
        ]  # fmt: skip
        assert database.pending() == ("t",)
        assert [match.session for match in database.recall("neighbours")] == ["s"]
        assert [text for _, text in database.archives()] == [ARCHIVE]
    assert {one.event.kind for one in read["s"]} == set(NAMES["events"])
    for name, log in read.items():
        for one in log:
            said = json.loads(codec.encode_event(one.event))
            if isinstance(one.event, FileInjected):
                # The line that names the file stood in the text: it is made with the view now, and is the same.
                said["text"] = shown_text(one.event)
            assert still_says(said, before[name, one.seq]), one.event.kind
    assert rows(project) == before


def folded(now: Session) -> dict[str, Any]:
    """What `folded.json` has of a session."""
    return {
        "name": now.id,
        "turns": [[turn.number, turn.ending, [item.kind for item in turn.items]] for turn in now.turns],
        "through": now.through,
        "ended": now.ended,
        "role": now.role,
        "model": now.model,
        "limit": now.limit,
        "masked": sorted(now.masked),
        "undone": sorted(now.undone),
        "files": sorted(now.files),
        "registry": {path: [seen.form, seen.digest, seen.by] for path, seen in now.registry.items()},
        "checkpoints": [one.id for one in now.checkpoints],
        "archive": now.archive,
        "ledger": {
            one.id: [one.kind, one.text, one.why, one.author, one.state, one.resolution, one.pinned]
            for one in now.ledger.entries.values()
        },
    }


def test_the_session_is_what_its_own_version_made_of_the_log(project: Path) -> None:
    with closing(SqliteEventStore(project / ".agent" / NAME)) as database:
        assert folded(fold(database.read("s"))) == FOLDED


def test_the_tables_keep_their_columns(project: Path) -> None:
    with closing(SqliteEventStore(project / ".agent" / NAME)):
        pass
    with closing(sqlite3.connect(project / ".agent" / NAME)) as connection:
        for table, columns in NAMES["tables"].items():
            there = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            assert set(columns) <= set(there), table


def test_an_archive_with_ids_keeps_its_lines_and_gets_none_twice(project: Path) -> None:
    read = parse_archive(ARCHIVE, "toolshed")
    kept = iter(archive_markdown(read).splitlines())
    assert all(line in kept for line in ARCHIVE.splitlines())
    with closing(SqliteEventStore(project / ".agent" / NAME)) as database:
        now = fold(database.read("s"))
    again = distill(now, ARCHIVE, 2_000, count)
    for line in ARCHIVE.splitlines():
        if line.startswith("- "):
            assert again.count(line.partition(" <!--")[0]) == 1
            assert line in again


@pytest.mark.parametrize("name", NAMES["settings"])
def test_a_setting_is_still_there_and_takes_what_it_took(name: str) -> None:
    was, now = NAMES["settings"][name], MANIFEST["configuration"]["properties"][name]
    assert now["type"] == was["type"]
    assert set(was.get("enum", ())) <= set(now.get("enum", was.get("enum", ())))
    assert now.get("minimum", float("-inf")) <= was.get("minimum", float("-inf"))
    assert now.get("maximum", float("inf")) >= was.get("maximum", float("inf"))
    assert {f"throughline.{one.name}": one.field for one in SETTINGS}[name] == was["option"]


def test_the_options_that_a_settings_file_makes_are_taken_at_their_ends() -> None:
    known = {field.name for field in fields(Options)}
    assert set(NAMES["options"]) <= known
    given: dict[str, Any] = {one.field: one.default for one in SETTINGS if one.field in known}
    data = protocol_codec.encode(Options(**{"version": 1, "demo": "", **given}))
    for was in NAMES["settings"].values():
        for value in (*was.get("enum", ()), *(was[end] for end in ("minimum", "maximum") if end in was)):
            if was["option"] in known:
                taken = protocol_codec.decode(Options, {**data, was["option"]: value})
                assert getattr(taken, was["option"]) == value


def test_commands_of_the_editor_and_methods_of_the_protocol_keep_their_names() -> None:
    assert set(NAMES["editor_commands"]) <= {one["command"] for one in MANIFEST["commands"]}
    assert set(NAMES["methods"]) <= {one.name for one in (*REQUESTS, *NOTIFICATIONS)}


@pytest.mark.parametrize("name", NAMES["commands"])
def test_a_command_takes_the_words_that_it_took(name: str) -> None:
    was, now = NAMES["commands"][name], commands.commands[name]
    options = [one for one in now.params if isinstance(one, click.Option)]
    assert [one.name for one in now.params if isinstance(one, click.Argument)] == was["arguments"]
    assert set(was["options"]) <= {text for one in options for text in (*one.opts, *one.secondary_opts)}
    choices = {one.opts[-1]: one.type.choices for one in options if isinstance(one.type, click.Choice)}
    assert all(set(words) <= set(choices[option]) for option, words in was["choices"].items())


def test_the_chats_commands_and_the_prompts_files_keep_their_names() -> None:
    assert set(NAMES["chat"]) <= set(COMMANDS)
    assert set(NAMES["prompts"]) <= set(PROMPTS)


LINES: list[tuple[str, str]] = [
    ("sessions", "Lending tools"),
    ("sessions --json", '"Mend the door"'),
    ("status s", "compactions"),
    ("status s --json", '"turns"'),
    ("summary s", "Keep loans in `sqlite`, one file"),
    ("archive", "A loan lasts 7 days"),
    ("archive t --diff", ""),
    ("files s --json", "shed/lend.py"),
    ("recall neighbours", "neighbours"),
    ("recall neighbours --session s --limit 3 --json", "neighbours"),
    ("export s", "borrow a tool"),
    ("archive t --reject", ""),
    ("forget t --yes", ""),
]


@pytest.mark.parametrize(("line", "said"), LINES, ids=[line for line, _ in LINES])
def test_the_command_line_works_over_its_database(project: Path, line: str, said: str) -> None:
    ran = CliRunner().invoke(commands, [*line.split(), "--project", str(project)], obj=Container())
    assert (ran.exit_code, ran.exception) == (0, None), ran.output
    assert said in ran.output
