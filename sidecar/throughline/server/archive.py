"""The requests about the project archive, and what is shown of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from throughline.compression.merging import ConflictError
from throughline.core.ports import StoreError
from throughline.page import archive as panel
from throughline.server.parts import Bench
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.wire.messages import AcceptArchive, ArchiveChange, Archived, Nothing
from throughline.wire.state import Archive, ArchivePending


class ArchiveRequests:
    """What becomes of the archive change of the open session, which `live` gives or refuses. A session that has ended
    has one too.
    """

    def __init__(self, bench: Bench, live: Callable[[], Owner]) -> None:
        self._bench = bench
        self._live = live

    async def change(self, _: Nothing) -> ArchiveChange:
        """What accepting would do, or what ending the session now would."""
        owner = self._own()
        change = await owner.archive.change()
        return ArchiveChange(change.base, change.text, waits=owner.archive.pending is not None)

    async def propose(self, _: Nothing) -> ArchiveChange:
        """The change that waits, or a new one that waits from now on, where anything would change."""
        owner = self._own()
        if owner.archive.pending is None and not owner.session.ended:
            await owner.archive.propose()
        return await self.change(Nothing())

    async def accept(self, params: AcceptArchive) -> Archived:
        """Writes it."""
        owner = self._own()
        text = await owner.archive.accept(params.edited)
        return Archived(str(self._bench.archive), owner.count(text))

    async def reject(self, _: Nothing) -> Nothing:
        """Lets go of it."""
        await self._own().archive.reject()
        return Nothing()

    async def shown(self, owner: Owner, uri: str) -> Archive:
        """What is shown of it."""

        def read() -> Archive:
            text = self._bench.kept().read()
            return Archive(uri, owner.count(text), panel.sections(text, panel.ages(self._bench.written())), None)

        waits, made = owner.archive.pending, ArchivePending("local", 0, 0, "")
        try:
            shown = await asyncio.to_thread(read)
            made = panel.pending(waits.by, await owner.archive.change()) if waits else made
        except (ConflictError, StoreError) as error:
            # The tree is no place to fail in: what can be shown is, with what is wrong.
            shown = Archive(uri, 0, [], None)
            made = ArchivePending(waits.by if waits else "local", 0, 0, str(error))
        return Archive(shown.uri, shown.tokens, shown.sections, made if waits or made.problem else None)

    def _own(self) -> Owner:
        owner = self._live()
        if owner.session.origin == "recording":
            raise RefusedError("This session was recorded by another tool: nothing of it goes into the archive.")
        return owner
