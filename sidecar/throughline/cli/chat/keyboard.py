"""What the user says, from a terminal or from a pipe."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

from rich.console import Console
from rich.text import Text

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
            return input(f"{begin}\033[{style}m{end}{prompt}{begin}\033[0m{end} ")
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

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
            said = self.ask(f"{question} [y/N]", "1;33").strip()
        except EOFError:
            said = ""
        if not self.tty:
            self._console.print(Text(f"{question} [y/N] {said}".rstrip()), soft_wrap=True)
        return said.lower() in _YES
