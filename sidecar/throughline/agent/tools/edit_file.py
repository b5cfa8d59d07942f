"""edit_file: one piece of a file replaced by another."""

from __future__ import annotations

import asyncio
import re
from difflib import SequenceMatcher
from itertools import pairwise

from throughline.agent.file_context import (
    change_note,
    has_changed,
    knowledge_after_edit,
    known_digest,
    knows_whole_file,
)
from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts, edit_request
from throughline.domain.events import Evidence, FileSeen, Sighting
from throughline.domain.ports import ActError, MovedError
from throughline.skeleton.outline_reader import outline

# Places that are looked at closely for the nearest match, and lines of a file in which it is looked for.
_CLOSE, _SEARCHED = 8, 20_000
# Below this likeness nothing is near.
_NEAR = 0.5
# A line with its number before it, as read_file shows it.
_NUMBERED = re.compile(r"^[ ]*(\d+)(?:\t|→)", re.MULTILINE)


class EditFile:
    """Replaces text in a file."""

    name = "edit_file"
    writes = True

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:
        """To change one file."""
        place = ports.files.place(args["path"])
        return (edit_request(place, args["old"], args["new"]),)

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """Makes the edit, or says what stands in its way."""
        place = work.ports.files.place(args["path"])
        before = await asyncio.to_thread(work.ports.files.text, place)
        if has_changed(work.session, place.path, before):
            return await asyncio.to_thread(changed_file_refusal, work, place.path, before)
        after = await asyncio.to_thread(_edited, place.path, before, args)
        try:
            await work.ports.edits.put(place, after, before)
        except MovedError:
            now = await asyncio.to_thread(work.ports.files.text, place)
            return await asyncio.to_thread(changed_file_refusal, work, place.path, now)
        seen = knowledge_after_edit(work.session, work.turn, place.path, work.texts, after)
        text = await asyncio.to_thread(_said, place.path, before, after, args)
        return Result(text, evidence=Evidence(changed=(place.path,)), events=(seen,))


def changed_file_refusal(work: ToolCallContext, path: str, now: str) -> Result:
    """What is said of a file that has changed since the model saw it; now it has seen it."""
    seen = known_digest(work.session, path)
    before = work.texts.get(seen) if seen else None
    told, all_told = change_note(path, before, now, work.ports.tokens.count)
    form: Sighting = "full" if all_told and (before is None or knows_whole_file(work.session, path)) else "part"
    text = f"{path} has changed since you saw it, so nothing was written. What changed:\n{told}"
    return Result(text, error=True, events=(FileSeen(work.turn, path, work.texts.keep(now), form),))


def _edited(path: str, text: str, args: Args) -> str:
    old, new = _ends_of(text, args["old"]), _ends_of(text, args["new"])
    if not old:
        raise ActError("`old` is empty: to make a file use write_file, to add lines take along a line beside them.")
    if old == new:
        raise ActError("`old` and `new` are the same: nothing was changed.")
    times = text.count(old)
    if times == 0 and (bare := _NUMBERED.sub("", old)) != old and bare.strip() and bare in text:
        raise ActError(f"`old` holds the line numbers that read_file shows, and {path} does not: leave them out.")
    if times == 0:
        raise ActError(_nearest(path, text, old))
    if holds_line_numbers(new, text):
        raise ActError(f"`new` holds line numbers as read_file shows them, and {path} has none: leave them out.")
    if times > 1 and not args.get("all"):
        places = ", ".join(str(line) for line in _lines(text, old)[:10])
        raise ActError(
            f"`old` stands in {path} {times} times, on lines {places}: take along lines around it until it is one "
            "place, or set `all`."
        )
    return text.replace(old, new)


def holds_line_numbers(said: str, text: str) -> bool:
    """Whether a text that shall enter a file has a number and a tab before each of its lines, rising by one, though no
    line of the file has: then it was copied with what read_file shows before the lines.
    """
    lines = said.rstrip("\n").split("\n")
    found = [_NUMBERED.match(line) for line in lines]
    numbers = [int(one[1]) for one in found if one]
    rising = len(numbers) == len(lines) and all(b - a == 1 for a, b in pairwise(numbers))
    # One line with a number may well be data, but not where the number is near its place in the file.
    copied = rising and (len(lines) > 1 or 0 < numbers[0] <= text.count("\n") + 1)
    return copied and not _NUMBERED.search(text)


def _ends_of(text: str, said: str) -> str:
    """What the model said, with the line ends of the file."""
    crlf = "\r\n" in text and "\r\n" not in said and text.count("\r\n") * 2 > text.count("\n")
    return said.replace("\n", "\r\n") if crlf else said


def _lines(text: str, old: str) -> list[int]:
    found, start = [], text.find(old)
    while start >= 0:
        found.append(text.count("\n", 0, start) + 1)
        start = text.find(old, start + len(old))
    return found


def _nearest(path: str, text: str, old: str) -> str:
    """What the file has where the text was looked for."""
    lines, wanted = text.splitlines(), old.splitlines()
    none = f"`old` does not stand in {path}"
    if len(lines) > _SEARCHED or not wanted:
        return f"{none}: read the file again."
    size = len(wanted)
    meant = [line.strip() for line in wanted]
    stripped = [line.strip() for line in lines]
    bag = set(meant) - {""}
    rough = sorted(
        range(max(1, len(lines) - size + 1)),
        key=lambda start: -_overlap(stripped[start : start + size], bag, meant),
    )
    scored = [
        (SequenceMatcher(None, "\n".join(lines[start : start + size]), old, autojunk=False).ratio(), start)
        for start in rough[:_CLOSE]
    ]
    ratio, start = max(scored, default=(0.0, 0), key=lambda one: (one[0], -one[1]))
    if ratio < _NEAR:
        return f"{none}, and nothing in it is near: read the file again."
    found = lines[start : start + size]
    what = ", but for white space" if [line.strip() for line in found] == meant else ""
    nearest = "\n".join(found)
    return f"{none}. The nearest{what}, lines {start + 1} to {start + len(found)}:\n{nearest}"


def _overlap(window: list[str], bag: set[str], meant: list[str]) -> float:
    """How many lines are the same; among windows with none, how alike the first lines are."""
    same = sum(1 for line in window if line in bag)
    if same or not window:
        return float(same)
    return SequenceMatcher(None, window[0], meant[0], autojunk=False).quick_ratio() / 2


def _said(path: str, before: str, after: str, args: Args) -> str:
    old, new = args["old"].count("\n") + 1, args["new"].count("\n") + 1
    many = f" in {before.count(_ends_of(before, args['old']))} places" if args.get("all") else ""
    return f"edited {path}: {old} lines became {new if args['new'] else 0}{many}{parse_warning(path, before, after)}"


def parse_warning(path: str, before: str | None, after: str) -> str:
    """A warning where a file parses worse than before."""
    now = outline(path, after)
    was = outline(path, before) if before is not None else None
    if now is None or now.broken <= (was.broken if was else 0):
        return ""
    return f"\nIt does not parse any more: {now.broken} spots are broken." if was else "\nIt does not parse."
