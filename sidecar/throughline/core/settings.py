"""The numbers that a user may change, with their defaults."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

Strategy: TypeAlias = Literal["throughline", "full"]


@frozen
class Settings:
    """`window` and `kept` count turns, `cold` is seconds; `batch`, `fresh`, `summary` and `archive` are o200k
    tokens; `share` and `kept_share` are parts of the model's context limit.
    """

    model: str = "claude-sonnet-5-5"
    compressor: str = "claude-haiku-5-5"
    strategy: Strategy = "throughline"
    window: int = 12
    share: float = 0.55
    batch: int = 10_000
    fresh: int = 10_000
    cold: float = 300.0
    kept: int = 2
    kept_share: float = 0.4
    summary: int = 800
    archive: int = 2_000
