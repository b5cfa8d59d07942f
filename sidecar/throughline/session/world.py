"""What a live session needs of the world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from attrs import frozen

from throughline.agent.secrets import hide
from throughline.core.acting import Checkpoints
from throughline.core.ports import ArchiveFile, Clock, Listener, Skeletons, Store, Tokens, Workspace

T = TypeVar("T")


@frozen
class World:
    """The ports of one session. `system` is the system prompt. `worker` runs what would block; `writer`, where there
    is one, what must not wait behind it: the store. `skeletons` are those that were made before. `checkpoints`
    keep the files of a workspace that tools may change. `hide` masks the credentials in a text or an event.
    """

    store: Store
    archive: ArchiveFile
    workspace: Workspace
    tokens: Tokens
    clock: Clock
    listener: Listener
    system: str
    worker: Executor
    writer: Executor | None = None
    skeletons: Skeletons | None = None
    checkpoints: Checkpoints | None = None
    hide: Callable[[Any], Any] = hide

    async def keep(self, work: Callable[[], T]) -> T:
        """Does the store's work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.writer or self.worker, work)

    async def off(self, work: Callable[[], T]) -> T:
        """Does blocking work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.worker, work)
