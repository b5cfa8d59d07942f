"""The values that a settings file sets, read line by line where there is no grammar for it."""

import re
from collections.abc import Iterator
from itertools import takewhile

import attrs

# `key = value`, `key: value`, `"key": value,`, `export KEY=value`; no prose: the key is one word.
_SETS = re.compile(
    r"""^(\s*)(?:-\s+)?(?:export\s+|set\s+)?["']?([A-Za-z_][\w.\-/]*)["']?\s*(?::=|[:=])\s*(\S.*?),?\s*$"""
)
_SECTION = re.compile(r"^\s*\[+\s*([^\[\]]+?)\s*\]+\s*$")
_OPENS = re.compile(r"""^(\s*)(?:-\s+)?["']?([A-Za-z_][\w.\-/]*)["']?\s*[:=]\s*[\[{(]?\s*$""")
LONGEST = 60


@attrs.frozen
class Changed:
    """A key that has another value, both as written."""

    key: str
    was: str
    now: str


def changed_values(before: str, after: str) -> list[Changed]:
    """The keys that stand once on both sides and whose values differ, in the newer order."""
    old, new = _values(before), _values(after)
    return [
        Changed(key, _short(old[key]), _short(value)) for key, value in new.items() if key in old and old[key] != value
    ]


def _values(text: str) -> dict[str, str]:
    """Values by key, within the sections and the keys of lesser indentation around them; doubtful keys are left out."""
    found: dict[str, str] = {}
    doubtful = set()
    for key, value in _read(text):
        if key in found:
            doubtful.add(key)
        found[key] = value
    return {key: value for key, value in found.items() if key not in doubtful}


def _read(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    around: list[tuple[int, str]] = []
    for line in text.splitlines():
        if header := _SECTION.match(line):
            section, around = header[1], []
        elif opened := _OPENS.match(line):
            around = [*_outer(around, len(opened[1])), (len(opened[1]), opened[2])]
        elif (sets := _SETS.match(line)) and not sets[3].startswith("//"):
            names = [name for _, name in _outer(around, len(sets[1]))]
            yield ".".join(filter(None, [section, *names, sets[2]])), sets[3]


def _outer(around: list[tuple[int, str]], depth: int) -> list[tuple[int, str]]:
    return list(takewhile(lambda one: one[0] < depth, around))


def _short(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
