"""A model behind the Messages API: Anthropic's own, or any server that speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from throughline.core.ports import ModelError, Piece, Request
from throughline.models.failure import BAD_KEY, BAD_URL, NO_KEY
from throughline.models.keys import Access

if TYPE_CHECKING:
    from throughline.models.exchange import Connection


class Anthropic:
    """Streams replies; keeps a connection for each access that it was given.

    The access is asked for anew at every request, in a thread, so that a key set meanwhile is used.
    """

    def __init__(self, access: Access | Callable[[], Access], *, retries: int = 2) -> None:
        self._access = access
        self._retries = retries
        self._connections: dict[Access, Connection] = {}
        self._lock = Lock()

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Yields the reply as it comes, an EndPiece last; raises ModelError; cancelling the task stops it."""
        # The SDK takes seconds to import and a client a tenth of one to build: neither may hold up the loop.
        connection = await asyncio.to_thread(self._connect)
        async with aclosing(connection.stream(request)) as pieces:
            async for piece in pieces:
                yield piece

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
            from throughline.models.exchange import Connection  # noqa: PLC0415 - it takes seconds

            if access not in self._connections:
                self._connections[access] = Connection(access, self._retries)
            return self._connections[access]


def _check(access: Access) -> None:
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
