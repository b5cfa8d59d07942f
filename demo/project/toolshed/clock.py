"""Where the time comes from: whole seconds since 1970, UTC, everywhere."""

import time
from datetime import UTC, datetime
from typing import Protocol

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Anything that can tell the time in whole UTC seconds."""

    def now(self) -> int: ...


class SystemClock:
    """The time of the machine."""

    def now(self) -> int:
        return int(time.time())


class FixedClock:
    """A clock that only moves when it is told to, for tests and for replaying a day."""

    def __init__(self, start: int) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def advance(self, *, days: int = 0, hours: int = 0, seconds: int = 0) -> int:
        """Move forward and return the new time."""
        self._now += days * DAY + hours * HOUR + seconds
        return self._now


def day_name(moment: int) -> str:
    """A date as volunteers write it: "Sat 7 Nov"."""
    date = datetime.fromtimestamp(moment, UTC)
    return f"{date:%a} {date.day} {date:%b}"


def whole_days(seconds: int) -> int:
    """Full days in a span; a part of a day does not count."""
    return max(0, seconds) // DAY
