"""skeleton: a file without its bodies."""

from __future__ import annotations

import asyncio

from throughline.agent.shown import outlined
from throughline.agent.tool import Args, Ports, Result, Want, Work, to_read
from throughline.core.deeds import Evidence
from throughline.core.events import FileSeen


class ReadSkeleton:
    """Reads a file's skeleton."""

    name = "skeleton"
    writes = False

    def wants(self, args: Args, ports: Ports) -> tuple[Want, ...]:
        """To read one path."""
        return to_read(args["path"], ports)

    async def run(self, args: Args, work: Work) -> Result:
        """The skeleton."""
        return await asyncio.to_thread(_read, args, work)


def _read(args: Args, work: Work) -> Result:
    place = work.ports.files.place(args["path"])
    text = work.ports.files.text(place)
    made = outlined(place.path, text, work.ports.tokens.count)
    name = work.texts.keep(text)
    full = made.form in ("whole", "declarations")
    seen = FileSeen(work.turn, place.path, name, "full" if full else "skeleton", "read", work.id)
    return Result(made.text, evidence=Evidence(read=(place.path,)), events=(seen,))
