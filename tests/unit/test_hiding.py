"""No credential comes through the door to a session's log or to its archive, whoever said it; tools get it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict, evolve

from throughline.agent.output import hide
from throughline.domain.events import ArchiveWritten, AssistantMessage, MessageQueued, Notice, ToolCalled, UserMessage
from throughline.domain.ports import CallPiece
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.memory.chronicle import chronicle
from throughline.session.live_session import LiveSession
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.credentials import mixed
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness
from unit.tool_harness import ToolHarness

KEY = "gh" + f"p_{mixed(36)}"
OLD, NEW = f"{mixed(12)}-old-9", f"{mixed(12)}-new-9"


def told(harness: SessionHarness) -> list[str]:
    return [one.text for one in harness.heard.events if isinstance(one, Notice)]


async def played(harness: SessionHarness, said: Sequence[str], *replies: ScriptedReply, **given: Any) -> str:
    """Everything that a session kept, wrote and sent, as one text."""
    model = ScriptedModel([*replies, *[ScriptedReply("Done.")] * 9])
    live = await LiveSession.start(harness.ports, harness.config(model, **given), Settings(distil="write"), STARTED)
    for text in said:
        await live.send(text)
        await live.settled()
    await live.end()
    await live.close()
    sent = [block.text for one in model.requests for block in one.view.blocks]
    return "\n".join([*(str(one.event) for one in harness.store.read("s")), harness.archive.read(), *sent])


SAID: list[tuple[str, str, ScriptedReply]] = [
    ("the user's words", f"The deploy key is {KEY} and must only be used on staging.", ScriptedReply("Understood.")),
    ("the model's words", "go", ScriptedReply(f"I keep the key {KEY} in `.env` from now on.")),
    ("a tagged line", "go", ScriptedReply(f"[DECISION]: Use {KEY} for the deploys because it is there")),
    ("an argument", "go", ScriptedReply("", (CallPiece("c", "run_command", {"command": f"echo {KEY}"}),))),
    ("an argument by its name", "go", ScriptedReply("", (CallPiece("c", "fetch", {"headers": [{"password": KEY}]}),))),
]


@pytest.mark.parametrize(("case", "words", "reply"), SAID, ids=[row[0] for row in SAID])
async def test_a_credential_enters_neither_the_log_nor_the_archive_nor_a_request(
    case: str, words: str, reply: ScriptedReply
) -> None:
    harness = SessionHarness()
    kept = await played(harness, [words], reply, results={"c": f"was {KEY}"})
    assert KEY not in kept
    assert "[hidden credential: token of GitHub]" in kept
    assert len(told(harness)) == (case == "the user's words")


async def test_what_was_said_of_a_credential_stays_in_the_memory() -> None:
    harness = SessionHarness()
    await played(harness, [f"The deploy key is {KEY} and must only be used on staging."], ScriptedReply("Understood."))
    (line,) = chronicle(fold(harness.store.read("s")).turns)
    assert "and must only be used on staging." in line.text
    assert KEY not in line.text


async def test_the_user_is_told_once_what_was_hidden_and_how_to_send_it() -> None:
    harness = SessionHarness()
    await played(harness, [f"Take {KEY}", f"and {KEY}"])
    (line,) = told(harness)
    assert "token of GitHub" in line
    assert "allowedSecrets" in line
    assert "forget" in line
    assert KEY not in line


async def test_what_the_user_allows_is_sent() -> None:
    harness = SessionHarness()
    harness.ports = evolve(harness.ports, hide=partial(hide, allowed=["ghp_*"]))
    kept = await played(harness, [f"Take {KEY}"])
    assert KEY in kept
    assert not told(harness)


async def test_a_message_that_waits_is_looked_through_too() -> None:
    harness = SessionHarness()
    live = await LiveSession.start(
        harness.ports, harness.config(ScriptedModel([ScriptedReply("Done.")] * 2)), Settings(), STARTED
    )
    await live.send("go")
    await live.send(f"Take {KEY}" + " and go on" * 3_000)
    await live.settled()
    await live.close()
    assert [
        one for one in harness.heard.events if isinstance(one, (MessageQueued, UserMessage)) and "[hidden" in one.text
    ]
    assert KEY not in str(harness.store.read("s"))


async def test_the_archive_is_written_without_what_a_person_put_into_the_change() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("[DECISION]: Keep SQLite because it is there")])
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(distil="ask"), STARTED)
    await live.send("go")
    await live.settled()
    text = await live.end()
    await live.archive.accept(text.replace("SQLite", KEY))
    await live.close()
    assert "[hidden credential" in harness.archive.read()
    assert KEY not in harness.archive.read()
    assert KEY not in str([one for one in harness.heard.events if isinstance(one, ArchiveWritten)])


async def test_a_tool_runs_with_the_arguments_as_the_model_gave_them(tmp_path: Path) -> None:
    harness, tools_harness = SessionHarness(), ToolHarness(tmp_path)
    call = CallPiece("c", "write_file", {"path": "key.txt", "text": KEY})
    kept = await played(harness, ["go"], ScriptedReply("", (call,)), tools=tools_harness.tools)
    assert (tmp_path / "key.txt").read_text() == KEY
    assert KEY not in kept


async def test_neither_the_old_nor_the_new_value_of_a_changed_file_is_told(tmp_path: Path) -> None:
    harness, tools_harness = SessionHarness(), ToolHarness(tmp_path)
    tools_harness.write(".env", f"PORT=80\nAPI_TOKEN={OLD}\n")
    read = ScriptedReply("", (CallPiece("c", "read_file", {"path": ".env"}),))
    model = ScriptedModel([read, ScriptedReply("Read."), ScriptedReply("Seen.")])
    config = evolve(harness.config(model, tools=tools_harness.tools), tell=tools_harness.tools.notify_external_changes)
    live = await LiveSession.start(harness.ports, config, Settings(), STARTED)
    await live.send("go")
    await live.settled()
    tools_harness.write(".env", f"PORT=81\nAPI_TOKEN={NEW}\n")
    await live.send("and now?")
    await live.settled()
    await live.close()
    kept = str([asdict(one) for one in harness.heard.events])
    assert "PORT=81" in kept
    assert OLD not in kept
    assert NEW not in kept
    assert not [
        one for one in harness.heard.events if isinstance(one, (AssistantMessage, ToolCalled)) and "hidden" in str(one)
    ]
