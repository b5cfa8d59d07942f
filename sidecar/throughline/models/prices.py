"""What models cost and how they count, from a table with a date."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from math import inf, isfinite
from typing import Any

from attrs import evolve, field, frozen

from throughline.core.errors import UserError
from throughline.core.settings import Hour
from throughline.core.usage import Price
from throughline.models.catalogue import plain

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
        return self.models.get(model) or self.models.get(plain(model), unknown)

    def told(self, windows: Mapping[str, int]) -> PriceTable:
        """The table with context limits that a provider has told."""
        return evolve(self, windows={**self.windows, **windows})


def load(own: str = "") -> PriceTable:
    """The table that is shipped with the package, with what a project's own says; raises PricesError for the latter."""
    table = parse(files("throughline.models").joinpath("prices.toml").read_text("utf-8"))
    return _joined(table, own) if own else table


def parse(text: str) -> PriceTable:
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
