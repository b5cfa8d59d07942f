"""What a call may do without being asked, and who says so.

A pattern is `read:`, `edit:` or `run:` and what it fits: a path with `*`, `?` and `**`, or a command in which `*`
stands for more words that start no other command, lead nowhere else and name no file to be written. In a path `[*]`,
`[?]` and `[[]` stand for the characters themselves. With `=` before the colon all of it is meant literally: so is
written down what the user allowed by a question, as nobody chose the signs that are in it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from glob import escape
from itertools import pairwise
from pathlib import PurePosixPath

from throughline.agent.tool import Want
from throughline.core.acting import Allow, Ask, Deny, Place

# What would let one command bring along another one.
_CONTROL = r"[^;&|<>`$()\n\r{}]"
# One word of a command line, quotes and all, and what in one is not within quotes.
_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+""", re.DOTALL)
_QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
# What a shell makes file names of: by a link they may lead anywhere.
_GLOB = re.compile(r"[*?\[\\]|(?:^|[=:@,])~")
# Options that name a file to be written, or a program or a setting to be used, in the programs that tools call most.
_RISKY = re.compile(
    r"-[A-Za-z]{0,2}[oc]|-o.+|-(?:exec|ok|delete|fprint|fls).*"
    r"|--?(?:out|exec|ext|eval|command|config|plugin|rsh|to-command|checkpoint-action|use-compress|upload-pack"
    r"|receive-pack|pager|pre(?:$|=)|write|in-place|dump|save|log-file|report|junit|basetemp|rootdir|import).*",
    re.DOTALL,
)
# Where inside a word the name of a file may begin.
_JOINT = re.compile(r"[=:@,]")
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
    spot = want.place
    if want.action != "run":
        if spot is None or (spot.guarded and want.action == "edit"):
            return False
        if want.action == "read" and spot.inside:
            return True
    for one in patterns:
        action, _, fitting = one.partition(":")
        if action == f"{want.action}=":
            fits = fitting == (want.target.strip() if spot is None else spot.path)
        elif action != want.action:
            fits = False
        else:
            fits = _runs(fitting, want.target, place) if spot is None else _covers(fitting, spot.path)
        if fits:
            return True
    return False


def pattern(want: Want) -> str:
    """What allowing it for the session would allow: this very command or file, the folder outside, or the workspace's
    files.
    """
    if want.action == "run":
        return f"run=:{want.target.strip()}"
    if want.place is not None and want.place.inside:
        return f"{want.action}=:{want.place.path}" if want.place.guarded else f"{want.action}:**"
    path = want.target if want.place is None else want.place.path
    return f"{want.action}:{escape(PurePosixPath(path).parent.as_posix().rstrip('/'))}/**"


def special(want: Want) -> str:
    """What the user should know of it before saying yes."""
    if want.place is None:
        return ""
    return _OUTSIDE if not want.place.inside else _GUARDED if want.place.guarded else ""


def _covers(glob: str, path: str) -> bool:
    """Whether a glob fits a path: `*` within a part, `**` over any number of them. Inside and outside are apart."""
    if glob.startswith("/") != path.startswith("/"):
        return False
    parts = re.split(r"(\[[*?\[]\]|\*\*/|\*\*|\*|\?)", glob)
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    signs |= {f"[{sign}]": re.escape(sign) for sign in "*?["}
    return re.fullmatch("".join(signs.get(part, re.escape(part)) for part in parts), path, re.DOTALL) is not None


def _runs(fitting: str, command: str, place: Callable[[str], Place | None]) -> bool:
    """Whether a pattern with `*` fits a command, and what stands in the place of `*` is nothing but harmless words."""
    command, fitting = command.strip(), fitting.strip()
    if "*" not in fitting:
        return fitting == command
    first, *others = re.split(r"\*+", fitting)
    wanted = re.escape(first)
    for before, after in pairwise((first, *others)):
        # After a whole word at the end more words may come, and no longer word: `pytest*` is not `pytest_other`.
        more = rf"((?:[ \t]{_CONTROL}*)?)" if not after and re.search(r"\w$", before) else f"({_CONTROL}*)"
        wanted += more + re.escape(after)
    fit = re.fullmatch(wanted, command)
    if fit is None:
        return False
    spans = [fit.span(number) for number in range(1, len(others) + 1)]
    words = list(_WORD.finditer(command))
    if _WORD.sub("", command).strip():
        return False  # What cannot be read as words is not let through.
    new = (word[0] for word in words if any(max(word.start(), a) < min(word.end(), b) for a, b in spans))
    return all(_harmless(word, place) for word in new)


def _harmless(word: str, place: Callable[[str], Place | None]) -> bool:
    """Whether a word that the user has not seen may be part of a command that they allowed by a pattern."""
    if _GLOB.search(_QUOTED.sub("", word)):
        return False
    plain = "".join(shlex.split(word))
    return not _RISKY.fullmatch(plain) and not any(_leads_out(path, place) for path in _paths(plain))


def _paths(word: str) -> Iterator[str]:
    """What in a word may be a path: all of it, what stands behind its joints, and what an option has grown together
    with.
    """
    yield word
    for joint in _JOINT.finditer(word):
        yield word[joint.end() :]
    if word.startswith("-"):
        yield word[2:]
        if "/" in word:
            yield word[word.index("/") :]


def _leads_out(word: str, place: Callable[[str], Place | None]) -> bool:
    """Whether a word names a path outside, by its links too, or one that is not the agent's."""
    if not word:
        return False
    spot = place(word)
    return spot is None or not spot.inside or spot.guarded
