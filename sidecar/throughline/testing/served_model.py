"""A model whose replies go over the wire: the real SDK asks a server on the loopback that enforces the contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from types import TracebackType
from typing import Self

from attrs import evolve

from throughline.domain.ports import CallPiece, Clock, EndPiece, Model, Piece, Request, TextPiece
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.llm.thinking import ThinkingOptions
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.provider_contract import Prefixes, ProviderContract, rough
from throughline.testing.scripted_replies import Json, ScriptedReply

# What no server takes for a key of anybody's.
_KEY = "-".join(("made", "up", "key"))


class ServedModel:
    """Gives the replies of a script, or those of another model, whatever it is asked for; keeps the requests.

    It must be closed. `contract` has what the server refused; with a `clock` the server has a prompt cache, and its
    replies say what that made of the prompt. One that `thinks` does so before each reply: recordings seldom show it.
    """

    def __init__(
        self,
        replies: Iterable[ScriptedReply] | Model,
        *,
        clock: Clock | None = None,
        thinking: ThinkingOptions | None = None,
        thinks: bool = False,
        retries: int = 0,
    ) -> None:
        self.requests: list[Request] = []
        self.contract = ProviderContract()
        self._model = None if isinstance(replies, Iterable) else replies
        self._script = iter(replies) if isinstance(replies, Iterable) else iter(())
        cache = Prefixes(clock.now, rough, None) if clock else None
        self._server = MessagesServer(self._reply, ground=ServerConditions(cache=cache, contract=self.contract))
        self._thinking = thinking
        self._thinks = thinks
        self._retries = retries
        self._link: Anthropic | None = None
        self._next = ScriptedReply()

    @property
    def stalled(self) -> asyncio.Event:
        """Set when a reply has stalled, which it does until it is cancelled."""
        return self._server.stalled

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        """The next reply, as the SDK reads it from the server's."""
        if self._link is None:
            await self._server.start()
            access = Credentials(_KEY, self._server.url)
            self._link = Anthropic(access, retries=self._retries, thinking=self._thinking, tell=lambda _: None)
        self.requests.append(request)
        if self._model:
            self._next = await whole_reply(self._model, request)
        if self._thinks:
            self._next = evolve(self._next, thinking=f"What has to be done for call {len(self.requests)}?")
        async for piece in self._link.stream(request):
            yield piece
        # A long session's requests are long, and each is kept as it came in.
        self._server.requests.clear()

    def suggestion(self, said: Sequence[str]) -> str:
        """What the model itself suggests; a script has no user."""
        return self._model.suggestion(said) if self._model else ""

    async def close(self) -> None:
        """Hangs up, and stops the server."""
        if self._link is not None:
            await self._link.close()
        await self._server.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _reply(self, _: Json) -> ScriptedReply:
        if self._model:
            return self._next
        return next(self._script, ScriptedReply(status=400, text="The script has no more replies."))


async def whole_reply(model: Model, request: Request) -> ScriptedReply:
    """A model's reply as a script has it: its texts as one, then its calls."""
    texts: list[str] = []
    reply = ScriptedReply()
    async for piece in model.stream(request):
        match piece:
            case TextPiece(text=text, last=last):
                texts.append(f"{text}\n\n" if last else text)
            case CallPiece():
                reply = evolve(reply, calls=(*reply.calls, piece))
            case EndPiece(usage=usage):
                reply = evolve(reply, usage=usage)
            case _:
                pass  # A server thinks and waits by itself.
    return evolve(reply, text="".join(texts).strip())
