"""Strategies to compare with: other ways to make the view of the next call from the whole history."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from throughline.context.assemble import result_stub
from throughline.domain.events import ToolCalled, ToolReturned
from throughline.domain.settings import Strategy
from throughline.domain.view import Block, View

# What the literature on masking keeps: so many tool results.
RESULTS = 10
# What a plain window holds, in o200k tokens.
WINDOW = 40_000


def apply_strategy(view: View, strategy: Strategy) -> View:
    """The view as a strategy sends it."""
    return _SHAPES[strategy](view)


def sliding_masking(view: View, results: int = RESULTS) -> View:
    """Every turn, but only the newest `results` tool results verbatim; the others are stubs.

    What lies before the newest stub stays as it is, so the cache gets a breakpoint there: without one, masking would
    pay for nearly the whole of it in each call.
    """
    shown = [block for block in view.blocks if block.content == "result"]
    old = {id(block) for block in shown[: max(0, len(shown) - results)]}
    calls = {block.id: block for block in view.blocks if block.content == "call"}
    blocks = [_stub(block, calls.get(block.id)) if id(block) in old else block for block in view.blocks]
    if old:
        newest = max(place for place, block in enumerate(view.blocks) if id(block) in old)
        blocks[newest] = evolve(blocks[newest], cached=True)
    return View(tuple(blocks))


def sliding_window(view: View, tokens: int = WINDOW) -> View:
    """What is stable, and the newest blocks that fit into so many tokens; the newest one is always there.

    A result whose call no longer fits goes with it, and all that comes before.
    """
    stable = [block for block in view.blocks if block.place in ("system", "archive")]
    turns = view.blocks[len(stable) :]
    kept = len(turns)
    while kept and (kept == len(turns) or turns[kept - 1].tokens <= tokens):
        kept -= 1
        tokens -= turns[kept].tokens
    return View((*stable, *_paired(turns[kept:])))


def _paired(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The longest end of some blocks, one at least, in which every result has its call."""
    while len(blocks) > 1:
        calls = {block.id for block in blocks if block.content == "call"}
        alone = [place for place, block in enumerate(blocks) if block.content == "result" and block.id not in calls]
        if not alone:
            break
        blocks = blocks[min(alone[-1] + 1, len(blocks) - 1) :]
    return blocks


def _whole(view: View) -> View:
    return view


def _stub(block: Block, call: Block | None) -> Block:
    result = ToolReturned(0, block.id, block.text, block.tokens, block.error)
    called = ToolCalled(0, call.id, call.tool, call.args or {}, call.tokens) if call else None
    stub = result_stub(result, called)
    size = len(stub) // 3
    return evolve(block, text=stub, tokens=size) if size < block.tokens else block


_SHAPES: dict[Strategy, Callable[[View], View]] = {
    "throughline": _whole,
    "full": _whole,
    "masking": sliding_masking,
    "window": sliding_window,
}
