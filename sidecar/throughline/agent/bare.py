"""A session without tools: a call of one is told so."""

from __future__ import annotations

from collections.abc import Sequence

from throughline.core.events import ToolCalled, ToolReturned
from throughline.core.ports import Log, Outcome, Tokens, Tool

# A model that goes on calling what it was not offered is stopped after this many replies in a turn.
PATIENCE = 3


class NoTools:
    """Offers nothing, and says so to a model that calls something all the same."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._refused: tuple[int, int] = (0, 0)

    def offered(self) -> tuple[Tool, ...]:
        """Nothing."""
        return ()

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        """A refusal for each call; hands back when there are none, or when it has said so often enough."""
        last, times = self._refused
        times = (times if last == turn else 0) + bool(calls)
        self._refused = (turn, times)
        return Outcome(tuple(self._refusal(call) for call in calls), hand_back=not calls or times >= PATIENCE)

    def _refusal(self, call: ToolCalled) -> ToolReturned:
        text = f"There is no tool {call.tool} in this session: answer without tools."
        return ToolReturned(call.turn, call.id, text, self._tokens.count(text), error=True)
