"""A listener that raises is logged, and ends nothing: the log, the fold and the turn are as with one that does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from throughline.domain.events import Event, Logged, TurnEnded
from throughline.domain.ports import CallPiece
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.session.actor import Journal
from throughline.session.live_session import LiveSession
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit import type_strategies
from unit.event_logs import STARTED, log
from unit.session_harness import SessionHarness

KINDS = sorted(event.kind for event in get_args(Event))


class Breaking:
    """Raises at events of one kind, or at text; what it was told before that, it keeps."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.events: list[Event] = []
        self.raised = 0

    def logged(self, events: Sequence[Logged]) -> None:
        for one in events:
            if one.event.kind == self.kind:
                self.raised += 1
                raise KeyError(self.kind)
            self.events.append(one.event)

    def streamed(self, turn: int, text: str) -> None:  # noqa: ARG002
        if self.kind == "text":
            self.raised += 1
            raise ValueError("no row is open")


def test_each_kind_of_event_is_tried() -> None:
    assert len(KINDS) == len(set(KINDS)) > 30


@pytest.mark.parametrize("shape", get_args(Event), ids=lambda shape: shape.kind)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_event_that_cannot_be_shown_is_kept(shape: Any, data: st.DataObject) -> None:
    asyncio.run(_kept(data.draw(type_strategies.of(shape))))


async def _kept(event: Event) -> None:
    harness, listener = SessionHarness(), Breaking(event.kind)
    harness.store.append("s", log(STARTED))
    journal = Journal(evolve(harness.ports, listener=listener), fold(log(STARTED)))
    await journal.keep([event])
    assert listener.raised == 1
    assert fold(harness.store.read(journal.session.id)) == journal.session


CALL = CallPiece("x", "read", {"path": "a.py"})
REPLIES = (ScriptedReply("I read it.", (CALL,)), ScriptedReply("[DECISION]: Keep it because it works"))


async def played(kind: str) -> tuple[SessionHarness, Breaking]:
    harness, listener = SessionHarness(), Breaking(kind)
    ports = evolve(harness.ports, listener=listener)
    live = await LiveSession.start(ports, harness.config(ScriptedModel(REPLIES), {"x": "print()"}), Settings(), STARTED)
    await live.send("Look at it.")
    await live.idle()
    assert fold(harness.store.read("s")) == live.session
    await live.close()
    return harness, listener


async def test_a_turn_ends_well_whatever_of_it_cannot_be_shown(caplog: pytest.LogCaptureFixture) -> None:
    whole, _ = await played("nothing")
    said = [one.event for one in whole.store.read("s")]
    assert said[-1] == TurnEnded(1, "done")
    for kind in [*dict.fromkeys(event.kind for event in said), "text"]:
        caplog.clear()
        harness, listener = await played(kind)
        assert [one.event for one in harness.store.read("s")] == said, kind
        assert listener.raised, kind
        told = [one for one in caplog.records if "could not be shown" in one.message]
        assert len(told) == listener.raised, kind
        assert [bool(one.exc_info) for one in told] == [True] + [False] * (len(told) - 1), "one trace for a place"


async def test_a_session_is_opened_again_though_its_log_cannot_be_shown() -> None:
    harness, _ = await played("nothing")
    ports = evolve(harness.ports, listener=Breaking("session_started"))
    live = await LiveSession.resume(ports, harness.config(ScriptedModel([])), Settings(), "s")
    assert fold(harness.store.read("s")) == live.session
    await live.close()
