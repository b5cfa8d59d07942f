"""Which tool results, files and long arguments of calls may become one-line stubs."""

from __future__ import annotations

from attrs import frozen

from throughline.compression.cues import heard
from throughline.core.arguments import bulk
from throughline.core.events import FileInjected, Replied, ToolCalled, ToolReturned
from throughline.core.files import superseded
from throughline.core.session import Session

# A result that is hardly longer than its stub stays.
SMALLEST = 80
# Beside the text of files, which an edit needs, this part of what stays fresh is other output, and arguments.
_OTHER = 1 / 3
_ARGUMENTS = 1 / 10
_READS = heard("reads", r"(?:{})")
_CHANGES = heard("changes", r"(?:{})")


@frozen
class Batch:
    """Ids of what may be masked, oldest first, and the tokens that it takes now."""

    ids: tuple[str, ...]
    tokens: int


def maskable(session: Session, fresh: int) -> Batch:
    """Old tool output, leaving whatever the model has not yet answered and the newest of the rest: `fresh` tokens of
    files that it read and has neither edited nor read again since, less of other output, and least of its calls' long
    arguments, which stand in the files by now.

    Copies of a file that a newer injection or read supersedes count too.
    """
    ids: list[str] = []
    total = 0
    room = {"file": float(fresh), "other": fresh * _OTHER, "arguments": fresh * _ARGUMENTS}
    answered = False
    touched: set[str] = set()

    def weigh(kind: str, name: str, tokens: int) -> None:
        nonlocal total
        room[kind] -= tokens
        if room[kind] < 0 and tokens >= SMALLEST:
            ids.append(name)
            total += tokens

    def outdated(name: str, tokens: int) -> None:
        nonlocal total
        if tokens >= SMALLEST:
            ids.append(name)
            total += tokens

    for turn in reversed(session.recent):
        calls = {item.id: item for item in turn.items if isinstance(item, ToolCalled)}
        sent: set[str] = set()  # the calls that a request has shown, with their results, already
        for item in reversed(turn.items):
            match item:
                case Replied():
                    answered = True
                case ToolCalled():
                    answered = True
                    if item.id in sent and item.key not in session.masked:
                        weigh("arguments", item.key, bulk(item))
                    if _CHANGES.search(item.tool):
                        touched.add(item.path)
                case ToolReturned(id=name, tokens=tokens) if answered:
                    sent.add(name)
                    if name not in session.masked and name in session.outdone:
                        outdated(name, tokens)
                    elif name not in session.masked:
                        call = calls.get(name)
                        read = call is not None and call.path not in {"", *touched} and _READS.search(call.tool)
                        weigh("file" if read else "other", name, tokens)
                        if call and read:
                            touched.add(call.path)
                case FileInjected(tokens=tokens) if superseded(session, item) and item.key not in session.masked:
                    ids.append(item.key)
                    total += tokens
                case _:
                    pass
    return Batch(tuple(reversed(ids)), total)
