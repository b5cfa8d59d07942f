"""A whole session in a terminal over each contract: tools, a question, a compaction, its undoing, and on from there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.test_chat import tell, terminal
from integration.test_leave import answered, said
from throughline.domain.ports import CallPiece
from throughline.testing.messages_server import MessagesServer, ServerConditions
from throughline.testing.provider_contract import ProviderContract
from throughline.testing.scripted_replies import Json, ScriptedReply, follow
from unit.contracts import CONTRACTS, NEWEST

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals"),
]


def call(name: str, tool: str, **args: object) -> tuple[CallPiece, ...]:
    return (CallPiece(name, tool, dict(args)),)


REPLIES = [
    ScriptedReply("I read it first.", call("r1", "read_file", path="a.py"), thinking="What is in it?"),
    ScriptedReply(
        "[DECISION]: Count in a.py because the rest reads it",
        call("e1", "edit_file", path="a.py", old="one = 1\n", new="one = 2\n"),
        thinking="One more.",
    ),
    ScriptedReply("It is two.", thinking="Done."),
    ScriptedReply("", call("r2", "read_file", path="b.py"), thinking="Now b."),
    ScriptedReply("It is long.", thinking="Long."),
    ScriptedReply("", call("c1", "run_command", command="cat a.py"), thinking="To be sure."),
    ScriptedReply("It says two.", thinking="So it is."),
    ScriptedReply("Nothing is left.", thinking="All done."),
    ScriptedReply("", call("r3", "read_file", path="a.py"), thinking="After the compaction."),
    ScriptedReply("Still two.", thinking="As before."),
    ScriptedReply("As it was."),
]


def script() -> Callable[[Json], ScriptedReply]:
    """The agent's replies in their order; a model that summarises has nothing to say."""
    replies = follow(REPLIES)
    return lambda body: ScriptedReply("There is nothing.") if "tool_choice" in body else replies(body)


@CONTRACTS
async def test_a_session_in_a_terminal_holds_over_each_contract(tmp_path: Path, model: str) -> None:
    (tmp_path / "a.py").write_text("one = 1\n")
    (tmp_path / "b.py").write_text("".join(f"number_{n} = {n}\n" for n in range(1_500)))
    contract = ProviderContract()
    options = ["--objective", "Count", "--role", "engineer", "--model", model, "--allow", "run:cat *"]
    async with (
        MessagesServer(script(), ground=ServerConditions(contract=contract)) as fake,
        terminal(tmp_path, *options, url=fake.url) as (screen, process),
    ):
        await said(screen, "Count on.")
        await answered(screen, "+one = 2", "y")
        await screen.shows("It is two.")
        for words, reply in (
            ("And b?", "It is long."),
            ("Sure?", "It says two."),
            ("What is left?", "Nothing is left."),
        ):
            await said(screen, words)
            await screen.shows(reply)
        await said(screen, "/compact")
        await screen.shows("compacted up to turn")
        await said(screen, "And a?")
        await screen.shows("Still two.")
        await said(screen, "/undo")
        await screen.shows("is undone")
        await said(screen, "Well?")
        await screen.shows("As it was.")
        await said(screen, "exit")
        await screen.shows("[y/N]")
        screen.type("n\n")
        await screen.shows("The session is kept")
        assert await process.wait() == 0
        talks = [one.body for one in fake.requests if one.path == "/v1/messages" and "tool_choice" not in one.body]
    assert contract.refused == []
    assert {body["model"] for body in talks} == {model}
    assert len(talks) == len(REPLIES)
    assert (tmp_path / "a.py").read_text() == "one = 2\n"
    # After the compaction the first turns are told of, and after its undoing sent as they were.
    held = [body["messages"][0]["content"][0].get("text") == "Count on." for body in talks]
    assert held == [True] * 8 + [False] * 2 + [True]
    sent = [piece["type"] for body in talks for message in body["messages"] for piece in message["content"]]
    assert "thinking" in sent
    told = await tell("status", "--project", tmp_path)
    assert (told["turns"], told["model"]) == (6, model)


@CONTRACTS
async def test_what_was_decided_between_two_calls_is_in_the_memory(tmp_path: Path, model: str) -> None:
    (tmp_path / "a.py").write_text("one = 1\n")
    contract = ProviderContract()
    options = ["--objective", "Count", "--role", "engineer", "--model", model, "--allow", "edit:**"]
    ground = ServerConditions(contract=contract)
    async with (
        MessagesServer(follow(REPLIES[:3]), ground=ground) as fake,
        terminal(tmp_path, *options, url=fake.url) as (screen, process),
    ):
        await said(screen, "Count on.")
        await screen.shows("It is two.")
        await said(screen, "/recall rest reads")
        await screen.shows("Count in a.py")
        await screen.shows("you>")
        process.terminate()
        await process.wait()
        last = fake.requests[-1].body["messages"][-2]["content"]
    assert contract.refused == []
    assert (last[0]["type"] == "thinking") is (model == NEWEST)
