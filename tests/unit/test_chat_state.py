"""The page: a snapshot is what the patches make of the one before, whatever happens."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.sidecar import patched
from throughline.chat_state import panels, rows
from throughline.chat_state.chat_state import ChatState
from throughline.chat_state.rows import SHOWN
from throughline.domain.events import (
    ApprovalDecided,
    ApprovalRequested,
    AssistantMessage,
    CallBilled,
    Compacted,
    CompactionUndone,
    Event,
    LedgerChanged,
    Logged,
    Masked,
    SessionRewound,
    SystemNote,
    Thought,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    TurnResumed,
    UserMessage,
)
from throughline.domain.ledger import Add
from throughline.domain.session import apply
from throughline.memory.archive import ArchiveDiff
from throughline.protocol.state import (
    Activity,
    AgentRow,
    Archive,
    ArchiveLine,
    ArchivePending,
    AskRow,
    BillRow,
    CompactionRow,
    EntryRow,
    FileRow,
    Memory,
    NoticeRow,
    Patch,
    Row,
    State,
    ThoughtRow,
    ToolRow,
    UserRow,
)
from unit.event_logs import Step, count, entry, event_sequences, file, log, replied, session, spoke, tool, unfold, view


def shown(*events: Event) -> list[Row]:
    page = ChatState(lambda _: None)
    page.logged(log(*events))
    return page.snapshot().rows


CALL = ToolCalled(1, "x", "run", {"n": 3, "command": "make\nmake test"}, 5)
CALL2 = ToolCalled(2, "y", "run", {}, 5)
ASKED = ApprovalRequested(1, "x", "edit", "a.py", "")
ASKING = AskRow("qx", 1, "x", "edit", "a.py", "", "", "", "waiting", "")
OPEN = ToolRow("tx", 1, "run", "make", "", "running", masked=False, tokens=0)
MADE = Compacted("c1", 2, (Add(entry("a")),), 900, 100, 3, 4)
COMPACTION = CompactionRow("kc1", "c1", 2, 900, 100, 3, 4, 1, undone=False)
AGENTS = entry("t1.1", "Keep it", why="it works", author="agent")

FAILED = NoticeRow("f1", "error", "no", 1, retryable=True)
BROKEN = AssistantMessage(1, "half an ans", 1, partial=True)
ON, BREAK = TurnResumed(1), TurnEnded(1, "failed", "no")
RAN = ToolRow("tx", 1, "run", "", "result of x", "done", masked=False, tokens=10)
PAID = CallBilled("chat", "m", 1_000, 20, 1_000, 0, 0.01)
LATE = CallBilled(
    "chat", "m", 0, 500, 0, 214_000, 0.56, thinking=300, rewritten=214_000, rewritten_dollars=0.534, idle=660.0
)
CHANGED = CallBilled(
    "chat", "m", 2_000, 0, 0, 0, 0.01, miss="messages_changed", rewritten=2_000, rewritten_dollars=0.005
)

ROWS: list[tuple[str, tuple[Event, ...], list[Row]]] = [
    ("the user's words", (spoke(1, "a"), spoke(1, "b")), [UserRow("u1", 1, "a"), UserRow("u1.1", 1, "b")]),
    ("an interrupt", (UserMessage(1, "stopped", 1, "interrupt"),), [NoticeRow("e1", "info", "stopped")]),
    (
        "replies",
        (replied(1, "a"), AssistantMessage(1, "b", 1, partial=True)),
        [
            AgentRow("a1.0", 1, "a", streaming=False, partial=False),
            AgentRow("a1.1", 1, "b", streaming=False, partial=True),
        ],
    ),
    ("a running call", (CALL,), [OPEN]),
    (
        "a call that returned",
        (CALL, ToolReturned(1, "x", "ok", 9)),
        [ToolRow("tx", 1, "run", "make", "ok", "done", masked=False, tokens=9)],
    ),
    (
        "a call that failed",
        (CALL, ToolReturned(1, "x", "no", 9, error=True)),
        [ToolRow("tx", 1, "run", "make", "no", "failed", masked=False, tokens=9)],
    ),
    (
        "a masked result",
        (CALL, Masked(("x", "unknown"))),
        [ToolRow("tx", 1, "run", "make", "", "running", masked=True, tokens=0)],
    ),
    (
        "a result without a call",
        (ToolReturned(1, "y", "ok", 9),),
        [ToolRow("ty", 1, "", "", "ok", "done", masked=False, tokens=9)],
    ),
    ("a file", (file("a.py", "text"),), [FileRow("e1", "a.py", "full", 2, 2)]),
    ("one that a compaction put back", (evolve(file("a.py", "text"), restored=True),), []),
    (
        "an entry of the agent's",
        (LedgerChanged((Add(AGENTS), Add(entry("s1")))),),
        [EntryRow("nt1.1", 1, "decision", "Keep it — it works")],
    ),
    ("a compaction", (MADE,), [COMPACTION]),
    ("an undone one", (MADE, CompactionUndone("c1")), [CompactionRow("kc1", "c1", 2, 900, 100, 3, 4, 1, undone=True)]),
    ("a question", (ASKED,), [ASKING]),
    ("a yes for this once", (ASKED, ApprovalDecided(1, "x", allowed=True)), [evolve(ASKING, status="allowed")]),
    (
        "a yes for the session",
        (ASKED, ApprovalDecided(1, "x", allowed=True, pattern="edit:**")),
        [evolve(ASKING, status="session")],
    ),
    (
        "a no, and another question about the same call",
        (ASKED, ApprovalDecided(1, "x", allowed=False, reason="no"), ASKED),
        [evolve(ASKING, status="denied", reason="no"), evolve(ASKING, id="qx.1")],
    ),
    ("a question whose turn has ended", (ASKED, TurnEnded(1, "cancelled")), [evolve(ASKING, status="withdrawn")]),
    (
        "a conversation that went back",
        (spoke(1, "a"), spoke(2, "b"), CALL2, ASKED, SessionRewound(2, (), conversation=True)),
        [UserRow("u1", 1, "a"), ASKING, NoticeRow("e5", "info", "Back to before turn 2: the conversation.")],
    ),
    (
        "files that went back",
        (spoke(1, "a"), SessionRewound(1, ("a.py",))),
        [
            UserRow("u1", 1, "a"),
            NoticeRow("e2", "info", "Back to before turn 1: 1 file."),
        ],
    ),
    (
        "thinking",
        (Thought(1, {"type": "thinking", "thinking": "I look.", "signature": "s"}, 2),),
        [ThoughtRow("e1", 1, "I look.")],
    ),
    ("thinking that is not shown", (Thought(1, {"type": "redacted_thinking", "data": "x"}, 0),), []),
    ("a failed turn", (TurnEnded(1, "failed", "no"),), [FAILED]),
    ("an interrupted one", (TurnEnded(1, "interrupted", "no"),), [FAILED]),
    (
        "one that goes on",
        (spoke(1, "a"), replied(1, "b"), *tool(1, "x"), SystemNote(1, "c", 1), BROKEN, BREAK, ON),
        [UserRow("u1", 1, "a"), AgentRow("a1.0", 1, "b", streaming=False, partial=False), RAN],
    ),
    (
        "one that went on and failed again",
        (spoke(1, "a"), BROKEN, PAID, TurnEnded(1, "failed", "no"), ON, PAID, TurnEnded(1, "failed", "no")),
        [UserRow("u1", 1, "a"), BillRow("b1", 1, "2 calls · 4,000 in, 2,000 cached · 40 out · $0.0200", []), FAILED],
    ),
    (
        "one that another followed",
        (spoke(1, "a"), TurnEnded(1, "failed", "no"), spoke(2, "b")),
        [UserRow("u1", 1, "a"), evolve(FAILED, retryable=False), UserRow("u2", 2, "b")],
    ),
    (
        "one that was compacted",
        (TurnEnded(2, "failed", "no"), MADE),
        [evolve(FAILED, id="f2", turn=2, retryable=False), COMPACTION],
    ),
    (
        "a failed turn that the conversation went back before",
        (spoke(1, "a"), PAID, TurnEnded(1, "failed", "no"), SessionRewound(1, (), conversation=True)),
        [NoticeRow("e4", "info", "Back to before turn 1: the conversation.")],
    ),
    (
        "what a turn cost and paid again, by reason",
        (CallBilled("merge", "m", 9, 9, 0, 0, 9.0), spoke(1, "a"), PAID, LATE, CHANGED, CHANGED, TurnEnded(1, "done")),
        [
            UserRow("u1", 1, "a"),
            BillRow(
                "b1",
                1,
                "4 calls · 220,000 in, 1,000 cached · 520 out (300 thinking) · $0.5900",
                [
                    "the cache had expired 6 minutes before: 214K tokens, $0.53",
                    "earlier messages were masked, compacted or taken back: 4K tokens, $0.01",
                ],
            ),
        ],
    ),
    ("a turn that ended", (TurnEnded(1, "done"), TurnEnded(2, "cancelled")), []),
]


@pytest.mark.parametrize(("name", "events", "rows"), ROWS, ids=[row[0] for row in ROWS])
def test_events_become_rows(name: str, events: tuple[Event, ...], rows: list[Row]) -> None:
    assert shown(*events) == rows


def test_a_long_result_shows_its_beginning_and_how_much_more_there_is() -> None:
    (row,) = shown(ToolReturned(1, "x", "r" * (SHOWN + 1_500), 9))
    assert isinstance(row, ToolRow)
    assert row.result == "r" * SHOWN + "\n… 1,500 more"


def test_streamed_text_is_replaced_by_its_event() -> None:
    page = ChatState(lambda _: None)
    for text in ("", " \n", "Hel", "", "lo"):
        page.streamed(1, text)
    assert page.snapshot().rows == [AgentRow("a1.0", 1, "Hello", streaming=True, partial=False)]
    page.logged(log(replied(1, "Hello!"), *tool(1, "x")))
    page.streamed(1, "And")
    assert [getattr(row, "text", row.id) for row in page.snapshot().rows] == ["Hello!", "tx", "And"]


def test_what_a_call_would_do_is_shown_while_its_question_waits() -> None:
    page = ChatState(lambda _: None)
    page.logged(log(ASKED))
    page.detail("x", "-a\n+b", "edit:**")
    asking = evolve(ASKING, detail="-a\n+b", pattern="edit:**")
    assert page.snapshot().rows == [asking]
    page.logged(log(ASKED, ApprovalDecided(1, "x", allowed=False))[1:])
    page.detail("x", "later", "run:later")
    assert page.snapshot().rows == [evolve(asking, status="denied")]


def test_what_a_command_prints_grows_its_card_and_the_beginning_goes_where_that_is_long() -> None:
    page = ChatState(lambda _: None)
    page.logged(log(CALL))
    page.printed("x", "some\n")
    page.printed("unknown", "nobody asked\n")
    assert page.snapshot().rows == [evolve(OPEN, result="some\n")]
    page.printed("x", "r" * 2 * SHOWN)
    assert page.snapshot().rows == [evolve(OPEN, result="r" * SHOWN)]


def test_what_has_not_changed_is_not_sent_again() -> None:
    sent: list[Patch] = []
    page = ChatState(sent.append)
    show(page, "idle", "next")
    assert [change.kind for change in sent[-1].changes] == ["session", "memory", "meter", "activity"]
    show(page, "idle", "next")
    assert len(sent) == 1
    show(page, "answering", "next")
    assert [change.kind for change in sent[-1].changes] == ["activity"]
    show(page, "answering", "next", warning="dear")
    assert [change.kind for change in sent[-1].changes] == ["activity"]
    assert page.snapshot().warning == "dear"


def test_after_another_session_is_opened_no_patch_fits_the_old_state() -> None:
    sent: list[Patch] = []
    page = ChatState(sent.append)
    page.logged(log(spoke(1, "a")))
    before = page.snapshot()
    page.clear()
    assert page.snapshot() == State(before.revision + 1, None)
    page.logged(log(spoke(1, "b")))
    assert sent[-1].revision == before.revision + 2


def show(page: ChatState, activity: Activity, suggestion: str, *events: Event, warning: str = "") -> None:
    now = session(*events)
    page.show(
        session=panels.session_info(now, recorded=False),
        memory=panels.memory_panel(now, "text", 1),
        files=[],
        archive=Archive("", 0, [], None),
        meter=panels.context_meter(now, view(now), 1.6),
        activity=activity,
        suggestion=suggestion,
        warning=warning,
    )


def test_memory_shows_what_is_in_force_by_section() -> None:
    entries = (
        entry("a", "Keep it", author="user", pinned=True, turns=(3, 4)),
        entry("b", "Better", "constraint", supersedes="z"),
        entry("c", "Gone", "issue", state="resolved"),
        entry("d", "Runs", "state", supersedes="z", turns=()),
    )
    made = panels.memory_panel(session(LedgerChanged(tuple(map(Add, entries)))), "## S", 7)
    assert isinstance(made, Memory)
    told = {one.title: [(e.id, e.text, e.state, e.pinned, e.row) for e in one.entries] for one in made.sections}
    assert told == {
        "Decisions Made": [("b", "Better (revised)", "revised", False, "u1"), ("a", "Keep it", "active", True, "u3")],
        "Current State": [("d", "Runs", "active", False, "")],
    }
    assert [(e.id, e.state) for e in made.resolved] == [("c", "resolved")]


def test_sentences_that_rules_took_stand_apart_as_far_as_the_summary_shows_them() -> None:
    taken = [entry(name, f"Said {name}", author="summariser", weight=1.0) for name in ("in", "out")]
    kept = entry("kept", "Said kept", author="summariser", weight=1.0, pinned=True)
    made = panels.memory_panel(session(LedgerChanged(tuple(map(Add, (*taken, kept))))), "- Said in", 7)
    assert [one.id for one in made.taken] == ["in"]
    assert [(one.title, one.kind, [e.id for e in one.entries]) for one in made.sections] == [
        ("Decisions Made", "decision", ["kept"])
    ]


ARCHIVE = """\
## Project Archive: shop

### Architectural Decisions
- Use SQLite <!-- 0000aaaa -->
- Chosen by hand



### Known Issues
"""


def test_the_archive_shows_since_when_its_lines_stand_there() -> None:
    later = ARCHIVE.replace("0000aaaa -->", "0000aaaa -->\n- Use WAL <!-- 0000bbbb -->")
    since = rows.ages([(10.0, ARCHIVE), (20.0, later), (30.0, "")])
    (section,) = rows.sections(later, since)
    assert (section.title, section.line) == ("Architectural Decisions", 3)
    assert section.lines == [
        ArchiveLine("Use SQLite", 4, 10.0),
        ArchiveLine("Use WAL", 5, 20.0),
        ArchiveLine("Chosen by hand", 6, None),
    ]


def test_an_archive_change_counts_its_lines() -> None:
    change = ArchiveDiff(ARCHIVE, ARCHIVE.replace("Use SQLite", "Use DuckDB") + "- Slow <!-- 0000cccc -->\n")
    assert rows.pending("model", change) == ArchivePending("model", 2, 1, "")


def test_the_meter_counts_the_next_view_in_the_models_tokens() -> None:
    now = session(spoke(1, "word " * 100), LedgerChanged(()))
    made = panels.context_meter(now, view(now), 2.0)
    assert made.used == 2 * view(now).tokens
    assert [part.label for part in made.parts] == ["System prompt", "Project archive", "Recent turns"]
    assert made.parts[-1].tokens == 2 * count("word " * 100)


_streams = st.tuples(st.integers(1, 3), st.sampled_from(("", " ", "a", "word ")))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(event_sequences(), st.data())
def test_a_snapshot_is_what_the_patches_made_of_the_last_one(steps: tuple[Step, ...], data: st.DataObject) -> None:
    sent: list[Patch] = []
    page = ChatState(sent.append)
    mirror, taken = page.snapshot(), 0
    for before, step in unfold(steps):
        for turn, text in data.draw(st.lists(_streams, max_size=3)):
            page.streamed(turn, text)
        after = before
        for event in step.events:
            logged = Logged(after.seq + 1, 1.0, event)
            page.logged([logged])
            after = apply(after, logged)
        show_now(page, after, data.draw(st.sampled_from(("idle", "answering"))))
        for patch in sent[taken:]:
            assert patch.revision == mirror.revision + 1
            assert patch.changes
            mirror = patched(mirror, patch)
        taken = len(sent)
        assert mirror == page.snapshot()


def show_now(page: ChatState, now: Any, activity: Activity) -> None:
    page.show(
        session=panels.session_info(now, recorded=True),
        memory=panels.memory_panel(now, "", 0),
        files=[],
        archive=Archive("", 0, [], None),
        meter=panels.context_meter(now, view(now), 1.0),
        activity=activity,
        suggestion="",
    )
