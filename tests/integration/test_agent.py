"""Turns with tools in the real world: the real SDK with a stream cut anywhere, a process killed at every event, and two
processes that want one session.
"""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from throughline.domain.events import AssistantMessage, FileSeen, Thought, ToolCalled, ToolReturned, TurnEnded
from throughline.domain.ports import CallPiece, StoreError
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.llm.anthropic import Anthropic
from throughline.llm.credentials import Credentials
from throughline.session.live_session import LiveSession
from throughline.storage.event_store import SqliteEventStore
from throughline.testing.messages_server import MessagesServer, ScriptedReply
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import stream_events
from unit.contracts import CONTRACTS, NEWEST, OLDER
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness
from unit.tool_harness import ToolHarness

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
EDIT = CallPiece("e1", "edit_file", {"path": "a.py", "old": "one = 1", "new": "one = 2"})
RUN = CallPiece("r1", "run_command", {"command": "cat a.py"})
WORK = ScriptedReply("I change it and\nlook at it.", (EDIT, RUN))


@CONTRACTS
async def test_a_turn_with_tools_over_the_real_sdk(tmp_path: Path, model: str) -> None:
    tools_harness, harness = ToolHarness(tmp_path), SessionHarness()
    tools_harness.write("a.py", "one = 1\n")
    async with MessagesServer([WORK, ScriptedReply("Done.")]) as fake:
        link = Anthropic(Credentials("sk-test", fake.url))
        config = evolve(harness.config(link, tools=tools_harness.tools), name=model)
        live = await LiveSession.start(harness.ports, config, Settings(), evolve(STARTED, model=model))
        await live.send("go")
        await live.idle()
        await live.close()
        await link.close()
    assert harness.heard.events[-1] == TurnEnded(1, "done")
    tools = fake.requests[0].body["tools"]
    assert {"read_file", "edit_file", "run_command"} <= {tool["name"] for tool in tools}
    assert all(tool["strict"] and tool["input_schema"]["additionalProperties"] is False for tool in tools)
    *_, asked, answered = fake.requests[1].body["messages"]
    said = ["thinking", "redacted_thinking"] if model == NEWEST else ["text"]
    assert [piece["type"] for piece in asked["content"]] == [*said, "tool_use", "tool_use"]
    assert [piece["content"].splitlines()[0] for piece in answered["content"]] == [
        "edited a.py: 1 lines became 1", "one = 2",
    ]  # fmt: skip


def _said(model: str) -> ScriptedReply:
    """The reply as a model gives it: the newest ones say inside thinking what comes before a call."""
    return evolve(WORK, text="", thinking=WORK.text) if model == NEWEST else WORK


CUTS = {model: len(list(stream_events(_said(model), {}))) for model in (NEWEST, OLDER)}


@pytest.mark.parametrize(("model", "cut"), [(model, cut) for model, count in CUTS.items() for cut in range(count)])
async def test_a_stream_cut_after_any_event_leaves_a_whole_log_and_the_next_message_goes_on(
    tmp_path: Path, model: str, cut: int
) -> None:
    tools_harness, harness = ToolHarness(tmp_path), SessionHarness()
    tools_harness.write("a.py", "one = 1\n")
    async with MessagesServer([evolve(WORK, cut_after=cut), ScriptedReply("On.")]) as fake:
        link = Anthropic(Credentials("sk-test", fake.url), retries=0)
        config = evolve(harness.config(link, tools=tools_harness.tools), name=model)
        live = await LiveSession.start(harness.ports, config, Settings(), evolve(STARTED, model=model))
        for text in ("go", "on"):
            await live.send(text)
            await live.idle()
        await live.close()
        await link.close()
    first, second = live.session.turns
    whole = cut == CUTS[model] - 1  # Only the event that says nothing more was missing.
    assert second.ending == "done" or whole
    assert first.unanswered == second.unanswered == ()
    said = [item.text for item in first.items if isinstance(item, AssistantMessage | Thought) and item.text]
    assert "I change it and\nlook at it.".startswith("".join(said)) or (whole and said[-1] == "On.")
    if not whole:
        assert first.ending == "failed"
        assert not tools_harness.results
        results = [item for item in first.items if isinstance(item, ToolReturned)]
        assert all(item.error and "interrupted" in item.text for item in results)
        assert (tmp_path / "a.py").read_text() == "one = 1\n"
    assert fold(harness.store.read("s")) == live.session


# Plays one turn in each of many folders, and is killed by its own hand as soon as so many events are kept.
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from attrs import evolve
from throughline.domain.ports import CallPiece
from throughline.domain.settings import Settings
from throughline.testing.scripted_replies import ScriptedReply
from throughline.testing.scripted import ScriptedModel
from throughline.session.live_session import LiveSession
from throughline.storage.event_store import SqliteEventStore
from unit.event_logs import STARTED
from unit.tool_harness import ToolHarness
from unit.session_harness import SessionHarness

class Deadly:
    def __init__(self, after):
        self.after = after
    def logged(self, events):
        if events[-1].seq >= self.after:
            os.kill(os.getpid(), signal.SIGKILL)
    def streamed(self, turn, text):
        pass

def calls(*pairs):
    return tuple(CallPiece(name, tool, args) for name, tool, args in pairs)

REPLIES = [
    ScriptedReply("I read it.", calls(("c1", "read_file", {"path": "a.py"}), ("c2", "list_files", {"path": "."}))),
    ScriptedReply("", calls(
        ("c3", "edit_file", {"path": "a.py", "old": "one = 1", "new": "one = 2"}),
        ("c4", "run_command", {"command": "seq 1 20000"}),
        ("c5", "edit_file", {"path": "a.py", "old": "one = 2", "new": "one = 3"}),
    )),
    ScriptedReply("[DECISION]: Keep it at three"),
]

async def play(folder, after):
    tools, harness = ToolHarness(folder), SessionHarness()
    ports = evolve(harness.ports, store=SqliteEventStore(folder / ".agent" / "throughline.db"), listener=Deadly(after))
    config = harness.config(ScriptedModel(REPLIES), tools=tools.tools)
    live = await LiveSession.start(ports, config, Settings(), STARTED)
    await live.send("go")
    await live.idle()
    await live.close()

top, after = Path(sys.argv[1]), 0
while True:
    after += 1
    folder = top / str(after)
    folder.mkdir()
    (folder / "a.py").write_text("one = 1\\n")
    child = os.fork()
    if not child:
        asyncio.run(play(folder, after))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        print(after - 1, os.waitstatus_to_exitcode(status))
        break
"""


@POSIX
async def test_a_process_killed_at_any_event_of_a_turn_resumes_with_all_that_was_acknowledged(tmp_path: Path) -> None:
    player = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    told, _ = await asyncio.wait_for(player.communicate(), 120)
    points, status = map(int, told.split())
    assert status == 0
    assert points >= 20
    for after in range(1, points + 1):
        await _resumed(tmp_path / str(after), after)


async def _resumed(folder: Path, after: int) -> None:
    path = folder / ".agent" / "throughline.db"
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    tools_harness, harness = ToolHarness(folder), SessionHarness()
    with closing(SqliteEventStore(path)) as database:
        log = tuple(database.read("s"))
        assert [one.seq for one in log] == list(range(1, len(log) + 1))
        assert len(log) >= after
        before = fold(log)
        ports = evolve(harness.ports, store=database)
        config = harness.config(
            ScriptedModel([ScriptedReply("Here."), ScriptedReply("And here.")]), tools=tools_harness.tools
        )
        live = await LiveSession.resume(ports, config, Settings(), "s")
        kept = tuple(database.read("s"))
        assert kept[: len(log)] == log
        broken = [item.id for turn in before.turns for item in turn.unanswered]
        marked = [
            event
            for event in (one.event for one in kept[len(log) :])
            if isinstance(event, ToolReturned) and "interrupted" in event.text
        ]
        assert [event.id for event in marked] == broken
        assert all(turn.ending for turn in live.session.turns)
        await live.send("And now?")
        await live.idle()
        await live.close()
        assert live.session.turns[-1].ending == "done"
        assert fold(database.read("s")) == live.session
    # A file is as one of the edits left it, and never behind what was acknowledged.
    edits = sum(1 for one in log if isinstance(one.event, FileSeen) and one.event.by == "edit")
    asked = sum(1 for one in log if isinstance(one.event, ToolCalled) and one.event.tool == "edit_file")
    value = int((folder / "a.py").read_text().removeprefix("one = "))
    assert edits + 1 <= value <= min(asked, edits + 1) + 1
    assert not list(folder.glob(".a.py.*"))


HOLDER = """
import sys
from pathlib import Path
from throughline.storage.event_store import SqliteEventStore
database = SqliteEventStore(Path(sys.argv[1]))
database.lock_session("s")
print("held", flush=True)
sys.stdin.read()
"""


async def test_a_session_that_another_process_has_is_refused_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / ".agent" / "throughline.db"
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path), stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE
    )
    assert other.stdout is not None
    assert await other.stdout.readline() == b"held\n"
    with closing(SqliteEventStore(path)) as database:
        for _ in range(2):  # To ask does not take away what the holder wrote.
            with pytest.raises(StoreError, match=rf"process {other.pid}\b"):
                database.lock_session("s")
        other.send_signal(signal.SIGTERM)
        await other.wait()
        database.lock_session("s")
        database.unlock_session("s")
