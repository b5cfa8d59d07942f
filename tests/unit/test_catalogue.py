"""What is said about the models that were chosen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from throughline.domain.ports import ModelRow
from throughline.llm.catalogue import Catalogue, look_up_models, model_warnings


def day(month: int, number: int, year: int = 2026) -> float:
    return datetime(year, month, number, 12, tzinfo=UTC).timestamp()


NOW = day(11, 25)
ROWS = (
    ModelRow("claude-sonnet-5-5-20260915", "Sonnet 5.5", 500_000),
    ModelRow("claude-sonnet-4-5-20250929", "Sonnet 4.5", 200_000, "deprecated", day(11, 30)),
    ModelRow("claude-opus-4-5-20251101", "Opus 4.5", None, "deprecated", day(11, 20)),
    ModelRow("claude-haiku-4-5-20251001", "Haiku 4.5", None, "deprecated", day(6, 1, 2027)),
    ModelRow("claude-haiku-4-6", "Haiku 4.6", None, "deprecated"),
    ModelRow("claude-sonnet-4-6", "Sonnet 4.6", None, "active", day(12, 24)),
    ModelRow("claude-sonnet-3-7-20250219", "Sonnet 3.7", None, "retired", day(2, 19)),
)


class Shelf:
    """Lists these, and knows one more name."""

    async def models(self) -> tuple[ModelRow, ...]:
        return ROWS

    async def model(self, name: str) -> ModelRow | None:
        return ROWS[0] if name == "best" else None


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("claude-sonnet-5-5", ""),
        ("claude-sonnet-5-5-latest", ""),
        ("claude-sonnet-5-5-20260915", ""),
        ("best", ""),
        (
            "claude-sonnet-5-5-20260101",
            "claude-sonnet-5-5-20260101 is not among the models that are offered: choose another, such as "
            "claude-sonnet-5-5-20260915, claude-sonnet-4-6.",
        ),
        (
            "gpt",
            "gpt is not among the models that are offered: choose another, such as "
            "claude-sonnet-5-5-20260915, claude-sonnet-4-6.",
        ),
        ("claude-sonnet-4-5", "claude-sonnet-4-5 retires on 30 November 2026: choose another model."),
        ("claude-sonnet-4-6", "claude-sonnet-4-6 retires on 24 December 2026: choose another model."),
        ("claude-opus-4-5", "claude-opus-4-5 was to retire on 20 November 2026: choose another model."),
        ("claude-haiku-4-5", "claude-haiku-4-5 is deprecated and will be retired: choose another model."),
        ("claude-haiku-4-6", "claude-haiku-4-6 is deprecated and will be retired: choose another model."),
        ("claude-sonnet-3-7", "claude-sonnet-3-7 is retired and answers no more: choose another model."),
    ],
)
async def test_what_is_said_of_a_chosen_model(name: str, line: str) -> None:
    assert model_warnings(await look_up_models(Shelf(), [name]), NOW) == ((line,) if line else ())


async def test_a_limit_is_known_under_the_name_that_was_chosen() -> None:
    found = await look_up_models(Shelf(), ["claude-sonnet-5-5", "claude-haiku-4-6", "gpt"])
    assert [found.window(name) for name in ("claude-sonnet-5-5", "claude-haiku-4-6", "gpt", "other")] == [
        500_000, None, None, None,
    ]  # fmt: skip
    assert len(model_warnings(found, NOW)) == 2


def test_where_nothing_is_listed_nothing_is_said() -> None:
    assert model_warnings(Catalogue(), NOW) == ()
