"""The requests about who works in a session: its role and its model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from throughline.core.events import CrewChanged
from throughline.server.parts import Bench
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.wire.messages import Crew
from throughline.wire.state import State


class CrewRequests:
    """Changes who works in the open session; `reopen` opens it anew by its id, with the crew that it has then."""

    def __init__(
        self, bench: Bench, writable: Callable[[], Owner], reopen: Callable[[str], Awaitable[State]],
        shown: Callable[[], State],
    ) -> None:  # fmt: skip
        self._bench = bench
        self._writable = writable
        self._reopen = reopen
        self._shown = shown

    async def change(self, params: Crew) -> State:
        """Goes on in another role or with another model, from the next call on."""
        owner = self._writable()
        if owner.busy:
            raise RefusedError("A turn is running: stop it, or wait for its end.")
        session = owner.session
        role, model = params.role or session.role, (params.model or session.model).strip()
        if len(model.split()) != 1:
            raise RefusedError("Name one model by its id.")
        if model != session.model and owner.recorded:
            raise RefusedError("A recording plays in this session: start one of your own to choose its model.")
        if (role, model) == (session.role, session.model):
            return self._shown()
        await owner.record(CrewChanged(role, model, self._bench.window(model)))
        return await self._reopen(session.id)
