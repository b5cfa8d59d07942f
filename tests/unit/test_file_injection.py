"""Files in a live session's view: as they were asked for, at their newest state, and never stale unsaid."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from throughline.agent.file_rendering import FileRequest, file_skeleton
from throughline.domain.events import FileInjected, FileRenamed, FileSeen, Masked, ToolCalled, ToolReturned
from throughline.domain.file_header import shown_text
from throughline.domain.file_knowledge import digest
from throughline.domain.ports import CallPiece, Log, Outcome
from throughline.domain.settings import Settings
from throughline.session.actor import RefusedError
from throughline.session.files import fitting_files
from throughline.session.live_session import LiveSession
from throughline.storage.in_memory import MemorySkeletons
from throughline.testing.scripted import ScriptedModel, ScriptedTools
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED, count, file, session
from unit.session_harness import ApproximateTokens, SessionHarness
from unit.test_live_session import play

CODE = "def area(width, height):\n" + "    width = width + 0\n" * 60 + "    return width * height\n"
LINES = "".join(f"line {n}\n" for n in range(1, 41))


@asynccontextmanager
async def opened(
    harness: SessionHarness, *replies: ScriptedReply, settings: Settings | None = None, **results: str
) -> AsyncIterator[LiveSession]:
    model = ScriptedModel(replies)
    live = await LiveSession.start(harness.ports, harness.config(model, results), settings or Settings(), STARTED)
    try:
        yield live
    finally:
        await live.close()


def shown(harness: SessionHarness) -> list[str]:
    """The first line of each file that entered the view, and of its text."""
    return [shown_text(event).splitlines()[0] for event in harness.heard.events if isinstance(event, FileInjected)]


async def test_a_file_enters_as_a_skeleton_whole_or_in_part() -> None:
    harness = SessionHarness()
    harness.files |= {"a.py": CODE, "small.py": "x = 1\n", "notes.txt": LINES}
    async with opened(harness) as live:
        assert (await live.inject("a.py", "skeleton")).form == "skeleton"
        assert (await live.inject("small.py", "skeleton")).form == "full"
        part = await live.inject("notes.txt", "full", 3, 5)
        assert shown_text(part) == "File notes.txt, lines 3 to 5 of 40:\n\nline 3\nline 4\nline 5\n"
        assert shown_text(await live.inject("notes.txt", "full", 39, 99)).endswith("\n\nline 39\nline 40\n")
        assert shown_text(await live.inject("notes.txt", "full", 90, 99)).endswith("\n\nline 40\n")
        assert [(file.path, file.first, file.last) for file in await live.files()] == [
            ("a.py", 0, 0), ("small.py", 0, 0), ("notes.txt", 40, 40),
        ]  # fmt: skip
        assert {one.sight.path: one.sight.form for one in await live.registry()} == {
            "a.py": "skeleton", "small.py": "full", "notes.txt": "part",
        }  # fmt: skip


async def test_folders_and_several_files_enter_at_once_as_many_as_fit() -> None:
    harness = SessionHarness()
    harness.files |= {"src/a.py": CODE, "src/deep/b.py": CODE, "c.py": "x\n", "huge.txt": "word " * 200_000}
    async with opened(harness) as live:
        entered, refused = await live.inject_all(
            ["src", "huge.txt", "c.py", "src/a.py", "missing"], FileRequest("full")
        )
        assert [file.path for file in entered] == ["src/a.py", "src/deep/b.py", "c.py"]
        assert [(one.path, one.reason.split()[-3:]) for one in refused] == [
            ("huge.txt", ["or", "compact", "first."]), ("missing", ["in", "this", "workspace."]),
        ]  # fmt: skip
        before = len(harness.heard.events)
        await live.inject_all(["src"], FileRequest("full"))
        assert len(harness.heard.events) == before


async def test_a_range_follows_its_code() -> None:
    harness = SessionHarness()
    harness.files["notes.txt"] = LINES
    async with opened(harness, ScriptedReply("ok"), ScriptedReply("ok")) as live:
        await live.inject("notes.txt", "full", 10, 12)
        harness.files["notes.txt"] = "new\n" * 5 + LINES.replace("line 11\n", "line eleven\n")
        await play(live, "go on")
        file = live.session.files["notes.txt"]
        assert (file.first, file.last) == (15, 17)
        assert shown_text(file).endswith("\n\nline 10\nline eleven\nline 12\n")
        # What moved elsewhere in the file moves no line of the range: nothing enters again.
        harness.files["notes.txt"] += "more\n"
        await play(live, "go on")
        assert live.session.files["notes.txt"] is file
        assert [one.freshness for one in await live.files()] == ["fresh"]
        assert [one.freshness for one in await live.registry()] == ["fresh"]


async def test_no_call_carries_a_stale_file_unsaid() -> None:
    """A file changes between two calls of one turn: the second call has it as it is."""
    harness = SessionHarness()
    harness.files["a.py"] = CODE
    replies = ScriptedReply("I look.", (CallPiece("x", "run", {}),)), ScriptedReply("Done.")
    model = ScriptedModel(replies)

    class Touching(ScriptedTools):
        async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:
            harness.files["a.py"] = CODE.replace("width, height", "width, height, depth")
            return await super().run(turn, calls, log)

    live = await LiveSession.start(
        harness.ports, harness.config(model, tools=Touching({"x": "ok"}, ApproximateTokens())), Settings(), STARTED
    )
    await live.inject("a.py", "skeleton")
    await play(live, "Look at it.")
    await live.close()
    views = [request.view.blocks for request in model.requests]
    told = [["depth" in block.text for block in view if block.place == "file"] for view in views]
    assert told == [[False], [False, True]]
    # The result of a call stands right behind it; the file comes after.
    assert [block.content for block in views[1]][-3:] == ["call", "result", "text"]


async def test_what_a_skeleton_leaves_out_makes_no_second_copy() -> None:
    harness = SessionHarness()
    harness.files["a.py"] = CODE
    async with opened(harness, ScriptedReply("ok")) as live:
        await live.inject("a.py", "skeleton")
        harness.files["a.py"] = CODE.replace("return width * height", "return height * width")
        assert [file.freshness for file in await live.files()] == ["stale"]
        await play(live, "go on")
        assert [file.freshness for file in await live.files()] == ["fresh"]
        assert [one.freshness for one in await live.registry()] == ["fresh"]
    assert len(shown(harness)) == 1


async def test_a_file_that_is_gone_is_said_to_be_once_and_comes_back_by_itself() -> None:
    harness = SessionHarness()
    harness.files["a.py"] = CODE
    async with opened(harness, *(ScriptedReply("ok") for _ in range(4))) as live:
        await live.inject("a.py", "skeleton")
        await play(live, "one")
        del harness.files["a.py"]
        await play(live, "two", "three")
        assert [file.freshness for file in await live.files()] == ["gone"]
        harness.files["a.py"] = CODE
        await play(live, "four")
        assert [file.freshness for file in await live.files()] == ["fresh"]
    assert [line[:20] for line in shown(harness)] == [
        "# a.py: skeleton of ",
        "File a.py: it is gon",
        "# a.py: skeleton of ",
    ]


async def test_a_file_that_has_grown_too_big_is_said_to_have_changed() -> None:
    harness = SessionHarness()
    harness.files["a.txt"] = LINES
    async with opened(harness, *(ScriptedReply("ok") for _ in range(3))) as live:
        await live.inject("a.txt", "full")
        harness.files["a.txt"] = "word " * 200_000
        await play(live, "one", "two")
        assert [file.freshness for file in await live.files()] == ["stale"]
        assert await live.registry() == ()
        harness.files["a.txt"] = LINES + "more\n"
        await play(live, "three")
        assert [file.freshness for file in await live.files()] == ["fresh"]
    assert [line[:30] for line in shown(harness)] == ["File a.txt:", "File a.txt: it has changed and", "File a.txt:"]


# The tokens of each file that has moved on, the room, and which of them enter as they are now.
ROOMS = [
    ([900, 900], 2_000, ["a", "b"]),
    ([900, 900], 1_000, ["a"]),
    ([900, 900], 1_799, ["a"]),
    ([900, 900], 1_800, ["a", "b"]),
    ([900, 300, 300], 1_500, ["a", "b", "c"]),
    ([900, 300, 300], 1_250, ["a", "b"]),
    ([2_000, 300], 1_000, ["b"]),
    ([900], 0, []),
    ([900], -5_000, []),
]


@pytest.mark.parametrize(("sizes", "room", "entered"), ROOMS)
def test_files_brought_up_to_date_take_together_no_more_than_the_room(
    sizes: list[int], room: int, entered: list[str]
) -> None:
    """Each that enters leaves less for those after it; of one that does not fit only a line is said."""
    now = session(*(file(name, f"old {name}") for name in "abc"[: len(sizes)]))
    fresh = [evolve(file(name, f"new {name}"), tokens=size) for name, size in zip("abc", sizes, strict=False)]
    made = fitting_files(now, fresh, room, count)
    assert [one.path for one in made if isinstance(one, FileInjected) and not one.absent] == entered
    assert [one.path for one in made] == [one.path for one in fresh]
    told = [one for one in made if isinstance(one, FileInjected) and one.absent]
    assert all("has changed" in one.text and one.digest for one in told)
    assert sum(one.tokens for one in made if one not in told and isinstance(one, FileInjected)) <= max(room, 0)


async def test_two_files_that_each_fit_and_not_both_leave_the_next_call_room() -> None:
    harness = SessionHarness()
    paths = ("a.txt", "b.txt")
    harness.files |= dict.fromkeys(paths, LINES)
    async with opened(harness, ScriptedReply("ok"), ScriptedReply("ok")) as live:
        for path in paths:
            await live.inject(path, "full")
        await play(live, "one")
        # Each takes a good third of the limit, of which a session may fill 55% before it compacts.
        harness.files |= {path: f"{path} word " * 23_000 for path in paths}
        await play(live, "two")
        assert live.meter.share(live.view()) < Settings().share
        assert [live.session.files[path].absent for path in paths] == [False, True]


async def test_a_renamed_file_enters_under_its_new_path() -> None:
    harness = SessionHarness()
    harness.files |= {"src/a.py": CODE, "src/b.txt": LINES}
    async with opened(harness, ScriptedReply("ok")) as live:
        await live.inject("src/b.txt", "full")
        await live.record(FileSeen(1, "src/a.py", digest(CODE), "full"))
        harness.files |= {f"lib/{path[4:]}": harness.files.pop(path) for path in list(harness.files)}
        await live.renamed("src", "lib")
        await live.renamed("elsewhere", "lib")
        await play(live, "go on")
        assert [(file.path, file.freshness) for file in await live.files()] == [("lib/b.txt", "fresh")]
        assert [(one.sight.path, one.freshness) for one in await live.registry()] == [
            ("lib/a.py", "fresh"), ("lib/b.txt", "fresh"),
        ]  # fmt: skip
    assert shown(harness) == ["File src/b.txt:", "File lib/b.txt, which was src/b.txt before:"]
    assert sum(isinstance(event, FileRenamed) for event in harness.heard.events) == 2


async def test_the_models_own_edit_of_a_whole_file_is_no_news_until_it_is_compacted() -> None:
    harness = SessionHarness()
    harness.files["a.txt"] = LINES
    async with opened(
        harness, ScriptedReply("I looked at it. " * 900), *(ScriptedReply("ok") for _ in range(3))
    ) as live:
        await live.inject("a.txt", "full")
        await play(live, "one")
        edited = LINES.replace("line 7\n", "line seven\n")
        harness.files["a.txt"] = edited
        await live.record(
            ToolCalled(1, "e", "edit_file", {"path": "a.txt"}, 5), ToolReturned(1, "e", "done", 1),
            FileSeen(1, "a.txt", digest(edited), "part", "edit", "e"),
        )  # fmt: skip
        await play(live, "two")
        assert len(shown(harness)) == 1
        assert [file.freshness for file in await live.files()] == ["fresh"]
        await play(live, "three")
        await live.compact()
        await play(live, "four")
        assert len(shown(harness)) == 2
        assert "line seven" in live.session.files["a.txt"].text


async def test_a_read_that_is_seen_again_is_the_first_to_go() -> None:
    harness = SessionHarness()
    harness.files["a.txt"] = "word " * 3_000
    settings = Settings(batch=1_000)
    async with opened(harness, *(ScriptedReply("ok") for _ in range(4)), settings=settings) as live:
        await play(live, "one")
        text = harness.files["a.txt"]
        for name in ("r1", "r2"):
            await live.record(
                ToolCalled(1, name, "read_file", {"path": "a.txt"}, 5), ToolReturned(1, name, text, count(text)),
                FileSeen(1, "a.txt", digest(text), "full", id=name),
            )  # fmt: skip
        await play(live, "two", "three")
    masked = [name for event in harness.heard.events if isinstance(event, Masked) for name in event.ids]
    assert masked[:1] == ["r1"]


async def test_a_content_that_comes_back_is_shown_again() -> None:
    """Masked once, a copy stays a stub; the same content later is a copy of its own."""
    harness = SessionHarness()
    harness.files["a.txt"] = LINES
    async with opened(harness, *(ScriptedReply("ok") for _ in range(3))) as live:
        first = await live.inject("a.txt", "full")
        await play(live, "one")
        harness.files["a.txt"] = "other\n"
        await play(live, "two")
        await live.record(Masked((first.key,)))
        harness.files["a.txt"] = LINES
        await play(live, "three")
        assert live.session.files["a.txt"].key != first.key
        texts = [block.text for block in live.view().blocks if block.place == "file"]
    assert [text.splitlines()[0] for text in texts] == [
        "[full of a.txt: superseded or removed]", "File a.txt:", "File a.txt:",
    ]  # fmt: skip


async def test_what_is_no_text_or_outside_is_refused() -> None:
    async with opened(SessionHarness()) as live:
        with pytest.raises(RefusedError, match="is not a text file in this workspace"):
            await live.inject("../secret", "full")


def test_a_skeleton_is_made_once_for_each_content_and_path() -> None:
    kept = MemorySkeletons()
    made = file_skeleton("a.py", CODE, count, kept)
    assert file_skeleton("a.py", CODE, lambda _: pytest.fail("it was there"), kept) == made
    assert file_skeleton("b.py", CODE, count, kept).text != made.text
    assert file_skeleton("a.py", CODE + "x = 1\n", count, kept).text != made.text
    assert file_skeleton("a.py", CODE, count) == made
