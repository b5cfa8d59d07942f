"""Checkpoints: what they bring back, and what of the user's they never touch."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from throughline.domain.ports import CheckpointError
from throughline.workspace.checkpoints import WorkspaceCheckpoints
from throughline.workspace.workspace_files import LARGEST

Make = Callable[[Path], WorkspaceCheckpoints]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def plain(root: Path) -> WorkspaceCheckpoints:
    root.mkdir(parents=True, exist_ok=True)
    return WorkspaceCheckpoints(root, root / ".agent" / "checkpoints")


def repository(root: Path) -> WorkspaceCheckpoints:
    made = plain(root)
    git(root, "init", "-q")
    return made


def committed(root: Path) -> WorkspaceCheckpoints:
    made = repository(root)
    (root / "first.txt").write_text("first\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    return made


def inside(root: Path) -> WorkspaceCheckpoints:
    """A folder within a repository, whose other files are not its business."""
    committed(root.parent)
    return plain(root)


MAKES: list[Make] = [plain, repository, committed, inside]


def state(root: Path) -> dict[str, tuple[str, int]]:
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.split("/")[0] in (".git", ".agent") or path.is_dir():
            continue
        text = os.fspath(path.readlink()) if path.is_symlink() else path.read_bytes().decode("latin-1")
        found[name] = (text, 0 if path.is_symlink() else path.stat().st_mode & 0o777)
    return found


@pytest.mark.parametrize("make", MAKES)
def test_files_come_back_as_they_were(tmp_path: Path, make: Make) -> None:
    root = tmp_path / "outer" / "root"
    kept = make(root)
    (root / ".gitignore").write_text("*.log\n")
    (root / "run.sh").write_text("echo\n")
    (root / "run.sh").chmod(0o755)
    (root / "bin.dat").write_bytes(bytes(range(256)))
    (root / "dos.txt").write_bytes(b"a\r\nb\r\n")
    (root / "sub").mkdir()
    (root / "sub" / "ü b.txt").write_text("x\n")
    (root / "link").symlink_to("run.sh")
    (root / "app.log").write_text("before\n")
    before = state(root)
    made = kept.take("s/1")
    assert kept.changes(made.id) == ()
    (root / "run.sh").write_text("rm\n")
    (root / "run.sh").chmod(0o644)
    (root / "bin.dat").unlink()
    (root / "dos.txt").write_bytes(b"a\nb\n")
    (root / "sub" / "ü b.txt").unlink()
    (root / "sub").rmdir()
    (root / "sub").write_text("now a file\n")
    (root / "link").unlink()
    (root / "new" / "deep").mkdir(parents=True)
    (root / "new" / "deep" / "n").write_text("n\n")
    (root / "app.log").write_text("after\n")
    changed = {one.path: (one.before, one.after) for one in kept.changes(made.id)}
    assert changed["dos.txt"] == ("a\r\nb\r\n", "a\nb\n")
    assert changed["new/deep/n"] == (None, "n\n")
    assert changed["link"][0] == "run.sh"
    restored = kept.restore(made.id)
    assert set(restored) == set(changed) >= {"run.sh", "bin.dat", "sub", "sub/ü b.txt", "link", "new/deep/n"}
    assert state(root) == before | {"app.log": ("after\n", before["app.log"][1])}
    assert not (root / "new").exists()
    assert kept.changes(made.id) == ()


def test_the_users_index_stash_and_branches_stay_as_they_are(tmp_path: Path) -> None:
    kept = committed(tmp_path)
    hook = tmp_path / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch hook-ran\n")
    hook.chmod(0o755)
    (tmp_path / "first.txt").write_text("stashed\n")
    git(tmp_path, "-c", "core.hooksPath=/dev/null", "stash")
    (tmp_path / "first.txt").write_text("staged\n")
    git(tmp_path, "add", "first.txt")
    (tmp_path / "first.txt").write_text("in the tree\n")
    (tmp_path / "loose.txt").write_text("new\n")

    def seen() -> list[str]:
        asked = (
            "status --porcelain",
            "stash list",
            "branch -a",
            "ls-files -s",
            "log --oneline",
            "diff --cached",
            "tag",
        )
        return [git(tmp_path, *one.split()) for one in asked]

    before, index = seen(), (tmp_path / ".git" / "index").read_bytes()
    made = kept.take("s/1")
    (tmp_path / "first.txt").write_text("by the agent\n")
    kept.restore(made.id)
    assert (tmp_path / ".git" / "index").read_bytes() == index
    assert seen() == before
    assert (tmp_path / "first.txt").read_text() == "in the tree\n"
    assert not (tmp_path / "hook-ran").exists()
    assert git(tmp_path, "for-each-ref", "refs/throughline", "--format=%(refname)") == "refs/throughline/s/1\n"


def test_what_is_too_large_is_left_out_and_named(tmp_path: Path) -> None:
    for make in (plain, committed):
        root = tmp_path / make.__name__
        kept = make(root)
        with (root / "huge.bin").open("wb") as file:
            file.truncate(LARGEST + 1)
        assert kept.take("s/1").left_out == ("huge.bin",)


def test_a_repository_inside_and_a_conflict_do_no_harm(tmp_path: Path) -> None:
    kept = committed(tmp_path)
    repository(tmp_path / "inner")
    (tmp_path / "inner" / "x").write_text("x\n")
    git(tmp_path, "checkout", "-qb", "other")
    (tmp_path / "first.txt").write_text("theirs\n")
    git(tmp_path, "commit", "-qam", "theirs")
    git(tmp_path, "checkout", "-q", "-")
    (tmp_path / "first.txt").write_text("ours\n")
    git(tmp_path, "commit", "-qam", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        git(tmp_path, "merge", "-q", "other")
    conflict = (tmp_path / "first.txt").read_text()
    made = kept.take("s/1")
    (tmp_path / "first.txt").write_text("resolved\n")
    assert kept.restore(made.id) == ("first.txt",)
    assert (tmp_path / "first.txt").read_text() == conflict
    assert git(tmp_path, "status", "--porcelain", "first.txt").startswith("AA") or "UU" in git(
        tmp_path, "status", "--porcelain", "first.txt"
    )
    assert (tmp_path / "inner" / "x").exists()


@pytest.mark.parametrize("name", ["copies-gone", "0" * 40, "../../etc", "--all", ""])
def test_a_checkpoint_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    kept = committed(tmp_path)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        kept.restore(name)
