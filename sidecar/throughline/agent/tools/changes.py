"""changes: what changed in the working tree."""

from __future__ import annotations

import asyncio

from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts
from throughline.domain.changes import ComparedRevisions
from throughline.semantic_diff.changelog import changelog_markdown, summarize_files


class ShowChanges:
    """Says what changed."""

    name = "changes"
    writes = False

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:  # noqa: ARG002
        """Nothing that anyone has to allow."""
        return ()

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """The changes, a bullet a file."""
        span = ComparedRevisions(args.get("since", ""))
        said = await asyncio.to_thread(lambda: changelog_markdown(summarize_files(work.ports.repository.read(span))))
        return Result(said.strip())
