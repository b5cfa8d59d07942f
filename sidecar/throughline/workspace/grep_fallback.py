"""A plain search, run as a program of its own: it can be stopped, whatever its pattern does.

Reads a JSON object from standard input: `pattern`, `fold`, `files` (each as shown and as opened), `most` lines, and
whether only `names` are wanted, or `context` lines around each match. Prints each match as the path, a zero byte and
`line:text`, the lines around it with `line-text`, and `--` between what does not follow each other, as ripgrep does
with `--null`. Imports nothing but the standard library.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

LARGEST = 5_000_000
LONGEST = 500


def search_files() -> int:
    """Prints the matches; 2 for what is no regular expression."""
    asked = json.load(sys.stdin)
    out = sys.stdout.buffer
    try:
        wanted = re.compile(asked["pattern"], re.IGNORECASE if asked["fold"] else 0)
    except re.error as error:
        out.write(str(error).encode())
        return 2
    left, first = asked["most"], True
    for shown, opened in asked["files"]:
        lines = _lines(Path(opened))
        for line in _found(shown, lines, wanted, asked["context"], names=asked["names"], first=first):
            out.write(f"{line}\n".encode(errors="replace"))
            first = False
            left -= 1
            if not left:
                return 0
    return 0


def _found(
    shown: str, lines: list[tuple[int, str]], wanted: re.Pattern[str], context: int, *, names: bool, first: bool
) -> Iterator[str]:
    """What is printed of one file; `first` where nothing was printed before it."""
    hits = (number for number, line in lines if wanted.search(line))
    if names:
        yield from (shown for _ in islice(hits, 1))
        return
    last = 0
    for place in hits:
        begin = max(last + 1, place - context, 1)
        if context and (begin > last + 1 or not last) and not (first and not last):
            yield "--"
        for number, line in lines[begin - 1 : place]:
            mark = ":" if number == place else "-"
            yield f"{shown}\0{number}{mark}{_cut(line)}"
        # The lines after a match are printed up to the next one, which is looked for first.
        last = place
        for number, line in lines[place : place + context]:
            if wanted.search(line) or (number == len(lines) and not line):
                break
            yield f"{shown}\0{number}-{_cut(line)}"
            last = number


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _lines(path: Path) -> list[tuple[int, str]]:
    """A text file's lines from 1; none of a binary, huge or unreadable one."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return []
        data = path.read_bytes()
    except OSError:
        return []
    if b"\0" in data[:8_192]:
        return []
    text = data.decode("utf-8", "replace")
    return list(enumerate(re.split(r"\r\n|\n|\r", text), 1))


if __name__ == "__main__":
    sys.exit(search_files())
