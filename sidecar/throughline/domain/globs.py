"""Globs: what a pattern of a path means, in a permission, a tool's argument and a list of generated files alike.

`*` stands for any characters within one part of a path, `?` for one of them, `**/` for any number of folders, none
too, and `**` for anything. `[*]`, `[?]` and `[[]` are those characters themselves. Nothing else is special: a file
that is called `[id].ts` or `{a}.py` is named as it is. A pattern fits a whole path or none of it, big and small
letters told apart, and one that begins with a slash fits absolute paths alone.

Ignore files are git's own language, which has another meaning, and are read as git reads them. What stands for the
words of a command is no glob: see the permissions.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SIGN = re.compile(r"(\[[*?\[]\]|\*\*/|\*\*|\*|\?)")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_MEANING |= {f"[{sign}]": re.escape(sign) for sign in "*?["}


def path_matches(path: str, glob: str) -> bool:
    """Whether a glob fits a whole path; paths have slashes, and inside and outside of a workspace are apart."""
    return glob.startswith("/") == path.startswith("/") and _compiled(glob).fullmatch(path) is not None


def file_matches(path: str, glob: str) -> bool:
    """Whether a file below a folder has a name like `*.py`, or is itself like `src/**/*.py`; `path` is relative to that
    folder. Every file fits an empty glob, and those below a folder fit one that ends with a slash.
    """
    if not glob:
        return True
    if "/" not in glob:
        return path_matches(path.rpartition("/")[2], glob)
    whole = f"{glob}**" if glob.endswith("/") else glob
    return path_matches(path, whole.removeprefix("./").removeprefix("/"))


def text_matches(text: str, pattern: str) -> bool:
    """Whether a text that is no path fits a pattern in which `*` stands for anything, and nothing else is special."""
    wanted = ".*".join(re.escape(piece) for piece in pattern.split("*"))
    return re.fullmatch(wanted, text, re.DOTALL) is not None


@lru_cache(maxsize=256)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile("".join(_MEANING.get(part, re.escape(part)) for part in _SIGN.split(glob)), re.DOTALL)
