"""The real SDK against a server that follows a script."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import traceback
from collections.abc import AsyncGenerator
from time import monotonic
from typing import Any

import pytest
from attrs import evolve

from throughline.domain.ports import (
    CallPiece,
    EndPiece,
    ModelError,
    Piece,
    Request,
    TextPiece,
    ThoughtPiece,
    Tool,
    TooLongError,
    UsagePiece,
)
from throughline.domain.usage import Usage
from throughline.domain.view import Block, View
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.testing.messages_server import MessagesServer, ScriptedReply, ServerConditions
from throughline.testing.scripted_replies import Json, stream_events

KEY = "sk-ant-secret-0123456789"
VIEW = View((Block("system", "system", "Be brief.", 3, cached=True), Block("turn", "user", "Hello", 1)))
READ = Tool("read_file", "Reads a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
PAGE = b"<!DOCTYPE html><html><body>" + b"<p>Welcome to some proxy.</p>" * 50
REQUEST = Request("chat", "claude-sonnet-5-5", VIEW, (READ,), limit=100)


@pytest.fixture(autouse=True)
def everything_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


async def ask(model: Anthropic, request: Request = REQUEST) -> list[Piece]:
    """What a request brings, but for what it has used on its way."""
    try:
        return [piece async for piece in model.stream(request) if not isinstance(piece, UsagePiece)]
    finally:
        await model.close()


async def test_a_reply_streams_as_pieces_and_ends_with_its_usage() -> None:
    usage = Usage(input=12, output=34, cache_read=5600, cache_write=780)
    reply = ScriptedReply(
        text="Let me look.", calls=(CallPiece("toolu_1", "read_file", {"path": "ü.py"}),), usage=usage
    )
    async with MessagesServer([reply]) as fake:
        pieces = await ask(Anthropic(Credentials(KEY, fake.url)))
    assert pieces == [
        TextPiece("Let"),
        TextPiece(" me"),
        TextPiece(" look."),
        CallPiece("toolu_1", "read_file", {"path": "ü.py"}),
        EndPiece("tool_use", usage, "msg_fake"),
    ]
    (received,) = fake.requests
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.body == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 100,
        "stream": True,
        "diagnostics": {"previous_message_id": None},
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        "thinking": {
            "type": "adaptive",
            "display": "summarized",
            "block_binding": {"prefix_mismatch_behavior": "drop_block"},
        },
        "tools": [{"name": "read_file", "description": "Reads a file.", "input_schema": READ.schema}],
    }


async def test_calls_come_whole_and_in_order_with_or_without_arguments() -> None:
    calls = (CallPiece("a", "list", {}), CallPiece("b", "read_file", {"path": "x", "range": [1, 2]}))
    async with MessagesServer([ScriptedReply(calls=calls)]) as fake:
        pieces = await ask(Anthropic(Credentials(KEY, fake.url)))
    assert pieces == [*calls, EndPiece("tool_use", Usage(10, 5), "msg_fake")]


async def test_the_key_is_asked_for_at_every_request() -> None:
    keys = iter(["first", "second"])
    async with MessagesServer([ScriptedReply(text="one"), ScriptedReply(text="two")]) as fake:
        model = Anthropic(lambda: Credentials(next(keys), fake.url))
        await ask(model)
        await ask(model)
    assert [one.headers["authorization"] for one in fake.requests] == ["Bearer first", "Bearer second"]


async def test_a_server_without_a_key_is_asked_without_one() -> None:
    async with MessagesServer([ScriptedReply(text="yes")]) as fake:
        pieces = await ask(Anthropic(Credentials("", fake.url)))
    assert pieces[0] == TextPiece("yes")


async def test_cancelling_in_the_middle_of_a_stream_hangs_up() -> None:
    async with MessagesServer([ScriptedReply(text="one two three", stall_after=3)]) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        heard: asyncio.Queue[Piece] = asyncio.Queue()

        async def listen() -> None:
            async for piece in model.stream(REQUEST):
                heard.put_nowait(piece)

        task = asyncio.create_task(listen())
        assert await heard.get() == UsagePiece(Usage(10, 1)), "what a call costs is known before its end"
        assert await heard.get() == TextPiece("one")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(fake.gone.wait(), 5)
        await model.close()


async def test_leaving_a_stream_hangs_up() -> None:
    async with MessagesServer([ScriptedReply(text="one two three", stall_after=3)]) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        pieces: AsyncGenerator[Piece, None] = model.stream(REQUEST)
        assert await anext(pieces) == UsagePiece(Usage(10, 1))
        assert await anext(pieces) == TextPiece("one")
        await pieces.aclose()
        await asyncio.wait_for(fake.gone.wait(), 5)
        await model.close()


def test_the_sdk_is_imported_at_the_first_request_and_off_the_loop() -> None:
    # A process of its own: here the SDK is imported already.
    done = subprocess.run([sys.executable, "-c", COLD_START], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


COLD_START = """
import asyncio, sys, threading
from throughline.domain.ports import Request
from throughline.domain.view import View
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials

class Caught(Exception):
    pass

class Watch:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in {"anthropic", "httpx2"}:
            raise Caught(threading.current_thread() is threading.main_thread())

async def main():
    async for _ in Anthropic(Credentials("key")).stream(Request("chat", "any", View(()))):
        pass

assert "anthropic" not in sys.modules
sys.meta_path.insert(0, Watch)
try:
    asyncio.run(main())
except Caught as caught:
    assert caught.args == (False,)
else:
    raise AssertionError("no import")
"""


async def test_a_rate_limit_is_waited_out_for_as_long_as_the_server_says() -> None:
    replies = iter(
        [ScriptedReply(status=429, retry_after=0.6), ScriptedReply(text="ok")]
    )  # Unasked, the SDK waits half a second.
    times: list[float] = []

    def reply(_: Json) -> ScriptedReply:
        times.append(monotonic())
        return next(replies)

    async with MessagesServer(reply) as fake:
        pieces = await ask(Anthropic(Credentials(KEY, fake.url)))
    assert pieces[0] == TextPiece("ok")
    assert len(times) == 2
    assert times[1] - times[0] >= 0.6


# What servers say where an account has no money left: the status, the words, and how often they are asked.
NO_CREDIT = [
    (400, "Your credit balance is too low to access the API. Go to Plans & Billing to upgrade.", 1),
    (402, "Insufficient Balance", 1),
    (403, "insufficient_quota", 1),
    (400, "This request requires more credits: insufficient credits", 1),
]


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        pytest.param([ScriptedReply(status=401, text="invalid x-api-key")], "API key was refused", id="401"),
        pytest.param([ScriptedReply(status=403)], "may not use claude-sonnet-5-5", id="403"),
        pytest.param([ScriptedReply(status=404, text="model: x")], "no model claude-sonnet-5-5 at 127.0.0.1", id="404"),
        pytest.param([ScriptedReply(status=413)], "/compact", id="413"),
        pytest.param([ScriptedReply(status=429, retry_after=0.01)] * 3, "rate limit is reached: wait", id="429"),
        pytest.param(
            [ScriptedReply(status=529, retry_after=0.01)] * 2 + [ScriptedReply(status=529, retry_after=40)],
            "overloaded: wait 40 seconds",
            id="529 with a time",
        ),
        pytest.param([ScriptedReply(status=529, retry_after=0.01)] * 3, "overloaded: wait", id="529"),
        pytest.param([ScriptedReply(status=500, retry_after=0.01)] * 3, r"failed \(api_error\)", id="500"),
        pytest.param(
            [ScriptedReply(status=408, retry_after=0.01)] * 3, "127.0.0.1:[0-9]+ took too long to answer", id="408"
        ),
        pytest.param([ScriptedReply(status=402, text="no credit")], "no credit left: add some", id="402"),
        *(
            pytest.param([ScriptedReply(status=status, text=text)] * times, "no credit left: add some", id=text[:30])
            for status, text, times in NO_CREDIT
        ),
        pytest.param(
            [ScriptedReply(sse_error="invalid_request_error", text=NO_CREDIT[0][1])],
            "no credit left",
            id="no credit, in a stream",
        ),
        pytest.param(
            [ScriptedReply(status=400, text="You have reached your specified API usage limits until May.")],
            r"The account's limit is reached \(You have .* until May\.\): raise it in the console, then retry",
            id="a limit of the account's own",
        ),
        pytest.param(
            [ScriptedReply(status=400, text="Output blocked by content filtering policy")],
            "content filter stopped this .*: say it in another way",
            id="filtered",
        ),
        pytest.param(
            [ScriptedReply(status=502, raw=PAGE)] * 3, r"failed \(status 502\)", id="another server's error page"
        ),
        pytest.param(
            [ScriptedReply(raw=PAGE)], "does not answer as the Messages API does: check the base URL", id="a web page"
        ),
        pytest.param([ScriptedReply(raw=b"")], "does not answer as the Messages API does", id="an empty answer"),
        pytest.param(
            [ScriptedReply(raw=b"data: {nonsense\n\n")], "broke off|does not answer", id="a stream that is no JSON"
        ),
        pytest.param(
            [ScriptedReply(status=400, text="prompt is too long: 210000 tokens > 200000 maximum")],
            "too long for claude-sonnet-5-5: compact the session with /compact",
            id="too long",
        ),
        pytest.param(
            [ScriptedReply(status=400, text="tools.0:\nbad")], r"refused the request \(tools.0: bad\)", id="400"
        ),
        pytest.param(
            [ScriptedReply(status=400, text=f"Bad header Bearer {KEY}")], r"\(Bad header …\)", id="echoed key"
        ),
        pytest.param([ScriptedReply(text="one two", cut_after=0)], "broke off", id="cut before the first event"),
        pytest.param([ScriptedReply(text="one two", cut_after=4)], "broke off", id="cut in the middle"),
        pytest.param([ScriptedReply(text="one", sse_error="overloaded_error")], "overloaded: wait", id="error event"),
        pytest.param([ScriptedReply(sse_error="api_error", text="oh")], r"failed \(oh\)", id="unnamed error event"),
    ],
)
async def test_a_failure_says_what_to_do(
    replies: list[ScriptedReply], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with MessagesServer(replies) as fake:
        await check_failure(Anthropic(Credentials(KEY, fake.url)), said, caplog)
    assert len(fake.requests) == len(replies)


@pytest.mark.parametrize(
    ("access", "said"),
    [
        (Credentials(), "There is no API key"),
        (Credentials(KEY + "…"), "copy it again"),
        (Credentials(KEY + "\n" + KEY), "copy it again"),
        (Credentials(KEY, "localhost:8080"), "not a plain http or https address"),
        (Credentials(KEY, "http://[::1"), "not a plain http or https address"),
        (Credentials(KEY, f"http://me:{KEY}@localhost"), "not a plain http or https address"),
    ],
)
async def test_what_cannot_work_is_not_tried(access: Credentials, said: str, caplog: pytest.LogCaptureFixture) -> None:
    await check_failure(Anthropic(access), said, caplog)


async def test_a_refused_connection_names_the_host(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as held:  # bound but not listening, so that nobody else can answer there
        held.bind(("127.0.0.1", 0))
        host = "127.0.0.1:{1}".format(*held.getsockname())
        model = Anthropic(Credentials(KEY, f"http://{host}"), retries=0)
        await check_failure(model, f"^{host} cannot be reached", caplog)


async def check_failure(model: Anthropic, said: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        await ask(model)
    assert "\n" not in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert KEY not in caplog.text
    assert not reachable(caught.value, KEY)


def reachable(error: BaseException, secret: str) -> bool:
    """Whether an exception that the error carries along knows the secret."""
    carried: BaseException | None = error
    while carried is not None:
        known: list[Any] = [*carried.args, *vars(carried).values(), *getattr(carried, "__notes__", [])]
        if any(secret in f"{one!r}" or secret in str(getattr(one, "headers", "")) for one in known):
            return True
        carried = carried.__cause__ or carried.__context__
    return False


async def test_a_wrong_key_is_refused_without_being_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async with MessagesServer([ScriptedReply(text="never")], ground=ServerConditions(key="another")) as fake:
        await check_failure(Anthropic(Credentials(KEY, fake.url)), "API key was refused", caplog)
    assert len(fake.requests) == 1


async def test_too_long_a_prompt_is_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    async with MessagesServer([ScriptedReply(status=400, text="prompt is too long: 9 tokens > 8 maximum")]) as fake:
        with pytest.raises(TooLongError):
            await ask(Anthropic(Credentials(KEY, fake.url)))


async def test_an_answer_that_is_held_back_is_waited_for() -> None:
    held = asyncio.Event()
    async with MessagesServer([ScriptedReply(text="at last", held=held)]) as fake:
        asked = asyncio.create_task(ask(Anthropic(Credentials(KEY, fake.url))))
        await fake.came.wait()
        held.set()
        assert (await asked)[0] == TextPiece("at")


async def test_an_answer_that_does_not_come_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async with MessagesServer([ScriptedReply(text="never", held=asyncio.Event())]) as fake:
        model = Anthropic(Credentials(KEY, fake.url), retries=0, patience=0.05)
        await check_failure(model, "took too long to answer: check the network", caplog)
        await asyncio.wait_for(fake.gone.wait(), 5)


async def test_cancelling_before_the_first_byte_hangs_up() -> None:
    async with MessagesServer([ScriptedReply(text="never", held=asyncio.Event())]) as fake:
        asked = asyncio.create_task(ask(Anthropic(Credentials(KEY, fake.url))))
        await fake.came.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await asyncio.wait_for(fake.gone.wait(), 5)


FULL = ScriptedReply(
    text="Let me look.",
    calls=(CallPiece("a", "read_file", {"path": "x"}),),
    thinking="Hm.",
    usage=Usage(700, 60, 40, 30),
)
LENGTH = len(list(stream_events(FULL, {})))


@pytest.mark.parametrize("cut", range(LENGTH + 1))
async def test_a_stream_that_is_cut_at_any_event_keeps_what_came_and_says_what_it_used(cut: int) -> None:
    came: list[Piece] = []
    failed = ""
    async with MessagesServer([evolve(FULL, cut_after=cut)]) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        try:
            async for piece in model.stream(REQUEST):
                came.append(piece)  # noqa: PERF401 - what came before a failure counts
        except ModelError as error:
            failed = str(error)
        await model.close()
    whole = cut >= LENGTH - 1  # Nothing but its goodbye is missing.
    assert bool(failed) == (not whole)
    assert "broke off" in failed or whole
    used = [piece.usage for piece in came if isinstance(piece, UsagePiece)]
    assert used == [Usage(700, 1, 40, 30)][: cut and 1] + [Usage(700, 60, 40, 30)] * whole
    said = "".join(piece.text for piece in came if isinstance(piece, TextPiece))
    assert FULL.text.startswith(said)
    assert [piece for piece in came if isinstance(piece, CallPiece)] in ([], list(FULL.calls))
    assert came[-1:] == [EndPiece("tool_use", Usage(700, 60, 40, 30), "msg_fake")] or not whole


async def test_thoughts_come_as_whole_blocks_just_as_they_were_given() -> None:
    async with MessagesServer([FULL]) as fake:
        pieces = await ask(Anthropic(Credentials(KEY, fake.url)))
    assert [piece.block for piece in pieces if isinstance(piece, ThoughtPiece)] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "signed"},
        {"type": "redacted_thinking", "data": "hidden"},
    ]
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextPiece)) == FULL.text
    assert pieces[-2:] == [*FULL.calls, EndPiece("tool_use", Usage(700, 60, 40, 30), "msg_fake")]


@pytest.mark.parametrize(
    "reason",
    ["end_turn", "stop_sequence", "pause_turn", "max_tokens", "refusal", "model_context_window_exceeded", "new_one"],
)
async def test_why_a_reply_stopped_is_passed_on_with_what_it_cost(reason: str) -> None:
    async with MessagesServer([ScriptedReply(text="So", reason=reason)]) as fake:
        assert await ask(Anthropic(Credentials(KEY, fake.url))) == [
            TextPiece("So"),
            EndPiece(reason, Usage(10, 5), "msg_fake", detail="cyber" if reason == "refusal" else ""),
        ]


async def test_what_is_kept_for_an_hour_is_told_apart_in_the_usage() -> None:
    usage = Usage(1, 2, 3, 400, 300)
    async with MessagesServer([ScriptedReply(text="So", usage=usage)]) as fake:
        assert (await ask(Anthropic(Credentials(KEY, fake.url), hour=lambda _: "always")))[-1] == EndPiece(
            "end_turn", usage, "msg_fake"
        )
    assert fake.requests[0].body["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded"])
async def test_a_call_that_a_limit_cut_off_is_left_out(reason: str) -> None:
    cut = ScriptedReply(text="So", calls=(CallPiece("a", "read_file", {"path": "x"}),), reason=reason, half=True)
    async with MessagesServer([cut]) as fake:
        pieces = await ask(Anthropic(Credentials(KEY, fake.url)))
    assert pieces == [TextPiece("So"), EndPiece(reason, Usage(10, 5), "msg_fake")]


async def test_a_call_that_is_no_json_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    async with MessagesServer([ScriptedReply(calls=(CallPiece("a", "read_file", {"path": "x"}),), half=True)]) as fake:
        await check_failure(Anthropic(Credentials(KEY, fake.url)), "call of read_file cannot be read", caplog)
