"""The files below a folder, without what its ignore files exclude."""

from __future__ import annotations

from pathlib import Path

from throughline.workspace.git import Git, GitError

# What no ignore file names, and nobody means.
_NEVER = frozenset({".git", ".hg", ".svn", ".agent"})


def walked(folder: Path) -> tuple[Path, ...]:
    """Whole paths of regular files, sorted. Git says which they are; where there is no git, the ignore files do.

    Links to folders are not followed, so that no loop is entered.
    """
    try:
        names = Git(folder).files()
    except GitError:
        names = ()
    # Of a folder that is ignored as a whole git lists nothing, and who names it means it.
    found = [folder / name for name in names or _unignored(folder)]
    return tuple(sorted(path for path in found if path.is_file() and not _NEVER & {*path.relative_to(folder).parts}))


def _unignored(folder: Path) -> tuple[str, ...]:
    from throughline.workspace.listing import listed  # noqa: PLC0415 - what matches patterns is loaded late

    return tuple(listed(folder, "."))
