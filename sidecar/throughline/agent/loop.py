"""One turn: call the model, run the tools it asked for, until it hands back."""

from __future__ import annotations

import json
from typing import Protocol

from attrs import frozen

from throughline.core.events import CallBilled, Event, Purpose, Replied, ToolCalled
from throughline.core.ports import CallPiece, Clock, EndPiece, Model, ModelError, Prices, Request, TextPiece, Toolbox
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
    ended = False

    async def close(*, partial: bool = False) -> None:
        whole = "".join(text)
        text.clear()
        if whole:
            await desk.record(Replied(turn, whole, desk.count(whole), partial))

    began = crew.clock.now()
    request = Request("chat", crew.name, view, crew.tools.offered())
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
                case EndPiece(reason=reason):
                    await close(partial=reason == "max_tokens")
                    await desk.record(billed(crew, "chat", crew.name, piece.usage, began))
                    ended = True
    except BaseException:
        # Whatever cut the reply off, what has come of it stays.
        await close(partial=True)
        raise
    if not ended:
        await close(partial=True)
        raise ModelError("The reply broke off before its end: send the message again.")
    return tuple(calls)


def billed(crew: Crew, purpose: Purpose, model: str, usage: Usage, began: float) -> CallBilled:
    """What a request cost, by the crew's prices."""
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
    )
