"""A file is replaced whole or not at all, with the mode that was asked for, and no draft stays behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from throughline.atomic_write import PRIVATE, SHARED, write_atomically

POSIX = pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
LONGEST = "ü" * 127


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize(
    ("content", "kept"),
    [("a\r\nb\n", b"a\r\nb\n"), (b"\xff\x00", b"\xff\x00"), ("half \ud800", b"half ?"), ("", b"")],
)
@pytest.mark.parametrize("name", ["a.txt", ".hidden", LONGEST])
def test_the_content_is_in_the_place_of_what_was_there(
    tmp_path: Path, name: str, content: str | bytes, kept: bytes, durable: bool
) -> None:
    path = tmp_path / name
    for _ in range(2):
        write_atomically(path, content, durable=durable)
        assert path.read_bytes() == kept
    assert [one.name for one in tmp_path.iterdir()] == [name]


@POSIX
@pytest.mark.parametrize("mode", [SHARED, PRIVATE, 0o755, 0o400, None])
@pytest.mark.parametrize("before", [None, 0o600, 0o755])
def test_the_mode_is_the_one_asked_for_or_the_umasks(tmp_path: Path, mode: int | None, before: int | None) -> None:
    path = tmp_path / "a"
    if before is not None:
        path.write_text("old")
        path.chmod(before)
    (tmp_path / "plain").touch()
    write_atomically(path, "new", mode)
    usual = stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == (usual if mode is None else mode)


@POSIX
def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "far").write_text("far")
    (tmp_path / "link").symlink_to("far")
    write_atomically(tmp_path / "link", "near")
    assert (tmp_path / "far").read_text() == "far"
    assert not (tmp_path / "link").is_symlink()


def test_what_cannot_be_written_leaves_what_was_there_and_no_draft(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").write_text("kept")
    with pytest.raises((IsADirectoryError, FileNotFoundError, PermissionError)):
        write_atomically(tmp_path / "folder", "text")
    with pytest.raises((IsADirectoryError, FileNotFoundError, PermissionError)):
        write_atomically(tmp_path / "nowhere" / "a", "text")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
    assert (tmp_path / "folder" / "kept").read_text() == "kept"
