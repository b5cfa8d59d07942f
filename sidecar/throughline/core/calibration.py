"""How many of a model's own tokens a view takes, learnt from what its provider billed for the views before."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from attrs import evolve, frozen

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


def estimate(known: Calibration, prior: float, counted: int) -> int:
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
