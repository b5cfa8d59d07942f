"""search: lines by a regular expression."""

from __future__ import annotations

from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts, read_request
from throughline.domain.ports import SearchQuery

# So many lines are shown.
MOST = 200


class Search:
    """Searches files."""

    name = "search"
    writes = False

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:
        """To read one file or folder."""
        return read_request(args.get("path") or ".", ports)

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """The lines that match, as path:line:text."""
        place = work.ports.files.place(args.get("path") or ".")
        sought = SearchQuery(args["pattern"], place, args.get("glob", ""), bool(args.get("ignore_case")))
        hits = await work.ports.finder.search(sought, MOST)
        if not hits.lines:
            return Result("No line matches.")
        more = f"\n[… and more than these {MOST}: narrow it by a path, a glob or the pattern …]" if hits.more else ""
        return Result("\n".join(hits.lines) + more)
