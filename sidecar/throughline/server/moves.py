"""What has moved in the files that the model has seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from throughline.core.files import digest
from throughline.server.buffers import Buffers
from throughline.session.files import Moved
from throughline.session.owner import Owner

# Differences that are kept: a hover comes with every rest of the mouse, a diagnostic with every pause in typing.
_KEPT = 32

_Key = tuple[str, str, str, int, int, str]


class Moves:
    """Differences of one workspace's files, made once for the same two texts; `owner` gives the open session."""

    def __init__(self, files: Buffers, owner: Callable[[], Owner | None]) -> None:
        self._files = files
        self._owner = owner
        self._made: dict[_Key, Moved] = {}

    async def of(self, uri: str) -> Moved | None:
        """What moved in a file, or None where it is as the model knows it, is gone or is not in the view."""
        path, owner = self._files.path(uri), self._owner()
        file = owner.session.files.get(path) if owner and path else None
        if owner is None or file is None:
            return None
        text = await asyncio.to_thread(self._files.text, file.path)
        if text is None:
            return None
        now = await asyncio.to_thread(digest, text)
        if now == file.digest or not await _stale(owner, file.path):
            return None
        key = (file.path, file.digest, file.form, file.first, file.last, now)
        if key not in self._made:
            self._made[key] = await owner.moved(file.path)
            for old in list(self._made)[:-_KEPT]:
                del self._made[old]
        return self._made[key]


async def _stale(owner: Owner, path: str) -> bool:
    """Whether a file has moved on without the model's doing: what it edited itself, it knows."""
    return any(file.path == path and file.freshness in {"stale", "outdated"} for file in await owner.files())
