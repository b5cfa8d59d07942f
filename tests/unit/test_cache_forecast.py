"""What is said before a message that pays again for what the provider had cached: when, how much, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve

from throughline.domain.cache_forecast import CacheForecast, cache_forecast, cold_cache, cost_warning
from throughline.domain.events import CallBilled, Compacted, Event, Masked, RoleAndModelChanged, UserMessage
from throughline.domain.ports import CallPiece
from throughline.domain.session import Session, fold
from throughline.domain.settings import Settings, session_settings
from throughline.domain.usage import Price, Usage
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.session.live_session import LiveSession
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.provider_contract import Prefixes
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED, done, log, replied, session, spoke
from unit.session_harness import ApproximateTokens, SessionHarness

MODEL = "claude-sonnet-5-5"
PRICE = Price(2, 10, 2.5, 0.1, 4)
AT = 10_000.0
CALL = CallBilled("chat", MODEL, 0, 50, 200_000, 14_000, 0.1, began=AT)
MINUTE, HOUR = 60.0, 3_600.0


def called(*more: Event) -> Session:
    return session(spoke(1, "Go."), CALL, replied(1, "Done."), done(1), *more)


@pytest.mark.parametrize(
    ("late", "why", "again"),
    [
        (-1.0, "", 1.0),
        (0.0, "", 1.0),
        (30.0, "the cache has just expired", 60.0),
        (6 * MINUTE, "the cache expired 6 minutes ago", 30.6),
        (50 * MINUTE, "the cache expired 50 minutes ago", 30.6),
        (3 * HOUR, "the cache expired 3 hours ago", 0.51 * HOUR),
        (72 * HOUR, "the cache expired 3 days ago", None),
    ],
)
def test_time_lets_the_cache_go_cold(late: float, why: str, again: float | None) -> None:
    now = AT + 300 + late
    cold = cold_cache(called(), MODEL, Settings(), PRICE, now)
    assert cold.why == why
    assert cold.until == (None if again is None else pytest.approx(now + again - min(late, 0.0)))


@pytest.mark.parametrize(
    ("event", "model", "why"),
    [
        (None, MODEL, ""),
        (None, "claude-haiku-5-5", "the model was changed"),
        (RoleAndModelChanged("qa", MODEL, 200_000), MODEL, "the role was changed"),
        (RoleAndModelChanged("engineer", MODEL, 200_000), MODEL, ""),
    ],
)
def test_another_model_or_role_finds_nothing_cached(event: Event | None, model: str, why: str) -> None:
    now = called(*([event] if event else []))
    assert cold_cache(now, model, Settings(), PRICE, AT + 1).why == why


def test_before_the_first_call_there_is_nothing_to_pay_again() -> None:
    assert cold_cache(session(spoke(1, "Go.")), MODEL, Settings(), PRICE, AT + HOUR).why == ""


@pytest.mark.parametrize(
    ("hour", "late", "price", "tokens", "dollars"),
    [
        # Tools, system prompt and archive are kept for an hour.
        ("stable", 6 * MINUTE, PRICE, 194_000, 194_000 * 2.5 / 1e6),
        ("stable", 2 * HOUR, PRICE, 214_000, (194_000 * 2.5 + 20_000 * 4) / 1e6),
        ("never", 6 * MINUTE, evolve(PRICE, hour=None), 214_000, 214_000 * 2.5 / 1e6),
        # Nobody asks for an hour whose price is not known.
        ("stable", 6 * MINUTE, evolve(PRICE, hour=None), 214_000, 214_000 * 2.5 / 1e6),
        ("stable", 2 * HOUR, None, 214_000, None),
        ("stable", 2 * HOUR, Price(2, 10), 214_000, None),
        ("always", 6 * MINUTE, PRICE, 0, None),
    ],
)
def test_a_message_pays_what_is_cold_by_the_price_of_a_write(
    hour: Any, late: float, price: Price | None, tokens: int, dollars: float | None
) -> None:
    settings = session_settings(evolve(Settings(), hour=hour))
    cold = cold_cache(called(), MODEL, settings, price, AT + 300 + late)
    made = cache_forecast(cold, CALL.cached, 20_000, 210_000, price)
    assert (made.tokens, made.dollars) == (tokens, None if dollars is None else pytest.approx(dollars))


@pytest.mark.parametrize(
    ("forecast", "least", "said"),
    [
        (CacheForecast(214_000, 0.535, "the cache expired 6 minutes ago"), 0.25, "about $0.54: the cache expired"),
        (CacheForecast(90_000, 0.249, "the cache expired 6 minutes ago"), 0.25, ""),
        (CacheForecast(214_000, 0.535, "the model was changed"), 0.0, ""),
        (CacheForecast(214_000, None, "the model was changed"), 5.0, "pays 214K tokens again: the model was changed."),
        (CacheForecast(99_999, None, "the model was changed"), 0.01, ""),
        (CacheForecast(), 0.01, ""),
    ],
)
def test_only_what_is_dear_is_worth_a_word(forecast: CacheForecast, least: float, said: str) -> None:
    line = cost_warning(forecast, least)
    assert said in line
    assert bool(line) is bool(said)


# What is said, with so many words of a tool's output in it, and how long nothing happens after it.
STORY = [(400, 10.0), (900, 500.0), (300, 20.0), (700, 4_000.0), (100, 200.0), (600, 310.0), (0, 0.0)]


@pytest.mark.parametrize("hour", ["never", "stable"])
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(Settings(window=100, share=2.0, batch=10**9, strategy="full"), id="full history"),
        pytest.param(Settings(window=4, batch=1_500, fresh=500, trimmed=200), id="masked and compacted"),
    ],
)
async def test_what_is_said_beforehand_is_what_the_bill_says_after(hour: Any, settings: Settings) -> None:
    """Through the real SDK and a server with a cache of its own: the forecast beside what was written again."""
    harness, replies, results = SessionHarness("## Project Archive: toolshed\n\n" + "Be kind. " * 300), [], {}
    harness.ports = evolve(harness.ports, system="You are an engineer. " * 300)
    for number, (words, _) in enumerate(STORY):
        call = CallPiece(f"c{number}", "read", {"path": f"{number}.py"})
        results[call.id] = f"{call.id} " + "word " * words
        replies += [ScriptedReply(f"I look at {number}.", (call,)), ScriptedReply(f"Done with {number}.")]
    cache = Prefixes(harness.clock.now, lambda piece: ApproximateTokens().count(str(piece)), 0)
    forecasts: list[CacheForecast] = []
    async with MessagesServer(replies, ground=ServerConditions(cache=cache)) as fake:
        model = Anthropic(Credentials("key", fake.url), hour=lambda _: hour)
        chosen = evolve(settings, hour=hour)
        live = await LiveSession.start(harness.ports, harness.config(model, results), chosen, STARTED)
        for number, (_, pause) in enumerate(STORY):
            forecasts.append(live.forecast())
            await live.send(f"Go on with step {number}, please. " + "Mind the tests. " * 150)
            await live.idle()
            harness.clock.time += pause
        await live.close()
        await model.close()
    events = harness.heard.events
    for turn, forecast in enumerate(forecasts, 1):
        said, paid = first_call(events, turn)
        assert bool(forecast.tokens) == (paid.idle > 300)
        if forecast.tokens:
            again = paid.rewritten if settings.strategy == "full" else paid.cache_write + paid.input - said.tokens
            # What a compaction will leave is only estimated beforehand.
            assert forecast.tokens == pytest.approx(again, rel=0.35, abs=100)
    if settings.strategy != "full":
        assert any(isinstance(event, Compacted) for event in events)
        assert any(isinstance(event, Masked) for event in events)


def first_call(events: Sequence[Event], turn: int) -> tuple[UserMessage, CallBilled]:
    """The words that opened a turn, and its first call."""
    words = next(event for event in events if isinstance(event, UserMessage) and event.turn == turn)
    return words, next(event for event in events[events.index(words) :] if isinstance(event, CallBilled))


LONG = ScriptedReply("Done. " + "word " * 90_000, usage=Usage(output=9, cache_write=150_000))


async def test_a_session_says_it_after_the_pause_and_not_before_and_sends_all_the_same() -> None:
    harness = SessionHarness()
    model = ScriptedModel([LONG, ScriptedReply("Yes.", usage=Usage(cache_write=160_000))])
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(), STARTED)
    assert live.warning() == ""
    await live.send("Go.")
    await live.idle()
    assert live.warning() == ""
    said, until = live.warning_until()
    assert (said, until) == ("", harness.clock.time + 301)
    harness.clock.time += 300 + 6 * MINUTE
    assert live.warning().startswith("This message pays 150K tokens again, about $0.3")
    assert live.warning().endswith(": the cache expired 6 minutes ago.")
    await live.send("And?")
    await live.idle()
    assert live.warning() == ""
    await live.close()


async def test_it_is_said_after_a_resume_too_and_in_no_session_that_is_over() -> None:
    harness = SessionHarness()
    live = await LiveSession.start(harness.ports, harness.config(ScriptedModel([LONG])), Settings(), STARTED)
    await live.send("Go.")
    await live.idle()
    await live.close()
    harness.clock.time += 2 * HOUR
    live = await LiveSession.resume(harness.ports, harness.config(ScriptedModel([])), Settings(), "s")
    assert "the cache expired 2 hours ago" in live.warning()
    await live.close()
    silent = await LiveSession.resume(harness.ports, harness.config(ScriptedModel([])), Settings(cost_warning=0.0), "s")
    assert silent.warning() == ""
    await silent.end()
    await silent.close()
    live = await LiveSession.resume(harness.ports, harness.config(ScriptedModel([])), Settings(), "s")
    assert live.warning_until() == ("", None)
    await live.close()


def test_a_call_that_warms_the_cache_makes_it_warm() -> None:
    warmed = CallBilled("warm", MODEL, 0, 0, 0, 214_000, 0.5, began=AT + HOUR)
    now = called(warmed)
    assert cold_cache(now, MODEL, Settings(), PRICE, AT + HOUR + 10).why == ""
    assert (now.last_call, now.called_at) == (warmed, AT + HOUR)
    assert fold(log(STARTED, spoke(1, "a"), evolve(warmed, purpose="merge"))).last_call is None
