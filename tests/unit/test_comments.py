"""Comments that a cheap model writes on skeletons: in the background, billed, kept, and never needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from throughline.agent.loop import Summariser
from throughline.core.events import CallBilled
from throughline.core.ports import CallPiece
from throughline.core.settings import Settings
from throughline.models.script import Reply
from throughline.models.scripted import ScriptedModel
from throughline.session.owner import Owner
from throughline.store.memory import MemorySkeletons
from unit.logs import BEGUN
from unit.worlds import Bench

CODE = "".join(
    f"def {name}(width, height):\n" + f"    width = width + {place}\n" * 40 + "    return width\n\n"
    for place, name in enumerate(("area", "rim"))
)


@asynccontextmanager
async def opened(bench: Bench, model: ScriptedModel) -> AsyncIterator[Owner]:
    crew = evolve(bench.crew(ScriptedModel(())), commenter=Summariser(model, "claude-haiku-5-5", "Say what it does."))
    owner = await Owner.start(bench.world, crew, Settings(), BEGUN)
    try:
        yield owner
    finally:
        await owner.close()


def bench() -> tuple[Bench, MemorySkeletons]:
    made, kept = Bench(), MemorySkeletons()
    made.world = evolve(made.world, skeletons=kept)
    made.files["a.py"] = CODE
    return made, kept


def said(*comments: tuple[int, str]) -> Reply:
    args = {"comments": [{"number": number, "text": text} for number, text in comments]}
    return Reply("", (CallPiece("c", "comment", args),))


async def test_comments_come_in_the_background_and_stay() -> None:
    world, _ = bench()
    model = ScriptedModel([said((1, "Multiplies the sides")), said()])
    async with opened(world, model) as owner:
        first = await owner.inject("a.py", "skeleton")
        assert "Multiplies" not in first.text
        await owner.settled()
        await owner.drop("a.py")
        second = await owner.inject("a.py", "skeleton")
        assert "def area(width, height): ...  # Multiplies the sides" in second.text
        await owner.settled()
        # A change elsewhere keeps the comment; what nothing was said of is not asked for again.
        world.files["a.py"] = CODE.replace("def rim", "def edge")
        third = await owner.inject("a.py", "skeleton")
        assert "# Multiplies the sides" in third.text
        await owner.settled()
    assert len(model.requests) == 2
    assert "edge" in model.requests[1].view.blocks[1].text
    assert "area" not in model.requests[1].view.blocks[1].text
    bills = [event for event in world.heard.events if isinstance(event, CallBilled)]
    assert {(bill.purpose, bill.model) for bill in bills} == {("skeleton", "claude-haiku-5-5")}


@pytest.mark.parametrize(
    "reply",
    [
        Reply("I would rather talk."),
        Reply(status=500, text="It is down."),
        Reply("", (CallPiece("c", "comment", {"comments": "none"}),)),
        Reply("", (CallPiece("c", "comment", {"comments": [{"number": 9, "text": "x"}, 7]}),)),
        Reply("one two", cut_after=1),
    ],
)
async def test_a_model_that_fails_costs_no_skeleton(reply: Reply) -> None:
    world, _ = bench()
    async with opened(world, ScriptedModel([reply])) as owner:
        first = await owner.inject("a.py", "skeleton")
        await owner.settled()
        await owner.drop("a.py")
        assert (await owner.inject("a.py", "skeleton")).text == first.text


async def test_closing_does_not_wait_for_comments() -> None:
    world, kept = bench()
    model = ScriptedModel([Reply("one two", stall_after=1)])
    async with opened(world, model) as owner:
        await owner.inject("a.py", "skeleton")
        await model.stalled.wait()
    assert not any(key.startswith("comment:") for key in kept.made)
