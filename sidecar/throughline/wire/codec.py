"""Messages to JSON and back."""

from __future__ import annotations

from typing import Any

from throughline.core.tagged import converter, structure
from throughline.wire.state import Change, Row

_converter = converter(Row, Change)


def encode(message: Any) -> Any:
    """A message as plain JSON data; nothing is left out, absent is null."""
    return _converter.unstructure(message)


def decode(shape: type[Any], data: Any) -> Any:
    """JSON data as a message; raises MalformedError, one line, where it does not fit."""
    return structure(_converter, data, shape)
