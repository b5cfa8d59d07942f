"""Keeps the view of the next call small: masks and compacts where that is due."""

from __future__ import annotations

import logging

from attrs import evolve

from throughline.agent.loop import Crew
from throughline.compression import policy
from throughline.compression.compaction import Proposal, current, held, propose, rendering
from throughline.context.baselines import shaped
from throughline.context.view import Frame, assemble
from throughline.core.events import Compacted, LedgerChanged, Logged, Masked, Noted
from throughline.core.session import Session, apply
from throughline.core.settings import Settings
from throughline.core.view import View
from throughline.session.drafts import Draft, Drafts
from throughline.session.journal import Journal
from throughline.session.mailbox import Mailbox
from throughline.session.world import World

log = logging.getLogger(__name__)

STRIKES = 3


class Compactor:
    """Makes views of one session, and the changes that keep them small."""

    def __init__(
        self, world: World, crew: Crew, settings: Settings, journal: Journal, mailbox: Mailbox, archive: str
    ) -> None:
        self.drafts = Drafts(world, crew, settings)
        self._world = world
        self._crew = crew
        self._settings = settings
        self._journal = journal
        self._mailbox = mailbox
        self._frame = Frame(world.system, archive)
        self._strikes = 0

    @property
    def factor(self) -> float:
        """The model's own tokens for one of o200k."""
        return self._crew.prices.factor(self._crew.name)

    def view(self, session: Session) -> View:
        """The view of a session's next call."""
        count = self._world.tokens.count
        summary = rendering(session, self._settings, count) if session.through else ""
        whole = assemble(session, self._frame, summary, count, self._settings.words)
        return shaped(whole, self._settings.strategy)

    def share(self, view: View) -> float:
        """The part of the context limit that a view takes."""
        return view.tokens * self.factor / self._journal.session.limit

    def summary(self) -> str:
        """The rolling summary of the ledger as it is now."""
        return current(self._journal.session, self._settings, self._world.tokens.count)

    async def prepare(self, *, ahead: bool = False, changed: bool = False) -> View:
        """The view of the next call, after whatever is due. What changes the prefix is done in one go.

        Where a model summarises, a compaction that is due at a turn's end, `ahead` of the next call, is its to
        prepare, and the session goes on meanwhile. What cannot wait, above the limit, is done at once by local rules.
        """
        while True:
            session = self._journal.session
            view = await self._world.off(lambda session=session: self.view(session))  # type: ignore[misc]
            now, share = self._world.clock.now(), self.share(view)
            waits = self.drafts.busy and share <= self._settings.share
            stuck = waits or self._strikes >= STRIKES
            match policy.decide(session, share, now, self._settings, stuck=stuck, changed=changed):
                case policy.Nothing():
                    return view
                case policy.Mask(ids=ids):
                    await self._journal.keep([Masked(ids)])
                case policy.Compact(through=through):
                    if ahead and self.drafts.start(session, through, self._hand_over):
                        return view
                    if await self.compact(through) is None:
                        return view
            changed = True

    async def compact(self, through: int, *, always: bool = False, answer: object = None) -> Compacted | None:
        """Moves turns into the ledger, with what a model answered about them; where that would not make the view
        smaller, only their entries enter.
        """
        session = self._journal.session
        proposal = await self._world.off(lambda: propose(session, through, answer))
        for line in proposal.dropped:
            log.info("dropped from the summariser's answer: %s", line)
        event = await self._world.off(lambda: self._weighed(session, proposal))
        if event.after >= event.before and not always:
            self._strikes += 1
            stop = [Noted("Compacting no longer gains anything: only old tool output is masked from now on.")]
            entered = [LedgerChanged(proposal.operations)] if proposal.operations else []
            await self._journal.keep([*entered, *(stop if self._strikes == STRIKES else [])])
            return None
        self._strikes = 0
        await self._journal.keep([event])
        return event

    async def _hand_over(self, draft: Draft) -> None:
        await self._mailbox.post(lambda: self._settle(draft))

    async def _settle(self, draft: Draft) -> None:
        """Bills a request, and compacts as it says where nothing has moved since."""
        if draft.bill:
            await self._journal.keep(draft.bill)
        if draft.fits(self._journal.session) and await self.compact(draft.through, answer=draft.answer):
            await self.prepare(changed=True)

    def _weighed(self, session: Session, proposal: Proposal) -> Compacted:
        name = f"c{len(session.compactions) + 1}"
        before = self.view(session).tokens
        event = Compacted(name, proposal.through, proposal.operations, before, 0, 0, 0, proposal.summariser)
        after = apply(session, Logged(session.seq + 1, 0.0, event))
        view = self.view(after)
        kept, live = held(after, view)
        return evolve(event, after=view.tokens, held=kept, live=live)
