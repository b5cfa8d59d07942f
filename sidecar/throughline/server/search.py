"""The requests that look something up: what was said, which files there are, what changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from throughline.page.ids import user_row
from throughline.page.mentions import fitting
from throughline.server.buffers import Buffers
from throughline.server.parts import Bench
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.wire.messages import ChangeLog, Changes, FindFiles, FoundFiles, Place, Places, Recall

MOST = 50
# Seconds for which a list of the workspace's files does: each letter that is typed asks for it.
HOLDS = 5.0


class SearchRequests:
    """Looks into one workspace; `live` gives the open session, or refuses."""

    def __init__(self, bench: Bench, files: Buffers, live: Callable[[], Owner]) -> None:
        self._bench = bench
        self._files = files
        self._live = live
        self._listed: tuple[float, tuple[str, ...]] = (0.0, ())

    async def recall(self, params: Recall) -> Places:
        """Where all the words were said."""
        if not params.words.strip():
            raise RefusedError("Say which words to look for.")
        session = "" if params.everywhere else self._live().session.id

        def look() -> list[Place]:
            names = {row.id: row.objective for row in self._bench.sessions()}
            return [
                Place(
                    one.session, names.get(one.session, ""), one.turn, one.kind, one.excerpt,
                    user_row(one.turn) if one.turn else "",
                )
                for one in self._bench.recall(params.words, session, MOST)
            ]  # fmt: skip

        return Places(await asyncio.to_thread(look))

    async def files(self, params: FindFiles) -> FoundFiles:
        """The files whose path fits what is being typed."""

        def look() -> list[str]:
            made, paths = self._listed
            if time.monotonic() - made > HOLDS or not made:
                paths = self._files.files("")
                self._listed = (time.monotonic(), paths)
            return fitting(paths, params.query)

        return FoundFiles(await asyncio.to_thread(look))

    async def changes(self, params: Changes) -> ChangeLog:
        """What changed, file by file."""
        return ChangeLog(await asyncio.to_thread(self._bench.changes, params.revisions.strip()))
