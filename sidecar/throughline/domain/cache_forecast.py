"""Forecasts of the prompt cache: what a message that is sent now would pay again, and why."""

from __future__ import annotations

from attrs import frozen

from throughline.domain.session import Session
from throughline.domain.settings import Settings
from throughline.domain.usage import Price, short_dollars, short_tokens

# Seconds that the provider keeps what it was asked to keep for an hour.
HOUR = 3_600.0
# Where a model's price is not known, a message that pays so many tokens again is worth a word.
UNPRICED_TOKENS = 100_000
_MINUTE, _DAY = 60.0, 86_400.0


@frozen
class ColdCache:
    """What the provider has let go of, and what of it is still there."""

    why: str = ""
    """Why, as a person says it; nothing where the cache is warm, or where there never was one."""
    stable: bool = False
    """Whether tools, system prompt and archive are still there: they may be kept for longer."""
    until: float | None = None
    """When something else is to be said, in seconds since the epoch; None where that is not a matter of time."""


@frozen
class CacheForecast:
    """What the next message would pay again."""

    tokens: int = 0
    """In the model's own tokens."""
    dollars: float | None = None
    """What they cost; None where the price is not known."""
    why: str = ""
    """Why, as a person says it."""
    until: float | None = None
    """When to look again, in seconds since the epoch; None where time changes nothing."""


def cold_cache(session: Session, model: str, settings: Settings, price: Price | None, now: float) -> ColdCache:
    """What has become of what the last call left in the provider's cache, for a message to a model at a time."""
    call, at = session.last_call, session.called_at
    if call is None or at is None or not call.cached:
        return ColdCache()
    if call.model != model:
        return ColdCache("the model was changed")
    if session.called_role != session.role:
        return ColdCache("the role was changed")
    late = now - at - settings.cold
    if late <= 0:
        return ColdCache(until=at + settings.cold + 1)
    ago, change = _ago(late)
    stable = settings.hour == "stable" and price is not None and price.hour is not None and now - at <= HOUR
    return ColdCache(f"the cache {ago}", stable, None if change is None else at + settings.cold + change)


def cache_forecast(cold: ColdCache, cached: int, stable: int, rest: int, price: Price | None) -> CacheForecast:
    """What a message pays again whose prompt has so many tokens that are `stable` (tools, system prompt, archive) and
    the `rest`, where so many had been `cached`; all in the model's own tokens.
    """
    if not cold.why:
        return CacheForecast(until=cold.until)
    whole = min(cached, stable + rest)
    kept = min(stable, whole)
    tokens = whole - kept if cold.stable else whole
    dollars = None
    if price is not None and price.cache_write is not None:
        long = 0 if cold.stable or price.hour is None else kept
        dollars = ((tokens - long) * price.cache_write + long * (price.hour or 0.0)) / 1e6
    return CacheForecast(tokens, dollars, cold.why, cold.until)


def cost_warning(forecast: CacheForecast, least: float) -> str:
    """The line that tells of a message which would pay again for at least so many dollars, before it is sent; nothing
    where it would not, or where `least` is 0.
    """
    if not least or not forecast.why:
        return ""
    if forecast.tokens < UNPRICED_TOKENS if forecast.dollars is None else forecast.dollars < least:
        return ""
    about = "" if forecast.dollars is None else f", about {short_dollars(forecast.dollars)}"
    return f"This message pays {short_tokens(forecast.tokens)} again{about}: {forecast.why}."


def _ago(late: float) -> tuple[str, float | None]:
    """How long ago that many seconds are, and after how many seconds that is no longer what to say."""
    if late < 1.5 * _MINUTE:
        return "has just expired", 1.5 * _MINUTE
    if late < 1.5 * HOUR:
        number = round(late / _MINUTE)
        return f"expired {number} minutes ago", (number + 0.51) * _MINUTE
    if late < 1.5 * _DAY:
        number = round(late / HOUR)
        return f"expired {number} hours ago", (number + 0.51) * HOUR
    return f"expired {round(late / _DAY)} days ago", None
