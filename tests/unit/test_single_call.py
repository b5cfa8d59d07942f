"""A request whose answer is a call: no tool is forced, and a model that talks is asked once more."""

from __future__ import annotations

import pytest

from throughline.agent.structured_call import StructuredCall
from throughline.domain.ports import CallPiece, ModelError, Request, Tool
from throughline.domain.usage import Usage
from throughline.domain.view import Block, View
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.provider_contract import ProviderContract
from throughline.testing.scripted_replies import Json, ScriptedReply

TOOL = Tool("record", "Records.", {"type": "object", "properties": {}}, strict=True)
ASK = Request("merge", "claude-sonnet-5-5", View((Block("turn", "user", "Sum it up.", 3),)), (TOOL,), must=TOOL.name)
CALL = (CallPiece("r", "record", {"operations": []}),)


async def ask(*replies: ScriptedReply) -> tuple[object, list[Usage], list[Json]]:
    """The answer, what each request used, and the requests, by a server that refuses a forced tool."""
    async with MessagesServer(list(replies), ground=ServerConditions(contract=ProviderContract())) as fake:
        model = Anthropic(Credentials("made-up-key", fake.url), retries=0)
        call = StructuredCall(model)
        try:
            answer = await call.ask(ASK)
        finally:
            await model.close()
        return answer, call.usages, [one.body for one in fake.requests]


async def test_a_call_is_taken_at_once_and_its_tool_is_strict_and_not_forced() -> None:
    answer, usages, (body,) = await ask(ScriptedReply("Well.", CALL, Usage(7, 3), thinking="Hm."))
    assert answer == {"operations": []}
    assert usages == [Usage(7, 3)]
    assert body["tools"][0]["strict"] is True
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


OTHER = (CallPiece("x", "other", {}),)


@pytest.mark.parametrize(
    "first",
    [ScriptedReply("I would say so."), ScriptedReply(""), ScriptedReply(thinking="Hm."), ScriptedReply(calls=OTHER)],
)
async def test_a_model_that_did_not_call_is_asked_once_more_and_both_requests_are_paid(first: ScriptedReply) -> None:
    answer, usages, bodies = await ask(first, ScriptedReply(calls=CALL))
    assert answer == {"operations": []}
    assert len(usages) == 2
    last = bodies[-1]["messages"]
    assert "calling the tool record" in str(last[-1]["content"][-1])
    assert [message["role"] for message in last] in (["user"], ["user", "assistant", "user"])


async def test_a_model_that_only_talks_answers_nothing() -> None:
    answer, usages, bodies = await ask(ScriptedReply("No."), ScriptedReply("No, again."), ScriptedReply(calls=CALL))
    assert (answer, len(usages), len(bodies)) == (None, 2, 2)


@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded"])
async def test_what_a_limit_cut_off_is_not_asked_for_again(reason: str) -> None:
    answer, usages, bodies = await ask(ScriptedReply("It", reason=reason), ScriptedReply(calls=CALL))
    assert (answer, len(usages), len(bodies)) == (None, 1, 1)


@pytest.mark.slow
async def test_a_failure_is_the_callers_to_tell() -> None:
    with pytest.raises(ModelError):
        await ask(ScriptedReply(status=400, text="no"))
