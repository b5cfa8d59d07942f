"""The recorded demo session: what it promises to hold, and that recording it again gives the same bytes."""

import json
import re
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[2] / "demo"
SESSION = DEMO / "session.jsonl"

Event = dict[str, Any]


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return [json.loads(line) for line in SESSION.read_text(encoding="utf-8").splitlines()]


def replies(events: list[Event]) -> str:
    return "\n".join(e["text"] for e in events if e["role"] == "assistant")


def seconds(event: Event) -> float:
    return datetime.fromisoformat(event["ts"]).timestamp()


def size(event: Event) -> int:
    return len(event["text"]) + (len(json.dumps(event["args"])) if "args" in event else 0)


def test_fifty_prompts_number_the_turns(events: list[Event]) -> None:
    assert [e["uturn"] for e in events if e["kind"] == "prompt"] == list(range(1, 51))
    assert [e["i"] for e in events] == list(range(len(events)))
    assert all(before["uturn"] <= after["uturn"] for before, after in pairwise(events))


def test_every_call_has_one_result_in_its_own_turn(events: list[Event]) -> None:
    calls = {e["call_id"]: e for e in events if e["kind"] == "tool_call"}
    results = {e["call_id"]: e for e in events if e["kind"] == "tool_result"}
    assert len(calls) + len(results) == sum(e["kind"] in {"tool_call", "tool_result"} for e in events)
    assert list(calls) == list(results)
    for call_id, call in calls.items():
        assert call["i"] < results[call_id]["i"]
        assert call["uturn"] == results[call_id]["uturn"]


def test_the_clock_runs_for_hours_with_breaks_that_cool_the_cache(events: list[Event]) -> None:
    times = [seconds(e) for e in events]
    gaps = [after - before for before, after in pairwise(times)]
    assert events[0]["ts"] == "2026-11-02T09:00:00Z"
    assert min(gaps) >= 0
    assert 3 * 3600 < times[-1] - times[0] < 4 * 3600
    assert 5 <= sum(gap > 300 for gap in gaps) <= 6
    assert max(gaps) == 50 * 60


@pytest.mark.parametrize(
    ("tag", "count", "form"),
    [
        ("[DECISION]", 18, r" .+ because .+"),
        ("[MILESTONE COMPLETE]", 4, r" .+"),
        ("[DO NOT REVISIT]", 3, r" .+ — .+"),
    ],
)
def test_tags_open_their_lines(events: list[Event], tag: str, count: int, form: str) -> None:
    lines = re.findall(rf"^{re.escape(tag)}:(.*)$", replies(events), re.MULTILINE)
    assert len(lines) == count == replies(events).count(tag)
    assert all(re.fullmatch(form, line) for line in lines)


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("A hold stores its `position`", "The position in the queue is computed"),
        ("A copy stays aside for 48 hours", "A copy stays aside for 7 days, replacing"),
        ("Holds lapse lazily", "Reads of stock and queues settle the tool as well, replacing"),
    ],
)
def test_a_decision_is_revised_later(events: list[Event], first: str, later: str) -> None:
    text = replies(events)
    assert -1 < text.find(f"[DECISION]: {first}") < text.find(f"[DECISION]: {later}")


def test_failing_runs_are_followed_by_passing_ones(events: list[Event]) -> None:
    runs = [e for e in events if e["kind"] == "tool_result" and "[exit status " in e["text"]]
    failed = [e for e in runs if e["error"]]
    assert len(failed) >= 6
    assert all(e["error"] == (not e["text"].endswith("[exit status 0]")) for e in runs)
    assert not runs[-1]["error"]
    for failure in failed:
        assert any(not e["error"] and 0 <= e["uturn"] - failure["uturn"] <= 1 for e in runs if e["i"] > failure["i"])


def test_tool_output_is_most_of_it(events: list[Event]) -> None:
    output = sum(size(e) for e in events if e["kind"] == "tool_result")
    assert 0.50 < output / sum(map(size, events)) < 0.74
    assert max(map(size, events)) > 10_000


@pytest.mark.slow
def test_recording_again_gives_the_same_bytes(tmp_path: Path) -> None:
    again = tmp_path / "session.jsonl"
    command = [sys.executable, str(DEMO / "record.py"), "--output", str(again)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.stderr == ""
    assert again.read_bytes() == SESSION.read_bytes()
