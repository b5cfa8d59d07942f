"""What was allowed in a project, for people to see and to take back."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from rich.text import Text

from throughline.cli.output import Output, emit, say
from throughline.core.permissions import Permission, Permissions
from throughline.session.mailbox import RefusedError


def run(
    permissions: Permissions, forgotten: tuple[str, ...], session: str, *, all_of_them: bool, as_json: bool
) -> None:
    """Lists what was allowed, or takes some of it back: by patterns, by a session, or all. Raises RefusedError for a
    pattern that nobody allowed.
    """
    if forgotten or all_of_them:
        gone = withdraw(permissions, forgotten or ("",), session)
        say(f"Taken back: {_many(len(gone))}.")
        return
    given = tuple(one for one in permissions.given() if session in ("", one.session))
    if as_json:
        emit([{"pattern": one.pattern, "session": one.session, "at": one.at} for one in given])
        return
    listed(Output(highlight=False, soft_wrap=True).print, given)


def withdraw(permissions: Permissions, patterns: tuple[str, ...], session: str) -> tuple[Permission, ...]:
    """Takes patterns back, "" all of them: those that are gone. Raises RefusedError for one that nobody allowed."""
    given = permissions.given()
    for pattern in patterns:
        if pattern and not any(pattern == one.pattern and session in ("", one.session) for one in given):
            raise RefusedError(f"Nobody allowed {pattern} here: the list has the patterns as they are to be written.")
    return tuple(gone for pattern in patterns for gone in permissions.withdraw(session, pattern))


def listed(show: Callable[[Text], None], given: tuple[Permission, ...]) -> None:
    """Shows what was allowed, the oldest first."""
    for one in given:
        when = datetime.datetime.fromtimestamp(one.at, datetime.UTC).strftime("%Y-%m-%d %H:%M")
        show(Text.assemble((one.pattern, "bold"), (f"  in session {one.session}, {when}", "dim")))
    if not given:
        show(Text("Nothing was allowed for longer than once."))


def _many(number: int) -> str:
    return f"{number:,} permission" + ("" if number == 1 else "s")
