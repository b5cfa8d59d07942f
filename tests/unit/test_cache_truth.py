"""The provider's cache over a long session with thinking: what is written to it is new, or the bill says why not."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from attrs import evolve, frozen

from throughline.domain.events import CallBilled, Compacted, Event, Masked, SessionStarted
from throughline.domain.ports import CallPiece
from throughline.domain.settings import Settings
from throughline.domain.usage import LEAST_REWRITE, explain_rewrite
from throughline.llm.anthropic import Anthropic
from throughline.llm.catalogue import load_prices
from throughline.llm.credentials import Credentials
from throughline.session.live_session import LiveSession
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.provider_contract import Prefixes, ProviderContract, rough
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness

KEY = "made-up-key"
WORDS = ("handler", "token", "cache", "route", "module", "schema", "column", "client", "queue", "retry", "limit")
STEPS = 5


@frozen
class CacheReport:
    """What the cache took over one session, in the model's own tokens: all that was `written`, what of it the calls
    before had sent already, and what of that the bill does not explain; the calls that paid again although no event
    and no pause says why, what thinking was sent of turns that had ended, and the sum in dollars.
    """

    written: int
    rewritten: int
    unexplained: int
    own_misses: int
    kept_thoughts: int
    dollars: float


def said(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(WORDS, k=words)).capitalize() + "."


async def report(model: str, turns: int, calls: int, pause: int) -> CacheReport:
    """A session of so many turns through the real SDK, each of so many calls with thinking; after each fifth turn the
    user comes back after so many seconds.
    """
    rng, harness, script = random.Random(7), SessionHarness(), list[ScriptedReply]()
    results: dict[str, str] = {}
    for turn in range(turns):
        for n in range(calls):
            name = f"c{turn}-{n}"
            results[name] = said(rng, rng.choice((40, 200, 900)))
            piece = CallPiece(name, "read_file", {"path": f"{n}.py"})
            script.append(ScriptedReply(said(rng, 20), (piece,), thinking=said(rng, 60)))
        script.append(ScriptedReply(said(rng, 80)))
    cache = Prefixes(harness.clock.now, rough, None)
    async with MessagesServer(script, ground=ServerConditions(cache, contract=ProviderContract())) as fake:
        link = Anthropic(Credentials(KEY, fake.url), retries=0)
        config = evolve(harness.config(link, results), name=model, prices=load_prices())
        begun: SessionStarted = evolve(STARTED, model=model, limit=1_000_000)
        live = await LiveSession.start(harness.ports, config, Settings(model=model), begun)
        for turn in range(turns):
            await live.send(said(rng, 30))
            await live.idle()
            harness.clock.put(harness.clock.time + (pause if turn % STEPS == STEPS - 1 else 40))
        await live.close()
        await link.close()
        assert len(fake.requests) >= len(script), "nothing was refused"
        kept = sum(_past_thoughts(one.body["messages"]) for one in fake.requests if "messages" in one.body)
    return _added_up(harness.heard.events, kept)


def _past_thoughts(messages: list[dict[str, object]]) -> int:
    """How many blocks of thinking stand before the last words of the user."""
    asked = [
        place
        for place, one in enumerate(messages)
        if one["role"] == "user" and any(piece["type"] == "text" for piece in one["content"])  # type: ignore[attr-defined]
    ]
    before = messages[: asked[-1]] if asked else []
    return sum(piece["type"] == "thinking" for one in before for piece in one["content"])  # type: ignore[attr-defined]


def _added_up(events: list[Event], kept: int) -> CacheReport:
    places = [place for place, one in enumerate(events) if isinstance(one, CallBilled) and one.purpose == "chat"]
    bills = [one for one in events if isinstance(one, CallBilled) and one.purpose == "chat"]
    unexplained = own = 0
    for (was, now), call in zip(pairwise(places), bills[1:], strict=True):
        if call.rewritten < LEAST_REWRITE:
            continue
        why = explain_rewrite(call)
        unexplained += call.rewritten if not why or why.startswith("the cache did not have it") else 0
        named = any(isinstance(one, Masked | Compacted) for one in events[was:now])
        own += not named and "expired" not in why
    return CacheReport(
        sum(one.cache_write for one in bills),
        sum(min(one.rewritten, one.cache_write) for one in bills),
        unexplained,
        own,
        kept,
        sum(one.dollars or 0.0 for one in bills),
    )


@pytest.mark.slow
@pytest.mark.parametrize("pause", [200, 900], ids=["no pause is long", "the cache expires"])
@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-sonnet-4-5"])
async def test_what_is_written_to_the_cache_is_new_or_the_bill_says_why(model: str, pause: int) -> None:
    found = await report(model, 15, 4, pause)
    assert found.written > 10_000
    assert found.unexplained <= 0.05 * found.written
    assert found.own_misses == 0
    assert found.kept_thoughts > 0
