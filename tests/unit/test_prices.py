from __future__ import annotations

import re

import pytest

from throughline.domain.settings import Hour
from throughline.domain.usage import Price, Usage, break_even, cost_in_dollars
from throughline.llm import catalogue

TABLE = catalogue.load_prices()
SONNET = Price(2, 10, 2.5, 0.1, 4)
HAIKU = Price(0.1, 0.5, 0.125, 0.01, 0.2)
HAIKU_LARGE = Price(0.5, 2.5, 0.625, 0.05, 1)


@pytest.mark.parametrize(
    ("model", "prompt", "price"),
    [
        ("claude-sonnet-5-5", 0, SONNET),
        ("claude-sonnet-5-5", 190_000, SONNET),
        ("claude-sonnet-5-5-20260915", 0, SONNET),
        ("claude-sonnet-5-5-latest", 0, SONNET),
        ("claude-haiku-5-5-20261001", 100_000, HAIKU),
        ("claude-haiku-5-5-20261001", 100_001, HAIKU_LARGE),
        ("claude-sonnet-4-5", 0, Price(3, 15, 3.75, 0.3, 6)),
        ("claude-haiku-4-5", 0, Price(1, 5, 1.25, 0.1, 2)),
        ("claude-opus-5-5", 0, Price(4, 20, 5, 0.2, 8)),
        ("claude-fable-5-2", 0, Price(8, 40, 10, 0.2, 16)),
        ("claude-opus-4-6", 0, Price(5, 25, 6.25, 0.5, 10)),
        ("claude-sonnet-4-6", 0, None),
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
    ("model", "least", "most", "window"),
    [
        ("claude-sonnet-4-5-20250929", 1.2, 1.4, 200_000),
        ("claude-haiku-4-5", 1.2, 1.4, 200_000),
        ("claude-sonnet-5", 1.5, 1.8, 1_000_000),
        ("claude-sonnet-5-5", 1.5, 1.8, 1_000_000),
        ("claude-opus-5-5", 1.5, 1.8, 1_000_000),
        ("claude-fable-5-2", 1.5, 1.8, 1_000_000),
        ("claude-haiku-5-5-20261001", 1.5, 1.8, 1_000_000),
        ("claude-something-new", 1.5, 1.8, 200_000),
        ("qwen-coder", 1.0, 1.4, 200_000),
    ],
)
def test_factor_and_window_are_known_for_every_model(model: str, least: float, most: float, window: int) -> None:
    assert least <= TABLE.factor(model) <= most
    assert TABLE.window(model) == window


def test_table_has_a_month() -> None:
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", TABLE.date)


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("claude-sonnet-5-5", Usage(input=1_000_000), 2.0),
        ("claude-sonnet-5-5", Usage(output=1_000_000), 10.0),
        ("claude-sonnet-5-5", Usage(cache_read=1_000_000), 0.10),
        ("claude-sonnet-5-5", Usage(cache_write=1_000_000), 2.50),
        ("claude-sonnet-5-5", Usage(cache_write=1_000_000, hour=1_000_000), 4.0),
        ("claude-sonnet-5-5", Usage(cache_write=1_000_000, hour=400_000), 1.5 + 1.6),
        ("claude-haiku-5-5", Usage(input=50_000, cache_read=50_000), 0.005 + 0.0005),
        ("claude-haiku-5-5", Usage(input=50_001, cache_read=50_000), 0.0250005 + 0.0025),
        ("claude-haiku-5-5", Usage(cache_write=1_000_000, hour=1_000_000), 1.0),
        ("claude-opus-5-5", Usage(input=1_000, output=1_000), 0.024),
        ("claude-opus-5-5", Usage(cache_read=1_000_000), 0.20),
        ("claude-sonnet-4-6", Usage(input=1_000, cache_write=1), None),
        ("qwen-coder", Usage(input=1_000), None),
        ("qwen-coder", Usage(), None),
    ],
)
def test_what_a_call_costs_is_known_or_said_to_be_unknown(model: str, usage: Usage, cost: float | None) -> None:
    price = TABLE.price(model, usage.prompt)
    made = cost_in_dollars(usage, price) if price else None
    assert made == (None if cost is None else pytest.approx(cost))


def test_a_cached_prompt_costs_less_than_a_fresh_one() -> None:
    for name, family in TABLE.models.items():
        for tier in family.tiers:
            known = [each for each in (tier.price.cache_read, tier.price.input, tier.price.cache_write) if each]
            assert known == sorted(known), name
            assert tier.price.hour is None or tier.price.hour > (tier.price.cache_write or 0), name


def test_an_hour_pays_where_enough_is_read_again_after_a_pause() -> None:
    assert break_even(SONNET) == pytest.approx(1.5 / 2.4)
    assert break_even(Price(3, 15, 3.75, 0.3, 6)) == pytest.approx(2.25 / 3.45)
    assert break_even(Price(1, 5, 1.25, 0.1)) is None
    assert break_even(Price(0, 0, 0, 0, 0)) is None


@pytest.mark.parametrize(
    ("model", "hour", "kept"),
    [
        ("claude-sonnet-5-5", "stable", "stable"),
        ("claude-sonnet-5-5", "never", "never"),
        ("claude-sonnet-4-5", "always", "always"),
        ("claude-haiku-5-5", "stable", "stable"),
        ("claude-sonnet-4-6", "always", "never"),
        ("qwen", "always", "never"),
    ],
)
def test_nothing_is_kept_for_an_hour_at_a_price_that_is_not_known(model: str, hour: Hour, kept: Hour) -> None:
    assert TABLE.lasting(model, hour) == kept


OWN = """
[models.qwen-coder]
free = true
window = 32_768
factor = 1.1

[models.claude-sonnet-5-5]
tiers = [{ up_to = 200_000, input = 1, output = 5 }, { input = 2, output = 6 }]

[models."my/claude"]
window = 1_000_000
"""


def test_a_project_says_what_its_own_models_cost_and_what_it_leaves_out_stays() -> None:
    table = catalogue.load_prices(OWN)
    assert table.price("qwen-coder", 10) == Price(0, 0, 0, 0, 0)
    assert (table.factor("qwen-coder"), table.window("qwen-coder")) == (1.1, 32_768)
    assert table.price("claude-sonnet-5-5", 200_000) == Price(1, 5)
    assert table.price("claude-sonnet-5-5-20260915", 200_001) == Price(2, 6)
    assert table.factor("claude-sonnet-5-5") == TABLE.factor("claude-sonnet-5-5")
    assert (table.window("my/claude"), table.price("my/claude", 1)) == (1_000_000, None)
    assert table.price("claude-haiku-5-5", 1) == HAIKU
    assert catalogue.load_prices("") == catalogue.load_prices("# nothing") == TABLE


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ("[models", "Expected"),
        ("models = 3", "cannot be read"),
        ("[models]\nqwen = 3", "cannot be read"),
        ("[models.qwen]\nfactor = 0", "factor cannot be 0"),
        ("[models.qwen]\nwindow = '9'", "window cannot be '9'"),
        ("[models.qwen]\nfactor = nan", "factor cannot be nan"),
        ("[models.qwen]\nprice = 3", "unknown: price"),
        ("[models.qwen]\ntiers = [{ input = 1 }]", "output"),
        ("[models.qwen]\ntiers = [{ input = -1, output = 0 }]", "input cannot be -1"),
        ("[models.qwen]\ntiers = [{ input = 1, output = 1, up_to = 'x' }]", "up_to cannot be 'x'"),
        ("[models.qwen]\ntiers = 3", "cannot be read"),
    ],
)
def test_a_projects_prices_that_cannot_be_read_are_named_in_one_line(own: str, why: str) -> None:
    with pytest.raises(catalogue.PricesError, match=re.escape(".agent/prices.toml cannot be read")) as caught:
        catalogue.load_prices(own)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_context_limit_that_a_provider_tells_holds() -> None:
    table = TABLE.told({"claude-sonnet-5-5": 500_000})
    assert table.window("claude-sonnet-5-5") == 500_000
    assert table.window("claude-haiku-5-5") == TABLE.window("claude-haiku-5-5")


@pytest.mark.parametrize(
    ("model", "shortest"),
    [
        ("claude-sonnet-4-5", 1_024),
        ("claude-haiku-4-5-20251001", 4_096),
        ("claude-sonnet-5-5", 512),
        ("claude-opus-4-5", 4_096),
        ("claude-something-new", None),
    ],
)
def test_the_shortest_prefix_is_known_or_said_to_be_unknown(model: str, shortest: int | None) -> None:
    assert TABLE.minimum(model) == shortest
