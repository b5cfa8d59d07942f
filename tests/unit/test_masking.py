"""Masking: what may become a stub, and what may not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from throughline.context.masking import WORKED_ON, Masking, maskable
from throughline.domain.events import Cut, Event, FileDropped, Masked, ToolCalled, ToolReturned, Trimmed
from throughline.domain.session import fold
from unit.event_logs import Step, compacted, done, event_sequences, file, log, replied, session, spoke, tool, unfold

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
    ("the newest tokens stay", ANSWERED, 1_500, ["a", "b"]),
    ("a result that does not fit whole into them goes", ANSWERED, 2_997, ["a", "b"]),
    ("small ones do not count against them", ANSWERED, 3_000, ["a"]),
    ("all fresh", ANSWERED, 6_000, []),
    ("masked ones are not masked again", (*ANSWERED, Masked(("a",))), 0, ["b", "c"]),
    ("compacted turns are gone anyway", (*ANSWERED, compacted(session(*ANSWERED), 1)), 0, ["c"]),
    ("a superseded copy of a file goes", (OLD, spoke(1, "x"), NEW), 0, [OLD.key]),
    ("the newest copy stays", (OLD, spoke(1, "x")), 0, []),
    ("a copy that the user took out is a stub already", (OLD, spoke(1, "x"), FileDropped("f.py")), 0, []),
]


@pytest.mark.parametrize(("name", "story", "fresh", "ids"), CASES, ids=[row[0] for row in CASES])
def test_old_answered_output_may_go(name: str, story: tuple[Event, ...], fresh: int, ids: list[str]) -> None:
    assert list(maskable(session(*story), fresh).ids) == ids


def read(turn: int, name: str, path: str, does: str = "read") -> tuple[Event, Event]:
    return ToolCalled(turn, name, does, {"path": path}, 5), ToolReturned(turn, name, "text", 900)


def wrote(turn: int, name: str, path: str, tokens: int = 600) -> tuple[Event, Event]:
    return ToolCalled(turn, name, "write", {"path": path, "text": "x" * 4 * tokens}, tokens), ToolReturned(
        turn, name, "ok", 5
    )


def edited(turn: int, name: str, path: str, tokens: int = 30) -> tuple[Event, Event]:
    return ToolCalled(turn, name, "edit_file", {"path": path, "new": "x" * 4 * tokens}, tokens), ToolReturned(
        turn, name, "ok", 5
    )


def ran(turn: int, name: str) -> tuple[Event, Event]:
    return ToolCalled(turn, name, "run", {"command": "x" * 2_400}, 600), ToolReturned(turn, name, "ok", 5)


EDITED = (*read(1, "a", "f.py"), *edited(1, "w", "f.py"))
MANY = tuple(event for n in range(WORKED_ON) for event in edited(1, f"m{n}", f"m{n}.py"))
CALLS: list[tuple[str, tuple[Event, ...], int, list[str]]] = [
    ("of what was read the text stays longest", (*read(1, "a", "f.py"), *tool(1, "b", 900)), 2_000, ["b"]),
    ("read again, the older copy is like any output", (*read(1, "a", "f.py"), *read(1, "b", "f.py")), 2_000, ["a"]),
    ("edited since, it is what is worked on", (*read(1, "a", "f.py"), *edited(1, "w", "f.py")), 2_000, []),
    (
        "and stays longer than what was read later",
        (*EDITED, *read(1, "b", "g.py"), *read(1, "c", "h.py")),
        900,
        ["b", "c"],
    ),
    ("its edits stay with it", (*read(1, "a", "f.py"), *edited(1, "w", "f.py", 600)), 2_000, []),
    ("of all files only the last few are worked on", (*EDITED, *MANY), 2_000, ["a"]),
    (
        "what it wrote whole stays, what it had read before goes",
        (*read(1, "a", "f.py"), *wrote(1, "w", "f.py")),
        1_000,
        ["a"],
    ),
    ("what it wrote stays longer than another file", (*wrote(1, "w", "f.py"), *read(1, "b", "g.py")), 1_000, ["b"]),
    (
        "read again, the arguments show nothing more",
        (*wrote(1, "w", "f.py"), *read(1, "b", "f.py")),
        2_000,
        ["w:arguments"],
    ),
    ("long arguments of older work go", (*wrote(1, "w", "g.py"), *MANY), 2_000, ["w:arguments"]),
    ("another file was edited", (*read(1, "a", "f.py"), *edited(1, "w", "g.py")), 2_000, []),
    ("long arguments of commands go first", (*tool(1, "a", 500), *ran(1, "w")), 2_000, ["w:arguments"]),
    ("short ones stay", (*wrote(1, "w", "g.py", 30),), 0, []),
]


@pytest.mark.parametrize(("name", "work", "fresh", "ids"), CALLS, ids=[row[0] for row in CALLS])
def test_what_will_be_needed_goes_last(name: str, work: tuple[Event, ...], fresh: int, ids: list[str]) -> None:
    assert list(maskable(session(spoke(1, "go"), *work, replied(1, "done")), fresh).ids) == ids


def test_where_not_all_has_to_go_what_is_needed_least_goes_first() -> None:
    work = (*read(1, "a", "f.py"), *edited(1, "w", "f.py"), *read(1, "b", "g.py"), *tool(1, "c", 500), *ran(1, "d"))
    now = session(spoke(1, "go"), *work, replied(1, "done"))
    goes = [maskable(now, 0, enough).ids for enough in (1, 600, 1_200, 2_000)]
    assert goes == [("d:arguments",), ("c", "d:arguments"), ("b", "c", "d:arguments"), ("a", "b", "c", "d:arguments")]


def test_a_call_that_no_request_has_shown_stays_whole() -> None:
    unsent = session(spoke(1, "go"), *wrote(1, "w", "g.py"))
    assert maskable(unsent, 0).ids == ()
    assert maskable(fold(log(*tool(1, "next"), first=9), unsent), 0).ids == ("w:arguments",)


def test_a_batch_knows_what_it_takes_now() -> None:
    assert maskable(session(*ANSWERED), 0).tokens == 1_500
    assert maskable(session(OLD, spoke(1, "x"), NEW), 0).tokens == OLD.tokens


def test_a_result_that_is_shown_in_part_takes_what_its_part_does() -> None:
    """Of 600 tokens of output that stay, a result of 500 that is cut to 100 leaves room for another of 500."""
    assert maskable(session(*ANSWERED), 1_800).ids == ("a", "b")
    cut = session(*ANSWERED, Trimmed((Cut("c", 400, 100),)))
    assert maskable(cut, 1_800).ids == ("a",)
    assert maskable(cut, 0).tokens == 1_100


def test_after_masking_nothing_is_left_to_mask() -> None:
    before = session(*ANSWERED, OLD, spoke(3, "x"), NEW)
    after = fold(log(Masked(maskable(before, 0).ids), first=99), before)
    assert maskable(after, 0).ids == ()


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(event_sequences())
def test_a_look_that_remembers_finds_what_one_from_the_beginning_does(steps: tuple[Step, ...]) -> None:
    masking = Masking()
    for now, _ in unfold(steps):
        assert masking(now, 900) == maskable(now, 900)


def test_what_is_masked_by_now_is_not_looked_at_again() -> None:
    masking = Masking()
    now, looked = session(spoke(1, "go"), replied(1, "yes")), []
    for number in range(200):
        now = fold(log(*tool(1, f"x{number}", 500), first=now.seq + 1), now)
        batch = masking(now, 2_000)
        looked.append(masking.waiting)
        if batch.tokens >= 2_000:
            now = fold(log(Masked(batch.ids), first=now.seq + 1), now)
    assert max(looked[100:]) == max(looked[:100])
