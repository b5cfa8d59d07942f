"""What the commands need of the composition root."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from attrs import frozen

from throughline.agent.loop import Summariser
from throughline.core.acting import Approver
from throughline.core.events import Origin
from throughline.core.permissions import Permissions
from throughline.core.ports import (
    ArchiveFile,
    Found,
    Listener,
    Model,
    Offer,
    Repository,
    SessionRow,
    Skeletons,
    Store,
    Tokens,
    Workspace,
)
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


class Ran(Protocol):
    """How many tool calls have run, and how many of them ended as they did when they were recorded."""

    calls: int
    alike: int


@frozen
class Stage:
    """A recorded session ready to be played, what plays it, and what runs its tools where that is for real."""

    owner: Owner
    scenes: tuple[Scene, ...]
    tape: Tape
    ran: Ran | None = None


@frozen
class Library:
    """What a project has kept: its sessions and its archive, and how a session is folded and rendered."""

    store: Store
    archive: ArchiveFile
    session: Callable[[str], Session]
    summary: Callable[[Session], str]
    export: Callable[[str], Iterator[str]]


class Bench(Protocol):
    """One project with its database: it opens sessions. The files are those on disk."""

    @property
    def disk(self) -> Workspace:
        """The files on disk."""
        ...

    @property
    def archive(self) -> Path:
        """Where the project archive is written."""
        ...

    @property
    def news(self) -> tuple[str, ...]:
        """What was said of the project's database in the session that was opened last."""
        ...

    def asks(self, approver: Approver, heard: Callable[[str, str], None]) -> None:
        """Says whom the tools of sessions ask that are opened from now on, and who is told what their commands print,
        by the id of the call.
        """
        ...

    @property
    def permissions(self) -> Permissions:
        """What the user allowed in this project, on this machine."""
        ...

    def keyed(self) -> bool:
        """Whether a model can be reached. Reads `.env`."""
        ...

    def kept(self) -> ArchiveFile:
        """The project archive."""
        ...

    def sessions(self) -> tuple[SessionRow, ...]:
        """The sessions, the newest first. Reads the database."""
        ...

    def pending(self) -> tuple[str, ...]:
        """The sessions whose archive change waits, the newest first. Reads the database."""
        ...

    def recall(self, query: str, session: str, limit: int) -> tuple[Found, ...]:
        """Where something was said, in one session or in all. Reads the database."""
        ...

    def window(self, model: str) -> int:
        """A model's context limit in its own tokens."""
        ...

    async def begin(self, aim: str, role: str, origin: Origin, listener: Listener, files: Workspace) -> Owner:
        """A new session with an aim, by a real model or a recorded one."""
        ...

    async def demo(self, listener: Listener, files: Workspace) -> Owner:
        """A new session that the recorded model plays, whatever key there is."""
        ...

    async def resume(self, session: str, listener: Listener, files: Workspace) -> Owner:
        """A session as its log left it. Raises RefusedError, and StoreError for one that is open elsewhere."""
        ...

    async def rehearse(self, session: str) -> Owner:
        """A copy of a session in memory, to try something on: nothing of it is kept."""
        ...


@frozen
class Desk:
    """A folder's files and its version control, and the skeletons that were made before, where any are kept."""

    files: Workspace
    repository: Repository
    skeletons: Skeletons | None


class Parts(Protocol):
    """Builds the parts that a command works with; heavy imports happen in its methods."""

    def read(self, path: Path, form: str = "") -> Recording:
        """A recorded session, in a format that is named or told from the content; raises TranscriptError."""
        ...

    def library(self, project: Path) -> Library:
        """What a project has kept. Raises StoreError."""
        ...

    def permissions(self, project: Path) -> Permissions:
        """What the user allowed in a project, on this machine."""
        ...

    def desk(self, folder: Path) -> Desk:
        """A folder's files and version control. Raises StoreError."""
        ...

    @property
    def tokens(self) -> Tokens:
        """The process's one counter."""
        ...

    def reasoner(self, project: Path) -> Summariser | None:
        """Who may say why files changed: the cheap model, or nobody where no model can be reached."""
        ...

    def exact(self) -> bool:
        """Whether token counts are the tokenizer's own."""
        ...

    def keyed(self, project: Path) -> bool:
        """Whether a model can be reached from a project: by the environment or its `.env`."""
        ...

    def prompts(self, project: Path) -> dict[str, bool]:
        """The prompts by name, and whether the project has its own in their place. Raises UserError for a bad one."""
        ...

    async def models(self, project: Path) -> Offer:
        """What can be reached from a project offers. Raises ModelError."""
        ...

    async def stage(
        self,
        recording: Recording,
        project: Path,
        settings: Settings,
        listener: Listener,
        wrap: Wrap,
        trace: Callable[[str], None] | None,
        sample: Path | None = None,
    ) -> Stage:
        """A new session for a recording, in a project's folder; what it is compared with stays in memory. With a
        `sample` its calls run for real, in a copy of that folder.
        """
        ...

    def bench(self, project: Path, settings: Settings, pace: float = 0.0) -> Bench:
        """A project's sessions, to be worked on in a terminal; the recorded model takes `pace` seconds over a word."""
        ...

    def serve(self) -> None:
        """Runs the language server over standard input and output until it is told to stop."""
        ...
