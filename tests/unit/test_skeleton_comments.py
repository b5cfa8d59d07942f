"""Comments that a cheap model writes on skeletons: in the background, billed, kept, and never needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from throughline.agent.loop import SummarizerConfig
from throughline.domain.events import CallBilled
from throughline.domain.ports import CallPiece
from throughline.domain.settings import Settings
from throughline.session.live_session import LiveSession
from throughline.storage.in_memory import MemorySkeletons
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness

CODE = "".join(
    f"def {name}(width, height):\n" + f"    width = width + {place}\n" * 40 + "    return width\n\n"
    for place, name in enumerate(("area", "rim"))
)


@asynccontextmanager
async def opened(harness: SessionHarness, model: ScriptedModel) -> AsyncIterator[LiveSession]:
    config = evolve(
        harness.config(ScriptedModel(())), commenter=SummarizerConfig(model, "claude-haiku-5-5", "Say what it does.")
    )
    live = await LiveSession.start(harness.ports, config, Settings(), STARTED)
    try:
        yield live
    finally:
        await live.close()


def harness() -> tuple[SessionHarness, MemorySkeletons]:
    made, kept = SessionHarness(), MemorySkeletons()
    made.ports = evolve(made.ports, skeletons=kept)
    made.files["a.py"] = CODE
    return made, kept


def said(*comments: tuple[int, str]) -> ScriptedReply:
    args = {"comments": [{"number": number, "text": text} for number, text in comments]}
    return ScriptedReply("", (CallPiece("c", "comment", args),))


async def test_comments_come_in_the_background_and_stay() -> None:
    ports, _ = harness()
    model = ScriptedModel([said((1, "Multiplies the sides")), said()])
    async with opened(ports, model) as live:
        first = await live.inject("a.py", "skeleton")
        assert "Multiplies" not in first.text
        await live.settled()
        await live.drop("a.py")
        second = await live.inject("a.py", "skeleton")
        assert "def area(width, height): ...  # Multiplies the sides" in second.text
        await live.settled()
        # A change elsewhere keeps the comment; what nothing was said of is not asked for again.
        ports.files["a.py"] = CODE.replace("def rim", "def edge")
        third = await live.inject("a.py", "skeleton")
        assert "# Multiplies the sides" in third.text
        await live.settled()
    assert len(model.requests) == 2
    assert "edge" in model.requests[1].view.blocks[1].text
    assert "area" not in model.requests[1].view.blocks[1].text
    bills = [event for event in ports.heard.events if isinstance(event, CallBilled)]
    assert {(bill.purpose, bill.model) for bill in bills} == {("skeleton", "claude-haiku-5-5")}


@pytest.mark.parametrize(
    "reply",
    [
        ScriptedReply("I would rather talk."),
        ScriptedReply(status=500, text="It is down."),
        ScriptedReply("", (CallPiece("c", "comment", {"comments": "none"}),)),
        ScriptedReply("", (CallPiece("c", "comment", {"comments": [{"number": 9, "text": "x"}, 7]}),)),
        ScriptedReply("one two", cut_after=1),
    ],
)
async def test_a_model_that_fails_costs_no_skeleton(reply: ScriptedReply) -> None:
    ports, _ = harness()
    async with opened(ports, ScriptedModel([reply])) as live:
        first = await live.inject("a.py", "skeleton")
        await live.settled()
        await live.drop("a.py")
        assert (await live.inject("a.py", "skeleton")).text == first.text


async def test_closing_does_not_wait_for_comments() -> None:
    ports, kept = harness()
    model = ScriptedModel([ScriptedReply("one two", stall_after=1)])
    async with opened(ports, model) as live:
        await live.inject("a.py", "skeleton")
        await model.stalled.wait()
    assert not any(key.startswith("comment:") for key in kept.made)
