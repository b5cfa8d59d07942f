"""The read-eval-print loop of a chat in a terminal: a line from the user, a turn or a command, and again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias, TypeVar

from attrs import frozen
from rich.console import ConsoleRenderable
from rich.text import Text

from throughline.app.workspace import WorkspaceService
from throughline.cli.chat.loop_thread import LoopThread
from throughline.cli.chat.prompt import PromptReader
from throughline.cli.chat.renderer import ChatRenderer
from throughline.cli.output import markdown
from throughline.cli.session_commands import colored, waits
from throughline.domain.errors import UserError
from throughline.domain.events import RoleAndModelChanged
from throughline.session.live_session import LiveSession
from throughline.session.report import session_report
from throughline.session.turn_runner import sendable

T = TypeVar("T")

# As a shell has it for a program that Ctrl-C ended.
INTERRUPTED = 130
_ENTER = "Enter says: "


class ChatRepl:
    """One session, open in a terminal. All but `run` is for its commands."""

    def __init__(
        self, workspace: WorkspaceService, live: LiveSession, screen: ChatRenderer, keyboard: PromptReader,
        backstage: LoopThread, commands: Mapping[str, ChatCommand],
    ) -> None:  # fmt: skip
        self.workspace = workspace
        self.live = live
        self.screen = screen
        self.keyboard = keyboard
        self.commands = commands
        self._backstage = backstage
        self._over = False
        self._suggested = ""

    def run(self, first: str = "") -> int:
        """Talks until the user leaves: the exit status. `first` has been said already."""
        warned = False
        while not self._over and not self.screen.console.gone:
            try:
                said, first = first or self._listen(), ""
                if not self.keyboard.tty:
                    # So that what is printed reads as the session went.
                    self.screen.say(f"you> {said}", "bold cyan")
                warned = False
                if said:
                    self._answer(said)
            except EOFError:
                if self.keyboard.tty:
                    self.screen.say("")
                self._say_kept()
                break
            except KeyboardInterrupt:
                if self.keyboard.tty:
                    self.screen.say("")
                if warned or self._over:
                    self._say_kept()
                    return INTERRUPTED
                warned = True
                self.screen.say("Ctrl-C again leaves; the session is kept.", "yellow")
        # Whoever reads a pipe's output looks at the status; a person has seen what went wrong.
        missed = self.screen.failed or self.screen.console.gone
        return 1 if missed and not self.keyboard.tty else 0

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Has the session do something, and shows that it goes on."""
        with self.screen.working():
            return self._backstage.do(work)

    def show(self, text: str) -> None:
        """Prints Markdown: rendered for a person, as it is for a program."""
        shown: ConsoleRenderable = markdown(text) if self.keyboard.tty else Text(text.strip())
        self.screen.show(shown)

    def leave(self, *, end: bool) -> None:
        """Stops talking, after the session has been ended where that is wanted, and reports."""
        if end:
            self.screen.say("Distilling the session into the project archive…", "bold")
            self.do(self.live.end())
            self._settle()
        self.show(session_report(self.live.session))
        if end and self.live.session.proposed is not None:
            self.screen.say(waits(self.live.session), "yellow")
        elif end:
            # A path that is wrapped cannot be copied.
            self.screen.console.print(Text(f"Archive: {self.workspace.archive}"), soft_wrap=True)
        else:
            self._say_kept()
        self._over = True

    def _settle(self) -> None:
        """Shows what ending would change in the archive, and writes it where that is wanted."""
        if self.live.session.proposed is None:
            return
        change = self.do(self.live.archive.change())
        for row in colored(change.difference):
            self.screen.console.print(row, soft_wrap=True)
        with self.screen.asking():
            sure = self.keyboard.sure("Write this change into the project archive?")
        if sure:
            self.do(self.live.archive.accept())

    def _say_kept(self) -> None:
        self.screen.say(f"The session is kept: throughline chat --session {self.live.session.id}", "dim")

    def change(self, role: str, model: str) -> None:
        """Goes on in another role or with another model, from the next call on."""
        live = self.live
        self.do(live.record(RoleAndModelChanged(role, model, self.workspace.window(model))))
        self.screen.quiet = True
        try:
            self.live = self.do(self._again(live))
        finally:
            self.screen.begin()

    async def _again(self, live: LiveSession) -> LiveSession:
        await live.close()
        return await self.workspace.resume(live.session.id, self.screen, self.workspace.disk)

    def _listen(self) -> str:
        """The user's next words; on an empty line a recording's next ones."""
        suggestion = self.live.suggestion() if self.live.recorded else ""
        if suggestion and self.keyboard.tty and suggestion != self._suggested:
            line = " ".join(suggestion.split())
            room = max(20, self.screen.console.width - len(_ENTER) - 1)
            self.screen.say(_ENTER + (line if len(line) <= room else f"{line[: room - 1]}…"), "dim italic")
        self._suggested = suggestion
        warned = self._warn()
        with self.screen.asking():
            said = self.keyboard.message()
        if said and not said.startswith("/") and not warned:
            # The cache may have expired while the message was being written.
            self._warn()
        if not said and suggestion:
            if self.keyboard.tty:
                self.screen.say(suggestion, "cyan")
            return suggestion
        return said

    def _warn(self) -> bool:
        """Says that the next message is an expensive one, where it is."""
        warning = self.live.warning()
        if warning:
            self.screen.say(warning, "yellow")
        return bool(warning)

    def _answer(self, said: str) -> None:
        name, _, rest = said.partition(" ")
        bare = {"status": "/status", "exit": "/exit", "quit": "/exit"}
        name = bare.get(said.lower(), name)
        try:
            if not name.startswith("/"):
                text = sendable(said)
                self.turn(lambda: self.live.send(text))
            elif command := self.commands.get(name[1:]):
                command.act(self, rest.strip())
            else:
                self.screen.refuse(f"There is no command {name}: /help lists them.")
        except UserError as error:
            self.screen.refuse(str(error))

    def turn(self, begin: Callable[[], Coroutine[Any, Any, int]]) -> None:
        """One turn; Ctrl-C cancels it, and once more while it is being cancelled leaves."""

        async def play() -> None:
            await begin()
            await self.live.idle()

        with self.screen.working():
            try:
                self._backstage.do(play())
            except KeyboardInterrupt:
                try:
                    self._backstage.do(self.live.cancel())
                except KeyboardInterrupt:
                    self._over = True
                    raise


@frozen
class ChatCommand:
    """A command: what it takes, what it does, in a few words, and how."""

    takes: str
    does: str
    act: Callable[[ChatRepl, str], None]


ChatCommands: TypeAlias = Mapping[str, ChatCommand]
