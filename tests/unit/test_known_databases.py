"""A database that was not made on this machine says so, once, and one that was says nothing."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from throughline.app.database_origin import is_foreign, origin_notice
from throughline.storage.event_store import SqliteEventStore
from throughline.workspace.user_state import NAME, KnownDatabases


def said(project: Path, home: Path) -> str:
    """What is said when a project is opened."""
    with closing(SqliteEventStore(project / ".agent" / "throughline.db")) as database:
        return is_foreign(database, project, KnownDatabases(home))


def begun(folder: Path, home: Path) -> Path:
    folder.mkdir(parents=True)
    assert said(folder, home) == ""
    return folder


def test_a_database_that_was_made_here_says_nothing(tmp_path: Path) -> None:
    project = begun(tmp_path / "project", tmp_path / "home")
    assert said(project, tmp_path / "home") == ""
    (row,) = json.loads((tmp_path / "home" / NAME).read_text())
    assert row["folder"] == str(project.resolve())
    assert row["made"] is True


def test_one_that_a_clone_brought_says_so(tmp_path: Path) -> None:
    project = begun(tmp_path / "project", tmp_path / "home")
    clone = tmp_path / "clone"
    shutil.copytree(project, clone)
    (tmp_path / "home" / NAME).unlink()
    assert said(clone, tmp_path / "home").startswith("This folder's database was not made on this machine: what ")
    # Nobody has been told in a session yet.
    assert said(clone, tmp_path / "home")
    with closing(SqliteEventStore(clone / ".agent" / "throughline.db")) as database:
        origin_notice(database, clone, KnownDatabases(tmp_path / "home"))
    assert said(clone, tmp_path / "home") == ""


def test_a_copy_beside_the_folder_that_it_was_made_in_says_so(tmp_path: Path) -> None:
    project = begun(tmp_path / "project", tmp_path / "home")
    shutil.copytree(project, tmp_path / "copy")
    assert said(tmp_path / "copy", tmp_path / "home")
    assert said(project, tmp_path / "home") == ""


def test_a_folder_that_was_moved_is_known(tmp_path: Path) -> None:
    project = begun(tmp_path / "project", tmp_path / "home")
    project.rename(tmp_path / "moved")
    assert said(tmp_path / "moved", tmp_path / "home") == ""
    begun(tmp_path / "project", tmp_path / "home")
    assert said(tmp_path / "moved", tmp_path / "home") == ""


def test_another_database_in_the_place_of_ones_own_says_so(tmp_path: Path) -> None:
    project, other = begun(tmp_path / "project", tmp_path / "home"), begun(tmp_path / "other", tmp_path / "home")
    shutil.copyfile(other / ".agent" / "throughline.db", project / ".agent" / "throughline.db")
    assert said(project, tmp_path / "home")


LISTS = ["", "no JSON", "{}", "[3]", '[{"machine": 1}]', "[" * 9_000, '[{"machine": "a", "folder": "b", "id": "c"}]']


@pytest.mark.parametrize("text", LISTS, ids=[text[:12] for text in LISTS])
def test_a_list_that_cannot_be_read_knows_nothing_and_is_written_anew(tmp_path: Path, text: str) -> None:
    project = begun(tmp_path / "project", tmp_path / "home")
    (tmp_path / "home" / NAME).write_text(text)
    assert said(project, tmp_path / "home")
    begun(tmp_path / "another", tmp_path / "home")
    assert said(tmp_path / "another", tmp_path / "home") == ""


def test_a_list_that_cannot_be_written_is_said_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").write_text("in the way")
    begun(tmp_path / "project", tmp_path / "home")
    assert "cannot be written" in caplog.text
    assert said(tmp_path / "project", tmp_path / "home")


@pytest.mark.parametrize(("machine", "standing"), [("one", "made"), ("two", "unknown")])
def test_a_home_that_machines_share_is_a_list_for_each(tmp_path: Path, machine: str, standing: str) -> None:
    KnownDatabases(tmp_path, "one").add(tmp_path, "a" * 32, made=True)
    assert KnownDatabases(tmp_path, machine).standing(tmp_path, "a" * 32) == standing
