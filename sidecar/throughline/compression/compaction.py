"""What a compaction would do to a session, before it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from attrs import evolve, frozen

from throughline.compression import local
from throughline.compression.answer import read
from throughline.compression.packing import line, summary
from throughline.compression.selection import weighed
from throughline.compression.supplement import supplement
from throughline.core.ledger import Operation
from throughline.core.session import Session
from throughline.core.settings import Settings
from throughline.core.view import View


@frozen
class Proposal:
    """Turns up to `through` leave the view, and the operations enter the ledger; what a model answered and could not
    be used is `dropped`, a line each.
    """

    through: int
    operations: tuple[Operation, ...]
    summariser: Literal["local", "model"] = "local"
    dropped: tuple[str, ...] = ()


def propose(session: Session, through: int, answer: object = None) -> Proposal:
    """A compaction by the local summariser, which a model's answer, as its call's arguments, makes better."""
    covered = [turn for turn in session.recent if turn.number <= through]
    found = local.operations(covered, session.ledger)
    if answer is None:
        return Proposal(through, found)
    said = read(answer, session.ledger, {turn.number for turn in covered})
    if not said.operations:
        return Proposal(through, found, dropped=said.dropped)
    return Proposal(through, supplement(session.ledger, said.operations, found), "model", said.dropped)


def rendering(session: Session, settings: Settings, count: Callable[[str], int]) -> str:
    """The rolling summary of a session as its view sends it: it changes only when a compaction changes it.

    What entered the ledger since the last compaction stands in the turns themselves.
    """
    return summary(session.summarised, session.objective, session.through, settings.summary, count)


def current(session: Session, settings: Settings, count: Callable[[str], int]) -> str:
    """The rolling summary of the ledger as it is now, whether or not a compaction has brought it into the view."""
    return rendering(evolve(session, summarised=session.ledger), settings, count)


def held(session: Session, view: View) -> tuple[int, int]:
    """How many live entries the view still holds, and how many there are: those that somebody made, and not the
    sentences that rules took from the dialogue, of which the newest and weightiest are shown.
    """
    text = " ".join(" ".join(block.text for block in view.blocks).split())
    made = (entry for entry in session.ledger.live() if not weighed(entry))
    live = [entry for entry in made if entry.kind not in ("work", "fact", "state")]
    return sum(1 for entry in live if entry.text in text or line(entry) in text), len(live)
