"""What changes one text into another in the editor."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st
from lsprotocol import types

from throughline.server.documents import document_change

PIECES = ("a", "b", "\n", "\r\n", "\r", "\u2028", "\x0b", "\U0001f512")
_TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def place(text: str, position: types.Position) -> int:
    """Where a position of the protocol is: it knows three line ends, and counts in UTF-16."""
    starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]
    rest = text[starts[position.line] :].encode("utf-16-le")[: 2 * position.character]
    return starts[position.line] + len(rest.decode("utf-16-le"))


@given(_TEXTS, _TEXTS)
@example("", "a")
@example("a\nb", "a\nb\n")
@example("a\nb\U0001f512", "a\nc")
def test_a_change_makes_the_one_of_the_other(before: str, after: str) -> None:
    made = document_change(before, after)
    first, last = place(before, made.range.start), place(before, made.range.end)
    assert before[:first] + made.new_text + before[last:] == after


def test_a_change_touches_only_the_lines_that_differ() -> None:
    made = document_change("one\ntwo\nthree\nfour\n", "one\n2\nthree\nfour\n")
    assert made == types.TextEdit(types.Range(types.Position(1, 0), types.Position(2, 0)), "2\n")
