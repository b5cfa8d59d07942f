"""The view: what the next call sends, and what of it may change between two calls."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.context.assemble import ACKNOWLEDGED, RenderedTurns, StablePrefix, assemble, render_turns, result_stub
from throughline.domain.argument_masking import tokens_saved
from throughline.domain.events import (
    ApprovalDecided,
    ApprovalRequested,
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    AssistantMessage,
    CallBilled,
    CheckpointCreated,
    Compacted,
    CompactionDismissed,
    CompactionProposed,
    CompactionUndone,
    ContextLimitReported,
    Event,
    FileDropped,
    FileInjected,
    FileRenamed,
    FileSeen,
    FullOutputStored,
    LedgerChanged,
    LedgerUndone,
    Masked,
    MessageQueued,
    MessageWithdrawn,
    Notice,
    RoleAndModelChanged,
    SessionEnded,
    SessionNamed,
    SessionRewound,
    SessionStarted,
    SystemNote,
    Thought,
    ToolCalled,
    ToolReturned,
    Trimmed,
    TurnEnded,
    TurnResumed,
    UserMessage,
)
from throughline.domain.session import Session, fold
from throughline.domain.view import Block
from unit.event_logs import (
    FRAME,
    Step,
    compacted,
    count,
    done,
    event_sequences,
    file,
    log,
    replied,
    session,
    spoke,
    tool,
    unfold,
    view,
)

TALK: tuple[Event, ...] = (
    spoke(1, "one"),
    *tool(1, "x", 900, path="a.py"),
    replied(1, "two"),
    done(1),
    spoke(2, "three"),
)


def texts(now: Session, *places: str) -> list[str]:
    return [block.text for block in view(now).blocks if not places or block.place in places]


def then(now: Session, *events: Event) -> Session:
    return fold(log(*events, first=now.seq + 1), now)


def test_blocks_go_from_the_most_stable_to_the_least_with_marks_between() -> None:
    before = session(file("b.py", "text of b"), *TALK)
    blocks = view(then(before, compacted(before, 1))).blocks
    assert [block.place for block in blocks] == ["system", "archive", "summary", "summary", "file", "turn"]
    assert [block.cached for block in blocks] == [True, True, False, False, True, True]
    assert [block.role for block in blocks] == ["system", "system", "user", "assistant", "user", "user"]
    assert blocks[3].text == ACKNOWLEDGED
    assert blocks[4].text == "text of b"


def test_nothing_stands_for_an_archive_or_a_summary_that_is_not_there() -> None:
    made = assemble(session(*TALK), StablePrefix("sys", ""), "never shown", count)
    assert {block.place for block in made.blocks} == {"system", "turn"}
    assert assemble(session(), StablePrefix("sys", ""), "", count).by_place() == {"system": count("sys")}


def test_a_call_is_the_json_of_its_arguments_in_their_order_and_a_result_has_its_id() -> None:
    call = ToolCalled(1, "x", "run", {"z": 1, "a": "ü"}, 5)
    blocks = view(session(spoke(1, "go"), call, ToolReturned(1, "x", "no", 1, error=True))).blocks[-2:]
    assert blocks[0] == Block("turn", "assistant", '{"z": 1, "a": "\\u00fc"}', 5, "call", "x", "run", call.args)
    assert blocks[1] == Block("turn", "user", "no", 1, "result", "x", error=True, cached=True)


def test_a_masked_result_keeps_its_place_and_says_how_to_get_it_back() -> None:
    before = session(*TALK)
    after = then(before, Masked(("x",)))
    assert texts(after)[:-3] == texts(before)[:-3]
    assert texts(after)[-3] == "[masked: run a.py, 1 lines, 900 tokens; recall x]"
    assert view(after).tokens < view(before).tokens


STUBS = [
    ({"path": "a.py"}, False, "[masked: run a.py, 2 lines, 7 tokens; recall x]"),
    ({"command": "make\nmake test"}, True, "[masked: run make, failed, 2 lines, 7 tokens; recall x]"),
    ({"pattern": "p" * 99}, False, f"[masked: run {'p' * 79}…, 2 lines, 7 tokens; recall x]"),
    ({"path": 3, "other": "y"}, False, "[masked: run, 2 lines, 7 tokens; recall x]"),
    ({"path": "  "}, False, "[masked: run, 2 lines, 7 tokens; recall x]"),
    (None, False, "[masked: tool, 2 lines, 7 tokens; recall x]"),
]


@pytest.mark.parametrize(("args", "error", "stub"), STUBS)
def test_a_stub_says_what_it_was(args: dict[str, object] | None, error: bool, stub: str) -> None:
    call = None if args is None else ToolCalled(1, "x", "run", args, 5)
    assert result_stub(ToolReturned(1, "x", "two\nlines", 7, error), call) == stub


OLD, NEW = file("a.py", "the old text"), file("a.py", "the new text")
STUB = "[full of a.py: superseded or removed]"
FILES: list[tuple[str, tuple[Event, ...], list[str]]] = [
    ("waits for its turn", (OLD,), ["the old text"]),
    ("stays when a newer copy comes", (OLD, spoke(1, "x"), NEW), ["the old text", "the new text"]),
    ("is a stub once masked", (OLD, spoke(1, "x"), NEW, Masked((OLD.key,))), [STUB, "the new text"]),
    ("is never a stub while it is the newest", (OLD, spoke(1, "x"), Masked((OLD.key,))), ["the old text"]),
    ("is a stub once taken out", (OLD, spoke(1, "x"), FileDropped("a.py")), [STUB]),
    ("stays a stub when its file comes back", (OLD, spoke(1, "x"), FileDropped("a.py"), NEW), [STUB, "the new text"]),
    (
        "and when it comes back unchanged",
        (OLD, spoke(1, "x"), FileDropped("a.py"), file("a.py", "the old text")),
        [STUB, "the old text"],
    ),
]


@pytest.mark.parametrize(("name", "story", "shown"), FILES, ids=[row[0] for row in FILES])
def test_a_file_in_the_view(name: str, story: tuple[Event, ...], shown: list[str]) -> None:
    assert texts(session(*story), "file") == shown


def test_a_file_outlives_its_turn_until_the_prefix_changes_anyway() -> None:
    before = session(OLD, *TALK)
    carried = then(before, compacted(before, 1))
    assert texts(carried, "file") == ["the old text"]
    refreshed = then(carried, NEW)
    assert texts(refreshed, "file") == ["the old text", "the new text"]
    assert texts(then(refreshed, Masked(())), "file") == ["the new text"]
    assert texts(then(carried, FileDropped("a.py")), "file") == []
    assert texts(then(refreshed, CompactionUndone("c1")), "file") == ["the old text", "the new text"]


def test_the_document_has_every_block_in_its_order() -> None:
    now = session(*TALK)
    assert view(now).document() == "\n\n".join(texts(now)) + "\n"


def changes(event: Event) -> bool:
    """Whether an event may change the prefix: what the user does to the ledger is in the next call's summary."""
    if isinstance(event, LedgerChanged):
        return event.by == "user"
    return isinstance(event, Masked | Compacted | CompactionUndone | FileDropped | LedgerUndone)


def sent(now: Session) -> list[tuple[str, str, str]]:
    return [(block.role, block.id, block.text) for block in view(now).blocks]


@settings(max_examples=80, deadline=None)
@given(event_sequences())
def test_the_prefix_holds_between_two_calls_unless_something_changed_it(steps: tuple[Step, ...]) -> None:
    last: list[tuple[str, str, str]] = []
    for now, step in unfold(steps):
        if step.asks:
            blocks = sent(now)
            assert blocks[: len(last)] == last
            last = blocks
        if any(changes(event) for event in step.events):
            last = []


QUIET: tuple[Event, ...] = (
    Notice("The disk is nearly full."),
    SessionNamed("the shed"),
    RoleAndModelChanged("qa", "claude-haiku-5-5", 200_000),
    ContextLimitReported(100_000),
    MessageQueued(99, "and then", 2),
    MessageWithdrawn(99),
    FullOutputStored(1, "call1", "all of it"),
    ApprovalRequested(1, "call1", "run", "make", "it builds"),
    ApprovalDecided(1, "call1", allowed=True),
    CheckpointCreated(1, "k1", "git"),
    SessionRewound(1, ("a.py",)),
    FileSeen(1, "c.py", "d1", "full", "read", "call1"),
    FileSeen(1, "a.py", "d2", "part", "edit", "call2"),
    FileRenamed("a.py", "z.py"),
    ArchiveWritten("## Project Archive: another window wrote this", 9),
    ArchiveProposed("", "## Project Archive: proposed", 9),
    ArchiveRejected(),
    CallBilled("chat", "m", 1, 1, 0, 0, 0.1),
)


@settings(max_examples=150, deadline=None)
@given(event_sequences(), st.lists(st.tuples(st.integers(0, 30), st.sampled_from(QUIET)), max_size=12))
def test_nothing_else_that_may_happen_in_a_session_changes_what_was_sent(
    steps: tuple[Step, ...], also: list[tuple[int, Event]]
) -> None:
    told = list(steps)
    for place, event in sorted(also, key=lambda one: -one[0]):
        told.insert(min(place, len(told)), Step((event,)))
    last: list[tuple[str, str, str]] = []
    for now, step in unfold(told):
        blocks = sent(now)
        assert blocks[: len(last)] == last
        # What may change it are the events that the invariant names; what was shown before a drop or an undo is gone.
        last = [] if any(changes(event) for event in step.events) else blocks if step.asks else last


def test_every_event_that_may_happen_is_quiet_told_or_named() -> None:
    told = {type(event) for event in QUIET} | {CompactionProposed, CompactionDismissed, SessionStarted, SessionEnded}
    items = {UserMessage, SystemNote, Thought, AssistantMessage, ToolCalled, ToolReturned, FileInjected, TurnEnded}
    # One that goes on takes back what no call has sent yet.
    items |= {TurnResumed}
    named = {Masked, Trimmed, Compacted, CompactionUndone, FileDropped, LedgerChanged, LedgerUndone}
    assert told | items | named == set(get_args(Event))


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(event_sequences())
def test_every_result_follows_its_call_and_nothing_of_a_compacted_turn_is_left(steps: tuple[Step, ...]) -> None:
    for now, _ in unfold(steps):
        blocks = [block for block in view(now).blocks if block.place == "turn"]
        calls = [block.id for block in blocks if block.content == "call"]
        assert [block.id for block in blocks if block.content == "result"] == calls
        gone = {
            item.id
            for turn in now.turns
            if turn.number <= now.through
            for item in turn.items
            if isinstance(item, ToolCalled)
        }
        assert not gone & set(calls)
        items = [item for turn in now.recent for item in turn.items if item.kind != "file_injected"]
        assert len(blocks) == sum(1 for item in items if getattr(item, "text", "call"))
        assert sum(block.cached for block in view(now).blocks) <= 4


def test_recaps_stand_before_the_summary_and_the_last_one_takes_the_archives_mark() -> None:
    now = then(session(*TALK), compacted(session(*TALK), 1))
    blocks = assemble(now, FRAME, "the summary", count, ["told first", "told next"]).blocks
    assert [block.text for block in blocks[1:5]] == [FRAME.archive, "told first", "told next", "the summary"]
    assert [block.cached for block in blocks] == [True, False, False, True, False, True, True]


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(event_sequences())
def test_blocks_that_were_taken_over_are_those_that_would_be_made(steps: tuple[Step, ...]) -> None:
    before: RenderedTurns | None = None
    for now, _ in unfold(steps):
        before = render_turns(now, before)
        assert before.blocks == render_turns(now).blocks


def test_a_call_makes_the_blocks_of_what_is_new_alone() -> None:
    first = session(spoke(1, "go"), *tool(1, "x"))
    before = render_turns(first)
    after = render_turns(fold(log(*tool(1, "y"), replied(1, "Done."), first=9), first), before)
    assert [one is other for one, other in zip(after.blocks, before.blocks, strict=False)] == [True] * 3
    assert len(after.blocks) == 6


def test_before_a_compaction_no_recap_is_sent() -> None:
    assert "told" not in assemble(session(*TALK), FRAME, "the summary", count, ["told"]).document()


def test_a_masked_calls_long_arguments_are_left_out_and_its_result_says_so() -> None:
    call = ToolCalled(1, "x", "write", {"path": "a.py", "content": "line\n" * 200, "edits": [{"old": "o" * 300}]}, 400)
    story = (spoke(1, "go"), call, ToolReturned(1, "x", "ok", 1), replied(1, "done"))
    whole, short = (view(now).blocks for now in (session(*story), session(*story, Masked((call.key,)))))
    assert whole[-3].args == call.args
    # A model copies the form of its own calls: nothing in them may stand for a text.
    assert short[-3].args == {"path": "a.py"}
    assert short[-3].text == json.dumps(short[-3].args)
    assert short[-3].tokens < whole[-3].tokens / 4
    assert whole[-2].text == "ok"
    assert short[-2].text == (
        'ok\n[masked: content of this call "line", 201 lines; recall x]\n'
        "[masked: edits of this call, 1 lines; recall x]"
    )
    assert [block.tokens for block in whole[:-3]] == [block.tokens for block in short[:-3]]
    assert [block.text for block in whole[:-3]] == [block.text for block in short[:-3]]
    saved = sum(block.tokens for block in whole) - sum(block.tokens for block in short)
    assert saved == tokens_saved(call)


def test_what_masks_a_calls_arguments_changes_the_blocks_that_were_made_before() -> None:
    call = ToolCalled(1, "x", "write", {"path": "a.py", "content": "line\n" * 200}, 400)
    story = (spoke(1, "go"), call, ToolReturned(1, "x", "ok", 1), replied(1, "done"))
    first = session(*story)
    now = fold(log(Masked((call.key,)), first=9), first)
    assert list(render_turns(now, render_turns(first)).blocks) == list(render_turns(now).blocks)
    both = fold(log(Masked(("x",)), first=10), now)
    assert list(render_turns(both, render_turns(now)).blocks) == list(render_turns(both).blocks)
    assert render_turns(both).blocks[2].text.count("recall x") == 2


def test_a_copy_that_was_masked_while_it_stood_becomes_a_stub_once_a_newer_one_has_come() -> None:
    old, new = file("f.py", "old " * 100), file("f.py", "new " * 100)
    before = session(old, spoke(1, "x"), Masked((old.key,)))
    shown = render_turns(before)
    assert shown.blocks[0].text == old.text
    now = then(before, new, replied(1, "read"))
    assert render_turns(now).blocks[0].text == "[full of f.py: superseded or removed]"
    assert list(render_turns(now, shown).blocks) == list(render_turns(now).blocks)
