"""The local summariser: what code alone can tell of turns, with no model: evidence, and where the work stands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from throughline.domain.ledger import Add, Entry, Ledger, Operation
from throughline.domain.session import Turn
from throughline.memory.chronicle import closing_words, handed_back
from throughline.memory.dialogue import dialogue
from throughline.memory.evidence import evidence_operations

# The characters of the state, and of a first sentence that is told whole.
STATE, _FIRST = 280, 400


def operations(turns: Sequence[Turn], ledger: Ledger) -> tuple[Operation, ...]:
    """Operations that bring a ledger up to date with what happened in the turns; nothing that was said becomes a
    decision by them.
    """
    made = evidence_operations(turns, ledger)
    state = next((said for turn in reversed(turns) if (said := _state(turn))), "")
    known = next((entry for entry in ledger.live() if entry.kind == "state"), None)
    if not state or (known is not None and known.text == state):
        return made
    taken = {*ledger.entries, *(one.entry.id for one in made if isinstance(one, Add))}
    number = turns[-1].number
    name = next(free for n in count(1) if (free := f"e{number}.{n}") not in taken)
    return (*made, Add(Entry(name, "state", state, "code", (number,), subject="state")))


def _state(turn: Turn) -> str:
    """What the agent closed the turn with, in its own sentences."""
    return closing_words(handed_back(dialogue(turn)), STATE, _FIRST)
