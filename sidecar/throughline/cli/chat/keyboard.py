"""What the user says, from a terminal or from a pipe."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

from rich.console import Console
from rich.text import Text

from throughline.core.visibility import visible

_YES = frozenset({"y", "yes"})


class Keyboard:
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
            return input(f"{begin}\033[{style}m{end}{visible(prompt)}{begin}\033[0m{end} ")
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
