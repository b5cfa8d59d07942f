"""Taking a session for this process, and giving it back where its opening fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from throughline.session.world import World


@asynccontextmanager
async def held(world: World, session: str) -> AsyncIterator[AsyncExitStack]:
    """Holds a session; where what follows fails, does what was put on the stack, and gives it back, so that it can be
    opened again once the cause is gone. Raises StoreError where another process has it open.
    """
    await world.keep(lambda: world.store.hold(session))
    async with AsyncExitStack() as failed:
        failed.callback(world.store.release, session)
        yield failed
        failed.pop_all()
