"""search: lines by a regular expression."""

from __future__ import annotations

from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts, read_request
from throughline.domain.ports import ActError, SearchQuery

# So many lines are shown, and so many around each at most.
MOST = 200
CONTEXT = 20


class Search:
    """Searches files."""

    name = "search"
    writes = False

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:
        """To read one file or folder."""
        return read_request(args.get("path") or ".", ports)

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """The lines that match, as path:line:text, those around them as path-line-text, or the files alone."""
        place = work.ports.files.place(args.get("path") or ".")
        around = args.get("context", 0)
        if not 0 <= around <= CONTEXT:
            raise ActError(f"`context` is from 0 to {CONTEXT} lines: read more of a file with read_file.")
        fold, names = bool(args.get("ignore_case")), bool(args.get("files_only"))
        sought = SearchQuery(args["pattern"], place, args.get("glob", ""), fold, 0 if names else around, names)
        hits = await work.ports.finder.search(sought, MOST)
        if not hits.lines:
            return Result("No line matches.")
        more = f"\n[… and more than these {MOST}: narrow it by a path, a glob or the pattern …]" if hits.more else ""
        return Result("\n".join(hits.lines) + more)
