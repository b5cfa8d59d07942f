"""The terminal's thread and the session's: who waits, who asks, and what an answer means."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import pytest
from attrs import evolve
from rich.console import Console

from throughline.cli.chat.loop_thread import LoopThread
from throughline.cli.chat.prompt import ApprovalReply, PromptReader, TerminalApprover, parse_approval
from throughline.cli.chat.renderer import ChatRenderer, Out
from throughline.domain.events import (
    ApprovalRequested,
    CallBilled,
    Compacted,
    CompactionUndone,
    Event,
    FileInjected,
    LedgerChanged,
    Masked,
    Notice,
    Thought,
    ToolCalled,
    ToolReturned,
    TurnEnded,
)
from throughline.domain.ledger import Add
from throughline.domain.ports import Allow, Ask, Deny
from unit.event_logs import STARTED, entry, log, replied, spoke


@pytest.fixture
def backstage() -> Iterator[LoopThread]:
    made = LoopThread()
    yield made
    made.close()


def test_work_returns_its_result_or_its_error(backstage: LoopThread) -> None:
    async def fail() -> None:
        raise ValueError("no")

    assert backstage.do(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError, match="no"):
        backstage.do(fail())


def test_work_asks_in_the_waiting_thread_and_an_interrupted_answer_leaves_it_running(backstage: LoopThread) -> None:
    ended = []

    async def work() -> str:
        try:
            return await backstage.ask(interrupt)
        except asyncio.CancelledError:
            ended.append("nobody answered")
            return "went on"

    def interrupt() -> str:
        raise KeyboardInterrupt

    async def ask() -> str:
        return await backstage.ask(lambda: "yes")

    assert backstage.do(ask()) == "yes"
    with pytest.raises(KeyboardInterrupt):
        backstage.do(work())
    # The end of work that nobody waits for any more is not taken for the end of the next.
    assert backstage.do(asyncio.sleep(0, "next")) == "next"
    assert backstage.do(ask()) == "yes"
    assert ended == ["nobody answered"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("y", ApprovalReply(allowed=True)),
        (" YES ", ApprovalReply(allowed=True)),
        ("s", ApprovalReply(allowed=True, session=True)),
        ("session", ApprovalReply(allowed=True, session=True)),
        ("n", ApprovalReply(allowed=False)),
        ("use the other file", ApprovalReply(allowed=False, reason="use the other file")),
        ("  ", None),
    ],
)
def test_an_answer_allows_or_says_why_not(said: str, meant: ApprovalReply | None) -> None:
    assert parse_approval(said) == meant


class Typed(PromptReader):
    """Has typed its lines already."""

    def __init__(self, console: Console, *lines: str, tty: bool = True) -> None:
        super().__init__(console)
        self.tty = tty
        self._lines = iter(lines)

    def ask(self, prompt: str, style: str = "") -> str:  # noqa: ARG002
        line = next(self._lines, None)
        if line is None:
            raise EOFError
        return line


@pytest.mark.parametrize(
    ("lines", "tty", "allowed", "reason"),
    [
        (("", "y"), True, True, ""),
        (("s",), True, True, ""),
        (("not there",), True, False, "not there"),
        ((), True, False, "There is nobody to ask."),
        (("y",), False, False, "This session runs without a terminal, so nobody can be asked."),
    ],
)
def test_an_approval_is_asked_for_with_what_would_be_done(
    backstage: LoopThread, lines: tuple[str, ...], tty: bool, allowed: bool, reason: str
) -> None:
    session = lines == ("s",)
    out = io.StringIO()
    console = Out(file=out, width=80)
    approvals = TerminalApprover(ChatRenderer(console, live=False), Typed(console, *lines, tty=tty), backstage)
    asked = Ask(1, "c1", "edit_file", "edit", "a.py", "-old\n+new", "", "edit:**")
    answer = backstage.do(approvals.ask(asked))
    assert answer == (Allow("edit:**" if session else "") if allowed else Deny(reason))
    assert ("+new" in out.getvalue()) == tty


def test_while_the_user_types_what_comes_waits() -> None:
    out = io.StringIO()
    screen = ChatRenderer(Out(file=out, width=80), live=False)
    screen.begin()
    with screen.asking():
        screen.logged(log(Notice("Something happened.")))
        assert out.getvalue() == ""
    assert out.getvalue() == "Something happened.\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [("I look.", "  thought: I look.\n"), ("\nI look.\nThen I read.", "  thought: I look. …\n"), ("", "")],
)
def test_thinking_is_one_folded_line(text: str, line: str) -> None:
    out = io.StringIO()
    screen = ChatRenderer(Out(file=out, width=120), live=False)
    screen.begin()
    block = {"type": "thinking", "thinking": text, "signature": "s"}
    screen.logged(log(Thought(1, block, 1)))
    assert out.getvalue() == line


def test_a_call_is_a_line_with_its_tokens_cost_and_share_of_the_context() -> None:
    out = io.StringIO()
    screen = ChatRenderer(Out(file=out, width=120), live=False)
    screen.begin()
    known = CallBilled("chat", "m", 1_000, 50, 18_000, 1_000, 0.0123)
    unknown = CallBilled("merge", "cheap", 10, 5, 0, 0, None)
    failed = TurnEnded(1, "failed", "The model failed.")
    with screen.working():
        screen.logged(log(STARTED, spoke(1, "Go."), known, unknown, failed))
    assert out.getvalue().splitlines() == [
        "  call 1 · 20,000 in, 18,000 cached · 50 out · $0.0123 · context 10%",
        "  summarising, cheap · 10 in, 0 cached · 5 out · price unknown",
        "The model failed.",
        "  turn 1 · 2 calls · 20,010 in, 18,000 cached · 55 out · $0.0123, and 1 without a known price",
        "  /retry goes on with it: what you said is sent once.",
    ]
    assert screen.failed


def call(text: str, *, error: bool = False, **args: str) -> tuple[Event, Event]:
    return ToolCalled(1, "c1", "run", dict(args), 5), ToolReturned(1, "c1", text, 7, error)


COMPACTED = Compacted("k1", 2, (Add(entry("m1", "Keep it")),), 9_000, 1_000, 1, 1)


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        ((replied(1, "One.\n\nTwo."),), ["One.", "", "Two."]),
        (call("one\ntwo", command="make\ntest"), ["  ▸ run make — 2 lines, 7 tokens"]),
        (call("", error=True), ["  ▸ run — 0 lines, 7 tokens: failed"]),
        # A row cuts a long result and a terminal a long title, and neither is what is counted.
        (call("x\n" * 9_000, path="p" * 90), [f"  ▸ run {'p' * 79}… — 9,001 lines, 7 tokens"]),
        # The call of a result was not seen.
        (call("one")[1:], ["  ▸ tool — 1 line, 7 tokens"]),
        # Masking changes a row, and is told once for all of them.
        (
            (*call("one"), Masked(("c1",))),
            ["  ▸ run — 1 line, 7 tokens", "  1 old tool result shown as a line each from now on"],
        ),
        (
            (COMPACTED, CompactionUndone("k1")),
            [
                "⚡ compacted up to turn 2: 9,000 → 1,000 tokens; 1 entries added, 1/1 held",
                "Compaction k1 is undone: its turns are back, and what came later stays.",
            ],
        ),
        (
            (evolve(COMPACTED, summariser="model"),),
            ["⚡ compacted up to turn 2, by a model: 9,000 → 1,000 tokens; 1 entries added, 1/1 held"],
        ),
        (
            (FileInjected("a.py", "d", "full", "x", 10, 10), FileInjected("b.py", "d", "skeleton", "x", 10, 2_000)),
            [
                "a.py is in the context, whole tokens.",
                "b.py is in the context, as a skeleton, 10 of 2,000 tokens.",
            ],
        ),
        # The line of an entry stands in the text that it came from, and neither it nor what is left is shown again.
        (
            (
                replied(1, "[DECISION]: Keep it\nDone."),
                LedgerChanged((Add(entry("m1", "Keep it", author="agent")),)),
            ),
            ["[DECISION]: Keep it", "Done."],
        ),
        # What the user has typed or is asked elsewhere stands there already.
        ((spoke(1, "Go."), ApprovalRequested(1, "c1", "run", "make", "")), []),
        ((TurnEnded(1, "cancelled"),), ["Cancelled; what came so far is kept."]),
        ((TurnEnded(1, "stopped", "Enough calls."),), ["Enough calls."]),
        ((TurnEnded(1, "done"),), []),
    ],
)
def test_a_row_of_the_page_is_drawn_when_it_is_new_or_has_changed(events: tuple[Event, ...], lines: list[str]) -> None:
    out = io.StringIO()
    screen = ChatRenderer(Out(file=out, width=120), live=False)
    screen.begin()
    screen.logged(log(STARTED, *events))
    assert out.getvalue().splitlines() == lines


def test_what_streamed_is_not_shown_again_and_its_block_ends_even_where_it_is_blank() -> None:
    out = io.StringIO()
    screen = ChatRenderer(Out(file=out, width=120), live=False)
    screen.begin()
    for text in ("One.\nTwo.", " "):
        screen.streamed(1, text)
        screen.logged(log(replied(1, text)))
    screen.logged(log(replied(1, "Three.")))
    assert [line for line in out.getvalue().splitlines() if line.strip()] == ["One.", "Two.", "Three."]


def test_a_log_that_is_read_again_counts_and_shows_nothing_twice() -> None:
    out = io.StringIO()
    screen = ChatRenderer(Out(file=out, width=120), live=False)
    billed = CallBilled("chat", "m", 10, 5, 0, 0, None)
    told = (STARTED, replied(1, "One."), billed)
    for _ in range(2):
        screen.quiet = True
        screen.logged(log(*told))
        screen.begin()
    screen.logged(log(replied(1, "Two."), billed, first=4))
    assert out.getvalue().splitlines() == [
        "Two.",
        "  call 2 · 10 in, 0 cached · 5 out · price unknown · context 0%",
    ]
