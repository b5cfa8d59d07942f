"""Context usage: what is remembered of views that were measured, and of the tools that go along."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from throughline.domain.events import ToolCalled
from throughline.domain.ports import Log, Outcome, Piece, Request, Tool
from throughline.domain.view import Block, View
from throughline.session.actor import Journal
from throughline.session.context_usage import KEPT, ContextUsage
from throughline.testing.scripted import ScriptedModel
from unit.event_logs import count, session
from unit.session_harness import SessionHarness


class CountingModel:
    """Says how many tokens a view takes, and keeps which it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def count(self, request: Request) -> int:
        self.asked.append(request.view.blocks[0].text)
        return 150_000

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        async for piece in ScriptedModel([]).stream(request):
            yield piece

    def suggestion(self, said: Sequence[str]) -> str:  # noqa: ARG002
        return ""


class ChangingTools:
    """Offers what it holds now."""

    def __init__(self) -> None:
        self.tools: tuple[Tool, ...] = ()

    def offered(self) -> tuple[Tool, ...]:
        return self.tools

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        return Outcome((), hand_back=True)


def meter(model: CountingModel, tools: ChangingTools | None = None) -> ContextUsage:
    harness = SessionHarness()
    return ContextUsage(harness.config(model, tools=tools), Journal(harness.ports, session()), count)


def large(name: str) -> View:
    """A view near the limit."""
    return View((Block("turn", "user", name, 190_000),))


async def test_the_provider_is_asked_once_for_each_of_the_last_views() -> None:
    model = CountingModel()
    usage = meter(model)
    names = [f"view {n}" for n in range(KEPT)]
    for name in (*names, *names):
        await usage.ask(large(name))
    assert model.asked == names
    assert usage.tokens(large("view 0")) == 150_000
    await usage.ask(large("another"))
    # What it took the place of is not remembered for ever.
    await usage.ask(large("view 0"))
    await usage.ask(large("view 7"))
    assert model.asked == [*names, "another", "view 0"]


def test_tools_that_are_offered_anew_are_weighed_anew() -> None:
    tools = ChangingTools()
    usage = meter(CountingModel(), tools)
    view = large("view")
    before = usage.room(view, 1)
    tools.tools = (Tool("read_file", "Reads a file. " * 100, {}),)
    assert usage.tools == count(tools.tools[0].text)
    assert usage.room(view, 1) < before - usage.tools // 2
    tools.tools = ()
    assert (usage.tools, usage.room(view, 1)) == (0, before)
