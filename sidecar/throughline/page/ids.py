"""The ids of the chat's rows."""

from __future__ import annotations

from collections.abc import Callable

from throughline.wire.state import Row


def user_row(turn: int, place: int = 0) -> str:
    """The id of a turn's words, the first or a later one."""
    return f"u{turn}" if place == 0 else f"u{turn}.{place}"


def waiting_row(turn: int, place: int) -> str:
    """The id of words that wait for their turn."""
    return f"w{turn}.{place}"


def ask_row(call: str, place: int) -> str:
    """The id of a call's question, the first or a later one."""
    return f"q{call}" if place == 0 else f"q{call}.{place}"


def agent_row(turn: int, place: int) -> str:
    """The id of a turn's block of model text."""
    return f"a{turn}.{place}"


def first_free(name: Callable[[int], str], known: Callable[[str], Row | None]) -> int:
    """The lowest place whose id no row has yet."""
    place = 0
    while known(name(place)) is not None:
        place += 1
    return place
