"""Events to JSON and back, as the database keeps them."""

from __future__ import annotations

import json
from typing import Any

from throughline.core.events import Event
from throughline.core.ledger import Operation
from throughline.core.tagged import converter, structure

_converter = converter(Operation, Event)


def dump(event: Event) -> str:
    """An event as one line of JSON."""
    return json.dumps(_converter.unstructure(event, Event), ensure_ascii=False, separators=(",", ":"))


def load(text: str) -> Event:
    """The event that `dump` wrote; raises MalformedError."""
    data: Any = json.loads(text)
    event: Event = structure(_converter, data, Event)
    return event
