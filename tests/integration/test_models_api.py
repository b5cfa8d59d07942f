"""Listing models, counting tokens, and getting by with servers that can do neither, by the real SDK."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from integration.sidecar import sidecar
from throughline.domain.events import AssistantMessage, CallBilled, ContextLimitReported, RoleAndModelChanged, TurnEnded
from throughline.domain.ports import ModelError, ModelRow, Piece, Request, Tool
from throughline.domain.settings import Settings
from throughline.domain.usage import Usage
from throughline.domain.view import Block, View
from throughline.llm.anthropic import Anthropic
from throughline.llm.catalogue import Catalogue, look_up_models
from throughline.llm.credentials import Credentials
from throughline.protocol import methods
from throughline.session.live_session import LiveSession
from throughline.testing.messages_server import MessagesServer, ScriptedReply, ServerConditions
from throughline.testing.model_rules import model_entry
from throughline.testing.provider_contract import Prefixes, rough
from throughline.testing.scripted import ScriptedTools
from unit.event_logs import STARTED, session
from unit.session_harness import ApproximateTokens, RecordingListener, SessionHarness

KEY = "sk-ant-secret-0123456789"
MODELS = (
    model_entry("claude-sonnet-5-5-20260915", display_name="Claude Sonnet 5.5", max_input_tokens=500_000),
    model_entry("claude-sonnet-4-5-20250929", lifecycle="deprecated", retires_at="2026-11-30T00:00:00Z"),
    model_entry("claude-sonnet-3-7-20250219", lifecycle="retired"),
    *(model_entry(f"claude-other-{number}") for number in range(150)),
)
SCHEMA = {"type": "object", "properties": {"strict": {"type": "string"}}}
VIEW = View((Block("system", "system", "Be brief.", 3, cached=True), Block("turn", "user", "Hello", 1, cached=True)))
REQUEST = Request("chat", "claude-sonnet-5-5", VIEW, (Tool("note", "Notes.", SCHEMA, strict=True),), limit=100)


async def test_all_pages_are_read_and_retired_models_too() -> None:
    async with MessagesServer([], ground=ServerConditions(models=MODELS)) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        rows = await model.models()
        await model.close()
    assert rows is not None
    assert len(rows) == len(MODELS)
    assert rows[:3] == (
        ModelRow("claude-sonnet-5-5-20260915", "Claude Sonnet 5.5", 500_000),
        ModelRow(
            "claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929", None, "deprecated",
            datetime(2026, 11, 30, tzinfo=UTC).timestamp(),
        ),
        ModelRow("claude-sonnet-3-7-20250219", "claude-sonnet-3-7-20250219", None, "retired"),
    )  # fmt: skip
    assert [one.path.count("after_id") for one in fake.requests] == [0, 1]


async def test_a_name_is_looked_up_in_the_list_and_then_by_itself() -> None:
    names = ["claude-sonnet-5-5", "claude-sonnet-4-5-20250929", "claude-alias", "", "no/such model"]
    async with MessagesServer(
        [], ground=ServerConditions(models=(*MODELS[:2], model_entry("claude-alias", lifecycle="hidden")))
    ) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        found = await look_up_models(model, names)
        await model.close()
    assert {name: row and row.id for name, row in found.chosen.items()} == {
        "claude-sonnet-5-5": "claude-sonnet-5-5-20260915",
        "claude-sonnet-4-5-20250929": "claude-sonnet-4-5-20250929",
        "claude-alias": "claude-alias",
        "no/such model": None,
    }
    assert found.window("claude-sonnet-5-5") == 500_000
    assert found.window("claude-alias") is None


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="no such path"),
        pytest.param({"object": "list", "data": []}, id="an empty list"),
        pytest.param({"models": ["a"]}, id="a list of its own kind"),
    ],
)
async def test_a_server_without_a_list_is_asked_once_and_said_so_once(answer: dict[str, object] | None) -> None:
    said: list[str] = []
    ground = ServerConditions(lacks=frozenset({"/v1/models"})) if answer is None else ServerConditions(listing=answer)
    async with MessagesServer([], ground=ground) as fake:
        model = Anthropic(Credentials("", fake.url), tell=said.append)
        assert await look_up_models(model, ["mine"]) == Catalogue()
        assert await look_up_models(model, ["mine"]) == Catalogue()
        await model.close()
    assert len(fake.requests) == 1
    assert re.fullmatch(r"127\.0\.0\.1:\d+ lists no models: their names cannot be checked\.", said[0])
    assert len(said) == 1


async def test_another_servers_list_gives_hardly_more_than_names() -> None:
    rows = {"object": "list", "data": [{"id": "qwen", "object": "model"}, {"id": "llama", "max_input_tokens": "no"}]}
    async with MessagesServer([], ground=ServerConditions(listing=rows)) as fake:
        model = Anthropic(Credentials("", fake.url))
        assert await model.models() == (ModelRow("qwen", "qwen"), ModelRow("llama", "llama"))
        await model.close()


@pytest.mark.parametrize("name", ["models", "model"])
async def test_a_wrong_key_is_said_when_models_are_listed(name: str) -> None:
    async with MessagesServer([], ground=ServerConditions(key="another")) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        with pytest.raises(ModelError, match="API key was refused") as caught:
            await (model.models() if name == "models" else model.model("any"))
        await model.close()
    assert KEY not in str(caught.value)


async def test_a_prompt_is_counted_with_its_tools_and_without_a_limit() -> None:
    async with MessagesServer([], ground=ServerConditions(cache=Prefixes(lambda: 0.0, lambda _: 7))) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        assert await model.count(REQUEST) == 21
        await model.close()
    assert set(fake.requests[0].body) == {"model", "messages", "system", "thinking", "tools"}


@pytest.mark.parametrize(
    ("ground", "asked"),
    [
        pytest.param(ServerConditions(lacks=frozenset({"/v1/messages/count_tokens"})), 1, id="not there: asked once"),
        pytest.param(ServerConditions(key="another"), 2, id="refused: asked again"),
    ],
)
async def test_what_cannot_be_counted_is_no_failure(ground: ServerConditions, asked: int) -> None:
    said: list[str] = []
    async with MessagesServer([], ground=ground) as fake:
        model = Anthropic(Credentials(KEY, fake.url), tell=said.append)
        assert [await model.count(REQUEST), await model.count(REQUEST)] == [None, None]
        await model.close()
    assert len(fake.requests) == asked
    assert len(said) == 2 - asked
    assert await Anthropic(Credentials()).count(REQUEST) is None


@pytest.mark.parametrize(
    ("lacks", "kept"),
    [({"strict"}, {"cache_control"}), ({"cache_control"}, {"strict"}), ({"strict", "cache_control"}, set[str]())],
)
async def test_a_server_that_does_not_know_a_field_is_asked_without_it(lacks: set[str], kept: set[str]) -> None:
    said: list[str] = []
    replies = [ScriptedReply(text="one"), ScriptedReply(text="two")]
    async with MessagesServer(replies, ground=ServerConditions(lacks=frozenset(lacks))) as fake:
        model = Anthropic(Credentials("", fake.url), tell=said.append)
        for _ in range(2):
            pieces: list[Piece] = [piece async for piece in model.stream(REQUEST)]
            assert pieces
        await model.close()
    assert len(fake.requests) == 2 + len(lacks), "what it lacks is known from then on"
    last = fake.requests[-1].body
    assert ("strict" in last["tools"][0]) == ("strict" in kept)
    assert ("cache_control" in last["system"][0]) == ("cache_control" in kept)
    assert last["tools"][0]["input_schema"] == SCHEMA, "a tool may well have an argument of that name"
    assert len(said) == len(lacks)
    assert all(line.startswith("127.0.0.1:") and "\n" not in line for line in said)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param("strict: no", Request("chat", "m", VIEW), id="a field that was not sent"),
        pytest.param("the account is restricted", REQUEST, id="a word that holds its name"),
    ],
)
async def test_nothing_is_given_up_for_another_complaint(text: str, asked: Request) -> None:
    async with MessagesServer([ScriptedReply(status=400, text=text)]) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        with pytest.raises(ModelError, match=text):
            [piece async for piece in model.stream(asked)]
        await model.close()
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("asked", "listed", "sent"),
    [
        pytest.param(4_000, {}, [4_000, 4_000], id="nothing is known of the model"),
        pytest.param(4_000, {"max_tokens": 64_000}, [4_000, 4_000], id="the model gives more"),
        pytest.param(9_000, {"max_tokens": 6_000}, [9_000, 6_000], id="the model gives less"),
        pytest.param(9_000, {"max_tokens": None}, [9_000, 9_000], id="a server that says nothing of it"),
    ],
)
async def test_no_reply_is_asked_for_that_is_longer_than_the_model_says(
    asked: int, listed: dict[str, Any], sent: list[int]
) -> None:
    ground = ServerConditions(models=[model_entry(REQUEST.model, **listed)])
    async with MessagesServer([ScriptedReply(text="a"), ScriptedReply(text="b")], ground=ground) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        [piece async for piece in model.stream(evolve(REQUEST, limit=asked))]
        await model.models()
        [piece async for piece in model.stream(evolve(REQUEST, limit=asked))]
        await model.close()
    assert [one.body["max_tokens"] for one in fake.requests if "max_tokens" in one.body] == sent


async def test_a_reply_that_the_model_refuses_as_too_long_is_asked_for_again_at_its_own_length() -> None:
    said = "max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-5-5"
    replies = [ScriptedReply(status=400, text=said), ScriptedReply(text="a"), ScriptedReply(text="b")]
    async with MessagesServer(replies) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        for _ in range(2):
            [piece async for piece in model.stream(evolve(REQUEST, limit=100_000))]
        await model.close()
    assert [one.body["max_tokens"] for one in fake.requests] == [100_000, 64_000, 64_000]


LONG = "The importer reads one line at a time, and then it goes on to the next. " * 40


async def test_near_the_limit_the_provider_is_asked_how_long_a_view_is() -> None:
    harness, replies = SessionHarness(), [ScriptedReply(text=LONG) for _ in range(4)]
    cache = Prefixes(lambda: 0.0, lambda piece: 2 * rough(piece))
    async with MessagesServer(replies, ground=ServerConditions(cache=cache)) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        live = await LiveSession.start(
            harness.ports, harness.config(model), Settings(strategy="full"), evolve(STARTED, limit=3_500)
        )
        for _ in replies:
            await live.send("Go on, please.")
            await live.idle()
        view, sent = live.view(), [one.path for one in fake.requests]
        told = [one.body for one in fake.requests if one.path.endswith("count_tokens")]
        assert sent[:2] == ["/v1/messages"] * 2, "far from it, nobody is asked"
        assert told
        assert round(live.meter.factor(view) * (view.tokens + live.meter.tools)) == cache.tokens(told[-1])
        await live.close()
        await model.close()
    assert sum(isinstance(event, AssistantMessage) for event in harness.heard.events) == 4
    assert sum(isinstance(event, CallBilled) for event in harness.heard.events) == 4


class Waited(RecordingListener):
    """Says when the model has said so much."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said = asyncio.Event()
        self._awaited = text

    def streamed(self, turn: int, text: str) -> None:
        super().streamed(turn, text)
        if self.text == self._awaited:
            self.said.set()


async def test_what_a_call_cost_that_was_cut_off_or_cancelled_is_billed() -> None:
    harness, heard = SessionHarness(), Waited("One twoOne two")
    usage = Usage(700, 60, 40, 30)
    replies = [
        ScriptedReply(text="One two three.", usage=usage, cut_after=4),
        ScriptedReply(text="One two three.", usage=usage, stall_after=4),
        ScriptedReply(status=529, retry_after=0.01),
        ScriptedReply(status=529, retry_after=0.01),
        ScriptedReply(status=529, retry_after=0.01),
        ScriptedReply(text="One two three.", usage=usage),
    ]
    async with MessagesServer(replies) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        live = await LiveSession.start(
            evolve(harness.ports, listener=heard), harness.config(model), Settings(), STARTED
        )
        await live.send("Cut off.")
        await live.idle()
        await live.send("Cancelled.")
        await asyncio.wait_for(heard.said.wait(), 5)
        await live.cancel()
        await asyncio.wait_for(fake.gone.wait(), 5)
        await live.send("Refused.")
        await live.idle()
        await live.send("Whole.")
        await live.idle()
        await live.close()
        await model.close()
    bills = [event for event in heard.events if isinstance(event, CallBilled)]
    assert [(one.input, one.output, one.cache_read, one.cache_write) for one in bills] == [
        (700, 1, 40, 30), (700, 1, 40, 30), (700, 60, 40, 30)
    ]  # fmt: skip
    assert [event.ending for event in heard.events if isinstance(event, TurnEnded)] == [
        "failed", "cancelled", "failed", "done",
    ]  # fmt: skip
    said = [(event.text, event.partial) for event in heard.events if isinstance(event, AssistantMessage)]
    assert said == [("One two", True), ("One two", True), ("One two three.", False)]


class Offering(ScriptedTools):
    """Offers a tool that nobody calls."""

    def offered(self) -> tuple[Tool, ...]:
        return (Tool("read", "Reads a file. " * 40, SCHEMA),)


async def test_the_meter_comes_to_say_what_the_provider_bills_and_still_does_when_resumed() -> None:
    harness, cache = SessionHarness(), Prefixes(lambda: 0.0, lambda piece: 20 + rough(piece))
    tools = Offering({}, ApproximateTokens())
    async with MessagesServer(
        [ScriptedReply(text=LONG) for _ in range(6)], ground=ServerConditions(cache=cache)
    ) as fake:
        model = Anthropic(Credentials(KEY, fake.url))
        config = harness.config(model, tools=tools)
        live = await LiveSession.start(harness.ports, config, Settings(), STARTED)
        off = []
        for _ in range(6):
            await live.send("Go on, please. " * 30)
            sent = live.meter.tokens(live.view())
            await live.idle()
            off.append(sent / cache.tokens(fake.requests[-1].body) - 1)
        measured = live.meter.tokens(live.view())
        await live.close()
        again = await LiveSession.resume(harness.ports, config, Settings(), "s")
        assert again.meter.tokens(again.view()) == measured
        assert again.meter.usual == live.meter.usual != pytest.approx(1.6)
        await again.close()
        await model.close()
    assert abs(off[0]) > 0.2, "the family counts otherwise"
    assert max(map(abs, off[3:])) < 0.06
    assert abs(off[-1]) < 0.02
    counted = [one.event.counted for one in harness.store.read("s") if isinstance(one.event, CallBilled)]
    assert counted == sorted(set(counted))
    assert counted[0] > tools.offered()[0].text.count(" ")


WATCH = """
import atexit, sys
from pathlib import Path
told, heavy = Path(sys.argv.pop()), ("anthropic", "httpx2", "tiktoken", "tree_sitter")
atexit.register(lambda: told.write_text(" ".join(name for name in heavy if name in sys.modules)))
from throughline.__main__ import main
main()
"""


async def test_a_server_that_has_started_and_knows_the_key_has_loaded_no_sdk_and_no_tokenizer(tmp_path: Path) -> None:
    told = tmp_path / "loaded.txt"
    async with sidecar(tmp_path, command=(sys.executable, "-c", WATCH, "serve", str(told))) as editor:
        await editor.ask(methods.KEY, key=KEY)
        assert (await editor.ask(methods.SESSIONS)).keyed
    assert told.read_text() == ""


def test_a_limit_that_was_told_holds_until_the_model_changes() -> None:
    told = session(ContextLimitReported(500_000))
    assert told.limit == 500_000
    assert (
        session(ContextLimitReported(500_000), RoleAndModelChanged("qa", "claude-haiku-5-5", 200_000)).limit == 200_000
    )


def listed_by(project: Path, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    command = [sys.executable, "-m", "throughline", "models", "--project", str(project), *more]
    return subprocess.run(command, env=clean | environ, capture_output=True, text=True, timeout=60, check=False)


async def test_the_command_line_lists_models_with_their_prices_and_says_what_will_not_do(tmp_path: Path) -> None:
    (tmp_path / ".agent").mkdir()
    own = tmp_path / ".agent" / "prices.toml"
    own.write_text("[models.claude-other-1]\nfree = true\n")
    async with MessagesServer([], ground=ServerConditions(models=MODELS[:5], key=KEY)) as fake:
        access = {"ANTHROPIC_BASE_URL": fake.url, "ANTHROPIC_API_KEY": KEY}
        done = await asyncio.to_thread(listed_by, tmp_path, "--json", **access)
        shown = await asyncio.to_thread(listed_by, tmp_path, **access)
        wrong = await asyncio.to_thread(listed_by, tmp_path, **{**access, "ANTHROPIC_API_KEY": "other"})
        own.write_text("[models")
        broken = await asyncio.to_thread(listed_by, tmp_path, **access)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert [(one["id"], one["window"], one["stage"], one["retires"], one["input"]) for one in told["models"]] == [
        ("claude-sonnet-5-5-20260915", 500_000, "active", None, 2),
        ("claude-sonnet-4-5-20250929", None, "deprecated", "2026-11-30", 3),
        ("claude-sonnet-3-7-20250219", None, "retired", None, None),
        ("claude-other-0", None, "active", None, None),
        ("claude-other-1", None, "active", None, 0),
    ]
    assert len(told["remarks"]) == 1, "the usual summariser is not among them"
    assert told["remarks"][0].startswith("claude-haiku-5-5 is not among the models that are offered")
    assert "500,000" in shown.stdout
    assert "unknown" in shown.stdout
    nowhere = await asyncio.to_thread(listed_by, tmp_path)
    for refused, why in ((wrong, "API key was refused"), (broken, ".agent/prices.toml"), (nowhere, "no API key")):
        assert refused.returncode == 2
        assert why in refused.stderr
        assert refused.stderr.count("\n") == 1


async def test_a_session_says_once_what_is_wrong_with_its_models_and_learns_its_limit(tmp_path: Path) -> None:
    soon = datetime.now(UTC) + timedelta(days=5)
    models = (
        model_entry("claude-sonnet-5-5", max_input_tokens=500_000),
        model_entry("claude-haiku-5-5", lifecycle="deprecated", retires_at=soon.isoformat()),
    )
    async with (
        MessagesServer(
            [ScriptedReply(text="one"), ScriptedReply(text="two")], ground=ServerConditions(models=models)
        ) as fake,
        sidecar(tmp_path, endpoint=fake.url) as editor,
    ):
        await editor.ask(methods.KEY, key=KEY)
        await editor.ask(methods.START, objective="mend it", role="engineer")
        assert not fake.requests, "nothing is asked before the first message"
        await editor.ask(methods.SEND, text="One.", files=[])
        state = await editor.until(lambda s: any("claude-haiku-5-5 retires on" in str(row) for row in s.rows))
        await editor.ask(methods.START, objective="mend more", role="engineer")
        await editor.ask(methods.SEND, text="Two.", files=[])
        again = await editor.until(lambda s: s.meter.calls == 1 and s.activity == "idle")
    assert sum("retires on" in str(row) for row in state.rows) == 1
    assert not any("retires on" in str(row) for row in again.rows)
    assert again.meter.limit == 500_000
