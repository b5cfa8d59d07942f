"""How much of the model's context a view takes: estimated from the session's own calls, asked for near the limit."""

from __future__ import annotations

from collections.abc import Callable

from throughline.agent.loop import Crew
from throughline.core.calibration import Calibration, estimate, factor
from throughline.core.ports import Counter, Request, Tool
from throughline.core.view import View
from throughline.session.journal import Journal

# From this part of the limit on, an estimate is not near enough where the provider can be asked.
NEAR = 0.8
# Answers that are remembered: a view is measured several times before it is sent.
KEPT = 8


class Meter:
    """Measures views, with the tools that go along, in the model's own tokens."""

    def __init__(self, crew: Crew, journal: Journal, count: Callable[[str], int]) -> None:
        self._crew = crew
        self._journal = journal
        self._count = count
        self._told: dict[str, int | None] = {}
        self._weighed: tuple[tuple[Tool, ...], int] = (), 0

    @property
    def tools(self) -> int:
        """The tools that are offered, in o200k tokens."""
        offered = self._crew.tools.offered()
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
        model = self._crew.model
        if not isinstance(model, Counter) or self._guess(view) < NEAR * self._journal.session.limit:
            return
        key = view.digest
        if key not in self._told:
            told = await model.count(Request("chat", self._crew.name, view, self._crew.tools.offered()))
            self._told = {**dict(list(self._told.items())[1 - KEPT :]), key: told}

    @property
    def _known(self) -> Calibration:
        return self._journal.session.calibrations.get(self._crew.name, Calibration())

    @property
    def _prior(self) -> float:
        return self._crew.prices.factor(self._crew.name)

    def _guess(self, view: View) -> int:
        return estimate(self._known, self._prior, view.tokens + self.tools)
