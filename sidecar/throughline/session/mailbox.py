"""A mailbox: acts are done one at a time, in the order in which they were posted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from throughline.core.errors import UserError

T = TypeVar("T")


class RefusedError(UserError):
    """The session cannot do what was asked."""


class ClosedError(RefusedError):
    """The session has been closed; open it again."""


class Mailbox:
    """Does what is posted, one act at a time, in a task of its own."""

    def __init__(self) -> None:
        self._acts: asyncio.Queue[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]] | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._serve())
        self._closed = False

    @property
    def closed(self) -> bool:
        """True when nothing more can be posted."""
        return self._closed

    async def post(self, act: Callable[[], Awaitable[T]]) -> T:
        """The act's result once it is done; its exception is the poster's. Raises ClosedError.

        An act that has been posted is done even where the poster no longer waits for it.
        """
        if self._closed:
            raise ClosedError("The session is closed: open it again.")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._acts.put_nowait((act, done))
        return await done

    async def close(self) -> None:
        """Does what was posted before, then stops."""
        if not self._closed:
            self._closed = True
            self._acts.put_nowait(None)
        await self._task

    async def _serve(self) -> None:
        try:
            while (posted := await self._acts.get()) is not None:
                await self._do(*posted)
        finally:
            # When the program is interrupted, nobody may wait for an act that will not be done.
            self._closed = True
            while not self._acts.empty():
                if posted := self._acts.get_nowait():
                    posted[1].cancel()

    async def _do(self, act: Callable[[], Awaitable[Any]], done: asyncio.Future[Any]) -> None:
        try:
            result = await act()
        except (KeyboardInterrupt, SystemExit):
            done.cancel()
            raise
        except BaseException as error:  # the poster gets it, a library's panic too
            if not done.cancelled():
                done.set_exception(error)
            if isinstance(error, asyncio.CancelledError) and self._interrupted():
                raise
        else:
            if not done.cancelled():
                done.set_result(result)

    def _interrupted(self) -> bool:
        """True where this task itself is being cancelled, and not something that an act waited for."""
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
