"""The `throughline chat` command: opens a session in the terminal, a new one or one that is kept."""

from __future__ import annotations

import signal
import sys
from io import TextIOWrapper
from pathlib import Path

from attrs import evolve, field, frozen
from rich.text import Text

from throughline.app.container import Container
from throughline.app.workspace import WorkspaceService
from throughline.cli.chat.chat_commands import COMMANDS, ROLES
from throughline.cli.chat.loop_thread import LoopThread
from throughline.cli.chat.prompt import PromptReader, TerminalApprover
from throughline.cli.chat.renderer import ChatRenderer, Out
from throughline.cli.chat.repl import INTERRUPTED, ChatRepl
from throughline.cli.session_commands import writable_session
from throughline.domain.events import AssistantMessage, Origin, UserMessage
from throughline.domain.settings import Settings
from throughline.memory.text import aim
from throughline.session.live_session import LiveSession

# Seconds that the recorded model takes over a word in front of a person.
PACE = 0.02
_LONGEST = 200


@frozen
class ChatOptions:
    """What was asked for on the command line; empty where it was not. `settings` are those that have an option."""

    project: Path
    objective: str
    role: str
    model: str
    session: str
    go_on: bool
    demo: bool
    settings: Settings = field(factory=Settings)


def run_chat(container: Container, wanted: ChatOptions) -> int:
    """Talks until the user leaves: the exit status. Raises UserError for what cannot be opened."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    console = Out(highlight=False)
    keyboard = PromptReader(console)
    if keyboard.tty:
        # What is started in the background ignores Ctrl-C from then on; here it is the way to stop a turn.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings = evolve(wanted.settings, model=wanted.model or wanted.settings.model)
    workspace = container.workspace(wanted.project, settings, PACE if keyboard.tty else 0.0)
    screen = ChatRenderer(console, live=keyboard.tty)
    backstage = LoopThread()
    workspace.asks(TerminalApprover(screen, keyboard, backstage), screen.printed)
    try:
        console.print(Text("Throughline", style="bold blue"))
        name = _kept(workspace, wanted)
        first = ""
        if name:
            live = backstage.do(workspace.resume(name, screen, workspace.disk))
        else:
            wanted, first = _asked(wanted, keyboard)
            live = backstage.do(_begin(workspace, wanted, screen))
        talk = ChatRepl(workspace, live, screen, keyboard, backstage, COMMANDS)
        try:
            screen.begin()
            _greet(talk, resumed=bool(name))
            _settle(talk, wanted)
            return talk.run(first)
        finally:
            backstage.do(talk.live.close())
    except EOFError:
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        backstage.close()


def _kept(workspace: WorkspaceService, wanted: ChatOptions) -> str:
    """The id of the session to go on with, or nothing where a new one is wanted. Raises RefusedError."""
    return writable_session(workspace.sessions(), wanted.session) if wanted.session or wanted.go_on else ""


def _asked(wanted: ChatOptions, keyboard: PromptReader) -> tuple[ChatOptions, str]:
    """What a new session needs to know, asked of a person; a pipe's first line is the first message and the aim."""
    if not keyboard.tty:
        if wanted.objective or wanted.demo:
            return wanted, ""
        first = keyboard.message()
        return evolve(wanted, objective=aim(first)), first
    if not wanted.objective and not wanted.demo:
        wanted = evolve(wanted, objective=keyboard.ask("Objective:").strip())
    while not wanted.role and not wanted.demo:
        said = keyboard.ask(f"Role ({', '.join(ROLES)}) [engineer]:").strip() or "engineer"
        wanted = evolve(wanted, role=said if said in ROLES else "")
    return wanted, ""


async def _begin(workspace: WorkspaceService, wanted: ChatOptions, screen: ChatRenderer) -> LiveSession:
    if wanted.demo:
        return await workspace.demo(screen, workspace.disk)
    origin: Origin = "live" if workspace.keyed() else "demo"
    return await workspace.begin(wanted.objective, wanted.role or "engineer", origin, screen, workspace.disk)


def _greet(talk: ChatRepl, *, resumed: bool) -> None:
    """Says what is open, and who answers."""
    session, say = talk.live.session, talk.screen.say
    for line in talk.workspace.news:
        say(line, "yellow")
    begun = "goes on" if resumed else "started"
    say(f"Session {session.id} {begun}: {session.objective or 'no objective stated'}", "bold")
    if resumed and session.turns:
        last = session.turns[-1]
        say(f"{len(session.turns)} turns so far; the last one:", "dim")
        for item in last.items:
            if isinstance(item, UserMessage | AssistantMessage) and item.text.strip():
                line = " ".join(item.text.split())
                who = "you> " if isinstance(item, UserMessage) else "  "
                say(who + (line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"), "dim")
    if talk.live.session.retryable:
        say("Its last turn broke off before its end: /retry goes on with it.", "yellow")
    found = talk.workspace.kept().read()
    say("The project archive of earlier sessions is in the context." if found else "No project archive yet.", "dim")
    if talk.live.recorded:
        say(
            "A recording answers: no model is asked, and tokens and cost are what they would have been. Enter on an "
            "empty line says the recording's next words. For a real model set ANTHROPIC_API_KEY, here or in the "
            "project's .env, and start a new session.",
            "yellow",
        )
    else:
        say(f"{session.model} answers, in the role of {session.role}.", "dim")
    say("`exit` leaves, `status` says where things stand, /help lists the rest.", "dim")


def _settle(talk: ChatRepl, wanted: ChatOptions) -> None:
    """Gives a session that goes on the role and the model that were asked for now."""
    session = talk.live.session
    role, model = wanted.role or session.role, wanted.model or session.model
    if (role, model) != (session.role, session.model):
        talk.change(role, model)
