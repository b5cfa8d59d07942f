"""The rows of calls that ask for the user's leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from attrs import evolve

from throughline.core.deeds import Answered, Asked
from throughline.core.visibility import visible
from throughline.page.ids import ask_row, first_free
from throughline.wire.state import AskRow, Row


def asked(event: Asked | Answered, known: Callable[[str], Row | None]) -> Iterator[AskRow]:
    """The row of a question, and what its answer makes of it; one call may ask more than once. Whoever shows it shows
    no hidden characters: they are written out.
    """
    if isinstance(event, Asked):
        name = ask_row(event.id, first_free(lambda n: ask_row(event.id, n), known))
        target, why = visible(event.target), visible(event.why)
        yield AskRow(name, event.turn, event.id, event.action, target, why, "", "", "waiting", "")
    elif (row := waiting_ask(event.id, known)) is not None:
        yield evolve(row, status=_answer(event), reason=event.reason)


def waiting_ask(call: str, known: Callable[[str], Row | None]) -> AskRow | None:
    """The question of a call that has no answer yet."""
    row = known(ask_row(call, first_free(lambda n: ask_row(call, n), known) - 1))
    return row if isinstance(row, AskRow) and row.status == "waiting" else None


def _answer(event: Answered) -> Literal["allowed", "session", "denied"]:
    if not event.allowed:
        return "denied"
    return "session" if event.pattern else "allowed"
