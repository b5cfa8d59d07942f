"""The commands that change a kept session, through its owner and while no other process has it open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from rich.text import Text

from throughline.cli.output import Output, emit, markdown, say
from throughline.cli.parts import Bench
from throughline.cli.reading import named
from throughline.compression.compaction import Preview
from throughline.core.events import Logged
from throughline.core.ports import SessionRow
from throughline.core.session import Session
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.session.preview import previewed
from throughline.session.report import figures, report, standing

T = TypeVar("T")


class Quiet:
    """Listens to a session of which only the outcome is shown."""

    def logged(self, events: Sequence[Logged]) -> None:
        """Nothing to show."""

    def streamed(self, turn: int, text: str) -> None:
        """Nothing to show."""


def writable(rows: Sequence[SessionRow], name: str) -> str:
    """The id of a session that can be gone on with; without a name the newest one. Raises RefusedError."""
    if not name:
        rows = [row for row in rows if not row.ended and row.origin != "recording"]
        if not rows:
            raise RefusedError("There is no open session here: start one with throughline chat.")
    row = named(rows, name)
    if row.origin == "recording":
        raise RefusedError(f"Session {row.id} was recorded by another tool and can only be read.")
    if row.ended:
        raise RefusedError(f"Session {row.id} has ended and can only be read.")
    return row.id


def undo(bench: Bench, name: str, compaction: str, *, as_json: bool) -> None:
    """Undoes a compaction, the last one where none is named."""
    session = writable(bench.sessions(), name)

    async def act(owner: Owner) -> tuple[str, Owner]:
        before = standing(owner.session)
        await owner.undo(compaction)
        return next(one for one in before if one not in standing(owner.session)), owner

    undone, owner = _run(lambda: _opened(bench, session, act), "Undoing…")
    tokens = owner.view().tokens
    if as_json:
        emit({"session": session, "undone": undone, "tokens": tokens})
    else:
        say(f"Compaction {undone} is undone: its turns are back, and the view has {tokens:,} tokens.")


def compact(bench: Bench, name: str, *, preview: bool, as_json: bool) -> None:
    """Compacts what has ended, or shows what that would do."""
    session = writable(bench.sessions(), name)

    async def act(owner: Owner) -> Preview:
        seen = await owner.preview()
        await owner.apply(seen)
        return seen

    if preview:
        made = _run(lambda: _rehearsed(bench, session, lambda owner: owner.preview()), "Looking ahead…")
    else:
        made = _run(lambda: _opened(bench, session, act), "Compacting…")
    if as_json:
        emit({"session": session, "done": not preview, **_figures(made)})
        return
    Output(highlight=False).print(markdown(previewed(made)))
    if not preview:
        say(f"Compacted up to turn {made.event.through}; throughline undo brings the turns back.")


def end(bench: Bench, name: str, *, as_json: bool) -> None:
    """Ends a session: what is left is compacted, and what lasts goes into the archive."""
    session = writable(bench.sessions(), name)

    async def act(owner: Owner) -> Session:
        await owner.end()
        return owner.session

    ended = _run(lambda: _opened(bench, session, act), "Distilling…")
    if as_json:
        emit({**figures(ended), "archive": str(bench.archive), "waits": ended.proposed is not None})
        return
    Output().print(markdown(report(ended)))
    say(waits(ended) or f"Archive: {bench.archive}")


def waits(session: Session) -> str:
    """Where a session's archive change waits: how to look at it, and to write it."""
    if session.proposed is None:
        return ""
    shown = f"throughline archive {session.id}"
    return f"The change of the archive waits: {shown} --diff shows it, and --accept writes it."


def difference(bench: Bench, name: str) -> None:
    """Shows the archive change that waits in a session, or what it would change if it ended now, as a unified diff."""
    waiting = bench.pending()
    session = named(bench.sessions(), name or waiting[0]).id if name or waiting else writable(bench.sessions(), "")
    change = _run(lambda: _rehearsed(bench, session, lambda owner: owner.archive.change()), "Looking ahead…")
    console = Output(highlight=False)
    for row in colored(change.difference):
        console.print(row, soft_wrap=True)
    if not change.difference:
        say(f"Ending session {session} now would change nothing in the archive.")


def colored(difference: str) -> Iterator[Text]:
    """A unified diff for a terminal, line by line."""
    for line in difference.splitlines():
        yield Text(line, style={"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))


def settle(bench: Bench, name: str, *, accept: bool) -> None:
    """Writes the archive change that waits in a session, or lets go of it."""
    session = named(bench.sessions(), name).id if name else _proposing(bench)

    async def act(owner: Owner) -> None:
        await (owner.archive.accept() if accept else owner.archive.reject())

    _run(lambda: _opened(bench, session, act), "Writing…" if accept else "Rejecting…")
    say(f"Archive: {bench.archive}" if accept else "The change is rejected; the archive is as it was.")


def _proposing(bench: Bench) -> str:
    """The session whose archive change waits. Raises RefusedError where there is none, or more than one."""
    waiting = bench.pending()
    if len(waiting) != 1:
        which = f": name one of {', '.join(waiting)}" if waiting else ""
        raise RefusedError(f"{'Several archive changes wait' if waiting else 'No archive change waits'}{which}.")
    return waiting[0]


def _figures(made: Preview) -> dict[str, object]:
    """A preview for a program: figures, and the texts of the entries that do not stay as they are."""
    groups = {"added": made.added, "revised": made.revised, "folded": made.folded, "missing": made.missing}
    texts = {name: [" ".join(entry.text.split()) for entry in group] for name, group in groups.items()}
    counts = {"through": made.event.through, "before": made.before, "after": made.after, "kept": len(made.kept)}
    return {**counts, **texts, "masked": len(made.masked)}


async def _rehearsed(bench: Bench, session: str, act: Callable[[Owner], Awaitable[T]]) -> T:
    """Does it to a copy of the session in memory."""
    owner = await bench.rehearse(session)
    try:
        return await act(owner)
    finally:
        await owner.close()


async def _opened(bench: Bench, session: str, act: Callable[[Owner], Awaitable[T]]) -> T:
    owner = await bench.resume(session, Quiet(), bench.disk)
    try:
        return await act(owner)
    finally:
        await owner.close()


def _run(work: Callable[[], Awaitable[T]], doing: str) -> T:
    """Does the work, and says so to a person meanwhile."""

    async def whole() -> T:
        return await work()

    with Output(stderr=True).status(doing):
        return asyncio.run(whole())
