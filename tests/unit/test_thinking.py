"""Thinking: kept as the provider gave it, read for tags, sent back until the prefix changes, and never in the way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import evolve

from throughline.context.assemble import render_turns
from throughline.context.policy import (
    Mask,
    NoAction,
    PolicyDecision,
    decide,
    last_compactable_turn,
    past_thinking,
)
from throughline.domain.events import (
    AssistantMessage,
    CallBilled,
    Event,
    LedgerChanged,
    Masked,
    Thought,
    ToolCalled,
    ToolReturned,
    TurnEnded,
)
from throughline.domain.ledger import Add
from throughline.domain.ports import CallPiece, Request
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.domain.view import Block, View
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.llm.messages import translate
from throughline.llm.prompt_cache_model import PromptCacheModel
from throughline.llm.thinking import Origins, is_adaptive, is_bound, is_refusal, thinking_marks
from throughline.session.live_session import LiveSession
from throughline.storage.codec import decode_event, encode_event
from throughline.testing.messages_server import MessagesServer, ServerConditions, model_entry
from throughline.testing.provider_contract import ProviderContract
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import Json, ScriptedReply
from unit.event_logs import STARTED, done, log, replied, session, spoke, tool, view
from unit.session_harness import ManualClock, SessionHarness

KEY = "made-up-key"
NEW = "claude-sonnet-5-5"
CALLED = CallBilled("chat", "m", 1, 1, 0, 0, None, began=1_000.0)


def thought(turn: int, text: str, signature: str = "signed") -> Thought:
    return Thought(turn, {"type": "thinking", "thinking": text, "signature": signature, "more": [1, None]}, 9)


def thoughts(now: View) -> list[Json | None]:
    return [block.args for block in now.blocks if block.content == "thought"]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": "Hm.\n", "signature": "c2lnbmVk=="},
        {"type": "thinking", "thinking": "", "signature": "s", "caller": {"type": "direct", "n": [1, 2.5, None]}},
        {"type": "redacted_thinking", "data": "b3BhcXVl"},
    ],
)
def test_a_block_is_kept_as_it_came_and_sent_as_it_was_kept(block: Json) -> None:
    kept = decode_event(encode_event(Thought(1, block, 3)))
    assert kept == Thought(1, block, 3)
    now = session(spoke(1, "go"), kept, *tool(1, "c1"))
    messages = translate(view(now)).messages
    assert messages[1]["content"][0] == block


async def test_a_signature_is_no_credential_and_a_block_with_one_in_its_words_is_not_sent() -> None:
    harness, signature, secret = SessionHarness(), "c2ln" * 40, "ghp_" + "a1" * 18
    live = await LiveSession.start(harness.ports, harness.config(ScriptedModel(())), Settings(), STARTED)
    try:
        clean, told = thought(1, "I look.\x1b", signature), thought(1, f"It is {secret}.", signature)
        whole = thought(1, "I look.", signature)
        await live.record(spoke(1, "go"), whole, clean, told)
        kept = [item for item in live.session.turns[0].items if isinstance(item, Thought)]
        assert kept[0] == whole
        assert [one.signed for one in kept] == [True, False, False]
        assert kept[1].text == "I look."
        assert secret not in kept[2].text
    finally:
        await live.close()


def test_thinking_stays_when_its_turn_has_ended_until_the_prefix_changes_anyway() -> None:
    first: Sequence[Event] = (spoke(1, "go"), thought(1, "Look first."), *tool(1, "c1"), replied(1, "ok"), done(1))
    now = session(*first, spoke(2, "on"), thought(2, "Now this."), *tool(2, "c2"))
    both, last = [thought(1, "Look first.").block, thought(2, "Now this.").block], [thought(2, "Now this.").block]
    assert thoughts(view(session(*first))) == both[:1]
    assert thoughts(view(now)) == both
    assert past_thinking(now).ids == ("thinking@1",)
    masked = fold(log(Masked(("thinking@1",)), first=now.seq + 1), now)
    assert (thoughts(view(masked)), past_thinking(masked).ids) == (last, ())
    assert list(render_turns(masked, render_turns(now)).blocks) == list(render_turns(masked).blocks)


THOUGHT_IN = session(spoke(1, "go"), thought(1, "Hm."), *tool(1, "c1", 9_000), replied(1, "ok"), CALLED, done(1))


@pytest.mark.parametrize(
    ("settings", "at", "found"),
    [
        (Settings(fresh=0, batch=9_000), 1_100.0, Mask(("c1", "thinking@1"))),
        (Settings(fresh=0, batch=9_001), 1_100.0, NoAction()),
        (Settings(trimmed=0), 1_301.0, Mask(("c1", "thinking@1"))),
    ],
    ids=["a batch", "less than one", "a cold cache"],
)
def test_past_thinking_is_no_reason_for_a_change_and_leaves_with_one(
    settings: Settings, at: float, found: PolicyDecision
) -> None:
    assert decide(THOUGHT_IN, 0.1, at, settings) == found


def test_past_thinking_leaves_the_cache_alone() -> None:
    clock = ManualClock()
    cache = PromptCacheModel(clock, 1.0)
    story: list[Event] = []
    fresh: list[int] = []
    for turn in range(1, 5):
        story.append(spoke(turn, "go"))
        for n in range(9):
            usage = cache.usage(view(session(*story)), 100)
            fresh += [usage.input + usage.cache_write] if n == 0 else []
            story += [thought(turn, f"Step {turn}.{n}"), *tool(turn, f"c{turn}.{n}", 1_000)]
        story += [replied(turn, "ok"), done(turn)]
    assert all(1_000 < tokens < 1_100 for tokens in fresh[1:])


def test_thinking_that_is_not_signed_was_cut_off_and_is_not_sent() -> None:
    assert thoughts(view(session(spoke(1, "go"), thought(1, "Look fi", signature=""), *tool(1, "c1")))) == []


def test_thinking_that_nothing_follows_in_its_message_is_left_out_and_no_breakpoint_stands_on_any() -> None:
    block: Json = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    think = Block("turn", "assistant", "Hm.", 1, "thought", args=block, cached=True)
    text = Block("turn", "user", "go", 1)
    alone = translate(View((text, think, text))).messages
    assert [message["role"] for message in alone] == ["user"]
    call = Block("turn", "assistant", "{}", 1, "call", "c1", "look", {})
    before = translate(View((text, think, call))).messages[1]["content"]
    assert before[0] == block


def test_thinking_does_not_count_to_what_later_turns_take() -> None:
    long = evolve(thought(1, "x" * 40), tokens=90_000)
    story = (spoke(1, "go"), long, replied(1, "ok"), done(1), spoke(2, "on"), replied(2, "ok"), done(2))
    now = session(*story)
    assert now.turns[0].tokens < 10
    assert last_compactable_turn(now, Settings()) == 0  # Both turns are small, and stay.


def test_models_are_told_apart_by_the_table() -> None:
    assert all(map(is_adaptive, (NEW, f"{NEW}-20260901", "claude-opus-5-5")))
    assert not any(map(is_adaptive, ("claude-sonnet-4-5", "gpt-x")))
    assert (is_bound(NEW), is_bound("claude-sonnet-5")) == (True, False)


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("messages.1.content.0: Invalid `signature` in `thinking` block", True),
        (
            "messages.3.content.0: `thinking` or `redacted_thinking` blocks cannot be modified",
            True,
        ),
        ("thinking.adaptive.block_binding: Extra inputs are not permitted", False),
        ("thinking: Extra inputs are not permitted", False),
        ("messages.1.content.0: text content blocks must be non-empty", False),
    ],
)
def test_a_refused_block_is_told_from_a_refused_parameter(said: str, refused: bool) -> None:
    assert is_refusal(said) is refused


class Told(list[str]):
    """What a connection says of its server."""


async def play(
    fake: MessagesServer, *texts: str, results: dict[str, str] | None = None, settings: Settings | None = None
) -> tuple[SessionHarness, LiveSession, Told]:
    """A session with the fake server through the real SDK, until the user has said all."""
    harness, told = SessionHarness(), Told()
    model = Anthropic(Credentials(KEY, fake.url), retries=0, tell=told.append)
    live = await LiveSession.start(harness.ports, harness.config(model, results), settings or Settings(), STARTED)
    for text in texts:
        await live.send(text)
        await live.idle()
    await live.close()
    await model.close()
    return harness, live, told


def call(name: str) -> tuple[CallPiece, ...]:
    return (CallPiece(name, "read_file", {"path": name}),)


def sent_thoughts(body: Json) -> list[Json]:
    content = (piece for message in body["messages"] for piece in message["content"])
    return [piece for piece in content if piece["type"] in {"thinking", "redacted_thinking"}]


def talks(fake: MessagesServer) -> list[Json]:
    return [one.body for one in fake.requests if one.path == "/v1/messages"]


WORK = [
    ScriptedReply(thinking="I look at a.\n[DECISION]: Keep the cache because it is warm", calls=call("a")),
    ScriptedReply(thinking="And at b.", calls=call("b")),
    ScriptedReply("Done."),
]


async def test_what_a_model_says_between_calls_is_kept_read_for_tags_and_sent_back_in_its_turn() -> None:
    async with MessagesServer(
        [*WORK, ScriptedReply("Nothing more.")], ground=ServerConditions(contract=ProviderContract())
    ) as fake:
        harness, live, told = await play(fake, "Go.", "And?", results={"a": "one", "b": "two"})
        bodies = talks(fake)
    assert [event.ending for event in harness.heard.events if isinstance(event, TurnEnded)] == ["done", "done"]
    kept = [event for event in harness.heard.events if isinstance(event, Thought)]
    assert [event.text for event in kept if event.text] == [reply.thinking for reply in WORK[:2]]
    blocks = [event.block for event in kept]
    assert [sent_thoughts(body) for body in bodies] == [[], blocks[:2], blocks, blocks]
    assert any(entry.text == "Keep the cache" for entry in live.session.ledger.live())
    changed = [event for event in harness.heard.events if isinstance(event, LedgerChanged)]
    assert [isinstance(one, Add) for event in changed for one in event.operations] == [True]
    assert not told


async def test_a_reply_of_thinking_alone_is_not_empty() -> None:
    async with MessagesServer(
        [ScriptedReply(thinking="All is well.")], ground=ServerConditions(contract=ProviderContract())
    ) as fake:
        harness, _, _ = await play(fake, "Go.")
    assert TurnEnded(1, "done") in harness.heard.events
    assert len(talks(fake)) == 1


LONG = [ScriptedReply(thinking=f"Step {n}.", calls=call(f"c{n}")) for n in range(6)]
RESULTS = {f"c{n}": "a line of output\n" * 400 for n in range(6)}
# Old output is masked in the middle of the turn, so that what stood before later thinking changes.
EAGER = Settings(batch=3_000, fresh=500, max_context=8_000)


async def test_where_the_server_can_drop_thinking_whose_conversation_changed_it_is_asked_to() -> None:
    contract = ProviderContract()
    async with MessagesServer([*LONG, ScriptedReply("Done.")], ground=ServerConditions(contract=contract)) as fake:
        harness, _, told = await play(fake, "Go.", results=RESULTS, settings=EAGER)
        headers = [one.headers.get("anthropic-beta", "") for one in fake.requests if one.path == "/v1/messages"]
    assert TurnEnded(1, "done") in harness.heard.events
    assert len(headers) == len(LONG) + 1  # No request was refused.
    assert all("thinking-binding-controls" in one for one in headers)
    assert contract.dropped
    assert not told


async def test_where_it_cannot_what_no_longer_fits_is_left_out_before_it_is_sent() -> None:
    contract = ProviderContract(switch=False)
    async with MessagesServer([*LONG, ScriptedReply("Done.")], ground=ServerConditions(contract=contract)) as fake:
        harness, _, told = await play(fake, "Go.", results=RESULTS, settings=EAGER)
        bodies = talks(fake)
    assert TurnEnded(1, "done") in harness.heard.events
    assert len(bodies) == len(LONG) + 2  # One was refused: the first, for the parameter.
    assert len(told) == 1
    assert "done before it is sent" in told[0]
    assert 0 < max(len(sent_thoughts(body)) for body in bodies) < 2 * len(LONG)


async def test_a_server_that_takes_no_thinking_back_gets_none() -> None:
    replies = iter(
        [
            ScriptedReply(thinking="Hm.", calls=call("a")),
            ScriptedReply(thinking="Well.", calls=call("b")),
            ScriptedReply("Done."),
        ]
    )

    def reply(body: Json) -> ScriptedReply:
        if sent_thoughts(body):
            return ScriptedReply(status=400, text="messages.1.content.0: Invalid `signature` in `thinking` block")
        return next(replies)

    async with MessagesServer(reply) as fake:
        harness, _, _ = await play(fake, "Go.", results={"a": "one", "b": "two"})
    assert TurnEnded(1, "done") in harness.heard.events


@pytest.mark.parametrize("lacking", ["thinking", "display", "block_binding"])
async def test_a_server_that_does_not_know_a_part_of_it_is_asked_without(lacking: str) -> None:
    async with MessagesServer([ScriptedReply("Hello.")], ground=ServerConditions(lacks=frozenset({lacking}))) as fake:
        harness, _, told = await play(fake, "Go.")
        last = talks(fake)[-1]
    assert TurnEnded(1, "done") in harness.heard.events
    assert lacking not in str(last)
    assert len(told) == 1


@pytest.mark.parametrize(("model", "supported", "asked"), [("new-model", True, True), (NEW, False, False)])
async def test_what_the_providers_list_says_of_a_model_goes_before_the_table(
    model: str, supported: bool, asked: bool
) -> None:
    types = {"adaptive": {"supported": supported}}
    told = model_entry(model, capabilities={"thinking": {"supported": True, "types": types}})
    request = Request("chat", model, View((Block("turn", "user", "Hello", 1),)))
    async with MessagesServer([ScriptedReply("Hello.")], ground=ServerConditions(models=[told])) as fake:
        client = Anthropic(Credentials(KEY, fake.url))
        await client.models()
        _ = [piece async for piece in client.stream(request)]
        await client.close()
        (body,) = talks(fake)
    assert ("thinking" in body) is asked


def test_calls_and_results_stay_as_they_are_beside_thinking() -> None:
    now = session(spoke(1, "go"), thought(1, "a"), *tool(1, "c1"), thought(1, "b"), *tool(1, "c2"), replied(1, "ok"))
    kinds = [type(item) for item in now.turns[0].items]
    assert kinds[1:] == [Thought, ToolCalled, ToolReturned, Thought, ToolCalled, ToolReturned, AssistantMessage]
    roles = [message["role"] for message in translate(view(now)).messages]
    assert roles[1:] == ["assistant", "user", "assistant", "user", "assistant", "user"][: len(roles) - 1]


def test_what_was_thought_after_a_block_was_left_out_is_sent_though_that_one_stays_out() -> None:
    said: Json = {"type": "text", "text": "So."}

    def thought(name: str) -> Json:
        return {"role": "assistant", "content": [{"type": "thinking", "thinking": name, "signature": name}, said]}

    def user(text: str) -> Json:
        return {"role": "user", "content": [{"type": "text", "text": text}]}

    origins, first, changed = Origins(), [user("the whole output")], [user("a stub")]
    origins.note(thought("A")["content"][0], {"messages": first})
    second = {"messages": [*changed, thought("A"), user("on")]}
    sent = origins.kept(second)
    assert thinking_marks(sent) == frozenset()
    origins.note(thought("B")["content"][0], {"messages": sent})
    third = {"messages": [*second["messages"], thought("B"), user("and on")]}
    assert thinking_marks(origins.kept(third)) == {"B"}
