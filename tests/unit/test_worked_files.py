"""After a compaction the files that are worked on come back at their newest state, and later leave again."""

from __future__ import annotations

from typing import Any

import pytest

from throughline.domain.events import Event, FileDropped, FileInjected, FileSeen, Masked, ToolCalled, ToolReturned
from throughline.domain.file_knowledge import digest
from throughline.domain.session import Session, fold
from throughline.domain.settings import Settings
from throughline.session.live_session import LiveSession
from throughline.session.worked_files import FILES, worked_files
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED, compacted, count, done, log, replied, session, spoke
from unit.session_harness import MemoryFiles, SessionHarness
from unit.test_live_session import LONG, play

BODY = "def f():\n" + "    x = 1\n" * 800


def saw(turn: int, path: str, by: Any = "read", form: Any = "full", name: str = "") -> FileSeen:
    return FileSeen(turn, path, digest(path), form, by, name)


def after(*seen: Event, through: int = 1) -> Session:
    """A session whose turns up to `through` were compacted, in which the agent saw these."""
    before = session(spoke(1, "go"), *seen, replied(1, "ok"), done(1), spoke(2, "on"), replied(2, "ok"), done(2))
    return fold(log(compacted(before, through), first=before.seq + 1), before)


EACH = tuple(saw(1, f"{letter}.py") for letter in "abcdefg")
CASES: list[tuple[str, tuple[Event, ...], list[str]]] = [
    ("nothing was seen", (), []),
    ("what was read", (saw(1, "a.py"),), ["a.py"]),
    ("what was edited comes first, then the newest", (saw(1, "a.py", "edit"), *EACH[1:3]), ["a.py", "c.py", "b.py"]),
    ("a few", EACH, ["g.py", "f.py", "e.py", "d.py", "c.py"]),
    ("what stands in the view still does not", (saw(2, "a.py"), saw(1, "b.py")), ["b.py"]),
    ("nor does what is gone", (saw(1, "gone.py"), saw(1, "a.py")), ["a.py"]),
    ("nor what the agent deleted", (saw(1, "a.py"), FileSeen(1, "a.py", "", "part")), []),
    ("nor what the user has put there", (FileInjected("a.py", "d", "full", "x", 1), saw(1, "a.py")), []),
]


@pytest.mark.parametrize(("name", "seen", "paths"), CASES, ids=[row[0] for row in CASES])
def test_what_was_worked_on_last_comes_back(name: str, seen: tuple[Event, ...], paths: list[str]) -> None:
    files = MemoryFiles({f"{letter}.py": f"text of {letter}\n" for letter in "abcdefg"})
    made = worked_files(after(*seen), 6_000, files, count)
    assert [event.path for event in made] == paths
    assert len(paths) <= FILES
    assert all(isinstance(one, FileInjected) and one.restored and "text of" in one.text for one in made)


@pytest.mark.parametrize(
    ("form", "text", "room", "shown"),
    [("full", "x = 1\n", 6_000, "full"), ("skeleton", BODY, 6_000, "skeleton"), ("full", BODY, 6_000, "full"),
     ("full", BODY, 3_000, "skeleton"), ("full", "words " * 9_000, 20, ""), ("full", "x = 1\n", 0, "")],
    ids=["whole", "as it was seen", "whole where there is room", "as a skeleton where not", "not at all", "no room"],
)  # fmt: skip
def test_a_file_comes_back_in_the_room_there_is(form: str, text: str, room: int, shown: str) -> None:
    made = worked_files(after(saw(1, "a.py", form=form)), room, MemoryFiles({"a.py": text}), count)
    assert [one.form for one in made if isinstance(one, FileInjected)] == ([shown] if shown else [])
    assert sum(one.tokens for one in made if isinstance(one, FileInjected)) <= room


def test_what_came_back_and_was_not_touched_since_leaves_with_the_next_compaction() -> None:
    files = MemoryFiles({"a.py": "a = 1\n", "b.py": "b = 1\n"})
    first = after(saw(1, "a.py"), saw(1, "b.py"))
    now = fold(log(*worked_files(first, 6_000, files, count), saw(3, "b.py", "edit"), first=first.seq + 1), first)
    assert worked_files(now, 6_000, files, count) == (FileDropped("a.py"),)


def test_what_the_user_puts_there_is_the_users_from_then_on() -> None:
    files = MemoryFiles({"a.py": "a = 1\n"})
    first = after(saw(1, "a.py"))
    mine = FileInjected("a.py", digest("a = 1\n"), "full", "File a.py:\n\na = 1\n", 9)
    now = fold(log(*worked_files(first, 6_000, files, count), mine, first=first.seq + 1), first)
    assert worked_files(now, 6_000, files, count) == ()


async def test_undoing_the_compaction_takes_out_what_it_put_back() -> None:
    harness = SessionHarness()
    harness.files["a.py"] = "x = 1\n"
    model = ScriptedModel([ScriptedReply(LONG * 3)] * 3)
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(window=3, kept=1), STARTED)
    try:
        await play(live, "one")
        await live.record(saw(1, "a.py"))
        await play(live, "two", "three")
        assert live.session.files["a.py"].restored
        await live.undo()
        assert live.session.files == {}
        assert [block for block in live.view().blocks if block.place == "file" and "x = 1" in block.text] == []
    finally:
        await live.close()


async def test_the_view_after_a_compaction_has_the_file_as_it_is_now() -> None:
    harness = SessionHarness()
    harness.files["a.py"] = "x = 'as it is now'\n"
    model = ScriptedModel([ScriptedReply(LONG * 3)] * 6)
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(window=3, kept=1), STARTED)
    try:
        await play(live, "one")
        await live.record(saw(1, "a.py"))
        await play(live, "two", "three")
        assert live.session.through == 2
        shown = [block.text for block in live.view().blocks if block.place == "file"]
        assert len(shown) == 1
        assert "as it is now" in shown[0]
        # What changes before the next message comes again, and is still what came back by itself.
        harness.files["a.py"] = "x = 'changed'\n"
        await play(live, "four")
        assert live.session.files["a.py"].restored
        assert "changed" in live.session.files["a.py"].text
        await play(live, "five", "six")
        assert "a.py" not in live.session.files
    finally:
        await live.close()
    assert fold(harness.store.read("s")) == live.session


async def test_after_a_masking_what_is_fresh_is_there() -> None:
    harness = SessionHarness()
    live = await LiveSession.start(
        harness.ports, harness.config(ScriptedModel([ScriptedReply("ok")])), Settings(), STARTED
    )
    results: list[Event] = []
    for n in range(20):
        results += [ToolCalled(1, f"x{n}", "read_file", {"path": f"{n}.py"}, 5), ToolReturned(1, f"x{n}", "t", 1_000)]
    try:
        await live.record(spoke(1, "go"), *results, replied(1, "done"), done(1))
        await live.prepare()
        await live.prepare()
    finally:
        await live.close()
    assert [event.ids for event in harness.heard.events if isinstance(event, Masked)] == [
        tuple(f"x{n}" for n in range(17))
    ]
