"""The terminal's thread and the session's: who waits, who asks, and what an answer means."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from throughline.cli.chat.loop_thread import LoopThread
from throughline.cli.chat.prompt import ApprovalReply, PromptReader, TerminalApprover, parse_approval
from throughline.cli.chat.renderer import ChatRenderer, Out
from throughline.domain.events import CallBilled, Notice, Thought, TurnEnded
from throughline.domain.ports import Allow, Ask, Deny
from unit.event_logs import STARTED, log


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
        screen.logged(log(STARTED, known, unknown, failed))
    assert out.getvalue().splitlines() == [
        "  call 1 · 20,000 in, 18,000 cached · 50 out · $0.0123 · context 10%",
        "  summarising, cheap · 10 in, 0 cached · 5 out · price unknown",
        "The model failed.",
        "  turn 1 · 2 calls · $0.0123",
    ]
    assert screen.failed
