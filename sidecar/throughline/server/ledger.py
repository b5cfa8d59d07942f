"""The requests by which the user changes what is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from throughline.session.hand import Hand
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.wire.messages import Add, Changed, Edit, Nothing, OneEntry, Pin, Recast, Resolve, Rewrite, Rewritten


class LedgerRequests:
    """The user's hand on the ledger of the open session, which `writable` gives or refuses."""

    def __init__(self, writable: Callable[[], Owner]) -> None:
        self._writable = writable

    async def pin(self, params: Pin) -> Changed:
        """Pins or unpins an entry."""
        return await self._do(lambda hand: hand.pin(params.entry, pinned=params.pinned))

    async def edit(self, params: Edit) -> Changed:
        """Words an entry anew."""
        return await self._do(lambda hand: hand.edit(params.entry, params.text, params.why, params.owner))

    async def resolve(self, params: Resolve) -> Changed:
        """Ends an entry."""
        return await self._do(lambda hand: hand.resolve(params.entry, params.resolution))

    async def reopen(self, params: OneEntry) -> Changed:
        """Puts an entry in force again."""
        return await self._do(lambda hand: hand.reopen(params.entry))

    async def recast(self, params: Recast) -> Changed:
        """Makes an entry one of another kind."""
        return await self._do(lambda hand: hand.recast(params.entry, params.to))

    async def delete(self, params: OneEntry) -> Changed:
        """Takes an entry out."""
        return await self._do(lambda hand: hand.delete(params.entry))

    async def add(self, params: Add) -> Changed:
        """Enters something."""
        return await self._do(lambda hand: hand.add(params.kind, params.text, params.why, params.owner))

    async def undo(self, params: Changed) -> Nothing:
        """Takes back one change of the user's, as long as it is the newest of them."""
        owner = self._writable()
        if params.step and params.step != _step(owner):
            raise RefusedError("You have changed the memory again since: undo that first.")
        await owner.hand.undo()
        return Nothing()

    async def rewrite(self, params: Rewrite) -> Rewritten:
        """Does what an edit of the whole summary means."""
        owner = self._writable()
        operations = await owner.hand.rewrite(params.base, params.edited)
        return Rewritten(len(operations), await asyncio.to_thread(owner.summary))

    async def _do(self, act: Callable[[Hand], Awaitable[object]]) -> Changed:
        owner = self._writable()
        before = _step(owner)
        await act(owner.hand)
        now = _step(owner)
        return Changed(now if now != before else 0)


def _step(owner: Owner) -> int:
    """The newest of the user's changes that stands."""
    return max((step.edit for step in owner.session.steps), default=0)
