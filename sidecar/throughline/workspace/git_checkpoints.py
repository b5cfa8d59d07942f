"""Checkpoints in a git repository, by plumbing that leaves the user's index, stash and branches alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import evolve

from throughline.domain.ports import Checkpoint, CheckpointError, FileDifference
from throughline.workspace.git import ABSENT, SUBMODULE, Git, GitError, RawChange, names, raw_changes
from throughline.workspace.workspace_files import LARGEST, decoded

# The session's own folder is not a part of what is worked on.
_MINE = ("--", ".", ":(exclude).agent")
# No hook of the user's is run, and nobody's name is needed.
_QUIETLY = ("-c", "core.hooksPath=/dev/null", "-c", "user.name=Throughline", "-c", "user.email=throughline@localhost")


class GitCheckpoints:
    """Trees of the files below one folder, kept by references below `refs/throughline/`."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._repository = Git(self._root)

    def usable(self) -> bool:
        """Whether the folder is in a working tree that does not ignore it."""
        try:
            inside = self._git("rev-parse", "--is-inside-work-tree").strip() == b"true"
            return inside and not self._ignored()
        except CheckpointError:
            return False

    def take(self, label: str) -> Checkpoint:
        """Keeps the files as they are now, under a label of words and slashes."""
        with self._index() as index:
            left_out = self._gather(index)
            tree = self._git("write-tree", index=index).decode().strip()
        commit = self._git("commit-tree", tree, "-m", f"Throughline checkpoint {label}").decode().strip()
        self._git("update-ref", f"refs/throughline/{label}", commit)
        return Checkpoint(commit, "git", left_out)

    def changes(self, id: str) -> tuple[FileDifference, ...]:  # noqa: A002
        """What differs now from a checkpoint, by path."""
        with self._index() as index:
            found = self._compared(id, index)
        return tuple(FileDifference(raw.path, self._stored(raw.modes[0], raw.ids[0]), self._now(raw)) for raw in found)

    def restore(self, id: str) -> tuple[str, ...]:  # noqa: A002
        """Brings the files back: the paths that changed. Files made since are taken away."""
        with self._index() as index:
            found = self._compared(id, index)
        made = [raw.path for raw in found if raw.modes[0] == ABSENT]
        back = [raw.path for raw in found if raw.modes[0] != ABSENT]
        for path in made:
            self._remove(path)
        if back:
            with tempfile.TemporaryDirectory(prefix="throughline-") as folder:
                index = Path(folder) / "index"
                self._git("read-tree", id, index=index)
                given = b"".join(os.fsencode(path) + b"\0" for path in back)
                self._git("checkout-index", "--force", "-z", "--stdin", index=index, given=given)
        return tuple(sorted((*made, *back)))

    def _gather(self, index: Path) -> tuple[str, ...]:
        """Puts the files into an index: those that are left out, being new and too large."""
        new = names(self._git("ls-files", "-z", "--others", "--exclude-standard", index=index))
        huge = tuple(path for path in new if self._size(path) > LARGEST)
        without = [f":(exclude,literal){path}" for path in huge]
        try:
            self._git("add", "--all", "--ignore-errors", *_MINE, *without, index=index)
        except CheckpointError as error:
            # What could be added is; a file that may not be read, or a repository without a commit, is not.
            return (*huge, f"({error})")
        return huge

    def _compared(self, id: str, index: Path) -> list[RawChange]:  # noqa: A002
        if not id.isalnum() or not self._is_commit(id):
            raise CheckpointError(f"There is no checkpoint {id} in this repository.")
        self._gather(index)
        tree = self._git("write-tree", index=index).decode().strip()
        listed = self._git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--relative", id, tree, *_MINE)
        return [raw for raw in raw_changes(listed) if SUBMODULE not in raw.modes]

    def _stored(self, mode: str, blob: str) -> str | None:
        return decoded(self._git("cat-file", "blob", blob)) if mode != ABSENT else None

    def _now(self, raw: RawChange) -> str | None:
        if raw.modes[1] == ABSENT:
            return None
        path = self._root / raw.path
        with suppress(OSError):
            if path.is_symlink():
                return os.fspath(path.readlink())
            if path.stat().st_size <= LARGEST:
                return decoded(path.read_bytes())
        return None

    def _remove(self, path: str) -> None:
        try:
            remove_file(self._root, path)
        except OSError as error:
            raise CheckpointError(f"{path} cannot be taken away: {error.strerror}.") from error

    def _size(self, path: str) -> int:
        try:
            return (self._root / path).lstat().st_size
        except OSError:
            return 0

    def _is_commit(self, id: str) -> bool:  # noqa: A002
        try:
            return self._git("cat-file", "-t", id).strip() == b"commit"
        except CheckpointError:
            return False

    def _ignored(self) -> bool:
        try:
            self._git("check-ignore", "--quiet", ".")
        except CheckpointError:
            return False
        return True

    @contextmanager
    def _index(self) -> Iterator[Path]:
        """A copy of the user's index."""
        try:
            with self._repository.with_copied_index() as git:
                assert git.index
                yield git.index
        except GitError as error:
            raise CheckpointError(f"git rev-parse: {error}") from error

    def _git(self, *arguments: str, index: Path | None = None, given: bytes = b"") -> bytes:
        try:
            return evolve(self._repository, index=index).run(*_QUIETLY, *arguments, given=given)
        except GitError as error:
            raise CheckpointError(f"git {arguments[0]}: {error}") from error


def remove_file(root: Path, path: str) -> None:
    """Takes a file away, and the folders that are empty without it. Raises OSError."""
    whole = root / path
    whole.unlink(missing_ok=True)
    for folder in whole.parents:
        if folder == root:
            break
        with suppress(OSError):
            folder.rmdir()
