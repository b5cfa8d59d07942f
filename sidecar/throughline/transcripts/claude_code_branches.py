"""Branches of Claude Code's transcripts: a user who goes back says another prompt in a former one's place, and the file
keeps both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def left_branches(
    lines: Iterable[Mapping[str, Any]], is_prompt: Callable[[Mapping[str, Any]], bool]
) -> tuple[frozenset[str], int]:
    """The ids of the lines that were left by going back, and how many prompts were: a prompt and all that followed it,
    where a later one stands in its place on the way to the newest line.
    """
    known: dict[str, Mapping[str, Any]] = {}
    children: dict[str, list[str]] = {}
    newest = ""
    for line in lines:
        name, parent = line.get("uuid"), line.get("parentUuid")
        if isinstance(name, str) and name not in known:
            known[name] = line
            if isinstance(parent, str):
                children.setdefault(parent, []).append(name)
            if line.get("type") in ("user", "assistant") and line.get("isSidechain") is not True:
                newest = name
    path: list[str] = []
    name = newest
    while name in known and name not in path[-1:]:
        path.append(name)
        if len(path) > len(known):
            return frozenset(), 0
        parent = known[name].get("parentUuid")
        name = parent if isinstance(parent, str) else ""
    alive = set(path)
    left = [
        other
        for name in path
        if is_prompt(known[name])
        for other in _earlier(children.get(str(known[name].get("parentUuid")), []), name)
        if other not in alive and is_prompt(known[other])
    ]
    gone: set[str] = set()
    pending = list(left)
    while pending:
        name = pending.pop()
        if name not in gone and name not in alive:
            gone.add(name)
            pending += children.get(name, [])
    return frozenset(gone), len(left)


def _earlier(names: list[str], name: str) -> list[str]:
    return names[: names.index(name)] if name in names else []
