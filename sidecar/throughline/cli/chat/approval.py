"""Asks the user whether a tool may act: yes, no, for this session, or no with a reason that the model reads."""

from __future__ import annotations

from attrs import frozen
from rich.text import Text

from throughline.cli.chat.backstage import Backstage
from throughline.cli.chat.keyboard import Keyboard
from throughline.cli.chat.screen import Screen
from throughline.core.acting import Allow, Ask, Deny

_ANSWERS = "y once, s for this session, n no, or say why not"
_DOES = {"read": "Read", "edit": "Change", "run": "Run"}
# What a person reads before they answer: more of a change than this is in its file.
_SHOWN = 40


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
        title = f"{_DOES[ask.action]} {ask.target}"
        answer = await self._backstage.ask(lambda: self._asked(title, ask.detail, ask.why))
        if answer.allowed:
            return Allow(ask.pattern if answer.session else "")
        return Deny(answer.reason)

    def _asked(self, title: str, detail: str, why: str) -> Verdict:
        with self._screen.asking():
            console = self._screen.console
            console.print(Text.assemble(("? ", "bold yellow"), (title, "bold"), f" — {why}" if why else ""))
            lines = detail.splitlines()
            for line in lines[:_SHOWN]:
                style = {"+": "green", "-": "red"}.get(line[:1], "dim")
                console.print(Text(f"  {line}", style=style), soft_wrap=True)
            if len(lines) > _SHOWN:
                console.print(Text(f"  … {len(lines) - _SHOWN} more lines", style="dim"))
            while True:
                try:
                    said = self._keyboard.ask(f"May it? ({_ANSWERS})", "1;33")
                except EOFError:
                    return Verdict(allowed=False, reason="There is nobody to ask.")
                if found := verdict(said):
                    return found
