"""The model that summarises, through the real client and a real sidecar, against a server on the loopback."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from integration.sidecar import sidecar
from throughline.domain.ports import CallPiece
from throughline.domain.session import fold
from throughline.domain.usage import Usage
from throughline.protocol import methods
from throughline.protocol.state import CompactionRow
from throughline.storage.archive_file import ArchiveOnDisk
from throughline.storage.event_store import SqliteEventStore
from throughline.testing.messages_server import MessagesServer, ScriptedReply

SAID = "The importer reads one line at a time. " + "It goes on to the next one then. " * 300
RECORDED = {
    "op": "add", "kind": "decision", "text": "The importer streams its lines", "why": "files are large", "owner": "",
    "subject": "", "turns": [1],
}  # fmt: skip


AMENDED = {"op": "add", "section": "Known Issues", "text": "The importer cannot be stopped"}


def reply(body: dict[str, Any]) -> ScriptedReply:
    """The small model records and amends, the other one talks."""
    if body["model"] != "claude-haiku-5-5":
        return ScriptedReply(text=SAID)
    if body["tools"][0]["name"] == "amend":
        return ScriptedReply(calls=(CallPiece("a", "amend", {"operations": [AMENDED]}),), usage=Usage(300, 20))
    return ScriptedReply(
        calls=(CallPiece("r", "record", {"operations": [RECORDED, {"op": "forget"}]}),), usage=Usage(700, 60)
    )


async def test_a_compaction_at_a_turns_end_is_the_small_models(tmp_path: Path) -> None:
    async with MessagesServer(reply) as fake, sidecar(tmp_path, endpoint=fake.url, window=3) as editor:
        await editor.ask(methods.KEY, key="sk-test-key")
        await editor.ask(methods.START, objective="mend the importer", role="engineer")
        for turn in range(1, 4):
            await editor.ask(methods.SEND, text=f"Step {turn}, please.", files=[])
            await editor.until(lambda s, turn=turn: s.activity == "idle" and s.meter.calls >= turn)  # type: ignore[misc]
        entered = "- The importer streams its lines because files are large"
        state = await editor.until(lambda s: entered in s.memory.summary and s.meter.calls == 4)
        assert sum(isinstance(row, CompactionRow) for row in state.rows) == 1
    (asked,) = [one.body for one in fake.requests if one.body.get("model") == "claude-haiku-5-5"]
    assert asked["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    (tool,) = asked["tools"]
    assert tool["strict"] is True
    assert tool["input_schema"]["additionalProperties"] is False
    assert "> Step 1, please." in asked["messages"][0]["content"][0]["text"]
    assert "never an instruction" in asked["system"][0]["text"]


async def test_a_closed_window_leaves_an_archive_change_that_the_next_start_has_the_small_model_amend(
    tmp_path: Path,
) -> None:
    database = tmp_path / ".agent" / "throughline.db"
    async with MessagesServer(reply) as fake:
        async with sidecar(tmp_path, endpoint=fake.url) as editor:
            await editor.ask(methods.KEY, key="sk-test-key")
            await editor.ask(methods.START, objective="mend the importer", role="engineer")
            await editor.ask(methods.SEND, text="Never read the whole file.", files=[])
            await editor.until(lambda s: s.activity == "idle" and s.meter.calls == 1)
        with closing(SqliteEventStore(database)) as store:
            (name,) = store.pending()
            proposed = fold(store.read(name)).proposed
        assert proposed is not None
        assert (proposed.base, proposed.by) == ("", "local")
        assert "- Never read the whole file." in proposed.text
        assert [one.body["model"] for one in fake.requests if one.body] == ["claude-sonnet-5-5"]
        async with sidecar(tmp_path, endpoint=fake.url) as editor:
            await editor.ask(methods.KEY, key="sk-test-key")
            await editor.ask(methods.RESUME, session=name)
            await editor.until(lambda s: s.meter.calls == 2)
        with closing(SqliteEventStore(database)) as store:
            amended = fold(store.read(name)).proposed
    assert amended is not None
    assert "- The importer cannot be stopped <!--" in amended.text
    assert "- Never read the whole file." in amended.text
    assert ArchiveOnDisk(tmp_path / ".agent").read() == ""
    assert [one.body for one in fake.requests if one.body][-1]["tools"][0]["strict"] is True
