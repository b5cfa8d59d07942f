"""A replay that is killed at any moment: the log holds what was acknowledged, and the session goes on."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from integration.acknowledging_replay import ACKNOWLEDGING_CONTAINER
from throughline.domain.events import SessionStarted
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.session.live_session import LiveSession
from throughline.storage.event_store import SqliteEventStore
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.session_harness import SessionHarness

TURNS, CALLS = 400, 3
# A number of kills other than CI's, and another choice of their moments.
KILLS = int(os.environ.get("THROUGHLINE_KILLS", "25"))
SEED = int(os.environ.get("THROUGHLINE_SEED", "7"))
# The `replay` command itself, which also says, after each append that has returned, up to which event it is kept.
PLAYER = f"""{ACKNOWLEDGING_CONTAINER}
import sys
from throughline.cli.main import commands

commands(["replay", sys.argv[1], "--project", sys.argv[2], "--json"], obj=AcknowledgingContainer())
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A neutral transcript of many turns with tools."""
    events: list[dict[str, object]] = []

    def add(role: str, kind: str, **more: object) -> None:
        events.append({"i": len(events), "role": role, "kind": kind, "text": "", **more})

    for turn in range(TURNS):
        add("user", "prompt", text=f"Always keep field {turn} of the kiosk's JSON as it is.")
        for call in range(CALLS):
            name = f"c{turn}.{call}"
            add("assistant", "tool_call", tool="read", args={"path": f"{turn}.py"}, call_id=name)
            add("tool", "tool_result", text=f"line {turn} {call}\n" * 60, call_id=name)
        add("assistant", "text", text=f"The fix is to leave field {turn} alone.")
    path = tmp_path_factory.mktemp("recording") / "session.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return path


async def killed(recording: Path, folder: Path, after: int) -> int:
    """Starts the replay, kills it once it has acknowledged so many events, and returns the last one it did."""
    player = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PLAYER, str(recording), str(folder),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert player.stdout is not None
    last = 0
    while line := await asyncio.wait_for(player.stdout.readline(), 60):
        last = int(line)
        if last >= after:
            break
    player.send_signal(signal.SIGKILL)
    # What it had said before it died counts too.
    rest = (await player.stdout.read()).decode().splitlines()
    await player.wait()
    assert player.returncode == -signal.SIGKILL
    return max([last, *(int(line) for line in rest if line.isdigit())])


# The first events, where the session is hardly there, and many more.
POINTS = [1, 2, *sorted(random.Random(SEED).choices(range(3, 600), k=max(0, KILLS - 2)))]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("after", POINTS, ids=[f"seed {SEED} event {after}" for after in POINTS])
async def test_what_was_acknowledged_survives_and_the_session_goes_on(
    recording: Path, tmp_path: Path, after: int
) -> None:
    acknowledged = await killed(recording, tmp_path, after)
    path = tmp_path / ".agent" / "throughline.db"
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with closing(SqliteEventStore(path)) as database:
        (row,) = database.sessions()
        log = tuple(database.read(row.id))
        assert [one.seq for one in log] == list(range(1, len(log) + 1))
        assert len(log) >= acknowledged >= after
        assert isinstance(log[0].event, SessionStarted)
        before = fold(log)
        assert row.turns == len(before.turns)
        live = await resumed(database, row.id)
        assert live.session.open is None
        number = await live.send("And now?")
        await live.idle()
        archive = await live.end()
        await live.close()
        assert archive.startswith("## Project Archive: ")
        now = fold(database.read(row.id))
        assert now == live.session
        assert now.ended
        assert all(turn.unanswered == () for turn in before.turns[:-1])
        assert now.turns[: len(before.turns) - 1] == before.turns[:-1]
        assert [turn.ending for turn in now.turns[-1:]] == ["done"]
        assert number == now.turns[-1].number == len(before.turns) + 1


async def resumed(database: SqliteEventStore, name: str) -> LiveSession:
    """The session as another process would open it."""
    harness = SessionHarness()
    config = harness.config(ScriptedModel([ScriptedReply("Here.")]))
    return await LiveSession.resume(evolve(harness.ports, store=database), config, Settings(), name)
