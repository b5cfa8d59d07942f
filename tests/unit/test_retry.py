"""A turn that broke off goes on with the same words, once: whatever it failed with, by hand, and after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from throughline.context import policy
from throughline.domain.events import (
    AssistantMessage,
    CallBilled,
    Event,
    Logged,
    MessageQueued,
    Notice,
    Thought,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    TurnResumed,
    UserMessage,
)
from throughline.domain.ports import CallPiece, Model, Request
from throughline.domain.rules import RuleEvent
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.session.actor import RefusedError
from throughline.session.live_session import LiveSession
from throughline.storage.in_memory import MemoryStore
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.provider_contract import ProviderContract
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import Json, ScriptedReply
from unit.event_logs import STARTED, compacted, done, log, replied, session, spoke, tool
from unit.session_harness import SessionHarness

CALL = CallPiece("x", "read_file", {"path": "a.py"})
KEY = "made-" + "up"


@asynccontextmanager
async def opened(harness: SessionHarness, model: Model, name: str = "claude-sonnet-5-5") -> AsyncIterator[LiveSession]:
    config = evolve(harness.config(model, {"x": "one = 1"}), name=name)
    live = await LiveSession.start(harness.ports, config, Settings(), STARTED)
    try:
        yield live
    finally:
        await live.close()


async def play(live: LiveSession, *texts: str) -> None:
    for text in texts:
        await live.send(text)
        await live.idle()


async def again(live: LiveSession) -> None:
    await live.retry()
    await live.idle()


def blocks(request: Request) -> list[tuple[str, str, str]]:
    return [(block.role, block.content, block.text) for block in request.view.blocks if block.place == "turn"]


def endings(live: LiveSession) -> list[tuple[int, str | None]]:
    return [(turn.number, turn.ending) for turn in live.session.turns]


FAILURES = [
    pytest.param(ScriptedReply("Overloaded.", status=529), id="refused by the server"),
    pytest.param(ScriptedReply("one two three", cut_after=2), id="cut in its words"),
    pytest.param(ScriptedReply("", cut_after=0), id="cut before anything"),
    pytest.param(ScriptedReply("No.", reason="refusal"), id="declined"),
]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_retry_sends_what_was_sent_before(failure: ScriptedReply) -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("Fine."), failure, failure, ScriptedReply("Here.")])
    async with opened(harness, model) as live:
        await play(live, "Hello", "Go.")
        assert endings(live) == [(1, "done"), (2, "failed")]
        await again(live)
        assert endings(live) == [(1, "done"), (2, "failed")]
        await again(live)
        assert endings(live) == [(1, "done"), (2, "done")]
        assert fold(harness.store.read("s")) == live.session
    first, *retried = (request.view.digest for request in model.requests[1:])
    assert retried == [first, first]
    assert [item.text for item in live.session.turns[-1].items] == ["Go.", "Here."]  # type: ignore[union-attr]
    # The log has all of it.
    assert sum(isinstance(event, UserMessage) for event in harness.heard.events) == 2
    assert sum(isinstance(event, TurnResumed) for event in harness.heard.events) == 2


async def test_what_the_tools_have_done_stays_and_is_not_done_twice() -> None:
    harness = SessionHarness()
    replies = [ScriptedReply("I look.", (CALL,)), ScriptedReply("It is", cut_after=1), ScriptedReply("It is 1.")]
    model = ScriptedModel(replies)
    async with opened(harness, model) as live:
        await play(live, "What is one?")
        await again(live)
    assert blocks(model.requests[2]) == blocks(model.requests[1])
    assert [text for _, _, text in blocks(model.requests[2])][-1] == "one = 1"
    assert sum(isinstance(event, ToolCalled) for event in harness.heard.events) == 1
    assert endings(live) == [(1, "done")]


async def test_a_call_that_the_end_of_its_reply_never_reached_keeps_its_result() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("I look.", (CALL,), cut_after=3), ScriptedReply("Well.")])
    async with opened(harness, model) as live:
        await play(live, "Go.")
        await again(live)
    results = [event for event in harness.heard.events if isinstance(event, ToolReturned)]
    assert [(one.id, one.error) for one in results] == [("x", True)]
    assert [kind for _, kind, _ in blocks(model.requests[1])] == ["text", "text", "call", "result"]


async def test_the_same_words_by_hand_are_a_retry_and_others_are_a_turn_of_their_own() -> None:
    model = ScriptedModel([ScriptedReply(status=529), ScriptedReply(status=529), ScriptedReply("Here.")])
    async with opened(SessionHarness(), model) as live:
        await play(live, "Go.", "Go.")
        assert endings(live) == [(1, "failed")]
        await play(live, "Never mind.")
        assert endings(live) == [(1, "failed"), (2, "done")]
    assert model.requests[1].view.digest == model.requests[0].view.digest


async def test_a_message_that_waits_is_answered_after_the_retry() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("one two", cut_after=1), ScriptedReply("one two", stall_after=1)])
    async with opened(harness, model) as live:
        await play(live, "Go.")
        await live.retry()
        await model.stalled.wait()
        await live.send("And?")
        assert any(isinstance(event, MessageQueued) for event in harness.heard.events)
        with pytest.raises(RefusedError, match="A turn is running"):
            await live.retry()
        await live.cancel()
        assert endings(live) == [(1, "cancelled")]


async def test_only_a_turn_that_broke_off_last_can_be_retried() -> None:
    model = ScriptedModel([ScriptedReply("Fine."), ScriptedReply(status=529), ScriptedReply("Good.")])
    async with opened(SessionHarness(), model) as live:
        with pytest.raises(RefusedError, match="nothing to retry"):
            await live.retry()
        await play(live, "Hello", "Go.", "Or rather this.")
        with pytest.raises(RefusedError, match="nothing to retry"):
            await live.retry()
    assert endings(live)[1:] == [(2, "failed"), (3, "done")]


@pytest.mark.parametrize("resumes", [False, True])
async def test_a_turn_that_a_crash_cut_off_goes_on_after_it(resumes: bool) -> None:
    """The process dies while a turn runs; or while one runs that had gone on already."""
    harness = SessionHarness()
    half = AssistantMessage(1, "Ha", 1, partial=True)
    story: tuple[Event, ...] = (spoke(1, "Go."), Thought(1, {"type": "thinking"}, 0), half)
    if resumes:
        story = (*story, TurnEnded(1, "failed", "Overloaded."), TurnResumed(1), half)
    harness.store.append("s", log(STARTED, *story))
    model = ScriptedModel([ScriptedReply("Here.")])
    live = await LiveSession.resume(harness.ports, harness.config(model), Settings(), "s")
    assert endings(live) == [(1, "interrupted")]
    await again(live)
    await live.close()
    assert endings(live) == [(1, "done")]
    assert [text for _, _, text in blocks(model.requests[0])] == ["Go."]


class Full(MemoryStore):
    """A disk that cannot take the end of a turn."""

    full = False

    def append(self, session: str, events: Sequence[Logged], rules: Sequence[RuleEvent] = ()) -> None:
        if self.full and any(isinstance(one.event, TurnEnded) for one in events):
            raise RefusedError("The disk is full.")
        super().append(session, events, rules)


async def test_a_turn_whose_end_could_not_be_written_goes_on_too() -> None:
    harness, store = SessionHarness(), Full()
    harness.ports = evolve(harness.ports, store=store)
    async with opened(harness, ScriptedModel([ScriptedReply(status=529), ScriptedReply("Here.")])) as live:
        store.full = True
        await play(live, "Go.")
        store.full = False
        await again(live)
        assert endings(live) == [(1, "done")]


def test_what_a_compaction_has_taken_from_the_view_cannot_go_on() -> None:
    before = session(spoke(1, "a"), TurnEnded(1, "failed"))
    assert before.retryable is not None
    assert fold(log(compacted(before, 1), first=9), before).retryable is None


def test_a_turn_that_goes_on_has_the_size_of_what_it_shows() -> None:
    story = (spoke(1, "Go."), *tool(1, "x"), AssistantMessage(1, "half of it", 7, partial=True), TurnEnded(1, "failed"))
    now, plain = session(*story, TurnResumed(1)), session(spoke(1, "Go."), *tool(1, "x"))
    assert now.turns[0].tokens == plain.turns[0].tokens
    assert now.open is not None
    assert now.unended == now.turns[:]
    # A log may say anything.
    assert session(replied(1, "a"), TurnResumed(1)).turns[0].items == session(replied(1, "a")).turns[0].items
    assert session(TurnResumed(4)).turns == session().turns


def test_a_turn_that_failed_before_anything_came_of_it_is_none_of_the_window() -> None:
    said = [(spoke(n, "word " * 60), replied(n, "word " * 60), done(n)) for n in range(1, 12)]
    talk = [event for turn in said for event in turn]
    lost = [event for n in range(12, 20) for event in (spoke(n, "Go."), TurnEnded(n, "failed"))]
    kept = [(spoke(20, "Go."), replied(20, "Half"), TurnEnded(20, "failed"))]
    settings = Settings(window=12)
    assert policy.decide(session(*talk, *lost), 0.2, 0.0, settings) == policy.NoAction()
    assert isinstance(policy.decide(session(*talk, *lost, *kept[0]), 0.2, 0.0, settings), policy.Compact)


# Through the real SDK, against a server that holds us to the newest contract.

REFUSED = [
    (ScriptedReply(status=400, text="Your credit balance is too low to access the API."), "no credit left"),
    (ScriptedReply(status=402), "no credit left"),
    (ScriptedReply(status=429, retry_after=600), "wait 10 minutes, then retry"),
    (ScriptedReply(status=529, retry_after=600), "overloaded: wait 10 minutes, then retry"),
    (ScriptedReply(status=500), "failed (api_error): retry"),
    (ScriptedReply(status=401), "Set API Key"),
    (ScriptedReply("one two three", thinking="Hm, well.", cut_after=12), "broke off in the middle of its reply: retry"),
    (ScriptedReply("one", sse_error="overloaded_error", error_after=4), "overloaded: wait a minute, then retry"),
    (ScriptedReply("", reason="refusal"), "danger to computers: say in other words what it is for"),
    (ScriptedReply(status=400, text="Output blocked by content filtering policy"), "content filter stopped this"),
]


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-sonnet-4-5"])
@pytest.mark.parametrize(("failure", "said"), REFUSED, ids=[said for _, said in REFUSED])
async def test_each_failure_says_what_to_do_and_its_retry_is_the_same_request(
    failure: ScriptedReply, said: str, model: str
) -> None:
    harness = SessionHarness()
    script = [ScriptedReply("Fine.", thinking="Hm."), failure, ScriptedReply("Here.")]
    async with MessagesServer(script, ground=ServerConditions(contract=ProviderContract())) as fake:
        link = Anthropic(Credentials(KEY, fake.url), retries=0)
        async with opened(harness, link, model) as live:
            await play(live, "Hello", "Go.")
            await again(live)
        await link.close()
        sent: list[Json] = [one.body for one in fake.requests if one.path == "/v1/messages"]
    failed, ended = (event for event in harness.heard.events if isinstance(event, TurnEnded) and event.turn == 2)
    assert (failed.ending, ended.ending) == ("failed", "done")
    assert said in failed.detail
    assert "\n" not in failed.detail
    assert sent[2]["messages"] == sent[1]["messages"]
    assert sent[2]["messages"][-1]["content"][-1]["text"] == "Go."


async def test_a_turn_that_waits_for_a_rate_limit_can_be_stopped_and_sends_nothing_more() -> None:
    harness, waits = SessionHarness(), asyncio.Event()

    def hear(event: Event) -> None:
        if isinstance(event, Notice) and event.text.startswith("Rate limit: waiting 50 s"):
            waits.set()

    harness.heard.act = hear
    async with MessagesServer([ScriptedReply(status=429, retry_after=50)]) as fake:
        link = Anthropic(Credentials(KEY, fake.url))
        async with opened(harness, link) as live:
            await live.send("Go.")
            await waits.wait()
            await live.cancel()
            assert endings(live) == [(1, "cancelled")]
            assert not live.busy
        await link.close()
        assert len(fake.requests) == 1
    assert not any(isinstance(event, CallBilled) for event in harness.heard.events)
