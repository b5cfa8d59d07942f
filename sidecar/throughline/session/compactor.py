"""The compactor of one session: masks and compacts where that is due; its timer for a cache that goes cold."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from attrs import evolve, frozen

from throughline.agent.loop import AgentConfig
from throughline.context import policy
from throughline.context.compaction import (
    Preview,
    Proposal,
    accepted,
    after_event,
    count_covered,
    current,
    lines,
    preview_compaction,
    propose,
    rendering,
    still_applies,
    weigh,
)
from throughline.context.masking import Masking, maskable
from throughline.domain.errors import UserError
from throughline.domain.events import (
    Compacted,
    CompactionDismissed,
    CompactionProposed,
    ContextLimitReported,
    Event,
    FileInjected,
    FileSeen,
    LedgerChanged,
    Logged,
    Masked,
    Notice,
    UserMessage,
)
from throughline.domain.ports import Clock
from throughline.domain.session import Session, apply
from throughline.domain.settings import Settings
from throughline.domain.view import View
from throughline.memory.summary import SummaryLine
from throughline.session.actor import ClosedError, Journal, Mailbox, RefusedError, SessionPorts
from throughline.session.background_llm import BackgroundSummarizer, SummaryDraft
from throughline.session.context_usage import ContextUsage, ViewBuilder
from throughline.session.files import fitting_files, refreshed_files
from throughline.session.view_fitting import ViewFitting
from throughline.session.worked_files import SHARE, worked_files

log = logging.getLogger(__name__)


class IdleTimer:
    """Posts one act when its time has come, unless it is stopped or set anew before."""

    def __init__(self, clock: Clock, mailbox: Mailbox) -> None:
        self._clock = clock
        self._mailbox = mailbox
        self._task: asyncio.Task[None] | None = None

    def set(self, when: float, act: Callable[[], Awaitable[object]]) -> None:
        """Has an act done at a time, in seconds since the epoch."""
        self.stop()
        self._task = asyncio.create_task(self._wait(when, act))

    def stop(self) -> None:
        """Lets nothing happen any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _wait(self, when: float, act: Callable[[], Awaitable[object]]) -> None:
        await self._clock.until(when)
        # From here on a stop comes too late: the act looks for itself whether it is still wanted.
        self._task = None
        try:
            await self._mailbox.post(act)
        except ClosedError:
            pass  # Nobody needs it then.
        except UserError as error:
            log.error("what an idle session was to get ready failed: %s", error)
        except Exception:
            log.exception("what an idle session was to get ready failed")


MAX_FAILURES = 3
_NONE = "No compaction waits for your word."
_MOVED = "The session has moved on since this preview was made: make a new one."


@frozen
class PreparedCompaction:
    """A compaction that was prepared while the session was idle: what it was made from, and what it would do."""

    session: Session
    proposal: Proposal
    answer: object

    def fits(self, now: Session, through: int) -> bool:
        """Whether it is what is due now, up to that turn, and its turns are as they were."""
        return self.proposal.through == through and still_applies(self.session, now, through)


class Compactor:
    """Makes views of one session, and the changes that keep them small. `asks` says that the user wants to see a
    compaction before it is done.
    """

    def __init__(
        self,
        ports: SessionPorts,
        config: AgentConfig,
        settings: Settings,
        journal: Journal,
        mailbox: Mailbox,
        archive: str,
    ) -> None:
        self.drafts = BackgroundSummarizer(ports, config, settings)
        self.idle = IdleTimer(ports.clock, mailbox)
        self.asks = False
        self.meter = ContextUsage(config, journal, ports.tokens.count)
        self._ports = ports
        self._settings = settings
        self._journal = journal
        self._mailbox = mailbox
        self._views = ViewBuilder(ports, settings, archive)
        # What would be sent is tried out with memos of its own.
        self._upcoming = ViewBuilder(ports, settings, archive)
        self._limit = ViewFitting(ports, config, settings, journal, self.meter, self._views)
        self._strikes = 0
        self._ready: PreparedCompaction | None = None
        # What a model summarised while a turn ran, whose thinking is bound to the prefix as it is.
        self._late: PreparedCompaction | None = None
        self._updated = 0
        self._old = Masking()

    @property
    def factor(self) -> float:
        """The model's own tokens for one of o200k."""
        return self.meter.usual

    @property
    def most(self) -> float:
        """The share of the context limit above which the session compacts."""
        return policy.compact_share(self._settings, self._journal.session.limit)

    @property
    def breaker_open(self) -> bool:
        """True where compactions have gained nothing so often that only masking carries on."""
        return self._strikes >= MAX_FAILURES

    def view(self, session: Session) -> View:
        """The view of a session's next call."""
        return self._views.view(session)

    def upcoming(self, now: float) -> View:
        """About the view that a message sent at that time would find, after what is due then; changes nothing."""
        session, view = self._journal.session, self._upcoming.view(self._journal.session)
        said = apply(session, Logged(session.seq + 1, now, UserMessage(session.next_turn, "", 0)))
        share = self.share(view)
        due = self._decide(said, share, now, stuck=self.breaker_open, asks=self.asks)
        if isinstance(due, policy.Compact):
            after = after_event(session, Compacted("", due.through, (), 0, 0, 0, 0))
            if view.tokens - self._upcoming.view(after).tokens >= policy.WORTH or share > self.most:
                masked = after.masked | frozenset(self._masking(after, view.tokens))
                return self._upcoming.view(evolve(after, masked=masked))
            # One that frees too little is refused, and what is left is masking.
            due = self._decide(said, share, now, stuck=True, asks=self.asks)
        match due:
            case policy.Mask(ids=ids):
                return self._upcoming.view(apply(session, Logged(session.seq + 1, now, Masked(ids))))
            case _:
                return view

    def share(self, view: View) -> float:
        """The part of the context limit that a view takes."""
        return self.meter.share(view)

    def summary(self) -> str:
        """The rolling summary of the ledger as it is now."""
        return current(self._journal.session, self._settings, self._ports.tokens.count)

    def lines(self) -> tuple[SummaryLine, ...]:
        """The same, line by line."""
        return lines(self._journal.session, self._settings, self._ports.tokens.count)

    async def prepare(self, *, ahead: bool = False, changed: bool = False) -> View:
        """The view of the next call, after whatever is due. What changes the prefix is done in one go.

        Where a model summarises, a compaction that is due at a turn's end, `ahead` of the next call, is its to
        prepare, and the session goes on meanwhile. What cannot wait, above the limit, is done at once by local rules;
        and what does not fit even so, be it the newest message, is cut down to what can be sent.
        """
        self.idle.stop()
        changed = await self._do_late() or changed
        while True:
            session = self._journal.session
            view = await self._ports.in_worker(lambda session=session: self.view(session))  # type: ignore[misc]
            await self.meter.ask(view)
            now, share = self._ports.clock.now(), self.share(view)
            waits = (self.drafts.busy or self._late is not None) and share <= self.most
            stuck = waits or self.breaker_open
            match self._decide(session, share, now, self._old, stuck=stuck, changed=changed, asks=self.asks):
                case policy.NoAction():
                    break
                case policy.Mask(ids=ids):
                    # What stays fresh is what was decided: no second look takes it because the prefix has changed now.
                    await self._journal.keep([Masked(ids)])
                case policy.Compact(through=through):
                    ready = self._take(session, through)
                    if ahead and ready is None and self.drafts.start(session, through, self._hand_over):
                        break
                    if await self._do(ready or through, due=True) is not None:
                        changed = True
                    elif share > self.most:
                        break
                case policy.AwaitApproval(through=through):
                    ready = self._take(session, through)
                    if ahead and ready is None and self.drafts.start(session, through, self._hand_over):
                        break
                    if not await self._hold(ready or through):
                        break
        if await self._limit.fit(view):
            session = self._journal.session
            view = await self._ports.in_worker(lambda: self.view(session))
            share = self.share(view)
        self._rest(session, share)
        return view

    async def fresh(self) -> tuple[FileInjected | FileSeen, ...]:
        """What brings the view's files up to date, so that no call carries a stale one without saying so."""
        session, ports = self._journal.session, self._ports
        if not session.files:
            return ()
        count = ports.tokens.count
        made = await ports.in_worker(lambda: refreshed_files(session, ports.workspace, count, ports.skeletons))
        # What came back after a compaction stays that: the next one may do without it.
        events = [
            evolve(one, restored=session.files[one.path].restored) if isinstance(one, FileInjected) else one
            for one in made
        ]
        if not any(isinstance(event, FileInjected) for event in events):
            return tuple(events)
        room = self.room(await ports.in_worker(lambda: self.view(session)))
        return fitting_files(session, events, room, count)

    def room(self, view: View) -> int:
        """The o200k tokens that are left below the share at which the session compacts."""
        return self.meter.room(view, self.most)

    async def shorten(self, sent: int = 0, limit: int = 0) -> bool:
        """Does what is due above the limit, whatever the view's size seems to be and without asking: whether that
        changed it. A view that took `sent` o200k tokens was too long; `limit` is what the provider says its limit is.
        """
        before = self._journal.session
        if 0 < limit < before.limit:
            await self._journal.keep([ContextLimitReported(limit)])
        while True:
            session, now = self._journal.session, self._ports.clock.now()
            match policy.decide(session, 1.0, now, self._settings, stuck=self.breaker_open, changed=True):
                case policy.Mask(ids=ids):
                    await self._journal.keep([Masked(ids)])
                case policy.Compact(through=through):
                    if await self._do(self._take(session, through) or through, least=1) is None:
                        break
                case policy.NoAction() | policy.AwaitApproval():
                    break
        session = self._journal.session
        view = await self._ports.in_worker(lambda: self.view(session))
        return await self._limit.fit(view, sent) or session is not before

    async def compact(self, through: int, *, always: bool = False) -> Compacted | None:
        """Moves turns into the ledger, as the user wants; where that would not make the view smaller, only their
        entries enter.
        """
        return await self._do(self._take(self._journal.session, through) or through, always=always, least=1)

    async def preview(self, through: int) -> Preview:
        """What a compaction of the turns up to `through` would do, or the one that waits for the user's word."""
        session = self._journal.session
        ready = self._ready if self._ready and self._ready.fits(session, through) else None

        def work() -> Preview:
            if session.pending_compaction is not None:
                proposal = Proposal(
                    session.pending_compaction.through,
                    session.pending_compaction.operations,
                    session.pending_compaction.summariser,
                )
            else:
                proposal = self._proposed(session, ready or through)
            event = weigh(session, proposal, self.view)
            return self._previewed(session, event, proposal.dropped)

        return await self._ports.in_worker(work)

    async def apply(self, preview: Preview) -> Compacted:
        """Does exactly what a preview showed. Raises RefusedError where that is stale, or gains nothing."""
        session, event = self._journal.session, preview.event
        if not still_applies(preview.session, session, event.through) or not accepted(session.ledger, event.operations):
            raise RefusedError(_MOVED)
        if not preview.gains:
            raise RefusedError("The summary would not be smaller than the turns: nothing was compacted.")
        self._strikes, self._ready = 0, None
        ids = tuple(name for name in preview.masked if name not in session.masked)
        await self._keep(event, ids)
        return event

    async def confirm(self) -> Compacted:
        """Does the compaction that waits for the user's word. Raises RefusedError where there is none, or where its
        turns or the ledger have changed: then a new one waits, if there is still something to gain.
        """
        session = self._journal.session
        held = session.pending_compaction
        if held is None:
            raise RefusedError(_NONE)
        if session.pending_compaction_items == count_covered(session, held.through) and accepted(
            session.ledger, held.operations
        ):
            return await self.apply(await self.preview(held.through))
        if not count_covered(session, held.through) or not await self._hold(held.through):
            await self._journal.keep([CompactionDismissed(held.id)])
        raise RefusedError("The session has changed since this compaction was prepared: look at it again.")

    async def dismiss(self) -> None:
        """Lets go of the compaction that waits for the user's word. Raises RefusedError where there is none."""
        held = self._journal.session.pending_compaction
        if held is None:
            raise RefusedError(_NONE)
        await self._journal.keep([CompactionDismissed(held.id)])

    def _take(self, session: Session, through: int) -> PreparedCompaction | None:
        """What has been got ready, where it is what is due now; it is used or not, but once."""
        ready, self._ready = self._ready, None
        return ready if ready and ready.fits(session, through) else None

    def _proposed(self, session: Session, what: PreparedCompaction | int, answer: object = None) -> Proposal:
        if isinstance(what, int):
            return propose(session, what, answer)
        if what.session.ledger == session.ledger:
            return what.proposal
        return propose(session, what.proposal.through, what.answer)

    def _previewed(self, session: Session, event: Compacted, dropped: tuple[str, ...]) -> Preview:
        """The preview of an event, with the masking that a prefix which changes anyway brings with it."""
        made = preview_compaction(session, event, dropped, (), self.view, self._rendering)
        ids = self._masking(after_event(session, event), made.after)
        return preview_compaction(session, event, dropped, ids, self.view, self._rendering) if ids else made

    def _rendering(self, session: Session) -> str:
        return rendering(session, self._settings, self._ports.tokens.count)

    async def _do(
        self,
        what: PreparedCompaction | int,
        answer: object = None,
        *,
        always: bool = False,
        due: bool = False,
        least: int = policy.WORTH,
    ) -> Compacted | None:
        event = await self._weighed(what, answer)
        if not always and not self._pays(event, least):
            await self._refuse(event)
            return None
        self._strikes = 0
        # What is `due` comes before a call, and brings along what else is, now that the prefix changes anyway.
        session = self._journal.session
        ids = (
            await self._ports.in_worker(lambda: self._masking(after_event(session, event), event.after)) if due else ()
        )
        await self._keep(event, ids, restores=not always)
        return event

    async def _keep(self, event: Compacted, ids: tuple[str, ...], *, restores: bool = True) -> None:
        """Keeps a compaction with what is masked along with it, and puts back the files that are being worked on."""
        after = after_event(self._journal.session, event)
        ids = tuple(dict.fromkeys((*ids, *policy.past_thinking(after).ids)))
        masked = [Masked(ids)] if ids else []
        after = evolve(after, masked=after.masked | frozenset(ids))
        files: tuple[Event, ...] = ()
        if restores:
            room = min(
                (event.before - event.after) // 2,
                round(SHARE * policy.view_limit(self._settings, after.limit) / self.factor),
            )
            ports = self._ports
            files = await ports.in_worker(
                lambda: worked_files(after, room, ports.workspace, ports.tokens.count, ports.skeletons)
            )
        await self._journal.keep([event, *masked, *files])

    async def _hold(self, what: PreparedCompaction | int, answer: object = None) -> bool:
        """Has a compaction wait for the user's word; False where it would gain nothing."""
        event = await self._weighed(what, answer)
        if not self._pays(event):
            await self._refuse(event)
            return False
        await self._journal.keep([CompactionProposed(event, count_covered(self._journal.session, event.through))])
        return True

    async def _weighed(self, what: PreparedCompaction | int, answer: object) -> Compacted:
        session = self._journal.session
        proposal = await self._ports.in_worker(lambda: self._proposed(session, what, answer))
        for line in proposal.dropped:
            log.info("dropped from the summariser's answer: %s", line)
        return await self._ports.in_worker(lambda: weigh(session, proposal, self.view))

    def _pays(self, event: Compacted, least: int = policy.WORTH) -> bool:
        """Whether a compaction frees enough: above the limit anything, since nothing else helps, and else what its
        cache write is worth.
        """
        freed = event.before - event.after
        over = event.before * self.factor > self.most * self._journal.session.limit
        return freed >= least or (over and freed > 0)

    async def _refuse(self, event: Compacted) -> None:
        """A compaction that frees too little is not done; what it would have entered into the ledger enters, so that
        the summary is up to date. Three in a row that free nothing at all are the last.
        """
        session = self._journal.session
        self._updated = session.turns[-1].number if session.turns else 0
        self._strikes = self._strikes + 1 if event.after >= event.before else 0
        entered: list[Event] = [LedgerChanged(event.operations)] if event.operations else []
        if self._strikes == MAX_FAILURES:
            entered.append(Notice("Compacting no longer gains anything: only old tool output is masked from now on."))
        if entered:
            await self._journal.keep(entered)

    def _decide(
        self,
        session: Session,
        share: float,
        now: float,
        masking: policy.FindMaskable = maskable,
        *,
        stuck: bool = False,
        changed: bool = False,
        asks: bool = False,
    ) -> policy.PolicyDecision:
        return policy.decide(
            session, share, now, self._settings,
            factor=self.factor, stuck=stuck, changed=changed, asks=asks, updated=self._updated, masking=masking,
        )  # fmt: skip

    def _masking(self, after: Session, tokens: int) -> tuple[str, ...]:
        """What is masked with a compaction, which changes the prefix anyway: `after` it, in so many tokens."""
        share = tokens * self.factor / after.limit
        match self._decide(after, share, self._ports.clock.now(), stuck=True, changed=True):
            case policy.Mask(ids=ids):
                return ids
            case _:
                return ()

    async def _hand_over(self, draft: SummaryDraft) -> None:
        await self._mailbox.post(lambda: self._settle(draft))

    async def _settle(self, draft: SummaryDraft) -> None:
        """Bills a request, and compacts as it says where nothing has moved since."""
        if not await self._fitting(draft):
            return
        session = self._journal.session
        over = self.share(await self._ports.in_worker(lambda: self.view(session))) > self.most
        if session.open is not None and not over:
            proposal = await self._ports.in_worker(lambda: propose(session, draft.through, draft.answer))
            self._late = PreparedCompaction(session, proposal, draft.answer)
        elif await self._apply_answer(draft.through, draft.answer, over=over):
            await self.prepare(changed=True)

    async def _apply_answer(self, what: PreparedCompaction | int, answer: object, *, over: bool) -> bool:
        """Compacts as a model says, or has that wait for the user's word: whether it changed the prefix."""
        if self.asks and not over:
            if self._journal.session.pending_compaction is None:
                await self._hold(what, answer)
            return False
        return await self._do(what, answer) is not None

    async def _do_late(self) -> bool:
        """Between two turns, does what a model summarised while the last one ran: whether it changed the prefix."""
        session, late = self._journal.session, self._late
        if late is None or policy.replying(session):
            return False
        self._late = None
        if not late.fits(session, late.proposal.through):
            return False
        return await self._apply_answer(late, late.answer, over=False)

    async def _fitting(self, draft: SummaryDraft) -> bool:
        if draft.bill:
            await self._journal.keep(draft.bill)
        fit = draft.fits(self._journal.session)
        if not fit:
            log.info("a summary of the turns up to %d came too late: they have moved meanwhile", draft.through)
        return fit

    def _rest(self, session: Session, share: float) -> None:
        """Sets the timer for what an idle session gets ready."""
        if rest := policy.next_idle_compaction(
            session, share, self._settings, factor=self.factor, stuck=self.breaker_open, updated=self._updated
        ):
            self.idle.set(rest.at, self._get_ready)

    async def _get_ready(self) -> None:
        """Has the compaction that a cold cache will make due prepared: by a model where there is one."""
        session = self._journal.session
        share = self.share(await self._ports.in_worker(lambda: self.view(session)))
        rest = policy.next_idle_compaction(
            session, share, self._settings, factor=self.factor, stuck=self.breaker_open, updated=self._updated
        )
        if rest is None or self.drafts.busy or session.ended:
            return
        if not self.drafts.start(session, rest.through, self._store):
            await self._keep_ready(SummaryDraft(session, rest.through, None, ()))

    async def _store(self, draft: SummaryDraft) -> None:
        await self._mailbox.post(lambda: self._keep_ready(draft))

    async def _keep_ready(self, draft: SummaryDraft) -> None:
        if await self._fitting(draft):
            session = self._journal.session
            proposal = await self._ports.in_worker(lambda: propose(session, draft.through, draft.answer))
            self._ready = PreparedCompaction(session, proposal, draft.answer)
