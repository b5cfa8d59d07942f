"""Traces of requests: one line for each, what was sent block by block, without its text."""

from __future__ import annotations

import datetime
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from throughline.domain.file_knowledge import digest
from throughline.domain.ports import CallPiece, Clock, Model, Piece, Request, TextPiece
from throughline.domain.sanitization import shown_time
from throughline.domain.view import Block

# What stands for the tools and system prompt of a full agent, instead of a replay's own.
FIXED = ("fixed", 24_000)


class TracedModel:
    """Passes requests on, and tells `keep` of each one as a JSON object when its reply has come."""

    def __init__(
        self, model: Model, clock: Clock | None, point: Callable[[], int], keep: Callable[[str], None]
    ) -> None:
        self._model = model
        self._clock = clock
        self._point = point
        self._keep = keep

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        """The model's reply, untouched."""
        at, now = self._point(), self._clock.now() if self._clock else None
        output = 0
        async for piece in self._model.stream(request):
            match piece:
                case TextPiece():
                    output += len(piece.text)
                case CallPiece():
                    output += len(json.dumps(piece.args))
                case _:
                    pass
            yield piece
        blocks = [block for block in request.view.blocks if block.place != "system"]
        row: dict[str, Any] = {
            "purpose": request.purpose,
            "at": at,
            "ts": None if now is None else _stamp(now),
            "model": request.model,
            "blocks": [FIXED, *map(_named, blocks)],
            "output_chars": output,
        }
        self._keep(json.dumps(row))

    def suggestion(self, said: Sequence[str]) -> str:
        """The model's own."""
        return self._model.suggestion(said)


def _named(block: Block) -> tuple[str, int]:
    return digest(block.text)[:16], len(block.text)


def _stamp(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(shown_time(seconds), datetime.UTC).isoformat().replace("+00:00", "Z")
