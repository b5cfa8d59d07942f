"""What the commands need of the composition root."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from attrs import frozen

from throughline.core.ports import ArchiveFile, Listener, Model, Store
from throughline.core.recording import Recording, Scene
from throughline.core.session import Session
from throughline.core.settings import Settings
from throughline.session.owner import Owner
from throughline.session.replay import Player


class Tape(Player, Protocol):
    """A player that knows its place: the index of the step at which the next call begins."""

    @property
    def point(self) -> int:
        """That index."""
        ...


Wrap = Callable[[Model, Tape], Model]


@frozen
class Stage:
    """A recorded session ready to be played, and what plays it."""

    owner: Owner
    scenes: tuple[Scene, ...]
    tape: Tape


@frozen
class Library:
    """What a project has kept: its sessions and its archive, and how a session is folded and rendered."""

    store: Store
    archive: ArchiveFile
    session: Callable[[str], Session]
    summary: Callable[[Session], str]
    export: Callable[[str], Iterator[str]]


class Parts(Protocol):
    """Builds the parts that a command works with; heavy imports happen in its methods."""

    def read(self, path: Path, form: str = "") -> Recording:
        """A recorded session, in a format that is named or told from the content; raises TranscriptError."""
        ...

    def library(self, project: Path) -> Library:
        """What a project has kept. Raises StoreError."""
        ...

    def exact(self) -> bool:
        """Whether token counts are the tokenizer's own."""
        ...

    def keyed(self, project: Path) -> bool:
        """Whether a model can be reached from a project: by the environment or its `.env`."""
        ...

    async def stage(
        self,
        recording: Recording,
        project: Path | None,
        settings: Settings,
        listener: Listener,
        wrap: Wrap,
        trace: Callable[[str], None] | None,
    ) -> Stage:
        """A new session for a recording, in a project folder or, without one, in memory only."""
        ...

    def serve(self) -> None:
        """Runs the language server over standard input and output until it is told to stop."""
        ...
