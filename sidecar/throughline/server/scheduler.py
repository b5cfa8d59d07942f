"""Scheduler of what is shown beside the answers: the panels and the marks, made anew after something happened."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("throughline")


class RefreshScheduler:
    """The one owner of these tasks. A job never runs beside itself; what is due while it runs makes it run once more,
    however often that was said.
    """

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, job: Callable[[], Awaitable[None]], pause: float = 0.0) -> Callable[[], None]:
        """Takes a job, and returns what says that it is due; it begins `pause` seconds later."""
        due = asyncio.Event()
        self._tasks.append(asyncio.create_task(self._keep_running(job, due, pause)))
        return due.set

    async def close(self) -> None:
        """Stops all jobs, the running ones too."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep_running(self, job: Callable[[], Awaitable[None]], due: asyncio.Event, pause: float) -> None:
        while True:
            await due.wait()
            if pause:
                await asyncio.sleep(pause)
            due.clear()
            try:
                await job()
            except Exception:  # what could not be shown now is shown after the next change
                log.exception("what is shown beside the answers could not be made")
