"""What Throughline is compared with: views made from the whole history, without any memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.context.strategies import apply_strategy, sliding_masking, sliding_window
from throughline.domain.events import Event
from throughline.domain.settings import Strategy
from throughline.domain.view import Block, Content, View
from unit.event_logs import done, event_sequences, events, replied, session, spoke, tool, view

THREE: tuple[Event, ...] = (
    spoke(1, "first words"),
    *tool(1, "a", 900, path="a.py"),
    *tool(1, "b", 900, path="b.py"),
    replied(1, "an answer"),
    done(1),
    spoke(2, "last words"),
    *tool(2, "c", 900, path="c.py"),
)


def said(made: View) -> list[str]:
    return [block.text for block in made.blocks if block.place == "turn" and block.content != "call"]


MASKED = "[masked: run {0}.py, 1 lines, 900 tokens; recall {0}]"
CASES = [
    ("all results", sliding_masking(view(session(*THREE)), 3), said(view(session(*THREE)))),
    (
        "the newest result",
        sliding_masking(view(session(*THREE)), 1),
        ["first words", MASKED.format("a"), MASKED.format("b"), "an answer", "last words", "result of c"],
    ),
    ("whatever fits", sliding_window(view(session(*THREE)), 9_000), said(view(session(*THREE)))),
    ("the newest that fit", sliding_window(view(session(*THREE)), 910), ["last words", "result of c"]),
    (
        "a result goes with its call",
        sliding_window(view(session(*THREE)), 1_812),
        ["an answer", "last words", "result of c"],
    ),
    ("the newest, however big", sliding_window(view(session(*THREE)), 1), ["result of c"]),
]


@pytest.mark.parametrize(("name", "made", "expected"), CASES, ids=[row[0] for row in CASES])
def test_a_baseline_shows(name: str, made: View, expected: list[str]) -> None:
    assert said(made) == expected


def test_masking_has_a_breakpoint_where_what_is_masked_ends() -> None:
    made = sliding_masking(view(session(*THREE)), 1)
    marked = [block.text for block in made.blocks if block.cached]
    assert marked[-2:] == [MASKED.format("b"), "result of c"]
    assert len(marked) <= 4


def test_where_calls_ran_side_by_side_none_of_their_results_is_left_alone() -> None:
    def block(content: Content, name: str) -> Block:
        return Block("turn", "user" if content == "result" else "assistant", name, 10, content, id=name)

    blocks = [block("call", "a"), block("call", "b"), block("result", "a"), block("result", "b"), block("text", "")]
    whole = View(tuple(blocks))
    kept = {tokens: sliding_window(whole, tokens).blocks for tokens in (50, 40, 20, 1)}
    assert kept == {50: tuple(blocks), 40: (blocks[4],), 20: (blocks[4],), 1: (blocks[4],)}


@pytest.mark.slow
@given(event_sequences(), st.integers(1, 5_000), st.integers(0, 4))
def test_what_is_stable_stays_and_no_result_loses_its_call(told: tuple, tokens: int, results: int) -> None:  # type: ignore[type-arg]
    whole = view(session(*events(told)[1:]))
    stable = [block for block in whole.blocks if block.place in ("system", "archive")]
    short, thin = sliding_window(whole, tokens), sliding_masking(whole, results)
    assert list(short.blocks[: len(stable)]) == stable
    turns = short.blocks[len(stable) :]
    assert turns == whole.blocks[len(whole.blocks) - len(turns) :]
    assert sum(block.tokens for block in turns) <= max(tokens, turns[-1].tokens if turns else 0)
    calls = {block.id for block in turns if block.content == "call"}
    assert len(turns) <= 1 or all(block.id in calls for block in turns if block.content == "result")
    assert len(thin.blocks) == len(whole.blocks)
    kept = [block for block in whole.blocks if block.content == "result"][-results or len(whole.blocks) :]
    assert all(block in thin.blocks for block in kept)
    assert thin.tokens <= whole.tokens


@pytest.mark.parametrize("strategy", ["throughline", "full"])
def test_the_others_send_the_view_as_it_is(strategy: Strategy) -> None:
    whole = view(session(*THREE))
    assert apply_strategy(whole, strategy) is whole
