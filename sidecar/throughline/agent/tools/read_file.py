"""read_file: a file's text, a big one's skeleton first."""

from __future__ import annotations

import asyncio

from throughline.agent.file_rendering import file_skeleton, parse_deadline
from throughline.agent.output import both_ends
from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts, read_request
from throughline.domain.events import Evidence, FileSeen, Sighting
from throughline.domain.ports import ActError
from throughline.skeleton.model import Item
from throughline.skeleton.outline_reader import outline

# Tokens (o200k) above which a file comes as a skeleton first.
BIG = 4_000
# Characters that are shown of one file at a time.
MOST = 100_000


class ReadFile:
    """Reads a file."""

    name = "read_file"
    writes = False

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:
        """To read one path."""
        return read_request(args["path"], ports)

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """The text, a range of it, or the skeleton."""
        return await asyncio.to_thread(_read, args, work)


def _read(args: Args, work: ToolCallContext) -> Result:
    place = work.ports.files.place(args["path"])
    path = place.path
    text = work.ports.files.text(place)
    lines = file_lines(text)
    first, last = args.get("first"), args.get("last")
    name = work.texts.keep(text)

    def result(said: str, form: Sighting, first: int = 0, last: int = 0) -> Result:
        seen = FileSeen(work.turn, path, name, form, "read", work.id, first, last)
        return Result(said, evidence=Evidence(read=(path,)), events=(seen,))

    if first is not None or last is not None:
        start, end = first or 1, min(last or len(lines), len(lines))
        if not 1 <= start <= max(1, len(lines)) or end < start:
            raise ActError(f"{path} has {len(lines):,} lines: there are no lines {start} to {last or 'the end'}.")
        part = numbered("".join(lines[start - 1 : end]), start)
        head = f"[lines {start} to {end} of {len(lines)} of {path}]\n"
        form: Sighting = "full" if (start, end) == (1, len(lines)) and len(part) <= MOST else "part"
        return result(head + both_ends(part, MOST, 0, "ask for fewer lines"), form, start, end)
    if not args.get("full") and len(text) > BIG and work.ports.tokens.count(text) > BIG:
        made = file_skeleton(path, text, work.ports.tokens.count)
        if made.form in ("skeleton", "plain"):
            return result(f"{made.text}{_places(path, text)}", "skeleton")
    whole = numbered(text)
    if len(whole) > MOST:
        part = both_ends(whole, MOST, 0, "read them with first and last")
        return result(part, "part", 1, part.count("\n"))
    return result(whole or "(The file is empty.)", "full")


def file_lines(text: str) -> list[str]:
    """A text's lines with their ends, counted as searches and compilers count them: by line feeds alone."""
    *whole, last = text.split("\n")
    return [f"{line}\n" for line in whole] + ([last] if last else [])


def numbered(text: str, first: int = 1) -> str:
    """The text with each line's number and a tab before it, as models know it."""
    return "".join(f"{number}\t{line}" for number, line in enumerate(file_lines(text), first))


def _places(path: str, text: str) -> str:
    """Where each definition stands, so that it can be read alone."""
    read = outline(path, text, parse_deadline())
    rows = list(_rows(read.items)) if read else []
    where = f" {', '.join(rows)}." if rows else ""
    return f"[This is the skeleton: read lines with first and last, or all with full. Lines:{where}]\n"


def _rows(items: tuple[Item, ...], prefix: str = "") -> list[str]:
    rows = []
    for item in items:
        if item.kind in ("class", "function", "method", "interface", "namespace", "enum"):
            rows.append(f"{prefix}{item.name} {item.first_line}-{item.last_line}")
            rows += _rows(item.children, f"{prefix}{item.name}.")
    return rows
