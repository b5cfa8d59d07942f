"""An outline by indentation, for text in a language that has no grammar here."""

from collections.abc import Iterable

from throughline.skeleton.outline import LEFT_OUT

TAB = 4
LEVELS = 2


def shallow(text: str, levels: int = LEVELS) -> str:
    """The lines at the shallowest levels of indentation; each run of deeper ones becomes one `…`."""
    lines = [line.rstrip() for line in text.expandtabs(TAB).splitlines() if line.strip()]
    depths = sorted({_depth(line) for line in lines})[:levels]
    deepest = depths[-1] if depths else 0
    return "\n".join(_elided(lines, deepest))


def _elided(lines: Iterable[str], deepest: int) -> Iterable[str]:
    skipping = False
    for line in lines:
        depth = _depth(line)
        if depth <= deepest:
            yield line
        elif not skipping:
            yield " " * depth + LEFT_OUT
        skipping = depth > deepest


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
