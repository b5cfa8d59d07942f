"""What a call may do without being asked, and who says so.

A pattern is `read:`, `edit:` or `run:` and what it fits: a path with `*` and `**`, or a command in which `*` stands for
anything that starts no other command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from throughline.agent.tool import Want
from throughline.core.acting import Allow, Ask, Deny, Place

# What would let one command bring along another one.
_CONTROL = r"[^;&|<>`$()\n\r{}]"
_OUTSIDE = "it is outside the workspace"
_GUARDED = "it belongs to the repository or the session, not to the sources"


class Always:
    """Says yes to everything: for tests, and for a copy that nobody will miss."""

    async def ask(self, ask: Ask) -> Allow | Deny:  # noqa: ARG002
        """Yes."""
        return Allow()


class Never:
    """Says no to everything, with a reason: where there is nobody to ask."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def ask(self, ask: Ask) -> Allow | Deny:  # noqa: ARG002
        """No."""
        return Deny(self._reason)


def free(want: Want, patterns: Iterable[str], place: Callable[[str], Place | None]) -> bool:
    """Whether a call may do this without being asked; `place` says where a path leads."""
    if want.action == "run":
        return any(_runs(one.partition(":")[2], want.target, place) for one in patterns if one.startswith("run:"))
    spot = want.place
    if spot is None or (spot.guarded and want.action == "edit"):
        return False
    if want.action == "read" and spot.inside:
        return True
    return any(_covers(one.partition(":")[2], spot.path) for one in patterns if one.startswith(f"{want.action}:"))


def pattern(want: Want) -> str:
    """What allowing it for the session would allow: this command, the folder outside, or the workspace's files."""
    if want.action == "run":
        return f"run:{want.target.strip()}"
    if want.place is not None and want.place.inside:
        return f"{want.action}:{want.place.path if want.place.guarded else '**'}"
    return f"{want.action}:{PurePosixPath(want.target).parent.as_posix().rstrip('/')}/**"


def special(want: Want) -> str:
    """What the user should know of it before saying yes."""
    if want.place is None:
        return ""
    return _OUTSIDE if not want.place.inside else _GUARDED if want.place.guarded else ""


def _covers(glob: str, path: str) -> bool:
    """Whether a glob fits a path: `*` within a part, `**` over any number of them. Inside and outside are apart."""
    if glob.startswith("/") != path.startswith("/"):
        return False
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(signs.get(part, re.escape(part)) for part in parts), path, re.DOTALL) is not None


def _runs(fitting: str, command: str, place: Callable[[str], Place | None]) -> bool:
    command = command.strip()
    if "*" not in fitting:
        return fitting == command
    wanted = f"{_CONTROL}*".join(re.escape(part) for part in fitting.split("*"))
    return re.fullmatch(wanted, command) is not None and not any(_leads_out(word, place) for word in _words(command))


def _words(command: str) -> list[str]:
    """The words of a command, and what stands behind their equals signs."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ["/"]  # What cannot be read is taken to lead anywhere.
    return [part for word in words for part in (word, *word.split("=")[1:])]


def _leads_out(word: str, place: Callable[[str], Place | None]) -> bool:
    """Whether a word names a path outside, by its links too."""
    if not word or (word.startswith("-") and "/" not in word):
        return False
    spot = place(word)
    return spot is None or not spot.inside
