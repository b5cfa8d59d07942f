"""The models that a key or an endpoint offers, and what is to say about those that were chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Protocol

from attrs import field, frozen

from throughline.core.ports import ModelRow
from throughline.core.times import shown_time

# A model's id may end in the day of its release, or name the latest one.
_SUFFIX = re.compile(r"-(\d{8}|latest)$")
# Seconds before a retirement from which on it is worth a line: two months.
SOON = 60 * 86_400.0


class Lister(Protocol):
    """Access to a provider's list of models."""

    async def models(self) -> tuple[ModelRow, ...] | None:
        """All of them; None where the provider lists none. Raises ModelError."""
        ...

    async def model(self, name: str) -> ModelRow | None:
        """The one that a name stands for. Raises ModelError."""
        ...


@frozen
class Catalogue:
    """What a provider lists, and which of it each chosen name stands for; None where it is not among it."""

    rows: tuple[ModelRow, ...] = ()
    chosen: dict[str, ModelRow | None] = field(factory=dict)

    def window(self, name: str) -> int | None:
        """A chosen model's context limit in its own tokens, where the provider says it."""
        row = self.chosen.get(name)
        return row.window if row else None


def plain(name: str) -> str:
    """A model's name without the day of its release."""
    return _SUFFIX.sub("", name)


async def look(lister: Lister, names: Sequence[str]) -> Catalogue:
    """The provider's list, with the names looked up in it; nothing where it has no list. Raises ModelError."""
    rows = await lister.models()
    if not rows:
        return Catalogue()
    chosen = {name: _find(rows, name) or await lister.model(name) for name in names if name}
    return Catalogue(rows, chosen)


def remarks(catalogue: Catalogue, now: float) -> tuple[str, ...]:
    """One line for each chosen model that is not there, gone, or soon to go; `now` is in seconds since the epoch."""
    return tuple(line for name, row in catalogue.chosen.items() for line in _remark(catalogue, name, row, now))


def _find(rows: Sequence[ModelRow], name: str) -> ModelRow | None:
    exact = next((row for row in rows if row.id == name), None)
    # A day that was named is that day's model; a name without one is an alias of the newest of its kind.
    alias = plain(name) == name or name.endswith("-latest")
    return exact or next((row for row in rows if alias and plain(row.id) == plain(name)), None)


def _remark(catalogue: Catalogue, name: str, row: ModelRow | None, now: float) -> Iterator[str]:
    there = [one.id for one in catalogue.rows if one.stage == "active"]
    if row is None:
        near = get_close_matches(name, there, 3) or there[:3]
        yield f"{name} is not among the models that are offered: choose another, such as {', '.join(near)}."
    elif row.stage == "retired":
        yield f"{name} is retired and answers no more: choose another model."
    elif row.retires is not None and row.retires - now <= SOON:
        when = "retires" if row.retires > now else "was to retire"
        yield f"{name} {when} on {_day(row.retires)}: choose another model."
    elif row.stage == "deprecated":
        yield f"{name} is deprecated and will be retired: choose another model."


def _day(seconds: float) -> str:
    day = datetime.fromtimestamp(shown_time(seconds), UTC)
    return f"{day.day} {day:%B} {day.year}"
