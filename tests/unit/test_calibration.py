"""How the meter learns a model's tokens from its bills."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.events import CallBilled, Purpose
from throughline.domain.session import fold
from throughline.domain.usage import FAR, PULL, SMALL, STEP, Calibration, calibrated_tokens, factor, learn
from unit.event_logs import STARTED
from unit.event_logs import log as logged

PRIOR = 1.6


def after(*calls: tuple[int, int]) -> Calibration:
    """What is known after calls of so many counted and so many billed tokens."""
    known = Calibration()
    for counted, prompt in calls:
        known = learn(known, counted, prompt)
    return known


def steady(ratio: float, calls: int, size: int = 10_000) -> list[tuple[int, int]]:
    return [(size + 500 * n, round((size + 500 * n) * ratio)) for n in range(calls)]


def test_without_a_call_the_family_speaks() -> None:
    assert factor(Calibration(), PRIOR) == pytest.approx(PRIOR)
    assert calibrated_tokens(Calibration(), PRIOR, 1_000) == 1_600


@pytest.mark.parametrize("ratio", [1.05, 1.2, 1.45, 1.6, 1.8, 2.3])
def test_after_a_few_calls_the_estimate_is_the_calls_own(ratio: float) -> None:
    assert factor(after(*steady(ratio, 8)), PRIOR) == pytest.approx(ratio, rel=0.02)
    for calls in range(1, 8):
        (counted, prompt) = steady(ratio, calls)[-1]
        known = after(*steady(ratio, calls))
        assert calibrated_tokens(known, PRIOR, counted) == pytest.approx(prompt, rel=0.03 if 1.2 <= ratio <= 2 else 0.2)


@pytest.mark.parametrize(
    ("counted", "prompt"), [(0, 900), (SMALL - 1, 300), (10_000, 12), (10_000, 0), (1_000, 4_001), (1_000, 499)]
)
def test_a_figure_that_says_nothing_is_not_heard(counted: int, prompt: int) -> None:
    assert after((counted, prompt)) == Calibration()


def test_one_odd_figure_among_many_hardly_moves_the_factor() -> None:
    calls = [*steady(1.5, 8), (20_000, 70_000), *steady(1.5, 2)]
    before = factor(after(*calls[:8]), PRIOR)
    for heard in (9, 10, 11):
        assert factor(after(*calls[:heard]), PRIOR) == pytest.approx(before, rel=0.01)


def test_what_the_count_leaves_out_is_in_the_estimate() -> None:
    # A frame of 3,000 tokens around a view that the tokenizer counts at 1.5.
    calls = [(size, round(1.5 * size + 3_000)) for size in range(20_000, 30_000, 1_000)]
    known = after(*calls)
    assert calibrated_tokens(known, PRIOR, 29_000) == 46_500
    assert calibrated_tokens(known, PRIOR, 30_000) == pytest.approx(48_000, rel=0.005)
    assert calibrated_tokens(known, PRIOR, 5_000) < 10_500, "after a compaction, too"


def test_it_is_folded_from_the_log_by_model_and_from_chat_alone() -> None:
    def billed(purpose: Purpose, model: str, prompt: int, counted: int) -> CallBilled:
        return CallBilled(purpose, model, prompt - 700, 5, 500, 200, None, 1.0, counted)

    events = (
        STARTED,
        billed("chat", "a", 15_000, 10_000),
        billed("merge", "a", 40_000, 10_000),
        billed("chat", "b", 12_000, 10_000),
        billed("chat", "a", 16_000, 0),
        billed("chat", "a", 30_000, 20_000),
    )
    session = fold(logged(*events))
    assert session.calibrations == {
        "a": after((10_000, 15_000), (20_000, 30_000)),
        "b": after((10_000, 12_000)),
    }
    log_so_far = logged(*events)
    assert fold(log_so_far[3:], fold(log_so_far[:3])).calibrations == session.calibrations


counts = st.integers(SMALL, 300_000)
calls = st.lists(counts.flatmap(lambda counted: st.tuples(st.just(counted), st.integers(0, 5 * counted))), max_size=40)
priors = st.floats(1.0, 2.0)


@pytest.mark.slow
@given(calls, priors)
def test_the_factor_stays_between_what_was_said_and_moves_by_small_steps(
    given: list[tuple[int, int]], prior: float
) -> None:
    known = Calibration()
    for counted, prompt in given:
        before, known = known, learn(known, counted, prompt)
        heard = [one.prompt / one.counted for one in known.samples]
        now = factor(known, prior)
        assert min([prior, *heard]) * 0.999 <= now <= max([prior, *heard]) * 1.001
        assert prior / FAR * 0.999 <= now <= prior * FAR * 1.001
        if len(known.samples) < 16:  # From then on the oldest is forgotten, too.
            assert abs(log(now / factor(before, prior))) <= STEP + 1e-9


@pytest.mark.slow
@given(calls, priors, counts)
def test_an_estimate_is_never_far_from_the_factors(given: list[tuple[int, int]], prior: float, counted: int) -> None:
    known = after(*given)
    plain = counted * factor(known, prior)
    assert (1 - PULL) * plain - 1 <= calibrated_tokens(known, prior, counted) <= (1 + PULL) * plain + 1


@pytest.mark.slow
@given(calls, priors, counts, counts)
def test_a_longer_view_never_takes_less(given: list[tuple[int, int]], prior: float, one: int, other: int) -> None:
    known = after(*given)
    assert calibrated_tokens(known, prior, min(one, other)) <= calibrated_tokens(known, prior, max(one, other)) + 1
