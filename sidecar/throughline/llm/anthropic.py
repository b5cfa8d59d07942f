"""A model behind the Messages API: Anthropic's own, or any server that speaks it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from throughline.domain.ports import EndPiece, ModelError, ModelRow, Piece, Request
from throughline.domain.settings import Hour
from throughline.llm.credentials import Credentials
from throughline.llm.errors import BAD_KEY, BAD_URL, NO_KEY

if TYPE_CHECKING:
    from throughline.llm.anthropic_connection import Connection


log = logging.getLogger(__name__)


class Anthropic:
    """Streams replies; keeps a connection for each access that it was given.

    The access is asked for anew at every request, in a thread, so that a key set meanwhile is used. `hour` says, by
    the model, what the provider is to cache for an hour; `patience` is in seconds, for an answer and between its
    parts. What a server lacks, `tell` says in a line, once.
    """

    def __init__(
        self,
        access: Credentials | Callable[[], Credentials],
        *,
        retries: int = 2,
        patience: float = 600.0,
        hour: Callable[[str], Hour] = lambda _: "never",
        tell: Callable[[str], None] = log.warning,
    ) -> None:
        self._access = access
        self._retries = retries
        self._patience = patience
        self._hour = hour
        self._tell = tell
        self._connections: dict[Credentials, Connection] = {}
        self._lock = Lock()
        self._woken = asyncio.Event()

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Yields the reply as it comes, an EndPiece last; raises ModelError; cancelling the task stops it."""
        # The SDK takes seconds to import and a client a tenth of one to build: neither may hold up the loop.
        connection = await asyncio.to_thread(self._connect)
        self._woken.set()
        async with aclosing(connection.stream(request)) as pieces:
            async for piece in pieces:
                yield piece

    async def first_request_sent(self) -> None:
        """Returns when a first request is on its way: from then on the SDK is loaded, and more of it costs little."""
        await self._woken.wait()

    async def count(self, request: Request) -> int | None:
        """The prompt's tokens in the model's own count; None, within seconds, where the provider does not say."""
        try:
            connection = await asyncio.to_thread(self._connect)
        except ModelError:
            return None
        return await connection.count(request)

    async def warm(self, request: Request) -> EndPiece:
        """Has the provider read a prompt into its cache, and say nothing. Raises ModelError."""
        connection = await asyncio.to_thread(self._connect)
        self._woken.set()
        return await connection.warm(request)

    async def models(self) -> tuple[ModelRow, ...] | None:
        """The models that the provider lists, retired ones too; None where it lists none. Raises ModelError."""
        return await (await asyncio.to_thread(self._connect)).models()

    async def model(self, name: str) -> ModelRow | None:
        """The model that a name stands for; None where there is none. Raises ModelError."""
        return await (await asyncio.to_thread(self._connect)).model(name)

    def suggestion(self, said: Sequence[str]) -> str:  # noqa: ARG002
        """Nothing: a real model leaves it to the user what to say."""
        return ""

    async def close(self) -> None:
        """Closes the connections; for the end of the process, when nothing is streaming."""
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            await connection.close()

    def _connect(self) -> Connection:
        access = self._access() if callable(self._access) else self._access
        _check(access)
        with self._lock:
            if access not in self._connections:
                from throughline.llm.anthropic_connection import Connection  # noqa: PLC0415 - it takes seconds

                self._connections[access] = Connection(access, self._retries, self._patience, self._hour, self._tell)
            return self._connections[access]


def _check(access: Credentials) -> None:
    """Refuses what the SDK would refuse with words that may show the key."""
    if not access:
        raise ModelError(NO_KEY)
    if not (access.key.isascii() and access.key.isprintable() and " " not in access.key):
        raise ModelError(BAD_KEY)
    if access.url and not _is_address(access.url):
        raise ModelError(BAD_URL)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        plain = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        return plain and parts.scheme in {"http", "https"}
    except ValueError:  # a port that is no number, or half an IPv6 address
        return False
