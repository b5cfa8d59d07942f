"""An outline by indentation, for text in a language that has no grammar here."""

import re
from collections.abc import Iterator, Sequence

from throughline.skeleton.outline import LEFT_OUT

TAB = 4
LEVELS = 2
LONG_LINE = 200
HEADING = re.compile(r"#{1,6} \S")
UNDERLINE = re.compile(r"(?:={3,}|-{3,}|~{3,})\s*$")
COMMENT = re.compile(r"(?:#(?!include|define|if|!)|//|--(?!-)|/?\*+(?:\s|/|$)|;;)")
DEFINITION = re.compile(
    r"""\s*(?:(?:public|private|protected|internal|static|abstract|final|open|override|async|local|export|inline|data
    |sealed|suspend|virtual|partial|case|companion)\s+)*
    (?:def|defp|defmodule|defmacro|fun|func|function|fn|sub|proc|class|module|interface|trait|struct|enum|object
    |protocol|extension|record|contract|actor|namespace)\s+[\w.:&'`<"$(-]""",
    re.VERBOSE,
)
"""A line that defines something by the words of most languages; it is shown however deeply it stands."""
CLOSING = re.compile(r"[\])}\s;,]*(?:end\b[\s;,)]*|fi|done|esac)?[\])}\s;,]*$")
MOST = 2_000
"""Lines that are shown of a file at most."""
BLOCK = 3
"""Lines of one kind in a row that are shown at a bare level."""


def shallow(text: str, levels: int = LEVELS) -> str:
    """The lines at the shallowest levels of indentation and deeper ones that define something, `…` for each run of
    others; no comments, and no lines that only close what was left out. At level 0 runs of lines with the same first
    word are cut after three, and at level -1 after one.
    """
    lines = [_clipped(line.rstrip()) for line in text.expandtabs(TAB).splitlines() if line.strip()]
    lines = _without_comments(lines)
    depths = sorted({_depth(line) for line in lines})[: max(1, levels)]
    deepest = depths[-1] if depths else 0
    shown = list(_elided(lines, deepest))
    if levels < 1:
        shown = list(_thinned(shown, BLOCK if levels == 0 else 1))
    if len(shown) > MOST:
        shown[MOST:] = [f"{LEFT_OUT} {len(shown) - MOST} more lines"]
    return "\n".join(shown)


def headings(text: str) -> str:
    """A Markdown file's headings, each with `…` for what stands below it; empty where there are none."""
    shown: list[str] = []
    fenced = False
    lines = text.splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and (HEADING.match(line) or (line.strip() and UNDERLINE.match(below))):
            shown.append(_clipped(line.rstrip()))
        elif line.strip() and shown and shown[-1] != LEFT_OUT:
            shown.append(LEFT_OUT)
    return "\n".join(shown)


def _elided(lines: Sequence[str], deepest: int) -> Iterator[str]:
    skipping = False
    for line in lines:
        depth = _depth(line)
        if depth <= deepest or DEFINITION.match(line):
            if not (skipping and CLOSING.match(line)):
                yield line
        elif not skipping:
            yield " " * depth + LEFT_OUT
        skipping = depth > deepest and not DEFINITION.match(line)


def _thinned(lines: Sequence[str], most: int) -> Iterator[str]:
    """Of a long run of lines that begin alike, the first few and how many more there are."""
    runs: list[list[str]] = []
    for line in lines:
        if line.strip() == LEFT_OUT or CLOSING.match(line):
            continue
        if runs and _word(runs[-1][0]) == _word(line) and not DEFINITION.match(line):
            runs[-1].append(line)
        else:
            runs.append([line])
    for run in runs:
        yield from run[:most]
        if len(run) > most:
            yield f"{LEFT_OUT} {len(run) - most} more such lines"


def _without_comments(lines: Sequence[str]) -> list[str]:
    """The lines that are no comments; all of them where nothing else is there."""
    code = [line for line in lines if not COMMENT.match(line.lstrip())]
    return code or list(lines)


def _word(line: str) -> str:
    return re.split(r"\W", line.lstrip(), maxsplit=1)[0]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _clipped(line: str) -> str:
    return line if len(line) <= LONG_LINE else line[:LONG_LINE] + LEFT_OUT
