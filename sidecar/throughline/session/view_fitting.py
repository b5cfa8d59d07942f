"""The fitting of the next call's view: that it can be sent at all, and what the user is told of what was cut."""

from __future__ import annotations

from throughline.agent.loop import AgentConfig, reply_limit
from throughline.context.assemble import sizes
from throughline.context.trimming import trim
from throughline.domain.events import Logged, Masked, Notice, Trimmed
from throughline.domain.session import Session, fold
from throughline.domain.settings import Settings
from throughline.domain.view import View
from throughline.session.actor import Journal, SessionPorts
from throughline.session.context_usage import ContextUsage, ViewBuilder

# Of a view that a provider has refused as too long, the next one has this part at most.
SMALLER = 0.6
# And what is not this much smaller than something that was refused is not sent at all.
BELOW = 0.95


class ViewFitting:
    """Cuts what one session's next call would send down to what its model takes."""

    def __init__(
        self,
        ports: SessionPorts,
        config: AgentConfig,
        settings: Settings,
        journal: Journal,
        meter: ContextUsage,
        views: ViewBuilder,
    ) -> None:
        self._ports = ports
        self._config = config
        self._settings = settings
        self._journal = journal
        self._meter = meter
        self._views = views
        # The o200k tokens of the shortest prompt that each model has refused as too long, tools included.
        self._refused: dict[str, int] = {}

    def most(self, view: View) -> int:
        """The o200k tokens that a view may have, so that the tools, the reply and it fit into the limit, and into what
        the model takes where that turned out to be less.
        """
        limit = self._journal.session.limit
        most = view.tokens + self._meter.room(view, 1 - reply_limit(limit, self._settings) / limit)
        refused = self._refused.get(self._config.name)
        return most if refused is None else min(most, round(refused * BELOW) - self._meter.tools)

    async def fit(self, view: View, refused: int = 0) -> bool:
        """Cuts a view that does not fit, or that is no smaller than one of so many o200k tokens that was `refused`, and
        tells the user of it: whether that changed it.
        """
        if self._settings.strategy != "throughline":
            return False  # What Throughline is compared with sends what it sends.
        if refused:
            known = self._refused.get(self._config.name, refused + self._meter.tools)
            self._refused[self._config.name] = min(known, refused + self._meter.tools)
        session, most = self._journal.session, self.most(view)
        if refused:
            most = min(most, round((refused + self._meter.tools) * SMALLER) - self._meter.tools)
        if view.tokens <= most:
            return False
        events = await self._ports.in_worker(lambda: self._trimmed(session, view, most))
        if not events:
            return False
        after = await self._ports.in_worker(lambda: self._views.view(self._after(session, events)))
        if after.tokens >= view.tokens:
            return False
        await self._journal.keep([*events, Notice(_told(events, view.tokens - after.tokens, self._config.name))])
        return True

    def _trimmed(self, session: Session, view: View, most: int) -> tuple[Masked | Trimmed, ...]:
        return trim(session, view.tokens, most, sizes(session), self._ports.tokens.count)

    def _after(self, session: Session, events: tuple[Masked | Trimmed, ...]) -> Session:
        return fold((Logged(session.seq + place, 0.0, event) for place, event in enumerate(events, 1)), session)


def _told(events: tuple[Masked | Trimmed, ...], saved: int, model: str) -> str:
    """The line that tells the user what was cut."""
    cuts = sum(len(event.cuts) for event in events if isinstance(event, Trimmed))
    stubs = sum(len(event.ids) for event in events if isinstance(event, Masked))
    what = [
        f"of {cuts:,} long {'text' if cuts == 1 else 'texts'} only the beginning and the end" if cuts else "",
        f"{stubs:,} long {'argument' if stubs == 1 else 'arguments'} as a line each" if stubs else "",
        "nothing of the oldest steps" if any(isinstance(one, Trimmed) and one.left_out.turn for one in events) else "",
    ]
    return (
        f"The next request did not fit into {model}'s context and is cut: it has {', '.join(filter(None, what))} "
        f"({saved:,} tokens are left out). The log keeps all of it: recall brings back any part."
    )
