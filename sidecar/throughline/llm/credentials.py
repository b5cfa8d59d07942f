"""Credentials: the key and the address of the model, which travel together, and their one owner."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from attrs import evolve, field, frozen
from dotenv import dotenv_values

_KEY = "ANTHROPIC_API_KEY"
_URL = "ANTHROPIC_BASE_URL"


# A file's state, by which a change of it is seen; None where there is none.
_Stamp: TypeAlias = tuple[int, int, int] | None


def _trim(text: str) -> str:
    return text.strip()


@frozen
class Credentials:
    """A key and a base URL; an empty URL is Anthropic's own. The key is never shown."""

    key: str = field(default="", repr=False, converter=_trim)
    url: str = field(default="", converter=_trim)

    def __bool__(self) -> bool:
        return bool(self.key or self.url)


class CredentialStore:
    """The credentials of one workspace: all that need a key or an address ask here, each time anew, and so does what
    hides the keys. Safe to use from any thread.
    """

    def __init__(
        self, workspace: Path | None, given: Credentials = Credentials(), environ: Mapping[str, str] = os.environ
    ) -> None:
        self._workspace = workspace
        self._given = given
        self._environ = environ
        self._keys: tuple[str, ...] = ()
        self._env_file: tuple[_Stamp, dict[str, str | None]] = (None, {})
        self._lock = Lock()

    def set_key(self, key: str) -> None:
        """Takes another key of the user's, empty to forget it; the address stays. It holds for the next request."""
        self._given = evolve(self._given, key=key)
        self.current()

    def current(self) -> Credentials:
        """What holds now. May read the workspace's `.env`."""
        found = find_credentials(self._given, self._workspace, self._environ, self._variables)
        with self._lock:
            if found.key and found.key not in self._keys:
                self._keys = (found.key, *self._keys)
        return found

    def secrets(self) -> tuple[str, ...]:
        """The keys that must not be seen anywhere: the one that holds now, and those before it, which may still stand
        in a file or in what a command prints.
        """
        self.current()
        return self._keys

    def _variables(self, path: Path) -> dict[str, str | None]:
        """The same as `_read`; every text that is masked asks, so that a file which has not changed is read once."""
        stamp, read = self._env_file
        now = _stamp(path)
        if now != stamp:
            read = _read(path) if now else {}
            self._env_file = now, read
        return read


def find_credentials(
    given: Credentials,
    workspace: Path | None,
    environ: Mapping[str, str] = os.environ,
    read: Callable[[Path], dict[str, str | None]] | None = None,
) -> Credentials:
    """The key and URL that were given, else the environment's, else those in the workspace's `.env`.

    A URL from `.env` is taken only where no key was found outside of it: a cloned repository must not be able
    to send the user's own key somewhere else. Pass no workspace where it is not trusted.
    """
    own = Credentials(given.key or environ.get(_KEY, ""), given.url or environ.get(_URL, ""))
    if own.key or workspace is None:
        return own
    written = (read or _read)(workspace / ".env")
    return Credentials(written.get(_KEY) or "", own.url or written.get(_URL) or "")


def _stamp(path: Path) -> _Stamp:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size


def _read(path: Path) -> dict[str, str | None]:
    """The variables of a file; none where it is missing or cannot be read, for it may be anything."""
    try:
        if not path.resolve().is_relative_to(path.parent.resolve()):
            return {}
        return dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError):
        return {}
