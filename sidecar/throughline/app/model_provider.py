"""The model provider of a workspace: the model, its prices and context limits, the list of models offered."""

# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from throughline.domain.errors import UserError
from throughline.domain.events import ContextLimitReported, Notice
from throughline.domain.ports import Clock, ModelOffer, Workspace
from throughline.domain.settings import Hour, Settings

if TYPE_CHECKING:
    from throughline.llm.anthropic import Anthropic
    from throughline.llm.catalogue import PriceTable
    from throughline.llm.credentials import Credentials
    from throughline.session.live_session import LiveSession


log = logging.getLogger(__name__)


class ModelProvider:
    """One workspace's way to a model. It looks the chosen models up once a first request has been made, so that nothing
    waits for that, and says in the session what is wrong with them, each line once.
    """

    def __init__(self, access: Callable[[], Credentials], folder: Workspace, settings: Settings, clock: Clock) -> None:
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
        from throughline.llm.anthropic import Anthropic
        from throughline.llm.thinking import ThinkingOptions

        thinking = ThinkingOptions(self._settings.display, self._settings.effort)
        return Anthropic(self._access, hour=self._hour, thinking=thinking)

    def prices(self) -> PriceTable:
        """What models cost, by the package's table and the project's own, with the context limits that the provider has
        told. Reads a file; raises PricesError.
        """
        from throughline.llm.catalogue import OWN, load_prices

        self._table = load_prices(self._folder.text(f".agent/{OWN}") or "").told(self._windows)
        return self._table

    async def list_models(self, names: Sequence[str]) -> ModelOffer:
        """What is offered now, and what is to say about these models. Raises ModelError and PricesError."""
        from throughline.llm.catalogue import look_up_models, model_warnings

        found = await look_up_models(self.live, names)
        self._windows.update({name: window for name in names if (window := found.window(name))})
        prices = await asyncio.to_thread(self.prices)
        return ModelOffer(found.rows, model_warnings(found, self._clock.now()), prices)

    def check_models(self, live: LiveSession) -> None:
        """Has the models that a session works with looked up in time; a recording has none."""
        if not live.recorded:
            task = asyncio.create_task(self._look(live))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look(self, live: LiveSession) -> None:
        await self.live.first_request_sent()
        try:
            made = await self.list_models((live.session.model, self._settings.compressor))
            fresh = [line for line in made.remarks if line not in self._said]
            self._said.update(fresh)
            now = live.session
            limit = made.prices.window(now.model)
            told = [ContextLimitReported(limit)] if limit != now.limit else []
            await live.record(*told, *map(Notice, fresh))
        except UserError as error:  # The models cannot be listed, or the session has been closed.
            log.info("the models could not be looked up: %s", error)

    def _hour(self, model: str) -> Hour:
        return self._table.lasting(model, self._settings.hour) if self._table else "never"


async def list_project_models(project: Path) -> ModelOffer:
    """What can be reached from a project offers, beside the usual models. Raises ModelError and PricesError."""
    from throughline.llm.credentials import CredentialStore
    from throughline.workspace.clock import WallClock
    from throughline.workspace.workspace_files import WorkspaceFiles

    usual = Settings()
    provider = ModelProvider(CredentialStore(project).current, WorkspaceFiles(project), usual, WallClock())
    try:
        return await provider.list_models((usual.model, usual.compressor))
    finally:
        await provider.live.close()
