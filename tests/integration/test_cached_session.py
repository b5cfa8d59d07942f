"""What a whole session reads from a server's cache, beside what we predict of its views."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import pytest
from attrs import evolve, frozen

from throughline.domain.events import CallBilled, Compacted, CompactionUndone, Masked, SessionStarted
from throughline.domain.ports import CallPiece, Piece, Request, UsagePiece
from throughline.domain.settings import Hour, Settings
from throughline.domain.usage import Usage
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.llm.prompt_cache_model import PromptCacheModel
from throughline.session.live_session import LiveSession
from throughline.testing.messages_server import MessagesServer, ScriptedReply, ServerConditions
from throughline.testing.provider_contract import Prefixes
from throughline.testing.scripted_replies import Json
from unit.contracts import CONTRACTS, NEWEST, OLDER
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness


class Watched:
    """Passes requests on, and keeps for each what was predicted and what the server said."""

    def __init__(self, model: Anthropic, cache: PromptCacheModel, sizes: dict[str, int]) -> None:
        self.calls: list[tuple[Usage, Usage]] = []
        self._sizes = sizes  # By text, so that the server counts as the view does.
        self._model = model
        self._cache = cache

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        self._sizes.update({block.text: block.tokens for block in request.view.blocks})
        predicted = self._cache.usage(request.view, 0)
        async for piece in self._model.stream(request):
            if isinstance(piece, UsagePiece) and piece.usage.output == 1:
                self.calls.append((predicted, piece.usage))
            yield piece

    def suggestion(self, said: Sequence[str]) -> str:  # noqa: ARG002
        return ""


def sized(piece: Json, sizes: dict[str, int]) -> int:
    match piece["type"]:
        case "text":
            return sizes.get(piece["text"], 0)
        case "tool_use":
            return sizes[json.dumps(piece["input"])]
        case _:
            return sizes[piece["content"]]


@frozen
class Pause:
    seconds: float


@frozen
class Say:
    """A turn of so many calls, one after another or all at once, each with a result of so many words."""

    calls: int = 0
    words: int = 0
    at_once: bool = False


STORY = (
    Say(), Say(calls=2, words=400), Pause(200), Say(calls=9, words=300), Say(calls=25, words=40, at_once=True),
    Say(calls=12, words=30, at_once=True), Pause(299), Say(calls=1, words=500), Say(), Say(calls=3, words=900),
    Pause(400), Say(calls=2, words=100), Say(calls=4, words=700), Say(), Pause(2_000), Say(calls=2, words=50), Say(),
)  # fmt: skip


async def played(
    settings: Settings, hour: Hour, minimum: int, model: str
) -> tuple[Watched, SessionHarness, LiveSession]:
    """The story through the SDK and a server whose cache is its own. What the newest models say before a call is
    thinking, which leaves the view with its turn: they say nothing there.
    """
    harness, replies, results = SessionHarness("## Project Archive: toolshed\n\nBe kind.\n"), [], {}
    for number, step in enumerate(step for step in STORY if isinstance(step, Say)):
        calls = tuple(CallPiece(f"c{number}-{n}", "read", {"path": f"{number}/{n}.py"}) for n in range(step.calls))
        results.update({call.id: f"{call.id} " + "word " * step.words for call in calls})
        groups = [calls] if step.at_once else [(call,) for call in calls]
        text = f"I look ({number})." if model == OLDER else ""
        replies += [ScriptedReply(text=text, calls=group) for group in groups if group]
        replies.append(
            ScriptedReply(text=f"Done with step {number}. [DECISION]: Step {number} stays because it works.")
        )
    sizes: dict[str, int] = {}
    cache = Prefixes(harness.clock.now, lambda piece: sized(piece, sizes), minimum)
    async with MessagesServer(replies, ground=ServerConditions(cache=cache)) as fake:
        link = Anthropic(Credentials("key", fake.url), hour=lambda _: hour)
        watched = Watched(link, PromptCacheModel(harness.clock, 1.0, hour, minimum), sizes)
        config = evolve(harness.config(watched, results), name=model)
        begun: SessionStarted = evolve(STARTED, model=model)
        live = await LiveSession.start(harness.ports, config, settings, begun)
        for number, part in enumerate(STORY):
            if isinstance(part, Pause):
                harness.clock.time += part.seconds
                continue
            await live.send(f"Go on with step {number}, please.")
            await live.idle()
            if number == 12 and live.session.through:
                await live.undo()
        await live.close()
        await link.close()
    return watched, harness, live


@pytest.mark.parametrize(
    ("hour", "minimum", "model"),
    [("never", 0, OLDER), ("stable", 0, OLDER), ("stable", 0, NEWEST), ("always", 1_024, NEWEST)],
)
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(Settings(strategy="full"), id="full history"),
        pytest.param(Settings(window=4, batch=1_500, fresh=500, trimmed=200), id="masked and compacted"),
        pytest.param(Settings(window=100, share=2.0, batch=600, fresh=200, cold=1e9), id="masked alone"),
    ],
)
async def test_a_session_reads_from_the_cache_what_we_predict(
    settings: Settings, hour: Hour, minimum: int, model: str
) -> None:
    watched, harness, live = await played(settings, hour, minimum, model)
    assert [told for _, told in watched.calls] == [
        Usage(one.input, 1, one.cache_read, one.cache_write, one.hour) for one, _ in watched.calls
    ]
    kinds = {event.kind for event in harness.heard.events}
    if settings.strategy != "full":
        assert Masked.kind in kinds
    if settings.window == 4:
        assert {Compacted.kind, CompactionUndone.kind} <= kinds
    total = live.session.bill.total
    assert total.calls == len(watched.calls) > 30
    assert total.cache_read > total.cache_write + total.input, "most of what is sent is read"
    assert not any(isinstance(event, CallBilled) and event.dollars is None for event in harness.heard.events)


@CONTRACTS
async def test_a_warm_call_writes_only_what_is_new(model: str) -> None:
    watched, _, _ = await played(Settings(strategy="full"), "always", 0, model)
    sent = 0
    for _, told in watched.calls:
        assert told.cache_read == sent
        sent = told.cache_read + told.cache_write
        assert told.input == 0
