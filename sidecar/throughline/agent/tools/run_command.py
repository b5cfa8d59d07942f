"""run_command: a command line in the workspace."""

from __future__ import annotations

import asyncio

from throughline.agent.output import HeadTailBuffer, both_ends, detail, evidence, plain_text
from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts
from throughline.domain.ports import ActError

# Seconds for which a command may run.
LIMIT, LONGEST = 120, 3_600
# Characters of the output's beginning and end that the model sees, and that are shown while it runs.
HEAD, TAIL = 8_000, 22_000
SHOWN = 30_000


class RunCommand:
    """Runs a command."""

    name = "run_command"
    writes = True

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:  # noqa: ARG002
        """To run one command."""
        command = args["command"].strip()
        return (PermissionRequest("run", command, detail=detail(command), new=command),)

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """The output and the exit status; where it is cancelled, what had come until then."""
        command = args["command"].strip()
        limit = args.get("timeout", LIMIT)
        if not command:
            raise ActError("The command is empty.")
        if not 1 <= limit <= LONGEST:
            raise ActError(f"A timeout is 1 to {LONGEST:,} seconds.")
        reel, window = HeadTailBuffer(), _Window(work)

        def heard(piece: str) -> None:
            reel.add(piece)
            window.add(piece)

        try:
            ran = await work.ports.shell.run(command, limit, heard)
        except asyncio.CancelledError:
            cut = _result(command, None, "stopped by the user", reel, work)
            raise StoppedError(cut) from None
        end = f"exit status {ran.status}" if ran.status is not None else f"stopped after {limit} seconds"
        return await asyncio.to_thread(_result, command, ran.status, end, reel, work)


class StoppedError(asyncio.CancelledError):
    """A call was cancelled; what had come of it until then is the result."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


class _Window:
    """Shows the output while it comes, whole lines of it and no more than a page."""

    def __init__(self, work: ToolCallContext) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self._room = SHOWN
        self._rest = ""

    def add(self, piece: str) -> None:
        """Takes a piece, in a thread."""
        if self._room <= 0:
            return
        lines, newline, self._rest = (self._rest + piece).rpartition("\n")
        self._rest = self._rest[-SHOWN:]
        if newline:
            text = self._work.ports.masked(plain_text(f"{lines}\n"))[: self._room]
            self._room -= len(text)
            self._loop.call_soon_threadsafe(self._work.ports.heard, self._work.id, text)


def _result(command: str, status: int | None, end: str, reel: HeadTailBuffer, work: ToolCallContext) -> Result:
    whole = work.ports.masked(reel.text()).rstrip()
    text = both_ends(whole, HEAD, TAIL, f"recall {work.id}")
    proof = evidence(command, status, whole)
    return Result(f"{text}\n[{end}]".lstrip("\n"), status != 0, whole if text != whole else "", proof)
