"""The files that differ between two states of a repository: real ones, made here."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from throughline.domain.changes import ComparedRevisions, FileChange, FileSide
from throughline.workspace.git import Git, GitError
from throughline.workspace.git_diff import GitDiff
from unit.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "shed")


def read(repository: Repository, span: ComparedRevisions | None = None, below: str = ".") -> dict[str, FileChange]:
    deltas = list(GitDiff(Git(repository.root / below)).read(span or ComparedRevisions()))
    assert [delta.path for delta in deltas] == sorted({delta.path for delta in deltas})
    return {delta.path: delta for delta in deltas}


def texts(deltas: dict[str, FileChange]) -> dict[str, tuple[str | None, str | None]]:
    return {
        path: (one.before.text if one.before else None, one.after.text if one.after else None)
        for path, one in deltas.items()
    }


def test_a_working_tree_is_compared_with_the_last_commit_new_files_among_it(repository: Repository) -> None:
    repository.commit(a_py="a = 1\n", gone_py="x\n", same_py="y\n")
    repository.write("a.py", "a = 2\n")
    repository.write("new/b.py", "b = 1\n")
    repository.write("ignored.log", "x")
    repository.write(".gitignore", "*.log\n")
    (repository.root / "gone.py").unlink()
    assert texts(read(repository)) == {
        ".gitignore": (None, "*.log\n"), "a.py": ("a = 1\n", "a = 2\n"), "gone.py": ("x\n", None),
        "new/b.py": (None, "b = 1\n"),
    }  # fmt: skip
    assert read(repository, below="new").keys() == {"new/b.py"}


def test_the_index_a_revision_and_a_range_are_compared_by_themselves(repository: Repository) -> None:
    first = repository.commit(a_py="1\n")
    second = repository.commit(a_py="2\n")
    repository.write("a.py", "3\n")
    repository.git("add", "a.py")
    repository.write("a.py", "4\n")
    assert texts(read(repository)) == {"a.py": ("2\n", "4\n")}
    assert texts(read(repository, ComparedRevisions(staged=True))) == {"a.py": ("2\n", "3\n")}
    assert texts(read(repository, ComparedRevisions(first))) == {"a.py": ("1\n", "4\n")}
    assert texts(read(repository, ComparedRevisions(first, second))) == {"a.py": ("1\n", "2\n")}
    assert texts(read(repository, ComparedRevisions(first, staged=True))) == {"a.py": ("1\n", "3\n")}


def test_a_range_from_where_two_branches_parted(repository: Repository) -> None:
    base = repository.commit(a_py="1\n")
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit(b_py="1\n")
    repository.git("checkout", "--quiet", "main")
    repository.commit(a_py="2\n")
    assert GitDiff(Git(repository.root)).base("main", "side") == base
    assert read(repository, ComparedRevisions(base, "side")).keys() == {"b.py"}


@pytest.mark.parametrize("staged", [True, False])
def test_a_rename_is_known_whether_git_was_told_or_not(repository: Repository, staged: bool) -> None:
    text = "".join(f"line {n}\n" for n in range(20))
    repository.commit(old_txt=text, other_txt="x\n")
    (repository.root / "old.txt").rename(repository.root / "new.txt")
    repository.write("new.txt", f"{text}more\n")
    index = (repository.root / ".git" / "index").read_bytes()
    if staged:
        repository.git("add", "--all")
        index = (repository.root / ".git" / "index").read_bytes()
    one = read(repository)
    assert one.keys() == {"new.txt"}
    assert one["new.txt"].was == "old.txt"
    assert texts(one)["new.txt"] == (text, f"{text}more\n")
    assert (repository.root / ".git" / "index").read_bytes() == index


NAMES = [
    "a b.txt",
    "quote\"d'.txt",
    "line\nend.txt",
    "tab\there.txt",
    "über/ß.txt",
    "-dash.txt",
    ":(glob)x.txt",
    "*.txt",
]


@pytest.mark.skipif(sys.platform == "win32", reason="such names are not possible there")
def test_any_name_is_a_name(repository: Repository) -> None:
    for name in NAMES:
        repository.write(name, "1\n")
    repository.commit()
    for name in NAMES:
        repository.write(name, "2\n")
        repository.write(f"new {name}", "n\n")
    raw = os.fsencode(repository.root) + b"/\xff.txt"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    found = read(repository)
    assert found.keys() == {*NAMES, *(f"new {name}" for name in NAMES), os.fsdecode(b"\xff.txt")}
    assert all(found[name].before is not None for name in NAMES)


def test_what_is_no_plain_text_is_told_by_its_kind(repository: Repository) -> None:
    repository.write("a.bin", b"\0\1\2")
    repository.write("utf16.txt", "a\n".encode("utf-16"))
    repository.write("run.sh", "x\n")
    (repository.root / "link").symlink_to("run.sh")
    repository.commit()
    repository.write("a.bin", b"\0\1\2\3")
    repository.write("utf16.txt", "b\n".encode("utf-16"))
    (repository.root / "run.sh").chmod(0o755)
    (repository.root / "link").unlink()
    (repository.root / "link").symlink_to("nowhere")
    found = read(repository)
    assert found["a.bin"] == FileChange("a.bin", FileSide(size=3), FileSide(size=4))
    assert texts(found)["utf16.txt"] == ("a\n", "b\n")
    assert found["link"] == FileChange("link", FileSide("link", "run.sh"), FileSide("link", "nowhere"))
    run = found["run.sh"]
    assert [side.executable for side in (run.before, run.after) if side] == [False, True]


def test_a_submodule_is_its_commit(repository: Repository, tmp_path: Path) -> None:
    inner = Repository(tmp_path / "inner")
    first = inner.commit(a_py="1\n")
    repository.git("submodule", "--quiet", "add", inner.root, "lib")
    repository.commit()
    second = Repository(repository.root / "lib").commit(a_py="2\n")
    assert read(repository) == {"lib": FileChange("lib", FileSide("submodule", first), FileSide("submodule", second))}
    repository.write("lib/a.py", "3\n")
    repository.git("add", "lib")
    assert read(repository, ComparedRevisions(staged=True))["lib"].after == FileSide("submodule", second)
    # One that is there but not checked out has not changed.
    repository.git("commit", "--quiet", "-m", "x")
    repository.git("submodule", "--quiet", "deinit", "--force", "lib")
    assert read(repository) == {}


def test_a_repository_without_commits_is_all_new(repository: Repository) -> None:
    repository.write("a.py", "1\n")
    repository.git("add", "a.py")
    repository.write("b.py", "2\n")
    assert texts(read(repository)) == {"a.py": (None, "1\n"), "b.py": (None, "2\n")}
    assert texts(read(repository, ComparedRevisions(staged=True))) == {"a.py": (None, "1\n")}
    with pytest.raises(GitError, match="no revision 'HEAD~1'"):
        read(repository, ComparedRevisions("HEAD~1"))


def test_a_conflict_is_said_to_be_one(repository: Repository) -> None:
    repository.commit(a_py="1\n", b_py="1\n")
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit(a_py="2\n")
    repository.git("checkout", "--quiet", "main")
    repository.commit(a_py="3\n")
    with pytest.raises(Exception, match="merge"):
        repository.git("merge", "side")
    found = read(repository)
    assert found.keys() == {"a.py"}
    assert found["a.py"].unmerged
    assert "<<<<<<< " in (texts(found)["a.py"][1] or "")
    assert read(repository, ComparedRevisions(staged=True))["a.py"].unmerged


def test_a_shallow_clone_says_what_it_misses(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit(a_py="1\n")
    repository.commit(a_py="2\n")
    repository.git("clone", "--quiet", "--depth", "1", f"file://{repository.root}", tmp_path / "copy")
    copy = Repository(tmp_path / "copy")
    copy.write("a.py", "3\n")
    assert texts(read(copy)) == {"a.py": ("2\n", "3\n")}
    with pytest.raises(GitError, match="shallow: git fetch --unshallow"):
        read(copy, ComparedRevisions(first))


def test_a_bare_repository_knows_ranges_only(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a_py="1\n")
    repository.commit(a_py="2\n")
    repository.git("clone", "--quiet", "--bare", repository.root, tmp_path / "bare.git")
    deltas = GitDiff(Git(tmp_path / "bare.git"))
    assert [delta.path for delta in deltas.read(ComparedRevisions("HEAD~1", "HEAD"))] == ["a.py"]
    with pytest.raises(GitError, match="no working tree: name a range"):
        list(deltas.read(ComparedRevisions()))


def test_no_setting_of_the_users_takes_part(repository: Repository, tmp_path: Path) -> None:
    text = "".join(f"line {n}\n" for n in range(20))
    trap = repository.write("trap.sh", f"#!/bin/sh\ntouch {tmp_path / 'ran'}\necho nothing\n")
    trap.chmod(trap.stat().st_mode | stat.S_IXUSR)
    repository.commit(sub__a_py="1\n", old_txt=text, gen_txt="1\n")
    for name, value in {
        **dict.fromkeys(("diff.external", "diff.trap.command", "diff.trap.textconv", "core.fsmonitor"), str(trap)),
        "core.pager": str(trap), "color.ui": "always", "diff.noprefix": "true", "diff.relative": "true",
        "diff.renames": "false", "diff.orderFile": "/nowhere", "core.quotePath": "true", "diff.ignoreSubmodules": "all",
        "diff.mnemonicPrefix": "true", "status.showUntrackedFiles": "no",
    }.items():  # fmt: skip
        repository.git("config", name, value)
    repository.write(".gitattributes", "*.py diff=trap\ngen.txt linguist-generated\n")
    (repository.root / "old.txt").rename(repository.root / "new.txt")
    repository.write("sub/a.py", "2\n")
    repository.write("gen.txt", "2\n")
    found = read(repository)
    assert found.keys() == {".gitattributes", "gen.txt", "new.txt", "sub/a.py"}
    assert found["new.txt"].was == "old.txt"
    assert found["gen.txt"].generated
    assert not (tmp_path / "ran").exists()


def test_another_repository_in_the_environment_is_not_meant(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a_py="1\n")
    repository.write("a.py", "2\n")
    other = Repository(tmp_path / "other")
    misled = Git(repository.root, {**os.environ, "GIT_DIR": str(other.root / ".git"), "GIT_EXTERNAL_DIFF": "false"})
    assert [delta.path for delta in GitDiff(misled).read(ComparedRevisions())] == ["a.py"]


def test_files_too_large_are_not_read(repository: Repository) -> None:
    repository.write("big.txt", b"x" * 20_000_001)
    repository.commit()
    repository.write("big.txt", b"y" * 20_000_002)
    repository.write("small.txt", "z\n")
    found = read(repository)
    assert found["big.txt"] == FileChange("big.txt", FileSide(size=20_000_001), FileSide(size=20_000_002))
    assert texts(found)["small.txt"] == (None, "z\n")


@pytest.mark.parametrize("name", ["nope", "-p", "--output=x", "a\0b", "HEAD~99", "HEAD:a.py", "..", "@{u}", ""])
def test_what_is_no_revision_is_one_clear_line(repository: Repository, name: str) -> None:
    repository.commit(a_py="1\n")
    with pytest.raises(GitError, match="There is no revision") as caught:
        read(repository, ComparedRevisions("HEAD", name) if name else ComparedRevisions("HEAD", " "))
    assert "\n" not in str(caught.value)
    assert not (repository.root / "x").exists()


def test_no_repository_and_no_git_are_clear(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="is not in a git repository"):
        list(GitDiff(Git(tmp_path)).read(ComparedRevisions()))
    with pytest.raises(GitError, match="git is not available"):
        list(GitDiff(Git(tmp_path, {"PATH": str(tmp_path)})).read(ComparedRevisions()))
    with pytest.raises(GitError, match="cannot be run in"):
        list(GitDiff(Git(tmp_path / "nowhere")).read(ComparedRevisions()))


def test_an_edit_in_the_second_of_the_commit_is_seen_beside_a_rename(repository: Repository) -> None:
    """Git may date by the second: of two edits of one size within it, only the content tells."""
    repository.git("config", "core.trustctime", "false")
    then = (1_700_000_000, 1_700_000_000)
    os.utime(repository.write("a.py", "a = 1\n"), then)
    repository.commit(old_py="x\n" * 9)
    os.utime(repository.write("a.py", "a = 2\n"), then)
    os.utime(repository.root / ".git" / "index", then)
    (repository.root / "old.py").rename(repository.root / "new.py")
    assert read(repository).keys() == {"a.py", "new.py"}
