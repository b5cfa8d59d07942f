"""Output of any length in little room: its beginning and its end, without what only a terminal understands."""

from __future__ import annotations

import re
from collections import deque

# Of the output, so many characters of each end are kept for the log.
HEAD = TAIL = 500_000
# Characters of both ends of what someone is asked to allow.
_DETAIL_HEAD, _DETAIL_TAIL = 16_000, 8_000
_ESCAPES = re.compile(
    r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\|\Z)|[PX^_][^\x1b]*(?:\x1b\\|\Z)|\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])"
)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Reel:
    """Takes output piece by piece, from one thread."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._room = HEAD
        self._kept = 0
        self._dropped = 0

    def add(self, piece: str) -> None:
        """Takes a piece."""
        if self._room:
            first, piece = piece[: self._room], piece[self._room :]
            self._head.append(first)
            self._room -= len(first)
        if piece:
            self._tail.append(piece)
            self._kept += len(piece)
            while self._kept - len(self._tail[0]) >= TAIL:
                gone = len(self._tail.popleft())
                self._kept -= gone
                self._dropped += gone

    def text(self) -> str:
        """What was kept, with a line that says how much was not."""
        tail = "".join(self._tail)
        over = max(0, len(tail) - TAIL)
        tail, dropped = tail[over:], self._dropped + over
        gap = f"\n[… {dropped:,} characters were printed here and not kept …]\n" if dropped else ""
        return plain("".join(self._head)) + gap + plain(tail)


def plain(text: str) -> str:
    """The text as a page would show it: no escape sequences, what a carriage return overwrote left out."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _UNSEEN.sub("", text)


def detail(text: str) -> str:
    """What someone reads who is asked for leave: all of it, or both ends and how much is hidden between them."""
    if len(text) <= _DETAIL_HEAD + _DETAIL_TAIL:
        return text
    head, hidden, tail = text[:_DETAIL_HEAD], text[_DETAIL_HEAD:-_DETAIL_TAIL], text[-_DETAIL_TAIL:]
    lines = hidden.count("\n") + 1
    return f"{head}\n[… {len(hidden):,} characters are not shown here, in {lines:,} lines …]\n{tail}"


def shown(text: str, head: int, tail: int, how: str) -> str:
    """The two ends of a text that is longer than both, cut at lines; `how` says where the rest is."""
    if len(text) <= head + tail:
        return text
    cut = text.rfind("\n", head // 2, head) + 1 or head
    from_end = text.find("\n", len(text) - tail, len(text) - tail // 2) + 1 or len(text) - tail
    lines = text.count("\n", cut, from_end)
    return f"{text[:cut]}[… {lines:,} more lines here: {how} …]\n{text[from_end:]}"
