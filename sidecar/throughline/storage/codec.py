"""Events to JSON and back, as the database keeps them."""

from __future__ import annotations

import json
from typing import Any

from throughline.domain.events import Event, FileInjected
from throughline.domain.file_header import split_header
from throughline.domain.ledger import Operation
from throughline.domain.serialization import MalformedError, converter, structure

_converter = converter(Operation, Event)


def encode_event(event: Event) -> str:
    """An event as one line of JSON."""
    # Escaped, since half of a surrogate pair can come in from JavaScript and is no text to SQLite.
    return json.dumps(_converter.unstructure(event, Event), separators=(",", ":"))


def escaped(text: str) -> str:
    """A text as it stands inside what `dump` writes."""
    return json.dumps(text)[1:-1]


def decode_event(text: str) -> Event:
    """The event that `dump` wrote; raises MalformedError."""
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise MalformedError(f"not JSON: {error}") from error
    event: Event = structure(_converter, data, Event)
    # A file's event of an earlier version does not say where its header is: it is in the text.
    return split_header(event) if isinstance(event, FileInjected) and "headed" not in data else event
