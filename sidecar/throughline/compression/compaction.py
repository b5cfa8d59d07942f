"""What a compaction would do to a session, before it is done."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from throughline.compression import local
from throughline.compression.packing import line, summary
from throughline.core.ledger import Operation
from throughline.core.session import Session
from throughline.core.settings import Settings
from throughline.core.view import View


@frozen
class Proposal:
    """Turns up to `through` leave the view, and the operations enter the ledger."""

    through: int
    operations: tuple[Operation, ...]


def propose(session: Session, through: int) -> Proposal:
    """A compaction by the local summariser."""
    covered = [turn for turn in session.recent if turn.number <= through]
    return Proposal(through, local.operations(covered, session.ledger))


def rendering(session: Session, settings: Settings, count: Callable[[str], int]) -> str:
    """The rolling summary of a session as its view sends it: it changes only when a compaction changes it.

    What entered the ledger since the last compaction stands in the turns themselves.
    """
    return summary(session.summarised, session.objective, session.through, settings.summary, count)


def held(session: Session, view: View) -> tuple[int, int]:
    """How many live entries the view still holds, and how many there are."""
    text = " ".join(" ".join(block.text for block in view.blocks).split())
    live = [entry for entry in session.ledger.live() if entry.kind not in ("work", "fact", "state")]
    return sum(1 for entry in live if entry.text in text or line(entry) in text), len(live)
