"""Usage and cost: tokens of calls, prices with a date, bills by purpose, and the calibration of token counts."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from attrs import evolve, field, frozen

from throughline.domain.events import CallBilled, Purpose

# Fewer tokens than that at a prefix's end are no miss: counts of two calls differ by a little.
LEAST_REWRITE = 256


@frozen
class Usage:
    """One reply's tokens, in the model's own count: `input` leaves out what the cache held or took. Of what it took,
    `hour` is what it keeps for an hour; the rest it keeps for five minutes. Of the output, `thinking` was thinking.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    hour: int = 0
    thinking: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that were sent."""
        return self.input + self.cache_read + self.cache_write


@frozen
class Price:
    """Dollars per million tokens, None for what is not known; `hour` is a cache write that is kept for an hour."""

    input: float
    output: float
    cache_write: float | None = None
    cache_read: float | None = None
    hour: float | None = None


def cost_in_dollars(usage: Usage, price: Price) -> float | None:
    """The cost of one call in dollars; None where it used something whose price is not known."""
    parts = (
        (usage.input, price.input),
        (usage.output, price.output),
        (usage.cache_write - usage.hour, price.cache_write),
        (usage.hour, price.hour),
        (usage.cache_read, price.cache_read),
    )
    total = 0.0
    for count, each in parts:
        if count and each is None:
            return None
        total += count * (each or 0.0)
    return total / 1e6


# In a provider's word for why a prefix could not be read, what a person calls it.
_MISSES = {
    "model_changed": "the model was changed",
    "system_changed": "the instructions or the archive changed",
    "tools_changed": "the tools changed",
    "messages_changed": "earlier messages were masked, compacted or taken back",
    "previous_message_not_found": "the provider no longer knows the call before",
    "unavailable": "the provider does not say why",
}
# In seconds: what is cached for the shortest time is gone then.
_EXPIRED = 300.0


def with_rewrite(call: CallBilled, before: CallBilled | None, price: Price | None) -> CallBilled:
    """The call with what it had to pay again of what the chat call before it had sent."""
    again = min(before.cached, call.prompt) - call.cache_read if before else 0
    if before is None or again <= 0:
        return call
    written = min(again, call.cache_write)
    each = price.cache_write if price else None
    dollars = None
    if price and each is not None:
        dollars = (written * each + (again - written) * price.input) / 1e6
    # That another model has a cache of its own needs no provider to say it.
    miss = call.miss or ("model_changed" if call.model != before.model else "")
    idle = max(0.0, call.began - before.began)
    return evolve(call, miss=miss, rewritten=again, rewritten_dollars=dollars, idle=idle)


def rewrite_reason(call: CallBilled) -> str:
    """Why a call paid again for what had been cached; nothing where it did not."""
    if call.rewritten < LEAST_REWRITE and not call.missed:
        return ""
    why = _MISSES.get(call.miss, "")
    if not why and call.idle > _EXPIRED:
        late = (call.idle - _EXPIRED) / 60
        why = f"the cache had expired {late:.0f} minutes before" if late >= 1.5 else "the cache had just expired"
    return why or "the cache did not have it"


def explain_rewrite(call: CallBilled) -> str:
    """The same, with tokens and dollars."""
    why = rewrite_reason(call)
    return rewrite_words(why, call.rewritten or call.missed, call.rewritten_dollars) if why else ""


def rewrite_words(why: str, tokens: int, dollars: float | None) -> str:
    """What was paid again for a reason: the model's own tokens, and dollars where they are known."""
    return f"{why}: {short_tokens(tokens)}" + ("" if dollars is None else f", {short_dollars(dollars)}")


def short_tokens(tokens: int) -> str:
    """A number of tokens as a person says it."""
    return f"{tokens / 1000:.0f}K tokens" if tokens >= 1000 else f"{tokens} tokens"


def short_dollars(dollars: float) -> str:
    """A sum as a person says it, to the cent, and below a cent to its hundredth."""
    return f"${dollars:.2f}" if dollars >= 0.01 or not dollars else f"${dollars:.4f}"


def break_even(price: Price) -> float | None:
    """How much must be read again after pauses of five minutes to an hour, for one token that is written, until a cache
    that lasts an hour costs less than one that lasts five minutes; None where a price is not known.

    What a pause lets go cold is written anew, at `cache_write` in place of `cache_read`; an hour's entry does not go
    cold, but every token that enters it costs `hour` in place of `cache_write`.
    """
    if price.cache_write is None or price.cache_read is None or price.hour is None:
        return None
    if price.cache_write <= price.cache_read:
        return None
    return (price.hour - price.cache_write) / (price.cache_write - price.cache_read)


@frozen
class UsageTotals:
    """The calls of one purpose added up; `unpriced` of them have no known price."""

    calls: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    dollars: float = 0.0
    unpriced: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that were sent."""
        return self.input + self.cache_read + self.cache_write


@frozen
class Bill:
    """Lines by purpose."""

    lines: dict[Purpose, UsageTotals] = field(factory=dict)

    @property
    def total(self) -> UsageTotals:
        """All purposes in one line."""
        total = UsageTotals()
        for line in self.lines.values():
            total = add(total, line)
        return total


def charge(bill: Bill, call: CallBilled) -> Bill:
    """The bill with one more call."""
    known = call.dollars is not None
    line = UsageTotals(
        1, call.input, call.output, call.cache_read, call.cache_write, call.dollars or 0.0, 0 if known else 1
    )
    return evolve(bill, lines={**bill.lines, call.purpose: add(bill.lines.get(call.purpose, UsageTotals()), line)})


def add(left: UsageTotals, right: UsageTotals) -> UsageTotals:
    """Two lines as one."""
    return UsageTotals(
        left.calls + right.calls,
        left.input + right.input,
        left.output + right.output,
        left.cache_read + right.cache_read,
        left.cache_write + right.cache_write,
        left.dollars + right.dollars,
        left.unpriced + right.unpriced,
    )


# Calls that are remembered, and how many of the newest speak together: one odd figure among them is not heard.
KEPT, HEARD = 16, 5
# Of the way to what the newest calls say, a call goes half, and never more than this (in the logarithm: 13 percent).
GAIN, STEP = 0.5, 0.125
# A provider that leaves its cache out of the figures, or a view of a few words, says nothing about the tokenizer.
LEAST, MOST, SMALL = 0.5, 4.0, 200
# So far from the family's own figure no tokenizer is, and so far from the estimate no last call may pull it.
FAR, PULL = 2.0, 0.25


@frozen
class Sample:
    """One call: the o200k tokens that were counted, and the tokens that the provider says were sent."""

    counted: int
    prompt: int


@frozen
class Calibration:
    """The newest calls of one model in one session, the oldest first."""

    samples: tuple[Sample, ...] = ()


def learn(known: Calibration, counted: int, prompt: int) -> Calibration:
    """The calibration with one more call, where that call tells anything."""
    if counted < SMALL or not LEAST <= prompt / counted <= MOST:
        return known
    return evolve(known, samples=(*known.samples, Sample(counted, prompt))[-KEPT:])


def factor(known: Calibration, prior: float) -> float:
    """The model's own tokens for one of o200k: from `prior`, the family's figure, step by step towards the calls'."""
    ratios = [log(one.prompt / one.counted) for one in known.samples]
    now = start = log(prior)
    for place in range(len(ratios)):
        said = _middle(ratios[max(0, place + 1 - HEARD) : place + 1])
        now += max(-STEP, min(STEP, GAIN * (said - now)))
    return exp(max(start - log(FAR), min(start + log(FAR), now)))


def calibrated_tokens(known: Calibration, prior: float, counted: int) -> int:
    """The model's own tokens for a view of so many o200k tokens.

    A view as long as the last one takes what that one took: what the count leaves out, such as the frame around
    messages, is in it. A longer view adds the factor's share to that, a shorter one takes its part of it.
    """
    each = factor(known, prior)
    if not known.samples:
        return round(counted * each)
    last = known.samples[-1]
    odd = last.prompt - each * last.counted
    odd = max(-PULL * each * last.counted, min(PULL * each * last.counted, odd))
    return round(each * counted + odd * min(1.0, counted / last.counted))


def _middle(values: Sequence[float]) -> float:
    """The median."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
