"""list_files: what is below a folder."""

from __future__ import annotations

from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts, read_request

# So many names are shown.
MOST = 1_000


class ListFiles:
    """Lists files."""

    name = "list_files"
    writes = False

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:
        """To read one folder."""
        return read_request(args["path"], ports)

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """The names, a line each."""
        place = work.ports.files.place(args["path"])
        names, total = await work.ports.finder.files(place, args.get("glob", ""), MOST)
        if not names:
            return Result(
                f"There are no files in {place.path}" + (f" like {args['glob']}." if args.get("glob") else ".")
            )
        more = (
            f"\n[… {total - len(names):,} more of {total:,}: name a folder or a glob …]" if total > len(names) else ""
        )
        return Result("\n".join(names) + more)
