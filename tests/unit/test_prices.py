from __future__ import annotations

import re

import pytest

from throughline.core.usage import Price, Usage, dollars
from throughline.models import prices

TABLE = prices.load()
SONNET = Price(2, 10, 2.5, 0.1)
HAIKU = Price(0.1, 0.5, 0.125, 0.01)
HAIKU_LARGE = Price(0.5, 2.5, 0.625, 0.05)


@pytest.mark.parametrize(
    ("model", "prompt", "price"),
    [
        ("claude-sonnet-5-5", 0, SONNET),
        ("claude-sonnet-5-5", 190_000, SONNET),
        ("claude-sonnet-5-5-20260915", 0, SONNET),
        ("claude-sonnet-5-5-latest", 0, SONNET),
        ("claude-haiku-5-5-20261001", 100_000, HAIKU),
        ("claude-haiku-5-5-20261001", 100_001, HAIKU_LARGE),
        ("claude-sonnet-4-5", 0, Price(3, 15, 3.75, 0.3)),
        ("claude-haiku-4-5", 0, Price(1, 5, 1.25, 0.1)),
        ("claude-opus-5-5", 0, None),  # what its cache costs is not known
        ("claude-sonnet-5-50", 0, None),
        ("claude-sonnet-5-5-turbo", 0, None),
        ("claude-sonnet-5-5-2026", 0, None),
        ("my-claude-sonnet-5-5", 0, None),
        ("qwen-coder", 0, None),
        ("", 0, None),
    ],
)
def test_price_of_a_model(model: str, prompt: int, price: Price | None) -> None:
    assert TABLE.price(model, prompt) == price


@pytest.mark.parametrize(
    ("model", "least", "most"),
    [
        ("claude-sonnet-4-5-20250929", 1.2, 1.4),
        ("claude-haiku-4-5", 1.2, 1.4),
        ("claude-sonnet-5-5", 1.5, 1.8),
        ("claude-haiku-5-5-20261001", 1.5, 1.8),
        ("claude-something-new", 1.5, 1.8),
        ("qwen-coder", 1.0, 1.4),
    ],
)
def test_factor_and_window_are_known_for_every_model(model: str, least: float, most: float) -> None:
    assert least <= TABLE.factor(model) <= most
    assert TABLE.window(model) == 200_000


def test_table_has_a_month() -> None:
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", TABLE.date)


def test_a_cached_prompt_costs_less_than_a_fresh_one() -> None:
    for name, family in TABLE.models.items():
        for tier in family.tiers:
            fresh, cached = Usage(input=1000), Usage(cache_read=1000)
            assert 0 < dollars(cached, tier.price) < dollars(fresh, tier.price), name
