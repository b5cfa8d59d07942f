"""Evidence of turns: what code saw happen, without a word of anybody's: files changed, checks and how they ended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import count

from attrs import frozen

from throughline.domain.events import AssistantMessage, ToolCalled
from throughline.domain.ledger import Add, Entry, Ledger, Operation, Resolve
from throughline.domain.session import Turn
from throughline.memory.commands import (
    ANY,
    CHECKS,
    CheckCommand,
    CheckKind,
    Outcome,
    Scope,
    changing,
    checks,
    commits_made,
    covers,
    failing_tests,
    outcome,
    red_lines,
)
from throughline.memory.text import ERROR, clip
from throughline.memory.tool_outcomes import ToolOutcome, tool_outcomes

# The characters of a command and of the line that says how it failed.
COMMAND, _FAILURE = 80, 120
# Names of failing tests that an issue tells.
_NAMES = 3


@frozen
class CheckRun:
    """A check that ran, and how it ended."""

    check: CheckCommand
    """What was checked."""
    outcome: Outcome
    """How it ended; `ran` where nothing tells."""
    line: str
    """The whole command line, on one line."""
    failing: tuple[str, ...] = ()
    """Names of the tests that failed, as far as the output names them."""
    failure: str = ""
    """The line of the output that says most of why it failed."""


@frozen
class TurnEvidence:
    """What was done in one turn."""

    changed: tuple[str, ...] = ()
    """Paths of the files that the agent wrote or edited, in the order of their first change."""
    checks: tuple[CheckRun, ...] = ()
    """Every run of a check, in order."""
    changing: tuple[str, ...] = ()
    """Commands that changed something and came off, such as a push or a merge, each once."""
    commits: tuple[str, ...] = ()
    """The commits that were made, as git names them."""

    @property
    def last_checks(self) -> tuple[CheckRun, ...]:
        """The last run of each kind of check that says how it ended."""
        ended = [run for run in self.checks if run.outcome != "ran"]
        last = {run.check.kind: run for run in ended}
        return tuple(last[kind] for kind in CHECKS if kind in last)


def turn_evidence(turn: Turn, root: str = "") -> TurnEvidence:
    """The evidence of a turn, paths relative to the `root` where they lie in it. A call that failed changed nothing,
    and one that never ran proves nothing.
    """
    changed: dict[str, None] = {}
    runs: list[CheckRun] = []
    done: dict[str, None] = {}
    commits: dict[str, None] = {}
    for one in tool_outcomes(turn):
        changed.update(dict.fromkeys(relative(_line(path), root) for path in one.changed))
        commits.update(dict.fromkeys(one.commits or (commits_made(one.output) if one.command else ())))
        runs += _runs(one)
        if one.command and not one.failed:
            done.update(dict.fromkeys(changing(one.command)))
    # What lies elsewhere, such as a plan or a scratch file, comes last.
    inside = sorted(changed, key=lambda path: bool(root) and path.startswith(("/", "~")))
    return TurnEvidence(tuple(inside), tuple(runs), tuple(done), tuple(commits))


def _runs(one: ToolOutcome) -> Iterator[CheckRun]:
    found = checks(one.command) if one.command else ()
    for place, check in enumerate(found, 1):
        ended = outcome(check, failed=one.failed, last=place == len(found), output=one.output)
        red = ended == "failed"
        yield CheckRun(
            check,
            ended,
            _line(one.command),
            (one.failing or failing_tests(one.output)) if red else (),
            _failure(one.output) if red else "",
        )


def relative(path: str, root: str) -> str:
    """A path as it lies in the root, or as it is where it lies elsewhere."""
    return path[len(root) :].lstrip("/\\") or path if root and path.startswith(root) else path


# Files of the agent's own, and scratch: they do not lie in the project.
_ELSEWHERE = re.compile(r"/\.(?:claude|codex|cursor|gemini|config|cache)/|^/(?:tmp|var|private|dev|etc)/")


def project_root(turns: Sequence[Turn]) -> str:
    """The directory in which most of the files lie that calls named by absolute paths, with its slash: of those that
    hold them the one under which the agent also speaks of them by relative paths. Nothing where paths are relative.
    """
    named = (item.path for turn in turns for item in turn.items if isinstance(item, ToolCalled))
    shown = (path for turn in turns for one in tool_outcomes(turn) for path in one.changed)
    paths = {
        path: None
        for path in (one.replace("\\", "/") for one in (*named, *shown))
        if (path.startswith("/") or path[1:3] == ":/") and not _ELSEWHERE.search(path)
    }
    if not paths:
        return ""
    said = "\n".join(
        item.text if isinstance(item, AssistantMessage) else str(item.args.get("command", ""))
        for turn in turns
        for item in turn.items
        if isinstance(item, AssistantMessage | ToolCalled)
    )
    spoken: dict[str, int] = {}
    held: dict[str, int] = {}
    for path in paths:
        parts = path.split("/")
        for depth in range(2, len(parts) - 1):
            root, rest = "/".join(parts[:depth]) + "/", "/".join(parts[depth:])
            held[root] = held.get(root, 0) + 1
            spoken[root] = spoken.get(root, 0) + any(f"{mark}{rest}" in said for mark in " `('\"\n")
    most = [root for root, number in held.items() if 2 * number > len(paths)]
    return max(most, key=lambda root: (spoken[root], len(root)), default="")


def evidence_operations(turns: Sequence[Turn], ledger: Ledger) -> tuple[Operation, ...]:
    """Operations that enter what fails as an issue: a test, build, linter or type check, no other command. A later run
    of the same, by any command line, settles it or takes its place.
    """
    known = {
        entry.id: issue
        for entry in ledger.live()
        if entry.kind == "issue" and entry.author == "code" and (issue := _read(entry.subject))
    }
    made: dict[str, Entry] = {}
    settled: dict[str, Resolve] = {}
    for turn in turns:
        for run in turn_evidence(turn).checks:
            if run.outcome == "ran":
                continue
            scope = run.check.scope
            again = [
                name
                for name, issue in known.items()
                if issue.kind == run.check.kind and covers(scope, issue.scope, issue.failing)
            ]
            for name in again:
                del known[name]
                how = "passes" if run.outcome == "passed" else "was run again"
                # What failed and was run again within these turns leaves no trace.
                if made.pop(name, None) is None:
                    settled[name] = Resolve(name, f"{how} in turn {turn.number}", "code")
            inside = any(
                issue.kind == run.check.kind and covers(issue.scope, scope, run.failing) for issue in known.values()
            )
            if run.outcome == "failed" and not inside:
                taken = {*ledger.entries, *made, *settled}
                name = next(free for n in count(1) if (free := f"e{turn.number}.{n}") not in taken)
                issue = _Issue(run.check.kind, scope, run.failing)
                known[name] = issue
                made[name] = Entry(name, "issue", _told(run), "code", (turn.number,), subject=issue.subject)
    return (*settled.values(), *map(Add, made.values()))


@frozen
class _Issue:
    """What fails, as the subject of an entry keeps it."""

    kind: CheckKind
    scope: Scope
    failing: tuple[str, ...]

    @property
    def subject(self) -> str:
        scope = self.scope
        return json.dumps([self.kind, scope.world, scope.targets, scope.selected, self.failing], ensure_ascii=False)


def _read(subject: str) -> _Issue | None:
    """The issue that a subject keeps; the first edition kept the command itself."""
    try:
        kind, world, targets, selected, failing = json.loads(subject)
        if kind in CHECKS:
            return _Issue(
                kind, Scope(str(world), *(tuple(map(str, one)) for one in (targets, selected))), tuple(failing)
            )
    except (ValueError, TypeError):
        pass
    found = checks(subject)
    if found:
        return _Issue(found[-1].kind, found[-1].scope, ())
    return _Issue("test", Scope(ANY, (subject,)), ()) if subject else None


def _told(run: CheckRun) -> str:
    """An issue in one line."""
    alone = len(checks(run.line)) == 1
    names = ", ".join(run.failing[:_NAMES])
    more = f" and {len(run.failing) - _NAMES} more" if len(run.failing) > _NAMES else ""
    said = f"{clip(names, _FAILURE)}{more}" if names else clip(run.failure, _FAILURE)
    return f"`{clip(run.check.text if alone else run.line, COMMAND)}` fails: {said}"


def _failure(text: str) -> str:
    """The line of a failed check's output that says most: the first one that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [*red_lines(text), *(line for line in lines if ERROR.search(line))]
    return (telling or lines[-1:] or ["no output"])[0]


def _line(text: str) -> str:
    return " ".join(text.split())
