"""The requests about sessions as a whole: what one came to, deleting one, and the models that could go on with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from throughline.core.ports import ModelRow, Prices
from throughline.server.parts import Bench
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.session.report import report
from throughline.wire.messages import ModelItem, Models, Nothing, OneSession, Report


class SessionRequests:
    """What can be asked of the open session, which `live` gives or refuses, and of the others."""

    def __init__(self, bench: Bench, live: Callable[[], Owner]) -> None:
        self._bench = bench
        self._live = live

    async def report(self, _: Nothing) -> Report:
        """What the session came to so far."""
        return Report(report(self._live().session))

    async def forget(self, params: OneSession) -> Nothing:
        """Deletes a session that is not open, and all that it said."""
        try:
            current = self._live().session.id
        except RefusedError:
            current = ""
        if params.session == current:
            raise RefusedError("This session is open: start or resume another one first.")
        await asyncio.to_thread(self._bench.forget, params.session)
        return Nothing()

    async def models(self, _: Nothing) -> Models:
        """The models that can be chosen, as the provider lists them."""
        offer = await self._bench.models()
        items = [ModelItem(row.id, row.name, _detail(row, offer.prices)) for row in offer.rows]
        return Models(items, list(offer.remarks))


def _detail(row: ModelRow, prices: Prices) -> str:
    """Context and prices in one line, as far as they are known."""
    price = prices.price(row.id, 0)
    parts = [f"{row.window:,} tokens of context"] if row.window else []
    if price:
        parts.append(f"${price.input:g} in, ${price.output:g} out a million")
    if row.stage != "active":
        parts.append(row.stage)
    return " · ".join(parts)
