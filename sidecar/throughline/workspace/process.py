"""Child processes: watched in a thread, output handed on, nothing that they start outlives them; shell commands."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import IO

from throughline.domain.ports import ActError, CommandResult

# Names a child and its children in their environment, so that one that left the process group is found too.
MARK = "THROUGHLINE_CHILD"
# Seconds for which output is waited for after the process itself has ended.
GRACE = 0.2
_PIECE = 1 << 16
# A process that forks faster than it is killed is tried so often.
_ROUNDS = 10


class ChildProcess:
    """One process with its group; `stop` may be called from any thread, before it has started too."""

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        heard: Callable[[bytes], None],
        given: bytes | None = None,
    ) -> None:
        self._argv = argv
        self._folder = folder
        self._mark = uuid.uuid4().hex
        self._environment = {**environment, MARK: self._mark}
        self._heard = heard
        self._given = given
        self._lock = Lock()
        self._stopped = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Runs it to its end and returns its exit status; blocks. Raises OSError where it cannot be started."""
        with self._lock:
            if self._stopped:
                return -1
            self._process = process = subprocess.Popen(
                self._argv, cwd=self._folder, env=self._environment, start_new_session=True,
                stdin=subprocess.DEVNULL if self._given is None else subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        reader = Thread(target=self._read, args=(process.stdout,), daemon=True)
        reader.start()
        if process.stdin is not None:
            Thread(target=self._feed, args=(process.stdin,), daemon=True).start()
        status = process.wait()
        reader.join(GRACE)
        self._kill(process)
        reader.join(GRACE)
        return status

    def stop(self) -> None:
        """Kills it and all that it started."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is not None:
            self._kill(process)

    def _read(self, output: IO[bytes]) -> None:
        with output:
            while piece := os.read(output.fileno(), _PIECE):
                self._heard(piece)

    def _feed(self, given: IO[bytes]) -> None:
        with suppress(OSError), given:
            given.write(self._given or b"")

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
            return
        for _ in range(_ROUNDS):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            left = _marked(self._mark)
            for stray in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(stray, signal.SIGKILL)
            if not left:
                return


async def watch(child: ChildProcess, limit: float) -> int | None:
    """Runs a child for at most `limit` seconds: its exit status, or None where it was stopped then.

    Cancelling stops it too. Raises OSError where it cannot be started.
    """
    work = asyncio.get_running_loop().run_in_executor(None, child.run)
    try:
        done, _ = await asyncio.wait([work], timeout=limit)
    except asyncio.CancelledError:
        child.stop()
        await asyncio.wait([work])
        raise
    if not done:
        child.stop()
        await asyncio.wait([work])
        return None
    return work.result()


def _marked(mark: str) -> list[int]:
    """The processes that carry a mark, where the system tells; one that is dead already does not count."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


# What keeps a program from waiting for a person, and its output from being made for one.
_PLAIN = {
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "PYTHONUNBUFFERED": "1",
}

# What belongs to the session and not to what is run in it: a command could print it, or send it away.
_SECRET = frozenset({"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS"})


class LocalCommandRunner:
    """A shell in one folder; `environment` is added to the process's own, whose keys to a model are taken out."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = environment or {}

    async def run(self, command: str, limit: float, heard: Callable[[str], None]) -> CommandResult:
        """Runs a command for at most `limit` seconds; `heard` gets what it prints, in a thread. Raises ActError."""
        if "\0" in command:
            raise ActError("The command holds a zero byte: leave it out.")
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        kept = {name: value for name, value in os.environ.items() if name.upper() not in _SECRET}
        environment = {**kept, **_PLAIN, **self._environment}
        child = ChildProcess(_argv(command), self._folder, environment, lambda data: heard(decoder.decode(data)))
        began = time.monotonic()
        try:
            status = await watch(child, limit)
        except OSError as error:
            raise ActError(f"The command could not be started: {error.strerror or error}.") from error
        return CommandResult(status, time.monotonic() - began)


def _argv(command: str) -> list[str]:
    if sys.platform == "win32":
        return [os.environ.get("COMSPEC", "cmd.exe"), "/d", "/s", "/c", command]
    return ["/bin/bash" if Path("/bin/bash").exists() else "/bin/sh", "-c", command]
