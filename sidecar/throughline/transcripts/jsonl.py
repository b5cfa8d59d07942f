"""JSON Lines as other tools leave them behind: half-written, interleaved, patched by hand."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from throughline.transcripts.builder import Repairs

_GAP = re.compile(r"[\s,]*")
# Every escape is consumed in turn, so a doubled backslash cannot be taken for the start of a `\u`.
_ESCAPE = re.compile(
    r"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def objects(lines: Iterable[str], repairs: Repairs) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's number (from 1) and its JSON object; what is no object is skipped and noted."""
    broken: str | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        # Only when another line follows is it certain that the broken one was not the end of the file.
        if broken is not None:
            repairs.note("a line that is not JSON was skipped", broken)
            broken = None
        where = f"line {number}"
        try:
            value = json.loads(without_half_characters(line, repairs, where))
        except (ValueError, RecursionError):
            broken = where
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            repairs.note("a line that is not a JSON object was skipped", where)
    if broken is not None:
        repairs.note("the last line is half-written and was skipped", broken)


def peek(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The JSON objects among a file's first lines, for telling one format from another."""
    for _, value in objects(lines, Repairs()):
        yield value


def salvage(text: str, name: str) -> list[Any]:
    """The whole items of the list under `name`, or of the outermost list where it is "", in JSON that may be cut. A
    quoted name cannot be taken for it: its quotes are escaped.
    """
    begun = re.search(rf'"{name}"\s*:\s*\[' if name else r"\s*\[", text)
    items: list[Any] = []
    place = begun.end() if begun else len(text)
    decoder = json.JSONDecoder()
    while gap := _GAP.match(text, place):
        try:
            item, place = decoder.raw_decode(text, gap.end())
        except (ValueError, RecursionError):
            break
        items.append(item)
    return items


def without_half_characters(line: str, repairs: Repairs, where: str) -> str:
    """`line` of JSON with each half of a surrogate pair replaced: no database and no request could carry one."""
    if "\\ud" not in line and "\\uD" not in line:
        return line

    def keep(match: re.Match[str]) -> str:
        if match["half"] is None:
            return match[0]
        repairs.note("half a character was replaced", where)
        return "\\ufffd"

    return _ESCAPE.sub(keep, line)
