"""Tells files that a program wrote from those that a person did, by the data file beside this module."""

import re
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

# A generator says what it is in the first characters; a line in the middle may only speak of one.
_HEAD = 600


def generated(path: str, text: str) -> str:
    """What a generated file is, in a word or two, or nothing for one that a person wrote."""
    locks, made, head = _known()
    name = path.rpartition("/")[2]
    if name in locks:
        return "Lock file"
    if any(fnmatchcase(name, pattern) for pattern in made) or head.search(text[:_HEAD]):
        return "Generated file"
    return ""


@cache
def _known() -> tuple[frozenset[str], tuple[str, ...], re.Pattern[str]]:
    data = tomllib.loads(files(__package__).joinpath("generated.toml").read_text("utf-8"))
    head = re.compile("|".join(f"(?:{one})" for one in data["head"]), re.IGNORECASE)
    return frozenset(data["locks"]), tuple(data["made"]), head
