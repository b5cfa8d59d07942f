"""Thinking: kept as the provider gave it, read for tags, sent back until the prefix changes, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import get_args

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

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
from throughline.domain.settings import Display, Effort, Settings
from throughline.domain.view import Block, View
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.llm.messages import translate
from throughline.llm.prompt_cache_model import PromptCacheModel
from throughline.llm.thinking import (
    Origins,
    ThinkingCapabilities,
    ThinkingOptions,
    is_refusal,
    thinking_capabilities,
    thinking_marks,
)
from throughline.session.live_session import LiveSession
from throughline.storage.codec import decode_event, encode_event
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.model_rules import model_entry
from throughline.testing.provider_contract import ProviderContract
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import Json, ScriptedReply
from unit.contracts import CONTRACTS, NEWEST, OLDER
from unit.event_logs import STARTED, done, log, replied, session, spoke, tool, view
from unit.session_harness import ManualClock, SessionHarness

KEY = "made-up-key"
LEVELS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
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
    able = thinking_capabilities
    assert all(able(name).adaptive for name in (NEWEST, f"{NEWEST}-20260901", "claude-opus-5-5"))
    assert not any(able(name).adaptive for name in (OLDER, "gpt-x"))
    assert (able(OLDER).enabled, able(f"{OLDER}-20250929").enabled, able(NEWEST).enabled) == (True, True, False)
    assert (able(NEWEST).bound, able("claude-sonnet-5").bound) == (True, False)


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
    fake: MessagesServer,
    *texts: str,
    results: dict[str, str] | None = None,
    settings: Settings | None = None,
    model: str = NEWEST,
) -> tuple[SessionHarness, LiveSession, Told]:
    """A session with the fake server through the real SDK, until the user has said all."""
    harness, told = SessionHarness(), Told()
    chosen = settings or Settings()
    wanted = ThinkingOptions(chosen.display, chosen.effort)
    link = Anthropic(Credentials(KEY, fake.url), retries=0, thinking=wanted, tell=told.append)
    config, begun = evolve(harness.config(link, results), name=model), evolve(STARTED, model=model)
    live = await LiveSession.start(harness.ports, config, chosen, begun)
    for text in texts:
        await live.send(text)
        await live.idle()
    await live.close()
    await link.close()
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


@pytest.mark.parametrize(("model", "supported", "asked"), [("new-model", True, True), (NEWEST, False, False)])
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
    origins.note(thought("A")["content"][0], {"messages": first}, [])
    second = {"messages": [*changed, thought("A"), user("on")]}
    sent = origins.kept(second, bound=True)
    assert thinking_marks(sent) == frozenset()
    origins.note(thought("B")["content"][0], {"messages": sent}, [])
    third = {"messages": [*second["messages"], thought("B"), user("and on")]}
    assert thinking_marks(origins.kept(third, bound=True)) == {"B"}


def refused(contract: ProviderContract, fake: MessagesServer, script: Sequence[ScriptedReply]) -> list[str]:
    """What the server refused; each of the script's replies came in answer to one request."""
    assert len(talks(fake)) == len(script)
    return contract.refused


SECRET = "ghp_" + "a1" * 18


@pytest.mark.parametrize(
    ("first", "why"),
    [
        pytest.param(ScriptedReply("I look.", calls=call("a"), thinking=f"It is {SECRET}."), "masked", id="masked"),
        pytest.param(ScriptedReply("I look.", calls=call("a"), thinking="Hm."), "whole", id="whole"),
    ],
)
async def test_a_tool_turn_of_a_4_5_model_that_lost_its_thinking_goes_on_without_any(
    first: ScriptedReply, why: str
) -> None:
    contract = ProviderContract()
    script = [
        first,
        ScriptedReply("And at b.", calls=call("b")),
        ScriptedReply("Done."),
        ScriptedReply("Well.", thinking="Anew."),
    ]
    async with MessagesServer(script, ground=ServerConditions(contract=contract)) as fake:
        harness, _, told = await play(fake, "Go.", "And?", results={"a": "one", "b": "two"}, model=OLDER)
        assert refused(contract, fake, script) == []
        asked = [body.get("thinking", {}).get("type") for body in talks(fake)]
    # Only that turn goes without: the next one thinks again.
    assert asked == ["enabled", *([None] * 2 if why == "masked" else ["enabled"] * 2), "enabled"]
    assert [event.ending for event in harness.heard.events if isinstance(event, TurnEnded)] == ["done", "done"]
    assert not told


async def test_a_4_5_model_thinks_by_a_budget_of_half_the_reply() -> None:
    async with MessagesServer([ScriptedReply("Hello.")]) as fake:
        await play(fake, "Go.", model=OLDER, settings=Settings(reply=6_000))
        (body,) = talks(fake)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 3_000}


TAGGED = [
    ScriptedReply(f"I look at {name}.\n[DECISION]: Keep {name} small because it is read often", calls=call(name))
    for name in "abcde"
]


@CONTRACTS
async def test_every_tag_between_two_calls_reaches_the_ledger(model: str) -> None:
    contract = ProviderContract()
    script = [*TAGGED, ScriptedReply("Done.")]
    async with MessagesServer(script, ground=ServerConditions(contract=contract)) as fake:
        _, live, _ = await play(fake, "Go.", results=dict.fromkeys("abcde", "one"), model=model)
        assert refused(contract, fake, script) == []
    kept = {entry.text for entry in live.session.ledger.live()}
    assert {f"Keep {name} small" for name in "abcde"} <= kept


@CONTRACTS
async def test_the_thinking_of_the_running_turn_goes_back_byte_for_byte(model: str) -> None:
    contract, thinking = ProviderContract(), "Ünï\u2028code,\ttabs and \n\n lines \U0001f600 — all of it.  "
    script = [ScriptedReply(calls=call(name), thinking=f"{name}: {thinking}") for name in "abcdefgh"]
    script.append(ScriptedReply("Done."))
    async with MessagesServer(script, ground=ServerConditions(contract=contract)) as fake:
        harness, _, _ = await play(fake, "Go.", results=dict.fromkeys("abcdefgh", "one"), model=model)
        assert refused(contract, fake, script) == []
        bodies = talks(fake)
    came = [event.block for event in harness.heard.events if isinstance(event, Thought)]
    assert came[0]["thinking"] == f"a: {thinking}"
    # Such a model thinks once in a turn, before its first call; the newest before each.
    assert len(came) == (2 if model == OLDER else 16)
    each = [sent_thoughts(body) for body in bodies]
    assert each == [came[: 2 * place] for place in range(len(bodies))]
    assert contract.dropped == []


@pytest.mark.parametrize(
    ("model", "wanted", "sent", "line"),
    [
        (NEWEST, "default", None, ""),
        (NEWEST, "low", "low", ""),
        (NEWEST, "max", "max", ""),
        (OLDER, "high", None, "does not take the effort high: it works as it does by default"),
        ("claude-opus-4-6", "xhigh", "high", "does not take the effort xhigh: it is asked for high"),
        ("some-model", "max", None, "does not take the effort max"),
    ],
)
async def test_a_model_is_asked_for_the_effort_that_it_takes(
    model: str, wanted: Effort, sent: str | None, line: str
) -> None:
    script = [ScriptedReply("Hello."), ScriptedReply("Again.")]
    async with MessagesServer(script, ground=ServerConditions(contract=None)) as fake:
        _, _, told = await play(fake, "Go.", "And?", model=model, settings=Settings(effort=wanted))
        bodies = talks(fake)
    assert [body.get("output_config") for body in bodies] == [{"effort": sent} if sent else None] * 2
    assert [line in one for one in told] == ([True] if line else [])


@pytest.mark.parametrize(
    ("model", "wanted", "sent", "shown"),
    [
        (NEWEST, "summarized", "summarized", "Hm.\nI look."),
        (NEWEST, "updates", "updates", "I look."),
        (NEWEST, "omitted", "omitted", ""),
        ("claude-haiku-5-5", "updates", "summarized", "Hm."),
        (OLDER, "summarized", None, "Hm."),
        (OLDER, "updates", None, "Hm."),
        (OLDER, "omitted", "omitted", ""),
    ],
)
async def test_thinking_is_shown_in_the_way_that_was_chosen_where_the_model_has_it(
    model: str, wanted: Display, sent: str | None, shown: str
) -> None:
    contract = ProviderContract()
    script = [ScriptedReply("I look.", calls=call("a"), thinking="Hm."), ScriptedReply("Done.")]
    async with MessagesServer(script, ground=ServerConditions(contract=contract)) as fake:
        settings = Settings(display=wanted)
        harness, _, told = await play(fake, "Go.", results={"a": "one"}, model=model, settings=settings)
        assert refused(contract, fake, script) == []
        assert talks(fake)[0]["thinking"].get("display") == sent
    assert "".join(event.text for event in harness.heard.events if isinstance(event, Thought)) == shown
    assert not told


async def test_a_server_without_updates_shows_a_summary() -> None:
    def reply(body: Json) -> ScriptedReply:
        if body["thinking"].get("display") == "updates":
            return ScriptedReply(
                status=400, text="thinking.adaptive.display: Input should be 'summarized' or 'omitted'"
            )
        return ScriptedReply("Hello.")

    async with MessagesServer(reply) as fake:
        _, _, told = await play(fake, "Go.", settings=Settings(display="updates"))
        asked = [body["thinking"]["display"] for body in talks(fake)]
    assert asked == ["updates", "summarized"]
    assert len(told) == 1


async def test_a_server_that_knows_no_effort_is_asked_without() -> None:
    ground = ServerConditions(lacks=frozenset({"output_config"}), contract=None)
    async with MessagesServer([ScriptedReply("Hello.")], ground=ground) as fake:
        harness, _, told = await play(fake, "Go.", settings=Settings(effort="low"))
        assert ["output_config" in body for body in talks(fake)] == [True, False]
    assert TurnEnded(1, "done") in harness.heard.events
    assert len(told) == 1


@given(wanted=st.sampled_from(LEVELS), taken=st.lists(st.sampled_from(LEVELS), unique=True))
def test_the_effort_asked_for_is_one_that_the_model_takes_and_none_is_nearer(
    wanted: Effort, taken: list[Effort]
) -> None:
    able = ThinkingCapabilities(effort=tuple(sorted(taken, key=LEVELS.index)))
    asked = able.level(wanted)
    if not taken:
        assert asked == "default"
    elif wanted in taken:
        assert asked == wanted
    else:
        lower = [one for one in taken if LEVELS.index(one) < LEVELS.index(wanted)]
        assert asked == (max(lower, key=LEVELS.index) if lower else min(taken, key=LEVELS.index))


async def test_a_list_that_says_which_efforts_a_model_takes_goes_before_the_table() -> None:
    levels = {level: {"supported": level in {"low", "medium"}} for level in LEVELS}
    told = model_entry(NEWEST, capabilities={"effort": {"supported": True, **levels}})
    request = Request("chat", NEWEST, View((Block("turn", "user", "Hello", 1),)))
    async with MessagesServer([ScriptedReply("Hello.")], ground=ServerConditions(models=[told])) as fake:
        client = Anthropic(Credentials(KEY, fake.url), thinking=ThinkingOptions(effort="max"), tell=lambda _: None)
        await client.models()
        _ = [piece async for piece in client.stream(request)]
        await client.close()
        (body,) = talks(fake)
    assert body["output_config"] == {"effort": "medium"}


def test_blocks_that_came_in_a_row_are_sent_back_all_or_not_at_all() -> None:
    blocks: list[Json] = [{"type": "thinking", "thinking": name, "signature": name} for name in "ab"]
    origins, row, asked = Origins(), list[Json](), [{"role": "user", "content": [{"type": "text", "text": "Go."}]}]
    for block in blocks:
        origins.note(block, {"model": OLDER, "messages": asked}, row)
    text: Json = {"type": "text", "text": "So."}
    for left in (blocks, blocks[:1], blocks[1:]):
        sent = {"model": OLDER, "messages": [*asked, {"role": "assistant", "content": [*left, text]}, *asked]}
        assert thinking_marks(origins.kept(sent, bound=False)) == (frozenset("ab") if left == blocks else frozenset())


def test_where_blocks_are_not_bound_only_another_models_are_left_out() -> None:
    block: Json = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    origins, asked = Origins(), [{"role": "user", "content": [{"type": "text", "text": "the whole output"}]}]
    origins.note(block, {"model": OLDER, "messages": asked}, [])
    said = {"role": "assistant", "content": [block, {"type": "text", "text": "So."}]}
    stub = {"role": "user", "content": [{"type": "text", "text": "a stub"}]}
    after = {"model": OLDER, "messages": [stub, said, stub]}
    assert thinking_marks(origins.kept(after, bound=False)) == {"s"}
    assert thinking_marks(origins.kept({**after, "model": "claude-haiku-4-5"}, bound=False)) == frozenset()
    assert thinking_marks(Origins().kept(after, bound=False)) == {"s"}  # Where it came from is not known.


def _calls(number: int, count: int) -> tuple[CallPiece, ...]:
    return tuple(CallPiece(f"c{number}-{at}", "read_file", {"path": f"{number}-{at}"}) for at in range(count))


REPLY = st.builds(
    ScriptedReply,
    text=st.sampled_from(["", "So.", "[DECISION]: Keep it because it works", f"It is {SECRET}."]),
    thinking=st.sampled_from(["", "Hm.", f"It is {SECRET}.", "Long. " * 400]),
    reason=st.sampled_from(["", "", "", "pause_turn", "max_tokens"]),
)


async def test_a_reply_that_was_paused_and_went_on_is_not_refused_by_a_server_that_drops_nothing() -> None:
    contract = ProviderContract(switch=False)
    script = [
        ScriptedReply(thinking="Hm.", reason="pause_turn"),
        ScriptedReply(thinking="Go on.", calls=call("a")),
        ScriptedReply("Done."),
    ]
    async with MessagesServer(script, ground=ServerConditions(contract=contract)) as fake:
        await play(fake, "Go.", results={"a": "one"})
    assert [line for line in contract.refused if "block_binding" not in line] == []


@pytest.mark.slow
@given(
    model=st.sampled_from([NEWEST, OLDER, "claude-opus-5-5", "claude-haiku-5-5"]),
    turns=st.lists(st.lists(st.tuples(REPLY, st.integers(0, 3)), min_size=1, max_size=4), min_size=1, max_size=3),
    eager=st.booleans(),
    display=st.sampled_from(get_args(Display)),
    switch=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_whatever_a_session_says_thinks_and_calls_no_contract_refuses_it(
    model: str,
    turns: list[list[tuple[ScriptedReply, int]]],
    eager: bool,
    display: Display,
    switch: bool,
) -> None:
    script: list[ScriptedReply] = []
    for turn in turns:
        script += [evolve(reply, calls=_calls(len(script) + at, calls)) for at, (reply, calls) in enumerate(turn)]
        script.append(ScriptedReply("Done."))
    results = {call.id: "a line of output\n" * 300 for reply in script for call in reply.calls}
    contract = ProviderContract(switch=switch)
    chosen = evolve(EAGER, display=display) if eager else Settings(display=display)

    async def run() -> None:
        left = iter(script)
        ground = ServerConditions(contract=contract)
        async with MessagesServer(lambda _: next(left, ScriptedReply("Nothing more.")), ground=ground) as fake:
            await play(
                fake,
                *(f"Go on {place}." for place, _ in enumerate(turns)),
                results=results,
                settings=chosen,
                model=model,
            )

    asyncio.run(run())
    # A server that cannot drop thinking says so once; what it cannot do is then done before it is sent.
    assert [line for line in contract.refused if "block_binding: Extra inputs" not in line] == []
    assert len(contract.refused) <= (0 if switch else 1)
