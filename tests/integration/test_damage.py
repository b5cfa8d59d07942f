"""Databases that are damaged at random places: each opens whole, or says how much is missing; none is short unsaid."""

from __future__ import annotations

import os
import random
from contextlib import closing
from pathlib import Path

import pytest

from throughline.domain.events import (
    AssistantMessage,
    Logged,
    Notice,
    SessionStarted,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    UserMessage,
)
from throughline.domain.session import fold
from throughline.storage.event_store import SqliteEventStore

# A number of damaged databases other than CI's, and another choice of what is damaged in them.
DAMAGED = int(os.environ.get("THROUGHLINE_DAMAGED", "40"))
SEED = int(os.environ.get("THROUGHLINE_SEED", "7"))
PAGE = 4096
KINDS = ("a bit", "a byte", "eight bytes", "a page")
EVENTS = 1_251


@pytest.fixture(scope="module")
def story() -> tuple[Logged, ...]:
    """The events of a long session, short and long ones."""
    chance = random.Random(1)
    events: list[UserMessage | ToolCalled | ToolReturned | AssistantMessage | TurnEnded | SessionStarted] = [
        SessionStarted("0123456789ab", "keep the shed in order", "engineer", "toolshed", "m", 200_000)
    ]
    for turn in range(1, EVENTS // 5 + 1):
        events += [
            UserMessage(turn, f"Look at shelf {turn}. " + "Größe " * chance.randint(1, 60), 9),
            ToolCalled(turn, f"x{turn}", "run", {"command": "ls " * chance.randint(1, 30)}, 5),
            ToolReturned(turn, f"x{turn}", "line of output\n" * chance.randint(1, 400), 20),
            AssistantMessage(turn, f"Shelf {turn} is in order.", 8),
            TurnEnded(turn, "done"),
        ]
    return tuple(Logged(seq, seq + 0.25, event) for seq, event in enumerate(events, 1))


@pytest.fixture(scope="module")
def whole(story: tuple[Logged, ...], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Its database, the log taken in."""
    path = tmp_path_factory.mktemp("whole") / "throughline.db"
    with closing(SqliteEventStore(path)) as database:
        for start in range(0, len(story), 7):
            database.append("0123456789ab", story[start : start + 7])
    return path.read_bytes()


def damaged(content: bytes, kind: str, chance: random.Random) -> bytes:
    made = bytearray(content)
    place = chance.randrange(len(made) - 8)
    match kind:
        case "a bit":
            made[place] ^= 1 << chance.randrange(8)
        case "a byte":
            made[place] = (made[place] + chance.randrange(1, 256)) % 256
        case "eight bytes":
            made[place : place + 8] = chance.randbytes(8)
        case _:
            start = place // PAGE * PAGE
            made[start : start + PAGE] = bytes(PAGE) if chance.random() < 0.5 else chance.randbytes(PAGE)
    return bytes(made)


@pytest.mark.parametrize("number", range(DAMAGED), ids=lambda number: f"seed {SEED} number {number}")
def test_a_damaged_database_opens_whole_or_says_what_is_missing(
    story: tuple[Logged, ...], whole: bytes, tmp_path: Path, number: int
) -> None:
    kind = KINDS[number % len(KINDS)]
    path = tmp_path / "throughline.db"
    path.write_bytes(damaged(whole, kind, random.Random(f"{SEED} {number}")))
    with closing(SqliteEventStore(path)) as database:
        (row,) = database.sessions()
        log = tuple(database.read(row.id))
        events = [one for one in log if not isinstance(one.event, Notice)]
        there = {one.seq: one for one in events}
        lost = [one for one in story if there.get(one.seq) != one]
        assert [one for one in events if story[one.seq - 1] != one] == []
        assert (f"{len(lost)} are missing" in database.repair) is bool(lost), kind
        assert [one.seq for one in log] == list(range(1, len(log) + 1))
        fold(log)
    with closing(SqliteEventStore(path)) as again:
        assert again.repair == ""
        assert tuple(again.read(row.id)) == log
