"""Where a request's cache breakpoints stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from throughline.core.settings import Hour
from throughline.core.view import Block

# How long a provider keeps what stands up to a breakpoint.
Ttl: TypeAlias = Literal["5m", "1h"]

MARKS = 4  # The API takes no more breakpoints,
LOOK_BACK = 20  # and from each one it looks for an entry at its own block and the 19 before it.
_NEAR = 16  # The API may be sent a few blocks more than a view has: calls without a result get one.


def spoken(block: Block) -> bool:
    """Whether a block is sent: blank text is not."""
    return block.content != "text" or bool(block.text.strip())


def asking(block: Block) -> bool:
    """Whether a block is the assistant's: only it thinks and calls, only the user's side answers."""
    return block.content in {"call", "thought"} or (block.content == "text" and block.role == "assistant")


def marked(blocks: Sequence[Block]) -> frozenset[int]:
    """The places of the blocks with a breakpoint after them: those that the view marks, at most four, the last.

    Where the last reply and what answered it are longer than the look-back, as many calls at once are, a breakpoint
    at the end of the last prompt finds what that one left; the first of the others, which the next one holds too,
    goes for it.
    """
    sent = [place for place, block in enumerate(blocks) if spoken(block)]
    marks = [place for place in sent if blocks[place].cached]
    if marks and marks[-1] == sent[-1]:
        before = _before(blocks, sent)
        if before is not None and len(sent) - 1 - before >= _NEAR and sent[before] not in marks:
            marks = sorted([*marks, sent[before]])
    return frozenset(marks[-MARKS:])


def lasting(block: Block, hour: Hour) -> Ttl:
    """How long what stands up to a block is to be kept, by what is to be kept for an `hour`."""
    stable = block.place in {"system", "archive"}
    return "1h" if hour == "always" or (hour == "stable" and stable) else "5m"


def _before(blocks: Sequence[Block], sent: Sequence[int]) -> int | None:
    """Where, in what is sent, the last prompt ended: in front of the assistant's last words or calls."""
    replied = False
    for order in range(len(sent) - 1, -1, -1):
        if asking(blocks[sent[order]]):
            replied = True
        elif replied:
            return order
    return None
