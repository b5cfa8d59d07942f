"""Search in a workspace: files and lines, by ripgrep where it is there, else by a plain search."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

from throughline.domain.globs import file_matches
from throughline.domain.ports import ActError, ResolvedPath, SearchMatches, SearchQuery
from throughline.workspace import grep_fallback
from throughline.workspace.ignore import list_files
from throughline.workspace.process import ChildProcess, watch

# Seconds after which a search is given up, and files that are counted before a listing is.
LIMIT = 30.0
_MOST_FILES = 100_000
_MOST_BYTES = 4_000_000
# A line around a match, behind its path.
_AROUND = re.compile(rb"\d+-")


class LocalFileSearch:
    """Files and lines below one folder; `ripgrep` is its program, nothing for none, or None to look for it. A search
    is given up after `limit` seconds.
    """

    def __init__(self, root: Path, ripgrep: str | None = None, limit: float = LIMIT) -> None:
        self._root = root.resolve()
        self._given = ripgrep
        self._limit = limit

    async def files(self, under: ResolvedPath, glob: str, most: int) -> tuple[tuple[str, ...], int]:
        """The first `most` files under a place, in order, and how many there are; raises ActError."""
        found = await asyncio.to_thread(self._files, under, glob)
        return tuple(found[:most]), len(found)

    async def search(self, sought: SearchQuery, most: int) -> SearchMatches:
        """The first `most` lines that match; raises ActError for what is no regular expression."""
        if not sought.pattern:
            raise ActError("The pattern is empty: give a regular expression.")
        if self._ripgrep:
            status, output = await self._run(sought, self._arguments(sought))
        else:
            plain = [sys.executable, "-I", "-S", grep_fallback.__file__]
            status, output = await self._run(sought, plain, await self._asked(sought, most + 1))
        if status is None:
            raise ActError(f"The search took longer than {self._limit:g} seconds: name a folder, or a simpler pattern.")
        if status == 2:
            reason = " ".join(output.split())[-300:]
            raise ActError(f"The search failed: {reason}. Put a backslash before characters that mean themselves.")
        lines = output.splitlines()
        return SearchMatches(tuple(lines[:most]), len(lines) > most)

    @cached_property
    def _ripgrep(self) -> str:
        return self._given if self._given is not None else shutil.which("rg") or ""

    def _arguments(self, sought: SearchQuery) -> list[str]:
        # Its own globs mean something else, and bring ignored files back: the lines are looked through instead.
        return [
            self._ripgrep, "--no-config", "--no-require-git", "--hidden", "--glob", "!.git", "--sort", "path",
            "--line-number", "--with-filename", "--no-heading", "--color", "never", "--no-messages",
            "--max-columns", str(grep_fallback.LONGEST), "--max-columns-preview",
            "--max-filesize", str(grep_fallback.LARGEST),
            *(["--ignore-case"] if sought.fold else []),
            *(["--context", str(sought.context)] if sought.context else []),
            *(["--files-with-matches"] if sought.names else ["--null"]),
            "--regexp", sought.pattern, "--", sought.under.path,
        ]  # fmt: skip

    async def _asked(self, sought: SearchQuery, most: int) -> bytes:
        paths = await asyncio.to_thread(self._openable, sought)
        asked = {
            "pattern": sought.pattern, "fold": sought.fold, "most": most, "files": paths,
            "context": sought.context, "names": sought.names,
        }  # fmt: skip
        return json.dumps(asked).encode()

    def _openable(self, sought: SearchQuery) -> list[tuple[str, str]]:
        """The files to search, as shown and as opened. A link may lead anywhere, and nobody was asked: it is opened by
        its target, where that is within what may be read.
        """
        base = os.path.realpath(self._root if sought.under.inside else self._root / sought.under.path)
        files = self._files(sought.under, sought.glob)
        real = ((path, os.path.realpath(self._root / path)) for path in files)
        return [(path, opened) for path, opened in real if Path(opened).is_relative_to(base)]

    async def _run(
        self, sought: SearchQuery, argv: Sequence[str], given: bytes | None = None
    ) -> tuple[int | None, str]:
        """The exit status of a search, and the lines that it found in files that the glob fits."""
        found = _FoundLines(lambda path: self._fits(sought.under, path, sought.glob), names=sought.names)
        child = ChildProcess(argv, self._root, dict(os.environ), found.add, given)
        try:
            status = await watch(child, self._limit)
        except OSError as error:
            raise ActError(f"The search could not be started: {error.strerror or error}.") from error
        return status, found.text()

    def _fits(self, under: ResolvedPath, path: str, glob: str) -> bool:
        """Whether a file is meant; one that is named itself is. A glob of a place outside begins at that place."""
        below = path if under.inside else path.removeprefix(f"{under.path.rstrip('/')}/")
        return path == under.path or file_matches(below, glob)

    def _files(self, under: ResolvedPath, glob: str) -> Sequence[str]:
        whole = self._root / under.path
        if whole.is_file():
            return (under.path,)
        if not whole.is_dir():
            raise ActError(f"There is no file or folder {under.path}.")
        if not under.inside:
            found = (f"{under.path}/{path}" for path in list_files(whole, "."))
        else:
            found = (path for path in list_files(self._root, under.path))
        return list(islice((path for path in found if self._fits(under, path, glob)), _MOST_FILES))


class _FoundLines:
    """What a search prints: the lines in files that `fits`, as far as there is room for them. A line is `path`, a zero
    byte and `line:text`, or `line-text` around a match; `--` parts what does not follow each other; of `names` alone a
    line is a path. What a search says of itself stays as it is.
    """

    def __init__(self, fits: Callable[[str], bool], *, names: bool) -> None:
        self._fits = lru_cache(fits)
        self._names = names
        self._kept: list[bytes] = []
        self._size = 0
        self._rest = b""
        self._gap = False

    def add(self, piece: bytes) -> None:
        """Takes a piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._take(line)

    def text(self) -> str:
        """All that was kept, once the search has ended."""
        if self._rest:
            self._take(self._rest)
        return b"".join(self._kept).decode("utf-8", "replace")

    def _take(self, line: bytes) -> None:
        name, found, rest = line.removeprefix(b"./").partition(b"\0")
        if found and self._fits(os.fsdecode(name)):
            if self._gap:
                self._keep(b"--")
            self._gap = False
            self._keep(name + (b"-" if _AROUND.match(rest) else b":") + rest)
        elif not found and line == b"--":
            # It parts what is kept, and nothing else.
            self._gap = bool(self._kept)
        elif not found and (not self._names or self._fits(os.fsdecode(name))):
            self._keep(name)

    def _keep(self, line: bytes) -> None:
        self._size += len(line)
        if self._size <= _MOST_BYTES:
            self._kept.append(line + b"\n")
