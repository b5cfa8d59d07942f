"""The live session's owner: turns in order, a whole log whatever happens, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import evolve

from throughline.agent.tool_executor import PATIENCE, NoTools
from throughline.domain.events import (
    AssistantMessage,
    Compacted,
    Event,
    FileInjected,
    LedgerChanged,
    Logged,
    Masked,
    MessageQueued,
    MessageWithdrawn,
    Notice,
    SessionEnded,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    UserMessage,
)
from throughline.domain.ports import CallPiece, Log, Outcome, Piece, Request, StoreError, TextPiece
from throughline.domain.rules import RuleEvent
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.session.actor import ClosedError, Mailbox, RefusedError
from throughline.session.compactor import MAX_FAILURES
from throughline.session.live_session import LiveSession
from throughline.storage.in_memory import MemoryStore
from throughline.testing.scripted import ScriptedModel, ScriptedTools
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED, log, spoke, tool
from unit.session_harness import ApproximateTokens, SessionHarness


class Waiting(ScriptedModel):
    """Answers anything, once it is let."""

    def __init__(self) -> None:
        super().__init__(ScriptedReply("ok") for _ in range(9))
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        self.asked.set()
        await self.let.wait()
        async for piece in super().stream(request):
            yield piece


CALL = CallPiece("x", "read", {"path": "a.py"})
SHORT = "We'll use SQLite for the store of it."
LONG = "The fix is to keep every field of the kiosk's JSON. " + "And more of it. " * 200


@asynccontextmanager
async def opened(
    harness: SessionHarness, *replies: ScriptedReply, settings: Settings | None = None, **results: str
) -> AsyncIterator[LiveSession]:
    live = await LiveSession.start(
        harness.ports, harness.config(ScriptedModel(replies), results), settings or Settings(), STARTED
    )
    try:
        yield live
    finally:
        await live.close()
        log = harness.store.read("s")
        assert fold(log) == live.session
        assert [one.seq for one in log] == list(range(1, len(log) + 1))
        assert [one.event for one in log] == harness.heard.events


def kinds(harness: SessionHarness) -> list[str]:
    return [event.kind for event in harness.heard.events]


async def play(live: LiveSession, *texts: str) -> None:
    for text in texts:
        await live.send(text)
        await live.idle()


async def test_a_turn_is_recorded_as_it_comes() -> None:
    harness = SessionHarness()
    replies = ScriptedReply("I read it.", (CALL,)), ScriptedReply("[DECISION]: Keep it because it works")
    async with opened(harness, *replies, x="print()") as live:
        assert await live.send("Look at it.") == 1
        assert live.busy
        await live.idle()
        assert not live.busy
    assert kinds(harness) == [
        "session_started", "spoke", "replied", "tool_called", "call_billed", "tool_returned", "replied",
        "ledger_changed", "call_billed", "turn_ended",
    ]  # fmt: skip
    assert harness.heard.text == "I read it.[DECISION]: Keep it because it works"
    assert harness.heard.events[-1] == TurnEnded(1, "done")
    assert [entry.text for entry in live.session.ledger.live()] == ["Keep it"]
    assert live.session.bill.total.calls == 2


async def test_the_next_call_sends_what_was_said_called_and_returned() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("I read it.", (CALL,)), ScriptedReply("Done.")])
    live = await LiveSession.start(harness.ports, harness.config(model, {"x": "print()"}), Settings(), STARTED)
    await play(live, "Look at it.")
    await live.close()
    sent = [[block.text for block in request.view.blocks] for request in model.requests]
    assert sent[0] == ["You are an engineer.", "Look at it."]
    assert sent[1] == [*sent[0], "I read it.", '{"path": "a.py"}', "print()"]


async def test_messages_wait_for_the_turns_before_them() -> None:
    harness = SessionHarness()
    async with opened(harness, *(ScriptedReply(str(n)) for n in range(3))) as live:
        assert [await live.send(text) for text in "abc"] == [1, 2, 3]
        await live.idle()
    said = [
        (event.turn, event.text) for event in harness.heard.events if isinstance(event, UserMessage | AssistantMessage)
    ]
    assert said == [(1, "a"), (1, "0"), (2, "b"), (2, "1"), (3, "c"), (3, "2")]


WHENEVER = range(1, 12)


@pytest.mark.parametrize("when", WHENEVER)
async def test_a_message_at_any_moment_finds_its_turn(when: int) -> None:
    harness = SessionHarness()
    waiting: list[asyncio.Task[int]] = []

    def interject(_: Event) -> None:
        if len(harness.heard.events) == when:
            waiting.append(asyncio.create_task(live.send("c")))

    async with opened(
        harness, *(ScriptedReply("ok", (CALL,)) if n % 2 else ScriptedReply("ok") for n in range(9)), x="r"
    ) as live:
        harness.heard.act = interject
        harness.heard.act(STARTED)
        await live.send("a")
        await live.send("b")
        await asyncio.gather(*waiting)
        while live.busy:
            await live.idle()
            await asyncio.gather(*waiting)
    assert [(turn.number, turn.ending) for turn in live.session.turns] == [(1, "done"), (2, "done"), (3, "done")]
    for turn in live.session.turns:
        assert not turn.unanswered


@pytest.mark.parametrize("when", range(3, 18))
async def test_cancelling_at_any_moment_stops_everything_and_leaves_whole_turns(when: int) -> None:
    harness = SessionHarness()
    cancelling: list[asyncio.Task[None]] = []
    reached = asyncio.Event()

    def stop(_: Event) -> None:
        if len(harness.heard.events) == when:
            cancelling.extend(asyncio.create_task(live.cancel()) for _ in range(2))
            reached.set()

    async with opened(
        harness, *[ScriptedReply("ok", (CALL,))] * 2, ScriptedReply("end"), ScriptedReply("end"), x="r"
    ) as live:
        harness.heard.act = stop
        await asyncio.gather(live.send("a"), live.send("b"))
        await reached.wait()
        await asyncio.gather(*cancelling)
        assert not live.busy
        assert live.session.open is None
    for turn in live.session.turns:
        assert turn.ending in ("done", "cancelled")
        assert not turn.unanswered


async def test_cancelling_before_the_turn_has_begun_ends_it() -> None:
    harness = SessionHarness()
    async with opened(harness, ScriptedReply("never")) as live:
        sending = asyncio.create_task(live.send("a"))
        while not live.busy:
            await asyncio.wait([sending], timeout=0)
        await live.cancel()
        assert not live.busy
    assert live.session.turns[-1].ending == "cancelled"


async def test_cancelling_keeps_what_has_come() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("one two three", stall_after=2)])
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(), STARTED)
    await live.send("go")
    await live.send("and then")
    await model.stalled.wait()
    await live.cancel()
    await live.close()
    assert harness.heard.events[-2:] == [AssistantMessage(1, "one two", 2, partial=True), TurnEnded(1, "cancelled")]


class Stuck:
    """A tool that never returns."""

    def __init__(self) -> None:
        self.running = asyncio.Event()

    def offered(self) -> tuple[()]:
        return ()

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        self.running.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_call_that_was_cancelled_has_a_result_that_says_so() -> None:
    harness, tools = SessionHarness(), Stuck()
    live = await LiveSession.start(
        harness.ports, harness.config(ScriptedModel([ScriptedReply("", (CALL,))]), tools=tools), Settings(), STARTED
    )
    await live.send("go")
    await tools.running.wait()
    await live.cancel()
    await live.close()
    returned, ended = harness.heard.events[-2:]
    assert isinstance(returned, ToolReturned)
    assert (returned.id, returned.error, "interrupted" in returned.text) == ("x", True, True)
    assert ended == TurnEnded(1, "cancelled")


FAILURES = [
    (ScriptedReply("Not today.", status=529), "Not today.", []),
    (
        ScriptedReply("one two three", cut_after=2),
        "The reply broke off before its end: retry.",
        ["one two"],
    ),
]


@pytest.mark.parametrize(("reply", "detail", "kept"), FAILURES)
async def test_a_model_that_fails_ends_the_turn_and_the_next_one_runs(
    reply: ScriptedReply, detail: str, kept: list[str]
) -> None:
    harness = SessionHarness()
    async with opened(harness, reply, ScriptedReply("fine")) as live:
        await play(live, "a", "b")
    ends = [event for event in harness.heard.events if isinstance(event, TurnEnded)]
    assert ends == [TurnEnded(1, "failed", detail), TurnEnded(2, "done")]
    assert [event.text for event in harness.heard.events if isinstance(event, AssistantMessage)] == [*kept, "fine"]


class Broken(ScriptedTools):
    """Tools with a fault of their own."""

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        raise KeyError("x")


async def test_a_fault_in_a_tool_ends_the_turn_and_answers_its_calls() -> None:
    harness, faults = SessionHarness(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
    config = harness.config(ScriptedModel([ScriptedReply("", (CALL,))]), tools=Broken({}, ApproximateTokens()))
    live = await LiveSession.start(harness.ports, config, Settings(), STARTED)
    await play(live, "go")
    await live.close()
    assert harness.heard.events[-1] == TurnEnded(1, "failed", "The turn stopped: 'x'")
    assert live.session.turns[0].unanswered == ()


class Full(MemoryStore):
    """A disk that is full after so many events."""

    room = 4

    def append(self, session: str, events: Sequence[Logged], rules: Sequence[RuleEvent] = ()) -> None:
        self.room -= len(events)
        if self.room < 0:
            raise StoreError("The disk is full.")
        super().append(session, events, rules)


async def test_where_nothing_can_be_kept_the_session_is_what_was_kept_and_not_busy_for_ever() -> None:
    harness, store = SessionHarness(), Full()
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    ports = evolve(harness.ports, store=store)
    live = await LiveSession.start(
        ports, harness.config(ScriptedModel([ScriptedReply("a", (CALL,))] * 9), {"x": "r"}), Settings(), STARTED
    )
    await play(live, "go")
    assert not live.busy
    assert live.session == fold(store.read("s"))
    with pytest.raises(StoreError):
        await live.send("again")
    await live.close()


async def test_resuming_ends_the_turn_that_was_running_and_answers_its_calls() -> None:
    harness = SessionHarness()
    harness.store.append("s", log(STARTED, spoke(1, "go"), tool(1, "x")[0]))
    live = await LiveSession.resume(
        harness.ports, harness.config(ScriptedModel([ScriptedReply("fine")])), Settings(), "s"
    )
    assert live.session.turns[0].ending == "interrupted"
    assert live.session.turns[0].unanswered == ()
    assert await live.send("on") == 2
    await live.idle()
    await live.close()
    assert [turn.ending for turn in live.session.turns] == ["interrupted", "done"]
    assert fold(harness.store.read("s")) == live.session
    assert tuple(harness.heard.events) == tuple(one.event for one in harness.store.read("s"))


async def test_resuming_what_is_not_there_is_refused() -> None:
    harness = SessionHarness()
    with pytest.raises(RefusedError, match="no session t"):
        await LiveSession.resume(harness.ports, harness.config(ScriptedModel([])), Settings(), "t")


async def test_a_compaction_makes_room_and_its_undo_brings_the_turns_back() -> None:
    harness = SessionHarness()
    tagged = ScriptedReply(f"[DECISION]: Keep the kiosk's JSON because it reads by name\n\n{LONG}")
    async with opened(harness, tagged, *(ScriptedReply(LONG) for _ in range(3))) as live:
        await play(live, "one", "two", "three", "four")
        before = live.view()
        made = await live.compact()
        assert (made.id, made.through, made.before) == ("c1", 2, before.tokens)
        assert made.after == live.view().tokens < made.before
        assert made.held == made.live == 1
        assert "kiosk" in live.summary()
        await live.undo()
        assert live.view() == before
        with pytest.raises(RefusedError, match="no compaction"):
            await live.undo("c1")


async def test_compactions_are_undone_the_last_one_first() -> None:
    async with opened(SessionHarness(), *(ScriptedReply(LONG) for _ in range(6))) as live:
        await play(live, "a", "b", "c")
        await live.compact()
        await play(live, "d", "e", "f")
        await live.compact()
        with pytest.raises(RefusedError, match="after this one first"):
            await live.undo("c1")
        await live.undo("c2")
        await live.undo("c1")
        assert [turn.number for turn in live.session.recent] == [1, 2, 3, 4, 5, 6]


async def test_a_compaction_that_gains_nothing_is_refused_but_its_entries_stay() -> None:
    harness = SessionHarness()
    async with opened(harness, ScriptedReply("We'll use SQLite for the store of it.")) as live:
        with pytest.raises(RefusedError, match="no finished turn"):
            await live.compact()
        await play(live, "go")
        with pytest.raises(RefusedError, match="not be smaller"):
            await live.compact()
        assert [entry.kind for entry in live.session.ledger.live()] == ["state"]
        assert not live.session.compactions


async def test_after_three_failures_masking_alone_carries_on_and_the_user_may_still_compact() -> None:
    harness = SessionHarness()
    settings = Settings(window=1, kept=0, batch=1_000, fresh=0)
    replies = [*[ScriptedReply("ok")] * MAX_FAILURES, ScriptedReply("", (CALL,)), ScriptedReply(LONG)]
    async with opened(harness, *replies, settings=settings, x="word " * 2_000) as live:
        await play(live, *"abcd")
        assert Masked(("x",)) in harness.heard.events
        assert not live.session.compactions
        assert LedgerChanged(()) not in harness.heard.events
        assert (await live.compact()).through == 4


@pytest.mark.parametrize(("lost", "lost_again", "stopped"), [(2, 2, False), (2, 3, True), (0, 2, False), (0, 3, True)])
async def test_only_failures_in_a_row_stop_compacting(lost: int, lost_again: int, stopped: bool) -> None:
    """A compaction that gains something has the counting begin anew."""
    harness = SessionHarness()

    async def compact(live: LiveSession, times: int) -> None:
        for _ in range(times):
            with pytest.raises(RefusedError, match="not be smaller"):
                await live.compact()

    async with opened(harness, *map(ScriptedReply, (SHORT, LONG * 5)), settings=Settings(kept=0)) as live:
        await play(live, "one")
        await compact(live, lost)
        await play(live, "two")
        await live.compact()
        # Back to the short turn alone.
        await live.undo()
        await live.restore(2, files=False)
        await compact(live, lost_again)
    notes = [event.text for event in harness.heard.events if isinstance(event, Notice)]
    assert any(text.startswith("Compacting no longer gains") for text in notes) == stopped


async def test_a_cold_cache_is_when_the_prefix_changes() -> None:
    harness = SessionHarness()
    async with opened(harness, *(ScriptedReply(LONG * 3) for _ in range(5))) as live:
        await play(live, *"abcd")
        assert not live.session.compactions
        harness.clock.time += 301
        await play(live, "e")
    assert [event.through for event in harness.heard.events if isinstance(event, Compacted)] == [3]


async def test_files_enter_the_view_once_and_come_again_when_they_have_moved() -> None:
    harness = SessionHarness()
    harness.files["a.py"] = "x = 1\n"
    async with opened(harness, *(ScriptedReply("ok") for _ in range(3))) as live:
        with pytest.raises(RefusedError, match="not a text file"):
            await live.inject("b.py", "full")
        with pytest.raises(RefusedError, match="not in the view"):
            await live.drop("a.py")
        assert await live.inject("a.py", "full") == await live.inject("a.py", "full")
        await play(live, "one")
        harness.files["a.py"] = "x = 2\n"
        assert [file.freshness for file in await live.files()] == ["stale"]
        await play(live, "two")
        assert [file.freshness for file in await live.files()] == ["fresh"]
        del harness.files["a.py"]
        assert [file.freshness for file in await live.files()] == ["gone"]
        await play(live, "three")
        await live.drop("a.py")
        assert await live.files() == ()
    told = [event.text for event in harness.heard.events if isinstance(event, FileInjected)]
    assert told[:2] == ["x = 1\n", "x = 2\n"]
    assert [text[:23] for text in told[2:]] == ["File a.py: it is gone, "]


async def test_only_what_is_there_is_pinned() -> None:
    async with opened(SessionHarness(), ScriptedReply("[DECISION]: Keep it")) as live:
        await play(live, "go")
        await live.ledger_commands.pin("t1.1", pinned=True)
        assert live.session.ledger.entries["t1.1"].pinned
        with pytest.raises(RefusedError, match=r"^There is no entry t9\.$"):
            await live.ledger_commands.pin("t9", pinned=True)


async def test_ending_distills_into_the_archive_as_it_is_now_and_takes_no_more_words() -> None:
    harness = SessionHarness("## Project Archive: toolshed\n")
    async with opened(
        harness, ScriptedReply("[DECISION]: Keep it"), ScriptedReply("never"), settings=Settings(distil="write")
    ) as live:
        await play(live, "go")
        harness.archive.write("## Project Archive: toolshed\n### Constraints\n- By hand\n")
        text = await live.end()
        assert "- By hand\n" in text
        assert "Keep it" in text
        assert harness.archive.read() == text == live.session.archive
        for refused in (live.send("more"), live.end()):
            with pytest.raises(RefusedError, match="ended"):
                await refused
    assert harness.heard.events[-1] == SessionEnded()


async def test_words_that_nobody_answers_are_a_turn_of_their_own() -> None:
    harness = SessionHarness()
    async with opened(harness) as live:
        assert await live.note("a", "b") == 1
    assert kinds(harness) == ["session_started", "spoke", "spoke", "turn_ended"]


async def test_a_closed_session_says_so() -> None:
    async with opened(SessionHarness()) as live:
        await live.close()
        with pytest.raises(ClosedError, match="open it again"):
            await live.send("a")


async def test_nobody_waits_for_a_mailbox_that_was_interrupted() -> None:
    box = Mailbox()
    first = asyncio.create_task(box.post(asyncio.Event().wait))
    second = asyncio.create_task(box.post(asyncio.Event().wait))
    await asyncio.wait([first, second], timeout=0)
    box._task.cancel()
    await asyncio.wait([box._task])
    first.cancel()
    done, _ = await asyncio.wait([first, second], timeout=5)
    assert done == {first, second}
    with pytest.raises(ClosedError):
        await box.post(asyncio.Event().wait)


async def test_a_message_that_waits_is_in_the_log_and_is_taken_back_by_a_stop() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("one two", stall_after=1)])
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(), STARTED)
    await live.send("go")
    assert await live.send("and then") == 2
    assert [words.text for words in fold(harness.store.read("s")).queue] == ["and then"]
    await model.stalled.wait()
    await live.cancel()
    assert live.session.queue == ()
    assert [turn.number for turn in live.session.turns] == [1]
    await live.close()


async def test_of_two_messages_that_wait_the_one_that_is_taken_back_goes_and_the_other_is_answered() -> None:
    harness = SessionHarness()
    model = Waiting()
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(), STARTED)
    await live.send("go")
    await model.asked.wait()
    numbers = [await live.send(text) for text in ("not this", "but this")]
    await live.withdraw(numbers[0])
    assert [words.text for words in live.session.queue] == ["but this"]
    with pytest.raises(RefusedError, match="not waiting"):
        await live.withdraw(numbers[0])
    model.let.set()
    await live.idle()
    said = [item.text for turn in live.session.turns for item in turn.items if isinstance(item, UserMessage)]
    assert said == ["go", "but this"]
    await live.close()


async def test_what_waited_when_the_process_died_is_not_sent_by_itself() -> None:
    harness = SessionHarness()
    harness.store.append("s", log(STARTED, spoke(1, "go"), MessageQueued(2, "and then", 2)))
    live = await LiveSession.resume(harness.ports, harness.config(ScriptedModel([])), Settings(), "s")
    assert live.session.queue == ()
    assert any(isinstance(event, MessageWithdrawn) for event in harness.heard.events)
    assert live.session.turns[-1].ending == "interrupted"
    await live.close()


@pytest.mark.parametrize("stop", [LiveSession.cancel, LiveSession.end, LiveSession.close])
async def test_a_stop_comes_after_the_message_that_was_sent_before_it(
    stop: Callable[[LiveSession], Awaitable[Any]],
) -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("one two", stall_after=1)])
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(), STARTED)
    await asyncio.gather(live.send("go"), stop(live))
    assert not live.busy
    assert [turn.ending for turn in live.session.turns] == ["cancelled"]
    await live.close()
    await live.close()


async def test_after_an_undo_the_next_message_does_not_compact_the_same_turns_again() -> None:
    async with opened(SessionHarness(), *[ScriptedReply(LONG)] * 14) as live:
        for turn in range(12):
            await live.send(f"go {turn} {LONG}")
            await live.idle()
        made = len(live.session.compactions)
        assert made
        await live.undo()
        await live.send("go on")
        await live.idle()
        assert len(live.session.compactions) == made


async def test_the_half_line_of_a_reply_that_was_cut_makes_no_entry() -> None:
    harness = SessionHarness()
    text = "[DECISION]: Keep it whole because halves lie\n[DECISION]: Never store"
    model = ScriptedModel([ScriptedReply(f"{text} passwords", stall_after=len(text.split()))])
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(), STARTED)
    await live.send("go")
    await model.stalled.wait()
    await live.cancel()
    assert [entry.text for entry in live.session.ledger.live()] == ["Keep it whole"]
    await live.close()


async def test_a_reply_that_reached_its_limit_is_marked_as_cut() -> None:
    async with opened(SessionHarness(), ScriptedReply("one two", reason="max_tokens")) as live:
        await live.send("go")
        await live.idle()
        assert [item.partial for item in live.session.turns[0].items if isinstance(item, AssistantMessage)] == [True]


async def test_a_model_that_calls_what_nobody_offered_is_told_so_and_then_stopped() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("", (CALL,))] * 9)
    config = harness.config(model, tools=NoTools(harness.ports.tokens))
    live = await LiveSession.start(harness.ports, config, Settings(), STARTED)
    await live.send("go")
    await live.idle()
    assert len(model.requests) == PATIENCE
    assert live.session.turns[0].ending == "done"
    await live.close()


async def test_a_file_that_does_not_fit_the_context_is_refused() -> None:
    harness = SessionHarness()
    harness.files["app.log"] = "a line of the log\n" * 100_000
    async with opened(harness) as live:
        with pytest.raises(RefusedError, match="room for"):
            await live.inject("app.log", "full")
        assert live.session.files == {}


async def test_a_failed_write_at_a_turns_end_loses_no_message_and_no_number() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("one two", stall_after=1), ScriptedReply("two"), ScriptedReply("three")])
    broken = BrokenStore()
    live = await LiveSession.start(evolve(harness.ports, store=broken), harness.config(model), Settings(), STARTED)
    await live.send("a")
    await model.stalled.wait()
    await live.send("b")
    broken.fails = TurnEnded
    await live.cancel()
    await live.send("c")
    await live.idle()
    assert [(turn.number, turn.ending) for turn in live.session.turns] == [(1, "interrupted"), (2, "done")]
    await live.close()


class BrokenStore(MemoryStore):
    """Refuses the next append that holds a kind of event."""

    fails: type[Event] | None = None

    def append(self, session: str, events: Sequence[Logged], rules: Sequence[RuleEvent] = ()) -> None:
        if self.fails and any(isinstance(one.event, self.fails) for one in events):
            self.fails = None
            raise StoreError("The disk is full.")
        super().append(session, events, rules)


class PanicError(BaseException):
    """What a library raises that is no Exception."""


async def test_an_act_that_panics_is_its_posters_and_the_mailbox_goes_on() -> None:
    async def panic() -> None:
        raise PanicError

    async def work() -> int:
        return 7

    mailbox = Mailbox()
    with pytest.raises(PanicError):
        await mailbox.post(panic)
    assert await mailbox.post(work) == 7
    await mailbox.close()


class OddModel(ScriptedModel):
    """Breaks in a way of its own after its first words."""

    async def stream(self, request: Request) -> AsyncIterator[Piece]:  # noqa: ARG002
        yield TextPiece("half a reply")
        raise ZeroDivisionError


async def test_whatever_breaks_a_reply_what_came_of_it_stays_and_the_turn_ends() -> None:
    harness = SessionHarness()
    live = await LiveSession.start(harness.ports, harness.config(OddModel([])), Settings(), STARTED)
    await live.send("go")
    await live.idle()
    (turn,) = live.session.turns
    assert [item.text for item in turn.items if isinstance(item, AssistantMessage) and item.partial] == ["half a reply"]
    assert turn.ending == "failed"
    await live.close()
