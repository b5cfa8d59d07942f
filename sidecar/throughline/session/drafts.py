"""The model that summarises: asked while the session goes on, one request at a time, and never needed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from attrs import frozen

from throughline.agent.loop import Crew, Summariser, billed
from throughline.agent.single_call import SingleCall
from throughline.compression import compaction
from throughline.compression.request import request
from throughline.core.errors import UserError
from throughline.core.events import CallBilled
from throughline.core.ports import ModelError, Request
from throughline.core.session import Session
from throughline.core.settings import Settings
from throughline.session.mailbox import ClosedError
from throughline.session.world import World

log = logging.getLogger(__name__)


@frozen
class Answer:
    """The arguments of the call that answered a request, or None where nothing usable came, and the cost."""

    args: object = None
    bill: tuple[CallBilled, ...] = ()


async def ask(crew: Crew, summariser: Summariser, request: Request, patience: float) -> Answer:
    """What a model answers within `patience` seconds. Whatever goes wrong is logged: the local rules are there."""
    args: object = None
    call = SingleCall(summariser.model)
    began = crew.clock.now()
    try:
        async with asyncio.timeout(patience):
            args = await call.ask(request)
    except TimeoutError:
        log.warning("%s took too long to summarise: the local rules do", summariser.name)
    except ModelError as error:
        log.warning("%s could not summarise, the local rules do: %s", summariser.name, error)
    except Exception:  # whatever failed, the local rules are there
        log.exception("%s could not summarise: the local rules do", summariser.name)
    # An answer that was cut off is none, but it is paid for.
    return Answer(args, tuple(billed(crew, request.purpose, summariser.name, used, began) for used in call.usages))


@frozen
class Draft:
    """What came of a request: the session that it was made from, the turns that it covers, the arguments of the call
    that answered it, or None where nothing usable came, and its cost.
    """

    session: Session
    through: int
    answer: object
    bill: tuple[CallBilled, ...]

    def fits(self, now: Session) -> bool:
        """Whether the covered turns are as they were, and no compaction or undo has come in between."""
        return compaction.fits(self.session, now, self.through)


class Drafts:
    """Asks the crew's summariser, where there is one, in a task of its own."""

    def __init__(self, world: World, crew: Crew, settings: Settings) -> None:
        self._world = world
        self._crew = crew
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """True from the start of a request until what came of it has been handed over."""
        return self._task is not None and not self._task.done()

    def start(self, session: Session, through: int, done: Callable[[Draft], Awaitable[object]]) -> bool:
        """Has the turns up to `through` summarised, and hands the draft over, be there an answer or not.

        False where there is no summariser; a request that is under way already is enough.
        """
        summariser = self._crew.summariser
        if summariser is not None and not self.busy:
            self._task = asyncio.create_task(self._run(summariser, session, through, done))
        return summariser is not None

    async def idle(self) -> None:
        """Returns when no request is under way."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Gives up the request that is under way."""
        if self._task is not None:
            self._task.cancel()
            await self.idle()

    async def _run(
        self, summariser: Summariser, session: Session, through: int, done: Callable[[Draft], Awaitable[object]]
    ) -> None:
        answer = Answer()
        try:
            asked = await self._world.off(lambda: self._request(summariser, session, through))
            if asked is not None:
                answer = await ask(self._crew, summariser, asked, self._settings.patience)
        except Exception:  # a turn that cannot be quoted, say: the local rules are there
            log.exception("%s could not be asked: the local rules summarise", summariser.name)
        try:
            await done(Draft(session, through, answer.args, answer.bill))
        except ClosedError:
            pass  # What a session that was closed meanwhile needs is done when it is opened again.
        except UserError as error:
            log.error("a compaction could not be kept, and will be made anew: %s", error)
        except Exception:
            log.exception("a compaction failed, and will be made anew")

    def _request(self, summariser: Summariser, session: Session, through: int) -> Request | None:
        turns = [turn for turn in session.recent if turn.number <= through]
        count = self._world.tokens.count
        return request(session.ledger, turns, summariser.prompt, summariser.name, self._settings, count)
