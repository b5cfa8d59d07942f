"""changes: what changed in the working tree."""

from __future__ import annotations

import asyncio

from throughline.agent.tool import Args, Ports, Result, Want, Work
from throughline.core.changes import Span
from throughline.skeleton.changelog import written
from throughline.skeleton.changes import log


class ShowChanges:
    """Says what changed."""

    name = "changes"
    writes = False

    def wants(self, args: Args, ports: Ports) -> tuple[Want, ...]:  # noqa: ARG002
        """Nothing that anyone has to allow."""
        return ()

    async def run(self, args: Args, work: Work) -> Result:
        """The changes, a bullet a file."""
        span = Span(args.get("since", ""))
        said = await asyncio.to_thread(lambda: written(log(work.ports.repository.read(span))))
        return Result(said.strip())
