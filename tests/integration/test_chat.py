"""A chat in a process of its own: from a pipe and in a terminal, with the recorded model and with the real SDK."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from throughline.domain.ports import CallPiece
from throughline.domain.usage import Usage
from throughline.testing.messages_server import MessagesServer
from throughline.testing.scripted_replies import ScriptedReply
from unit.contracts import CONTRACTS

COMMAND = [sys.executable, "-m", "throughline"]
PATIENCE = 60.0
# What a prompt ends with.
PROMPTED = "\x1b[0m "


def environment(url: str = "") -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    return env | ({"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-test"} if url else {})


async def chat(project: Path, said: Iterable[str], *options: str, url: str = "") -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "chat", "--project", str(project), *options, env=environment(url),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    given = "".join(f"{line}\n" for line in said).encode()
    out, err = await asyncio.wait_for(process.communicate(given), PATIENCE)
    assert "Traceback" not in err.decode(), err.decode()
    return process.returncode or 0, out.decode(), err.decode()


async def tell(*arguments: str | Path) -> Any:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *map(str, arguments), "--json", env=environment(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(out)


def text_of(body: dict[str, Any]) -> str:
    return json.dumps(body["messages"], ensure_ascii=False)


async def test_without_a_key_the_recording_plays_and_the_session_ends_in_the_archive(tmp_path: Path) -> None:
    lines = [*[""] * 13, "/status", "/undo", "/recall kiosk", "exit", "y", "y"]
    status, out, _ = await chat(tmp_path, lines, "--demo", "--role", "engineer")
    assert status == 0, out
    assert "A recording answers" in out
    assert "\n[DECISION]: A hold is on a tool" in out
    assert re.search(r"call 3 · [\d,]+ in, [\d,]+ cached · \d+ out · \$0\.\d{4} · context \d+%", out)
    kept = r"compacted up to turn \d+: [\d,]+ → [\d,]+ tokens; \d+ entries added, (\d+) of \1 still in the context"
    assert re.search(kept, out)
    assert "Turns: 13\n" in out
    assert re.search(r"Compaction c\d+ is undone", out)
    assert re.search(r"turn \d+ user\n", out)
    assert "## Session report: " in out
    # Nothing is written unseen.
    assert re.search(
        r"\n\+### Architectural Decisions\n[^\[]*\nWrite this change into the project archive\? \[y/N\] y\n", out
    )
    (row,) = await tell("sessions", "--project", tmp_path)
    assert row["ended"]
    assert (tmp_path / ".agent" / "project-context.md").read_text(encoding="utf-8").startswith("## Project Archive: ")


async def test_rules_are_laid_down_listed_shared_and_retired_in_the_terminal(tmp_path: Path) -> None:
    (tmp_path / ".agent").mkdir()
    archive = "## Project Archive: p\n\n### Rules\n- Deploy on Fridays only.\n\n### Project Identity\n- p\n"
    (tmp_path / ".agent" / "project-context.md").write_text(archive, encoding="utf-8")
    lines = [
        "/remember Tabs, never spaces.",
        "/rules",
        "/rules accept 1",
        "/rules accept 1",
        "/rules retire x",
        "exit",
        "n",
    ]
    status, out, err = await chat(tmp_path, lines, "--demo")
    assert status == 1
    found = re.search(r"Remembered as (r[0-9a-f]{6}), shared by the archive\.", out)
    assert found
    assert f"{found[1]} Tabs, never spaces. (shared by the archive)" in out
    assert "1 Deploy on Fridays only. (in the archive by somebody else)" in out
    assert "From now on it is a rule of yours." in out
    assert "takes the number of a rule by somebody else" in out + err
    assert "There is no rule x in force" in out + err
    lines = ["/remember Tabs, never spaces.", "exit", "n"]
    status, out, _ = await chat(tmp_path, lines, "--demo")
    assert status == 0, "the rules of a demo are nobody's"


@CONTRACTS
async def test_a_session_talks_to_a_real_server_and_goes_on_later(tmp_path: Path, model: str) -> None:
    usage = Usage(input=1_000, output=50, cache_read=200, cache_write=30)
    replies = [
        ScriptedReply(text="[DECISION]: Keep `sqlite` because it is there\n\nDone.", usage=usage),
        ScriptedReply(text="You said sqlite."),
        ScriptedReply(text="As a tester I would break it."),
    ]
    async with MessagesServer(replies) as fake:
        options = ["--objective", "A store", "--model", model]
        status, out, _ = await chat(tmp_path, ["Use sqlite.", "exit", "n"], *options, url=fake.url)
        assert status == 0, out
        assert "[DECISION]: Keep `sqlite` because it is there" in out
        assert "1,230 in, 200 cached · 50 out" in out
        assert "The session is kept" in out
        status, out, _ = await chat(
            tmp_path,
            ["What did I say?", "/role qa", "/model claude-opus-4-6", "And now?"],
            *("--continue", "--model", model),
            url=fake.url,
        )
        assert status == 0, out
        assert "goes on: A store" in out
    first, second, third = (one.body for one in fake.requests if one.path.startswith("/v1/messages"))
    assert "A store" in first["system"][0]["text"]
    assert "Use sqlite." in text_of(second)
    assert "Done." in text_of(second)
    assert "test engineer" in third["system"][0]["text"]
    assert (second["model"], third["model"]) == (model, "claude-opus-4-6")
    told = await tell("status", "--project", tmp_path)
    assert (told["turns"], told["role"], told["model"]) == (3, "qa", "claude-opus-4-6")
    assert told["purposes"]["chat"]["calls"] == 3
    assert told["dollars"] > 0


@CONTRACTS
async def test_tools_act_in_the_project_as_far_as_they_may(tmp_path: Path, model: str) -> None:
    (tmp_path / "a.py").write_text("one = 1\n")
    calls = (
        CallPiece("c1", "read_file", {"path": "a.py"}),
        CallPiece("c2", "edit_file", {"path": "a.py", "old": "one = 1", "new": "one = 2"}),
        CallPiece("c3", "run_command", {"command": "cat a.py"}),
        CallPiece("c4", "run_command", {"command": "rm a.py"}),
    )
    async with MessagesServer(
        [ScriptedReply(text="I change it.", calls=calls), ScriptedReply(text="Changed.")]
    ) as fake:
        options = ["--objective", "Two", "--model", model, "--allow", "edit:**", "--allow", "run:cat *"]
        status, out, _ = await chat(tmp_path, ["Make it two."], *options, url=fake.url)
    assert status == 0, out
    assert (tmp_path / "a.py").read_text() == "one = 2\n"
    _, second = (one.body for one in fake.requests if one.path.startswith("/v1/messages"))
    results = second["messages"][-1]["content"]
    assert [result["content"] for result in results] == [
        "1\tone = 1\n",
        "edited a.py: 1 lines became 1",
        "one = 2\n[exit status 0]",
        "The user did not allow this: This session runs without a terminal, so nobody can be asked.",
    ]


async def test_from_a_pipe_what_failed_is_in_the_exit_status(tmp_path: Path) -> None:
    async with MessagesServer([ScriptedReply(status=401, text="no"), ScriptedReply(text="Fine.")]) as fake:
        status, out, _ = await chat(tmp_path / "a", ["Hello", "Again"], url=fake.url)
        assert (status, "The API key was refused" in out, "Fine." in out) == (1, True, True)
    status, out, _ = await chat(tmp_path / "b", ["/nothing"], "--demo")
    assert (status, "There is no command /nothing" in out) == (1, True)


async def test_a_message_that_failed_is_retried_without_being_said_again(tmp_path: Path) -> None:
    poor = ScriptedReply(status=400, text="Your credit balance is too low to access the API.")
    usage = Usage(input=10, output=5, cache_write=150_000)
    replies = [poor, ScriptedReply(text="Here I am.", usage=usage), ScriptedReply(text="Yes.")]
    async with MessagesServer(replies) as fake:
        said = ["Where are you?", "/retry", "/retry", "/model claude-haiku-5-5", "Still?"]
        status, out, _ = await chat(tmp_path, said, "--cost-warning", "0.00001", url=fake.url)
    assert status == 1
    assert "The account has no credit left: add some in the console, then retry.\n" in out
    assert "  /retry goes on with it: what you said is sent once.\n" in out
    assert out.index("/retry goes on") < out.index("Here I am.") < out.index("There is nothing to retry")
    told = r"\nThis message pays \d+K tokens again, about \$0\.\d+: the model was changed\.\nyou> Still\?"
    assert re.search(told, out)
    failed, sent, _ = (one.body["messages"] for one in fake.requests if one.path.startswith("/v1/messages"))
    assert failed == sent
    assert (await tell("status", "--project", tmp_path))["turns"] == 2


async def test_a_turn_that_a_crash_cut_off_goes_on_in_the_next_chat(tmp_path: Path) -> None:
    replies = [ScriptedReply(text="one two three four", stall_after=4), ScriptedReply(text="Here it is.")]
    async with MessagesServer(replies) as fake:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "chat", "--project", str(tmp_path), "--objective", "x", env=environment(fake.url),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin
        process.stdin.write(b"Say it.\n")
        async with asyncio.timeout(PATIENCE):
            while not [one for one in fake.requests if one.path.startswith("/v1/messages")]:
                fake.came.clear()
                await fake.came.wait()
        process.kill()
        await process.wait()
        status, out, _ = await chat(tmp_path, ["/retry"], "--continue", url=fake.url)
    assert (status, "Its last turn broke off before its end" in out, "Here it is." in out) == (0, True, True)
    failed, sent = (one.body["messages"] for one in fake.requests if one.path.startswith("/v1/messages"))
    assert failed == sent
    assert (await tell("status", "--project", tmp_path))["turns"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--session", "zzz"), "There is no session zzz here."),
        (("--continue",), "There is no open session here"),
        (("--role", "poet"), "poet"),
        (("--allow", "python -m pytest*"), "a pattern begins with `edit:`, `run:` or `read:`."),
    ],
)
async def test_a_chat_that_cannot_be_opened_is_one_clear_line(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    status, _, err = await chat(tmp_path, ["Hello"], *options)
    assert status == 2
    assert said in err


async def test_a_session_is_open_in_one_process_at_a_time(tmp_path: Path) -> None:
    async with MessagesServer([ScriptedReply(text="one two three four", stall_after=4)]) as fake:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "chat", "--project", str(tmp_path), "--objective", "x", env=environment(fake.url),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"Hello\n")
        async with asyncio.timeout(PATIENCE):
            while b"you> Hello" not in await process.stdout.readline():
                pass
            status, _, err = await chat(tmp_path, ["Hello"], "--continue")
            assert (status, "open in another window" in err) == (2, True)
            process.terminate()
            await process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe breaks in another way")
async def test_when_nobody_reads_any_more_the_turn_is_kept_and_the_chat_leaves(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "chat", "--demo", "--project", str(tmp_path), env=environment(), stdin=asyncio.subprocess.PIPE,
        stdout=writing, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    os.close(writing)
    os.close(reading)
    _, err = await asyncio.wait_for(process.communicate(b"\n" * 20), PATIENCE)
    assert (process.returncode, err) == (1, b"")
    (told,) = await tell("sessions", "--project", tmp_path)
    assert told["turns"] <= 1


class Terminal:
    """The other end of a pseudo-terminal: what the program shows, and what is typed."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._seen = b""
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # The program has gone.
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
        self._seen += data
        self._more.set()

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    async def interrupted(self, text: str, patience: float = PATIENCE / 4) -> None:
        """Presses Ctrl-C at a prompt, and the program shows this. Between prompting and reading `input` overlooks it
        until the next key: then it is pressed again, after this many seconds.
        """
        await self.shows(PROMPTED)
        self.type("\x03")
        with suppress(TimeoutError):
            await self.shows(text, patience)
            return
        self.type("\x03")
        await self.shows(text)

    async def shows(self, text: str, patience: float = PATIENCE) -> None:
        """Waits until it does, and forgets what came before."""
        async with asyncio.timeout(patience):
            while text.encode() not in self._seen:
                self._more.clear()
                await self._more.wait()
        self._seen = self._seen.partition(text.encode())[2]


@asynccontextmanager
async def terminal(
    project: Path, *options: str, url: str = ""
) -> AsyncIterator[tuple[Terminal, asyncio.subprocess.Process]]:
    import pty  # noqa: PLC0415 - there is none on Windows

    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "chat", "--project", str(project), *options, env=environment(url) | {"TERM": "xterm"},
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=_control,
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(master), process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(master)


def _control() -> None:
    """Makes the pseudo-terminal the program's own, so that Ctrl-C reaches it as a signal."""
    import fcntl  # noqa: PLC0415
    import termios  # noqa: PLC0415

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@CONTRACTS
async def test_ctrl_c_stops_a_turn_and_twice_leaves(tmp_path: Path, model: str) -> None:
    replies = [ScriptedReply(text="one two three four", stall_after=4), ScriptedReply(text="I go on.")]
    async with (
        MessagesServer(replies) as fake,
        terminal(tmp_path, "--model", model, url=fake.url) as (screen, process),
    ):
        await screen.shows("Objective:")
        screen.type("Count\n")
        await screen.shows("Role")
        screen.type("\n")
        await screen.shows("you>")
        screen.type("Go\n")
        await screen.shows("one two")
        screen.type("\x03")
        await screen.shows("Cancelled")
        await screen.shows("you>")
        screen.type("Again\n")
        await screen.shows("I go on.")
        await screen.shows("you>")
        await screen.interrupted("again leaves")
        await screen.shows("you>")
        await screen.interrupted("The session is kept")
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 130
    told = await tell("status", "--project", tmp_path)
    assert (told["turns"], told["ended"], told["objective"]) == (2, False, "Count")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
async def test_in_a_terminal_enter_says_the_recordings_next_words_and_exit_asks(tmp_path: Path) -> None:
    async with terminal(tmp_path, "--demo") as (screen, process):
        await screen.shows("Enter says:")
        await screen.shows("you>")
        screen.type("\n")
        await screen.shows("How it hangs together today")
        await screen.shows("you>")
        screen.type("exit\n")
        await screen.shows("[y/N]")
        screen.type("y\n")
        await screen.shows("Write this change into the project archive?")
        screen.type("y\n")
        await screen.shows("Session report")
        await screen.shows("project-context.md")
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


async def test_a_chat_says_once_that_a_database_was_not_made_on_this_machine(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    await chat(project, ["", "exit", "n"], "--demo")
    brought = tmp_path / "brought"
    project.rename(brought)
    project.mkdir()
    # As a clone has it: the folder is not the one that the list has, and that one is still there.
    counts = []
    for _ in range(2):
        status, out, err = await chat(brought, ["exit", "n"], "--continue")
        assert status == 0, err
        counts.append(out.count("This folder's database was not made on this machine"))
    assert counts == [1, 0]
