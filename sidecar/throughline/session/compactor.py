"""Keeps the view of the next call small: masks and compacts where that is due."""

from __future__ import annotations

import logging
from collections.abc import Callable

from attrs import frozen

from throughline.agent.loop import Crew
from throughline.compression import policy
from throughline.compression.compaction import (
    Preview,
    Proposal,
    accepted,
    after_event,
    covered,
    current,
    fits,
    lines,
    preview,
    propose,
    rendering,
    weigh,
)
from throughline.compression.masking import Batch, Masking, maskable
from throughline.compression.packing import Row
from throughline.core.events import (
    Compacted,
    CompactionDismissed,
    CompactionHeld,
    Event,
    FileInjected,
    FileSeen,
    LedgerChanged,
    LimitTold,
    Masked,
    Noted,
)
from throughline.core.session import Session
from throughline.core.settings import Settings
from throughline.core.view import View
from throughline.session.drafts import Draft, Drafts
from throughline.session.files import fitted, refreshed
from throughline.session.fitting import Fitting
from throughline.session.idle import Idle
from throughline.session.journal import Journal
from throughline.session.mailbox import Mailbox, RefusedError
from throughline.session.meter import Meter
from throughline.session.views import Views
from throughline.session.world import World

log = logging.getLogger(__name__)

STRIKES = 3
_NONE = "No compaction waits for your word."
_MOVED = "The session has moved on since this preview was made: make a new one."


@frozen
class Ready:
    """A compaction that was prepared while the session was idle: what it was made from, and what it would do."""

    session: Session
    proposal: Proposal
    answer: object

    def fits(self, now: Session, through: int) -> bool:
        """Whether it is what is due now, up to that turn, and its turns are as they were."""
        return self.proposal.through == through and fits(self.session, now, through)


class Compactor:
    """Makes views of one session, and the changes that keep them small. `asks` says that the user wants to see a
    compaction before it is done.
    """

    def __init__(
        self, world: World, crew: Crew, settings: Settings, journal: Journal, mailbox: Mailbox, archive: str
    ) -> None:
        self.drafts = Drafts(world, crew, settings)
        self.idle = Idle(world.clock, mailbox)
        self.asks = False
        self.meter = Meter(crew, journal, world.tokens.count)
        self._world = world
        self._settings = settings
        self._journal = journal
        self._mailbox = mailbox
        self._views = Views(world, settings, archive)
        self._limit = Fitting(world, crew, settings, journal, self.meter, self._views)
        self._strikes = 0
        self._ready: Ready | None = None
        self._old = Masking()

    @property
    def factor(self) -> float:
        """The model's own tokens for one of o200k."""
        return self.meter.usual

    @property
    def stuck(self) -> bool:
        """True where compactions have gained nothing so often that only masking carries on."""
        return self._strikes >= STRIKES

    def view(self, session: Session) -> View:
        """The view of a session's next call."""
        return self._views.view(session)

    def share(self, view: View) -> float:
        """The part of the context limit that a view takes."""
        return self.meter.share(view)

    def summary(self) -> str:
        """The rolling summary of the ledger as it is now."""
        return current(self._journal.session, self._settings, self._world.tokens.count)

    def lines(self) -> tuple[Row, ...]:
        """The same, line by line."""
        return lines(self._journal.session, self._settings, self._world.tokens.count)

    async def prepare(self, *, ahead: bool = False, changed: bool = False) -> View:
        """The view of the next call, after whatever is due. What changes the prefix is done in one go.

        Where a model summarises, a compaction that is due at a turn's end, `ahead` of the next call, is its to
        prepare, and the session goes on meanwhile. What cannot wait, above the limit, is done at once by local rules;
        and what does not fit even so, be it the newest message, is cut down to what can be sent.
        """
        self.idle.stop()
        while True:
            session = self._journal.session
            view = await self._world.off(lambda session=session: self.view(session))  # type: ignore[misc]
            await self.meter.ask(view)
            now, share = self._world.clock.now(), self.share(view)
            waits = self.drafts.busy and share <= self._settings.share
            stuck = waits or self.stuck
            match self._decide(session, share, now, self._old, stuck=stuck, changed=changed, asks=self.asks):
                case policy.Nothing():
                    break
                case policy.Mask(ids=ids):
                    await self._journal.keep([Masked(ids)])
                    changed = True
                case policy.Compact(through=through):
                    ready = self._take(session, through)
                    if ahead and ready is None and self.drafts.start(session, through, self._hand_over):
                        break
                    if await self._do(ready or through, due=True) is None:
                        break
                    changed = True
                case policy.Hold(through=through):
                    ready = self._take(session, through)
                    if ahead and ready is None and self.drafts.start(session, through, self._hand_over):
                        break
                    if not await self._hold(ready or through):
                        break
        if await self._limit.fit(view):
            session = self._journal.session
            view = await self._world.off(lambda: self.view(session))
            share = self.share(view)
        self._rest(session, share)
        return view

    async def fresh(self) -> tuple[FileInjected | FileSeen, ...]:
        """What brings the view's files up to date, so that no call carries a stale one without saying so."""
        session, world = self._journal.session, self._world
        if not session.files:
            return ()
        count = world.tokens.count
        events = await world.off(lambda: refreshed(session, world.workspace, count, world.skeletons))
        if not any(isinstance(event, FileInjected) for event in events):
            return events
        room = self.room(await world.off(lambda: self.view(session)))
        return fitted(session, events, room, count)

    def room(self, view: View) -> int:
        """The o200k tokens that are left below the share at which the session compacts."""
        return self.meter.room(view, self._settings.share)

    async def shorten(self, sent: int = 0, limit: int = 0) -> bool:
        """Does what is due above the limit, whatever the view's size seems to be and without asking: whether that
        changed it. A view that took `sent` o200k tokens was too long; `limit` is what the provider says its limit is.
        """
        before = self._journal.session
        if 0 < limit < before.limit:
            await self._journal.keep([LimitTold(limit)])
        while True:
            session, now = self._journal.session, self._world.clock.now()
            match policy.decide(session, 1.0, now, self._settings, stuck=self.stuck, changed=True):
                case policy.Mask(ids=ids):
                    await self._journal.keep([Masked(ids)])
                case policy.Compact(through=through):
                    if await self._do(self._take(session, through) or through) is None:
                        break
                case policy.Nothing() | policy.Hold():
                    break
        session = self._journal.session
        view = await self._world.off(lambda: self.view(session))
        return await self._limit.fit(view, sent) or session is not before

    async def compact(self, through: int, *, always: bool = False) -> Compacted | None:
        """Moves turns into the ledger; where that would not make the view smaller, only their entries enter."""
        return await self._do(self._take(self._journal.session, through) or through, always=always)

    async def preview(self, through: int) -> Preview:
        """What a compaction of the turns up to `through` would do, or the one that waits for the user's word."""
        session = self._journal.session
        ready = self._ready if self._ready and self._ready.fits(session, through) else None

        def work() -> Preview:
            if session.held is not None:
                proposal = Proposal(session.held.through, session.held.operations, session.held.summariser)
            else:
                proposal = self._proposed(session, ready or through)
            event = weigh(session, proposal, self.view)
            return self._previewed(session, event, proposal.dropped)

        return await self._world.off(work)

    async def apply(self, preview: Preview) -> Compacted:
        """Does exactly what a preview showed. Raises RefusedError where that is stale, or gains nothing."""
        session, event = self._journal.session, preview.event
        if not fits(preview.session, session, event.through) or not accepted(session.ledger, event.operations):
            raise RefusedError(_MOVED)
        if not preview.gains:
            raise RefusedError("The summary would not be smaller than the turns: nothing was compacted.")
        self._strikes, self._ready = 0, None
        ids = tuple(name for name in preview.masked if name not in session.masked)
        await self._journal.keep([event, *([Masked(ids)] if ids else [])])
        return event

    async def confirm(self) -> Compacted:
        """Does the compaction that waits for the user's word. Raises RefusedError where there is none, or where its
        turns or the ledger have changed: then a new one waits, if there is still something to gain.
        """
        session = self._journal.session
        held = session.held
        if held is None:
            raise RefusedError(_NONE)
        if session.held_items == covered(session, held.through) and accepted(session.ledger, held.operations):
            return await self.apply(await self.preview(held.through))
        if not covered(session, held.through) or not await self._hold(held.through):
            await self._journal.keep([CompactionDismissed(held.id)])
        raise RefusedError("The session has changed since this compaction was prepared: look at it again.")

    async def dismiss(self) -> None:
        """Lets go of the compaction that waits for the user's word. Raises RefusedError where there is none."""
        held = self._journal.session.held
        if held is None:
            raise RefusedError(_NONE)
        await self._journal.keep([CompactionDismissed(held.id)])

    def _take(self, session: Session, through: int) -> Ready | None:
        """What has been got ready, where it is what is due now; it is used or not, but once."""
        ready, self._ready = self._ready, None
        return ready if ready and ready.fits(session, through) else None

    def _proposed(self, session: Session, what: Ready | int, answer: object = None) -> Proposal:
        if isinstance(what, int):
            return propose(session, what, answer)
        if what.session.ledger == session.ledger:
            return what.proposal
        return propose(session, what.proposal.through, what.answer)

    def _previewed(self, session: Session, event: Compacted, dropped: tuple[str, ...]) -> Preview:
        """The preview of an event, with the masking that a prefix which changes anyway brings with it."""
        made = preview(session, event, dropped, (), self.view, self._rendering)
        ids = self._masking(after_event(session, event), made.after)
        return preview(session, event, dropped, ids, self.view, self._rendering) if ids else made

    def _rendering(self, session: Session) -> str:
        return rendering(session, self._settings, self._world.tokens.count)

    async def _do(
        self, what: Ready | int, answer: object = None, *, always: bool = False, due: bool = False
    ) -> Compacted | None:
        event = await self._weighed(what, answer)
        if event.after >= event.before and not always:
            await self._strike(event)
            return None
        self._strikes = 0
        # What is `due` comes before a call, and brings along what else is, now that the prefix changes anyway.
        session = self._journal.session
        ids = await self._world.off(lambda: self._masking(after_event(session, event), event.after)) if due else ()
        await self._journal.keep([event, *([Masked(ids)] if ids else [])])
        return event

    async def _hold(self, what: Ready | int, answer: object = None) -> bool:
        """Has a compaction wait for the user's word; False where it would gain nothing."""
        event = await self._weighed(what, answer)
        if event.after >= event.before:
            await self._strike(event)
            return False
        await self._journal.keep([CompactionHeld(event, covered(self._journal.session, event.through))])
        return True

    async def _weighed(self, what: Ready | int, answer: object) -> Compacted:
        session = self._journal.session
        proposal = await self._world.off(lambda: self._proposed(session, what, answer))
        for line in proposal.dropped:
            log.info("dropped from the summariser's answer: %s", line)
        return await self._world.off(lambda: weigh(session, proposal, self.view))

    async def _strike(self, event: Compacted) -> None:
        """A compaction that gains nothing is not done; what it would have entered into the ledger enters."""
        self._strikes += 1
        entered: list[Event] = [LedgerChanged(event.operations)] if event.operations else []
        if self._strikes == STRIKES:
            entered.append(Noted("Compacting no longer gains anything: only old tool output is masked from now on."))
        if entered:
            await self._journal.keep(entered)

    def _decide(
        self,
        session: Session,
        share: float,
        now: float,
        masking: Callable[[Session, int], Batch] = maskable,
        *,
        stuck: bool = False,
        changed: bool = False,
        asks: bool = False,
    ) -> policy.Decision:
        return policy.decide(
            session, share, now, self._settings,
            factor=self.factor, stuck=stuck, changed=changed, asks=asks, masking=masking,
        )  # fmt: skip

    def _masking(self, after: Session, tokens: int) -> tuple[str, ...]:
        """What is masked with a compaction, which changes the prefix anyway: `after` it, in so many tokens."""
        share = tokens * self.factor / after.limit
        match self._decide(after, share, self._world.clock.now(), stuck=True, changed=True):
            case policy.Mask(ids=ids):
                return ids
            case _:
                return ()

    async def _hand_over(self, draft: Draft) -> None:
        await self._mailbox.post(lambda: self._settle(draft))

    async def _settle(self, draft: Draft) -> None:
        """Bills a request, and compacts as it says where nothing has moved since."""
        if not await self._fitting(draft):
            return
        session = self._journal.session
        if self.asks and self.share(await self._world.off(lambda: self.view(session))) <= self._settings.share:
            if session.held is None:
                await self._hold(draft.through, draft.answer)
        elif await self._do(draft.through, draft.answer):
            await self.prepare(changed=True)

    async def _fitting(self, draft: Draft) -> bool:
        if draft.bill:
            await self._journal.keep(draft.bill)
        fit = draft.fits(self._journal.session)
        if not fit:
            log.info("a summary of the turns up to %d came too late: they have moved meanwhile", draft.through)
        return fit

    def _rest(self, session: Session, share: float) -> None:
        """Sets the timer for what an idle session gets ready."""
        if rest := policy.rest(session, share, self._settings, factor=self.factor, stuck=self.stuck):
            self.idle.set(rest.at, self._get_ready)

    async def _get_ready(self) -> None:
        """Has the compaction that a cold cache will make due prepared: by a model where there is one."""
        session = self._journal.session
        share = self.share(await self._world.off(lambda: self.view(session)))
        rest = policy.rest(session, share, self._settings, factor=self.factor, stuck=self.stuck)
        if rest is None or self.drafts.busy or session.ended:
            return
        if not self.drafts.start(session, rest.through, self._store):
            await self._keep_ready(Draft(session, rest.through, None, ()))

    async def _store(self, draft: Draft) -> None:
        await self._mailbox.post(lambda: self._keep_ready(draft))

    async def _keep_ready(self, draft: Draft) -> None:
        if await self._fitting(draft):
            session = self._journal.session
            proposal = await self._world.off(lambda: propose(session, draft.through, draft.answer))
            self._ready = Ready(session, proposal, draft.answer)
