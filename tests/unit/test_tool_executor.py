"""The tool executor's memory between calls: a model that goes in circles, and one that calls what there is not."""

from __future__ import annotations

import pytest

from throughline.agent.tool_executor import FAILING, PATIENCE, SAME, LoopDetector, NoTools
from throughline.domain.events import ToolCalled, ToolReturned
from unit.session_harness import ApproximateTokens, MemoryLog

# A call: its turn, its argument, and what came of it; an error where it begins with "!".
Call = tuple[int, str, str]
FAILED, SAID = (1, "a", "!no"), (1, "a", "the same")
CIRCLES: list[tuple[str, list[Call], bool]] = [
    ("as often as it may fail", [FAILED] * (FAILING - 1), False),
    ("once more", [FAILED] * FAILING, True),
    ("it fails in other words", [(1, "a", f"!no {n}") for n in range(FAILING)], True),
    ("another call in between", [*[FAILED] * (FAILING - 1), (1, "b", "!no"), FAILED], False),
    ("it went well in between", [*[FAILED] * (FAILING - 1), SAID, FAILED], False),
    ("the user has spoken in between", [*[FAILED] * (FAILING - 1), *[(2, "a", "!no")] * (FAILING - 1)], False),
    ("the same result", [SAID] * SAME, True),
    ("one less of them", [SAID] * (SAME - 1), False),
    ("a result that moves on", [(1, "a", f"line {n}") for n in range(3 * SAME)], False),
    ("the same result over two turns", [*[SAID] * (SAME - 1), *[(2, "a", "the same")] * (SAME - 1)], False),
]


@pytest.mark.parametrize(("calls", "stopped"), [row[1:] for row in CIRCLES], ids=[row[0] for row in CIRCLES])
def test_a_model_is_stopped_where_it_makes_no_way(calls: list[Call], stopped: bool) -> None:
    detector = LoopDetector()
    said = [
        detector.check(
            ToolCalled(turn, f"c{place}", "read_file", {"path": path}, 1),
            ToolReturned(turn, f"c{place}", text, 1, error=text.startswith("!")),
        )
        for place, (turn, path, text) in enumerate(calls)
    ]
    assert not any(said[:-1])
    assert bool(said[-1]) == stopped


@pytest.mark.parametrize(("turns", "stopped"), [([1] * PATIENCE, True), ([1, 1, 2, 2], False), ([1, 2, 2, 2], True)])
async def test_calls_without_tools_are_refused_so_often_in_one_turn(turns: list[int], stopped: bool) -> None:
    tools, outcome = NoTools(ApproximateTokens()), None
    for place, turn in enumerate(turns):
        outcome = await tools.run(turn, [ToolCalled(turn, f"c{place}", "read", {}, 1)], MemoryLog())
        (result,) = outcome.items
        assert isinstance(result, ToolReturned)
        assert result.error
    assert outcome is not None
    assert outcome.hand_back == stopped
