"""Sessions that are read, exported and deleted, open or not; the report; and the doctor, through the editor."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

from integration.sidecar import sidecar
from integration.test_server import idle, play
from throughline.protocol import methods
from throughline.protocol.state import State, UserRow
from throughline.testing.messages_server import MessagesServer
from throughline.testing.scripted_replies import ScriptedReply


async def test_a_session_is_read_and_exported_while_another_is_open(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        first = (await play(editor, 2)).session
        assert first is not None
        rows = (await editor.ask(methods.SNAPSHOT)).rows
        await editor.ask(methods.START, objective="another", role="qa")
        read = await editor.ask(methods.READ, session=first.id)
        assert (read.objective, read.role) == (first.objective, first.role)
        assert read.rows == rows
        exported = (await editor.ask(methods.EXPORT, session=first.id)).text
        steps = [json.loads(line) for line in exported.splitlines()]
        prompts = [step["text"] for step in steps if step.get("kind") == "prompt"]
        assert prompts == [row.text for row in rows if isinstance(row, UserRow)]
        for method in (methods.READ, methods.EXPORT, methods.FORGET):
            assert "no session" in (await editor.raw(method.name, {"session": "unknown"})).message


async def test_a_deleted_session_is_gone_and_the_open_one_is_closed_first(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.START, objective="the word is marmalade", role="engineer")
        first = editor.state.session
        await editor.ask(methods.START, objective="another", role="engineer")
        second = editor.state.session
        assert first is not None
        assert second is not None
        state = await editor.ask(methods.FORGET, session=first.id)
        assert state.session == second
        state = await editor.ask(methods.FORGET, session=second.id)
        assert (state.session, state.rows, state.files) == (None, [], [])
        assert (await editor.ask(methods.SESSIONS)).sessions == []
        assert "start one" in (await editor.raw(methods.SEND.name, {"text": "hello", "files": []})).message
        await editor.ask(methods.START, objective="a third", role="engineer")
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".agent").iterdir())
    assert b"marmalade" not in kept


async def test_a_session_is_renamed_open_or_not_and_the_model_is_told_what_it_was_for(tmp_path: Path) -> None:
    async with MessagesServer([ScriptedReply(text="Fine.")]) as fake, sidecar(tmp_path, endpoint=fake.url) as editor:
        await editor.ask(methods.KEY, key="sk-test-key")
        first = (await editor.ask(methods.START, objective="the first aim", role="engineer")).session
        second = (await editor.ask(methods.START, objective="the second aim", role="engineer")).session
        await editor.ask(methods.RENAME, session=first.id, name="  Reminders,\n again ")
        await editor.ask(methods.RENAME, session=second.id, name="Lending")
        await editor.until(lambda s: s.session is not None and s.session.objective == "Lending")
        rows = {row.id: row.objective for row in (await editor.ask(methods.SESSIONS)).sessions}
        assert rows == {first.id: "Reminders, again", second.id: "Lending"}
        assert (await editor.ask(methods.READ, session=first.id)).objective == "Reminders, again"
        state = await editor.ask(methods.RESUME, session=first.id)
        assert state.session.objective == "Reminders, again"
        await editor.ask(methods.SEND, text="Go on.", files=[])
        await editor.until(lambda s: idle(s) and s.meter.calls == 1)
        (sent,) = [one.body for one in fake.requests if one.path.startswith("/v1/messages") and "stream" in one.body]
        assert "the first aim" in str(sent["system"])
        assert "Reminders" not in str(sent)
        for session, name, why in ((first.id, " \n", "is empty"), ("unknown", "x", "no session")):
            refused = await editor.raw(methods.RENAME.name, {"session": session, "name": name})
            assert why in refused.message


async def test_a_session_that_is_open_in_another_window_can_be_read_and_is_not_deleted(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as one, sidecar(tmp_path) as other:
        session = (await one.ask(methods.START, objective="mine", role="engineer")).session
        assert (await other.ask(methods.READ, session=session.id)).objective == "mine"
        with pytest.raises(JsonRpcException, match="open in another window"):
            await other.ask(methods.FORGET, session=session.id)
        await one.ask(methods.ADD, kind="fact", text="Still here", why="", owner="")


async def test_the_report_says_what_the_session_cost_and_what_fills_its_context(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        assert "start one" in (await editor.raw(methods.REPORT.name, {})).message
        await editor.ask(methods.DEMO)
        state = await play(editor, 2)
        told = (await editor.ask(methods.REPORT)).markdown
        assert "- Turns: 2" in told
        for part in state.meter.parts:
            assert f"| {part.label} | {part.tokens:,} | " in told
        assert f"{state.meter.used:,}" in told


async def test_the_doctor_finds_what_the_command_line_finds_and_counts_the_editors_key(tmp_path: Path) -> None:
    (tmp_path / ".agent" / "prompts").mkdir(parents=True)
    (tmp_path / ".agent" / "prompts" / "qa.md").write_bytes(b"\xff\xff")
    async with sidecar(tmp_path) as editor:
        found = {one.what: one for one in (await editor.ask(methods.DOCTOR)).findings}
        assert found["packages"].well
        assert not found["a model can be reached"].well
        assert "ANTHROPIC_API_KEY" in found["a model can be reached"].mend
        assert not found["prompts"].well
        assert "qa.md" in found["prompts"].mend
        assert found["0 sessions can be read"].well
        await editor.ask(methods.KEY, key="sk-test-key")
        found = {one.what: one for one in (await editor.ask(methods.DOCTOR)).findings}
        assert found["a model can be reached"].well
        assert "sk-test-key" not in str(found)


def answered(turn: int, state: State) -> bool:
    return state.meter.calls >= turn and state.activity != "answering"


async def test_a_summary_that_a_model_makes_beside_the_turns_shows_until_it_is_there(tmp_path: Path) -> None:
    go_on = asyncio.Event()

    def reply(body: dict[str, Any]) -> ScriptedReply:
        return ScriptedReply(status=500, held=go_on) if body.get("tool_choice") else ScriptedReply(text="Noted. " * 80)

    async with MessagesServer(reply) as fake, sidecar(tmp_path, endpoint=fake.url, window=3) as editor:
        await editor.ask(methods.KEY, key="sk-test-key")
        await editor.ask(methods.START, objective="talk", role="engineer")
        for turn in range(1, 7):
            await editor.ask(methods.SEND, text=f"Point {turn}. " + "And why it matters. " * 40, files=[])
            await editor.until(partial(answered, turn))
        await editor.until(lambda s: s.activity == "compacting")
        go_on.set()
        await editor.until(idle)
