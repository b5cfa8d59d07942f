"""Evidence of a turn: what code saw happen, without a word of anybody's: files changed, commands and how they ended."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from throughline.domain.events import ToolCalled, ToolReturned
from throughline.domain.ledger import Add, Entry, Ledger, Operation, Resolve
from throughline.domain.session import Turn
from throughline.domain.user_replies import unrun
from throughline.memory.cues import heard
from throughline.memory.text import ERROR, clip

_CHANGES = heard("changes", r"(?:{})")
# The characters of a command and of the line that says how it failed.
_COMMAND, _FAILURE = 80, 120


@frozen
class CommandRun:
    """A command that ran to its end, and how it ended."""

    command: str
    """The command on one line, as it was given."""
    failed: bool
    """Whether its status was not 0."""
    failure: str = ""
    """The line of its output that says most of why it failed."""


@frozen
class TurnEvidence:
    """What was done in one turn."""

    changed: tuple[str, ...] = ()
    """Paths of the files that the agent wrote or edited, in the order of their first change."""
    commands: tuple[CommandRun, ...] = ()
    """The last run of each command, in the order of their first run."""
    commits: tuple[str, ...] = ()
    """The commits that were made, as git names them."""


def turn_evidence(turn: Turn) -> TurnEvidence:
    """The evidence of a turn. A call that failed changed nothing, and one that never ran proves nothing."""
    calls = {item.id: item for item in turn.items if isinstance(item, ToolCalled)}
    changed: dict[str, None] = {}
    commands: dict[str, CommandRun] = {}
    commits: dict[str, None] = {}
    for item in turn.items:
        if not isinstance(item, ToolReturned) or item.id not in calls:
            continue
        call = calls[item.id]
        proof = item.evidence
        if proof is not None:
            commits.update(dict.fromkeys(proof.commits))
        if not item.error:
            if proof is not None:
                changed.update(dict.fromkeys(map(_line, proof.changed)))
            elif call.path and _CHANGES.search(call.tool):
                changed[_line(call.path)] = None
        command = call.args.get("command")
        stopped = proof is not None and bool(proof.command) and proof.status is None
        if isinstance(command, str) and command.strip() and not stopped and not (item.error and unrun(item.text)):
            line = _line(command)
            commands[line] = CommandRun(line, item.error, _failure(item.text) if item.error else "")
    return TurnEvidence(tuple(changed), tuple(commands.values()), tuple(commits))


def evidence_operations(turns: Sequence[Turn], ledger: Ledger) -> tuple[Operation, ...]:
    """Operations that enter failing commands as issues, and resolve those that pass by now."""
    made: list[Operation] = []
    open_issues = {
        entry.subject: entry.id
        for entry in ledger.live()
        if entry.kind == "issue" and entry.author == "code" and entry.subject
    }
    taken = set(ledger.entries)
    for turn in turns:
        for run in turn_evidence(turn).commands:
            if not run.failed and run.command in open_issues:
                name = open_issues.pop(run.command)
                made.append(Resolve(name, f"passes since turn {turn.number}", "code"))
            elif run.failed and run.command not in open_issues:
                number = next(n for n in range(1, len(taken) + 2) if f"e{turn.number}.{n}" not in taken)
                name = f"e{turn.number}.{number}"
                taken.add(name)
                open_issues[run.command] = name
                text = f"`{clip(run.command, _COMMAND)}` fails: {clip(run.failure, _FAILURE)}"
                made.append(Add(Entry(name, "issue", text, "code", (turn.number,), subject=run.command)))
    resolved = {one.id for one in made if isinstance(one, Resolve)}
    entered = {one.entry.id for one in made if isinstance(one, Add)}
    # What failed and was mended within these turns leaves no trace.
    gone = resolved & entered
    return tuple(one for one in made if (one.entry.id if isinstance(one, Add) else getattr(one, "id", "")) not in gone)


def _failure(text: str) -> str:
    """The line of a failed command's output that says most: the last one that speaks of an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if ERROR.search(line)]
    return (telling or lines or ["no output"])[-1]


def _line(text: str) -> str:
    return " ".join(text.split())
