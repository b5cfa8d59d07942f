"""The test server holds each model's callers to that model's contract, and the client keeps the contract of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any, get_args

import pytest
from anthropic import APIStatusError, AsyncAnthropic
from anthropic import types as errors
from anthropic.types import StopReason
from anthropic.types.beta import BetaMessage
from attrs import evolve

from throughline.domain.events import CallBilled, Compacted, Notice, SessionStarted, TurnEnded
from throughline.domain.ports import CallPiece, ModelError, Piece, Request, WaitPiece
from throughline.domain.settings import Settings
from throughline.domain.usage import Price, Usage, explain_rewrite, with_rewrite
from throughline.domain.view import Block, View
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.llm.errors import retry_after
from throughline.llm.messages import LOOK_BACK
from throughline.session.live_session import LiveSession
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.model_rules import known_models
from throughline.testing.provider_contract import OVERFLOWS, ContractError, Prefixes, ProviderContract, rough
from throughline.testing.scripted_replies import Json, ScriptedReply
from unit.contracts import CONTRACTS, NEWEST, OLDER
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness

KEY = "made-up-key"
BINDING, UPDATES = "thinking-binding-controls-2026-08-01", "thinking-display-updates-2026-08-18"
COMPACT = "compact-2026-09-04"
HELLO: Json = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
CALL: Json = {"type": "tool_use", "id": "c", "name": "read_file", "input": {}}
RESULT: Json = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "one"}]}
BUDGET: Json = {"thinking": {"type": "enabled", "budget_tokens": 2_000}, "max_tokens": 4_000}


def refusal(body: Json, betas: str = "") -> str:
    """What the API says against a request; nothing where it takes it."""
    try:
        ProviderContract().check(body, {"anthropic-beta": betas})
    except ContractError as wrong:
        return str(wrong)
    return ""


@pytest.mark.parametrize(
    ("more", "newest", "older"),
    [
        ({}, "", ""),
        ({"tool_choice": {"type": "any"}}, "forcing a tool", ""),
        ({"tool_choice": {"type": "tool", "name": "x"}}, "forcing a tool", ""),
        ({"temperature": 0.2}, "temperature", ""),
        ({"thinking": {"type": "adaptive"}}, "", '"thinking.type.adaptive" is not supported'),
        (BUDGET, '"thinking.type.enabled" is not supported', ""),
        ({**BUDGET, "max_tokens": 2_000}, '"thinking.type.enabled"', "must be greater than `thinking.budget_tokens`"),
        ({"thinking": {"type": "disabled"}}, '"thinking.type.disabled" is not supported', ""),
        ({"thinking": {"type": "between_tools"}}, "", '"thinking.type.between_tools" is not supported'),
        ({"max_tokens": 100_000}, "", "max_tokens: 100000 > 64000"),
        ({"max_tokens": 200_000}, "max_tokens: 200000 > 128000", "max_tokens: 200000 > 64000"),
        ({"output_config": {"effort": "low"}}, "", "effort: low is not supported"),
        ({"output_config": {"effort": "huge"}}, "effort: huge", "effort: huge"),
        ({"messages": [*HELLO["messages"], {"role": "assistant", "content": "I"}]}, "must end with a user", ""),
        (
            {**BUDGET, "messages": [*HELLO["messages"], {"role": "assistant", "content": [CALL]}, RESULT]},
            '"thinking.type.enabled" is not supported',
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`",
        ),
    ],
)
def test_each_model_is_asked_by_its_own_rules(more: Json, newest: str, older: str) -> None:
    for model, wrong in ((NEWEST, newest), (OLDER, older), (f"{OLDER}-20250929", older)):
        said = refusal({**HELLO, **more, "model": model})
        assert wrong in said
        assert bool(said) is bool(wrong)


@pytest.mark.parametrize(
    ("model", "thinking", "effort", "betas", "wrong"),
    [
        ("claude-opus-5-5", {"type": "disabled"}, None, "", 'Use "thinking.type.adaptive" and "output_config.effort"'),
        ("claude-fable-5-1", {"type": "disabled"}, None, "", "is not supported for this model"),
        ("claude-fable-5-2", {"type": "disabled"}, None, "", "is not supported for this model"),
        ("claude-fable-5-2", {"type": "adaptive", "display": "summarized"}, "max", "", ""),
        (NEWEST, {"type": "disabled"}, None, "", '"thinking": {"type": "between_tools"}'),
        ("claude-haiku-5-5", {"type": "disabled"}, "high", "", ""),
        ("claude-haiku-5-5", {"type": "disabled"}, "xhigh", "", "not supported with thinking turned off"),
        (NEWEST, {"type": "adaptive", "display": "updates"}, None, "", "display: Input should be"),
        (NEWEST, {"type": "adaptive", "display": "updates"}, None, UPDATES, ""),
        ("claude-haiku-5-5", {"type": "adaptive", "display": "updates"}, None, UPDATES, "display: Input should be"),
        (NEWEST, {"type": "adaptive", "display": "loud"}, None, "", "display: Extra inputs"),
        (NEWEST, {"type": "adaptive", "block_binding": {}}, None, "", "block_binding: Extra inputs"),
        (NEWEST, {"type": "adaptive", "block_binding": {}}, None, BINDING, ""),
        ("claude-sonnet-4-5", {**BUDGET["thinking"], "block_binding": {}}, None, BINDING, "block_binding: Extra"),
    ],
)
def test_thinking_is_taken_as_each_model_takes_it(
    model: str, thinking: Json, effort: str | None, betas: str, wrong: str
) -> None:
    config = {"output_config": {"effort": effort}} if effort else {}
    said = refusal({**HELLO, "max_tokens": 4_000, "model": model, "thinking": thinking, **config}, betas)
    assert wrong in said
    assert bool(said) is bool(wrong)


SIGNED: Json = {"type": "thinking", "thinking": "", "signature": "made up"}


@pytest.mark.parametrize(
    ("messages", "wrong"),
    [
        ([{"role": "user", "content": [{"type": "text", "text": " "}]}], "text content blocks must be non-empty"),
        ([{"role": "user", "content": []}], "must have non-empty content"),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": [CALL]}, {"role": "user", "content": "b"}],
         "without `tool_result` blocks immediately after: c"),
        ([{"role": "user", "content": "a"}, RESULT], "unexpected `tool_use_id`"),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": [CALL, CALL]}, RESULT], "must be unique"),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": [SIGNED, CALL]}, RESULT],
         "messages.1.content.0: Invalid `signature` in `thinking` block"),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": [CALL, SIGNED]}, RESULT],
         "the final block in an assistant message cannot be `thinking`"),
        ([{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}] * 5}],
         "A maximum of 4 blocks with cache_control"),
    ],
)  # fmt: skip
@CONTRACTS
def test_a_conversation_has_the_form_that_the_api_wants(model: str, messages: list[Json], wrong: str) -> None:
    assert wrong in refusal({"model": model, "max_tokens": 9, "messages": messages})


@pytest.mark.parametrize("reason", get_args(StopReason))
async def test_a_turn_ends_for_every_reason_that_a_reply_can(reason: str) -> None:
    first = ScriptedReply("Half", reason=reason, calls=call("a") if reason == "tool_use" else ())
    first = evolve(first, stop="." if reason == "stop_sequence" else None)
    async with MessagesServer([first, ScriptedReply("Done.")]) as fake:
        harness, live = await play(fake, NEWEST, "Go.")
    goes_on = reason in {"max_tokens", "tool_use", "pause_turn", "model_context_window_exceeded"}
    assert len(fake.requests) == 1 + goes_on
    assert live.session.turns[0].ending == ("failed" if reason == "refusal" else "done")
    (line,) = [one.detail for one in harness.heard.events if isinstance(one, TurnEnded)]
    assert ("The model declined" in line) is (reason == "refusal")


async def test_the_default_listing_says_what_each_model_can_do() -> None:
    async with MessagesServer([]) as fake, AsyncAnthropic(api_key=KEY, base_url=fake.url) as client:
        listed = {model.id: model async for model in client.models.list()}
    assert set(listed) == set(known_models())
    new, old = listed[NEWEST], listed[OLDER]
    assert new.capabilities
    assert old.capabilities
    assert (new.max_input_tokens, new.max_tokens, old.max_input_tokens) == (1_000_000, 128_000, 200_000)
    types = [one.thinking.types for one in (new.capabilities, old.capabilities)]
    assert [(one.adaptive.supported, one.enabled.supported) for one in types] == [(True, False), (False, True)]
    disabled = [
        name for name, one in listed.items() if one.capabilities and one.capabilities.thinking.types.disabled.supported
    ]
    assert sorted(disabled) == ["claude-haiku-4-5", "claude-haiku-5-5", "claude-sonnet-4-5"]
    assert (new.capabilities.effort.supported, old.capabilities.effort.supported) == (True, False)
    assert new.capabilities.model_dump()["compaction"]["summarize"]["supported"]


@CONTRACTS
@pytest.mark.parametrize(("blocks", "found"), [(LOOK_BACK - 1, True), (LOOK_BACK, False)])
async def test_a_breakpoint_finds_what_was_cached_at_twenty_blocks_and_no_further(
    model: str, blocks: int, found: bool
) -> None:
    def body(texts: int, *marked: int) -> list[Json]:
        marks = {place: {"cache_control": {"type": "ephemeral"}} for place in marked}
        return [{"role": "user", "content": [
            {"type": "text", "text": f"{place} " + "word " * 900, **marks.get(place, {})} for place in range(texts)
        ]}]  # fmt: skip

    ground = ServerConditions(cache=Prefixes(lambda: 0.0, rough, None))
    async with (
        MessagesServer([ScriptedReply("a"), ScriptedReply("b")], ground=ground) as fake,
        AsyncAnthropic(api_key=KEY, base_url=fake.url) as client,
    ):
        first, second = [
            (await client.messages.create(model=model, max_tokens=9, messages=sent)).usage  # type: ignore[arg-type]
            for sent in (body(2, 1), body(2 + blocks, 1 + blocks))
        ]
    assert first.cache_creation_input_tokens
    assert second.cache_read_input_tokens == (first.cache_creation_input_tokens if found else 0)


def thinks(**more: Any) -> Json:
    thinking = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    return {"model": NEWEST, "max_tokens": 99, "thinking": thinking, "betas": [BINDING], **more}


def said(*replies: BetaMessage, first: str = "Hello") -> list[Any]:
    """A conversation: each reply as it came, and the user's next words."""
    told = [
        [{"role": "assistant", "content": reply.to_param()["content"]}, {"role": "user", "content": "On."}]
        for reply in replies
    ]
    return [{"role": "user", "content": first}, *chain.from_iterable(told)]


async def test_what_was_dropped_of_the_thinking_is_told_where_it_stood_and_why() -> None:
    replies = [ScriptedReply(f"So {n}.", thinking="Hm.") for n in range(6)]
    async with MessagesServer(replies) as fake, AsyncAnthropic(api_key=KEY, base_url=fake.url) as client:
        ask = client.beta.messages.create
        one = await ask(**thinks(messages=said()))
        two = await ask(**thinks(messages=said(one)))
        changed = await ask(**thinks(messages=said(one, two, first="Good day")))
        foreign = await ask(**thinks(messages=said(one), model="claude-opus-5-5"))
        untold = await ask(
            **{**thinks(messages=said(one), model="claude-opus-5-5"), "thinking": {"type": "adaptive"}, "betas": []}
        )
    assert (one.input_transformations, two.input_transformations) == ([], [])
    paths = [f"messages.{place}.content.{at}" for place in (1, 3) for at in (0, 1)]
    told = [one.model_dump() for one in changed.input_transformations or ()]
    assert told == [{"type": "thinking_dropped", "path": path, "reason": "prefix_binding_mismatch"} for path in paths]
    assert {one.reason for one in foreign.input_transformations or ()} == {"model_binding_mismatch"}
    assert untold.input_transformations is None


async def test_a_compaction_block_stands_for_what_it_summarises_and_keeps_the_thinking_after_it() -> None:
    usage = Usage(input=70, output=8)
    replies = [
        ScriptedReply("They agreed.", usage=usage),
        ScriptedReply("And so.", thinking="Well."),
        ScriptedReply("On."),
    ]
    async with MessagesServer(replies) as fake, AsyncAnthropic(api_key=KEY, base_url=fake.url) as client:
        ask = client.beta.messages.create
        compacts = {"betas": [BINDING, COMPACT]}
        history = [{"role": "user", "content": "Hello"}]
        summary = await ask(**{**thinks(messages=history, compaction={"type": "summarize"}), **compacts})
        kept = await ask(**thinks(messages=history))  # Meanwhile the conversation goes on.
        block = summary.to_param()
        swapped = [
            block,
            {"role": "assistant", "content": kept.to_param()["content"]},
            {"role": "user", "content": "On."},
        ]
        after = await ask(**{**thinks(messages=swapped), **compacts})
    assert (summary.stop_reason, [one.type for one in summary.content]) == ("compaction", ["compaction"])
    assert summary.usage.input_tokens == summary.usage.output_tokens == 0
    assert summary.usage.iterations
    assert [one.type for one in kept.content] == ["thinking", "redacted_thinking", "text"]
    assert after.input_transformations == []


async def _refused_compaction(change: Callable[[Json], list[Any]], **more: Any) -> APIStatusError:
    replies = [ScriptedReply("They agreed."), ScriptedReply("On.")]
    async with MessagesServer(replies) as fake, AsyncAnthropic(api_key=KEY, base_url=fake.url, max_retries=0) as client:
        ask = client.beta.messages.create
        given: Json = {"model": NEWEST, "max_tokens": 99, "betas": [COMPACT]}
        summary = await ask(**given, messages=said(), compaction={"type": "summarize"})
        with pytest.raises(APIStatusError) as caught:
            await ask(**{**given, "messages": change(json.loads(summary.content[0].to_json())), **more})
    return caught.value


USER: Json = {"role": "user", "content": "On."}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda block: [USER, {"role": "assistant", "content": [block]}, USER], errors.CompactionBlockMisplacedError),
        (lambda block: [{"role": "assistant", "content": [block, block]}, USER], errors.CompactionBlockAmbiguousError),
        (
            lambda block: [{"role": "assistant", "content": [{**block, "content": "They did not."}]}, USER],
            errors.CompactionContentMismatchError,
        ),
        (
            lambda block: [{"role": "assistant", "content": [{**block, "signature": "made up"}]}, USER],
            errors.CompactionSignatureInvalidError,
        ),
        (
            lambda block: [{"role": "assistant", "content": [{**block, "tool_changes": [{}]}]}, USER],
            errors.CompactionToolChangesMismatchError,
        ),
    ],
)
async def test_a_compaction_block_is_sent_back_first_alone_and_unchanged(
    change: Callable[[Json], list[Any]], wrong: type[Exception]
) -> None:
    assert isinstance(await _refused_compaction(change), wrong)


@pytest.mark.parametrize(
    ("messages", "wrong"),
    [
        ([], errors.CompactionNothingToSummarizeError),
        ([USER, {"role": "assistant", "content": [CALL]}], errors.CompactionIncompleteTurnError),
    ],
)
async def test_a_conversation_is_compacted_where_there_is_a_whole_one(
    messages: list[Any], wrong: type[Exception]
) -> None:
    assert isinstance(await _refused_compaction(lambda _: messages, compaction={"type": "summarize"}), wrong)


@pytest.mark.parametrize(("model", "betas"), [(NEWEST, ""), (OLDER, COMPACT)])
def test_a_compaction_is_taken_under_its_header_and_from_models_that_compact(model: str, betas: str) -> None:
    body = {**HELLO, "model": model, "compaction": {"type": "summarize"}}
    assert refusal(body, betas) == "compaction: Extra inputs are not permitted"


@pytest.mark.parametrize("overflow", OVERFLOWS)
async def test_a_prompt_above_the_window_is_refused_in_the_words_of_each_server(overflow: str) -> None:
    contract = ProviderContract(overflow=overflow)
    async with MessagesServer([], ground=ServerConditions(contract=contract)) as fake:
        with pytest.raises(ModelError, match="compact the session"):
            await ask(fake, Request("chat", OLDER, view("word " * 200_000)))


def view(*texts: str) -> View:
    return View(tuple(Block("turn", "user", text, 9) for text in texts))


async def ask(fake: MessagesServer, request: Request, **more: Any) -> list[Piece]:
    model = Anthropic(Credentials(KEY, fake.url), **more)
    try:
        return [piece async for piece in model.stream(request)]
    finally:
        await model.close()


def call(name: str) -> tuple[CallPiece, ...]:
    return (CallPiece(name, "read_file", {"path": name}),)


async def play(fake: MessagesServer, model: str, *texts: str, retries: int = 0) -> tuple[SessionHarness, LiveSession]:
    """A session through the real SDK; between two messages of it what can be compacted is."""
    harness = SessionHarness()
    link = Anthropic(Credentials(KEY, fake.url), retries=retries)
    config = evolve(harness.config(link, {"a": "one\n" * 900, "b": "two\n" * 900}), name=model)
    begun: SessionStarted = evolve(STARTED, model=model)
    live = await LiveSession.start(harness.ports, config, Settings(model=model, window=1, kept=1), begun)
    for text in texts:
        await live.send(text)
        await live.idle()
    await live.close()
    await link.close()
    return harness, live


@CONTRACTS
async def test_a_session_with_tools_and_compaction_is_never_refused(model: str) -> None:
    script = [
        ScriptedReply("I look at a.", calls=call("a"), thinking="Hm."),
        ScriptedReply("And at b.", calls=call("b")),
        ScriptedReply("Done."),
        ScriptedReply("Well."),
        ScriptedReply("Fine."),
    ]
    async with MessagesServer(script, ground=ServerConditions(contract=ProviderContract())) as fake:
        harness, _ = await play(fake, model, "Go.", "And?", "So?")
        sent = [one.body for one in fake.requests if one.path == "/v1/messages"]
    assert [event.ending for event in harness.heard.events if isinstance(event, TurnEnded)] == ["done"] * 3
    assert len(sent) == len(script)
    bills = [event for event in harness.heard.events if isinstance(event, CallBilled)]
    assert [body["diagnostics"]["previous_message_id"] for body in sent] == [None, *(one.reply for one in bills[:-1])]
    assert [event for event in harness.heard.events if isinstance(event, Compacted)]
    assert not [one.miss for one in bills[:3] if one.miss]


async def test_a_rate_limit_is_shown_while_it_is_waited_out_and_the_words_are_kept_once() -> None:
    script = [ScriptedReply(status=429, retry_after=1), ScriptedReply("Here.")]
    async with MessagesServer(script) as fake:
        harness, live = await play(fake, NEWEST, "Go.", retries=2)
    assert "Rate limit: waiting 1 s" in " ".join(one.text for one in harness.heard.events if isinstance(one, Notice))
    assert len(live.session.turns) == 1
    assert TurnEnded(1, "done") in harness.heard.events


async def test_a_wait_ends_at_once_where_its_asker_leaves() -> None:
    async with MessagesServer([ScriptedReply(status=429, retry_after=50)]) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        pieces = model.stream(Request("chat", NEWEST, view("Go.")))
        waiting = await anext(pieces)
        assert isinstance(waiting, WaitPiece)
        assert waiting.seconds == 50
        await pieces.aclose()
        await model.close()
        assert len(fake.requests) == 1


async def test_a_server_that_knows_no_diagnostics_is_asked_once_more_without_them() -> None:
    told: list[str] = []
    async with MessagesServer(
        [ScriptedReply("Here.")], ground=ServerConditions(lacks=frozenset({"diagnostics"}))
    ) as fake:
        await ask(fake, Request("chat", NEWEST, view("Go.")), tell=told.append)
        assert ["diagnostics" in one.body for one in fake.requests] == [True, False]
    assert len(told) == 1


async def test_a_wait_of_more_than_a_minute_is_told_and_not_begun() -> None:
    async with MessagesServer([ScriptedReply(status=429, retry_after=3_600)]) as fake:
        with pytest.raises(ModelError, match="wait 60 minutes"):
            await ask(fake, Request("chat", NEWEST, view("Go.")))
        assert len(fake.requests) == 1


async def test_a_paused_reply_goes_on_by_itself() -> None:
    async with MessagesServer([ScriptedReply("Half", reason="pause_turn"), ScriptedReply("whole.")]) as fake:
        harness, _ = await play(fake, NEWEST, "Go.")
        assert len(fake.requests) == 2
    assert TurnEnded(1, "done") in harness.heard.events


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("", 0.0), ("soon", 0.0), ("nan", 0.0), ("1e9", 0.0), ("-3", 0.0)]
)
def test_a_wait_is_read_where_it_is_one(header: str, seconds: float) -> None:
    assert retry_after(header) == seconds


def _sized(tokens: int, _: Json) -> int:
    return tokens


@pytest.mark.parametrize(("model", "least"), [(NEWEST, 512), (OLDER, 1_024)])
def test_a_prefix_below_a_models_smallest_is_not_cached(model: str, least: int) -> None:
    for tokens in (least - 1, least):
        cache = Prefixes(lambda: 0.0, partial(_sized, tokens), None)
        piece = {"type": "text", "text": "So.", "cache_control": {"type": "ephemeral"}}
        split = cache.split({"model": model, "messages": [{"role": "user", "content": [piece]}]})
        assert split.written == (tokens if tokens >= least else 0)


PRICE = Price(2, 10, 2.5, 0.1, 4)
BEFORE = CallBilled("chat", NEWEST, 0, 0, 200_000, 13_900, 0.0, began=1_000.0)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (CallBilled("chat", NEWEST, 10, 0, 214_000, 50, 0.0, began=1_060.0), ""),
        (
            CallBilled("chat", NEWEST, 10, 0, 0, 214_050, 0.0, began=1_660.0),
            "the cache had expired 6 minutes before: 214K tokens, $0.53",
        ),
        (
            CallBilled("chat", OLDER, 10, 0, 0, 214_000, 0.0, began=1_060.0),
            "the model was changed: 214K tokens, $0.53",
        ),
        (
            CallBilled("chat", NEWEST, 10, 0, 14_000, 150_000, 0.0, began=1_060.0, miss="messages_changed"),
            "earlier messages were masked, compacted or taken back: 150K tokens, $0.38",
        ),
        (  # All of it is kept for an hour.
            CallBilled("chat", NEWEST, 10, 0, 0, 214_050, 0.0, began=5_200.0, hour=214_050),
            "the cache had expired 10 minutes before: 214K tokens, $0.53",
        ),
        (
            CallBilled("chat", NEWEST, 10, 0, 0, 214_050, 0.0, began=1_660.0, hour=214_050),
            "the cache did not have it: 214K tokens, $0.53",
        ),
    ],
)
def test_a_bill_says_what_was_paid_again_and_why(now: CallBilled, said: str) -> None:
    assert explain_rewrite(with_rewrite(now, BEFORE, PRICE)) == said
