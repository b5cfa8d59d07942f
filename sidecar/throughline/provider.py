"""How sessions reach a model, what that costs, and what else is offered: part of the composition root."""

# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from throughline.core.errors import UserError
from throughline.core.events import LimitTold, Noted
from throughline.core.ports import Clock, Offer, Workspace
from throughline.core.settings import Hour, Settings

if TYPE_CHECKING:
    from throughline.models.anthropic import Anthropic
    from throughline.models.keys import Access
    from throughline.models.prices import PriceTable
    from throughline.session.owner import Owner

log = logging.getLogger(__name__)


class Provider:
    """One workspace's way to a model. It looks the chosen models up once a first request has been made, so that nothing
    waits for that, and says in the session what is wrong with them, each line once.
    """

    def __init__(self, access: Callable[[], Access], folder: Workspace, settings: Settings, clock: Clock) -> None:
        self._access = access
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._windows: dict[str, int] = {}
        self._table: PriceTable | None = None
        self._said: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @cached_property
    def live(self) -> Anthropic:
        """The model itself, for all sessions of the workspace."""
        from throughline.models.anthropic import Anthropic

        return Anthropic(self._access, hour=self._hour)

    def prices(self) -> PriceTable:
        """What models cost, by the package's table and the project's own, with the context limits that the provider has
        told. Reads a file; raises PricesError.
        """
        from throughline.models.prices import OWN, load

        self._table = load(self._folder.text(f".agent/{OWN}") or "").told(self._windows)
        return self._table

    async def offer(self, names: Sequence[str]) -> Offer:
        """What is offered now, and what is to say about these models. Raises ModelError and PricesError."""
        from throughline.models.catalogue import look, remarks

        found = await look(self.live, names)
        self._windows.update({name: window for name in names if (window := found.window(name))})
        prices = await asyncio.to_thread(self.prices)
        return Offer(found.rows, remarks(found, self._clock.now()), prices)

    def watch(self, owner: Owner) -> None:
        """Has the models that a session works with looked up in time; a recording has none."""
        if not owner.recorded:
            task = asyncio.create_task(self._look(owner))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look(self, owner: Owner) -> None:
        await self.live.woken()
        try:
            made = await self.offer((owner.session.model, self._settings.compressor))
            fresh = [line for line in made.remarks if line not in self._said]
            self._said.update(fresh)
            now = owner.session
            limit = made.prices.window(now.model)
            told = [LimitTold(limit)] if limit != now.limit else []
            await owner.record(*told, *map(Noted, fresh))
        except UserError as error:  # The models cannot be listed, or the session has been closed.
            log.info("the models could not be looked up: %s", error)

    def _hour(self, model: str) -> Hour:
        return self._table.lasting(model, self._settings.hour) if self._table else "never"


async def offered(project: Path) -> Offer:
    """What can be reached from a project offers, beside the usual models. Raises ModelError and PricesError."""
    from throughline.models.keys import Access, find
    from throughline.workspace.clock import WallClock
    from throughline.workspace.folder import Folder

    usual = Settings()
    provider = Provider(lambda: find(Access(), project), Folder(project), usual, WallClock())
    try:
        return await provider.offer((usual.model, usual.compressor))
    finally:
        await provider.live.close()
