"""What a user asks of an open session beside sending messages, over a real stdio process."""

from __future__ import annotations

from pathlib import Path

import pytest
from pygls.exceptions import JsonRpcException

from integration.sidecar import sidecar
from integration.test_server import CODE, idle, play
from throughline.protocol import methods
from throughline.protocol.state import CompactionRow, FileRow, HeldRow, State
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.model_rules import model_entry as row
from throughline.testing.scripted_replies import ScriptedReply


def waiting(state: State) -> list[HeldRow]:
    return [row for row in state.rows if isinstance(row, HeldRow)]


def waits(state: State) -> bool:
    return bool(waiting(state))


async def test_a_preview_waits_in_the_chat_until_it_is_applied_or_dismissed(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        await play(editor, 4)
        shown = await editor.ask(methods.PREVIEW)
        assert "# " in shown.markdown
        (row,) = waiting(await editor.until(waits))
        assert row.gains
        assert row.after < row.before
        await editor.ask(methods.DISMISS)
        await editor.until(lambda s: not waiting(s))
        assert not (await editor.ask(methods.APPLY)).made
        await editor.ask(methods.PREVIEW)
        (row,) = waiting(await editor.until(waits))
        assert (await editor.ask(methods.APPLY)).made
        state = await editor.until(lambda s: any(isinstance(one, CompactionRow) for one in s.rows))
        (made,) = [one for one in state.rows if isinstance(one, CompactionRow)]
        assert (made.through, made.before, made.after) == (row.through, row.before, row.after)
        assert not waiting(state)


async def test_where_the_user_wants_to_be_asked_a_due_compaction_waits(tmp_path: Path) -> None:
    async with sidecar(tmp_path, preview="always", window=2) as editor:
        await editor.ask(methods.DEMO)
        await play(editor, 3)
        (row,) = waiting(await editor.until(waits))
        assert (await editor.ask(methods.APPLY)).made
        state = await editor.until(lambda s: any(isinstance(one, CompactionRow) for one in s.rows))
        assert waiting(state) == []
        assert row.through >= 1


async def test_what_a_message_mentions_enters_the_view_once(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "ledger.py").write_text(CODE, encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        line = (await editor.ask(methods.DEMO)).suggestion
        found = await editor.ask(methods.FILES, query="ledg")
        assert found.paths == ["src/ledger.py"]
        said = await editor.ask(methods.SEND, text=line, files=["src/ledger.py", "dataclass", "src/none.py"])
        assert said.refused == ["src/none.py is not a text file in this workspace."]
        state = await editor.until(lambda s: idle(s) and s.meter.calls > 0)
        await editor.ask(methods.SEND, text=state.suggestion, files=["src/ledger.py"])
        state = await editor.until(lambda s: idle(s) and s.suggestion not in (line, state.suggestion))
        assert [row.path for row in state.rows if isinstance(row, FileRow)] == ["src/ledger.py"]


async def test_what_was_said_is_found_again_with_the_row_of_its_turn(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        state = await play(editor, 2)
        first = next(row for row in state.rows if row.kind == "user")
        words = " ".join(first.text.split()[1:4])
        found = await editor.ask(methods.RECALL, words=words, everywhere=False)
        assert first.id in {place.row for place in found.places}
        assert state.session is not None
        assert {place.session for place in found.places} == {state.session.id}
        assert (await editor.ask(methods.RECALL, words="zyzzyva", everywhere=True)).places == []
        with pytest.raises(JsonRpcException, match="which words"):
            await editor.ask(methods.RECALL, words=" ", everywhere=True)


async def test_a_session_goes_on_in_another_role_and_with_another_model(tmp_path: Path) -> None:
    offered = ServerConditions(models=(row("model-a", max_input_tokens=300_000), row("model-b")))
    async with (
        MessagesServer([ScriptedReply(text="Fine.")], ground=offered) as fake,
        sidecar(tmp_path, endpoint=fake.url) as editor,
    ):
        await editor.ask(methods.KEY, key="sk-test-key")
        await editor.ask(methods.START, objective="choose", role="engineer")
        models = await editor.ask(methods.MODELS)
        assert [(one.id, one.detail) for one in models.models] == [
            ("model-a", "300,000 tokens of context"),
            ("model-b", ""),
        ]
        assert any("claude-sonnet-5-5" in line for line in models.remarks)
        state = await editor.ask(methods.CREW, role="qa", model="model-a")
        assert (state.session.role, state.session.model) == ("qa", "model-a")
        await editor.ask(methods.SEND, text="Hello?", files=[])
        await editor.until(lambda s: idle(s) and s.meter.calls == 1)
        sent = next(one.body for one in fake.requests if "messages" in one.body)
        assert sent["model"] == "model-a"
        with pytest.raises(JsonRpcException, match="one model"):
            await editor.ask(methods.CREW, role=None, model="two models")


async def test_a_recording_keeps_its_model_and_may_change_its_role(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        with pytest.raises(JsonRpcException, match="recording"):
            await editor.ask(methods.CREW, role=None, model="model-a")
        assert (await editor.ask(methods.CREW, role="product", model=None)).session.role == "product"
