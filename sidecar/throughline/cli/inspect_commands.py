"""Commands that look at what there is: sessions, memory, words, files of a project, models, the installation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from throughline.app.bootstrap import ProjectStore
from throughline.app.container import Container
from throughline.app.doctor import run_checks
from throughline.cli.output import SafeConsole, markdown, print_json, print_line
from throughline.domain.permissions import Permission, Permissions
from throughline.domain.ports import FORGOTTEN, LogMatch, ModelRow, Prices, SessionRow
from throughline.domain.rules import RuleRetired
from throughline.domain.sanitization import shown_time
from throughline.domain.session import Session
from throughline.domain.visible_text import escaped_text
from throughline.memory.entry_listing import list_entries
from throughline.session.actor import RefusedError
from throughline.session.report import session_report, session_stats


def list_sessions(library: ProjectStore, *, as_json: bool) -> None:
    """Lists the sessions, the newest first."""
    rows = library.store.sessions()
    if as_json:
        print_json([
            {
                "id": row.id, "objective": row.objective, "started": row.started, "updated": row.updated,
                "turns": row.turns, "ended": row.ended, "origin": row.origin,
            }
            for row in rows
        ])  # fmt: skip
        return
    table = Table("session", "last used", "turns", "", "objective")
    for row in rows:
        when = datetime.fromtimestamp(shown_time(row.updated), UTC).strftime("%Y-%m-%d %H:%M")
        state = "recording" if row.origin == "recording" else "ended" if row.ended else ""
        table.add_row(row.id, when, str(row.turns), state, row.objective)
    SafeConsole().print(table if rows else "This project has no sessions yet.")


def print_status(library: ProjectStore, name: str, *, as_json: bool) -> None:
    """Prints a session's turns, calls, tokens and cost, and what its ledger holds."""
    session = chosen_session(library, name)
    if as_json:
        print_json(session_stats(session))
    else:
        SafeConsole().print(markdown(session_report(session)))


def print_summary(library: ProjectStore, name: str) -> None:
    """Prints the rolling summary of a session, as it is now."""
    print_line(library.summary(chosen_session(library, name)), end=False)


def print_archive(library: ProjectStore) -> None:
    """Prints the project archive."""
    text = library.archive.read()
    print_line(text or "This project has no archive yet: it is written when a session ends.\n", end=False)


def print_matches(library: ProjectStore, query: str, name: str, limit: int, *, as_json: bool) -> None:
    """Finds where something was said, in one session or in all. Where the query is a kind, its entries come first:
    those of the session, or of the newest one.
    """
    found = library.store.recall(query, name, limit)
    if as_json:
        print_json([
            {
                "session": one.session, "seq": one.seq, "turn": one.turn, "kind": one.kind, "excerpt": one.excerpt,
                "entry": one.entry,
            }
            for one in found
        ])  # fmt: skip
        return
    console = SafeConsole(highlight=False)
    listing = list_entries(chosen_session(library, name), query) if library.store.sessions() else None
    if listing is not None:
        print_line("\n".join(listing.lines) or listing.page())
    if found or listing is None:
        show_matches(console.print, found)


def show_matches(show: Callable[[Text], None], found: Sequence[LogMatch]) -> None:
    """Shows where something was said."""
    for one in found:
        show(Text(f"{one.session} turn {one.turn} {one.kind} {one.entry}".rstrip(), style="bold"))
        show(Text(f"  {' '.join(one.excerpt.split())}"))
    if not found:
        show(Text("Nothing was said with all these words."))


def write_transcript(library: ProjectStore, name: str, out: Path | None) -> None:
    """Writes a session as a neutral transcript, to a file or to standard output."""
    lines = "".join(f"{line}\n" for line in library.export(chosen_session(library, name).id))
    if out is None:
        # The same values, by JSON's own escapes.
        click.echo(escaped_text(lines), nl=False)
    else:
        out.write_text(lines, encoding="utf-8", errors="replace")


def delete_traces(library: ProjectStore, name: str, secret: str, *, sure: bool) -> str:
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
    session = chosen_session(library, name)
    if not sure:
        click.confirm(f"Delete session {session.id} and its {len(session.turns)} turns?", abort=True)
    click.echo(f"Forgotten: {library.store.forget(session.id)} events.")
    return session.id


def print_rules(library: ProjectStore, retired: tuple[str, ...], *, as_json: bool) -> None:
    """Lists the workspace's rules in force, after some were retired. Raises RefusedError for one that is not there."""
    standing = {rule.id: rule for rule in library.store.rules().in_force}
    for name in retired:
        if name not in standing:
            raise RefusedError(f"There is no rule {name} in force: `throughline rules` lists them.")
    if retired:
        library.store.change_rules(time.time(), [RuleRetired(name, "retired by hand") for name in retired])
    left = [rule for name, rule in standing.items() if name not in retired]
    if as_json:
        print_json([{"id": one.id, "text": one.text, "mine": one.mine} for one in left])
        return
    show = SafeConsole(highlight=False).print
    for rule in left:
        show(Text(f"{rule.id}  {rule.text}{'  (on this machine only)' if rule.mine else ''}"))
    if not left:
        show(Text("There are no rules in force."))


def chosen_session(library: ProjectStore, name: str) -> Session:
    """The session of that id, or of the only id that begins so; without a name the newest one."""
    return library.session(session_by_prefix(library.store.sessions(), name).id)


def session_by_prefix(rows: Sequence[SessionRow], name: str) -> SessionRow:
    """The session of that id, or the only one whose id begins so; without a name the newest. Raises RefusedError."""
    matching = [row for row in rows if row.id == name] or [row for row in rows if row.id.startswith(name)]
    if not matching:
        raise RefusedError(f"There is no session {name} here." if name else "This project has no sessions yet.")
    if name and len(matching) > 1:
        raise RefusedError(f"Several sessions begin with {name}: {', '.join(row.id for row in matching)}.")
    return matching[0]


def project_folder(path: Path) -> Path:
    """A folder that has sessions. Raises RefusedError where there is none."""
    if not (path / ".agent").is_dir():
        raise RefusedError(f"{path} has no .agent folder: name a project with --project.")
    return path


def print_permissions(
    permissions: Permissions, forgotten: tuple[str, ...], session: str, *, all_of_them: bool, as_json: bool
) -> None:
    """Lists what was allowed, or takes some of it back: by patterns, by a session, or all. Raises RefusedError for a
    pattern that nobody allowed.
    """
    if forgotten or all_of_them:
        gone = withdraw_permissions(permissions, forgotten or ("",), session)
        print_line(f"Taken back: {_many(len(gone))}.")
        return
    given = tuple(one for one in permissions.given() if session in ("", one.session))
    if as_json:
        print_json([{"pattern": one.pattern, "session": one.session, "at": one.at} for one in given])
        return
    permission_lines(SafeConsole(highlight=False, soft_wrap=True).print, given)


def withdraw_permissions(permissions: Permissions, patterns: tuple[str, ...], session: str) -> tuple[Permission, ...]:
    """Takes patterns back, "" all of them: those that are gone. Raises RefusedError for one that nobody allowed."""
    given = permissions.given()
    for pattern in patterns:
        if pattern and not any(pattern == one.pattern and session in ("", one.session) for one in given):
            raise RefusedError(f"Nobody allowed {pattern} here: the list has the patterns as they are to be written.")
    return tuple(gone for pattern in patterns for gone in permissions.withdraw(session, pattern))


def permission_lines(show: Callable[[Text], None], given: tuple[Permission, ...]) -> None:
    """Shows what was allowed, the oldest first."""
    for one in given:
        when = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%d %H:%M")
        show(Text.assemble((one.pattern, "bold"), (f"  in session {one.session}, {when}", "dim")))
    if not given:
        show(Text("Nothing was allowed for longer than once."))


def _many(number: int) -> str:
    return f"{number:,} permission" + ("" if number == 1 else "s")


_UNKNOWN = "unknown"


def print_models(container: Container, project: Path, *, as_json: bool) -> None:
    """Prints the models, and a line for each chosen one that is not there or not for long. Raises ModelError."""
    offer = asyncio.run(container.models(project))
    if as_json:
        told = {"models": [_told(row, offer.prices) for row in offer.rows], "remarks": list(offer.remarks)}
        print_json(told)
        return
    if not offer.rows:
        print_line("This endpoint lists no models.")
        return
    table = Table("model", "context", "in", "out", "", box=None, pad_edge=False)
    for row in offer.rows:
        window = f"{row.window:,}" if row.window else _UNKNOWN
        table.add_row(row.id, window, *_dollars(row, offer.prices), _stage(row))
    console = SafeConsole()
    console.print(table)
    console.print("Dollars per million tokens of a short prompt.", style="dim")
    for line in offer.remarks:
        console.print(line, style="yellow", highlight=False)


def _told(row: ModelRow, prices: Prices) -> dict[str, object]:
    price = prices.price(row.id, 0)
    return {
        "id": row.id,
        "name": row.name,
        "window": row.window,
        "stage": row.stage,
        "retires": _day(row.retires) or None,
        "input": price.input if price else None,
        "output": price.output if price else None,
    }


def _dollars(row: ModelRow, prices: Prices) -> tuple[str, str]:
    price = prices.price(row.id, 0)
    return (f"${price.input:g}", f"${price.output:g}") if price else (_UNKNOWN, _UNKNOWN)


def _stage(row: ModelRow) -> str:
    if row.stage == "active" and row.retires is None:
        return ""
    return f"{row.stage}, retires {_day(row.retires)}" if row.retires and row.stage != "retired" else row.stage


def _day(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(shown_time(seconds), UTC).date().isoformat()


def print_check_results(container: Container, project: Path) -> bool:
    """Prints the findings; true where nothing keeps a session from running."""
    console = SafeConsole(highlight=False)
    found = list(run_checks(container, project, lambda: container.keyed(project)))
    for one in found:
        mark, style = ("ok", "green") if one.ok else ("!!", "red")
        console.print(Text.assemble((mark, style), f" {one.what}" + ("" if one.ok else f": {one.fix}")))
    return all(one.ok for one in found)
