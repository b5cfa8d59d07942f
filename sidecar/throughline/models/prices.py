"""What models cost and how they count, from a table with a date."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from math import inf
from typing import Any

from attrs import frozen

from throughline.core.usage import Price

# A model's id may end in the day of its release, or name the latest one.
_SUFFIX = re.compile(r"-(\d{8}|latest)$")


@frozen
class Tier:
    """A price for prompts of up to so many of the model's own tokens."""

    up_to: float
    price: Price


@frozen
class Family:
    """How the models of one name count, their context limit, and their prices by size of prompt, if known."""

    factor: float
    window: int
    tiers: tuple[Tier, ...] = ()


@frozen
class PriceTable:
    """Prices as of a month; any id it does not know has no price and a cautious factor."""

    date: str
    models: dict[str, Family]
    claude: Family
    default: Family

    def price(self, model: str, prompt: int) -> Price | None:
        """The price for a prompt of that many of the model's tokens, or None where it is not known."""
        tiers = self._family(model).tiers
        return next((tier.price for tier in tiers if prompt <= tier.up_to), None)

    def factor(self, model: str) -> float:
        """The model's own tokens for one token of o200k."""
        return self._family(model).factor

    def window(self, model: str) -> int:
        """The model's context limit in its own tokens."""
        return self._family(model).window

    def _family(self, model: str) -> Family:
        unknown = self.claude if model.startswith("claude-") else self.default
        return self.models.get(_SUFFIX.sub("", model), unknown)


def load() -> PriceTable:
    """The table that is shipped with the package."""
    return parse(files("throughline.models").joinpath("prices.toml").read_text("utf-8"))


def parse(text: str) -> PriceTable:
    """A table from TOML; a tier without `up_to` has no end, a model without a window the default one."""
    table = tomllib.loads(text)
    default = _read(table["default"], 0)
    return PriceTable(
        date=table["date"],
        models={name: _read(given, default.window) for name, given in table["models"].items()},
        claude=_read(table["claude"], default.window),
        default=default,
    )


def _read(given: dict[str, Any], window: int) -> Family:
    tiers = (
        Tier(tier.get("up_to", inf), Price(tier["input"], tier["output"], tier["write"], tier["read"]))
        for tier in given.get("tiers", ())
    )
    return Family(given["factor"], given.get("window", window), tuple(tiers))
