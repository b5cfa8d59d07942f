"""A plain search, run as a program of its own: it can be stopped, whatever its pattern does.

Reads a JSON object from standard input: `pattern`, `fold`, `files` (each as shown and as opened), `most` lines. Prints
each match as the path, a zero byte and `line:text`. Imports nothing but the standard library.
"""

from __future__ import annotations

import json
import re
import sys
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
    left = asked["most"]
    for shown, opened in asked["files"]:
        for number, line in _lines(Path(opened)):
            if wanted.search(line):
                text = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
                out.write(f"{shown}\0{number}:{text}\n".encode(errors="replace"))
                left -= 1
                if not left:
                    return 0
    return 0


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
