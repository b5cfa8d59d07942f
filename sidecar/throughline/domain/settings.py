"""Settings of a session, with their defaults."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

Hour: TypeAlias = Literal["never", "stable", "always"]
Strategy: TypeAlias = Literal["throughline", "full", "masking", "window"]
Asking: TypeAlias = Literal["always", "first", "never"]
Distilling: TypeAlias = Literal["write", "ask"]


# In so many sessions of a project `preview` "first" asks.
FIRST = 5


@frozen
class Settings:
    """`window` and `kept` count turns, `cold` and `patience` are seconds; `share` and `kept_share` are parts of the
    model's context limit; `max_context` is the model's own tokens, and the others are o200k tokens.

    Above `share` of the limit a session compacts, or above `max_context` tokens where that is less.

    Of old tool output a batch is masked at a time, and `fresh` of it stays, or `trimmed` where the prefix changes
    anyway. What is told of compacted turns beside the summary takes up to `recap`. A model that summarises is waited
    for `patience` seconds, and its request has at most `quoted` tokens.

    `preview` says when a compaction waits for the user's word (`first`: in a project's first `FIRST` sessions), and
    `distil` whether an archive change is written at once or waits for it too.

    The provider keeps what it caches for five minutes: then it has gone `cold`. For a higher price it keeps for an
    `hour` what never changes in a session, or all.

    What fits one of the patterns in `allowed` a tool may do without asking; a credential that fits one in
    `allowed_secrets` is not hidden; after `replies` replies in one turn the
    user is asked whether it shall go on.
    """

    model: str = "claude-sonnet-5-5"
    compressor: str = "claude-haiku-5-5"
    strategy: Strategy = "throughline"
    window: int = 12
    share: float = 0.55
    max_context: int = 160_000
    batch: int = 10_000
    fresh: int = 8_000
    trimmed: int = 2_000
    cold: float = 300.0
    hour: Hour = "stable"
    kept: int = 2
    kept_share: float = 0.03
    recap: int = 8_000
    summary: int = 800
    archive: int = 2_000
    patience: float = 30.0
    quoted: int = 60_000
    preview: Asking = "never"
    distil: Distilling = "ask"
    allowed: tuple[str, ...] = ()
    allowed_secrets: tuple[str, ...] = ()
    replies: int = 500
