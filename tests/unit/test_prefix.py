"""The requests of a live session: each begins as the one before, but where the log says why not."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import Compacted, CompactionUndone, Event, FileDropped, LedgerChanged, Masked, Trimmed
from throughline.domain.ports import CallPiece
from throughline.domain.settings import Settings
from throughline.session.live_session import LiveSession
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness

ACTS = ("send", "send", "send", "work", "work", "archive", "file", "change", "drop", "pin", "wait", "pause", "compact")
SMALL = Settings(window=4, kept=1, batch=1_500, fresh=1_000, trimmed=300)


def named(event: Event) -> bool:
    """Whether the invariant of ARCHITECTURE.md names an event."""
    user = isinstance(event, LedgerChanged) and event.by == "user"
    return user or isinstance(event, Masked | Trimmed | Compacted | CompactionUndone | FileDropped)


async def act(live: LiveSession, harness: SessionHarness, what: str, place: int) -> None:
    match what:
        case "send" | "work":
            await live.send(f"{what} {place}")
            await live.idle()
        case "archive":  # Another window has written it.
            harness.archive.write(f"## Project Archive: as of {place}\n")
        case "file":
            await live.inject("a.py", "full")
        case "change":
            harness.files["a.py"] = f"a = {place}\n"
        case "drop" if "a.py" in live.session.files:
            await live.drop("a.py")
        case "pin" if entries := live.session.ledger.live():
            await live.ledger_commands.pin(entries[0].id, pinned=True)
        case "wait":
            harness.clock.put(harness.clock.time + 100)
        case "pause":
            harness.clock.put(harness.clock.time + 301)
        case "compact" if len([turn for turn in live.session.recent if turn.ending]) > 3:
            await live.compact()
        case _:
            pass


def replies(acts: list[str]) -> list[ScriptedReply]:
    said = "[DECISION]: Keep it because it works\n" + "And more of it is said here. " * 30
    made: list[ScriptedReply] = []
    for place, what in enumerate(acts):
        if what == "work":
            calls = [CallPiece(f"c{place}-{n}", "read", {"path": f"{n}.py"}) for n in range(2)]
            made += [ScriptedReply("I look.", tuple(calls)), ScriptedReply("", (calls[0],)), ScriptedReply(said)]
        elif what == "send":
            made.append(ScriptedReply(said))
    return made


async def told(acts: list[str]) -> None:
    harness = SessionHarness("## Project Archive: shed\n")
    harness.files["a.py"] = "a = 0\n"
    model = ScriptedModel(replies(acts))
    results = {f"c{place}-{n}": "line of a file\n" * 120 for place in range(len(acts)) for n in range(2)}
    sent: list[tuple[int, list[str]]] = []
    live = await LiveSession.start(harness.ports, harness.config(model, results), SMALL, STARTED)
    try:
        for place, what in enumerate(acts):
            await act(live, harness, what, place)
        # A bill comes right after each request: it says where among the events that was.
        bills = [n for n, event in enumerate(harness.heard.events) if event.kind == "call_billed"]
        for at, request in zip(bills, model.requests, strict=True):
            sent.append((at, [f"{block.role} {block.id} {block.text}" for block in request.view.blocks]))
    finally:
        await live.close()
    for (was, before), (now, after) in pairwise(sent):
        assert after[0] == before[0], "the system prompt"
        assert after[1] == before[1] == "system  ## Project Archive: shed\n", "the archive"
        if not any(named(event) for event in harness.heard.events[was:now]):
            assert after[: len(before)] == before


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(ACTS), min_size=4, max_size=24))
def test_a_request_begins_as_the_one_before_it(acts: list[str]) -> None:
    asyncio.run(told(acts))
