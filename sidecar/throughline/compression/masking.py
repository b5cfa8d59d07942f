"""Which tool results and files may become one-line stubs."""

from __future__ import annotations

from attrs import frozen

from throughline.core.events import FileInjected, Replied, ToolCalled, ToolReturned
from throughline.core.files import superseded
from throughline.core.session import Session

# A result that is hardly longer than its stub stays.
SMALLEST = 80


@frozen
class Batch:
    """Ids of what may be masked, oldest first, and the tokens that it takes now."""

    ids: tuple[str, ...]
    tokens: int


def maskable(session: Session, fresh: int) -> Batch:
    """Old tool output, leaving the newest `fresh` tokens of it and whatever the model has not yet answered.

    Copies of a file that a newer injection or read supersedes count too.
    """
    ids: list[str] = []
    total, room = 0, fresh
    answered = False
    for turn in reversed(session.recent):
        for item in reversed(turn.items):
            match item:
                case Replied() | ToolCalled():
                    answered = True
                case ToolReturned(id=name, tokens=tokens) if name in session.outdone and name not in session.masked:
                    if answered and tokens >= SMALLEST:
                        ids.append(name)
                        total += tokens
                case ToolReturned(id=name, tokens=tokens) if answered and name not in session.masked:
                    room -= tokens
                    if room < 0 and tokens >= SMALLEST:
                        ids.append(name)
                        total += tokens
                case FileInjected(tokens=tokens) if superseded(session, item) and item.key not in session.masked:
                    ids.append(item.key)
                    total += tokens
                case _:
                    pass
    return Batch(tuple(reversed(ids)), total)
