"""The agent asks in the chat before it acts, over a real stdio process and a Messages API on the loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pygls.exceptions import JsonRpcException

from integration.sidecar import EditorClient, sidecar
from integration.test_server import idle
from throughline.domain.ports import CallPiece
from throughline.protocol import methods
from throughline.protocol.state import AskRow, NoticeRow, State, ToolRow
from throughline.testing.messages_server import MessagesServer
from throughline.testing.scripted_replies import ScriptedReply

FILE = "notes.txt"


def edit(name: str, old: str, new: str) -> ScriptedReply:
    return ScriptedReply(calls=(CallPiece(name, "edit_file", {"path": FILE, "old": old, "new": new}),))


def run(name: str, command: str) -> ScriptedReply:
    return ScriptedReply(calls=(CallPiece(name, "run_command", {"command": command}),))


def asks(state: State) -> list[AskRow]:
    return [row for row in state.rows if isinstance(row, AskRow)]


def asking(state: State) -> bool:
    return any(bool(row.status == "waiting" and row.pattern) for row in asks(state))


def settled(state: State) -> bool:
    return idle(state) and not asking(state) and state.meter.calls > 0


@asynccontextmanager
async def working(
    root: Path, *replies: ScriptedReply, before: str = ""
) -> AsyncIterator[tuple[EditorClient, MessagesServer]]:
    """A session whose model first reads the notes, which are open in the editor where a text is given for that."""
    (root / FILE).write_text("one\ntwo\n", encoding="utf-8")
    read = ScriptedReply(calls=(CallPiece("c0", "read_file", {"path": FILE}),))
    async with MessagesServer([read, *replies]) as fake, sidecar(root, endpoint=fake.url) as editor:
        await editor.ask(methods.KEY, key="sk-test-key")
        await editor.ask(methods.START, objective="keep notes", role="engineer")
        if before:
            editor.open(FILE, before)
        await editor.ask(methods.SEND, text="Go on.", files=[])
        yield editor, fake


async def answer(editor: EditorClient, verdict: str, reason: str = "") -> AskRow:
    """Answers the question that is open."""
    (row,) = [one for one in asks(await editor.until(asking)) if one.status == "waiting"]
    allowed, session = verdict != "deny", verdict == "session"
    await editor.ask(methods.ANSWER, call=row.call, allowed=allowed, session=session, reason=reason)
    return row


async def test_an_edit_waits_for_a_yes_and_shows_what_it_would_change(tmp_path: Path) -> None:
    async with working(tmp_path, edit("c1", "two", "three"), ScriptedReply(text="Done.")) as (editor, _):
        await editor.until(asking)
        assert (tmp_path / FILE).read_text(encoding="utf-8") == "one\ntwo\n"
        row = await answer(editor, "once")
        assert (row.action, row.target) == ("edit", FILE)
        assert "-two" in row.detail
        assert "+three" in row.detail
        state = await editor.until(settled)
        assert (tmp_path / FILE).read_text(encoding="utf-8") == "one\nthree\n"
        assert [one.status for one in asks(state)] == ["allowed"]
        assert [one.status for one in state.rows if isinstance(one, ToolRow)] == ["done", "done"]


async def test_a_no_reaches_the_model_with_its_reason_and_stays_in_the_chat(tmp_path: Path) -> None:
    async with working(tmp_path, edit("c1", "two", "three"), ScriptedReply(text="I see.")) as (editor, fake):
        await answer(editor, "deny", "use four")
        (row,) = asks(await editor.until(settled))
        assert (row.status, row.reason) == ("denied", "use four")
        assert (tmp_path / FILE).read_text(encoding="utf-8") == "one\ntwo\n"
        said = [one.body for one in fake.requests if "messages" in one.body][-1]["messages"][-1]
        assert "use four" in str(said)
        with pytest.raises(JsonRpcException, match="has been answered"):
            await editor.ask(methods.ANSWER, call=row.call, allowed=True, session=False, reason="")


async def test_leave_for_the_session_is_asked_for_once(tmp_path: Path) -> None:
    replies = (edit("c1", "two", "three"), edit("c2", "three", "four"), ScriptedReply(text="Done."))
    async with working(tmp_path, *replies) as (editor, _):
        row = await answer(editor, "session")
        assert row.pattern == "edit:**"
        (row,) = asks(await editor.until(settled))
        assert (row.status, row.pattern) == ("session", "edit:**")
        assert (tmp_path / FILE).read_text(encoding="utf-8") == "one\nfour\n"


async def test_stopping_the_turn_takes_the_question_back(tmp_path: Path) -> None:
    async with working(tmp_path, edit("c1", "two", "three")) as (editor, _):
        (row,) = asks(await editor.until(asking))
        await editor.ask(methods.CANCEL)
        state = await editor.until(settled)
        assert [one.status for one in asks(state)] == ["withdrawn"]
        with pytest.raises(JsonRpcException, match="has been answered"):
            await editor.ask(methods.ANSWER, call=row.call, allowed=True, session=False, reason="")


async def test_a_question_that_a_killed_sidecar_left_is_gone_when_the_session_is_resumed(tmp_path: Path) -> None:
    async with working(tmp_path, edit("c1", "two", "three")) as (editor, _):
        state = await editor.until(asking)
        assert state.session is not None
        await editor.kill()
    async with sidecar(tmp_path) as editor:
        state = await editor.ask(methods.RESUME, session=state.session.id)
        assert [one.status for one in asks(state)] == ["withdrawn"]
        assert any(isinstance(row, NoticeRow) and row.level == "error" for row in state.rows)


async def test_what_a_command_prints_is_shown_as_it_comes(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    command = f"echo first; while [ ! -e {gate} ]; do sleep 0.05; done; echo second"
    async with working(tmp_path, run("c1", command), ScriptedReply(text="Done.")) as (editor, _):
        row = await answer(editor, "once")
        assert (row.action, row.detail) == ("run", command)
        await editor.until(lambda s: any(isinstance(one, ToolRow) and one.result == "first\n" for one in s.rows))
        gate.touch()
        state = await editor.until(settled)
        (card,) = [one for one in state.rows if isinstance(one, ToolRow) and one.tool == "run_command"]
        assert card.status == "done"
        assert "first\nsecond" in card.result


async def test_an_edit_of_an_open_file_goes_through_the_editor_and_keeps_what_is_not_saved(tmp_path: Path) -> None:
    unsaved = "one\ntwo\nunsaved\n"
    async with working(tmp_path, edit("c1", "two", "three"), ScriptedReply(text="Done."), before=unsaved) as (
        editor,
        _,
    ):
        await answer(editor, "once")
        state = await editor.until(settled)
        assert [one.status for one in state.rows if isinstance(one, ToolRow)] == ["done", "done"]
        assert editor.shown[editor.uri(FILE)].source == "one\nthree\nunsaved\n"
        assert (tmp_path / FILE).read_text(encoding="utf-8") == "one\nthree\nunsaved\n"


async def test_an_edit_of_a_file_that_is_typed_in_meanwhile_is_not_made(tmp_path: Path) -> None:
    async with working(tmp_path, edit("c1", "two", "three"), ScriptedReply(text="Oh."), before="one\ntwo\n") as (
        editor,
        fake,
    ):
        await editor.until(asking)
        editor.edit(FILE, "one\nsomething else\n")
        await answer(editor, "once")
        state = await editor.until(settled)
        assert [one.status for one in state.rows if isinstance(one, ToolRow)] == ["done", "failed"]
        assert editor.shown[editor.uri(FILE)].source == "one\nsomething else\n"
        said = [one.body for one in fake.requests if "messages" in one.body][-1]["messages"][-1]
        assert "something else" in str(said)
