"""Masking: what may become a stub, and what may not."""

from __future__ import annotations

import pytest

from throughline.compression.masking import maskable
from throughline.core.events import Event, FileDropped, Masked
from throughline.core.session import fold
from unit.logs import compacted, done, file, log, replied, session, spoke, tool

WORK: tuple[Event, ...] = (
    spoke(1, "go"),
    *tool(1, "a", 500),
    *tool(1, "b", 500),
    *tool(1, "tiny", 79),
    replied(1, "done"),
    done(1),
    spoke(2, "on"),
    *tool(2, "c", 500),
)
ANSWERED = (*WORK, replied(2, "read"))
OLD, NEW = file("f.py", "old " * 100), file("f.py", "new " * 100)

CASES: list[tuple[str, tuple[Event, ...], int, list[str]]] = [
    ("nothing in an empty session", (), 0, []),
    ("a result that no reply has followed stays", WORK, 0, ["a", "b"]),
    ("once answered it may go, oldest first", ANSWERED, 0, ["a", "b", "c"]),
    ("the newest tokens stay", ANSWERED, 500, ["a", "b"]),
    ("a result that does not fit whole into them goes", ANSWERED, 999, ["a", "b"]),
    ("small ones count against them", ANSWERED, 1_000, ["a", "b"]),
    ("all fresh", ANSWERED, 2_000, []),
    ("masked ones are not masked again", (*ANSWERED, Masked(("a",))), 0, ["b", "c"]),
    ("compacted turns are gone anyway", (*ANSWERED, compacted(session(*ANSWERED), 1)), 0, ["c"]),
    ("a superseded copy of a file goes", (OLD, spoke(1, "x"), NEW), 0, [OLD.key]),
    ("the newest copy stays", (OLD, spoke(1, "x")), 0, []),
    ("a copy that the user took out is a stub already", (OLD, spoke(1, "x"), FileDropped("f.py")), 0, []),
]


@pytest.mark.parametrize(("name", "story", "fresh", "ids"), CASES, ids=[row[0] for row in CASES])
def test_old_answered_output_may_go(name: str, story: tuple[Event, ...], fresh: int, ids: list[str]) -> None:
    assert list(maskable(session(*story), fresh).ids) == ids


def test_a_batch_knows_what_it_takes_now() -> None:
    assert maskable(session(*ANSWERED), 0).tokens == 1_500
    assert maskable(session(OLD, spoke(1, "x"), NEW), 0).tokens == OLD.tokens


def test_after_masking_nothing_is_left_to_mask() -> None:
    before = session(*ANSWERED, OLD, spoke(3, "x"), NEW)
    after = fold(log(Masked(maskable(before, 0).ids), first=99), before)
    assert maskable(after, 0).ids == ()
