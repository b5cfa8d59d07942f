"""How the sidecar starts, beside a bare language server, and how it answers while a session is busy.

    .venv/bin/python benchmarks/server.py

Each start is a process of its own, ours and a bare pygls server's in turn, from spawn to the reply to `initialize`, by
the clock and by the processor's time, which a busy machine disturbs less. Then the demo is played, and hovers and
requests are timed while turns stream and a compaction runs.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from throughline.protocol import codec
from throughline.protocol.messages import Options
from throughline.protocol.methods import VERSION

PROJECT = Path(__file__).parents[1]
DEMO = PROJECT / "demo" / "session.jsonl"
STARTS = 12
BARE = "from pygls.lsp.server import LanguageServer; LanguageServer('bare', '0').start_io()"
OURS = (sys.executable, "-m", "throughline", "serve")
TURNS = 6


class Peer:
    """An editor's end of a server's standard input and output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.patches: list[tuple[float, dict[str, Any]]] = []
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._moved = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def ask(self, method: str, params: Any) -> Any:
        """The result of a request."""
        number = len(self._waiting) + 1
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return await asyncio.wait_for(self._waiting[number], 60)

    def tell(self, method: str, params: Any) -> None:
        """A notification."""
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    async def moved(self) -> None:
        """Returns when a patch has come since the last call."""
        await asyncio.wait_for(self._moved.wait(), 60)
        self._moved.clear()

    def spent(self) -> float:
        """The processor's time that the process has used, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self) -> float:
        """The process's resident memory in megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    async def end(self) -> None:
        """Ends the process."""
        self._reader.cancel()
        self.process.kill()
        await self.process.wait()

    def _write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def _read(self) -> None:
        out = self.process.stdout
        assert out is not None
        while head := await out.readuntil(b"\r\n\r\n"):
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            message = json.loads(await out.readexactly(int(length.split(b":")[1])))
            if "method" in message:
                if "id" in message:
                    self._write({"jsonrpc": "2.0", "id": message["id"], "result": None})
                if message["method"] == "throughline/patch":
                    self.patches.append((time.perf_counter(), message["params"]))
                    self._moved.set()
            elif "error" in message:
                self._waiting[message["id"]].set_exception(RuntimeError(str(message["error"])))
            else:
                self._waiting[message["id"]].set_result(message.get("result"))


@asynccontextmanager
async def started(root: Path, *command: str) -> AsyncIterator[tuple[Peer, float]]:
    """A server that has answered `initialize`, and the seconds from its spawn to that."""
    given = Options(version=VERSION, demo=str(DEMO), distil="write")
    opened: dict[str, Any] = {"processId": None, "rootUri": root.as_uri(), "capabilities": {}}
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, limit=2**26
    )
    peer = Peer(process)
    try:
        await peer.ask("initialize", {**opened, "initializationOptions": codec.encode(given)})
        yield peer, time.perf_counter() - began
    finally:
        await peer.end()


async def starts(root: Path) -> None:
    """The table of starts."""
    rows: dict[str, dict[str, list[float]]] = {}
    for _ in range(STARTS):
        for name, command in (("bare", (sys.executable, "-c", BARE)), ("ours", OURS)):
            async with started(root, *command) as (peer, seconds):
                figures = {"spawn to initialize, ms": seconds * 1000, "the same, processor ms": peer.spent() * 1000}
                peer.tell("initialized", {})
                if name == "ours":
                    await peer.ask("throughline/snapshot", {})
                for title, figure in {**figures, "memory when idle, MB": peer.rss()}.items():
                    rows.setdefault(title, {}).setdefault(name, []).append(figure)
    for title, row in rows.items():
        bare, ours = (statistics.median(row[name]) for name in ("bare", "ours"))
        print(f"{title:28} bare {bare:7.1f}  ours {ours:7.1f}  ratio {ours / bare:.2f}")


async def busy(root: Path) -> None:
    """Requests while turns stream and compactions run, and how late streamed text reaches the editor."""
    async with started(root, *OURS) as (peer, _):
        peer.tell("initialized", {})
        (root / "seen.py").write_text("def seen(a: int) -> int:\n    return a\n" * 200, encoding="utf-8")
        state = await peer.ask("throughline/demo", {})
        await peer.ask("throughline/inject", {"uris": [(root / "seen.py").as_uri()], "form": "skeleton"})
        (root / "seen.py").write_text("def seen(a: int, b: int) -> int:\n    return a\n" * 200, encoding="utf-8")
        hover = {"textDocument": {"uri": (root / "seen.py").as_uri()}, "position": {"line": 0, "character": 4}}
        times: dict[str, list[float]] = {"textDocument/hover": [], "throughline/sessions": []}
        shown = {"activity": "idle", "suggestion": state["suggestion"]}
        compacting = None
        for _ in range(TURNS):
            await peer.ask("throughline/send", {"text": shown["suggestion"], "files": []})
            shown["activity"] = "answering"
            while shown["activity"] != "idle":
                for method, params in (("textDocument/hover", hover), ("throughline/sessions", {})):
                    began = time.perf_counter()
                    await peer.ask(method, params)
                    times[method].append((time.perf_counter() - began) * 1000)
                for _, patch in peer.patches:
                    shown.update(*(change for change in patch["changes"] if change["kind"] == "activity"))
                peer.patches.clear()
            compacting = compacting or asyncio.create_task(peer.ask("throughline/compact", {}))
        await asyncio.gather(*([compacting] if compacting else []), return_exceptions=True)
        for method, spent in times.items():
            spent.sort()
            p99 = spent[int(len(spent) * 0.99)]
            print(f"{method:28} median {statistics.median(spent):6.1f}  p99 {p99:6.1f} ms of {len(spent):,}")


async def measure(folder: Path) -> None:
    """Prints both tables."""
    await starts(folder)
    await busy(folder)


def main() -> None:
    """Measures in a folder of its own."""
    if not Path("/proc/self/status").exists():
        print("SKIPPED: memory and processor time are read from /proc")
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    main()
