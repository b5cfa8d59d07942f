"""What keeps reading a file from taking minutes: tests on its text, and a budget for the parser.

All but the caller's patience gives the same answer to the same text on every machine. What a grammar does with an
endless run of errors cannot be told from its reports alone, so a caller that has a clock passes its patience too.
"""

import re
from collections.abc import Callable

import attrs

LARGEST = 1_000_000
"""Bytes; a file above is data or generated, and parsing holds the interpreter's lock."""
WIDEST_ERROR = 5_000
"""Pieces of one unparsed stretch; the query's time grows with their square."""
LEXED = 30_000_000
"""Bytes that a lexer may read in vain; it reads on to the file's end for every comment that nothing closes."""
NESTED = 1_000
"""Open angle brackets without a statement's end between them; some grammars' time grows with their square."""
PIECE = 1_024
SPARE = 1_000
PACE = 50
"""A parser reports about every hundred steps: 3 to 21 times for 1,000 bytes of real source. It may report once for
this many bytes, and SPARE times besides, in which it recovers from errors.
"""

ANGLES = re.compile(rb"[<>;{}]")
ENDLESS = ((re.compile(rb"/\*"), b"*/"), (re.compile(rb'r#+"'), b'"#'))
"""What a lexer looks for the end of, and that end."""

Patience = Callable[[], bool]
"""True when a caller will wait no longer."""


def endless() -> bool:
    """The patience of a caller that has no clock."""
    return False


def hopeless(data: bytes) -> bool:
    """Whether a text is not even worth the attempt of parsing it."""
    return len(data) > LARGEST or _read_in_vain(data) > LEXED or _angles(data) > NESTED


def _read_in_vain(data: bytes) -> int:
    """Bytes from each comment or raw string that is opened and never closed to the file's end, added up."""
    return sum(
        len(data) - match.start()
        for opened, closed in ENDLESS
        for match in opened.finditer(data, data.rfind(closed) + 1)
    )


def _angles(data: bytes) -> int:
    """The most angle brackets that are open at once within one statement."""
    deepest = depth = 0
    for match in ANGLES.finditer(data):
        sign = match[0]
        depth = depth + 1 if sign == b"<" else max(0, depth - 1) if sign == b">" else 0
        deepest = max(deepest, depth)
    return deepest


@attrs.define
class Budget:
    """Counts a parser's reports, and says when it has made more of them than its progress is worth."""

    late: Patience
    spent: bool = False
    _reports: int = 0

    def parsing(self, offset: int, has_error: bool) -> bool:
        """Called by a parser at an offset in bytes; true stops it."""
        del has_error  # only says that there was an error somewhere
        self._reports += 1
        self.spent = self._reports > SPARE + offset // PACE or self.late()
        return self.spent


def reader(data: bytes) -> Callable[[int, object], bytes]:
    """Hands the source to a parser in pieces: only such a parse reports its progress. The pieces are small, since a
    query's predicates ask for one with every node; they are bytes, since views crash the binding.
    """

    def read(offset: int, point: object) -> bytes:
        del point
        return data[offset : offset + PIECE]

    return read
