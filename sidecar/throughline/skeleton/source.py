"""A file's bytes, read back as one-line text without the comments."""

from __future__ import annotations

import re
import textwrap
from bisect import bisect_left
from collections.abc import Iterable

import attrs

from throughline.skeleton.model import LEFT_OUT

LONG_VALUE = 60
SPACE = re.compile(rb"(?:\s|\\\r?\n)+")
AFTER_BRACKET = re.compile(rb"(?<=[(\[])\s+|(?<=<)[ \t]*\r?\n\s*")
UNTIDY = re.compile(rb"[\t\n\v\f\r\\]|  |[(\[] | [)\]]")
"""What the others change something in."""
BEFORE_BRACKET = re.compile(rb"\s+(?=[)\]])")


@attrs.frozen
class TextSpan:
    """Bytes from `start` to `end` that are written as `text` instead of having their whitespace collapsed."""

    start: int
    end: int
    text: bytes


@attrs.frozen
class SourceText:
    """UTF-8 bytes with the spans that are not plain code, sorted by start and not overlapping."""

    data: bytes
    spans: tuple[TextSpan, ...]
    starts: tuple[int, ...]

    @classmethod
    def build(cls, data: bytes, spans: Iterable[TextSpan]) -> SourceText:
        """Sort the spans; of two that overlap the earlier wins, then the longer, then the one that is cut."""
        kept: list[TextSpan] = []
        for span in sorted(spans, key=lambda span: (span.start, -span.end, len(span.text))):
            if not kept or span.start >= kept[-1].end:
                kept.append(span)
        return cls(data, tuple(kept), tuple(span.start for span in kept))

    def text(self, start: int, end: int) -> str:
        """The source between two byte offsets on one line, strings untouched, comments cut."""
        inside = self._within(start, end)
        if not inside:
            return _collapse(self.data[start:end]).decode(errors="replace").strip()
        pieces: list[bytes] = []
        for span in inside:
            pieces += [_collapse(self.data[start : span.start]), span.text]
            start = span.end
        pieces.append(_collapse(self.data[start:end]))
        tidy = b""
        for piece in pieces:
            tidy = tidy.rstrip() if piece == b";" else tidy
            tidy += piece.lstrip(b" ") if tidy.endswith(b" ") else piece
        return tidy.decode(errors="replace").strip()

    def body(self, start: int, end: int) -> str:
        """The source between two byte offsets by lines: comments, blank lines and outer indentation cut."""
        start = self.data.rfind(b"\n", 0, start) + 1 if self._indented(start) else start
        pieces: list[bytes] = []
        for span in self._within(start, end):
            pieces += [self.data[start : span.start], span.text]
            start = span.end
        pieces.append(self.data[start:end])
        lines = b"".join(pieces).decode(errors="replace").splitlines()
        return textwrap.dedent("\n".join(line.rstrip() for line in lines if line.strip()))

    def _indented(self, start: int) -> bool:
        return not self.data[self.data.rfind(b"\n", 0, start) + 1 : start].strip()

    def _within(self, start: int, end: int) -> list[TextSpan]:
        first = bisect_left(self.starts, start)
        if first == len(self.starts) or self.starts[first] >= end:
            return []
        inside = self.spans[first : bisect_left(self.starts, end, first)]
        return [span for span in inside if span.end <= end]


def _collapse(code: bytes) -> bytes:
    if not UNTIDY.search(code):
        return code
    return BEFORE_BRACKET.sub(b"", SPACE.sub(b" ", AFTER_BRACKET.sub(b"", code)))


def shorten_value(text: str, joined: bool) -> str:
    """A value as it is shown, if it could be joined to one line: not every language allows that."""
    return text if len(text) <= LONG_VALUE and joined else LEFT_OUT


def following(data: bytes, place: int) -> int:
    """The offset of the first byte at or after `place` that is no whitespace."""
    match = SPACE.match(data, place)
    return match.end() if match else place
