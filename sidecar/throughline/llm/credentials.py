"""Credentials: the key and the address of the model, which travel together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen
from dotenv import dotenv_values

_KEY = "ANTHROPIC_API_KEY"
_URL = "ANTHROPIC_BASE_URL"


def _trim(text: str) -> str:
    return text.strip()


@frozen
class Credentials:
    """A key and a base URL; an empty URL is Anthropic's own. The key is never shown."""

    key: str = field(default="", repr=False, converter=_trim)
    url: str = field(default="", converter=_trim)

    def __bool__(self) -> bool:
        return bool(self.key or self.url)


def find_credentials(
    given: Credentials, workspace: Path | None, environ: Mapping[str, str] = os.environ
) -> Credentials:
    """The key and URL that were given, else the environment's, else those in the workspace's `.env`.

    A URL from `.env` is taken only where no key was found outside of it: a cloned repository must not be able
    to send the user's own key somewhere else. Pass no workspace where it is not trusted.
    """
    own = Credentials(given.key or environ.get(_KEY, ""), given.url or environ.get(_URL, ""))
    if own.key or workspace is None:
        return own
    written = _read(workspace / ".env")
    return Credentials(written.get(_KEY) or "", own.url or written.get(_URL) or "")


def _read(path: Path) -> dict[str, str | None]:
    """The variables of a file; none where it is missing or cannot be read, for it may be anything."""
    try:
        if not path.resolve().is_relative_to(path.parent.resolve()):
            return {}
        return dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError):
        return {}
