"""What the server needs of the composition root."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from throughline.core.acting import Approver, Edits
    from throughline.core.events import Logged, SessionStarted
    from throughline.core.finding import Finding
    from throughline.core.ports import ArchiveFile, Found, Listener, Offer, SessionRow, Workspace
    from throughline.core.recording import Recording
    from throughline.session.owner import Owner
    from throughline.wire.messages import Options, Start


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

    def written(self) -> tuple[tuple[float, str], ...]:
        """The archive as sessions have written it, and when, the oldest first. Reads the database."""
        ...

    def kept(self) -> ArchiveFile:
        """The project archive."""
        ...

    def recall(self, query: str, session: str, limit: int) -> tuple[Found, ...]:
        """Where something was said, in one session or in all. Reads the database."""
        ...

    def changes(self, said: str) -> str:
        """What changed over a span, as Markdown. Raises UserError. Asks git."""
        ...

    def window(self, model: str) -> int:
        """A model's context limit in its own tokens."""
        ...

    def asks(self, approver: Approver, heard: Callable[[str, str], None]) -> None:
        """Says whom the tools of sessions ask, and who is told what their commands print, by the id of the call."""
        ...

    def edits_by(self, hand: Callable[[Edits], Edits]) -> None:
        """Says who changes the files of sessions that are opened from now on, before the disk's own hand."""
        ...

    def key(self, key: str) -> None:
        """Takes the key from the editor's secret storage, for what is opened from now on."""
        ...

    def keyed(self) -> bool:
        """Whether a model can be reached. Reads `.env`."""
        ...

    def find(self, session: str) -> SessionStarted:
        """How a session began. Raises RefusedError for one that is not in this workspace. Reads the database."""
        ...

    def read(self, path: Path) -> Recording:
        """A recorded session. Raises TranscriptError."""
        ...

    def log(self, session: str) -> Iterable[Logged]:
        """All events of a session. Reads the database."""
        ...

    def rename(self, session: str, name: str) -> None:
        """Gives a session that is not open another name. Raises RefusedError and StoreError as `forget` does."""
        ...

    def export(self, session: str) -> str:
        """A session as a neutral transcript. Raises RefusedError for one that is not in this workspace."""
        ...

    def examine(self) -> Sequence[Finding]:
        """What works here, and what does not. Reads every session."""
        ...

    def forget(self, session: str) -> None:
        """Deletes a session. Raises RefusedError for one that is not in this workspace, StoreError for one in use."""
        ...

    async def models(self) -> Offer:
        """What can be reached offers. Raises ModelError and PricesError."""
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

    async def recording(self, recording: Recording) -> str:
        """The id of the session that a recording becomes: played once, to its end, and kept whole."""
        ...


Open: TypeAlias = "Callable[[Path, Options], Bench]"
