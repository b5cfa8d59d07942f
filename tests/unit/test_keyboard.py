"""What was typed before a question is no answer to it: asked in a real terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

if sys.platform == "win32":
    pytest.skip("a pseudo terminal is POSIX's", allow_module_level=True)

# Waits until it is told to ask, on a pipe of its own, and says what it has taken for the answer.
ASKING = """
import os, sys
from throughline.cli.chat.prompt import PromptReader
from throughline.cli.output import SafeConsole

keyboard = PromptReader(SafeConsole())
for step in os.fdopen(int(sys.argv[1])):
    match step.strip():
        case "message":
            print("message:", repr(keyboard.message()), flush=True)
        case "decide":
            print("decided:", repr(keyboard.decide("May it?")), flush=True)
        case "sure":
            print("sure:", keyboard.sure("End it?"), flush=True)
"""


class Terminal:
    """A program in a terminal, what it has printed, and the pipe that tells it to go on."""

    def __init__(self) -> None:
        import pty  # noqa: PLC0415 - it is not there on every system

        self.master, slave = pty.openpty()
        steps, self._go = os.pipe()
        environment = {**os.environ, "TERM": "xterm", "INPUTRC": os.devnull}
        self._program = subprocess.Popen(
            [sys.executable, "-c", ASKING, str(steps)],
            stdin=slave, stdout=slave, stderr=slave, pass_fds=(steps,), env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        os.close(steps)
        self.seen = ""

    def go(self, step: str) -> None:
        os.write(self._go, f"{step}\n".encode())

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def until(self, text: str) -> None:
        """Reads until the program, or the terminal by its echo, has printed a text; forgets what came before."""
        while text not in self.seen:
            self.seen += os.read(self.master, 4096).decode()
        self.seen = self.seen.partition(text)[2]

    def answer(self, step: str) -> str:
        """What the program has taken for the answer to a step."""
        self.until(f"{step}: ")
        while "\r\n" not in self.seen:
            self.seen += os.read(self.master, 4096).decode()
        return self.seen.partition("\r\n")[0]

    def close(self) -> None:
        os.close(self._go)
        self._program.kill()
        self._program.wait()
        os.close(self.master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


def test_an_answer_that_was_typed_before_the_question_is_let_go_of(terminal: Terminal) -> None:
    terminal.type("y\n")
    terminal.until("y\r\n")  # The terminal holds it now.
    terminal.go("decide")
    terminal.until("May it?")
    terminal.type("n\n")
    assert terminal.answer("decided") == "'n'"


def test_so_is_the_tail_of_what_was_pasted_as_a_message(terminal: Terminal) -> None:
    terminal.go("message")
    terminal.until("you>")
    terminal.type("hello\ny\ny\n")
    assert terminal.answer("message") == "'hello'"
    terminal.go("decide")
    terminal.until("May it?")
    terminal.type("why not\n")
    assert terminal.answer("decided") == "'why not'"


def test_so_is_a_yes_to_the_end_of_a_session(terminal: Terminal) -> None:
    terminal.type("y\n")
    terminal.until("y\r\n")
    terminal.go("sure")
    terminal.until("[y/N]")
    terminal.type("\n")
    assert terminal.answer("sure") == "False"


def test_a_message_may_be_typed_ahead(terminal: Terminal) -> None:
    terminal.type("next\n")
    terminal.until("next\r\n")
    terminal.go("message")
    assert terminal.answer("message") == "'next'"
