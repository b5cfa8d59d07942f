"""The warmer of the provider's prompt cache: one request without a reply, after a session was opened again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from throughline.agent.loop import AgentConfig, TurnContext, chat_bill, reply_limit
from throughline.domain.cache_forecast import CacheForecast
from throughline.domain.errors import UserError
from throughline.domain.events import Notice
from throughline.domain.ports import ModelError, Request, Warmer
from throughline.domain.view import View

log = logging.getLogger(__name__)

# No provider caches a shorter prefix, in the model's own tokens.
_LEAST = 512


class CacheWarmer:
    """Warms the cache of one session, as a task beside it. `forecast` says in a thread what is cold, and `prepare`
    makes the view that the next message will find.
    """

    def __init__(
        self,
        context: TurnContext,
        config: AgentConfig,
        forecast: Callable[[], Awaitable[CacheForecast]],
        prepare: Callable[[], Awaitable[View]],
    ) -> None:
        self._context = context
        self._config = config
        self._forecast = forecast
        self._prepare = prepare
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins, where the model can be asked for that."""
        model = self._config.model
        if isinstance(model, Warmer) and not self._config.recorded:
            self._task = asyncio.create_task(self._run(model))

    async def idle(self) -> None:
        """Returns when nothing is being warmed: a call that was sent meanwhile would pay for the same once more."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Lets go of a request that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, model: Warmer) -> None:
        try:
            if (await self._forecast()).tokens >= _LEAST:
                await self._warm(model)
        except UserError as error:  # The session is being closed, or the disk is full.
            log.error("the cache could not be warmed: %s", error)
        except Exception:
            log.exception("the cache could not be warmed")

    async def _warm(self, model: Warmer) -> None:
        config, context = self._config, self._context
        view, began, tools = await self._prepare(), config.clock.now(), config.tools.offered()
        previous = context.session.last_call.reply if context.session.last_call else ""
        counted = view.tokens + sum(context.count(tool.text) for tool in tools)
        try:
            # It is the request that the next message makes, so that this one finds what it leaves.
            limit = reply_limit(context.session.limit, config.settings)
            end = await model.warm(Request("chat", config.name, view, tools, limit, previous=previous))
        except ModelError as error:
            await context.record(Notice(f"The provider's cache was not warmed. {error}"))
        else:
            await context.record(chat_bill(context, config, end, began, counted, "warm"))
