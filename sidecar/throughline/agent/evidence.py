"""What a command's output proves: failing tests, error lines, commits."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from throughline.compression.sentences import ERROR, clip
from throughline.core.deeds import Evidence

_MOST = 20
_LINES = 5
_LONGEST = 200


def evidence(command: str, status: int | None, output: str) -> Evidence:
    """A command with what its output says; error lines count only where it failed, the last ones."""
    lines = output.splitlines()
    failing = _named("failing", lines)
    errors = [clip(line, _LONGEST) for line in lines if ERROR.search(line)] if status != 0 else []
    return Evidence(
        command=clip(command, _LONGEST),
        status=status,
        failing=failing,
        errors=tuple(dict.fromkeys(errors))[-_LINES:],
        commits=_named("commits", lines),
    )


def _named(what: str, lines: Iterable[str]) -> tuple[str, ...]:
    found = (hit["name"] for line in lines for pattern in _patterns()[what] if (hit := pattern.search(line)))
    return tuple(dict.fromkeys(found))[:_MOST]


@cache
def _patterns() -> dict[str, tuple[re.Pattern[str], ...]]:
    told = tomllib.loads((files("throughline.agent") / "evidence.toml").read_text("utf-8"))
    return {what: tuple(map(re.compile, patterns)) for what, patterns in told.items()}
