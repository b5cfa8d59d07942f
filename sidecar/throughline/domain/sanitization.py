"""Sanitization of what enters the log: valid Unicode without control sequences, finite numbers, call ids, times.

One event that no request can carry would end its session for good, for each later request holds it too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from attrs import evolve, fields, has

# The first second of the year 1 and the last of the year 9999, in seconds since the epoch.
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0


def shown_time(seconds: float) -> float:
    """The nearest time that has a date: a clock that was once far off must not keep a log from being read."""
    return 0.0 if math.isnan(seconds) else min(max(seconds, _FIRST), _LAST)


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


T = TypeVar("T")

# Deeper arguments than these mean nothing to a tool, and no encoder of JSON takes any depth.
DEEPEST = 100
# Wider integers than a double can hold are as good as infinite to JSON, and Python writes none of 4,300 digits.
_WIDEST = 1024
# All of ASCII's controls but tab, line feed and carriage return, which a text may need.
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
# The others, which a terminal may take for the beginning of a sequence; a next line (U+0085) is white space.
_LATER = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor movements and modes
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])"  # titles, links, the clipboard
    r"[^\x07\x1b\x90\x98\x9c-\x9f\r\n]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# A character that was struck over, as manual pages have them for bold.
_STRUCK = re.compile(r"[^\n\x08]\x08")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")


def cleaned(event: T) -> T:
    """An event, or any other value, as it may enter the log; the same object where there is nothing to clean."""
    made: T = _walked(event, without_control_sequences, 0)
    return made


def encodable(value: T) -> T:
    """A value with nothing in it that UTF-8 or JSON cannot carry: half a surrogate pair becomes U+FFFD, and a number
    that is not finite null. Control characters stay, since a tool may be meant to write them.
    """
    made: T = _walked(value, valid_text, 0)
    return made


def without_control_sequences(text: str) -> str:
    """A text without halves of characters, escape sequences and control characters but tab and line ends."""
    text = valid_text(text)
    data = text.encode()
    # Bytes are looked through a hundred times faster than a pattern goes through text, and most have nothing of it.
    if len(data.translate(None, _CONTROLS)) == len(data) and (text.isascii() or not _LATER.search(data)):
        return text
    return _CONTROL.sub("", _STRUCK.sub("", _SEQUENCE.sub("", text)))


def valid_text(text: str) -> str:
    """A text whose halves of surrogate pairs are one character where they meet, and else U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _walked(value: Any, clean: Callable[[str], str], depth: int) -> Any:
    """A value with every text in it cleaned, whatever holds it."""
    match value:
        case str():
            return clean(value)
        case bool() | None:
            return value
        case int():
            return value if value.bit_length() <= _WIDEST else None
        case float():
            return value if math.isfinite(value) else None
        case dict() | list() | tuple() if depth >= DEEPEST:
            return None
        case dict():
            made = {_walked(key, clean, depth + 1): _walked(one, clean, depth + 1) for key, one in value.items()}
            same = len(made) == len(value) and all(
                mine is theirs and one is other
                for (mine, one), (theirs, other) in zip(made.items(), value.items(), strict=True)
            )
            return value if same else made
        case list() | tuple():
            items = [_walked(one, clean, depth + 1) for one in value]
            if all(one is other for one, other in zip(items, value, strict=True)):
                return value
            return items if isinstance(value, list) else tuple(items)
        case _ if has(type(value)):
            return _fields(value, clean, depth + 1)
        case _:
            return value


def _fields(value: Any, clean: Callable[[str], str], depth: int) -> Any:
    """A value of a class with its fields cleaned; a number stays one where the field must have one."""
    changes: dict[str, Any] = {}
    shape: Any = type(value)
    for name, argument, empty in _places(shape):
        before = getattr(value, name)
        after = _walked(before, clean, depth)
        if after is not before:
            changes[argument] = empty if after is None else after
    return evolve(value, **changes) if changes else value


@cache
def _places(shape: Any) -> tuple[tuple[str, str, Any], ...]:
    """The fields of a class: name, name as an argument, and what stands for a number that is none."""
    hints = get_type_hints(shape)
    return tuple(
        (one.name, one.alias or one.name, None if NoneType in get_args(hints[one.name]) else 0)
        for one in fields(shape)
        if one.init
    )
