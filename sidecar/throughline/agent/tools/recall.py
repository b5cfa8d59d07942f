"""recall: what has left the conversation."""

from __future__ import annotations

import asyncio

from throughline.agent.reel import shown
from throughline.agent.tool import Args, Ports, Result, Want, Work
from throughline.core.acting import ActError
from throughline.core.deeds import OutputKept
from throughline.core.events import ToolReturned

# Characters of a result that are shown at a time, and places that a query finds.
PAGE = 30_000
MOST = 10


class Recall:
    """Looks things up in the log."""

    name = "recall"
    writes = False

    def wants(self, args: Args, ports: Ports) -> tuple[Want, ...]:  # noqa: ARG002
        """Nothing that anyone has to allow."""
        return ()

    async def run(self, args: Args, work: Work) -> Result:
        """The places where words stand, or one result."""
        query, call = args.get("query", "").strip(), args.get("id", "").strip()
        if bool(query) == bool(call):
            raise ActError("recall takes either `query` or `id`.")
        if call:
            return await asyncio.to_thread(_result, call, args.get("first", 1), work)
        found = await asyncio.to_thread(work.ports.store.recall, query, "", MOST)
        if not found:
            return Result("Nothing was said of that: try fewer or other words.")
        here = work.session.id
        where = (("" if one.session == here else f"session {one.session}, ") + f"turn {one.turn}" for one in found)
        rows = (f"[{place}, {one.kind}] {one.excerpt}" for place, one in zip(where, found, strict=True))
        return Result("\n".join(rows))


def _result(call: str, first: int, work: Work) -> Result:
    text = None
    for logged in work.ports.store.read(work.session.id):
        event = logged.event
        if isinstance(event, OutputKept | ToolReturned) and event.id == call:
            text = event.text
            if isinstance(event, OutputKept):
                break
    if text is None:
        raise ActError(f"There is no call {call} in this session: look for it with `query`.")
    lines = text.splitlines(keepends=True)
    if not 1 <= first <= max(1, len(lines)):
        raise ActError(f"The result of {call} has {len(lines):,} lines.")
    part = "".join(lines[first - 1 :])
    return Result(shown(part, PAGE, 0, "recall it with a later `first`"))
