"""The local summariser: what code alone can tell of turns, with no model: evidence, what the user put aside, and where
the work stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from throughline.domain.ledger import Add, Entry, Ledger, Operation, Resolve, apply_operations
from throughline.domain.session import Turn
from throughline.memory.chronicle import closing_words, handed_back
from throughline.memory.dialogue import dialogue
from throughline.memory.evidence import evidence_operations
from throughline.memory.objective import objective_operations
from throughline.memory.reversals import put_aside, reversals
from throughline.memory.text import terms

# The characters of the state, and of a first sentence that is told whole.
STATE, _FIRST = 280, 400
# The part of a text's terms that a line of Do Not Revisit has where it says the same already.
_SAME = 0.6


def operations(turns: Sequence[Turn], ledger: Ledger, objective: str = "") -> tuple[Operation, ...]:
    """Operations that bring a ledger up to date with what happened in the turns of a session with this `objective`;
    nothing that was said becomes a decision by them.
    """
    made: tuple[Operation, ...] = ()
    after = ledger
    for found in (
        evidence_operations(turns, ledger),
        objective_operations(turns, ledger, objective),
        tuple(_put_aside(turns, ledger)),
    ):
        after, taken = apply_operations(after, found)
        made = (*made, *taken)
    state = next((said for turn in reversed(turns) if (said := _state(turn))), "")
    known = next((entry for entry in ledger.live() if entry.kind == "state"), None)
    if not state or (known is not None and known.text == state):
        return made
    number = turns[-1].number
    name = next(free for n in count(1) if (free := f"e{number}.{n}") not in after.entries)
    return (*made, Add(Entry(name, "state", state, "code", (number,), subject="state")))


def _put_aside(turns: Sequence[Turn], ledger: Ledger) -> Iterator[Operation]:
    """What the user's later words put aside is in force no more, and stands among what is not to be tried again, with
    those words as the reason.
    """
    gone: set[str] = set()
    taken = set(ledger.entries)
    for turn in turns:
        earlier = [entry for entry in ledger.live() if max(entry.turns, default=0) < turn.number]
        for message in dialogue(turn).messages:
            for reversal in reversals(message):
                old = put_aside(reversal, (entry for entry in earlier if entry.id not in gone), turn.number)
                if old is None:
                    continue
                gone.add(old.id)
                yield Resolve(old.id, reversal.said, "code")
                if not any(_says(entry, old) for entry in ledger.live() if entry.kind == "rejected"):
                    name = next(free for n in count(1) if (free := f"r{turn.number}.{n}") not in taken)
                    taken.add(name)
                    yield Add(Entry(name, "rejected", old.text, "code", (turn.number,), why=reversal.said))


def _says(entry: Entry, old: Entry) -> bool:
    about = terms(old.text)
    return len(about & terms(f"{entry.text} {entry.why}")) >= _SAME * len(about)


def _state(turn: Turn) -> str:
    """What the agent closed the turn with, in its own sentences."""
    return closing_words(handed_back(dialogue(turn)), STATE, _FIRST)
