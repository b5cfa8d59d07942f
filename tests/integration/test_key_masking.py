"""A key that is set while a turn runs is used and hidden from then on, and a later one does not unhide it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from throughline.app.container import Container
from throughline.app.workspace import WorkspaceService
from throughline.domain.events import Logged
from throughline.domain.ports import Allow, Ask, CallPiece
from throughline.protocol.messages import Options
from throughline.testing.messages_server import MessagesServer, ScriptedReply

FIRST, SECOND = "made-up-for-a-test", "made-up-for-another"


class Setting:
    """Sets a key each time that it is asked, and keeps what was shown."""

    def __init__(self, workspace: WorkspaceService, *keys: str) -> None:
        self.workspace = workspace
        self.keys = list(keys)
        self.shown = ""

    async def ask(self, ask: Ask) -> Allow:  # noqa: ARG002
        self.workspace.key(self.keys.pop(0))
        return Allow()

    def heard(self, call: str, text: str) -> None:  # noqa: ARG002
        self.shown += text

    def logged(self, events: Sequence[Logged]) -> None:
        self.shown += str(events)

    def streamed(self, turn: int, text: str) -> None:
        """What the model says goes by until the event of it takes its place."""


async def test_a_key_that_comes_in_the_middle_of_a_turn_is_hidden_from_then_on(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(f"It is {FIRST}, and then {SECOND}.\n")

    def call(name: str) -> CallPiece:
        return CallPiece(name, "run_command", {"command": f"cat note.txt; echo {name}"})

    replies = [ScriptedReply("", (call("c1"),)), ScriptedReply("", (call("c2"),)), ScriptedReply(f"It was {FIRST}.")]
    async with MessagesServer(replies) as fake:
        options = Options(version=1, demo=str(tmp_path / "none.jsonl"), endpoint=fake.url)
        workspace = Container().editor_workspace(tmp_path, options)
        setting = Setting(workspace, FIRST, SECOND)
        workspace.asks(setting, setting.heard)
        live = await workspace.begin("an errand", "engineer", "live", setting, workspace.disk)
        await live.send("Read the note.")
        await live.settled()
        await live.close()
        chats = [one for one in fake.requests if one.path.startswith("/v1/messages")]
        assert [one.headers.get("authorization", "") for one in chats][1:3] == [f"Bearer {FIRST}", f"Bearer {SECOND}"]
        sent = [json.dumps(one.body) for one in chats]
    log = [str(one.event) for one in workspace.log(live.session.id)]
    told = {"the log": "\n".join(log), "the page": setting.shown, "the last request": sent[2]}
    for where, text in told.items():
        assert FIRST not in text, where
        assert "hidden credential: known" in text, where
    after = "\n".join(log[next(place for place, text in enumerate(log) if "c2" in text) :])
    assert SECOND not in after
    assert after.count("hidden credential: known") >= 3
