"""The commands that read a project's sessions: what there is, what is remembered, and where it was said."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from throughline.cli.output import Output, emit, markdown, say
from throughline.cli.parts import Library
from throughline.core.ports import FORGOTTEN, Found, SessionRow
from throughline.core.session import Session
from throughline.core.times import shown_time
from throughline.core.visibility import escaped
from throughline.session.mailbox import RefusedError
from throughline.session.report import figures, report


def sessions(library: Library, *, as_json: bool) -> None:
    """Lists the sessions, the newest first."""
    rows = library.store.sessions()
    if as_json:
        emit([
            {
                "id": row.id, "objective": row.objective, "started": row.started, "updated": row.updated,
                "turns": row.turns, "ended": row.ended, "origin": row.origin,
            }
            for row in rows
        ])  # fmt: skip
        return
    table = Table("session", "last used", "turns", "", "objective")
    for row in rows:
        when = datetime.datetime.fromtimestamp(shown_time(row.updated), datetime.UTC).strftime("%Y-%m-%d %H:%M")
        state = "recording" if row.origin == "recording" else "ended" if row.ended else ""
        table.add_row(row.id, when, str(row.turns), state, row.objective)
    Output().print(table if rows else "This project has no sessions yet.")


def status(library: Library, name: str, *, as_json: bool) -> None:
    """Prints a session's turns, calls, tokens and cost, and what its ledger holds."""
    session = chosen(library, name)
    if as_json:
        emit(figures(session))
    else:
        Output().print(markdown(report(session)))


def summary(library: Library, name: str) -> None:
    """Prints the rolling summary of a session, as it is now."""
    say(library.summary(chosen(library, name)), end=False)


def archive(library: Library) -> None:
    """Prints the project archive."""
    text = library.archive.read()
    say(text or "This project has no archive yet: it is written when a session ends.\n", end=False)


def recall(library: Library, query: str, name: str, limit: int, *, as_json: bool) -> None:
    """Finds where something was said, in one session or in all."""
    found = library.store.recall(query, name, limit)
    if as_json:
        emit([
            {"session": one.session, "seq": one.seq, "turn": one.turn, "kind": one.kind, "excerpt": one.excerpt}
            for one in found
        ])  # fmt: skip
        return
    places(Output(highlight=False).print, found)


def places(show: Callable[[Text], None], found: Sequence[Found]) -> None:
    """Shows where something was said."""
    for one in found:
        show(Text(f"{one.session} turn {one.turn} {one.kind}", style="bold"))
        show(Text(f"  {' '.join(one.excerpt.split())}"))
    if not found:
        show(Text("Nothing was said with all these words."))


def export(library: Library, name: str, out: Path | None) -> None:
    """Writes a session as a neutral transcript, to a file or to standard output."""
    lines = "".join(f"{line}\n" for line in library.export(chosen(library, name).id))
    if out is None:
        # The same values, by JSON's own escapes.
        click.echo(escaped(lines), nl=False)
    else:
        out.write_text(lines, encoding="utf-8", errors="replace")


def forget(library: Library, name: str, secret: str, *, sure: bool) -> str:
    """Deletes a session, or every trace of a text in all sessions and in the archive, once the user is sure: the id of
    the session that is gone, if one is.
    """
    if bool(name) == bool(secret):
        raise RefusedError("Say what to forget: the id of a session, or --text with what must not stand anywhere.")
    if secret:
        if not sure:
            click.confirm("Replace this text wherever it stands in this project's sessions and archive?", abort=True)
        kept = library.archive.read()
        changed = library.store.redact(secret)
        library.archive.write(kept.replace(secret, FORGOTTEN))
        click.echo(f"Forgotten in {changed} events" + (" and in the archive." if secret in kept else "."))
        return ""
    session = chosen(library, name)
    if not sure:
        click.confirm(f"Delete session {session.id} and its {len(session.turns)} turns?", abort=True)
    click.echo(f"Forgotten: {library.store.forget(session.id)} events.")
    return session.id


def chosen(library: Library, name: str) -> Session:
    """The session of that id, or of the only id that begins so; without a name the newest one."""
    return library.session(named(library.store.sessions(), name).id)


def named(rows: Sequence[SessionRow], name: str) -> SessionRow:
    """The session of that id, or the only one whose id begins so; without a name the newest. Raises RefusedError."""
    matching = [row for row in rows if row.id == name] or [row for row in rows if row.id.startswith(name)]
    if not matching:
        raise RefusedError(f"There is no session {name} here." if name else "This project has no sessions yet.")
    if name and len(matching) > 1:
        raise RefusedError(f"Several sessions begin with {name}: {', '.join(row.id for row in matching)}.")
    return matching[0]


def project(path: Path) -> Path:
    """A folder that has sessions. Raises RefusedError where there is none."""
    if not (path / ".agent").is_dir():
        raise RefusedError(f"{path} has no .agent folder: name a project with --project.")
    return path
