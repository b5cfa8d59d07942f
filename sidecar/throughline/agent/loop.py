"""One turn: call the model, run the tools it asked for, until it hands back."""

from __future__ import annotations

import json
from typing import Protocol

from attrs import frozen

from throughline.core.events import CallBilled, Event, Purpose, Replied, ToolCalled
from throughline.core.ports import (
    CallPiece,
    Clock,
    EndPiece,
    Model,
    ModelError,
    Prices,
    Request,
    TextPiece,
    Toolbox,
    UsagePiece,
)
from throughline.core.usage import Usage, dollars
from throughline.core.view import View


class Desk(Protocol):
    """What the loop needs of the session's owner."""

    async def prepare(self) -> View:
        """The view of the next call, compressed first where that is due."""
        ...

    async def record(self, *events: Event) -> None:
        """Keeps events; when it returns they are durable."""
        ...

    def streamed(self, turn: int, text: str) -> None:
        """Shows text that is not yet an event."""
        ...

    def count(self, text: str) -> int:
        """Tokens by o200k."""
        ...


@frozen
class Summariser:
    """The model that summarises, its name, and the prompts that it works by: one for compacting, and one for
    `distilling`, without which it is not asked about the archive.
    """

    model: Model
    name: str
    prompt: str
    distilling: str = ""


@frozen
class Crew:
    """Who answers and who acts: the model with its name and prices, the tools, and the time.

    `recorded` says that a recording answers; without a summariser the local rules alone summarise, and without a
    commenter skeletons have the comments of their files alone.
    """

    model: Model
    name: str
    prices: Prices
    tools: Toolbox
    clock: Clock
    recorded: bool = False
    summariser: Summariser | None = None
    commenter: Summariser | None = None


async def run(desk: Desk, crew: Crew, turn: int) -> None:
    """Plays a turn whose words are already in the log. Raises ModelError; what came before it is recorded."""
    while True:
        view = await desk.prepare()
        calls = await _ask(desk, crew, turn, view)
        outcome = await crew.tools.run(turn, calls)
        await desk.record(*outcome.items)
        if outcome.hand_back:
            return


async def _ask(desk: Desk, crew: Crew, turn: int, view: View) -> tuple[ToolCalled, ...]:
    """One call to the model; each finished block of its reply is recorded as it comes."""
    text: list[str] = []
    calls: list[ToolCalled] = []
    used: Usage | None = None
    ended = False

    async def close(*, partial: bool = False) -> None:
        whole = "".join(text)
        text.clear()
        if whole:
            await desk.record(Replied(turn, whole, desk.count(whole), partial))

    began, tools = crew.clock.now(), crew.tools.offered()
    request = Request("chat", crew.name, view, tools)
    counted = view.tokens + sum(desk.count(tool.text) for tool in tools)
    try:
        async for piece in crew.model.stream(request):
            match piece:
                case TextPiece():
                    text.append(piece.text)
                    desk.streamed(turn, piece.text)
                    if piece.last:
                        await close()
                case CallPiece():
                    await close()
                    tokens = desk.count(json.dumps(piece.args))
                    calls.append(ToolCalled(turn, piece.id, piece.tool, piece.args, tokens))
                    await desk.record(calls[-1])
                case UsagePiece():
                    used = piece.usage
                case EndPiece(reason=reason):
                    await close(partial=reason == "max_tokens")
                    await desk.record(billed(crew, "chat", crew.name, piece.usage, began, counted))
                    used, ended = None, True
        if not ended:
            raise ModelError("The reply broke off before its end: send the message again.")
    except BaseException:
        # Whatever cut the reply off, what has come of it stays, and is paid for.
        await close(partial=True)
        if used is not None:
            await desk.record(billed(crew, "chat", crew.name, used, began, counted))
        raise
    return tuple(calls)


def billed(crew: Crew, purpose: Purpose, model: str, usage: Usage, began: float, counted: int = 0) -> CallBilled:
    """What a request cost, by the crew's prices; `counted` is what was sent, in o200k tokens."""
    price = crew.prices.price(model, usage.prompt)
    return CallBilled(
        purpose,
        model,
        usage.input,
        usage.output,
        usage.cache_read,
        usage.cache_write,
        dollars(usage, price) if price else None,
        began,
        counted,
        usage.hour,
    )
