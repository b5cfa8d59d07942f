"""Commands of a shell: the simple commands of a line, what a check checks, and how it ended."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

from attrs import frozen

CheckKind: TypeAlias = Literal["test", "lint", "types", "build"]
Outcome: TypeAlias = Literal["passed", "failed", "ran"]
CHECKS: tuple[CheckKind, ...] = ("test", "lint", "types", "build")
# A world that fits every other one.
ANY = "any"


@frozen
class SimpleCommand:
    """One command of a line, without what carries it."""

    text: str
    """The command with its arguments, as it was written, without redirections."""
    status_hidden: bool
    """Whether the status of the whole line does not tell this command's: something else came after it."""


@frozen
class Scope:
    """What a check was asked to check."""

    world: str
    """The language whose tool it is, or `any`."""
    targets: tuple[str, ...] = ()
    """The paths or packages that it was asked to check; nothing for all of the project."""
    selected: tuple[str, ...] = ()
    """The names, or parts of names, of the tests that it was asked to run; nothing for all of them."""


@frozen
class CheckCommand:
    """A test run, a linter, a type check or a build."""

    kind: CheckKind
    """What it checks."""
    scope: Scope
    """What of the project it checks."""
    text: str
    """The command, as it was written, without what carries it and what reads its output."""
    status_hidden: bool
    """Whether the status of the whole line does not tell how it ended."""


# A heredoc with its text, which is no command.
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1(?P<rest>[^\n]*)\n.*?(?:^\s*\2\s*$|\Z)", re.DOTALL | re.MULTILINE)
_TOKEN = re.compile(
    r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\$\((?:[^()]|\([^()]*\))*\)|\\.|(?P<joint>&&|\|\||\|&?|;|\n|(?<![<>&])&(?![>&\d]))",
    re.DOTALL,
)
_REDIRECTION = re.compile(r"\s*(?:\d|&)?>{1,2}\s*(?:&\d|\S+)|\s*<\s*\S+")
# Where an argument begins that is a text of its own.
_LONG_ARGUMENT = re.compile(r"\s(?:-[mb]|-F|--\w*(?:body|message|title|notes)\w*|-f|<<)(?=[\s=])|\s-?\w*['\"]|\$\(")
_CD = re.compile(r"cd(?:\s|$)")
# Names that are kept of one output.
_MOST = 20
# Flags of runners that take the name of a test.
_SELECTS = re.compile(r"(?:-k|-run|--run|-t|--testNamePattern|--filter|-m|--grep|-g|--test|-Dtest|--tests)(?:[ =]|$)")
_WHOLE = re.compile(r"(?:\./)?(?:\.\.\.|\.|tests?|src|all|\*)?/?")


@lru_cache(maxsize=512)
def simple_commands(line: str) -> tuple[SimpleCommand, ...]:
    """The commands of a line in order. What only reads another one's output is none of its own."""
    text = _HEREDOC.sub(lambda found: f"<<{found[2]}{found['rest']}\n", line.replace("\\\n", " "))
    pieces: list[tuple[str, str]] = []
    start = 0
    for found in _TOKEN.finditer(text):
        if found["joint"]:
            pieces.append((text[start : found.start()].strip(), found["joint"]))
            start = found.end()
    pieces.append((text[start:].strip(), ""))
    made: list[SimpleCommand] = []
    before = ""
    for place, (piece, joint) in enumerate(pieces):
        if (piece and not before.startswith("|")) or before == "||":
            later = [mark for part, mark in pieces[place + 1 :] if part]
            # After `&&` the next one runs only where this one came off.
            hidden = joint.startswith("|") or (bool(later) and joint != "&&")
            if bare := _carried(_REDIRECTION.sub("", piece)):
                made.append(SimpleCommand(bare, hidden))
        before = joint if piece or joint != "\n" else before
    return tuple(made)


@lru_cache(maxsize=512)
def checks(line: str) -> tuple[CheckCommand, ...]:
    """The checks that a line runs, in order."""
    return tuple(
        CheckCommand(kind, _scope(world, one.text), one.text, one.status_hidden)
        for one in simple_commands(line)
        if (found := _kind(one.text))
        for kind, world in (found,)
    )


def changing(line: str) -> tuple[str, ...]:
    """The commands of a line that change something and are no checks, each up to its first long argument."""
    return tuple(
        short
        for one in simple_commands(line)
        if _changes().match(one.text) and (short := _LONG_ARGUMENT.split(one.text, maxsplit=1)[0].strip())
    )


def outcome(check: CheckCommand, *, failed: bool, last: bool, output: str) -> Outcome:
    """How a check of a line ended: by the line's status where that tells it (`last` says whether a failure of the line
    is this check's), else by what the output says; `ran` where neither does.
    """
    if not check.status_hidden:
        if not failed:
            return "passed"
        if last:
            return "failed"
    lines = output.splitlines()
    red, green = _outcomes()
    if any(red.search(one) for one in lines):
        return "failed" if last else "ran"
    return "passed" if not failed and any(green.search(one) for one in lines) else "ran"


def red_lines(output: str) -> Iterator[str]:
    """The lines of a check's output that say what is wrong."""
    return (one.strip() for one in output.splitlines() if _outcomes()[0].search(one))


def failing_tests(output: str) -> tuple[str, ...]:
    """The names of the tests that failed, by a check's output."""
    return _names("failing", output)


def commits_made(output: str) -> tuple[str, ...]:
    """The hashes of the commits that a command made, by what git said."""
    return _names("commits", output)


def never_ran(result: str) -> bool:
    """Whether a call's result says that it never ran, or was stopped."""
    return bool(_never().match(result.lstrip()))


def runs_commands(tool: str) -> bool:
    """Whether a tool of this name runs a command."""
    return bool(_tools("runs").search(tool)) and not _tools("others").search(tool)


def changes_files(tool: str) -> bool:
    """Whether a tool of this name writes or edits a file."""
    return bool(_tools("changes").search(tool)) and not _tools("others").search(tool)


def only_looks(word: str) -> bool:
    """Whether a word in a call's arguments says that it only looks at a file."""
    return word in _data()["tools"]["looks"]


def covers(later: Scope, earlier: Scope, names: Sequence[str]) -> bool:
    """Whether a later run of the same kind runs all that failed in an earlier one: the tests by their `names` where
    those are known.
    """
    if ANY not in (later.world, earlier.world) and later.world != earlier.world:
        return False
    if later.selected and not (
        (names and all(any(_within(name, one) for one in later.selected) for name in names))
        or (earlier.selected and set(earlier.selected) <= set(later.selected))
    ):
        return False
    if not later.targets:
        return True
    if earlier.targets and all(any(_within(one, target) for target in later.targets) for one in earlier.targets):
        return True
    return bool(names) and all(any(_within(name, target) for target in later.targets) for name in names)


def _within(name: str, target: str) -> bool:
    target = target.removeprefix("./").rstrip("/")
    name = name.removeprefix("./")
    if target.endswith("..."):
        return name.startswith(target.removesuffix("...").rstrip("/"))
    return (
        name == target
        or name.startswith((f"{target}/", f"{target}::", f"{target} ", f"{target}["))
        or target in (re.split(r"::|[/ .>()\[]+", name))
    )


def _carried(piece: str) -> str:
    """A command without what carries it; nothing for a change of directory."""
    piece = piece.strip().lstrip("({").strip()
    while found := _carriers().match(piece):
        if not found[0]:
            break
        piece = piece[found.end() :].lstrip()
    return "" if _CD.match(piece) else " ".join(piece.split())


def _kind(command: str) -> tuple[CheckKind, str] | None:
    return next(((kind, world) for kind, world, pattern in _checks() if pattern.match(command)), None)


def _scope(world: str, command: str) -> Scope:
    """What of the project a check's arguments name."""
    words = [found[0].strip("'\"") for found in re.finditer(r"'[^']*'|\"[^\"]*\"|\S+", command)][1:]
    targets: list[str] = []
    selected: list[str] = []
    takes = False
    for word in words:
        flag = _SELECTS.match(word)
        value = word if takes else word.partition("=")[2] if flag else ""
        if takes or flag:
            selected += filter(None, (one.strip(" ^$()") for one in re.split(r"\s+or\s+|\|", value)))
            takes = bool(flag) and not takes and not value
        elif not word.startswith("-") and re.search(r"[/\\]|::|\.\w{1,5}$", word) and not _WHOLE.fullmatch(word):
            targets.append(word)
    return Scope(world, tuple(targets), tuple(selected))


def _names(what: str, output: str) -> tuple[str, ...]:
    found = (hit["name"] for line in output.splitlines() for pattern in _named(what) if (hit := pattern.search(line)))
    return tuple(dict.fromkeys(found))[:_MOST]


@cache
def _named(what: str) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, _data()[what]["any"]))


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("commands.toml").read_text(encoding="utf-8"))


@cache
def _carriers() -> re.Pattern[str]:
    return re.compile("|".join(_data()["carriers"]), re.IGNORECASE)


@cache
def _checks() -> tuple[tuple[CheckKind, str, re.Pattern[str]], ...]:
    return tuple(
        (kind, world, re.compile("|".join(patterns), re.IGNORECASE))
        for kind in CHECKS
        for world, patterns in _data()["checks"][kind].items()
    )


@cache
def _changes() -> re.Pattern[str]:
    return re.compile("|".join(_data()["changes"]["any"]))


@cache
def _outcomes() -> tuple[re.Pattern[str], re.Pattern[str]]:
    red, green = (re.compile("|".join(_data()["outcome"][name])) for name in ("red", "green"))
    return red, green


@cache
def _never() -> re.Pattern[str]:
    return re.compile("|".join(_data()["never"]["any"]), re.IGNORECASE)


@cache
def _tools(name: str) -> re.Pattern[str]:
    return re.compile("|".join(_data()["tools"][name]), re.IGNORECASE)
