"""Context usage: views of a session, and the share of the model's context that they take."""

from __future__ import annotations

from collections.abc import Callable

from throughline.agent.loop import AgentConfig
from throughline.context.assemble import RenderedTurns, StablePrefix, assemble, render_turns
from throughline.context.compaction import rendering
from throughline.context.recap import Spans, recap, spans
from throughline.context.strategies import apply_strategy
from throughline.domain.ledger import Entry, Ledger
from throughline.domain.ports import Counter, Request, Tool
from throughline.domain.session import Session
from throughline.domain.settings import Settings
from throughline.domain.usage import Calibration, calibrated_tokens, factor
from throughline.domain.view import View
from throughline.memory.archive.document import archive_for_model
from throughline.memory.archive.foreign_rules import archive_for_view
from throughline.session.actor import Journal, SessionPorts

# The part of the context limit that the recaps of compacted turns take at most.
RECAPS = 0.04


class ViewBuilder:
    """Views of one session as its log makes it, or would make it; what is remembered is never more than a memo."""

    def __init__(self, ports: SessionPorts, settings: Settings, archive: str) -> None:
        self._archive = archive
        self._frame: tuple[tuple[Entry, ...], StablePrefix] | None = None
        self._ports = ports
        self._settings = settings
        self._rendered: tuple[Ledger, int, str] | None = None
        self._shown: RenderedTurns | None = None
        self._told: tuple[Spans, dict[tuple[int, int, int], str]] = (Spans(), {})
        self._room = settings.recap

    def view(self, session: Session) -> View:
        """The view of a session's next call."""
        count = self._ports.tokens.count
        told = self._recaps(session) if session.through else ()
        summary = self._summary(session) if session.through or session.edited else ""
        self._shown = turns = render_turns(session, self._shown)
        whole = assemble(session, self._stable(session), summary, count, told, turns.blocks)
        return apply_strategy(whole, self._settings.strategy)

    def _stable(self, session: Session) -> StablePrefix:
        """What stands around the session: the archive without the user's own rules, which the view has beside it."""
        known = self._frame
        if known is None or known[0] != session.prefix_rules:
            own = [entry.text for entry in session.ledger.entries.values() if entry.kind == "rule"]
            frame = StablePrefix(self._ports.system, archive_for_model(archive_for_view(self._archive, own)))
            self._frame = known = (session.prefix_rules, frame)
        return known[1]

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
                told[place] = last[place] if place in last else recap(span, self._ports.tokens.count)
            # One value, not two: views are made in more than one thread.
            self._told = (made, told)
        return tuple(filter(None, told.values()))

    def _summary(self, session: Session) -> str:
        """The rolling summary as the view sends it, made once for each ledger that a compaction left."""
        known, ledger = self._rendered, session.summarised
        if known is None or known[1] != session.through or (known[0] is not ledger and known[0] != ledger):
            known = (ledger, session.through, rendering(session, self._settings, self._ports.tokens.count))
        # An event that was tried, and then kept, leaves an equal ledger: from then on it is known by itself.
        self._rendered = (ledger, *known[1:])
        return known[2]


# From this part of the limit on, an estimate is not near enough where the provider can be asked.
NEAR = 0.8
# Answers that are remembered: a view is measured several times before it is sent.
KEPT = 8


class ContextUsage:
    """Measures views, with the tools that go along, in the model's own tokens."""

    def __init__(self, config: AgentConfig, journal: Journal, count: Callable[[str], int]) -> None:
        self._config = config
        self._journal = journal
        self._count = count
        self._told: dict[str, int | None] = {}
        self._weighed: tuple[tuple[Tool, ...], int] = (), 0

    @property
    def tools(self) -> int:
        """The tools that are offered, in o200k tokens."""
        offered = self._config.tools.offered()
        if self._weighed[0] != offered:
            self._weighed = offered, sum(self._count(tool.text) for tool in offered)
        return self._weighed[1]

    @property
    def usual(self) -> float:
        """The model's own tokens for one of o200k, as the calls so far have it."""
        return factor(self._known, self._prior)

    def tokens(self, view: View) -> int:
        """The model's own tokens for a view: the provider's count where it was asked for, or else the estimate."""
        guess = self._guess(view)
        return (self._told.get(view.digest) or guess) if self._told else guess

    def factor(self, view: View) -> float:
        """The model's own tokens for one of o200k, in a view of this length."""
        counted = view.tokens + self.tools
        return self.tokens(view) / counted if counted else self._prior

    def share(self, view: View) -> float:
        """The part of the context limit that a view takes."""
        return self.tokens(view) / self._journal.session.limit

    def room(self, view: View, share: float) -> int:
        """The o200k tokens that a view leaves below a share of the context limit; negative where it is above."""
        return round(share * self._journal.session.limit / self.factor(view)) - view.tokens - self.tools

    async def ask(self, view: View) -> None:
        """Has the provider count a view that is near the limit; the estimate stands where it does not answer soon."""
        model = self._config.model
        if not isinstance(model, Counter) or self._guess(view) < NEAR * self._journal.session.limit:
            return
        key = view.digest
        if key not in self._told:
            told = await model.count(Request("chat", self._config.name, view, self._config.tools.offered()))
            self._told = {**dict(list(self._told.items())[1 - KEPT :]), key: told}

    @property
    def _known(self) -> Calibration:
        return self._journal.session.calibrations.get(self._config.name, Calibration())

    @property
    def _prior(self) -> float:
        return self._config.prices.factor(self._config.name)

    def _guess(self, view: View) -> int:
        return calibrated_tokens(self._known, self._prior, view.tokens + self.tools)
