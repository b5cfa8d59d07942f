"""A session's log and its fold: the one place where a session changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve

from throughline.agent.secrets import kinds
from throughline.compression.tags import entries
from throughline.core.cleaning import cleaned
from throughline.core.events import Event, LedgerChanged, Logged, Noted, Queued, Replied, Spoke
from throughline.core.fold import apply
from throughline.core.session import Session
from throughline.core.thinking import Thought
from throughline.session.world import World

# Events of so many characters are looked through in a thread.
_LONG = 20_000
_TOLD = (
    "A credential in your message was hidden ({}): neither the model nor the log has it. To send one on purpose, name "
    "it in the setting `allowedSecrets` (`--allow-secret`); `throughline forget --text` takes out what was kept before."
)


class Journal:
    """Keeps events: cleaned, in the store first, then in the fold, then told. It is the one door into the log."""

    def __init__(self, world: World, session: Session, at: float = 0.0) -> None:
        self._world = world
        self.session = session
        # When its last event was kept, in seconds since the epoch.
        self._at = at
        self._told = False

    async def keep(self, events: Sequence[Event]) -> None:
        """Keeps events, without the credentials in them and with what their tags say; when it returns they are durable.
        Raises StoreError.
        """
        events = await self._entering(events)
        # A clock that was put back does not take the log with it.
        self._at = at = max(self._at, self._world.clock.now())
        logged: list[Logged] = []
        session = self.session
        for event in events:
            for one in (event, *_tagged(event, session)):
                logged.append(Logged(session.seq + 1, at, one))
                session = apply(session, logged[-1])
        await self._world.keep(lambda: self._world.store.append(session.id, logged))
        self.session = session
        self._world.listener.logged(logged)

    async def _entering(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events as they may enter the log: cleaned first, so that no control character parts a credential, then
        masked. Of the first that was in the user's words they are told.
        """

        def work() -> list[Event]:
            return [self._enter(event) for event in events]

        masked = await self._world.off(work) if sum(map(_length, events)) > _LONG else work()
        said = [name for pair in zip(events, masked, strict=True) for name in _said(*pair)]
        if said and not self._told:
            self._told = True
            masked.append(Noted(_TOLD.format(", ".join(dict.fromkeys(said)))))
        return masked

    def _enter(self, event: Event) -> Event:
        if isinstance(event, Thought):
            # A signature is no credential, and a block that had to be changed is not the provider's any more.
            text: str = self._world.hide(cleaned(event.text))
            return event if text == event.text else evolve(event, block={"type": "thinking", "thinking": text})
        made: Event = self._world.hide(cleaned(event))
        return made


def _length(event: Event) -> int:
    """About so many characters has an event."""
    return max(len(getattr(event, "text", "")), 4 * getattr(event, "tokens", 0))


def _said(event: Event, masked: Event) -> Iterator[str]:
    """The kinds of the credentials that were in the user's words."""
    if isinstance(event, (Spoke, Queued)) and isinstance(masked, (Spoke, Queued)) and masked is not event:
        yield from kinds(masked.text)


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
