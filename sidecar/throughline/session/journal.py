"""A session's log and its fold: the one place where a session changes."""

from __future__ import annotations

from collections.abc import Sequence

from throughline.compression.tags import entries
from throughline.core.cleaning import cleaned
from throughline.core.events import Event, LedgerChanged, Logged, Replied
from throughline.core.fold import apply
from throughline.core.session import Session
from throughline.core.thinking import Thought
from throughline.session.world import World


class Journal:
    """Keeps events: cleaned, in the store first, then in the fold, then told. It is the one door into the log."""

    def __init__(self, world: World, session: Session, at: float = 0.0) -> None:
        self._world = world
        self.session = session
        # When its last event was kept, in seconds since the epoch.
        self._at = at

    async def keep(self, events: Sequence[Event]) -> None:
        """Keeps events, with what their tags say; when it returns they are durable. Raises StoreError."""
        # A clock that was put back does not take the log with it.
        self._at = at = max(self._at, self._world.clock.now())
        logged: list[Logged] = []
        session = self.session
        for given in events:
            event = cleaned(given)
            for one in (event, *_tagged(event, session)):
                logged.append(Logged(session.seq + 1, at, one))
                session = apply(session, logged[-1])
        await self._world.keep(lambda: self._world.store.append(session.id, logged))
        self.session = session
        self._world.listener.logged(logged)


def _tagged(event: Event, session: Session) -> list[LedgerChanged]:
    """A reply's tagged lines, and those of its thinking, as the ledger's own event: between calls, some models say all
    that they say there. The last line of a reply that was cut is half a line.
    """
    if not isinstance(event, Replied | Thought):
        return []
    cut = isinstance(event, Replied) and event.partial
    whole = event.text.rpartition("\n")[0] if cut else event.text
    made = entries(whole, event.turn, session.ledger)
    return [LedgerChanged(made)] if made else []
