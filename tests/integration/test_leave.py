"""Leave to act, asked for in a terminal: given once, given for the session, and refused with a reason."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from integration.test_chat import Terminal, tell, terminal
from throughline.domain.ports import CallPiece
from throughline.testing.messages_server import MessagesServer
from throughline.testing.scripted_replies import ScriptedReply
from unit.contracts import CONTRACTS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")

OPTIONS = ("--objective", "Count", "--role", "engineer")


def edit(number: int, *, again: bool = False) -> ScriptedReply:
    args = {"path": "a.py", "old": f"one = {number}", "new": f"one = {number + 1}"}
    return ScriptedReply(text="", calls=(CallPiece(f"c{number}{again}", "edit_file", args),))


def results(fake: MessagesServer) -> list[tuple[str, bool]]:
    """What each call of the model came to, as the model was told: its text, and whether it had failed."""
    found: dict[str, dict[str, Any]] = {}
    for request in fake.requests:
        for message in request.body.get("messages", ()):
            blocks = message["content"] if isinstance(message["content"], list) else ()
            found |= {block["tool_use_id"]: block for block in blocks if block["type"] == "tool_result"}
    return [(block["content"], block.get("is_error", False)) for block in found.values()]


async def said(screen: Terminal, words: str) -> None:
    await screen.shows("you>")
    screen.type(f"{words}\n")


async def answered(screen: Terminal, change: str, answer: str) -> None:
    """A question shows the change; this is the answer."""
    await screen.shows("Change a.py")
    await screen.shows(change)
    await screen.shows("May it?")
    screen.type(f"{answer}\n")


@CONTRACTS
async def test_an_edit_is_asked_for_until_it_is_allowed_for_the_session(tmp_path: Path, model: str) -> None:
    path = tmp_path / "a.py"
    path.write_text("one = 1\n")
    read = ScriptedReply(text="", calls=(CallPiece("r", "read_file", {"path": "a.py"}),))
    # One edit is allowed, the next is not, the third is for the session: the fourth is not asked for.
    replies = [read, edit(1), edit(2), edit(2, again=True), edit(3), ScriptedReply(text="All is said.")]
    options = (*OPTIONS, "--model", model)
    async with MessagesServer(replies) as fake, terminal(tmp_path, *options, url=fake.url) as (screen, process):
        await said(screen, "Count on.")
        await answered(screen, "+one = 2", "y")
        await answered(screen, "+one = 3", "only if the tests ran")
        assert path.read_text() == "one = 2\n"
        await answered(screen, "+one = 3", "s")
        await screen.shows("All is said.")
        assert path.read_text() == "one = 4\n"
        await said(screen, "/permissions")
        await screen.shows("edit:**")
        await said(screen, "/permissions forget all")
        await screen.shows("Taken back: edit:**")
        await said(screen, "exit")
        await screen.shows("[y/N]")
        screen.type("n\n")
        await screen.shows("The session is kept")
        assert await process.wait() == 0
    assert [(text.splitlines()[0], failed) for text, failed in results(fake)] == [
        ("1\tone = 1", False),
        ("edited a.py: 1 lines became 1", False),
        ("The user did not allow this: only if the tests ran", True),
        ("edited a.py: 1 lines became 1", False),
        ("edited a.py: 1 lines became 1", False),
    ]
    assert (await tell("status", "--project", tmp_path))["turns"] == 1


async def test_ctrl_c_at_a_question_stops_the_turn_and_does_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("one = 1\n")
    replies = [edit(1), ScriptedReply(text="I go on.")]
    async with MessagesServer(replies) as fake, terminal(tmp_path, *OPTIONS, url=fake.url) as (screen, process):
        await said(screen, "Count on.")
        await screen.shows("May it?")
        await screen.interrupted("Cancelled", 2.0)
        await said(screen, "And now?")
        await screen.shows("I go on.")
        assert path.read_text() == "one = 1\n"
        assert process.returncode is None
    ((text, failed),) = results(fake)
    assert "interrupted" in text.lower() or "cancelled" in text.lower()
    assert failed
