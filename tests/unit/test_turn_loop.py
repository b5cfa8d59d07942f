"""A turn with tools under a live owner: odd replies, limits, stops, restarts of the conversation, and what is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from throughline.domain.events import (
    AssistantMessage,
    Event,
    Logged,
    Masked,
    MessageQueued,
    MessageWithdrawn,
    SessionRewound,
    SystemNote,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    UserMessage,
)
from throughline.domain.ports import CallPiece, Model, Piece, Request, TooLongError
from throughline.domain.session import MAX_REWIND_POINTS, fold
from throughline.domain.settings import Settings
from throughline.llm.messages import translate
from throughline.session.actor import RefusedError
from throughline.session.live_session import LiveSession
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED, done, log, replied, spoke
from unit.session_harness import SessionHarness
from unit.tool_harness import ToolHarness


class Floor(SessionHarness):
    """A world whose session has real tools in a real folder."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.shop = ToolHarness(root)
        self.ports = evolve(self.ports, checkpoints=self.shop.ports.checkpoints)

    async def open(self, model: Model, replies: int = 500, settings: Settings | None = None) -> LiveSession:
        chosen = evolve(settings or Settings(), replies=replies)
        return await LiveSession.start(self.ports, self.config(model, tools=self.shop.tools), chosen, STARTED)

    async def play(self, *replies: ScriptedReply, limit: int = 500) -> LiveSession:
        """One turn, closed."""
        live = await self.open(ScriptedModel(replies), limit)
        await live.send("go")
        await live.idle()
        await live.close()
        assert fold(self.store.read("s")) == live.session
        return live

    def kept(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.heard.events if isinstance(event, kind)]


def call(name: str, tool: str, **args: object) -> CallPiece:
    return CallPiece(name, tool, dict(args))


LIMIT = ScriptedReply("one two", reason="max_tokens")
DONE = ScriptedReply("Done.")
ODD: list[tuple[tuple[ScriptedReply, ...], str, str]] = [
    ((DONE,), "done", ""),
    ((LIMIT, DONE), "done", ""),
    ((LIMIT, LIMIT, LIMIT), "stopped", "The reply reached its limit 3 times in a row"),
    ((LIMIT, LIMIT, ScriptedReply("", (call("a", "list_files", path="."),)), LIMIT, DONE), "done", ""),
    ((ScriptedReply(""), DONE), "done", ""),
    ((ScriptedReply(" \n"), ScriptedReply("")), "failed", "The model answered nothing, twice"),
    ((ScriptedReply("I will not.", reason="refusal"),), "failed", "The model declined"),
    ((ScriptedReply("", reason="model_context_window_exceeded"), DONE), "done", ""),
]


@pytest.mark.parametrize(("replies", "ending", "detail"), ODD)
async def test_odd_replies_go_on_or_end_with_a_line_for_the_user(
    tmp_path: Path, replies: tuple[ScriptedReply, ...], ending: str, detail: str
) -> None:
    floor = Floor(tmp_path)
    await floor.play(*replies)
    end = floor.heard.events[-1]
    assert isinstance(end, TurnEnded)
    assert (end.turn, end.ending) == (1, ending)
    assert end.detail.startswith(detail)
    assert bool(end.detail) == bool(detail)


async def test_a_reply_that_was_cut_is_told_so_and_goes_on(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    model = ScriptedModel([LIMIT, DONE])
    live = await floor.open(model)
    await live.send("go")
    await live.idle()
    await live.close()
    reply, told = model.requests[1].view.blocks[-2:]
    assert (reply.role, reply.text) == ("assistant", "one two")
    assert (told.role, told.text.startswith("(Your reply was cut off at its limit.")) == ("user", True)


async def test_a_model_that_never_stops_is_stopped_and_the_user_asked(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    replies = [ScriptedReply("", (call(f"c{n}", "search", pattern=f"x{n}"),)) for n in range(9)]
    await floor.play(*replies, limit=5)
    assert floor.heard.events[-1] == TurnEnded(
        1, "stopped", "The model has replied 5 times in this turn. Say whether it shall go on."
    )


async def test_a_model_that_repeats_what_fails_is_stopped_and_the_user_asked(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    await floor.play(*[ScriptedReply("Again.", (call("c", "read_file", path="gone"),))] * 9)
    end = floor.heard.events[-1]
    assert isinstance(end, TurnEnded)
    assert (end.ending, len(floor.kept(ToolCalled))) == ("stopped", 3)


class Narrow:
    """A model that takes so many tokens at most, whatever the counts say."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.refused = 0
        self.sizes: list[int] = []

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        if request.view.tokens > self.most:
            self.refused += 1
            raise TooLongError("The prompt is too long.")
        self.sizes.append(request.view.tokens)
        async for piece in ScriptedModel([DONE]).stream(request):
            yield piece

    def suggestion(self, said: object) -> str:  # noqa: ARG002
        return ""


async def test_a_prompt_that_is_too_long_is_shortened_by_code_and_sent_once_more(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    events: list[Event] = [STARTED]
    for turn in range(1, 5):
        events += [spoke(turn, "go"), ToolCalled(turn, f"c{turn}", "read_file", {"path": "a"}, 5)]
        events += [ToolReturned(turn, f"c{turn}", "word " * 4_000, 5_000), replied(turn, "ok"), done(turn)]
    floor.store.append("s", log(*events))
    model = Narrow(9_000)
    live = await LiveSession.resume(
        floor.ports, floor.config(model, tools=floor.shop.tools), Settings(batch=10**9), "s"
    )
    await live.send("on")
    await live.idle()
    await live.close()
    assert model.refused == 1
    assert floor.heard.events[-1] == TurnEnded(5, "done")


async def test_where_nothing_makes_it_shorter_the_turn_fails_and_says_what_to_do(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    live = await floor.open(Narrow(1))
    await live.send("go")
    await live.idle()
    await live.close()
    end = floor.heard.events[-1]
    assert isinstance(end, TurnEnded)
    assert (end.ending, "choose a model with a larger context" in end.detail) == ("failed", True)
    assert not floor.kept(Masked)


async def test_a_message_that_waits_can_be_taken_back_alone(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    model = ScriptedModel([ScriptedReply("one two", stall_after=1), DONE])
    live = await floor.open(model)
    for text in ("go", "never mind", "and then"):
        await live.send(text)
    await model.stalled.wait()
    await live.withdraw(2)
    with pytest.raises(RefusedError, match="not waiting any more"):
        await live.withdraw(2)
    assert [words.text for words in live.session.queue] == ["and then"]
    assert MessageWithdrawn(2) in floor.heard.events
    await live.close()


async def test_going_back_brings_files_and_conversation_as_they_were(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    floor.shop.write("a.py", "one = 1\n")
    edits = [
        ScriptedReply("", (call(f"e{n}", "edit_file", path="a.py", old=f"one = {n}", new=f"one = {n + 1}"),))
        for n in (1, 2)
    ]
    model = ScriptedModel([edits[0], ScriptedReply("[DECISION]: It is two"), DONE, edits[1], DONE, DONE])
    live = await floor.open(model)
    for text in ("first", "talk", "second"):
        await live.send(text)
        await live.idle()
    before = live.session
    assert [(one.path, one.before) for one in await live.changed(1)] == [("a.py", "one = 1\n")]
    restored = await live.restore(2, files=True, conversation=False)
    assert (floor.shop.root / "a.py").read_text() == "one = 2\n"
    assert live.session.turns == before.turns
    assert restored.files == ("a.py",)
    floor.shop.ports.checkpoints.restore(restored.kept)
    assert (floor.shop.root / "a.py").read_text() == "one = 3\n"
    await live.restore(1)
    assert (floor.shop.root / "a.py").read_text() == "one = 1\n"
    assert not live.session.turns
    assert live.session.ledger.live() == ()
    assert live.session.bill == before.bill
    assert await live.send("anew") == 4
    await live.idle()
    assert [block.text for block in model.requests[-1].view.blocks if block.place == "turn"] == ["anew"]
    assert len(floor.kept(SessionRewound)) == 2
    await live.close()
    assert fold(floor.store.read("s")) == live.session


async def test_going_back_past_a_compaction_undoes_it(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    live = await floor.open(ScriptedModel([ScriptedReply("Word upon word. " * 200)] * 9))
    for text in "abcd":
        await live.send(text)
        await live.idle()
    views = {turn.number: live.view() for turn in live.session.turns}
    made = await live.compact()
    await live.restore(4, files=False)
    assert [turn.number for turn in live.session.recent] == [1, 2, 3]
    assert made.id in live.session.undone
    assert live.view().blocks[:5] == views[1].blocks[:5]
    await live.close()
    assert fold(floor.store.read("s")) == live.session


async def test_what_cannot_be_gone_back_to_is_refused(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    model = ScriptedModel([DONE, ScriptedReply("one two", stall_after=1)])
    live = await floor.open(model)
    await live.send("go")
    await live.idle()
    with pytest.raises(RefusedError, match="no turn 7"):
        await live.restore(7)
    await live.send("on")
    await model.stalled.wait()
    with pytest.raises(RefusedError, match="stop it first"):
        await live.restore(1)
    await live.close()


def test_only_so_many_openings_are_kept() -> None:
    events = [event for turn in range(1, MAX_REWIND_POINTS + 9) for event in (spoke(turn, "go"), done(turn))]
    session = fold(log(STARTED, *events))
    assert [one.turn for one in session.rewind_points] == list(range(9, MAX_REWIND_POINTS + 9))
    assert all(not one.session.rewind_points for one in session.rewind_points)
    back = fold(log(SessionRewound(20, conversation=True), first=session.seq + 1), session)
    assert [turn.number for turn in back.turns] == list(range(1, 20))
    assert back.next_turn == session.next_turn


async def test_what_had_come_of_a_command_is_kept_when_the_turn_is_cancelled(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    model = ScriptedModel([ScriptedReply("I run it.", (call("c", "run_command", command="echo begun; sleep 66"),))])
    live = await floor.open(model)
    await live.send("go")
    await live.send("later")
    await floor.shop.showing.wait()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await live.cancel()
    assert loop.time() - began < 0.2
    await live.close()
    last = [event for event in floor.heard.events if isinstance(event, ToolReturned | TurnEnded | MessageWithdrawn)]
    assert [event.kind for event in last] == ["withdrawn", "tool_returned", "turn_ended"]
    assert isinstance(last[1], ToolReturned)
    assert last[1].text == "begun\n[stopped by the user]"
    assert last[2] == TurnEnded(1, "cancelled")
    assert live.session.turns[-1].unanswered == ()
    assert not live.session.queue


def test_a_session_of_an_older_log_still_folds() -> None:
    session = fold(log(STARTED, spoke(1, "go"), MessageQueued(2, "on", 1), MessageWithdrawn()))
    assert session.queue == ()
    assert isinstance(session.turns[0].items[0], UserMessage)
    assert Logged(1, 0.0, SystemNote(1, "x", 1)).event.kind == "told"
    assert AssistantMessage(1, "x", 1).partial is False


# The ids that a server gives to its calls, reply by reply, and how many calls there are.
REUSED = [
    [["call_0"], ["call_0"], ["call_0"]],
    [["a", "a"], ["a"]],
    [["", ""], [""]],
    [["x.1"], ["x_1"], ["x:1"]],
    [["n" * 200], ["n" * 200 + "2"]],
    [["a"], ["a-2"], ["a"], ["a"]],
    [["read:arguments"], ["read"]],
    [["\ud83d"], ["\ude00"]],
]


@pytest.mark.parametrize("replies", REUSED, ids=[ascii(row)[:40] for row in REUSED])
async def test_each_call_has_an_id_of_its_own_whatever_ids_a_server_gives(
    tmp_path: Path, replies: list[list[str]]
) -> None:
    floor = Floor(tmp_path)
    (tmp_path / "a.txt").write_text("one\n")
    made = [ScriptedReply("", tuple(call(name, "list_files", path=".") for name in names)) for names in replies]
    live = await floor.play(*made, DONE)
    called = [event.id for event in floor.kept(ToolCalled) if isinstance(event, ToolCalled)]
    returned = [event.id for event in floor.kept(ToolReturned) if isinstance(event, ToolReturned)]
    assert len(set(called)) == len(called) == sum(map(len, replies))
    assert sorted(called) == sorted(returned)
    sent = translate(live.view()).messages
    asked = [part["id"] for one in sent for part in one["content"] if part["type"] == "tool_use"]
    answered = [part["tool_use_id"] for one in sent for part in one["content"] if part["type"] == "tool_result"]
    assert asked == called
    assert sorted(answered) == sorted(called)


async def test_what_was_masked_does_not_stand_for_a_later_call_of_the_same_id(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    (tmp_path / "a.txt").write_text("the first text\n")
    looked = ScriptedReply("", (call("call_0", "read_file", path="a.txt"),))
    live = await floor.open(ScriptedModel([looked, DONE, looked, DONE]))
    await live.send("go")
    await live.idle()
    await live.record(Masked(("call_0",)))
    (tmp_path / "a.txt").write_text("the second text\n")
    await live.send("again")
    await live.idle()
    await live.close()
    texts = [block.text for block in live.view().blocks if block.content == "result"]
    assert len(texts) == 2
    assert "first text" not in texts[0]
    assert "second text" in texts[1]


async def test_an_id_stays_taken_when_the_conversation_goes_back_to_before_it(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    looked = ScriptedReply("", (call("call_0", "list_files", path="."),))
    live = await floor.open(ScriptedModel([looked, DONE, looked, DONE]))
    for _ in range(2):
        await live.send("go")
        await live.idle()
        if len(live.session.turns) == 1 and len(live.session.call_ids) == 1:
            await live.restore(1, files=False)
    await live.close()
    assert len(set(live.session.call_ids)) == len(live.session.call_ids) == 2
