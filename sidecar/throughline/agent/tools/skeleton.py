"""skeleton: a file without its bodies."""

from __future__ import annotations

import asyncio

from throughline.agent.file_rendering import file_skeleton
from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts, read_request
from throughline.domain.events import Evidence, FileSeen


class ReadSkeleton:
    """Reads a file's skeleton."""

    name = "skeleton"
    writes = False

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:
        """To read one path."""
        return read_request(args["path"], ports)

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """The skeleton."""
        return await asyncio.to_thread(_read, args, work)


def _read(args: Args, work: ToolCallContext) -> Result:
    place = work.ports.files.place(args["path"])
    text = work.ports.files.text(place)
    made = file_skeleton(place.path, text, work.ports.tokens.count)
    name = work.texts.keep(text)
    full = made.form in ("whole", "declarations")
    seen = FileSeen(work.turn, place.path, name, "full" if full else "skeleton", "read", work.id)
    return Result(made.text, evidence=Evidence(read=(place.path,)), events=(seen,))
