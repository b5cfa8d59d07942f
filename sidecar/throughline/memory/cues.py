"""Cue words that code listens for in messages, from the data file beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

_DATA = tomllib.loads(files(__package__).joinpath("cues.toml").read_text(encoding="utf-8"))


def heard(name: str, form: str = r"\b(?:{})(?!\w)") -> re.Pattern[str]:
    """A pattern for any of a list's cues, in any case; `form` says where they must stand."""
    return re.compile(form.format("|".join(_list(name))), re.IGNORECASE)


def vocabulary(name: str) -> frozenset[str]:
    """The words of a plain list."""
    return frozenset(str(_at(name)).split())


def cue_list(name: str) -> tuple[str, ...]:
    """The cues of a list, as they stand in the file."""
    return tuple(_list(name))


def _list(name: str) -> Iterable[str]:
    return (str(one) for one in _at(name))


def _at(name: str) -> Any:
    data: Any = _DATA
    for part in name.split("."):
        data = data[part]
    return data
