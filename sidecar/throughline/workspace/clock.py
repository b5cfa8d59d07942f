"""The machine's clock."""

from __future__ import annotations

import asyncio
import time


class WallClock:
    """Seconds since the epoch; never earlier than it has said before, even where the machine's clock jumps back."""

    def __init__(self) -> None:
        self._last = 0.0

    def now(self) -> float:
        """The time now."""
        self._last = max(self._last, time.time())
        return self._last

    async def until(self, when: float) -> None:
        """Returns once it is `when`; a machine that slept meanwhile is late."""
        await asyncio.sleep(max(0.0, when - self.now()))
