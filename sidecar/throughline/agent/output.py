"""Output of tools: its beginning and end in little room, evidence of what a command proved, credentials masked."""

from __future__ import annotations

import re
import tomllib
from collections import deque
from collections.abc import Iterable, Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Any, TypeVar

from attrs import evolve, fields, frozen, has

from throughline.domain.events import Evidence
from throughline.domain.globs import text_matches
from throughline.memory.commands import commits_made, failing_tests
from throughline.memory.text import ERROR, clip

# Of the output, so many characters of each end are kept for the log.
HEAD = TAIL = 500_000
# Characters of both ends of what someone is asked to allow.
_DETAIL_HEAD, _DETAIL_TAIL = 16_000, 8_000
_ESCAPES = re.compile(
    r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\|\Z)|[PX^_][^\x1b]*(?:\x1b\\|\Z)|\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])"
)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class HeadTailBuffer:
    """Takes output piece by piece, from one thread."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._room = HEAD
        self._kept = 0
        self._dropped = 0

    def add(self, piece: str) -> None:
        """Takes a piece."""
        if self._room:
            first, piece = piece[: self._room], piece[self._room :]
            self._head.append(first)
            self._room -= len(first)
        if piece:
            self._tail.append(piece)
            self._kept += len(piece)
            while self._kept - len(self._tail[0]) >= TAIL:
                gone = len(self._tail.popleft())
                self._kept -= gone
                self._dropped += gone

    def text(self) -> str:
        """What was kept, with a line that says how much was not."""
        tail = "".join(self._tail)
        over = max(0, len(tail) - TAIL)
        tail, dropped = tail[over:], self._dropped + over
        gap = f"\n[… {dropped:,} characters were printed here and not kept …]\n" if dropped else ""
        return plain_text("".join(self._head)) + gap + plain_text(tail)


def plain_text(text: str) -> str:
    """The text as a page would show it: no escape sequences, what a carriage return overwrote left out."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _UNSEEN.sub("", text)


def detail(text: str) -> str:
    """What someone reads who is asked for leave: all of it, or both ends and how much is hidden between them."""
    if len(text) <= _DETAIL_HEAD + _DETAIL_TAIL:
        return text
    head, hidden, tail = text[:_DETAIL_HEAD], text[_DETAIL_HEAD:-_DETAIL_TAIL], text[-_DETAIL_TAIL:]
    lines = hidden.count("\n") + 1
    return f"{head}\n[… {len(hidden):,} characters are not shown here, in {lines:,} lines …]\n{tail}"


def both_ends(text: str, head: int, tail: int, how: str) -> str:
    """The two ends of a text that is longer than both, cut at lines; `how` says where the rest is."""
    if len(text) <= head + tail:
        return text
    cut = text.rfind("\n", head // 2, head) + 1 or head
    from_end = text.find("\n", len(text) - tail, len(text) - tail // 2) + 1 or len(text) - tail
    lines = text.count("\n", cut, from_end)
    return f"{text[:cut]}[… {lines:,} more lines here: {how} …]\n{text[from_end:]}"


_LINES = 5
_LONGEST = 200


def evidence(command: str, status: int | None, output: str) -> Evidence:
    """A command with what its output says; error lines count only where it failed, the last ones."""
    lines = output.splitlines()
    errors = [clip(line, _LONGEST) for line in lines if ERROR.search(line)] if status != 0 else []
    return Evidence(
        command=clip(command, _LONGEST),
        status=status,
        failing=failing_tests(output),
        errors=tuple(dict.fromkeys(errors))[-_LINES:],
        commits=commits_made(output),
    )


T = TypeVar("T")

# Stands where a credential stood. A text that holds it is never written into a file.
_MASK = "[hidden credential: {}]"
HIDDEN = re.compile(r"\[hidden credential: ([^\]\n]*)\]")
# A secret that is given as it is, and shorter than this, would mask words.
_SHORTEST = 8
# Fields that say what something is or where it stands: no words of anybody.
_NAMES = frozenset({"id", "ids", "kind", "digest", "session", "model", "tool"})


# A word as long as this may be a credential, whatever is said around it; of a key in pieces a line is longer still.
_LONG = re.compile(r"(?<![A-Za-z0-9_.~+/=-])[A-Za-z0-9_.~+/=-]{20,}")
_PIECE = 64


@frozen
class _Rule:
    name: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]


@frozen
class _Rules:
    """The rules of whole texts, of long words in a line, and of lines that one of the hints stands in."""

    lines: tuple[_Rule, ...]
    token: tuple[_Rule, ...]
    line: tuple[_Rule, ...]
    hints: re.Pattern[str]


def masked(text: str, known: Sequence[str] = (), allowed: Sequence[str] = ()) -> str:
    """The text with every credential in it masked: what looks like one, and those that are known as they are; but none
    that fits a pattern in `allowed`, in which `*` stands for anything.
    """
    for secret in sorted(known, key=len, reverse=True):  # One may begin as another does.
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, _MASK.format("known"))
    rules, low = _rules(), text.lower()
    words = list(_LONG.finditer(text))
    pieces = any(found.end() - found.start() >= _PIECE for found in words)
    if pieces or any(word in low for rule in rules.lines for word in rule.words):
        text = _without(text, rules.lines, allowed)
        words = list(_LONG.finditer(text))
    text = _by_line(text, words, rules.token, allowed)
    low = text.lower()
    # In a few scripts a small letter takes more room than a big one: then the places are not the same.
    hints = rules.hints.finditer(low if len(low) == len(text) else text)
    return _by_line(text, hints, rules.line, allowed)


def _by_line(text: str, places: Iterable[re.Match[str]], rules: Sequence[_Rule], allowed: Sequence[str]) -> str:
    """The text with the lines of these places masked."""
    made, done = [], 0
    for found in places:
        if found.start() >= done:
            start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.start())
            line = text[start : end if end >= 0 else len(text)]
            made += [text[done:start], _without(line, rules, allowed)]
            done = start + len(line)
    return "".join([*made, text[done:]])


def _without(text: str, rules: Sequence[_Rule], allowed: Sequence[str]) -> str:
    low = text.lower()
    for rule in rules:
        if not rule.words or any(word in low for word in rule.words):
            text = rule.pattern.sub(partial(_blank, name=rule.name, allowed=allowed), text)
    return text


def kinds(text: str) -> list[str]:
    """The kinds of the credentials that are masked in a text."""
    return HIDDEN.findall(text)


def hide(value: T, known: Sequence[str] = (), allowed: Sequence[str] = ()) -> T:
    """An event, or any value in one, with every credential in its texts masked; itself where there is none."""
    made: Any = value
    if isinstance(value, str):
        made = masked(value, known, allowed)
    elif isinstance(value, dict):
        made = {name: _under(name, one, known, allowed) for name, one in value.items()}
    elif isinstance(value, (list, tuple)):
        made = type(value)(hide(one, known, allowed) for one in value)
    elif has(type(value)):
        given: Any = value
        changed = {}
        for field in fields(type(given)):
            was = getattr(given, field.name)
            if field.name not in _NAMES and (now := hide(was, known, allowed)) != was:
                changed[field.alias or field.name] = now
        made = evolve(given, **changed) if changed else given
    return made if made != value else value


def _under(name: object, value: T, known: Sequence[str], allowed: Sequence[str]) -> T:
    """A value of an argument, whose name may say that it is a credential."""
    made: Any = hide(value, known, allowed)
    if isinstance(made, str) and len(made) < 400 and "\n" not in made and made == value:
        line = masked(f'"{name}": "{made}"', (), allowed)
        return line.removeprefix(f'"{name}": "')[:-1] if HIDDEN.search(line) else made  # type: ignore[return-value]
    return made  # type: ignore[no-any-return]


def _blank(found: re.Match[str], *, name: str, allowed: Sequence[str]) -> str:
    groups = found.groupdict()
    if groups.get("leave") is not None:
        return found[0]
    group: str | int = next((one for one, said in groups.items() if one.startswith("value") and said is not None), 0)
    said = found[group].strip("\"'")
    if HIDDEN.search(said) or "[hidden" in said or any(text_matches(said, one) for one in allowed):
        return found[0]
    start, end = found.span(group)
    return found[0][: start - found.start()] + _MASK.format(name) + found[0][end - found.start() :]


@cache
def _rules() -> _Rules:
    told = tomllib.loads((files("throughline.agent") / "secrets.toml").read_text("utf-8"))

    def made(kind: str, *, lines: bool = False) -> tuple[_Rule, ...]:
        return tuple(
            _Rule(one["name"], tuple(one["words"]), re.compile(one["pattern"], re.VERBOSE))
            for one in told[kind]
            if one.get("lines", False) is lines
        )

    hints = re.compile("|".join(told["hints"]))
    return _Rules(made("secret", lines=True), made("token"), made("secret"), hints)
