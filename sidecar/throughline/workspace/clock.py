"""The machine's clock."""

from __future__ import annotations

import time


class WallClock:
    """Seconds since the epoch; never earlier than it has said before, even where the machine's clock jumps back."""

    def __init__(self) -> None:
        self._last = 0.0

    def now(self) -> float:
        """The time now."""
        self._last = max(self._last, time.time())
        return self._last
