"""The commands of a chat, each a function of the talk and of what was said after its name."""

from __future__ import annotations

import asyncio

from rich.table import Table
from rich.text import Text

from throughline.cli.chat.talk import Command, Commands, Talk
from throughline.cli.permissions import listed, withdraw
from throughline.cli.reading import places
from throughline.core.events import Form
from throughline.core.ports import ArchiveFile
from throughline.core.view import Place
from throughline.session.mailbox import RefusedError
from throughline.session.preview import previewed
from throughline.session.report import PURPOSES, dollars

_PLACES: dict[Place, str] = {
    "system": "system prompt",
    "archive": "archive",
    "summary": "summary",
    "file": "files",
    "turn": "recent turns",
}
ROLES = ("engineer", "qa", "product")


def status(talk: Talk, _: str) -> None:
    """Prints where the session stands; no call is made."""
    owner = talk.owner
    session = owner.session
    view, summary = talk.do(asyncio.to_thread(lambda: (owner.view(), owner.summary())))
    factor, tools = owner.meter.factor(view), owner.meter.tools
    sizes = {"tools": tools, **{_PLACES[place]: size for place, size in view.by_place().items()}}
    parts = {name: round(size * factor) for name, size in sizes.items() if size}
    size = owner.meter.tokens(view)
    archive = parts.get("archive", 0)
    rows = [
        ("Session", f"{session.id}, {session.role}, {session.model}"),
        ("Turns", f"{len(session.turns)}"),
        ("Recent turns verbatim", f"{len(session.recent)}"),
        ("Rolling summary", f"{owner.count(summary):,} tokens" if session.through else "none yet"),
        ("Project archive", f"{archive:,} tokens" if archive else "none yet"),
        ("Context", f"{size:,} of {session.limit:,} tokens ({size / session.limit:.1%})"),
        ("  of it", ", ".join(f"{name} {tokens:,}" for name, tokens in parts.items())),
        ("Cost so far", dollars(session.bill.total)),
        *((f"  {PURPOSES[name]}", f"{dollars(line)}, {line.calls} calls") for name, line in session.bill.lines.items()),
    ]
    for label, value in rows:
        talk.screen.show(Text.assemble((f"{label}: ", "bold"), value))


def compact(talk: Talk, rest: str) -> None:
    """Compacts now, or shows what that would do."""
    if rest not in ("", "preview"):
        raise RefusedError("/compact takes nothing, or `preview`.")
    if rest:
        talk.show(previewed(talk.do(talk.owner.preview())))
    else:
        talk.do(talk.owner.compact())


def undo(talk: Talk, rest: str) -> None:
    """Undoes a compaction, the last one without a name."""
    talk.do(talk.owner.undo(rest))


def recall(talk: Talk, rest: str) -> None:
    """Finds where something was said in this session."""
    if not rest:
        raise RefusedError("/recall takes the words to look for.")
    found = talk.do(asyncio.to_thread(talk.bench.recall, rest, talk.owner.session.id, 10))
    places(talk.screen.show, found)


def summary(talk: Talk, _: str) -> None:
    """Prints the rolling summary of the ledger as it is now."""
    talk.show(talk.do(asyncio.to_thread(talk.owner.summary)))


def archive(talk: Talk, _: str) -> None:
    """Prints the project archive."""
    kept: ArchiveFile = talk.bench.kept()
    text = talk.do(asyncio.to_thread(kept.read))
    talk.show(text or "This project has no archive yet: it is written when a session ends.")


def role(talk: Talk, rest: str) -> None:
    """Shows the role, or goes on in another."""
    session = talk.owner.session
    if not rest:
        talk.screen.say(f"The role is {session.role}; there are {', '.join(ROLES)}.")
        return
    if rest not in ROLES:
        raise RefusedError(f"There is no role {rest}: there are {', '.join(ROLES)}.")
    talk.change(rest, session.model)
    talk.screen.say(f"From here on the role is {rest}.", "green")


def model(talk: Talk, rest: str) -> None:
    """Shows the model, or goes on with another."""
    session = talk.owner.session
    if not rest:
        talk.screen.say(f"The model is {session.model}, with a context of {session.limit:,} tokens.")
        return
    if len(rest.split()) > 1:
        raise RefusedError("/model takes the id of one model.")
    talk.change(session.role, rest)
    limit = talk.owner.session.limit
    talk.screen.say(f"From here on {rest} answers, with a context of {limit:,} tokens.", "green")


def skeleton(talk: Talk, rest: str) -> None:
    """Puts a file's skeleton into the context."""
    _inject(talk, rest, "skeleton")


def file(talk: Talk, rest: str) -> None:
    """Puts a whole file into the context."""
    _inject(talk, rest, "full")


def drop(talk: Talk, rest: str) -> None:
    """Takes a file out of the context."""
    talk.do(talk.owner.drop(rest))
    talk.screen.say(f"{rest} is out of the context.", "blue")


def end(talk: Talk, _: str) -> None:
    """Ends the session with distillation, and leaves."""
    talk.leave(end=True)


def leave(talk: Talk, _: str) -> None:
    """Leaves, and asks whether to end the session first."""
    with talk.screen.asking():
        sure = talk.keyboard.sure("End the session, and distil what lasts into the project archive?")
    talk.leave(end=sure)


def permissions(talk: Talk, rest: str) -> None:
    """Lists what may be done unasked in this session, or takes back what was allowed by a question."""
    kept, session = talk.bench.permissions, talk.owner.session.id
    action, _, pattern = rest.partition(" ")
    if action not in ("", "forget"):
        raise RefusedError("/permissions takes nothing, or `forget` and a pattern of the list, or `forget all`.")
    if action:
        wanted = "" if pattern.strip() == "all" else pattern.strip()
        if not pattern.strip():
            raise RefusedError("/permissions forget takes a pattern of the list, or `all`.")
        gone = talk.do(asyncio.to_thread(withdraw, kept, (wanted,), session))
        talk.screen.say(f"Taken back: {', '.join(one.pattern for one in gone) or 'nothing'}.", "green")
        return
    given = talk.do(asyncio.to_thread(kept.given))
    listed(talk.screen.show, tuple(one for one in given if one.session == session))


def help_(talk: Talk, _: str) -> None:
    """Lists the commands."""
    table = Table.grid(padding=(0, 2))
    for name, command in COMMANDS.items():
        table.add_row(Text(f"/{name} {command.takes}".strip(), style="bold"), command.does)
    talk.screen.show(table)
    talk.screen.say("`status` and `exit` need no slash. Ctrl-C stops a turn. A line that ends in \\ goes on.", "dim")


def _inject(talk: Talk, path: str, form: Form) -> None:
    if not path:
        raise RefusedError("Name a file of this project.")
    talk.do(talk.owner.inject(path, form))


COMMANDS: Commands = {
    "status": Command("", "turns, context, cost by purpose", status),
    "summary": Command("", "the rolling summary, as it is now", summary),
    "archive": Command("", "the project archive", archive),
    "recall": Command("WORDS", "where something was said in this session", recall),
    "compact": Command("[preview]", "move what has ended into the summary now, or show what that would do", compact),
    "undo": Command("[ID]", "undo the last compaction", undo),
    "skeleton": Command("PATH", "put a file's skeleton into the context", skeleton),
    "file": Command("PATH", "put a whole file into the context", file),
    "drop": Command("PATH", "take a file out of the context", drop),
    "permissions": Command("[forget PATTERN|all]", "what you allowed for this session; take it back", permissions),
    "role": Command("[NAME]", "the role, or another one from here on", role),
    "model": Command("[ID]", "the model, or another one from here on", model),
    "end": Command("", "end the session with its archive, and leave", end),
    "exit": Command("", "leave; asks whether to end the session", leave),
    "help": Command("", "this list", help_),
}
