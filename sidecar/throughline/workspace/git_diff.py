"""Differences between two states of a repository: each changed file whole, read through git's objects."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from attrs import frozen

from throughline.domain.changes import ComparedRevisions, FileChange, FileSide
from throughline.workspace.git import (
    ABSENT,
    LINK,
    PROGRAM,
    SUBMODULE,
    Git,
    GitError,
    RawChange,
    names,
    raw_changes,
    unavailable,
)
from throughline.workspace.workspace_files import LARGEST, decoded

_PIECE = 1 << 20


class GitObjects:
    """A running `git cat-file --batch`."""

    def __init__(self, asked: IO[bytes], answered: IO[bytes]) -> None:
        self._asked = asked
        self._answered = answered

    def read(self, name: str) -> tuple[int, bytes | None]:
        """An object's size in bytes and its content, None for one that is too large. Raises GitError."""
        try:
            self._asked.write(name.encode() + b"\n")
            self._asked.flush()
        except OSError:
            raise GitError("git stopped while it was read: try again.") from None
        head = self._answered.readline().split()
        if len(head) != 3:
            raise GitError(f"The object {name} is not in this repository: fetch it, or run git fsck.")
        size = int(head[2])
        if size > LARGEST:
            self._skip(size + 1)
            return size, None
        return size, self._answered.read(size + 1)[:size]

    def _skip(self, size: int) -> None:
        while size > 0:
            size -= len(self._answered.read(min(size, _PIECE))) or size


@contextmanager
def blobs(git: Git) -> Iterator[GitObjects]:
    """Starts the process, and ends it."""
    try:
        process = subprocess.Popen(
            [*PROGRAM, "cat-file", "--batch"], cwd=git.folder, env=git.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise unavailable(error, git.folder) from None
    with process:
        assert process.stdin
        assert process.stdout
        try:
            yield GitObjects(process.stdin, process.stdout)
        finally:
            # Its end of input ends it; one that is stuck is not waited for.
            process.kill()


# Whatever the user's configuration says of diffs, these say otherwise.
_DIFF = (
    "diff", "--raw", "-z", "--no-abbrev", "-M", "-l0", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative",
    "--ignore-submodules=none", "-O/dev/null",
)  # fmt: skip
_PLAIN, _RUNS = "100644", "100755"


@frozen
class GitDiff:
    """The changes of one repository, below one folder of it."""

    git: Git

    def read(self, span: ComparedRevisions) -> Iterator[FileChange]:
        """The files that changed, by path; paths are relative to the top. In a working tree, new files that are not
        yet known to git are among them. Raises GitError.
        """
        top, live = self.git.top(), not (span.end or span.staged)
        if live and top is None:
            raise GitError(f"{self.git.folder} has no working tree: name a range such as HEAD~1..HEAD.")
        root = top or self.git.folder
        start, ends = self._ends(span)
        raws = self._raws(self.git, start, *ends)
        fresh = names(self.git.run("ls-files", "-z", "--others", "--exclude-standard", "--full-name")) if live else ()
        # A path that ends so is a repository of its own.
        new = [path for path in fresh if not path.endswith("/")]
        if new and any(raw.status == "D" for raw in raws):
            raws = self._moved(root, start, new)
        unmerged = set() if span.end else self._unmerged(top)
        found = {raw.path: raw for raw in sorted(raws, key=lambda raw: raw.status != "U")}
        found = {path: RawChange((ABSENT, _PLAIN), ("", ""), "A", (path,)) for path in new} | found
        mine = sorted(path for path in found if self._below(top, path))
        generated = self._generated(root, mine)
        with blobs(self.git) as stored:
            for path in mine:
                raw = found[path]
                before = _stored(raw.modes[0], raw.ids[0], stored)
                after = self._now(root, raw) if live else _stored(raw.modes[1], raw.ids[1], stored)
                was = raw.paths[0] if raw.status.startswith("R") else ""
                if before is not None or after is not None or path in unmerged:
                    yield FileChange(path, before, after, was, path in generated, path in unmerged)

    def base(self, one: str, other: str) -> str:
        """The commit at which two revisions parted. Raises GitError."""
        return self.git.base(one, other)

    def _ends(self, span: ComparedRevisions) -> tuple[str, list[str]]:
        """The start as an object id, and the arguments that say where the comparison ends."""
        start = self.git.commit(span.start) if span.start else self.git.head()
        if span.end:
            return start, [self.git.commit(span.end)]
        return start, ["--cached"] if span.staged else []

    def _raws(self, git: Git, *ends: str) -> tuple[RawChange, ...]:
        return tuple(raw_changes(git.run(*_DIFF, *ends, "--")))

    def _moved(self, root: Path, start: str, new: Sequence[str]) -> tuple[RawChange, ...]:
        """The same with git's eye on new files: one that it does not know yet may be a known one under a new name.
        They are put into a copy of its index, which is thrown away.
        """
        with self.git.with_copied_index(root) as git:
            given = b"".join(os.fsencode(path) + b"\0" for path in new)
            add = ("add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul")
            git.run("--literal-pathspecs", *add, given=given, at=root)
            return self._raws(git, start)

    def _unmerged(self, top: Path | None) -> set[str]:
        """The paths whose conflicts nobody has resolved."""
        if top is None:
            return set()
        listed = names(self.git.run("ls-files", "--unmerged", "-z", at=top))
        return {row.partition("\t")[2] for row in listed}

    def _below(self, top: Path | None, path: str) -> bool:
        folder = self.git.folder.resolve()
        return top is None or folder == top or (top / path).is_relative_to(folder)

    def _generated(self, root: Path, paths: Sequence[str]) -> set[str]:
        """The paths that `.gitattributes` calls generated."""
        if not paths:
            return set()
        given = b"".join(os.fsencode(path) + b"\0" for path in paths)
        answer = self.git.run("check-attr", "-z", "--stdin", "linguist-generated", given=given, at=root)
        parts = answer.split(b"\0")
        rows = zip(parts[0::3], parts[2::3], strict=False)
        return {os.fsdecode(path) for path, value in rows if value in {b"set", b"true"}}

    def _now(self, root: Path, raw: RawChange) -> FileSide | None:
        """A file as it is in the working tree now; None where it is gone."""
        path = root / raw.path
        if raw.modes[1] == ABSENT and raw.status != "U":
            return None
        try:
            if raw.modes[1] == SUBMODULE:
                # In a folder that is no repository of its own, git would speak of the one around it.
                own = (path / ".git").exists()
                return FileSide("submodule", self.git.run("rev-parse", "HEAD", at=path).decode().strip() if own else "")
            if path.is_symlink():
                return FileSide("link", os.fsdecode(path.readlink()))
            if not path.is_file():
                return None
            state = path.stat()
            data = path.read_bytes() if state.st_size <= LARGEST else None
        except OSError:
            return None
        return _side(state.st_size, data, runs=bool(state.st_mode & 0o100))


def _stored(mode: str, name: str, stored: GitObjects) -> FileSide | None:
    if mode == ABSENT or not name:
        return None
    if mode == SUBMODULE:
        return FileSide("submodule", name)
    size, data = stored.read(name)
    if mode == LINK:
        return FileSide("link", os.fsdecode(data or b""))
    return _side(size, data, runs=mode == _RUNS)


def _side(size: int, data: bytes | None, *, runs: bool) -> FileSide:
    return FileSide("file", None if data is None else decoded(data), size, runs)
