"""Background calls to a model beside the turns: the summary that is drafted, the comments that skeletons lack."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from attrs import frozen

from throughline.agent.file_rendering import COMMENT, parse_deadline, refresh_skeleton
from throughline.agent.loop import AgentConfig, SummarizerConfig, billed
from throughline.agent.structured_call import StructuredCall
from throughline.context import compaction
from throughline.domain.errors import UserError
from throughline.domain.events import CallBilled
from throughline.domain.ports import ModelError, Request, Skeletons
from throughline.domain.session import Session
from throughline.domain.settings import Settings
from throughline.memory.summarizer import summary_request
from throughline.session.actor import ClosedError, Journal, Mailbox, SessionPorts
from throughline.skeleton.llm_docstrings import MissingDoc, doc_requests, missing_docs, parse_docs
from throughline.skeleton.outline_reader import outline

log = logging.getLogger(__name__)


@frozen
class ToolAnswer:
    """The arguments of the call that answered a request, or None where nothing usable came, and the cost."""

    args: object = None
    bill: tuple[CallBilled, ...] = ()


async def call_tool_once(
    config: AgentConfig, summariser: SummarizerConfig, request: Request, patience: float
) -> ToolAnswer:
    """What a model answers within `patience` seconds. Whatever goes wrong is logged: the local rules are there."""
    args: object = None
    call = StructuredCall(summariser.model)
    began = config.clock.now()
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
    return ToolAnswer(
        args, tuple(billed(config, request.purpose, summariser.name, used, began) for used in call.usages)
    )


@frozen
class SummaryDraft:
    """What came of a request: the session that it was made from, the turns that it covers, the arguments of the call
    that answered it, or None where nothing usable came, and its cost.
    """

    session: Session
    through: int
    answer: object
    bill: tuple[CallBilled, ...]

    def fits(self, now: Session) -> bool:
        """Whether the covered turns are as they were, and no compaction or undo has come in between."""
        return compaction.still_applies(self.session, now, self.through)


class BackgroundSummarizer:
    """Asks the config's summariser, where there is one, in a task of its own."""

    def __init__(self, ports: SessionPorts, config: AgentConfig, settings: Settings) -> None:
        self._ports = ports
        self._config = config
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """True from the start of a request until what came of it has been handed over."""
        return self._task is not None and not self._task.done()

    def start(self, session: Session, through: int, done: Callable[[SummaryDraft], Awaitable[object]]) -> bool:
        """Has the turns up to `through` summarised, and hands the draft over, be there an answer or not.

        False where there is no summariser; a request that is under way already is enough.
        """
        summariser = self._config.summariser
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
        self,
        summariser: SummarizerConfig,
        session: Session,
        through: int,
        done: Callable[[SummaryDraft], Awaitable[object]],
    ) -> None:
        answer = ToolAnswer()
        try:
            asked = await self._ports.in_worker(lambda: self._request(summariser, session, through))
            if asked is not None:
                answer = await call_tool_once(self._config, summariser, asked, self._settings.patience)
        except Exception:  # a turn that cannot be quoted, say: the local rules are there
            log.exception("%s could not be asked: the local rules summarise", summariser.name)
        try:
            await done(SummaryDraft(session, through, answer.args, answer.bill))
        except ClosedError:
            pass  # What a session that was closed meanwhile needs is done when it is opened again.
        except UserError as error:
            log.error("a compaction could not be kept, and will be made anew: %s", error)
        except Exception:
            log.exception("a compaction failed, and will be made anew")

    def _request(self, summariser: SummarizerConfig, session: Session, through: int) -> Request | None:
        turns = [turn for turn in session.recent if turn.number <= through]
        count = self._ports.tokens.count
        return summary_request(session.ledger, turns, summariser.prompt, summariser.name, self._settings, count)


class SkeletonCommenter:
    """Asks the config's commenter, where there is one and a place to keep what it says; one request at a time."""

    def __init__(
        self, ports: SessionPorts, config: AgentConfig, settings: Settings, journal: Journal, mailbox: Mailbox
    ) -> None:
        self._ports = ports
        self._config = config
        self._settings = settings
        self._journal = journal
        self._mailbox = mailbox
        self._waiting: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None

    def want(self, paths: Iterable[str]) -> None:
        """Has comments written on what these files declare; the skeletons that are kept of them get them."""
        commenter, kept = self._config.commenter, self._ports.skeletons
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

    async def _run(self, commenter: SummarizerConfig, kept: Skeletons) -> None:
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

    async def _comment(self, commenter: SummarizerConfig, paths: Sequence[str], kept: Skeletons) -> None:
        """Asks for what these files lack, and makes their skeletons again with what came of it."""

        def asked() -> list[tuple[Request, tuple[MissingDoc, ...]]]:
            wanted = self._wanted(paths, kept)
            return list(doc_requests(wanted, commenter.prompt, commenter.name, self._ports.tokens.count))

        batches = await self._ports.in_worker(asked)
        for request, batch in batches:
            await self._ask(commenter, request, batch, kept)
        if batches:
            await self._ports.in_worker(lambda: self._renew(paths, kept))

    def _wanted(self, paths: Sequence[str], kept: Skeletons) -> list[MissingDoc]:
        """What no comment is known of yet, in these files as they are now."""
        found: list[MissingDoc] = []
        for path in paths:
            text = self._ports.workspace.text(path)
            made = outline(path, text, parse_deadline()) if text is not None else None
            found += missing_docs(made, text) if made is not None and text is not None else ()
        known = kept.find([COMMENT + one.key for one in found])
        return [one for one in found if COMMENT + one.key not in known]

    async def _ask(
        self, commenter: SummarizerConfig, request: Request, batch: Sequence[MissingDoc], kept: Skeletons
    ) -> None:
        """One request, its cost recorded and its answer kept: nothing is asked twice, be there an answer or not."""
        call = StructuredCall(commenter.model)
        began = self._config.clock.now()
        try:
            async with asyncio.timeout(self._settings.patience):
                args = await call.ask(request)
        finally:
            # What was given up is paid for, too.
            bills = [billed(self._config, "skeleton", commenter.name, used, began) for used in call.usages]
            if bills:
                await self._mailbox.post(lambda: self._journal.keep(bills))
        answer = parse_docs(args, batch)
        for line in answer.dropped:
            log.info("dropped from the comments: %s", line)
        if args is not None:
            said = {COMMENT + one.key: answer.comments.get(one.key, "") for one in batch}
            await self._ports.in_worker(lambda: kept.keep(said))

    def _renew(self, paths: Sequence[str], kept: Skeletons) -> None:
        for path in paths:
            text = self._ports.workspace.text(path)
            if text is not None:
                refresh_skeleton(path, text, self._ports.tokens.count, kept)
