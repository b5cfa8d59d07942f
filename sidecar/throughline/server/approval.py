"""Asks the user in the chat whether a tool may act."""

from __future__ import annotations

import asyncio

from throughline.core.acting import Allow, Ask, Deny
from throughline.page.page import Page
from throughline.session.mailbox import RefusedError
from throughline.wire.messages import Answer, Nothing


class ApprovalRequests:
    """The calls that wait for the user's leave, by their ids. Each has a row in the chat, from its event."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._waiting: dict[str, tuple[Ask, asyncio.Future[Allow | Deny]]] = {}

    async def ask(self, ask: Ask) -> Allow | Deny:
        """The user's answer; cancelling takes the question back."""
        answer: asyncio.Future[Allow | Deny] = asyncio.get_running_loop().create_future()
        self._waiting[ask.id] = (ask, answer)
        self._page.detail(ask.id, ask.detail, ask.pattern)
        try:
            return await answer
        finally:
            del self._waiting[ask.id]

    async def answer(self, params: Answer) -> Nothing:
        """Takes the user's answer. Raises RefusedError where nobody waits for it."""
        ask, answer = self._waiting.get(params.call, (None, None))
        if ask is None or answer is None or answer.done():
            raise RefusedError("This question has been answered, or its turn has ended.")
        if params.allowed:
            answer.set_result(Allow(ask.pattern if params.session else ""))
        else:
            answer.set_result(Deny(params.reason))
        return Nothing()
