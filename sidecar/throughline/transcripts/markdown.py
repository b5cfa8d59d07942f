"""Exports in Markdown: fences, and messages that each stand below a heading of their own."""

import re
from collections.abc import Callable, Iterator, Sequence

import attrs

_FENCE = re.compile(r"\s{0,3}(?P<marks>`{3,}|~{3,})(?P<language>.*)")
_RULE = "---"


def open_fence(fence: str, line: str) -> str:
    """The marks of the fence that is open after `line`, "" where none is, when `fence` was before it."""
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found["marks"]
    closes = found["marks"].startswith(fence) and not found["language"].strip()
    return "" if closes else fence


@attrs.frozen
class MessageSection:
    """A heading of the page, and the lines below it up to the next one."""

    heading: re.Match[str]
    """What the heading says."""
    lines: tuple[str, ...]
    """The lines, without blank ones and rules at either end."""


def message_sections(
    page: Sequence[str],
    heading: re.Pattern[str],
    above: re.Pattern[str],
    data: Callable[[re.Match[str] | None, str], bool] = lambda _, __: False,
) -> Iterator[MessageSection]:
    """The sections of a page whose headings stand alone, below a line of the kind `above` where there is one.

    A fence of `data`, told by the heading that it stands below and the line above it, holds whatever it shows, headings
    too. Any other one is the text of somebody who may forget its end: it holds a heading only where it ends before the
    next one.
    """
    found: list[tuple[int, re.Match[str]]] = []
    held: list[tuple[int, re.Match[str]]] = []
    fence = before = ""
    shows = False
    for place, line in enumerate(page):
        begun = heading.fullmatch(line) if not before or above.fullmatch(before) else None
        if begun and fence and shows:
            held.append((place, begun))
        elif begun and not (fence and _ends(page, place, fence, heading)):
            found.append((place, begun))
            fence = ""
        opened = open_fence(fence, line)
        if not fence and opened:
            shows = data(found[-1][1] if found else None, before)
        elif fence and not opened:
            held.clear()
        fence = opened
        before = line.strip() or before
    # A fence that has no end holds nothing.
    found += held
    ends = [*(place for place, _ in found[1:]), len(page)]
    for (place, begun), end in zip(found, ends, strict=False):
        yield MessageSection(begun, tuple(_bare(page[place + 1 : end])))


def _ends(page: Sequence[str], place: int, fence: str, heading: re.Pattern[str]) -> bool:
    """Whether the open fence holds the heading at `place`: it ends before another heading or a rule."""
    for after in range(place + 1, len(page)):
        if page[after].strip() == _RULE or heading.fullmatch(page[after]):
            return False
        if not open_fence(fence, page[after]):
            return True
    return False


def _bare(lines: Sequence[str]) -> Sequence[str]:
    kept = [place for place, line in enumerate(lines) if line.strip() not in ("", _RULE)]
    return lines[kept[0] : kept[-1] + 1] if kept else ()
