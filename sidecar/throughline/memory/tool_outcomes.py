"""What came of a tool's call: the command that it ran, the files that it changed. Told by evidence where code saw it
happen, else by arguments and result, as recordings of other tools show them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen

from throughline.domain.events import Evidence, ToolCalled, ToolReturned
from throughline.domain.session import Turn
from throughline.domain.user_replies import unrun
from throughline.memory.commands import changes_files, never_ran, only_looks, runs_commands


@frozen
class ToolOutcome:
    """A call that ran to its end."""

    changed: tuple[str, ...] = ()
    """The paths of the files that it wrote or edited."""
    command: str = ""
    """The command line that it ran, as it was given."""
    failed: bool = False
    """Whether the call failed: for a command, whether its status was not 0."""
    output: str = ""
    """What it gave back."""
    failing: tuple[str, ...] = ()
    """Names of the tests that failed, where code has read them out of the output."""
    commits: tuple[str, ...] = ()
    """The commits that it made, as git names them."""


# SpecStory shows a call and its output as one block: the tool's name, the command, and the output in a fence.
_BLOCK = re.compile(r"<tool-use[\s>]|<details>|Tool use: \*\*")
_SHOWN = re.compile(
    r"^ ?`(?P<line>[^`\n][^\n]*)`[ \t]*$|^```(?:bash|sh|shell|zsh)\n(?P<lines>.*?)^```\s*$", re.MULTILINE | re.DOTALL
)
_OUTPUT = re.compile(r"^```(?:text)?\n(?P<text>.*?)(?:^```\s*$|\Z)", re.MULTILINE | re.DOTALL)
_STATUS = re.compile(r"\s*(?:Exit code|Process exited with code|Exit status):? (?P<status>\d+)", re.IGNORECASE)
_WROTE = re.compile(
    r"(?:The file|File) (?:created successfully at: )?(?P<path>\S[^\n]*?)"
    r"(?: has been (?:updated|created|modified)| \(file state|\s*$)"
)
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (?P<path>.+)$|^\*\*\* Move to: (?P<to>.+)$", re.MULTILINE)
_PATHS = (
    "file_path", "path", "filePath", "filename", "file", "absolute_path", "notebook_path", "target_file",
    "relative_path",
)  # fmt: skip
_COMMANDS = ("command", "cmd", "script", "commandLine")


def tool_outcomes(turn: Turn) -> Iterator[ToolOutcome]:
    """What came of a turn's calls, in the order in which they came back; nothing of those that never ran."""
    calls = {item.id: item for item in turn.items if isinstance(item, ToolCalled)}
    for item in turn.items:
        if isinstance(item, ToolReturned) and item.id in calls:
            made = _outcome(calls[item.id], item)
            if made:
                yield made


def _outcome(call: ToolCalled, result: ToolReturned) -> ToolOutcome | None:
    proof = result.evidence
    if proof is not None:
        return _by_evidence(call, result, proof)
    if _BLOCK.match(result.text):
        return _by_block(call, result.text)
    if never_ran(result.text) or (result.error and unrun(result.text)):
        return None
    command = _command(call)
    if command:
        status = _STATUS.match(result.text)
        failed = result.error or bool(status and int(status["status"]))
        output = result.text[status.end() :] if status else result.text
        return ToolOutcome(tuple(_patched(command)) if not failed else (), command, failed, output)
    if changes_files(call.tool) and not result.error and not only_looks(str(call.args.get("command", ""))):
        return ToolOutcome(_named(call.args), output=result.text)
    return None


def _by_evidence(call: ToolCalled, result: ToolReturned, proof: Evidence) -> ToolOutcome | None:
    """By what code saw; a command without a status was stopped."""
    if proof.command and proof.status is None:
        return None
    changed = () if result.error else proof.changed
    command = (_command(call) or proof.command) if proof.command else ""
    failed = bool(proof.status) if proof.command else result.error
    return ToolOutcome(changed, command, failed, result.text, proof.failing, proof.commits)


def _by_block(call: ToolCalled, block: str) -> ToolOutcome | None:
    shown = _SHOWN.search(block)
    fences = [found["text"] for found in _OUTPUT.finditer(block, shown.end() if shown else 0)]
    output = fences[-1] if fences else ""
    if never_ran(output):
        return None
    status = _STATUS.match(output)
    failed = bool(status and int(status["status"]))
    if runs_commands(call.tool):
        if not shown or not fences:
            return None
        return ToolOutcome(
            (), shown["line"] or shown["lines"].strip(), failed, output[status.end() :] if status else output
        )
    wrote = _WROTE.match(output) if changes_files(call.tool) else None
    return ToolOutcome((wrote["path"].strip(),), output=output) if wrote else None


def _command(call: ToolCalled) -> str:
    """The command line of a call that runs one. A shell that is called by a list runs the last of its words."""
    if not runs_commands(call.tool):
        return ""
    given = next((call.args[name] for name in _COMMANDS if call.args.get(name)), "")
    if isinstance(given, Sequence) and not isinstance(given, str):
        words = [word for word in given if isinstance(word, str)]
        given = words[-1] if len(words) > 2 and words[1].startswith("-") else " ".join(words)
    return given.strip() if isinstance(given, str) else ""


def _named(args: dict[str, Any]) -> tuple[str, ...]:
    """The files that a call's arguments name."""
    named = next((value for name in _PATHS if isinstance(value := args.get(name), str) and value.strip()), "")
    if named:
        return (named.strip(),)
    texts = (value for value in args.values() if isinstance(value, str))
    return tuple(dict.fromkeys(path for text in texts for path in _patched(text)))


def _patched(text: str) -> Iterator[str]:
    """The files that a patch in a text changes."""
    if "*** " in text:
        for found in _PATCHED.finditer(text):
            yield (found["path"] or found["to"]).strip()
