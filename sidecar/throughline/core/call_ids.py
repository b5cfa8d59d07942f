"""The ids of tool calls, each unique in its session, whatever ids a server gives them.

Results, stubs and what a file was read by are kept under a call's id: a server that counts anew in every reply would
have an old stub stand for a new result.
"""

from __future__ import annotations

import re
from collections.abc import Collection

# What the Messages API allows in an id, and how much of it.
_ODD = re.compile(r"[^a-zA-Z0-9_-]")
LONGEST = 64


def valid_id(given: str) -> str:
    """An id with what the API allows in it."""
    return _ODD.sub("_", given)[:LONGEST] or "call"


def unique_id(wanted: str, taken: Collection[str]) -> str:
    """The id that is wanted, or where it is taken one like it that is not."""
    name, count = wanted, len(taken)
    while name in taken:
        count += 1
        end = f"-{count}"
        name = wanted[: LONGEST - len(end)] + end
    return name
