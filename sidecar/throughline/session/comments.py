"""The comments that skeletons lack: a cheap model writes them in the background, and nothing ever waits for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from throughline.agent.loop import Crew, Summariser, billed
from throughline.agent.shown import COMMENT, patience, renewed
from throughline.agent.single_call import SingleCall
from throughline.core.errors import UserError
from throughline.core.ports import ModelError, Request, Skeletons
from throughline.core.settings import Settings
from throughline.session.journal import Journal
from throughline.session.mailbox import ClosedError, Mailbox
from throughline.session.world import World
from throughline.skeleton.enrichment import Wanted, missing, read, requests
from throughline.skeleton.read import outline

log = logging.getLogger(__name__)


class Comments:
    """Asks the crew's commenter, where there is one and a place to keep what it says; one request at a time."""

    def __init__(self, world: World, crew: Crew, settings: Settings, journal: Journal, mailbox: Mailbox) -> None:
        self._world = world
        self._crew = crew
        self._settings = settings
        self._journal = journal
        self._mailbox = mailbox
        self._waiting: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None

    def want(self, paths: Iterable[str]) -> None:
        """Has comments written on what these files declare; the skeletons that are kept of them get them."""
        commenter, kept = self._crew.commenter, self._world.skeletons
        if commenter is None or kept is None:
            return
        self._waiting |= dict.fromkeys(paths)
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run(commenter, kept))

    async def idle(self) -> None:
        """Returns when nothing is asked for."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Gives up what is under way; what came of it before is kept."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await self.idle()

    async def _run(self, commenter: Summariser, kept: Skeletons) -> None:
        try:
            while self._waiting:
                paths, self._waiting = list(self._waiting), {}
                await self._comment(commenter, paths, kept)
        except TimeoutError:
            log.warning("%s took too long to comment: skeletons go without", commenter.name)
        except ClosedError:
            pass  # The session was closed meanwhile; what was kept is there the next time.
        except (ModelError, UserError) as error:
            log.warning("%s could not comment, skeletons go without: %s", commenter.name, error)
        except Exception:  # whatever failed, skeletons are there without comments
            log.exception("%s could not comment: skeletons go without", commenter.name)

    async def _comment(self, commenter: Summariser, paths: Sequence[str], kept: Skeletons) -> None:
        """Asks for what these files lack, and makes their skeletons again with what came of it."""

        def asked() -> list[tuple[Request, tuple[Wanted, ...]]]:
            wanted = self._wanted(paths, kept)
            return list(requests(wanted, commenter.prompt, commenter.name, self._world.tokens.count))

        batches = await self._world.off(asked)
        for request, batch in batches:
            await self._ask(commenter, request, batch, kept)
        if batches:
            await self._world.off(lambda: self._renew(paths, kept))

    def _wanted(self, paths: Sequence[str], kept: Skeletons) -> list[Wanted]:
        """What no comment is known of yet, in these files as they are now."""
        found: list[Wanted] = []
        for path in paths:
            text = self._world.workspace.text(path)
            made = outline(path, text, patience()) if text is not None else None
            found += missing(made, text) if made is not None and text is not None else ()
        known = kept.find([COMMENT + one.key for one in found])
        return [one for one in found if COMMENT + one.key not in known]

    async def _ask(self, commenter: Summariser, request: Request, batch: Sequence[Wanted], kept: Skeletons) -> None:
        """One request, its cost recorded and its answer kept: nothing is asked twice, be there an answer or not."""
        call = SingleCall(commenter.model)
        began = self._crew.clock.now()
        try:
            async with asyncio.timeout(self._settings.patience):
                args = await call.ask(request)
        finally:
            # What was given up is paid for, too.
            bills = [billed(self._crew, "skeleton", commenter.name, used, began) for used in call.usages]
            if bills:
                await self._mailbox.post(lambda: self._journal.keep(bills))
        answer = read(args, batch)
        for line in answer.dropped:
            log.info("dropped from the comments: %s", line)
        if args is not None:
            said = {COMMENT + one.key: answer.comments.get(one.key, "") for one in batch}
            await self._world.off(lambda: kept.keep(said))

    def _renew(self, paths: Sequence[str], kept: Skeletons) -> None:
        for path in paths:
            text = self._world.workspace.text(path)
            if text is not None:
                renewed(path, text, self._world.tokens.count, kept)
