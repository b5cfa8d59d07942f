"""A model and tools that follow a script in this process: for demonstrations and tests."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

from throughline.domain.events import ToolCalled, ToolReturned
from throughline.domain.ports import EndPiece, Log, ModelError, Outcome, Piece, Request, TextPiece, Tokens, Tool
from throughline.testing.scripted_replies import ScriptedReply


class ScriptedModel:
    """Gives one reply a request, and keeps the requests; a request too many is refused.

    A reply with a status other than 200 fails with its text; `cut_after` and `stall_after` count pieces.
    """

    def __init__(self, replies: Iterable[ScriptedReply]) -> None:
        self.requests: list[Request] = []
        self.stalled = asyncio.Event()  # Set when a reply has stalled, which it does until it is cancelled.
        self._replies = iter(replies)

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        """The next reply, its text a word a piece."""
        self.requests.append(request)
        reply = next(self._replies, ScriptedReply(status=400, text="The script has no more replies."))
        if reply.status != 200:
            raise ModelError(reply.text)
        for place, piece in enumerate(_pieces(reply)):
            if place == reply.cut_after:
                return
            if place == reply.stall_after:
                self.stalled.set()
                await asyncio.Event().wait()
            yield piece

    def suggestion(self, said: Sequence[str]) -> str:  # noqa: ARG002
        """Nothing: a script has no user."""
        return ""


class ScriptedTools:
    """Answers each call by its id; one that is not in the script fails."""

    def __init__(self, results: Mapping[str, str], tokens: Tokens) -> None:
        self._results = results
        self._tokens = tokens

    def offered(self) -> tuple[Tool, ...]:
        """Nothing: the script knows what it calls."""
        return ()

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        """The scripted results of these calls."""
        return Outcome(tuple(self._answer(turn, call) for call in calls), hand_back=not calls)

    def _answer(self, turn: int, call: ToolCalled) -> ToolReturned:
        text = self._results.get(call.id, f"There is no result for {call.id}.")
        return ToolReturned(turn, call.id, text, self._tokens.count(text), error=call.id not in self._results)


def _pieces(reply: ScriptedReply) -> Iterator[Piece]:
    for word in re.findall(r"\s*\S+|\s+$", reply.text):
        yield TextPiece(word)
    yield from reply.calls
    yield EndPiece(reply.reason or "end_turn", reply.usage)
