"""Git, asked about one folder.

By git's own commands and not by GitPython: that one decodes the output and strips its end, where a path may be any
bytes and a blob's last line end counts, and it takes a tenth of a second to import. Only plumbing is asked, so that no
external diff, text conversion, pager, colour or prompt of the user's takes part in the answer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve, field, frozen

from throughline.domain.errors import UserError

# Git answers a question of plumbing in far less, in a big repository too.
PATIENCE = 120.0
PROGRAM = ("git", "--no-optional-locks", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_SHALLOW = " This clone is shallow: git fetch --unshallow brings the rest."


class GitError(UserError):
    """Git is not there, or cannot say what was asked."""


def _inherited() -> Mapping[str, str]:
    return os.environ


@frozen
class Git:
    """The repository around a folder, with its own index or another one. Every method raises GitError, one line that
    says what to do.
    """

    folder: Path
    inherited: Mapping[str, str] = field(factory=_inherited)
    index: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What git is run with. A caller's GIT_DIR must not lead to another repository than the folder's own."""
        kept = {name: value for name, value in self.inherited.items() if not name.startswith("GIT_")}
        index = {"GIT_INDEX_FILE": str(self.index)} if self.index else {}
        return kept | index | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}

    def run(self, *arguments: str, given: bytes = b"", at: Path | None = None) -> bytes:
        """What a git command prints."""
        try:
            done = subprocess.run(
                [*PROGRAM, *arguments], cwd=at or self.folder, env=self.environment, input=given,
                capture_output=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise GitError(f"git {arguments[0]} took longer than {PATIENCE:.0f} seconds.") from None
        except OSError as error:
            raise unavailable(error, at or self.folder) from None
        if done.returncode != 0:
            raise GitError(_complaint(done.stderr, self.folder))
        return done.stdout

    def top(self) -> Path | None:
        """The top of the working tree, or None where the repository has none."""
        if self.run("rev-parse", "--is-inside-work-tree").strip() != b"true":
            return None
        return Path(os.fsdecode(self.run("rev-parse", "--show-toplevel").rstrip(b"\n"))).resolve()

    def commit(self, name: str) -> str:
        """The id of the commit that a revision names."""
        if "\0" not in name:
            try:
                asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
                return self.run(*asked).decode().strip()
            except GitError:
                self.run("rev-parse", "--git-dir")
        raise GitError(f"There is no revision {name!r} in this repository.{self._shallow()}")

    def head(self) -> str:
        """The last commit, or the empty tree where there is none."""
        try:
            return self.commit("HEAD")
        except GitError:
            return self.run("hash-object", "-t", "tree", "--stdin").decode().strip()

    def base(self, one: str, other: str) -> str:
        """The commit at which two revisions parted."""
        ends = [self.commit(name) for name in (one, other)]
        try:
            return self.run("merge-base", *ends).decode().split()[0]
        except GitError:
            raise GitError(f"{one} and {other} have no commit in common here.{self._shallow()}") from None

    def files(self) -> tuple[str, ...]:
        """The files below the folder that no ignore file excludes, relative to it, submodules among them."""
        return names(self.run("ls-files", "-z", "--cached", "--others", "--exclude-standard"))

    @contextmanager
    def with_copied_index(self, at: Path | None = None) -> Iterator[Git]:
        """The same repository with a copy of its index, to be changed and thrown away: what the index knows of
        unchanged files saves reading them.
        """
        known = (at or self.folder) / os.fsdecode(self.run("rev-parse", "--git-path", "index", at=at).rstrip(b"\n"))
        with tempfile.TemporaryDirectory(prefix="throughline-") as folder:
            index = Path(folder) / "index"
            if known.exists():
                # With its time: what was written in the same second as the index is what git does not trust it about.
                shutil.copy2(known, index)
            yield evolve(self, index=index)

    def _shallow(self) -> str:
        return _SHALLOW if self.run("rev-parse", "--is-shallow-repository").strip() == b"true" else ""


# The modes of what is not there, a link, and a repository inside the repository.
ABSENT, LINK, SUBMODULE = "000000", "120000", "160000"


@frozen
class RawChange:
    """A line of a comparison by git: modes and object ids before and after, the status letter, and the paths, two of
    a rename and a copy.
    """

    modes: tuple[str, str]
    ids: tuple[str, str]
    status: str
    paths: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path that it has now."""
        return self.paths[-1]


def raw_changes(listed: bytes) -> Iterator[RawChange]:
    """The lines of `--raw -z`: a head, then a path, or two for a rename and a copy."""
    parts = iter(listed.split(b"\0"))
    for head in parts:
        if not head:
            return
        before, after, one, other, status = head.decode().removeprefix(":").split(" ")
        paths = [next(parts) for _ in range(2 if status[0] in "RC" else 1)]
        yield RawChange((before, after), (one, other), status, tuple(os.fsdecode(path) for path in paths))


def names(listed: bytes) -> tuple[str, ...]:
    """Paths that end with a zero byte each, every one once; bytes that are no UTF-8 are kept."""
    return tuple(dict.fromkeys(os.fsdecode(name) for name in listed.split(b"\0") if name))


def unavailable(error: OSError, folder: Path) -> GitError:
    """Why git could not be started."""
    if isinstance(error, FileNotFoundError | NotADirectoryError) and folder.is_dir():
        return GitError("git is not available: install it, or put it on the path.")
    return GitError(f"git cannot be run in {folder}: {error.strerror}.")


def _complaint(said: bytes, folder: Path) -> str:
    """Git's own complaint as one line."""
    text = " ".join(said.decode("utf-8", "replace").split())
    if "not a git repository" in text:
        return f"{folder} is not in a git repository: run git init, or name another folder."
    if "dubious ownership" in text:
        return f"{folder} belongs to another user, and git does not trust it: git config --global safe.directory."
    reason = text.removeprefix("fatal: ").rstrip(".")
    return f"git could not say: {reason}." if reason else "git failed and did not say why."
