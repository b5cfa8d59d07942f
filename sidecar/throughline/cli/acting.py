"""The commands that change a kept session, through its owner and while no other process has it open."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import click
from attrs import asdict, frozen
from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from throughline.cli.parts import Bench
from throughline.cli.reading import emit, named
from throughline.core.events import Compacted, Logged
from throughline.core.ledger import Entry
from throughline.core.ports import SessionRow
from throughline.core.session import Session
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.session.report import figures, report, standing

T = TypeVar("T")


class Quiet:
    """Listens to a session of which only the outcome is shown."""

    def logged(self, events: Sequence[Logged]) -> None:
        """Nothing to show."""

    def streamed(self, turn: int, text: str) -> None:
        """Nothing to show."""


@frozen
class Preview:
    """What a compaction does: the view's tokens (o200k) before and after, how many entries stay as they are, and the
    texts of those that come, are worded anew, are answered, or are folded into others.
    """

    through: int
    before: int
    after: int
    kept: int
    added: tuple[str, ...]
    revised: tuple[str, ...]
    resolved: tuple[str, ...]
    folded: tuple[str, ...]


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
        click.echo(f"Compaction {undone} is undone: its turns are back, and the view has {tokens:,} tokens.")


def compact(bench: Bench, name: str, *, preview: bool, as_json: bool) -> None:
    """Compacts what has ended, or shows what that would do."""
    session = writable(bench.sessions(), name)

    async def act(owner: Owner) -> Preview:
        before = owner.session
        made = await owner.compact()
        return compared(before, owner.session, made)

    if preview:
        made = _run(lambda: rehearsed(bench, session), "Looking ahead…")
    else:
        made = _run(lambda: _opened(bench, session, act), "Compacting…")
    if as_json:
        emit({"session": session, "done": not preview, **asdict(made)})
        return
    console = Console(highlight=False)
    for line in told(made, done=not preview):
        console.print(line)


def end(bench: Bench, name: str, *, as_json: bool) -> None:
    """Ends a session: what is left is compacted, and what lasts goes into the archive."""
    session = writable(bench.sessions(), name)

    async def act(owner: Owner) -> Session:
        await owner.end()
        return owner.session

    ended = _run(lambda: _opened(bench, session, act), "Distilling…")
    if as_json:
        emit({**figures(ended), "archive": str(bench.archive)})
        return
    Console().print(Markdown(report(ended)))
    click.echo(f"Archive: {bench.archive}")


def difference(bench: Bench) -> None:
    """Shows what the newest open session would change in the archive if it ended now, as a unified diff."""
    session = writable(bench.sessions(), "")

    async def ahead() -> str:
        owner = await bench.rehearse(session)
        try:
            return await owner.end()
        finally:
            await owner.close()

    now, then = bench.kept().read(), _run(ahead, "Looking ahead…")
    name = bench.archive.name
    lines = list(difflib.unified_diff(now.splitlines(), then.splitlines(), f"a/{name}", f"b/{name}", lineterm=""))
    console = Console(highlight=False)
    for line in lines:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        console.print(Text(line, style=style), soft_wrap=True)
    if not lines:
        click.echo(f"Ending session {session} now would change nothing in the archive.")


async def rehearsed(bench: Bench, session: str) -> Preview:
    """What a compaction of everything that has ended would do; it is done on a copy in memory."""
    owner = await bench.rehearse(session)
    try:
        before = owner.session
        made = await owner.compact()
        return compared(before, owner.session, made)
    finally:
        await owner.close()


def compared(before: Session, after: Session, made: Compacted) -> Preview:
    """What a compaction did to the ledger."""
    old, new = before.ledger.entries, after.ledger.entries
    both = [(old[name], new[name]) for name in old if name in new]
    return Preview(
        made.through,
        made.before,
        made.after,
        sum(1 for was, now in both if was == now and now.state == "active"),
        _texts(entry for name, entry in new.items() if name not in old and entry.state == "active"),
        _texts(now for was, now in both if was.text != now.text or (was.state, now.state) == ("active", "revised")),
        _texts(now for was, now in both if (was.state, now.state) == ("active", "resolved")),
        _texts(entry for name, entry in old.items() if name not in new),
    )


def told(made: Preview, *, done: bool) -> Iterator[Text]:
    """A preview as lines: the figures, then what is not as it was."""
    verb = "Compacted" if done else "Would compact"
    figure = f"{verb} up to turn {made.through}: {made.before:,} → {made.after:,} tokens; {made.kept} entries kept"
    yield Text(figure, style="bold")
    signs = (("+", "added", "green", made.added), ("~", "revised", "yellow", made.revised))
    others = (("✓", "resolved", "cyan", made.resolved), ("-", "folded", "magenta", made.folded))
    for sign, name, style, texts in (*signs, *others):
        if texts:
            yield Text(f"{name} ({len(texts)})", style=style)
            yield from (Text(f"  {sign} {text}", style=style) for text in texts)


def _texts(entries: Iterator[Entry]) -> tuple[str, ...]:
    return tuple(" ".join(entry.text.split()) for entry in entries)


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

    with Console(stderr=True).status(doing):
        return asyncio.run(whole())
