"""What the server needs of the composition root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from throughline.core.ports import Listener, SessionRow, Workspace
from throughline.session.owner import Owner
from throughline.wire.methods import Options, Start


class Bench(Protocol):
    """One workspace with its database: it opens sessions."""

    @property
    def disk(self) -> Workspace:
        """The files on disk."""
        ...

    @property
    def archive(self) -> Path:
        """Where the project archive is written."""
        ...

    def key(self, key: str) -> None:
        """Takes the key from the editor's secret storage, for what is opened from now on."""
        ...

    def sessions(self) -> tuple[SessionRow, ...]:
        """The sessions, the newest first. Reads the database."""
        ...

    async def start(self, wanted: Start, listener: Listener, files: Workspace) -> Owner:
        """A new session with the model that can be reached, or else the recorded one."""
        ...

    async def demo(self, listener: Listener, files: Workspace) -> Owner:
        """A new session that the recorded model plays, whatever key there is."""
        ...

    async def resume(self, session: str, listener: Listener, files: Workspace) -> Owner:
        """A session as its log left it."""
        ...

    async def recording(self, path: Path, listener: Listener, files: Workspace) -> Owner:
        """A session that another tool recorded, played to its end and open to be read."""
        ...


Open = Callable[[Path, Options], Bench]
