"""Commands that change a kept session while no other process has it open: compact, undo, end, archive changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from rich.text import Text

from throughline.app.workspace import WorkspaceService
from throughline.cli.inspect_commands import session_by_prefix
from throughline.cli.output import SafeConsole, markdown, print_json, print_line
from throughline.context.compaction import Preview
from throughline.domain.events import Logged
from throughline.domain.ports import SessionRow
from throughline.domain.session import Session
from throughline.session.actor import RefusedError
from throughline.session.live_session import LiveSession
from throughline.session.report import preview_markdown, session_report, session_stats, standing_compactions

T = TypeVar("T")


class Quiet:
    """Listens to a session of which only the outcome is shown."""

    def logged(self, events: Sequence[Logged]) -> None:
        """Nothing to show."""

    def streamed(self, turn: int, text: str) -> None:
        """Nothing to show."""


def writable_session(rows: Sequence[SessionRow], name: str) -> str:
    """The id of a session that can be gone on with; without a name the newest one. Raises RefusedError."""
    if not name:
        rows = [row for row in rows if not row.ended and row.origin != "recording"]
        if not rows:
            raise RefusedError("There is no open session here: start one with throughline chat.")
    row = session_by_prefix(rows, name)
    if row.origin == "recording":
        raise RefusedError(f"Session {row.id} was recorded by another tool and can only be read.")
    if row.ended:
        raise RefusedError(f"Session {row.id} has ended and can only be read.")
    return row.id


def undo_compaction(workspace: WorkspaceService, name: str, compaction: str, *, as_json: bool) -> None:
    """Undoes a compaction, the last one where none is named."""
    session = writable_session(workspace.sessions(), name)

    async def act(live: LiveSession) -> tuple[str, LiveSession]:
        before = standing_compactions(live.session)
        await live.undo(compaction)
        return next(one for one in before if one not in standing_compactions(live.session)), live

    undone, live = _run(lambda: _opened(workspace, session, act), "Undoing…")
    tokens = live.view().tokens
    if as_json:
        print_json({"session": session, "undone": undone, "tokens": tokens})
    else:
        print_line(f"Compaction {undone} is undone: its turns are back, and the view has {tokens:,} tokens.")


def compact_session(workspace: WorkspaceService, name: str, *, preview: bool, as_json: bool) -> None:
    """Compacts what has ended, or shows what that would do."""
    session = writable_session(workspace.sessions(), name)

    async def act(live: LiveSession) -> Preview:
        seen = await live.preview()
        await live.apply(seen)
        return seen

    if preview:
        made = _run(lambda: _rehearsed(workspace, session, lambda live: live.preview()), "Looking ahead…")
    else:
        made = _run(lambda: _opened(workspace, session, act), "Compacting…")
    if as_json:
        print_json({"session": session, "done": not preview, **_figures(made)})
        return
    SafeConsole(highlight=False).print(markdown(preview_markdown(made)))
    if not preview:
        print_line(f"Compacted up to turn {made.event.through}; throughline undo brings the turns back.")


def end_session(workspace: WorkspaceService, name: str, *, as_json: bool) -> None:
    """Ends a session: what is left is compacted, and what lasts goes into the archive."""
    session = writable_session(workspace.sessions(), name)

    async def act(live: LiveSession) -> Session:
        await live.end()
        return live.session

    ended = _run(lambda: _opened(workspace, session, act), "Distilling…")
    if as_json:
        print_json({**session_stats(ended), "archive": str(workspace.archive), "waits": ended.proposed is not None})
        return
    SafeConsole().print(markdown(session_report(ended)))
    print_line(waits(ended) or f"Archive: {workspace.archive}")


def waits(session: Session) -> str:
    """Where a session's archive change waits: how to look at it, and to write it."""
    if session.proposed is None:
        return ""
    shown = f"throughline archive {session.id}"
    return f"The change of the archive waits: {shown} --diff shows it, and --accept writes it."


def show_archive_change(workspace: WorkspaceService, name: str) -> None:
    """Shows the archive change that waits in a session, or what it would change if it ended now, as a unified diff."""
    waiting = workspace.pending()
    session = (
        session_by_prefix(workspace.sessions(), name or waiting[0]).id
        if name or waiting
        else writable_session(workspace.sessions(), "")
    )
    change = _run(lambda: _rehearsed(workspace, session, lambda live: live.archive.change()), "Looking ahead…")
    console = SafeConsole(highlight=False)
    for row in colored(change.difference):
        console.print(row, soft_wrap=True)
    if not change.difference:
        print_line(f"Ending session {session} now would change nothing in the archive.")


def colored(difference: str) -> Iterator[Text]:
    """A unified diff for a terminal, line by line."""
    for line in difference.splitlines():
        yield Text(line, style={"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))


def settle_archive_change(workspace: WorkspaceService, name: str, *, accept: bool) -> None:
    """Writes the archive change that waits in a session, or lets go of it."""
    session = session_by_prefix(workspace.sessions(), name).id if name else _proposing(workspace)

    async def act(live: LiveSession) -> None:
        await (live.archive.accept() if accept else live.archive.reject())

    _run(lambda: _opened(workspace, session, act), "Writing…" if accept else "Rejecting…")
    print_line(f"Archive: {workspace.archive}" if accept else "The change is rejected; the archive is as it was.")


def _proposing(workspace: WorkspaceService) -> str:
    """The session whose archive change waits. Raises RefusedError where there is none, or more than one."""
    waiting = workspace.pending()
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


async def _rehearsed(workspace: WorkspaceService, session: str, act: Callable[[LiveSession], Awaitable[T]]) -> T:
    """Does it to a copy of the session in memory."""
    live = await workspace.rehearse(session)
    try:
        return await act(live)
    finally:
        await live.close()


async def _opened(workspace: WorkspaceService, session: str, act: Callable[[LiveSession], Awaitable[T]]) -> T:
    live = await workspace.resume(session, Quiet(), workspace.disk)
    try:
        return await act(live)
    finally:
        await live.close()


def _run(work: Callable[[], Awaitable[T]], doing: str) -> T:
    """Does the work, and says so to a person meanwhile."""

    async def whole() -> T:
        return await work()

    with SafeConsole(stderr=True).status(doing):
        return asyncio.run(whole())
