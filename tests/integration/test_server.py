"""The sidecar over a real stdio process."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from pygls.exceptions import JsonRpcException

from integration.sidecar import DEMO, EditorClient, sidecar
from throughline.domain.ports import CallPiece
from throughline.domain.usage import Usage
from throughline.protocol import methods
from throughline.protocol.state import (
    AgentRow,
    AskRow,
    BillRow,
    CompactionRow,
    EntryRow,
    NoticeRow,
    State,
    ToolRow,
    UserRow,
)
from throughline.testing.messages_server import MessagesServer
from throughline.testing.scripted_replies import ScriptedReply

CODE = """\
class Ledger:
    \"\"\"Keeps entries in order.\"\"\"

    def add(self, name: str) -> None:
        self.names.append(name)
        self.total += len(name)
        print("added", name, "to", self.total, "characters so far, and going on for a while")

    def longest(self) -> str:
        return max(self.names, key=len, default="")


def merge(left: Ledger, right: Ledger) -> Ledger:
    made = Ledger()
    for one in (*left.names, *right.names):
        made.add(one)
        print("merging", one, "into the ledger that is being made, one after another, as they come")
    return made
"""


def idle(state: State) -> bool:
    return state.activity == "idle" and bool(state.rows)


async def test_the_demo_plays_streams_and_costs(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        state = await editor.ask(methods.DEMO)
        assert state.session is not None
        assert state.session.recorded
        line = state.suggestion
        assert line
        await editor.ask(methods.SEND, text=line, files=[])
        state = await editor.until(lambda s: idle(s) and s.meter.calls > 0)
        assert isinstance(state.rows[0], UserRow)
        assert any(isinstance(row, AgentRow) and row.text and not row.streaming for row in state.rows)
        grown = [change for patch in editor.patches for change in patch.changes if change.kind == "grown"]
        assert len(grown) > 5
        assert state.meter.dollars
        assert state.suggestion not in ("", line)
        assert (await editor.ask(methods.SNAPSHOT)).rows == state.rows


async def play(editor: EditorClient, turns: int) -> State:
    """Says the recording's next lines, one turn after another."""
    for _ in range(turns):
        before = editor.state
        await editor.ask(methods.SEND, text=before.suggestion, files=[])
        await editor.until(partial(moved_on, before))
    return editor.state


def moved_on(before: State, now: State) -> bool:
    return idle(now) and now.meter.calls > before.meter.calls and now.suggestion != before.suggestion


async def test_a_compaction_shows_what_it_saved_and_can_be_undone(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        await play(editor, 4)
        before = editor.state.meter.used
        made = await editor.ask(methods.COMPACT)
        assert made.made, made.reason
        state = await editor.until(lambda s: s.meter.used < before)
        (row,) = [row for row in state.rows if isinstance(row, CompactionRow)]
        assert row.after < row.before
        assert not row.undone
        assert state.memory.summary.startswith("## Rolling Summary")
        await editor.ask(methods.UNDO, compaction=row.compaction)
        state = await editor.until(lambda s: s.meter.used >= before)
        assert [row.undone for row in state.rows if isinstance(row, CompactionRow)] == [True]


async def test_a_skeleton_goes_stale_as_its_file_is_typed_in_and_is_refreshed(tmp_path: Path) -> None:
    (tmp_path / "ledger.py").write_text(CODE, encoding="utf-8")
    changed = CODE.replace("merge(left: Ledger, right: Ledger)", "merge(left: Ledger, right: Ledger, last: str)")
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.START, objective="try skeletons", role="engineer")
        answer = await editor.ask(methods.INJECT, uris=[editor.uri("ledger.py")], form="skeleton")
        assert answer.paths == ["ledger.py"]
        state = await editor.until(lambda s: bool(s.files))
        assert state.files[0].freshness == "fresh"
        assert state.files[0].tokens < state.files[0].original
        editor.open("ledger.py", CODE)
        assert await editor.hover("ledger.py", 13) is None
        editor.edit("ledger.py", changed)
        await editor.until(lambda s: s.files[0].freshness == "stale")
        said = await editor.hover("ledger.py", 13)
        assert said is not None
        assert "model saw `merge(" in said
        assert "last" in said
        assert "command:throughline.refresh?" in said
        difference = await editor.ask(methods.DIFFERENCE, uri=editor.uri("ledger.py"))
        assert "last" in difference.now
        assert "last" not in difference.seen
        await editor.ask(methods.REFRESH, uri=editor.uri("ledger.py"))
        await editor.until(lambda s: s.files[0].freshness == "fresh")
        assert await editor.hover("ledger.py", 13) is None
        await editor.ask(methods.DROP, uri=editor.uri("ledger.py"))
        await editor.until(lambda s: not s.files)


async def test_a_folder_enters_and_what_is_renamed_in_the_editor_is_known_under_its_new_name(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    for name in ("ledger.py", "notes.md"):
        (tmp_path / "old" / name).write_text(CODE, encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.START, objective="rename", role="engineer")
        answer = await editor.ask(methods.INJECT, uris=[editor.uri("old")], form="skeleton")
        assert answer.paths == ["old/ledger.py", "old/notes.md"]
        (tmp_path / "old").rename(tmp_path / "new")
        editor.rename("old", "new")
        state = await editor.until(lambda s: [file.path for file in s.files] == ["new/ledger.py", "new/notes.md"])
        assert {file.freshness for file in state.files} == {"stale"}
        await editor.ask(methods.REFRESH, uri=editor.uri("new/notes.md"))
        await editor.until(lambda s: [file.freshness for file in s.files] == ["stale", "fresh"])


async def test_files_that_cannot_enter_the_view_are_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (tmp_path / "notes.md").write_text("short", encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.START, objective="inject", role="qa")
        uris = [editor.uri("picture.png"), "file:///etc/passwd", editor.uri("missing.py"), editor.uri("notes.md")]
        answer = await editor.ask(methods.INJECT, uris=uris, form="skeleton")
        assert answer.paths == ["notes.md"]
        assert [one.uri for one in answer.refused] == uris[:3]


def held(state: State) -> dict[str, str]:
    """The ids of what the ledger holds, by their words."""
    return {entry.said: entry.id for section in state.memory.sections for entry in section.entries}


async def test_the_user_changes_the_memory_and_takes_it_back(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.START, objective="keep things", role="engineer")
        await editor.ask(methods.ADD, kind="question", text="Which port?", why="", owner="")
        name = held(await editor.until(lambda s: "Which port?" in held(s)))["Which port?"]
        await editor.ask(methods.EDIT, entry=name, text="Which port do we use?", why=None, owner="Ada")
        await editor.ask(methods.PIN, entry=name, pinned=True)
        state = await editor.until(lambda s: any(e.pinned for one in s.memory.sections for e in one.entries))
        (entry,) = state.memory.sections[-1].entries
        assert (entry.said, entry.owner, entry.author) == ("Which port do we use?", "Ada", "user")
        assert state.memory.sections[-1].title == "Open Questions"
        await editor.ask(methods.RECAST, entry=name, to="issue")
        await editor.ask(methods.RESOLVE, entry=name, resolution="8080")
        state = await editor.until(lambda s: bool(s.memory.resolved))
        assert [(e.kind, e.resolution) for e in state.memory.resolved] == [("issue", "8080")]
        await editor.ask(methods.REOPEN, entry=name)
        gone = await editor.ask(methods.DELETE, entry=name)
        await editor.until(lambda s: name not in held(s).values())
        await editor.ask(methods.TAKE_BACK, step=gone.step)
        await editor.until(lambda s: name in held(s).values())
        later = await editor.ask(methods.ADD, kind="fact", text="It rains.", why="", owner="")
        refused = await editor.raw(methods.TAKE_BACK.name, {"step": gone.step})
        assert "again since" in refused.message
        await editor.ask(methods.TAKE_BACK, step=later.step)
        refused = await editor.raw(methods.EDIT.name, {"entry": name, "text": " ", "why": None, "owner": None})
        assert "needs words" in refused.message


async def test_the_summary_is_edited_as_text(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.START, objective="keep things", role="engineer")
        await editor.ask(methods.ADD, kind="decision", text="Use SQLite", why="", owner="")
        base = (await editor.until(lambda s: "Use SQLite" in s.memory.summary)).memory.summary
        edited = base.replace("- Use SQLite", "- Use SQLite in WAL mode").replace(
            "**Known Issues:**\n- none", "**Known Issues:**\n- The lock is slow"
        )
        answer = await editor.ask(methods.REWRITE, base=base, edited=edited)
        assert answer.changes == 2
        assert "- Use SQLite in WAL mode" in answer.summary
        await editor.until(lambda s: s.memory.summary == answer.summary and "The lock is slow" in held(s))
        refused = await editor.raw(
            methods.REWRITE.name, {"base": base, "edited": edited.replace("**Known Issues:**", "")}
        )
        assert "Known Issues" in refused.message


async def test_a_killed_sidecar_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        state = await play(editor, 2)
        session = state.session
        assert session is not None
        await editor.ask(methods.SEND, text=state.suggestion, files=[])
        await editor.until(lambda s: any(isinstance(row, AgentRow) and row.streaming for row in s.rows))
        await editor.kill()
    async with sidecar(tmp_path) as editor:
        listed = await editor.ask(methods.SESSIONS)
        assert [one.id for one in listed.sessions] == [session.id]
        resumed = await editor.ask(methods.RESUME, session=session.id)
        kept = {row.id: row for row in resumed.rows}
        assert [kept[row.id] for row in state.rows] == state.rows
        assert any(isinstance(row, UserRow) and row.text == state.suggestion for row in resumed.rows)
        assert resumed.activity == "idle"
        await play(editor, 1)


async def test_cancel_stops_the_reply_and_keeps_what_came(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        state = await editor.ask(methods.DEMO)
        await editor.ask(methods.SEND, text=state.suggestion, files=[])
        await editor.until(lambda s: any(isinstance(row, AgentRow) and row.streaming for row in s.rows))
        await editor.ask(methods.CANCEL)
        state = await editor.until(idle)
        assert [row.partial for row in state.rows if isinstance(row, AgentRow)][-1]


async def test_off_script_the_recording_says_what_it_is_and_how_to_set_a_key(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        line = (await editor.ask(methods.DEMO)).suggestion
        await editor.ask(methods.SEND, text="something that nobody recorded", files=[])
        state = await editor.until(lambda s: idle(s) and s.meter.calls == 1)
        said = [row.text for row in state.rows if isinstance(row, AgentRow)][-1]
        assert "recording" in said
        assert "Set API Key" in said
        assert state.suggestion == line


async def test_ending_writes_the_archive_and_reports(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        await play(editor, 3)
        ended = await editor.ask(methods.END)
        text = Path(ended.path).read_text(encoding="utf-8")
        assert text.startswith("## Project Archive")
        assert 0 < ended.tokens <= 2000
        assert "Turns: 3" in ended.report
        assert (tmp_path / ".agent" / ".gitignore").exists()
        state = await editor.until(lambda s: s.session is not None and s.session.readonly)
        assert state.suggestion == ""
        with pytest.raises(JsonRpcException, match="ended"):
            await editor.ask(methods.SEND, text="more", files=[])


async def test_an_archive_change_waits_is_edited_and_accepted(tmp_path: Path) -> None:
    async with sidecar(tmp_path, distil="ask") as editor:
        await editor.ask(methods.DEMO)
        await play(editor, 3)
        ended = await editor.ask(methods.END)
        assert ended.proposed
        assert not Path(ended.path).exists()
        state = await editor.until(lambda s: s.archive.pending is not None)
        assert state.archive.pending is not None
        assert state.archive.pending.added > 3
        assert state.archive.sections == []
        change = await editor.ask(methods.ARCHIVE_CHANGE)
        assert (change.base, change.waits) == ("", True)
        await editor.ask(methods.ARCHIVE_ACCEPT, edited=f"{change.text}- Written by hand\n")
        state = await editor.until(lambda s: s.archive.pending is None)
        assert Path(ended.path).read_text(encoding="utf-8").endswith("- Written by hand\n")
        lines = [line for section in state.archive.sections for line in section.lines]
        assert lines[-1].text == "Written by hand"
        assert lines[-1].since is None
        assert lines[0].since is not None
        assert "No archive change waits" in (await editor.raw(methods.ARCHIVE_REJECT.name, {})).message


async def test_a_proposed_archive_change_can_be_rejected_and_a_broken_archive_is_told_of(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        await play(editor, 2)
        assert (await editor.ask(methods.ARCHIVE_PROPOSE)).waits
        await editor.until(lambda s: s.archive.pending is not None)
        await editor.ask(methods.ARCHIVE_REJECT)
        await editor.until(lambda s: s.archive.pending is None)
        assert (await editor.ask(methods.ARCHIVE_PROPOSE)).waits
        await editor.until(lambda s: s.archive.pending is not None)
        (tmp_path / ".agent" / "project-context.md").write_text("<<<<<<< ours\n", encoding="utf-8")
        editor.saved(".agent/project-context.md")
        state = await editor.until(lambda s: s.archive.pending is not None and bool(s.archive.pending.problem))
        assert state.archive.pending is not None
        assert "conflict markers" in state.archive.pending.problem


async def test_a_recorded_session_opens_to_be_read_with_its_summary(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        state = await editor.ask(methods.RECORDING, path=str(DEMO))
        assert state.session is not None
        assert state.session.readonly
        assert len([row for row in state.rows if isinstance(row, UserRow)]) >= 30
        assert state.memory.sections
        again = await editor.ask(methods.RECORDING, path=str(DEMO))
        assert again.session.id == state.session.id
        with pytest.raises(JsonRpcException, match="can only be read"):
            await editor.ask(methods.SEND, text="hello", files=[])


MALFORMED = [
    (methods.SEND.name, {}, -32602),
    (methods.SEND.name, {"text": 3, "files": []}, -32602),
    (methods.SEND.name, {"text": "a", "files": [], "more": 1}, -32602),
    (methods.SEND.name, [], -32602),
    (methods.SEND.name, None, -32602),
    (methods.INJECT.name, {"uris": "a", "form": "skeleton"}, -32602),
    (methods.INJECT.name, {"uris": [], "form": "half"}, -32602),
    (methods.SEND.name, {"text": {"jsonrpc": "2.0", "id": 1}}, -32602),
    ("textDocument/hover", {"textDocument": 3}, -32602),
    ("textDocument/hover", None, -32602),
    ("throughline/nothing", {}, -32601),
    (methods.SEND.name, {"text": "no session", "files": []}, -32803),
    (methods.RESUME.name, {"session": "unknown"}, -32803),
    *((f"throughline/session/{act}", {"session": "half \ud83d"}, -32803) for act in ("read", "export", "forget")),
    ("throughline/session/rename", {"session": "half \ud83d", "name": "\ude00"}, -32803),
    (methods.RECORDING.name, {"path": "/nowhere/at/all.jsonl"}, -32803),
]


async def test_every_request_is_answered_and_says_what_is_wrong(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        for method, params, code in MALFORMED:
            answer = await editor.raw(method, params)
            assert answer.code == code, (method, params, answer)
            assert "Traceback" not in str(answer.message)
            assert answer.data is None
        await editor.ask(methods.START, objective="still alive", role="engineer")


async def test_an_editor_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JsonRpcException, match="reinstall"):
        async with sidecar(tmp_path, version=methods.VERSION + 1):
            pass


async def test_the_key_reaches_neither_the_log_nor_the_database(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "sk-test-" + "k" * 24
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.KEY, key=secret)
        await editor.raw(methods.KEY.name, {"key": secret, "more": secret})
        await editor.ask(methods.START, objective="keys", role="engineer")
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".agent").iterdir())
    said = capfd.readouterr()
    assert secret.encode() not in kept
    assert secret not in said.out + said.err


async def test_with_a_key_the_real_client_streams_from_an_endpoint_and_is_billed(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("Use tabs.", encoding="utf-8")
    said = "Agreed.\n\n[DECISION]: Use SQLite because it survives a crash."
    async with (
        MessagesServer([ScriptedReply(text=said), ScriptedReply(text="Fine.")]) as fake,
        sidecar(tmp_path, endpoint=fake.url) as editor,
    ):
        await editor.ask(methods.KEY, key="sk-test-key")
        state = await editor.ask(methods.START, objective="choose a store", role="engineer")
        assert not state.session.recorded
        await editor.ask(methods.SEND, text="Which store?", files=[])
        state = await editor.until(lambda s: idle(s) and s.meter.calls == 1)
        assert [row.text for row in state.rows if isinstance(row, AgentRow | EntryRow)] == [
            "Agreed.",
            "Use SQLite — it survives a crash.",
        ]
        assert [entry.text for section in state.memory.sections for entry in section.entries] == [
            "Use SQLite because it survives a crash."
        ]
        assert state.meter.dollars is not None
        sent = next(one for one in fake.requests if one.path.startswith("/v1/messages"))
        assert sent.body["messages"][-1]["content"][-1]["text"] == "Which store?"
        assert "Use tabs." in str(sent.body["system"])


async def test_the_models_that_an_endpoint_lists_can_be_chosen_from(tmp_path: Path) -> None:
    async with MessagesServer([]) as fake, sidecar(tmp_path, endpoint=fake.url) as editor:
        await editor.ask(methods.KEY, key="sk-test-key")
        found = await editor.ask(methods.MODELS)
    assert [one.id for one in found.models] == ["claude-sonnet-5-5", "claude-haiku-5-5"]
    assert all("a million" in one.detail for one in found.models)


async def test_what_the_settings_allow_is_not_asked(tmp_path: Path) -> None:
    calls = (CallPiece("c1", "run_command", {"command": "echo hello"}),)
    replies = [ScriptedReply(text="I run it.", calls=calls), ScriptedReply(text="Done.")]
    async with MessagesServer(replies) as fake, sidecar(tmp_path, endpoint=fake.url, allowed=["run:echo *"]) as editor:
        await editor.ask(methods.KEY, key="sk-test-key")
        await editor.ask(methods.START, objective="say hello", role="engineer")
        await editor.ask(methods.SEND, text="Say it.", files=[])
        state = await editor.until(lambda s: idle(s) and any(isinstance(row, ToolRow) for row in s.rows))
    assert not [row for row in state.rows if isinstance(row, AskRow)]
    (tool,) = (row for row in state.rows if isinstance(row, ToolRow))
    assert "hello" in tool.result


async def test_a_call_asks_in_the_chat_and_the_model_reads_why_it_may_not(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one = 1\n", encoding="utf-8")
    edit = {"path": "a.py", "old": "one = 1", "new": "one = 2"}
    replies = [
        ScriptedReply(text="I change it.", calls=(CallPiece("c1", "edit_file", edit),)),
        ScriptedReply(text="Then so.", calls=(CallPiece("c2", "edit_file", edit),)),
        ScriptedReply(text="Done.", calls=(CallPiece("c3", "run_command", {"command": "echo hello"}),)),
        ScriptedReply(text="Bye."),
    ]
    async with MessagesServer(replies) as fake, sidecar(tmp_path, endpoint=fake.url) as editor:
        await editor.ask(methods.KEY, key="sk-test-key")
        await editor.ask(methods.START, objective="two", role="engineer")
        await editor.ask(methods.SEND, text="Make it two.", files=[])

        async def asks(call: str) -> AskRow:
            state = await editor.until(lambda s: any(row.detail for row in waiting(s) if row.call == call))
            return next(row for row in waiting(state) if row.call == call)

        row = await asks("c1")
        assert (row.action, row.target, row.pattern) == ("edit", "a.py", "edit:**")
        assert "+one = 2" in row.detail
        await editor.ask(methods.ANSWER, call="c1", allowed=False, session=False, reason="Not on a Friday.")
        await asks("c2")
        assert (tmp_path / "a.py").read_text(encoding="utf-8") == "one = 1\n"
        await editor.ask(methods.ANSWER, call="c2", allowed=True, session=True, reason="")
        await asks("c3")
        with pytest.raises(JsonRpcException, match="has been answered"):
            await editor.ask(methods.ANSWER, call="c2", allowed=True, session=False, reason="")
        await editor.ask(methods.CANCEL)
        state = await editor.until(idle)
    asked = [(row.call, row.status, row.reason) for row in state.rows if isinstance(row, AskRow)]
    assert asked == [("c1", "denied", "Not on a Friday."), ("c2", "session", ""), ("c3", "withdrawn", "")]
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "one = 2\n"
    bodies = [one.body for one in fake.requests if one.path.startswith("/v1/messages")]
    assert "Not on a Friday." in str(bodies[1]["messages"][-1])


def waiting(state: State) -> list[AskRow]:
    return [row for row in state.rows if isinstance(row, AskRow) and row.status == "waiting"]


async def test_a_model_that_cannot_be_reached_is_one_clear_line_and_the_session_goes_on(tmp_path: Path) -> None:
    async with (
        MessagesServer([ScriptedReply(status=401), ScriptedReply(text="Hello.")]) as fake,
        sidecar(tmp_path, endpoint=fake.url) as editor,
    ):
        await editor.ask(methods.KEY, key="sk-wrong")
        await editor.ask(methods.START, objective="talk", role="product")
        await editor.ask(methods.SEND, text="Hello?", files=[])
        state = await editor.until(lambda s: any(isinstance(row, NoticeRow) for row in s.rows) and s.activity == "idle")
        (notice,) = [row for row in state.rows if isinstance(row, NoticeRow)]
        assert notice.level == "error"
        assert "key" in notice.text.lower()
        assert "sk-wrong" not in notice.text
        assert notice.retryable
        await editor.ask(methods.RETRY)
        state = await editor.until(lambda s: any(isinstance(row, BillRow) for row in s.rows))
        # The words stand there once, and so they were sent.
        assert [row.kind for row in state.rows] == ["user", "agent", "bill"]
        failed, sent = (one.body["messages"] for one in fake.requests if one.path.startswith("/v1/messages"))
        assert failed == sent
        refused = await editor.raw(methods.RETRY.name, {})
        assert "nothing to retry" in refused.message


async def test_before_an_expensive_message_its_cost_is_shown_and_it_is_sent_all_the_same(tmp_path: Path) -> None:
    usage = Usage(input=10, output=5, cache_write=150_000)
    async with (
        MessagesServer([ScriptedReply(text="Hello.", usage=usage), ScriptedReply(text="Yes.", usage=usage)]) as fake,
        sidecar(tmp_path, endpoint=fake.url, cost_warning=0.00001) as editor,
    ):
        await editor.ask(methods.KEY, key="sk-test")
        await editor.ask(methods.START, objective="talk", role="product")
        await editor.ask(methods.SEND, text="Hello?", files=[])
        state = await editor.until(lambda s: idle(s) and s.meter.calls == 1)
        assert state.warning == ""
        state = await editor.ask(methods.CREW, role=None, model="claude-haiku-5-5")
        assert re.fullmatch(
            r"This message pays \d+K tokens again, about \$0\.\d+: the model was changed\.", state.warning
        )
        await editor.ask(methods.SEND, text="Still there?", files=[])
        state = await editor.until(lambda s: sum(isinstance(row, BillRow) for row in s.rows) == 2 and not s.warning)
        # What was foretold is what was paid: another model finds nothing.
        _, (line,) = (row.again for row in state.rows if isinstance(row, BillRow))
        assert line.startswith("the model was changed: 150K tokens")


async def test_a_session_is_open_in_one_window_at_a_time(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as first, sidecar(tmp_path) as second:
        state = await first.ask(methods.START, objective="one window", role="engineer")
        refused = await second.raw(methods.RESUME.name, {"session": state.session.id})
        assert "another window" in refused.message
        await second.ask(methods.START, objective="another session", role="engineer")


async def test_a_request_that_cannot_be_done_leaves_the_open_session_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "junk.jsonl").write_text("no session at all\n", encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        state = await editor.ask(methods.DEMO)
        for method, params in (
            (methods.RESUME.name, {"session": "unknown"}),
            (methods.RECORDING.name, {"path": str(tmp_path / "junk.jsonl")}),
        ):
            assert (await editor.raw(method, params)).code == -32803
        await editor.ask(methods.SEND, text=state.suggestion, files=[])
        await editor.until(lambda s: idle(s) and s.meter.calls > 0)


async def test_a_demo_stays_a_demo_when_a_key_is_set(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        await editor.ask(methods.KEY, key="sk-test-key")
        state = await editor.ask(methods.SNAPSHOT)
        assert state.session.recorded
        assert (await editor.ask(methods.SESSIONS)).keyed


def test_what_an_editor_waits_for_at_the_start_loads_no_part_of_a_session() -> None:
    script = "import sys, throughline.server.server; print(*sorted(sys.modules), sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    rooms = (
        "session.", "agent.", "memory.", "context.", "skeleton.", "semantic_diff.", "llm.", "storage.", "cli.",
        "chat_state.",
    )  # fmt: skip
    assert [name for name in loaded if name.startswith(tuple(f"throughline.{room}" for room in rooms))] == []
