"""A request whose answer is a call: no tool is forced, and a model that talks is asked once more."""

from __future__ import annotations

import pytest

from throughline.agent.single_call import SingleCall
from throughline.core.ports import CallPiece, ModelError, Request, Tool
from throughline.core.usage import Usage
from throughline.core.view import Block, View
from throughline.models.anthropic import Anthropic
from throughline.models.contract import Contract
from throughline.models.fake import FakeMessages, Ground
from throughline.models.keys import Access
from throughline.models.script import Json, Reply

TOOL = Tool("record", "Records.", {"type": "object", "properties": {}}, strict=True)
ASK = Request("merge", "claude-sonnet-5-5", View((Block("turn", "user", "Sum it up.", 3),)), (TOOL,), must=TOOL.name)
CALL = (CallPiece("r", "record", {"operations": []}),)


async def ask(*replies: Reply) -> tuple[object, list[Usage], list[Json]]:
    """The answer, what each request used, and the requests, by a server that refuses a forced tool."""
    async with FakeMessages(list(replies), ground=Ground(contract=Contract())) as fake:
        model = Anthropic(Access("made-up-key", fake.url), retries=0)
        call = SingleCall(model)
        try:
            answer = await call.ask(ASK)
        finally:
            await model.close()
        return answer, call.usages, [one.body for one in fake.requests]


async def test_a_call_is_taken_at_once_and_its_tool_is_strict_and_not_forced() -> None:
    answer, usages, (body,) = await ask(Reply("Well.", CALL, Usage(7, 3), thinking="Hm."))
    assert answer == {"operations": []}
    assert usages == [Usage(7, 3)]
    assert body["tools"][0]["strict"] is True
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


OTHER = (CallPiece("x", "other", {}),)


@pytest.mark.parametrize("first", [Reply("I would say so."), Reply(""), Reply(thinking="Hm."), Reply(calls=OTHER)])
async def test_a_model_that_did_not_call_is_asked_once_more_and_both_requests_are_paid(first: Reply) -> None:
    answer, usages, bodies = await ask(first, Reply(calls=CALL))
    assert answer == {"operations": []}
    assert len(usages) == 2
    last = bodies[-1]["messages"]
    assert "calling the tool record" in str(last[-1]["content"][-1])
    assert [message["role"] for message in last] in (["user"], ["user", "assistant", "user"])


async def test_a_model_that_only_talks_answers_nothing() -> None:
    answer, usages, bodies = await ask(Reply("No."), Reply("No, again."), Reply(calls=CALL))
    assert (answer, len(usages), len(bodies)) == (None, 2, 2)


@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded"])
async def test_what_a_limit_cut_off_is_not_asked_for_again(reason: str) -> None:
    answer, usages, bodies = await ask(Reply("It", reason=reason), Reply(calls=CALL))
    assert (answer, len(usages), len(bodies)) == (None, 1, 1)


async def test_a_failure_is_the_callers_to_tell() -> None:
    with pytest.raises(ModelError):
        await ask(Reply(status=400, text="no"))
