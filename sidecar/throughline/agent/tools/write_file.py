"""write_file: a whole file."""

from __future__ import annotations

import asyncio

from throughline.agent.file_context import has_changed, known_digest, knows_whole_file
from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts, edit_request
from throughline.agent.tools.edit_file import changed_file_refusal, holds_line_numbers, parse_warning
from throughline.domain.events import Evidence, FileSeen
from throughline.domain.ports import ActError, MovedError


class WriteFile:
    """Makes or replaces a file."""

    name = "write_file"
    writes = True

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:
        """To change one file."""
        place = ports.files.place(args["path"])
        before = ""
        if place.inside and ports.files.exists(place):
            try:
                before = ports.files.text(place)
            except ActError:
                before = ""  # Why it cannot be replaced is said when it is tried.
        return (edit_request(place, before, args["text"]),)

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """Writes it, or says what stands in its way."""
        place = work.ports.files.place(args["path"])
        text = args["text"]
        there = await asyncio.to_thread(work.ports.files.exists, place)
        before = await asyncio.to_thread(work.ports.files.text, place) if there else None
        if before and holds_line_numbers(text, before):
            raise ActError(
                f"`text` holds line numbers as read_file shows them, and {place.path} has none: leave them out."
            )
        if before is not None:
            if has_changed(work.session, place.path, before):
                return await asyncio.to_thread(changed_file_refusal, work, place.path, before)
            if before and not knows_whole_file(work.session, place.path):
                seen = "only a part of it" if known_digest(work.session, place.path) else "nothing of it"
                raise ActError(f"{place.path} is there already and you have seen {seen}: read it in full first.")
            if "\r\n" in before and "\r\n" not in text:
                text = text.replace("\n", "\r\n")
        try:
            await work.ports.edits.put(place, text, before)
        except MovedError as error:
            if before is None:
                raise ActError(str(error)) from error
            now = await asyncio.to_thread(work.ports.files.text, place)
            return await asyncio.to_thread(changed_file_refusal, work, place.path, now)
        event = FileSeen(work.turn, place.path, work.texts.keep(text), "written", "edit")
        was = "" if before is None else f", {_count(before)} before"
        warning = await asyncio.to_thread(parse_warning, place.path, before, text)
        said = f"wrote {place.path}: {_count(text)} lines{was}{warning}"
        return Result(said, evidence=Evidence(changed=(place.path,)), events=(event,))


def _count(text: str) -> int:
    return len(text.splitlines())
