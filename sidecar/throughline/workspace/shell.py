"""Runs commands in the workspace, by the user's shell."""

from __future__ import annotations

import codecs
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from throughline.core.acting import ActError, Ran
from throughline.workspace.process import Child, watch

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


class LocalShell:
    """A shell in one folder; `environment` is added to the process's own, whose keys to a model are taken out."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = environment or {}

    async def run(self, command: str, limit: float, heard: Callable[[str], None]) -> Ran:
        """Runs a command for at most `limit` seconds; `heard` gets what it prints, in a thread. Raises ActError."""
        if "\0" in command:
            raise ActError("The command holds a zero byte: leave it out.")
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        kept = {name: value for name, value in os.environ.items() if name.upper() not in _SECRET}
        environment = {**kept, **_PLAIN, **self._environment}
        child = Child(_argv(command), self._folder, environment, lambda data: heard(decoder.decode(data)))
        began = time.monotonic()
        try:
            status = await watch(child, limit)
        except OSError as error:
            raise ActError(f"The command could not be started: {error.strerror or error}.") from error
        return Ran(status, time.monotonic() - began)


def _argv(command: str) -> list[str]:
    if sys.platform == "win32":
        return [os.environ.get("COMSPEC", "cmd.exe"), "/d", "/s", "/c", command]
    return ["/bin/bash" if Path("/bin/bash").exists() else "/bin/sh", "-c", command]
