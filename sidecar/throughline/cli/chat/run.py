"""Opens a session in the terminal: a new one, or one that is kept."""

from __future__ import annotations

import signal
import sys
from io import TextIOWrapper
from pathlib import Path

from attrs import evolve, frozen
from rich.text import Text

from throughline.cli.acting import writable
from throughline.cli.chat.approval import Approvals
from throughline.cli.chat.backstage import Backstage
from throughline.cli.chat.commands import COMMANDS, ROLES
from throughline.cli.chat.keyboard import Keyboard
from throughline.cli.chat.screen import Out, Screen
from throughline.cli.chat.talk import INTERRUPTED, Talk
from throughline.cli.parts import Bench, Parts
from throughline.compression.sentences import aim
from throughline.core.events import Origin, Replied, Spoke
from throughline.core.settings import Settings
from throughline.session.owner import Owner

# Seconds that the recorded model takes over a word in front of a person.
PACE = 0.02
_LONGEST = 200


@frozen
class Wanted:
    """What was asked for on the command line; empty where it was not."""

    project: Path
    objective: str
    role: str
    model: str
    session: str
    go_on: bool
    demo: bool
    allow: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


def run(parts: Parts, wanted: Wanted) -> int:
    """Talks until the user leaves: the exit status. Raises UserError for what cannot be opened."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    console = Out(highlight=False)
    keyboard = Keyboard(console)
    if keyboard.tty:
        # What is started in the background ignores Ctrl-C from then on; here it is the way to stop a turn.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings = evolve(
        Settings(allowed=wanted.allow, allowed_secrets=wanted.secrets), model=wanted.model or Settings().model
    )
    bench = parts.bench(wanted.project, settings, PACE if keyboard.tty else 0.0)
    screen = Screen(console, live=keyboard.tty)
    backstage = Backstage()
    bench.asks(Approvals(screen, keyboard, backstage), screen.printed)
    try:
        console.print(Text("Throughline", style="bold blue"))
        name = _kept(bench, wanted)
        first = ""
        if name:
            owner = backstage.do(bench.resume(name, screen, bench.disk))
        else:
            wanted, first = _asked(wanted, keyboard)
            owner = backstage.do(_begin(bench, wanted, screen))
        talk = Talk(bench, owner, screen, keyboard, backstage, COMMANDS)
        try:
            screen.begin()
            _greet(talk, resumed=bool(name))
            _settle(talk, wanted)
            return talk.run(first)
        finally:
            backstage.do(talk.owner.close())
    except EOFError:
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        backstage.close()


def _kept(bench: Bench, wanted: Wanted) -> str:
    """The id of the session to go on with, or nothing where a new one is wanted. Raises RefusedError."""
    return writable(bench.sessions(), wanted.session) if wanted.session or wanted.go_on else ""


def _asked(wanted: Wanted, keyboard: Keyboard) -> tuple[Wanted, str]:
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


async def _begin(bench: Bench, wanted: Wanted, screen: Screen) -> Owner:
    if wanted.demo:
        return await bench.demo(screen, bench.disk)
    origin: Origin = "live" if bench.keyed() else "demo"
    return await bench.begin(wanted.objective, wanted.role or "engineer", origin, screen, bench.disk)


def _greet(talk: Talk, *, resumed: bool) -> None:
    """Says what is open, and who answers."""
    session, say = talk.owner.session, talk.screen.say
    for line in talk.bench.news:
        say(line, "yellow")
    begun = "goes on" if resumed else "started"
    say(f"Session {session.id} {begun}: {session.objective or 'no objective stated'}", "bold")
    if resumed and session.turns:
        last = session.turns[-1]
        say(f"{len(session.turns)} turns so far; the last one:", "dim")
        for item in last.items:
            if isinstance(item, Spoke | Replied) and item.text.strip():
                line = " ".join(item.text.split())
                who = "you> " if isinstance(item, Spoke) else "  "
                say(who + (line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"), "dim")
    found = talk.bench.kept().read()
    say("The project archive of earlier sessions is in the context." if found else "No project archive yet.", "dim")
    if talk.owner.recorded:
        say(
            "A recording answers: no model is asked, and tokens and cost are what they would have been. Enter on an "
            "empty line says the recording's next words. For a real model set ANTHROPIC_API_KEY, here or in the "
            "project's .env, and start a new session.",
            "yellow",
        )
    else:
        say(f"{session.model} answers, in the role of {session.role}.", "dim")
    say("`exit` leaves, `status` says where things stand, /help lists the rest.", "dim")


def _settle(talk: Talk, wanted: Wanted) -> None:
    """Gives a session that goes on the role and the model that were asked for now."""
    session = talk.owner.session
    role, model = wanted.role or session.role, wanted.model or session.model
    if (role, model) != (session.role, session.model):
        talk.change(role, model)
