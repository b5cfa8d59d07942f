"""The tools over a real folder: what they do, what they show, and what they say to bad input."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from throughline.domain.changes import ComparedRevisions, FileChange
from throughline.domain.events import (
    CheckpointCreated,
    Evidence,
    FileSeen,
    FullOutputStored,
    LedgerChanged,
    SystemNote,
    ToolReturned,
)
from throughline.domain.file_knowledge import digest
from throughline.domain.ledger import Add, Author, Entry, EntryKind
from throughline.domain.ports import Allow, Deny
from throughline.workspace.git import Git
from throughline.workspace.git_diff import GitDiff
from throughline.workspace.workspace_files import LARGEST
from unit.tool_harness import ScriptedApprover, ToolHarness, UnchangedRepository

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="these are POSIX's own")
BIG = "import os\n\n\nclass Till:\n" + "".join(
    f"    def coin_{n}(self, value: int) -> int:\n        total = value + {n}\n        return total * 2\n\n"
    for n in range(1200)
)


def git(folder: Path, *lines: str) -> None:
    for line in lines:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *line.split()]
        subprocess.run(command, cwd=folder, check=True)


@pytest.fixture
def tools_harness(tmp_path: Path) -> ToolHarness:
    made = ToolHarness(tmp_path)
    made.write("a.py", "one = 1\ntwo = 2\nthree = 3\n")
    made.write("src/b.py", "def f(a):\n    return a\n")
    made.write(".gitignore", "ignored.txt\nbuild/\n")
    made.write("ignored.txt", "needle\n")
    made.write("build/out.txt", "needle\n")
    made.write("src/c.txt", "a needle in here\nand no more\n")
    return made


async def test_a_file_is_read_and_known_from_then_on(tools_harness: ToolHarness) -> None:
    read = await tools_harness.call("read_file", path="a.py")
    assert (read.text, read.error) == ("1\tone = 1\n2\ttwo = 2\n3\tthree = 3\n", False)
    assert read.evidence == Evidence(read=("a.py",))
    assert tools_harness.kept(FileSeen) == [
        FileSeen(1, "a.py", digest(tools_harness.root.joinpath("a.py").read_text()), "full", "read", "c1")
    ]


@pytest.mark.slow
async def test_a_big_file_comes_as_a_skeleton_whose_lines_can_be_read(tools_harness: ToolHarness) -> None:
    tools_harness.write("till.py", BIG)
    read = await tools_harness.call("read_file", path="till.py")
    assert "def coin_7" in read.text
    assert "total =" not in read.text
    assert "Till.coin_7 33-35" in read.text
    part = await tools_harness.call("read_file", path="till.py", first=33, last=34)
    assert part.text == (
        "[lines 33 to 34 of 4804 of till.py]\n"
        "33\t    def coin_7(self, value: int) -> int:\n34\t        total = value + 7\n"
    )
    whole = await tools_harness.call("read_file", path="till.py", full=True)
    assert [event.form for event in tools_harness.kept(FileSeen)] == ["skeleton", "part", "part"]
    assert "more lines here" in whole.text


async def test_files_are_listed_and_searched_without_those_that_are_ignored(tools_harness: ToolHarness) -> None:
    listed = await tools_harness.call("list_files", path=".")
    assert listed.text.splitlines() == [".gitignore", "a.py", "src/b.py", "src/c.txt"]
    assert (await tools_harness.call("list_files", path="src", glob="*.py")).text == "src/b.py"
    assert (await tools_harness.call("list_files", path=".", glob="src/**")).text == "src/b.py\nsrc/c.txt"
    found = await tools_harness.call("search", pattern="NEEDLE", ignore_case=True)
    assert found.text == "src/c.txt:1:a needle in here"
    assert (await tools_harness.call("search", pattern="zeppelin")).text == "No line matches."
    assert (await tools_harness.call("search", pattern="needle", path="src/b.py")).text == "No line matches."
    assert (await tools_harness.call("search", pattern="needle", glob="*.py")).text == "No line matches."


async def test_an_edit_replaces_exactly_what_it_names(tools_harness: ToolHarness) -> None:
    await tools_harness.call("read_file", path="a.py")
    edited = await tools_harness.call("edit_file", path="a.py", old="two = 2\n", new="two = 22\ntwo_more = 23\n")
    assert not edited.error
    assert (tools_harness.root / "a.py").read_text() == "one = 1\ntwo = 22\ntwo_more = 23\nthree = 3\n"
    assert edited.evidence == Evidence(changed=("a.py",))
    assert tools_harness.kept(FileSeen)[-1].form == "written"


async def test_two_edits_of_one_file_in_one_reply_are_made_in_order(tools_harness: ToolHarness) -> None:
    await tools_harness.call("read_file", path="a.py")
    await tools_harness.run(
        tools_harness.calls(
            ("edit_file", {"path": "a.py", "old": "one = 1", "new": "one = 10"}),
            ("edit_file", {"path": "a.py", "old": "one = 10", "new": "one = 100"}),
            ("read_file", {"path": "a.py"}),
        )
    )
    assert [one.error for one in tools_harness.results] == [False] * 4
    assert tools_harness.results[-1].text.startswith("1\tone = 100\n")


async def test_line_ends_marks_and_modes_of_a_file_stay(tools_harness: ToolHarness) -> None:
    path = tools_harness.root / "dos.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    path.chmod(0o755)
    assert not (await tools_harness.call("edit_file", path="dos.txt", old="one\ntwo", new="uno\ndos")).error
    assert path.read_bytes() == b"\xef\xbb\xbfuno\r\ndos\r\n"
    wide = tools_harness.root / "wide.txt"
    wide.write_bytes("one\n".encode("utf-16"))
    assert not (await tools_harness.call("edit_file", path="wide.txt", old="one", new="uno")).error
    assert wide.read_bytes().decode("utf-16") == "uno\n"
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o755


async def test_a_file_that_changed_is_not_edited_and_what_changed_is_shown(tools_harness: ToolHarness) -> None:
    await tools_harness.call("read_file", path="src/b.py")
    tools_harness.write("src/b.py", "def f(a, b):\n    return a\n")
    refused = await tools_harness.call("edit_file", path="src/b.py", old="return a", new="return b")
    assert refused.error
    assert "model saw `f(a)`, file has `f(a, b)`" in refused.text
    assert "+def f(a, b):" in refused.text
    assert not (await tools_harness.call("edit_file", path="src/b.py", old="return a", new="return b")).error
    assert (tools_harness.root / "src/b.py").read_text() == "def f(a, b):\n    return b\n"


async def test_a_file_is_replaced_whole_only_where_it_is_known_whole(tools_harness: ToolHarness) -> None:
    refused = await tools_harness.call("write_file", path="a.py", text="nothing\n")
    assert "you have seen nothing of it" in refused.text
    await tools_harness.call("read_file", path="a.py", first=1, last=1)
    assert "only a part of it" in (await tools_harness.call("write_file", path="a.py", text="nothing\n")).text
    await tools_harness.call("read_file", path="a.py")
    assert not (await tools_harness.call("write_file", path="a.py", text="nothing\n")).error
    made = await tools_harness.call("write_file", path="new/deep/d.py", text="x = (\n")
    assert made.text == "wrote new/deep/d.py: 1 lines\nIt does not parse."
    assert (tools_harness.root / "new/deep/d.py").read_text() == "x = (\n"
    tools_harness.write("new/deep/d.py", "y = 1\n")
    assert (
        "has changed since you saw it"
        in (await tools_harness.call("write_file", path="new/deep/d.py", text="z\n")).text
    )


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("read_file", {}, "`path` is missing"),
    ("read_file", {"path": 7}, "`path` must be a string, not an integer"),
    ("read_file", {"path": "a.py", "first": "1"}, "`first` must be an integer, not a string"),
    ("read_file", {"path": "a.py", "first": True}, "`first` must be an integer, not a boolean"),
    ("read_file", {"path": "a.py", "lines": 3}, "`lines` is not an argument"),
    ("read_file", {"path": ["a.py"]}, "`path` must be a string, not an array"),
    ("read_file", {"path": "a.py", "first": 9}, "has 3 lines"),
    ("read_file", {"path": "a.py", "first": 3, "last": 2}, "there are no lines 3 to 2"),
    ("read_file", {"path": "a.p"}, "There is no file a.p. Near it: a.py."),
    ("read_file", {"path": "src"}, "src is a folder: list_files"),
    ("read_file", {"path": ""}, "path is empty"),
    ("read_file", {"path": "a\0.py"}, "zero byte"),
    ("read_file", {"path": "x" * 5000}, "cannot be"),
    ("read_file", {"path": "image.png"}, "image.png is not text (6 bytes)"),
    ("read_file", {"path": "\\\\server\\share\\x"}, "another machine"),
    ("read_file", {"path": "//server/share/x"}, "another machine"),
    ("read_file", {"path": "C:\\Windows\\x"}, "another machine or system"),
    ("list_files", {"path": "nowhere"}, "There is no file or folder nowhere"),
    ("search", {"pattern": "("}, "The search failed"),
    ("search", {"pattern": ""}, "The pattern is empty"),
    ("edit_file", {"path": "a.py", "old": "four = 4", "new": ""}, "lines 1 to 1:\none = 1"),
    ("edit_file", {"path": "a.py", "old": "  two = 2\n  three = 3", "new": "x"}, "but for white space, lines 2 to 3"),
    ("edit_file", {"path": "a.py", "old": "\u2603\u2603\u2603\u2603", "new": "x"}, "nothing in it is near"),
    ("edit_file", {"path": "a.py", "old": " = ", "new": "="}, "stands in a.py 3 times, on lines 1, 2, 3"),
    ("edit_file", {"path": "a.py", "old": "", "new": "x"}, "`old` is empty"),
    ("edit_file", {"path": "a.py", "old": "one", "new": "one"}, "are the same"),
    ("edit_file", {"path": "gone.py", "old": "a", "new": "b"}, "There is no file gone.py"),
    ("edit_file", {"path": "image.png", "old": "a", "new": "b"}, "is not text"),
    ("write_file", {"path": "src", "text": "x"}, "src is a folder"),
    ("write_file", {"path": "a.py/x", "text": "x"}, "cannot be written"),
    ("write_file", {"path": "half.txt", "text": "\ud800"}, "half of a character"),
    ("run_command", {"command": "  "}, "The command is empty"),
    ("run_command", {"command": "a\0b"}, "zero byte"),
    ("run_command", {"command": "true", "timeout": 0}, "A timeout is"),
    ("recall", {}, "either `query` or `id`"),
    ("recall", {"id": "c99"}, "There is no call c99"),
    ("update_memory", {"action": "forget", "text": "x"}, "must be one of add, revise, replace, resolve, retire"),
    ("update_memory", {"action": "add", "text": "x"}, "`kind` says"),
    ("update_memory", {"action": "revise", "text": "x", "id": "n1"}, "there is no entry n1. `recall` lists them"),
    ("update_memory", {"action": "retire", "text": "x"}, "With `retire`, `id` names the entry"),
    ("fly", {"to": "the moon"}, "There is no tool fly. There are read_file"),
]


@pytest.mark.parametrize(("tool", "args", "said"), BAD)
async def test_bad_input_is_told_to_the_model_and_changes_nothing(
    tools_harness: ToolHarness, tool: str, args: dict[str, Any], said: str
) -> None:
    (tools_harness.root / "image.png").write_bytes(b"\x89PNG\x00\xff")
    before = {
        path: path.read_bytes()
        for path in tools_harness.root.rglob("*")
        if path.is_file() and ".agent" not in path.parts
    }
    result = await tools_harness.call(tool, **args)
    assert result.error
    assert said in result.text
    assert "Traceback" not in result.text
    after = {
        path: path.read_bytes()
        for path in tools_harness.root.rglob("*")
        if path.is_file() and ".agent" not in path.parts
    }
    assert after == before


def _link(tools_harness: ToolHarness, outside: Path) -> str:
    (tools_harness.root / "way").symlink_to(outside.parent)
    return f"way/{outside.name}"


ESCAPES: list[Callable[[ToolHarness, Path], str]] = [
    lambda _, outside: str(outside),
    lambda tools_harness, outside: os.path.relpath(outside, tools_harness.root),
    lambda _, outside: f"src/../../{outside.parent.name}/{outside.name}",
    _link,
]


@POSIX
@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("tool", ["read_file", "edit_file", "write_file", "search", "list_files", "skeleton"])
async def test_nothing_outside_is_touched_unasked(
    tmp_path: Path, escape: Callable[[ToolHarness, Path], str], tool: str
) -> None:
    outside = tmp_path / "out" / "secret.txt"
    outside.parent.mkdir()
    outside.write_text("the treasure map\n")
    (tmp_path / "in" / "src").mkdir(parents=True)
    tools_harness = ToolHarness(tmp_path / "in", ScriptedApprover(Deny("keep out")))
    path = escape(tools_harness, outside)
    args = {
        "edit_file": {"path": path, "old": "treasure", "new": "lost"},
        "write_file": {"path": path, "text": "lost"},
        "search": {"pattern": "map", "path": path},
    }.get(tool, {"path": path})
    result = await tools_harness.call(tool, **args)
    assert (result.text, result.error) == ("The user did not allow this: keep out", True)
    assert tools_harness.answers.asked[-1].why == "it is outside the workspace"
    assert outside.read_text() == "the treasure map\n"
    tools_harness.answers.answers = [Allow()]
    allowed = await tools_harness.call(tool, **args)
    assert not allowed.error or "you have seen nothing of it" in allowed.text


async def test_a_huge_file_is_refused_in_a_line_and_stays_as_it_is(tools_harness: ToolHarness) -> None:
    huge = tools_harness.root / "huge.log"
    with huge.open("wb") as file:
        file.truncate(LARGEST + 1)
    for tool, args in (
        ("read_file", {"path": "huge.log"}),
        ("skeleton", {"path": "huge.log"}),
        ("edit_file", {"path": "huge.log", "old": "a", "new": "b"}),
        ("write_file", {"path": "huge.log", "text": "small"}),
    ):
        result = await tools_harness.call(tool, **args)
        assert result.error
        assert "20,000,001 bytes, too many to read: search in it" in result.text
    assert huge.stat().st_size == LARGEST + 1


@POSIX
async def test_what_would_hang_a_reader_is_refused(tools_harness: ToolHarness) -> None:
    os.mkfifo(tools_harness.root / "pipe")
    assert "a pipe and cannot be read" in (await tools_harness.call("read_file", path="pipe")).text
    assert (await tools_harness.call("search", pattern="needle")).text == "src/c.txt:1:a needle in here"


COMMANDS: list[tuple[str, str]] = [
    ("echo hi; exit 3", "hi\n[exit status 3]"),
    ("cat; echo done", "done\n[exit status 0]"),
    ("printf 'a\\377b'", "a\ufffdb\n[exit status 0]"),
    ("printf '\\033[31mred\\033[0m\\033]0;title\\007 ink\\n'", "red ink\n[exit status 0]"),
    ("printf 'working 1\\rworking 2\\rdone\\n'", "done\n[exit status 0]"),
    ("true", "[exit status 0]"),
    ("no-such-program-here", "not found\n[exit status 127]"),
    ("sleep 60 & echo started", "started\n[exit status 0]"),
]


@POSIX
@pytest.mark.parametrize(("command", "end"), COMMANDS)
async def test_a_command_shows_its_output_as_text_and_its_status(
    tools_harness: ToolHarness, command: str, end: str
) -> None:
    result = await tools_harness.call("run_command", command=command, timeout=20)
    assert result.text.endswith(end)
    assert result.error == ("[exit status 0]" not in end)


@POSIX
async def test_a_command_that_never_ends_is_stopped_with_all_that_it_started(tools_harness: ToolHarness) -> None:
    result = await tools_harness.call(
        "run_command", command="sleep 61 & setsid sleep 62 & echo begun; sleep 63", timeout=1
    )
    assert result.text == "begun\n[stopped after 1 seconds]"
    assert result.evidence is not None
    assert result.evidence.status is None
    assert not _alive(tools_harness.root)


def _alive(root: Path) -> list[str]:
    """The processes whose folder is this one."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == root:
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


@POSIX
async def test_a_long_output_is_capped_in_the_view_and_whole_in_the_log(tools_harness: ToolHarness) -> None:
    result = await tools_harness.call("run_command", command="seq 1 40000")
    assert len(result.text) < 31_000
    assert result.text.startswith("1\n2\n")
    assert result.text.endswith("40000\n[exit status 0]")
    assert "recall c1" in result.text
    (kept,) = tools_harness.kept(FullOutputStored)
    assert kept.text == "\n".join(map(str, range(1, 40001)))
    assert sum(map(len, tools_harness.shown)) <= 30_000


@pytest.mark.slow
@POSIX
async def test_a_flood_of_output_takes_little_room(tools_harness: ToolHarness) -> None:
    result = await tools_harness.call("run_command", command="yes abcdefghijklmnop | head -c 1000000000", timeout=60)
    (kept,) = tools_harness.kept(FullOutputStored)
    assert len(kept.text) < 1_100_000
    assert "characters were printed here and not kept" in kept.text
    assert result.text.endswith("[exit status 0]")


@POSIX
async def test_cancelling_ends_the_command_at_once_and_keeps_what_had_come(tools_harness: ToolHarness) -> None:
    loop = asyncio.get_running_loop()
    (call,) = tools_harness.calls(("run_command", {"command": "echo begun; sleep 64 & sleep 65"}))
    running = asyncio.create_task(tools_harness.run([call]))
    await tools_harness.showing.wait()
    began = loop.time()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert loop.time() - began < 0.2
    assert (tools_harness.results[-1].text, tools_harness.results[-1].error) == ("begun\n[stopped by the user]", True)
    assert not _alive(tools_harness.root)


async def test_what_a_command_proves_is_recorded(tools_harness: ToolHarness) -> None:
    output = "FAILED tests/test_a.py::test_b - assert 1 == 2\nE   ValueError: an error here\n[main 1a2b3c4] Mend it\n"
    tools_harness.write("out.txt", output)
    command = f"{sys.executable} -c \"print(open('out.txt').read()); raise SystemExit(1)\""
    result = await tools_harness.call("run_command", command=command)
    assert result.evidence is not None
    assert result.evidence.status == 1
    assert result.evidence.failing == ("tests/test_a.py::test_b",)
    assert "E ValueError: an error here" in result.evidence.errors
    assert result.evidence.commits == ("1a2b3c4",)


async def test_a_checkpoint_is_kept_once_before_a_turn_first_touches_files(tools_harness: ToolHarness) -> None:
    await tools_harness.call("read_file", path="a.py")
    assert not tools_harness.kept(CheckpointCreated)
    await tools_harness.call("edit_file", path="a.py", old="one = 1", new="one = 2")
    await tools_harness.call("edit_file", path="a.py", old="one = 2", new="one = 3")
    tools_harness.turn = 2
    await tools_harness.call("edit_file", path="a.py", old="one = 3", new="one = 4")
    first, second = tools_harness.kept(CheckpointCreated)
    assert (first.turn, second.turn) == (1, 2)
    assert [one.before for one in tools_harness.ports.checkpoints.changes(first.id)] == [
        "one = 1\ntwo = 2\nthree = 3\n"
    ]
    assert tools_harness.ports.checkpoints.restore(first.id) == ("a.py",)
    assert (tools_harness.root / "a.py").read_text().startswith("one = 1\n")


REWRITE = f"{sys.executable} -c \"open('a.py', 'w').write('one = 9\\n')\""
CHANGES = [
    ("edit_file", {"path": "a.py", "old": "one = 1", "new": "one = 9"}),
    ("write_file", {"path": "new.py", "text": "one = 9\n"}),
    ("run_command", {"command": REWRITE}),
]


@pytest.mark.parametrize(("tool", "args"), CHANGES, ids=[tool for tool, _ in CHANGES])
async def test_whatever_may_change_files_finds_them_kept_as_they_were(
    tools_harness: ToolHarness, tool: str, args: dict[str, Any]
) -> None:
    """A command above all: nobody knows what it will touch."""
    was = {path: path.read_text() for path in tools_harness.root.iterdir() if path.is_file()}
    assert not (await tools_harness.call(tool, **args)).error
    events = [type(event) for event in tools_harness.log.events]
    assert events.index(CheckpointCreated) < events.index(ToolReturned)
    (kept,) = tools_harness.kept(CheckpointCreated)
    assert len(tools_harness.ports.checkpoints.restore(kept.id)) == 1
    assert {path: path.read_text() for path in tools_harness.root.iterdir() if path.is_file()} == was


async def test_the_memory_takes_entries_and_leaves_the_users_alone(tools_harness: ToolHarness) -> None:
    calls = tools_harness.calls(
        ("update_memory", {"action": "add", "kind": "question", "text": "Which port?", "owner": "user"}),
        ("update_memory", {"action": "add", "kind": "constraint", "text": "No new packages", "why": "no internet"}),
    )
    await tools_harness.run(calls)
    assert [entry.text for entry in tools_harness.log.session.ledger.live()] == ["Which port?", "No new packages"]
    assert not (await tools_harness.call("update_memory", action="resolve", text="8080", id="m1.1")).error
    assert [entry.id for entry in tools_harness.log.session.ledger.live()] == ["m1.2"]


KINDS_OF_THE_AGENT: list[EntryKind] = [
    "decision", "constraint", "pattern", "milestone", "work", "question", "issue", "rejected", "fact", "state",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS_OF_THE_AGENT)
@pytest.mark.parametrize("author", ["agent", "summariser", "code"])
async def test_an_entry_of_any_kind_is_retired_or_replaced_by_its_id(
    tools_harness: ToolHarness, kind: EntryKind, author: Author
) -> None:
    await tools_harness.log.record(
        LedgerChanged((Add(Entry("a", kind, "The old one", author, (1,))), Add(Entry("b", kind, "Void", author, (1,)))))
    )
    replaced = await tools_harness.call(
        "update_memory", action="replace", id="a", text="The new one", why="it is small"
    )
    assert replaced.text == "replace: m1.1 stands in the place of a"
    assert (await tools_harness.call("update_memory", action="retire", id="b", text="it was noise")).text == "retire: b"
    entries = tools_harness.log.session.ledger.entries
    assert (entries["a"].state, entries["b"].state, entries["b"].resolution) == ("revised", "resolved", "it was noise")
    (live,) = tools_harness.log.session.ledger.live()
    assert (live.id, live.kind, live.text, live.why, live.supersedes) == (
        "m1.1",
        kind,
        "The new one",
        "it is small",
        "a",
    )
    again = await tools_harness.call("update_memory", action="revise", id="a", text="x")
    assert "a is no longer in force (a later entry has taken its place)" in again.text


OF_THE_USER = [
    (Entry("a", "rule", "Never push", "user", (1,)), "a is a rule of the user's, and only the user retires one"),
    (Entry("a", "decision", "Use files", "agent", (1,), pinned=True), "a is the user's, who pinned it"),
    (Entry("a", "decision", "Use files", "user", (1,)), "a is the user's, who wrote it"),
]


@pytest.mark.parametrize(("entry", "why"), OF_THE_USER, ids=[row[1][:28] for row in OF_THE_USER])
@pytest.mark.parametrize("action", ["revise", "replace", "resolve", "retire"])
async def test_what_is_the_users_stays_and_the_model_is_told_why(
    tools_harness: ToolHarness, entry: Entry, why: str, action: str
) -> None:
    await tools_harness.log.record(LedgerChanged((Add(entry),), "user"))
    before = tools_harness.log.session.ledger
    told = await tools_harness.call("update_memory", action=action, id="a", text="Use tables")
    assert told.error
    assert why in told.text
    assert "in your reply" in told.text
    assert tools_harness.log.session.ledger == before


@pytest.mark.parametrize(("times", "stopped"), [(2, False), (3, True)])
async def test_the_same_failing_call_three_times_in_a_row_stops_and_asks(
    tools_harness: ToolHarness, times: int, stopped: bool
) -> None:
    outcome = None
    for _ in range(times):
        outcome = await tools_harness.run(tools_harness.calls(("read_file", {"path": "gone.py"})))
    assert outcome is not None
    assert (bool(outcome.stop), outcome.hand_back) == (stopped, stopped)
    if stopped:
        assert outcome.stop.startswith("The same call failed 3 times in a row (read_file gone.py: There is no file")


async def test_a_fault_in_a_tool_is_the_models_to_work_around(tools_harness: ToolHarness) -> None:
    class Broken(UnchangedRepository):
        def read(self, span: ComparedRevisions) -> Iterable[FileChange]:  # noqa: ARG002
            raise ZeroDivisionError

    broken = ToolHarness(tools_harness.root, repository=Broken())
    result = await broken.call("changes")
    assert result.text == "changes failed by a fault of its own, ZeroDivisionError: try another way."


async def test_what_changed_since_a_commit_is_told_as_a_reviewer_would(tmp_path: Path) -> None:
    tools_harness = ToolHarness(tmp_path, repository=GitDiff(Git(tmp_path)))
    assert "is not in a git repository" in (await tools_harness.call("changes")).text
    tools_harness.write("a.py", "def f(a):\n    return a\n")
    git(tmp_path, "init -q", "add -A", "commit -qm first")
    assert (await tools_harness.call("changes")).text == "Nothing changed."
    tools_harness.write("a.py", "def f(a, b):\n    return a\n")
    told = await tools_harness.call("changes")
    assert told.text.startswith("- `a.py`:")
    assert "**Breaking.**" in told.text
    assert "no revision" in (await tools_harness.call("changes", since="nowhere")).text


async def test_files_that_others_changed_are_told_of_once_before_the_model_is_asked(tools_harness: ToolHarness) -> None:
    for path in ("a.py", "src/b.py", "src/c.txt"):
        await tools_harness.call("read_file", path=path)
    await tools_harness.tools.notify_external_changes(1, tools_harness.log)
    assert not tools_harness.kept(SystemNote)
    await tools_harness.call("edit_file", path="a.py", old="one = 1", new="one = 11")
    await tools_harness.tools.notify_external_changes(1, tools_harness.log)
    assert not tools_harness.kept(SystemNote)
    tools_harness.write("src/b.py", "def f(a, b):\n    return a\n")
    (tools_harness.root / "src/c.txt").unlink()
    await tools_harness.tools.notify_external_changes(1, tools_harness.log)
    await tools_harness.tools.notify_external_changes(1, tools_harness.log)
    (told,) = tools_harness.kept(SystemNote)
    assert "model saw `f(a)`, file has `f(a, b)`" in told.text
    assert "src/c.txt: it is gone" in told.text
    assert "a.py: " not in told.text
    assert not (await tools_harness.call("edit_file", path="src/b.py", old="return a", new="return b")).error


async def test_a_checkout_is_told_of(tmp_path: Path) -> None:
    tools_harness = ToolHarness(tmp_path)
    tools_harness.write("a.py", "one = 1\n")
    git(tmp_path, "init -q -b main", "add -A", "commit -qm first", "checkout -qb other")
    tools_harness.write("a.py", "one = 2\n")
    git(tmp_path, "commit -qam second")
    await tools_harness.call("read_file", path="a.py")
    await tools_harness.tools.notify_external_changes(1, tools_harness.log)
    git(tmp_path, "checkout -q main")
    await tools_harness.tools.notify_external_changes(1, tools_harness.log)
    (told,) = tools_harness.kept(SystemNote)
    assert "main is checked out now, and no longer other." in told.text
    assert "-one = 2\n+one = 1" in told.text


@POSIX
async def test_a_command_does_not_see_the_keys_to_the_model(tmp_path: Path) -> None:
    secret = "made-" + "up-key"
    code = (
        "import asyncio, sys; from pathlib import Path; from throughline.workspace.process import LocalCommandRunner\n"
        "asyncio.run(LocalCommandRunner(Path('.')).run('env', 60, sys.stdout.write))"
    )
    names = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS")
    environment = {**os.environ, **dict.fromkeys(names, secret), "OTHER": "stays"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE
    )
    said = (await process.communicate())[0].decode()
    assert "OTHER=stays" in said
    assert secret not in said


async def test_lines_are_numbered_as_searches_count_them(tools_harness: ToolHarness) -> None:
    tools_harness.write("odd.txt", "a\x0cb\r\nc\u2028d\n\nlast")
    assert (await tools_harness.call("read_file", path="odd.txt")).text == "1\ta\x0cb\r\n2\tc\u2028d\n3\t\n4\tlast"
    assert (await tools_harness.call("read_file", path="odd.txt", first=2, last=3)).text.endswith(
        "]\n2\tc\u2028d\n3\t\n"
    )
    assert (await tools_harness.call("search", pattern="last", path="odd.txt")).text == "odd.txt:4:last"


COPIED: list[tuple[str, dict[str, Any], str]] = [
    ("`old` as it was read", {"old": "2\ttwo = 2", "new": "two = 3"}, "`old` holds the line numbers"),
    ("some lines of it", {"old": "one = 1\n2\ttwo = 2", "new": "x"}, "`old` holds the line numbers"),
    ("with spaces before", {"old": "     2\ttwo = 2\n     3\tthree = 3", "new": "x"}, "`old` holds the line numbers"),
    ("with an arrow", {"old": "2→two = 2", "new": "x"}, "`old` holds the line numbers"),
    ("`new` alone", {"old": "two = 2\n", "new": "2\ttwo = 3\n3\tfour = 4\n"}, "`new` holds line numbers"),
    ("`new`, one line", {"old": "two = 2\n", "new": "2\ttwo = 3\n"}, "`new` holds line numbers"),
]


@pytest.mark.parametrize(("name", "args", "said"), COPIED, ids=[row[0] for row in COPIED])
async def test_line_numbers_are_no_part_of_an_edit(
    tools_harness: ToolHarness, name: str, args: dict[str, Any], said: str
) -> None:
    await tools_harness.call("read_file", path="a.py")
    result = await tools_harness.call("edit_file", path="a.py", **args)
    assert result.error, name
    assert said in result.text
    assert "leave them out" in result.text
    assert tools_harness.root.joinpath("a.py").read_text() == "one = 1\ntwo = 2\nthree = 3\n"


async def test_nor_of_a_file_that_is_written_over(tools_harness: ToolHarness) -> None:
    read = await tools_harness.call("read_file", path="a.py")
    assert "`text` holds line numbers" in (await tools_harness.call("write_file", path="a.py", text=read.text)).text
    assert tools_harness.root.joinpath("a.py").read_text() == "one = 1\ntwo = 2\nthree = 3\n"


NUMBERS = "1\tnail\n2\tscrew\n"
OWN = [("1\tnail", "7\tbolt"), ("2\tscrew\n", "2\tscrew\n3\tnut\n"), ("nail", "1. nail: 3 of them")]


@pytest.mark.parametrize(("old", "new"), OWN)
async def test_numbers_of_the_file_itself_are_its_text(tools_harness: ToolHarness, old: str, new: str) -> None:
    tools_harness.write("stock.tsv", NUMBERS)
    await tools_harness.call("read_file", path="stock.tsv")
    assert not (await tools_harness.call("edit_file", path="stock.tsv", old=old, new=new)).error
    assert tools_harness.root.joinpath("stock.tsv").read_text() == NUMBERS.replace(old, new)
    assert not (await tools_harness.call("write_file", path="new.tsv", text=NUMBERS)).error


async def test_a_search_shows_lines_around_or_files_alone(tools_harness: ToolHarness) -> None:
    assert (
        await tools_harness.call("search", pattern="two", context=1)
    ).text == "a.py-1-one = 1\na.py:2:two = 2\na.py-3-three = 3"
    assert (
        await tools_harness.call("search", pattern="e|r", files_only=True, path="src")
    ).text == "src/b.py\nsrc/c.txt"
    assert "from 0 to 20" in (await tools_harness.call("search", pattern="two", context=99)).text


async def test_an_edit_of_what_was_seen_in_part_leaves_it_known_in_part(tools_harness: ToolHarness) -> None:
    """What it never saw of a file it still has not seen, and may not write over."""
    tools_harness.write("long.txt", "".join(f"line {n}\n" for n in range(1, 201)))
    await tools_harness.call("read_file", path="long.txt", first=1, last=20)
    assert not (await tools_harness.call("edit_file", path="long.txt", old="line 7\n", new="line seven\n")).error
    assert tools_harness.log.session.registry["long.txt"].form == "part"
    assert (await tools_harness.call("write_file", path="long.txt", text="all new\n")).error
    await tools_harness.call("read_file", path="a.py")
    assert not (await tools_harness.call("edit_file", path="a.py", old="one = 1", new="one = 5")).error
    assert tools_harness.log.session.registry["a.py"].form == "full"


async def test_each_of_two_checkouts_is_told_of_from_the_branch_before_it(tmp_path: Path) -> None:
    tools_harness = ToolHarness(tmp_path)
    tools_harness.write("a.py", "x = 1\n")
    git(tmp_path, "init -q -b main", "add -A", "commit -qm first")
    await tools_harness.call("read_file", path="a.py")
    await tools_harness.tools.notify_external_changes(1, tools_harness.log)
    for turn, branch in enumerate(("one", "two"), 2):
        git(tmp_path, f"checkout -q -b {branch}")
        tools_harness.write("a.py", f"x = {turn}\n")
        await tools_harness.tools.notify_external_changes(turn, tools_harness.log)
    told = [note.text.splitlines()[1] for note in tools_harness.kept(SystemNote)]
    assert told == [
        "one is checked out now, and no longer main.", "two is checked out now, and no longer one.",
    ]  # fmt: skip
