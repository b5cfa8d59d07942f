"""The prompt of a chat in a terminal: reads lines, and asks the user whether a tool may act."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

from attrs import frozen
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderResult
from rich.text import Text

from throughline.cli.chat.loop_thread import LoopThread
from throughline.cli.chat.renderer import ChatRenderer
from throughline.domain.ports import Allow, Ask, Deny
from throughline.domain.visible_text import visible_text

_YES = frozenset({"y", "yes"})


class PromptReader:
    """Reads lines; `tty` where a person types them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.tty = sys.stdin.isatty() and console.is_terminal
        self._marks = ("", "")
        if self.tty and find_spec("readline"):
            import_module("readline")  # With it, `input` edits lines and remembers them.
            self._marks = ("\001", "\002")

    def ask(self, prompt: str, style: str = "1;36") -> str:
        """One answer. Raises EOFError where there is none any more."""
        if self.tty:
            begin, end = self._marks
            return input(f"{begin}\033[{style}m{end}{visible_text(prompt)}{begin}\033[0m{end} ")
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

    def decide(self, question: str) -> str:
        """The answer to a question that has been shown. What was typed before it is no answer to it, and is let go of.
        Raises EOFError where there is none any more.
        """
        if self.tty and sys.stdin.isatty():
            _drop_typed()
        return self.ask(question, "1;33")

    def message(self) -> str:
        """A message: lines that end in a backslash go on in the next one. Raises EOFError."""
        lines = [self.ask("you>")]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1]
            try:
                lines.append(self.ask("  …"))
            except EOFError:
                break
        return "\n".join(lines).strip()

    def sure(self, question: str) -> bool:
        """Whether the user says yes; no more input is no."""
        try:
            said = self.decide(f"{question} [y/N]").strip()
        except EOFError:
            said = ""
        if not self.tty:
            self._console.print(Text(f"{question} [y/N] {said}".rstrip()), soft_wrap=True)
        return said.lower() in _YES


def _drop_typed() -> None:
    """Lets go of what was typed and not read yet. The terminal holds all of it: `input` takes a line and no more, key
    by key, or by a read that ends with the line.
    """
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - it is there on this system alone

        while msvcrt.kbhit():
            msvcrt.getwch()
        return
    import termios  # noqa: PLC0415 - as above

    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


_ANSWERS = "y once, s for this session, n no, or say why not"
_DOES = {"read": "Read", "edit": "Change", "run": "Run"}
_MORE = ", a to see all of it"
# Lines of both ends of what a person reads before they answer.
_HEAD, _TAIL = 28, 12
# Characters of the title, where what is below it has the whole.
_TITLE = 120


@frozen
class ApprovalReply:
    """An answer: whether the tool may act, whether that holds for the session, and the reason of a no."""

    allowed: bool
    session: bool = False
    reason: str = ""


def parse_approval(said: str) -> ApprovalReply | None:
    """What the user's words mean; nothing where they have said nothing."""
    words = said.strip()
    match words.lower():
        case "":
            return None
        case "y" | "yes":
            return ApprovalReply(allowed=True)
        case "s" | "session":
            return ApprovalReply(allowed=True, session=True)
        case "n" | "no":
            return ApprovalReply(allowed=False)
        case _:
            return ApprovalReply(allowed=False, reason=words)


class TerminalApprover:
    """Asks in the terminal's thread, for work that waits in the session's. In a pipe the next line is a message and no
    answer: there the answer is no.
    """

    def __init__(self, screen: ChatRenderer, keyboard: PromptReader, backstage: LoopThread) -> None:
        self._screen = screen
        self._keyboard = keyboard
        self._backstage = backstage

    async def ask(self, ask: Ask) -> Allow | Deny:
        """The user's answer; cancelling takes the question back."""
        if not self._keyboard.tty:
            return Deny("This session runs without a terminal, so nobody can be asked.")
        answer = await self._backstage.ask(lambda: self._asked(ask))
        if answer.allowed:
            return Allow(ask.pattern if answer.session else "")
        return Deny(answer.reason)

    def _asked(self, ask: Ask) -> ApprovalReply:
        with self._screen.asking():
            show = self._screen.console.print
            for line in question(ask):
                show(line, soft_wrap=False)
            whole = len(question(ask, whole=True)) > len(question(ask))
            while True:
                try:
                    said = self._keyboard.decide(f"May it? ({_ANSWERS}{_MORE if whole else ''})")
                except EOFError:
                    return ApprovalReply(allowed=False, reason="There is nobody to ask.")
                if whole and said.strip().lower() == "a":
                    whole = False
                    for line in question(ask, whole=True):
                        show(line, soft_wrap=False)
                elif found := parse_approval(said):
                    return found


def question(ask: Ask, *, whole: bool = False) -> list[ConsoleRenderable]:
    """What the user is asked, as lines for a terminal: hidden characters are written out, and every line of what is
    about to happen stands behind a mark, where it is broken too, so that none passes for the question itself.
    """
    target, *others = visible_text(ask.target).split("\n")
    if ask.detail and len(target) > _TITLE:
        target = f"{target[:_TITLE]}…"
    several = f" … ({len(others) + 1} lines)" if others else ""
    why = f" — {visible_text(ask.why)}" if ask.why else ""
    lines = visible_text(ask.detail).split("\n") if ask.detail else []
    hidden = 0 if whole else max(0, len(lines) - _HEAD - _TAIL)
    if hidden:
        lines = [*lines[:_HEAD], "", *lines[-_TAIL:]]
    title = Text.assemble(("? ", "bold yellow"), (f"{_DOES[ask.action]} {target}{several}", "bold"), why)
    shown: list[ConsoleRenderable] = [_marked(title, "  ")]
    for at, line in enumerate(lines):
        if hidden and at == _HEAD:
            shown.append(Text(f"  │ … {hidden:,} more lines are not shown here …", style="bold yellow"))
        else:
            style = {"+": "green", "-": "red"}.get(line[:1], "dim") if ask.action == "edit" else "dim"
            shown.append(_marked(Text(line, style=style), "  │ ", first=True))
    return shown


def _marked(text: Text, mark: str, *, first: bool = False) -> ConsoleRenderable:
    """A line whose further lines, where it is too long for the terminal, begin with a mark; the first one, too."""
    return _Marked(text, mark, first)


@frozen
class _Marked:
    """The same, for the console."""

    text: Text
    mark: str
    first: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(10, options.max_width - len(self.mark))
        for at, line in enumerate(self.text.wrap(console, room, tab_size=4, overflow="fold") or [Text()]):
            yield Text.assemble(self.mark if at or self.first else "", line, overflow="fold")
