"""Asks the user whether a tool may act: yes, no, for this session, or no with a reason that the model reads."""

from __future__ import annotations

from attrs import frozen
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderResult
from rich.text import Text

from throughline.cli.chat.backstage import Backstage
from throughline.cli.chat.keyboard import Keyboard
from throughline.cli.chat.screen import Screen
from throughline.core.acting import Allow, Ask, Deny
from throughline.core.visibility import visible

_ANSWERS = "y once, s for this session, n no, or say why not"
_DOES = {"read": "Read", "edit": "Change", "run": "Run"}
_MORE = ", a to see all of it"
# Lines of both ends of what a person reads before they answer.
_HEAD, _TAIL = 28, 12
# Characters of the title, where what is below it has the whole.
_TITLE = 120


@frozen
class Verdict:
    """An answer: whether the tool may act, whether that holds for the session, and the reason of a no."""

    allowed: bool
    session: bool = False
    reason: str = ""


def verdict(said: str) -> Verdict | None:
    """What the user's words mean; nothing where they have said nothing."""
    words = said.strip()
    match words.lower():
        case "":
            return None
        case "y" | "yes":
            return Verdict(allowed=True)
        case "s" | "session":
            return Verdict(allowed=True, session=True)
        case "n" | "no":
            return Verdict(allowed=False)
        case _:
            return Verdict(allowed=False, reason=words)


class Approvals:
    """Asks in the terminal's thread, for work that waits in the session's. In a pipe the next line is a message and no
    answer: there the answer is no.
    """

    def __init__(self, screen: Screen, keyboard: Keyboard, backstage: Backstage) -> None:
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

    def _asked(self, ask: Ask) -> Verdict:
        with self._screen.asking():
            show = self._screen.console.print
            for line in question(ask):
                show(line, soft_wrap=False)
            whole = len(question(ask, whole=True)) > len(question(ask))
            while True:
                try:
                    said = self._keyboard.decide(f"May it? ({_ANSWERS}{_MORE if whole else ''})")
                except EOFError:
                    return Verdict(allowed=False, reason="There is nobody to ask.")
                if whole and said.strip().lower() == "a":
                    whole = False
                    for line in question(ask, whole=True):
                        show(line, soft_wrap=False)
                elif found := verdict(said):
                    return found


def question(ask: Ask, *, whole: bool = False) -> list[ConsoleRenderable]:
    """What the user is asked, as lines for a terminal: hidden characters are written out, and every line of what is
    about to happen stands behind a mark, where it is broken too, so that none passes for the question itself.
    """
    target, *others = visible(ask.target).split("\n")
    if ask.detail and len(target) > _TITLE:
        target = f"{target[:_TITLE]}…"
    several = f" … ({len(others) + 1} lines)" if others else ""
    why = f" — {visible(ask.why)}" if ask.why else ""
    lines = visible(ask.detail).split("\n") if ask.detail else []
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
