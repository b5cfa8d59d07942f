"""A recording falls into scenes, plays in memory, and its trace says exactly what was sent."""

from __future__ import annotations

import asyncio
import hashlib
import json
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.agent.loop import AgentConfig
from throughline.domain.events import ToolCalled
from throughline.domain.ports import EndPiece, Request
from throughline.domain.recording import NOT_SENT, Kind, RecordedEvent, Role, recorded_turns
from throughline.domain.session import Session, fold
from throughline.domain.settings import Settings
from throughline.domain.view import Block, View
from throughline.llm.catalogue import load_prices
from throughline.llm.prompt_cache_model import PromptCacheModel
from throughline.llm.replay_model import DemoTools, ReplayCursor, ReplayModel, ReplayTools, ScriptedDemoModel
from throughline.llm.trace import FIXED, TracedModel
from throughline.session.actor import SessionPorts
from throughline.session.live_session import LiveSession
from throughline.session.replay import play_recording
from unit.event_logs import STARTED, count
from unit.session_harness import WORKER, ApproximateTokens, ManualClock, MemoryLog, SessionHarness

ROLES: dict[str, tuple[Role, Kind]] = {
    "p": ("user", "prompt"),
    "t": ("assistant", "text"),
    "k": ("assistant", "thinking"),
    "c": ("assistant", "tool_call"),
    "r": ("tool", "tool_result"),
    "i": ("user", "interrupt"),
    "m": ("user", "meta"),
    "s": ("system", "compact_summary"),
}


def steps(score: str, size: int = 1, gap: float = 1.0) -> tuple[RecordedEvent, ...]:
    """A recording from one letter a step; results answer calls in their order."""
    made: list[RecordedEvent] = []
    calls = results = 0
    for i, letter in enumerate(score.replace(" ", "")):
        role, kind = ROLES[letter]
        text, name = f"{kind} {i} " + "word " * (size - 1), ""
        if kind == "tool_call":
            calls, name, text = calls + 1, f"c{calls}", ""
        if kind == "tool_result":
            results, name = results + 1, f"c{results}" if results < calls else f"c{calls - 1}"
        args = {"z": i, "path": f"{i}.py"} if kind == "tool_call" else None
        made.append(RecordedEvent(i, role, kind, text, "read" if args else "", args, name, False, 1_000.0 + i * gap))
    return tuple(made)


def spelled(found: tuple[RecordedEvent, ...]) -> str:
    letters = {kind: letter for letter, (_, kind) in ROLES.items()}
    return "".join(letters[step.kind] for step in found)


SCORES = [
    ("pt", ["p t ."]),
    ("pt pt", ["p t .", "p t ."]),
    ("pcrt pt", ["p c,r:t .", "p t ."]),
    ("pp t", ["pp t ."]),
    ("p p", ["pp ."]),
    ("t pt", [" t .", "p t ."]),
    ("pcc rr t p", ["p cc,rr:t .", "p ."]),
    ("pct", ["p ct ."]),
    ("pc rp t", ["p c .r", "p t ."]),
    ("pc i pt", ["p c .i", "p t ."]),
    ("pt r", ["p t .r"]),
    ("pm t s t", ["p tt ."]),
    ("", []),
]


@pytest.mark.parametrize(("score", "expected"), SCORES)
def test_a_scene_is_the_users_words_and_the_calls_that_follow(score: str, expected: list[str]) -> None:
    told = []
    for scene in recorded_turns(steps(score)):
        calls = [f"{spelled(one.before)}:{spelled(one.reply)}".lstrip(":") for one in scene.exchanges]
        said = " ".join(part for part in (",".join(calls),) if part)
        told.append(
            " ".join(
                part for part in (spelled(scene.words), said, f".{spelled(scene.after)}") if part or not scene.words
            )
        )
    assert told == expected


async def played(
    recording: tuple[RecordedEvent, ...], settings: Settings | None = None
) -> tuple[Session, list[dict[str, Any]], SessionHarness]:
    harness, rows = SessionHarness(), []
    cursor = ReplayCursor(recorded_turns(recording))
    model = TracedModel(
        ReplayModel(cursor, PromptCacheModel(cursor, 1.6), ApproximateTokens()),
        cursor,
        lambda: cursor.point,
        lambda row: rows.append(json.loads(row)),
    )
    heard = harness.heard
    ports = SessionPorts(
        harness.store, harness.archive, harness.files, ApproximateTokens(), cursor, heard, "You replay.", WORKER
    )
    config = AgentConfig(
        model, "claude-sonnet-5-5", load_prices(), ReplayTools(cursor, ApproximateTokens()), cursor, recorded=True
    )
    live = await LiveSession.start(ports, config, settings or Settings(), evolve(STARTED, origin="recording"))
    done: list[int] = []
    await play_recording(live, cursor.scenes, cursor, done.append)
    await live.close()
    assert done == list(range(1, len(cursor.scenes) + 1))
    assert fold(harness.store.read("s")) == live.session
    return live.session, rows, harness


def points(recording: tuple[RecordedEvent, ...]) -> list[int]:
    """The first step of each run of the model's steps."""
    found, speaking = [], False
    for step in recording:
        if step.kind in NOT_SENT:
            continue
        if step.role == "assistant" and not speaking:
            found.append(step.i)
        speaking = step.role == "assistant"
    return found


def name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check(recording: tuple[RecordedEvent, ...], rows: list[dict[str, Any]]) -> None:
    """What a trace must say of a recording."""
    assert [row["at"] for row in rows] == points(recording)
    assert {row["purpose"] for row in rows} <= {"chat"}
    assert {row["model"] for row in rows} <= {"claude-sonnet-5-5"}
    shown = 0
    for row in rows:
        assert row["blocks"][0] == list(FIXED) == ["fixed", 24_000]
        sent = {block[0]: block[1] for block in row["blocks"]}
        for step in recording[shown : row["at"]]:
            text = step.text or (json.dumps(step.args) if step.args else "")
            if step.kind not in (*NOT_SENT, "thinking") and text:
                assert sent.get(name(text)) == len(text), (row["at"], step)
        shown = row["at"]


LONG = "p" + "cr" * 6 + "t" + "pcrcrt" * 14 + "p"


@pytest.mark.slow
async def test_a_replay_compacts_and_masks_and_its_trace_is_valid() -> None:
    recording = steps(LONG, size=3_000, gap=20.0)
    session, rows, harness = await played(recording, Settings(batch=6_000, fresh=3_000))
    check(recording, rows)
    kinds = {event.kind for event in harness.heard.events}
    assert {"masked", "compacted", "call_billed"} <= kinds
    assert len(session.turns) == len(recorded_turns(recording)) == 16
    assert session.bill.lines["chat"].calls == len(rows)
    assert rows[0]["ts"] == "1970-01-01T00:17:00Z"
    assert [row["ts"] for row in rows] == sorted(row["ts"] for row in rows)


async def test_full_history_sends_everything_always() -> None:
    recording = steps(LONG, size=1_000)
    session, rows, _ = await played(recording, Settings(strategy="full"))
    check(recording, rows)
    for before, after in pairwise(rows):
        assert after["blocks"][: len(before["blocks"])] == before["blocks"]
    assert not session.masked
    assert not session.compactions


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(("p", "t", "cr", "ccrr", "k", "i", "m", "s", "cri")), max_size=14).map("".join))
def test_whatever_was_recorded_its_trace_is_valid(score: str) -> None:
    recording = steps(score, size=200, gap=100.0)
    session, rows, _ = asyncio.run(played(recording, Settings(window=3, batch=500, fresh=100)))
    check(recording, rows)
    said = [item.text for turn in session.turns for item in turn.items if item.kind in ("spoke", "replied")]
    # An interrupt among the user's words closes the turn before.
    assert sorted(said) == sorted(step.text for step in recording if step.kind in ("prompt", "text", "interrupt"))


def test_ids_are_unique_and_tie_each_result_to_the_newest_call() -> None:
    pairs = (RecordedEvent(i, *ROLES[letter], text="x", call_id="same") for i, letter in enumerate("crcr"))
    twice = (*pairs, RecordedEvent(4, "assistant", "tool_call", ""), RecordedEvent(5, "tool", "tool_result", "x"))
    cursor = ReplayCursor(recorded_turns(twice))
    assert [cursor.id(step) for step in twice] == ["same", "same", "same~2", "same~2", "call~4", "result~5"]


def test_a_tapes_clock_never_runs_back() -> None:
    recording = tuple(
        RecordedEvent(i, *ROLES[letter], text="x", at=at)
        for i, (letter, at) in enumerate(zip("ptpt", (50.0, 60.0, 10.0, 70.0), strict=True))
    )
    cursor = ReplayCursor(recorded_turns(recording))
    seen = []
    for scene in cursor.scenes:
        cursor.begin(scene)
        seen.append(cursor.now())
        cursor.turn_over()
    assert seen == [60.0, 70.0]
    assert not ReplayCursor(recorded_turns(steps("pt", gap=0.0))[:0]).timed


async def spoken(model: ScriptedDemoModel, *said: str) -> str:
    view = View(tuple(Block("turn", "assistant" if text.startswith("<") else "user", text, 1) for text in said))
    pieces = [piece async for piece in model.stream(Request("chat", "m", view))]
    assert isinstance(pieces[-1], EndPiece)
    return "".join(getattr(piece, "text", "") for piece in pieces)


async def test_the_demo_answers_its_lines_in_any_order_and_says_what_it_is_off_script() -> None:
    recording = steps("pt pcrt pt")
    played = recorded_turns(recording)
    model = ScriptedDemoModel(played, PromptCacheModel(ManualClock(), 1.0), ApproximateTokens(), 0.0)
    lines = [scene.words[0].text for scene in played]
    assert await spoken(model, lines[2]) == recording[-1].text
    assert await spoken(model, lines[2], "<reply", lines[0]) == recording[1].text
    assert "recording" in await spoken(model, "something else")
    assert [model.suggestion(told) for told in ([], [lines[0]], ["off script", lines[1]], [lines[2]])] == [
        *(line.strip() for line in lines), ""
    ]  # fmt: skip


async def test_the_demos_tools_answer_its_calls() -> None:
    tools = DemoTools(recorded_turns(steps("pcrt")), ApproximateTokens())
    known = await tools.run(
        1, [ToolCalled(1, "c0", "read", {}, 1), ToolCalled(1, "unknown", "read", {}, 1)], MemoryLog()
    )
    assert [(item.text, item.tokens) for item in known.items] == [("tool_result 2 ", count("tool_result 2 "))]
    assert not known.hand_back
    assert (await tools.run(1, [], MemoryLog())).hand_back
