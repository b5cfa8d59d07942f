"""The contents of git's objects, read one after another from one process."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from throughline.workspace.folder import LARGEST
from throughline.workspace.git import PROGRAM, Git, GitError, unavailable

_PIECE = 1 << 20


class Blobs:
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
def blobs(git: Git) -> Iterator[Blobs]:
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
            yield Blobs(process.stdin, process.stdout)
        finally:
            # Its end of input ends it; one that is stuck is not waited for.
            process.kill()
