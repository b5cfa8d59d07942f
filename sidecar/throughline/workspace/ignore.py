"""Ignore files: the files below a folder without those that are excluded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen
from pathspec import GitIgnoreSpec

_NAMES = (".gitignore", ".ignore", ".rgignore")
# The repository's own folder is not a part of what is worked on.
_NEVER = frozenset({".git", ".hg", ".svn", ".jj"})


@frozen
class _Rule:
    """What the ignore files of one folder say, and that folder."""

    folder: str
    spec: GitIgnoreSpec


def list_files(root: Path, under: str) -> Iterator[str]:
    """Files under a folder of the workspace (`.` for all of it), relative to the workspace with slashes, in order.

    Links to folders are not followed. The ignore files of the folders above count too, deeper ones before them.
    """
    start = "" if under in (".", "") else under
    rules: tuple[_Rule, ...] = ()
    above = ["", *("/".join(start.split("/")[:depth]) for depth in range(1, start.count("/") + 1))] if start else []
    for folder in above:
        rules = (*rules, *_rules(root, folder))
    yield from _walk(root, start, rules)


def _walk(root: Path, folder: str, rules: tuple[_Rule, ...]) -> Iterator[str]:
    rules = (*rules, *_rules(root, folder))
    try:
        with os.scandir(root / folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return  # A folder that may not be read has nothing to show.
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name in _NEVER:
            continue
        if entry.is_dir(follow_symlinks=False):
            if not _ignored(f"{path}/", rules):
                yield from _walk(root, path, rules)
        elif not _ignored(path, rules):
            yield path


def _rules(root: Path, folder: str) -> Iterator[_Rule]:
    places = [root / folder / name for name in _NAMES]
    if not folder:
        places.insert(0, root / ".git" / "info" / "exclude")
    for place in places:
        try:
            lines = place.read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        yield _Rule(folder, GitIgnoreSpec.from_lines(lines))


def _ignored(path: str, rules: tuple[_Rule, ...]) -> bool:
    """The last rule that says anything of a path holds."""
    for rule in reversed(rules):
        inner = path[len(rule.folder) + 1 :] if rule.folder else path
        if (said := rule.spec.check_file(inner).include) is not None:
            return said
    return False
