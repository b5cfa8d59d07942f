"""Taking a broken file apart: an open bracket must not take the rest of the file with it."""

import re
from collections.abc import Callable, Iterator
from itertools import islice

BLOCK = re.compile(rb"^(?!(?:else|elif|except|finally|catch|case)\b)[A-Za-z_$@]", re.MULTILINE)
VISIBLE = re.compile(rb"[^\s]")
MOST = 8
"""Broken blocks in one file; where more are broken, taking apart no longer helps."""
LARGEST = 3_000
"""Blocks in one file, each of which is parsed by itself."""


def taken_apart(data: bytes, broken: Callable[[bytes], bool]) -> list[bytes]:
    """The source without the top-level blocks that are broken by themselves, then each of those alone.

    Every byte keeps its place, since what is left out is blanked. Empty when taking apart does not help.
    """
    blocks = list(islice(_blocks(data), LARGEST + 1))
    if len(blocks) > LARGEST:
        return []
    bad = [place for place, block in enumerate(blocks) if broken(block)]
    if not 0 < len(bad) <= MOST:
        return []
    blanks = [VISIBLE.sub(b" ", block) for block in blocks]
    sound = [blanks[place] if place in bad else block for place, block in enumerate(blocks)]
    alone = [[*blanks[:place], blocks[place], *blanks[place + 1 :]] for place in bad]
    return [b"".join(parts) for parts in (sound, *alone)]


def _blocks(data: bytes) -> Iterator[bytes]:
    """The source cut before each line that starts at the margin, with decorators kept to what they decorate."""
    start = 0
    decorator = False
    for match in BLOCK.finditer(data):
        if not decorator:
            yield data[start : match.start()]
            start = match.start()
        decorator = match[0] == b"@"
    yield data[start:]
