"""The catalogue of models: prices and context limits from a dated table, and what the provider lists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib.resources import files
from math import inf, isfinite
from typing import Any, Protocol

from attrs import evolve, field, frozen

from throughline.domain.errors import UserError
from throughline.domain.ports import ModelRow
from throughline.domain.sanitization import shown_time
from throughline.domain.settings import Hour
from throughline.domain.usage import Price

# The file of a project that says what its own models cost.
OWN = "prices.toml"
_PARTS = {"input": "input", "output": "output", "write": "cache_write", "read": "cache_read", "hour": "hour"}
_FREE = Price(0.0, 0.0, 0.0, 0.0, 0.0)


class PricesError(UserError):
    """A project's own prices cannot be read; the message says where and why."""


@frozen
class Tier:
    """A price for prompts of up to so many of the model's own tokens."""

    up_to: float
    price: Price


@frozen
class Family:
    """How the models of one name count, their context limit, their prices by size of prompt, and the shortest prefix
    that their provider caches, where these are known.
    """

    factor: float
    window: int
    tiers: tuple[Tier, ...] = ()
    minimum: int | None = None


@frozen
class PriceTable:
    """Prices as of a month; any id it does not know has no price and a cautious factor. `windows` are context limits
    that a provider has told.
    """

    date: str
    models: dict[str, Family]
    claude: Family
    default: Family
    windows: dict[str, int] = field(factory=dict)

    def price(self, model: str, prompt: int) -> Price | None:
        """The price for a prompt of that many of the model's tokens, or None where it is not known."""
        tiers = self.family(model).tiers
        return next((tier.price for tier in tiers if prompt <= tier.up_to), None)

    def factor(self, model: str) -> float:
        """The model's own tokens for one token of o200k."""
        return self.family(model).factor

    def window(self, model: str) -> int:
        """The model's context limit in its own tokens."""
        return self.windows.get(model) or self.family(model).window

    def minimum(self, model: str) -> int | None:
        """The shortest prefix that the provider caches, in the model's own tokens, or None where it is not known."""
        return self.family(model).minimum

    def lasting(self, model: str, hour: Hour) -> Hour:
        """What of `hour` is to be kept for an hour: nothing where the price of that is not known."""
        price = self.price(model, 0)
        return hour if price is not None and price.hour is not None else "never"

    def family(self, model: str) -> Family:
        """What is known of a model by its name."""
        unknown = self.claude if model.startswith("claude-") else self.default
        return self.models.get(model) or self.models.get(undated_name(model), unknown)

    def told(self, windows: Mapping[str, int]) -> PriceTable:
        """The table with context limits that a provider has told."""
        return evolve(self, windows={**self.windows, **windows})


def load_prices(own: str = "") -> PriceTable:
    """The table that is shipped with the package, with what a project's own says; raises PricesError for the latter."""
    table = parse_prices(files("throughline.llm").joinpath("prices.toml").read_text("utf-8"))
    return _joined(table, own) if own else table


def parse_prices(text: str) -> PriceTable:
    """A table from TOML; a tier without `up_to` has no end, a model without a window the default one."""
    table = tomllib.loads(text)
    nothing = Family(1.0, 0)
    default = _read(table["default"], nothing)
    return PriceTable(
        date=table["date"],
        models={name: _read(given, evolve(default, tiers=())) for name, given in table["models"].items()},
        claude=_read(table["claude"], default),
        default=default,
    )


def _joined(table: PriceTable, own: str) -> PriceTable:
    """The table with a project's own lines over it; what a line leaves out stays as it was."""
    try:
        given = tomllib.loads(own).get("models", {})
        models = {name: _read(one, table.family(name)) for name, one in given.items()}
    except (tomllib.TOMLDecodeError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise PricesError(f".agent/{OWN} cannot be read ({error}): correct it, or take it away.") from error
    return evolve(table, models={**table.models, **models})


def _read(given: dict[str, Any], before: Family) -> Family:
    """A model's line; raises KeyError, TypeError and ValueError."""
    tiers = tuple(_tier(tier) for tier in given["tiers"]) if "tiers" in given else before.tiers
    if given.get("free") is True:
        tiers = (Tier(inf, _FREE),)
    unknown = set(given) - {"factor", "window", "tiers", "minimum", "free"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    factor = _number(given.get("factor", before.factor), "factor", above=0)
    window = int(_number(given.get("window", before.window), "window", above=0))
    minimum = given.get("minimum", before.minimum)
    return Family(factor, window, tiers, None if minimum is None else int(_number(minimum, "minimum")))


def _tier(given: dict[str, Any]) -> Tier:
    prices = {_PARTS[name]: _number(each, name) for name, each in given.items() if name != "up_to"}
    return Tier(_number(given["up_to"], "up_to", above=0) if "up_to" in given else inf, Price(**prices))


def _number(given: object, name: str, above: float = -1e-9) -> float:
    if not isinstance(given, int | float) or isinstance(given, bool) or not isfinite(given) or given <= above:
        raise ValueError(f"{name} cannot be {given!r}")
    return float(given)


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


def undated_name(name: str) -> str:
    """A model's name without the day of its release."""
    return _SUFFIX.sub("", name)


async def look_up_models(lister: Lister, names: Sequence[str]) -> Catalogue:
    """The provider's list, with the names looked up in it; nothing where it has no list. Raises ModelError."""
    rows = await lister.models()
    if not rows:
        return Catalogue()
    chosen = {name: _find(rows, name) or await lister.model(name) for name in names if name}
    return Catalogue(rows, chosen)


def model_warnings(catalogue: Catalogue, now: float) -> tuple[str, ...]:
    """One line for each chosen model that is not there, gone, or soon to go; `now` is in seconds since the epoch."""
    return tuple(line for name, row in catalogue.chosen.items() for line in _remark(catalogue, name, row, now))


def _find(rows: Sequence[ModelRow], name: str) -> ModelRow | None:
    exact = next((row for row in rows if row.id == name), None)
    # A day that was named is that day's model; a name without one is an alias of the newest of its kind.
    alias = undated_name(name) == name or name.endswith("-latest")
    return exact or next((row for row in rows if alias and undated_name(row.id) == undated_name(name)), None)


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
