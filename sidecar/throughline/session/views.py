"""Makes the views of one session, and what stands in them from call to call only once."""

from __future__ import annotations

from throughline.compression.compaction import rendering
from throughline.compression.recap import Spans, recap, spans
from throughline.context.baselines import shaped
from throughline.context.view import Frame, Shown, assemble, shown
from throughline.core.ledger import Ledger
from throughline.core.session import Session
from throughline.core.settings import Settings
from throughline.core.view import View
from throughline.session.world import World

# The part of the context limit that the recaps of compacted turns take at most.
RECAPS = 0.04


class Views:
    """Views of one session as its log makes it, or would make it; what is remembered is never more than a memo."""

    def __init__(self, world: World, settings: Settings, archive: str) -> None:
        self.frame = Frame(world.system, archive)
        self._world = world
        self._settings = settings
        self._rendered: tuple[Ledger, int, str] | None = None
        self._shown: Shown | None = None
        self._told: tuple[Spans, dict[tuple[int, int, int], str]] = (Spans(), {})
        self._room = settings.recap

    def view(self, session: Session) -> View:
        """The view of a session's next call."""
        count = self._world.tokens.count
        told = self._recaps(session) if session.through else ()
        summary = self._summary(session) if session.through or session.edited else ""
        self._shown = turns = shown(session, self._shown)
        whole = assemble(session, self.frame, summary, count, told, turns.blocks)
        return shaped(whole, self._settings.strategy)

    def _recaps(self, session: Session) -> tuple[str, ...]:
        """What the view tells of the compacted turns: a recap that stands is made once."""
        # What never leaves the view has to leave room for the turns in a small window, too.
        room = min(self._settings.recap, round(session.limit * RECAPS))
        known, told = self._told if room == self._room else (Spans(), {})
        self._room = room
        made = spans(session, room, known)
        if made is not known:
            last, told = told, {}
            for span in made.told:
                place = (span.turns[0].number, span.turns[-1].number, span.room)
                told[place] = last[place] if place in last else recap(span, self._world.tokens.count)
            # One value, not two: views are made in more than one thread.
            self._told = (made, told)
        return tuple(filter(None, told.values()))

    def _summary(self, session: Session) -> str:
        """The rolling summary as the view sends it, made once for each ledger that a compaction left."""
        known, ledger = self._rendered, session.summarised
        if known is None or known[1] != session.through or (known[0] is not ledger and known[0] != ledger):
            known = (ledger, session.through, rendering(session, self._settings, self._world.tokens.count))
        # An event that was tried, and then kept, leaves an equal ledger: from then on it is known by itself.
        self._rendered = (ledger, *known[1:])
        return known[2]
