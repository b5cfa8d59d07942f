"""A series is the tuple of its elements, however it grew and whatever grew beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.append_list import PersistentList

# What is done to one of the series made so far: which one, what, and with which element.
MOVES = st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.integers(0, 3)), max_size=30)


@given(MOVES)
def test_each_of_a_family_of_series_keeps_its_own_elements(moves: list[tuple[int, bool, int]]) -> None:
    made: list[tuple[PersistentList[int], tuple[int, ...]]] = [(PersistentList(), ())]
    for which, grows, element in moves:
        series, plain = made[which % len(made)]
        if grows or not plain:
            made.append((series.append(element), (*plain, element)))
        else:
            made.append((series.with_last(element), (*plain[:-1], element)))
    for series, plain in made:
        assert tuple(series) == plain
        assert tuple(reversed(series)) == plain[::-1]
        assert len(series) == len(plain)
        assert series == PersistentList(plain)
        assert hash(series) == hash(PersistentList(plain))
        assert [series[place] for place in range(-len(plain), len(plain))] == [*plain, *plain]
        assert [series.since(place) for place in range(len(plain) + 1)] == [plain[n:] for n in range(len(plain) + 1)]
        assert (series[1:], series[:-1], series[::2]) == (plain[1:], plain[:-1], plain[::2])
        for other, its in made:
            if series.grew_from(other):
                assert plain[: len(its)] == its


def test_one_that_grew_from_another_says_so() -> None:
    first = PersistentList([object()])
    second = first.append(object())
    assert second.append(object()).grew_from(first)
    assert first.grew_from(first)
    assert not first.grew_from(second)
    assert not second.grew_from(first.with_last(object()))


def test_nothing_stands_outside_a_series() -> None:
    for place in (1, -2):
        with pytest.raises(IndexError):
            PersistentList([1])[place]
    with pytest.raises(IndexError):
        PersistentList[int]().with_last(1)
