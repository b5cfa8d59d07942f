"""What a live session needs of the world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from attrs import frozen

from throughline.core.ports import ArchiveFile, Clock, Listener, Store, Tokens, Workspace

T = TypeVar("T")


@frozen
class World:
    """The ports of one session. `system` is the system prompt; `worker` runs what would block."""

    store: Store
    archive: ArchiveFile
    workspace: Workspace
    tokens: Tokens
    clock: Clock
    listener: Listener
    system: str
    worker: Executor

    async def off(self, work: Callable[[], T]) -> T:
        """Does blocking work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.worker, work)
