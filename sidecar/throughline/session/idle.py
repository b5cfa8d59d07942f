"""The idle timer: an act for a session that nobody uses, at a set time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from throughline.core.errors import UserError
from throughline.core.ports import Clock
from throughline.session.mailbox import ClosedError, Mailbox

log = logging.getLogger(__name__)


class Idle:
    """Posts one act when its time has come, unless it is stopped or set anew before."""

    def __init__(self, clock: Clock, mailbox: Mailbox) -> None:
        self._clock = clock
        self._mailbox = mailbox
        self._task: asyncio.Task[None] | None = None

    def set(self, when: float, act: Callable[[], Awaitable[object]]) -> None:
        """Has an act done at a time, in seconds since the epoch."""
        self.stop()
        self._task = asyncio.create_task(self._wait(when, act))

    def stop(self) -> None:
        """Lets nothing happen any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _wait(self, when: float, act: Callable[[], Awaitable[object]]) -> None:
        await self._clock.until(when)
        # From here on a stop comes too late: the act looks for itself whether it is still wanted.
        self._task = None
        try:
            await self._mailbox.post(act)
        except ClosedError:
            pass  # Nobody needs it then.
        except UserError as error:
            log.error("what an idle session was to get ready failed: %s", error)
        except Exception:
            log.exception("what an idle session was to get ready failed")
