"""The files below a folder, without what its ignore files exclude."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from throughline.workspace.git import Git, GitError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# What no ignore file names, and nobody means.
_NEVER = frozenset({".git", ".hg", ".svn", ".agent"})
_IGNORE = ".gitignore"


def walked(folder: Path) -> tuple[Path, ...]:
    """Whole paths of regular files, sorted. Git says which they are; where there is no git, the ignore files do.

    Links to folders are not followed, so that no loop is entered.
    """
    try:
        found = [folder / name for name in Git(folder).files()]
    except GitError:
        found = []
    # Of a folder that is ignored as a whole git lists nothing, and who names it means it.
    found = found or list(_unignored(folder))
    return tuple(sorted(path for path in found if path.is_file() and not _NEVER & {*path.relative_to(folder).parts}))


def _unignored(top: Path) -> Iterator[Path]:
    """All files but the ignored ones; each folder's ignore file speaks of what is below it."""
    specs: dict[Path, GitIgnoreSpec] = {}
    for place, folders, names in os.walk(top):
        here = Path(place)
        if _IGNORE in names:
            specs[here] = _spec(here / _IGNORE)
        above = [(root, spec) for root, spec in specs.items() if here.is_relative_to(root)]
        folders[:] = [name for name in folders if name not in _NEVER and not _ignored(here / name, above, "/")]
        yield from (here / name for name in names if not _ignored(here / name, above))


def _ignored(path: Path, specs: list[tuple[Path, GitIgnoreSpec]], end: str = "") -> bool:
    """The deepest ignore file that speaks of a path decides."""
    for root, spec in reversed(specs):
        said = spec.check_file(path.relative_to(root).as_posix() + end).include
        if said is not None:
            return said
    return False


def _spec(path: Path) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415

    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    return GitIgnoreSpec.from_lines(lines)
