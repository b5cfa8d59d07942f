"""The event-loop thread of a chat: a session lives in it while the terminal's own thread waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

# On some systems only a wait that ends now and then can be interrupted.
_GLANCE = 0.2


class LoopThread:
    """An event loop in a thread of its own, so that Ctrl-C interrupts whoever waits for the work and not the work.

    What the work has to ask of the user is asked in the waiting thread.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._inbox: SimpleQueue[Callable[[], None] | Future[Any]] = SimpleQueue()
        self._thread = threading.Thread(target=self._loop.run_forever, name="backstage", daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work in the loop; its exception is the caller's. KeyboardInterrupt leaves the work running."""
        done = asyncio.run_coroutine_threadsafe(work, self._loop)
        done.add_done_callback(self._inbox.put)
        while True:
            came = self._next()
            if came is done:
                return done.result()
            # Another future than this one ended after its caller had been interrupted.
            if not isinstance(came, Future):
                came()

    async def ask(self, question: Callable[[], T]) -> T:
        """What the waiting thread answers; for the work. A question that is cancelled is not asked."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def put() -> None:
            if answer.done():
                return
            try:
                said = question()
            except BaseException as error:
                loop.call_soon_threadsafe(_fail, answer, error)
                raise
            loop.call_soon_threadsafe(_settle, answer, said)

        self._inbox.put(put)
        return await answer

    def close(self) -> None:
        """Stops the loop; what still runs there is cancelled."""

        async def rest() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.do(rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _next(self) -> Callable[[], None] | Future[Any]:
        while True:
            try:
                return self._inbox.get(timeout=_GLANCE)
            except Empty:
                continue


def _settle(answer: asyncio.Future[T], said: T) -> None:
    if not answer.done():
        answer.set_result(said)


def _fail(answer: asyncio.Future[Any], error: BaseException) -> None:
    """An interrupted question is one that nobody answers."""
    if not answer.done():
        if isinstance(error, KeyboardInterrupt):
            answer.cancel()
        else:
            answer.set_exception(error)
