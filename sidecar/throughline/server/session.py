"""The requests about sessions as a whole: what one came to, deleting one, and the models that could go on with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from throughline.core.events import SessionNamed
from throughline.core.ports import ModelRow, Prices
from throughline.page.account import account
from throughline.page.page import Page
from throughline.server.parts import Bench
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.session.report import report
from throughline.wire.messages import ModelItem, Models, Nothing, OneSession, Report
from throughline.wire.state import State
from throughline.wire.visits import Exported, Reading, Rename


class SessionRequests:
    """What can be asked of the open session, which `live` gives or refuses and `page` shows, and of the others; `shut`
    closes a session where it is the open one.
    """

    def __init__(
        self, bench: Bench, live: Callable[[], Owner], shut: Callable[[str], Awaitable[None]], page: Page
    ) -> None:
        self._bench = bench
        self._live = live
        self._shut = shut
        self._page = page

    async def report(self, _: Nothing) -> Report:
        """What the session came to so far, and what fills its context."""
        return Report(account(report(self._live().session), self._page.snapshot().meter))

    async def read(self, params: OneSession) -> Reading:
        """A session's rows. One that is open in another window can be read too."""

        def work() -> Reading:
            begun = self._bench.find(params.session)
            page = Page(lambda _: None)
            log = tuple(self._bench.log(params.session))
            page.logged(log)
            names = [one.event.name for one in log if isinstance(one.event, SessionNamed)]
            return Reading((names or [begun.objective])[-1], begun.role, begun.model, page.snapshot().rows)

        return await asyncio.to_thread(work)

    async def rename(self, params: Rename) -> Nothing:
        """Gives a session another name, be it open or not."""
        name = " ".join(params.name.split())
        if not name:
            raise RefusedError("The name is empty.")
        owner = self._open()
        if owner is not None and owner.session.id == params.session:
            await owner.record(SessionNamed(name))
        else:
            await asyncio.to_thread(self._bench.rename, params.session, name)
        return Nothing()

    async def export(self, params: OneSession) -> Exported:
        """A session as a transcript that other tools read."""
        return Exported(await asyncio.to_thread(self._bench.export, params.session))

    async def forget(self, params: OneSession) -> State:
        """Deletes a session and all that it said, and closes it first where it is open; the state after that."""
        await asyncio.to_thread(self._bench.find, params.session)
        await self._shut(params.session)
        await asyncio.to_thread(self._bench.forget, params.session)
        return self._page.snapshot()

    def _open(self) -> Owner | None:
        try:
            return self._live()
        except RefusedError:
            return None

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
