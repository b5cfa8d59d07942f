"""Slash commands of the chat in a terminal: each a function of the conversation and of what was said after its name."""

from __future__ import annotations

import asyncio

from rich.table import Table
from rich.text import Text

from throughline.cli.chat.repl import ChatCommand, ChatCommands, ChatRepl
from throughline.cli.inspect_commands import permission_lines, show_matches, withdraw_permissions
from throughline.domain.events import Form
from throughline.domain.ports import ArchiveFile
from throughline.domain.rules import rules_in_force
from throughline.domain.view import Place
from throughline.memory.archive_rules import foreign_rules
from throughline.session.actor import RefusedError
from throughline.session.report import PURPOSES, format_dollars, preview_markdown

_PLACES: dict[Place, str] = {
    "system": "system prompt",
    "archive": "archive",
    "summary": "summary",
    "file": "files",
    "turn": "recent turns",
}
ROLES = ("engineer", "qa", "product")


def show_status(talk: ChatRepl, _: str) -> None:
    """Prints where the session stands; no call is made."""
    live = talk.live
    session = live.session
    view, summary = talk.do(asyncio.to_thread(lambda: (live.view(), live.summary())))
    factor, tools = live.meter.factor(view), live.meter.tools
    sizes = {"tools": tools, **{_PLACES[place]: size for place, size in view.by_place().items()}}
    parts = {name: round(size * factor) for name, size in sizes.items() if size}
    size = live.meter.tokens(view)
    archive = parts.get("archive", 0)
    rows = [
        ("Session", f"{session.id}, {session.role}, {session.model}"),
        ("Turns", f"{len(session.turns)}"),
        ("Recent turns verbatim", f"{len(session.recent)}"),
        ("Rolling summary", f"{live.count(summary):,} tokens" if session.through else "none yet"),
        ("Project archive", f"{archive:,} tokens" if archive else "none yet"),
        ("Context", f"{size:,} of {session.limit:,} tokens ({size / session.limit:.1%})"),
        ("  of it", ", ".join(f"{name} {tokens:,}" for name, tokens in parts.items())),
        ("Cost so far", format_dollars(session.bill.total)),
        *(
            (f"  {PURPOSES[name]}", f"{format_dollars(line)}, {line.calls} calls")
            for name, line in session.bill.lines.items()
        ),
    ]
    for label, value in rows:
        talk.screen.show(Text.assemble((f"{label}: ", "bold"), value))


def compact_now(talk: ChatRepl, rest: str) -> None:
    """Compacts now, or shows what that would do."""
    if rest not in ("", "preview"):
        raise RefusedError("/compact takes nothing, or `preview`.")
    if rest:
        talk.show(preview_markdown(talk.do(talk.live.preview())))
    else:
        talk.do(talk.live.compact())


def retry_turn(talk: ChatRepl, _: str) -> None:
    """Goes on with the last turn, where that failed or was interrupted."""
    talk.turn(talk.live.retry)


def undo_last_compaction(talk: ChatRepl, rest: str) -> None:
    """Undoes a compaction, the last one without a name."""
    talk.do(talk.live.undo(rest))


def search_session(talk: ChatRepl, rest: str) -> None:
    """Finds where something was said in this session."""
    if not rest:
        raise RefusedError("/recall takes the words to look for.")
    found = talk.do(asyncio.to_thread(talk.workspace.recall, rest, talk.live.session.id, 10))
    show_matches(talk.screen.show, found)


def remember_rule(talk: ChatRepl, rest: str) -> None:
    """Lays down a rule that holds in this workspace from now on."""
    if not rest:
        raise RefusedError("/remember takes the rule, in your words.")
    name = talk.do(talk.live.ledger_commands.add("rule", rest))
    talk.screen.say(f"Remembered as {name}, {_kept(talk.live.session.ledger.entries[name].mine)}.", "green")


def show_rules(talk: ChatRepl, rest: str) -> None:
    """Lists the rules in force, or retires one, shares it or keeps it on this machine."""
    ledger = talk.live.session.ledger
    action, _, name = rest.partition(" ")
    if not rest:
        for rule in rules_in_force(ledger):
            talk.screen.show(Text.assemble((f"{rule.id} ", "bold"), f"{rule.text} ({_kept(rule.mine)})"))
        foreign = foreign_rules(talk.do(asyncio.to_thread(talk.workspace.kept().read)), _own_rules(talk))
        for number, text in enumerate(foreign, 1):
            talk.screen.show(Text.assemble((f"{number} ", "bold"), f"{text} (in the archive by somebody else)"))
        if not rules_in_force(ledger) and not foreign:
            talk.screen.say("There are no rules in force. /remember lays one down.")
        return
    hand = talk.live.ledger_commands
    match action:
        case "retire":
            talk.do(hand.delete(_rule_id(talk, name)))
            talk.screen.say("Retired.", "green")
        case "mine" | "share":
            talk.do(hand.keep_mine(_rule_id(talk, name), mine=action == "mine"))
            talk.screen.say(f"From now on it is {_kept(action == 'mine')}.", "green")
        case "accept":
            foreign = foreign_rules(talk.do(asyncio.to_thread(talk.workspace.kept().read)), _own_rules(talk))
            if not name.isdigit() or not 0 < int(name) <= len(foreign):
                raise RefusedError("/rules accept takes the number of a rule by somebody else, as /rules lists it.")
            talk.do(hand.add("rule", foreign[int(name) - 1]))
            talk.screen.say("From now on it is a rule of yours.", "green")
        case _:
            raise RefusedError("/rules takes nothing, or `retire`, `mine` or `share` and an ID, or `accept NUMBER`.")


def _rule_id(talk: ChatRepl, name: str) -> str:
    """The id of a rule in force. Raises RefusedError."""
    if all(rule.id != name for rule in rules_in_force(talk.live.session.ledger)):
        raise RefusedError(
            f"There is no rule {name} in force: /rules lists them." if name else "Name a rule by its id."
        )
    return name


def _own_rules(talk: ChatRepl) -> list[str]:
    return [entry.text for entry in talk.live.session.ledger.entries.values() if entry.kind == "rule"]


def _kept(mine: bool) -> str:
    return "on this machine only" if mine else "shared by the archive"


def show_summary(talk: ChatRepl, _: str) -> None:
    """Prints the rolling summary of the ledger as it is now."""
    talk.show(talk.do(asyncio.to_thread(talk.live.summary)))


def show_archive(talk: ChatRepl, _: str) -> None:
    """Prints the project archive."""
    kept: ArchiveFile = talk.workspace.kept()
    text = talk.do(asyncio.to_thread(kept.read))
    talk.show(text or "This project has no archive yet: it is written when a session ends.")


def change_role(talk: ChatRepl, rest: str) -> None:
    """Shows the role, or goes on in another."""
    session = talk.live.session
    if not rest:
        talk.screen.say(f"The role is {session.role}; there are {', '.join(ROLES)}.")
        return
    if rest not in ROLES:
        raise RefusedError(f"There is no role {rest}: there are {', '.join(ROLES)}.")
    talk.change(rest, session.model)
    talk.screen.say(f"From here on the role is {rest}.", "green")


def change_model(talk: ChatRepl, rest: str) -> None:
    """Shows the model, or goes on with another."""
    session = talk.live.session
    if not rest:
        talk.screen.say(f"The model is {session.model}, with a context of {session.limit:,} tokens.")
        return
    if len(rest.split()) > 1:
        raise RefusedError("/model takes the id of one model.")
    talk.change(session.role, rest)
    limit = talk.live.session.limit
    talk.screen.say(f"From here on {rest} answers, with a context of {limit:,} tokens.", "green")


def inject_skeleton(talk: ChatRepl, rest: str) -> None:
    """Puts a file's skeleton into the context."""
    _inject(talk, rest, "skeleton")


def inject_whole_file(talk: ChatRepl, rest: str) -> None:
    """Puts a whole file into the context."""
    _inject(talk, rest, "full")


def drop_file(talk: ChatRepl, rest: str) -> None:
    """Takes a file out of the context."""
    talk.do(talk.live.drop(rest))
    talk.screen.say(f"{rest} is out of the context.", "blue")


def end_and_leave(talk: ChatRepl, _: str) -> None:
    """Ends the session with distillation, and leaves."""
    talk.leave(end=True)


def leave_chat(talk: ChatRepl, _: str) -> None:
    """Leaves, and asks whether to end the session first."""
    with talk.screen.asking():
        sure = talk.keyboard.sure("End the session, and distil what lasts into the project archive?")
    talk.leave(end=sure)


def show_permissions(talk: ChatRepl, rest: str) -> None:
    """Lists what may be done unasked in this session, or takes back what was allowed by a question."""
    kept, session = talk.workspace.permissions, talk.live.session.id
    action, _, pattern = rest.partition(" ")
    if action not in ("", "forget"):
        raise RefusedError("/permissions takes nothing, or `forget` and a pattern of the list, or `forget all`.")
    if action:
        wanted = "" if pattern.strip() == "all" else pattern.strip()
        if not pattern.strip():
            raise RefusedError("/permissions forget takes a pattern of the list, or `all`.")
        gone = talk.do(asyncio.to_thread(withdraw_permissions, kept, (wanted,), session))
        talk.screen.say(f"Taken back: {', '.join(one.pattern for one in gone) or 'nothing'}.", "green")
        return
    given = talk.do(asyncio.to_thread(kept.given))
    permission_lines(talk.screen.show, tuple(one for one in given if one.session == session))


def show_help(talk: ChatRepl, _: str) -> None:
    """Lists the commands."""
    table = Table.grid(padding=(0, 2))
    for name, command in COMMANDS.items():
        table.add_row(Text(f"/{name} {command.takes}".strip(), style="bold"), command.does)
    talk.screen.show(table)
    talk.screen.say("`status` and `exit` need no slash. Ctrl-C stops a turn. A line that ends in \\ goes on.", "dim")


def _inject(talk: ChatRepl, path: str, form: Form) -> None:
    if not path:
        raise RefusedError("Name a file of this project.")
    talk.do(talk.live.inject(path, form))


COMMANDS: ChatCommands = {
    "status": ChatCommand("", "turns, context, cost by purpose", show_status),
    "summary": ChatCommand("", "the rolling summary, as it is now", show_summary),
    "remember": ChatCommand("RULE", "lay down a rule that holds in this workspace from now on", remember_rule),
    "rules": ChatCommand(
        "[retire|mine|share|accept ID]", "the rules in force; retire one, share it or keep it to yourself", show_rules
    ),
    "archive": ChatCommand("", "the project archive", show_archive),
    "recall": ChatCommand("WORDS", "where something was said in this session", search_session),
    "compact": ChatCommand(
        "[preview]", "move what has ended into the summary now, or show what that would do", compact_now
    ),
    "retry": ChatCommand("", "go on with a turn that failed, without saying it again", retry_turn),
    "undo": ChatCommand("[ID]", "undo the last compaction", undo_last_compaction),
    "skeleton": ChatCommand("PATH", "put a file's skeleton into the context", inject_skeleton),
    "file": ChatCommand("PATH", "put a whole file into the context", inject_whole_file),
    "drop": ChatCommand("PATH", "take a file out of the context", drop_file),
    "permissions": ChatCommand(
        "[forget PATTERN|all]", "what you allowed for this session; take it back", show_permissions
    ),
    "role": ChatCommand("[NAME]", "the role, or another one from here on", change_role),
    "model": ChatCommand("[ID]", "the model, or another one from here on", change_model),
    "end": ChatCommand("", "end the session with its archive, and leave", end_and_leave),
    "exit": ChatCommand("", "leave; asks whether to end the session", leave_chat),
    "help": ChatCommand("", "this list", show_help),
}
