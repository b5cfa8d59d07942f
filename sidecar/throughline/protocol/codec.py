"""Messages to JSON and back."""

from __future__ import annotations

from functools import cache
from typing import Any

from cattrs import Converter

from throughline.domain.serialization import converter, structure
from throughline.protocol.messages import Options
from throughline.protocol.state import Change, Row


def encode(message: Any) -> Any:
    """A message as plain JSON data; nothing is left out, absent is null."""
    return _full().unstructure(message)


def decode(shape: type[Any], data: Any) -> Any:
    """JSON data as a message; raises MalformedError, one line, where it does not fit."""
    return structure(_plain() if shape is Options else _full(), data, shape)


@cache
def _full() -> Converter:
    return converter(Row, Change)


@cache
def _plain() -> Converter:
    """For what the editor says first: it waits for the answer, and code for each row of the page takes time to make."""
    return converter()
