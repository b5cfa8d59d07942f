"""Times as a calendar can show them."""

from __future__ import annotations

import math

# The first second of the year 1 and the last of the year 9999, in seconds since the epoch.
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0


def shown_time(seconds: float) -> float:
    """The nearest time that has a date: a clock that was once far off must not keep a log from being read."""
    return 0.0 if math.isnan(seconds) else min(max(seconds, _FIRST), _LAST)
