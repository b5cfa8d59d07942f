"""A message's own prose: the sentences that its writer says, without what is pasted, quoted or shown as code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise
from typing import Any

from attrs import frozen

_DATA: dict[str, Any] = tomllib.loads(files(__package__).joinpath("message_prose.toml").read_text(encoding="utf-8"))


def _any(name: str) -> str:
    return "|".join(_DATA[name])


_FENCE = re.compile(r"(?P<fence>```|~~~).*?(?:(?P=fence)|\Z)", re.DOTALL)
# What a client puts around a message, and markup that somebody pasted: from tag to tag, or to the end.
_TAGGED = re.compile(
    r"<(?P<tag>[A-Za-z][\w:.-]*)(?:\s[^<>]*)?>.*?(?:</(?P=tag)>|\Z)|<!--.*?(?:-->|\Z)|\[Image[^\]]*\]", re.DOTALL
)
_BULLET = re.compile(rf"\s*(?:{_any('bullet')})")
_HEADING = re.compile(r"\s*(?:#{1,6}\s|[-=*_|: ]{3,}$)")
_QUOTE = re.compile(rf"\s*(?:{_any('quote')})")
_MACHINE = re.compile(rf"\s*(?:{_any('machine')})")
# A line of so many characters that ends in no full stop was broken because it was long.
_BROKEN = 60
_STOPS = tuple(_DATA["stops"])
_CLOSE = _DATA["close"]
_SHORT = r"(?<!\b\w\.)" + "".join(rf"(?<!\b{one})" for one in _DATA["short"])
_END = re.compile(rf"(?<=[.!?\u2026]){_SHORT}{_CLOSE}\s+(?=\S)|(?<=[\u3002\uff01\uff1f]){_CLOSE}(?=\S)\s*")
_QUOTED = re.compile(_any("quoted"))
# A quotation of more characters is no name.
_LONG_QUOTE = 12


@frozen
class Said:
    """A sentence of a message."""

    text: str
    """Word for word, on one line."""
    bare: str
    """The same for reading what it says: without what it quotes, apostrophes straight."""
    start: int
    """Where it begins in the message, in characters."""
    end: int
    """Where it ends there."""
    paragraph: int
    """Which paragraph it stands in, from 0: an item of a list is none of its own."""
    item: bool
    """Whether it opens an item of a list."""


def said_sentences(message: str) -> tuple[Said, ...]:
    """The sentences of a message in order, each whole and word for word; none of code, markup, quotations and logs."""
    blank = message
    for hidden in (_FENCE, _TAGGED):
        blank = hidden.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), blank)
    return tuple(_sentences(message, blank))


def _sentences(message: str, blank: str) -> Iterator[Said]:
    for paragraph, (start, end, item) in _stretches(blank):
        own = _unquoted(blank[start:end])
        ends = [start, *(start + found.end() for found in _END.finditer(own)), end]
        opens = item
        for first, last in pairwise(ends):
            text = " ".join(message[first:last].split())
            said = own[first - start : last - start]
            if text and any(map(str.isalnum, said)):
                yield Said(text, bare_words(said), first, last, paragraph, opens)
                opens = False


def _unquoted(text: str) -> str:
    """A text with what it quotes at length blanked, so that no sentence ends in there; one that is a quotation as a
    whole is its writer's all the same.
    """

    def hidden(found: re.Match[str]) -> str:
        whole = len(found[0]) >= len(text.strip())
        return found[0] if whole or len(found[0]) <= _LONG_QUOTE else f'"{" " * (len(found[0]) - 2)}"'

    return _QUOTED.sub(hidden, text)


def bare_words(text: str) -> str:
    """A sentence for reading what it says: on one line, without what it quotes at length, its apostrophes straight."""
    line = " ".join(text.replace("\u2019", "'").replace("*", "").split())
    return _QUOTED.sub(lambda found: found[0] if len(found[0]) <= _LONG_QUOTE else '""', line)


def _stretches(blank: str) -> Iterator[tuple[int, tuple[int, int, bool]]]:
    """Each item or run of lines that belong together, by its paragraph: where it begins and ends, without its bullet,
    and whether it is an item.
    """
    paragraph, open_at, item, place = 0, -1, False, 0
    last, code = "", True
    for raw in blank.splitlines(keepends=True):
        line = raw.rstrip()
        bullet = _BULLET.match(line)
        indented = line.startswith(("    ", "\t")) and not bullet and code
        silent = not line.strip() or _HEADING.match(line) or _QUOTE.match(line) or _MACHINE.match(line) or indented
        # A line goes on with the one before it where that was broken for its length, or it begins in lower case.
        stripped = line.strip()
        broken = bool(stripped) and (stripped[0].islower() or len(last) >= _BROKEN)
        goes_on = open_at >= 0 and broken and not last.endswith(_STOPS)
        if open_at >= 0 and (silent or bullet or not goes_on):
            yield paragraph, (open_at, place, item)
            open_at = -1
        if not line.strip():
            paragraph += 1
        code = not line.strip() or indented
        if not silent and open_at < 0:
            open_at, item = place + (bullet.end() if bullet else 0), bool(bullet)
        last, place = line, place + len(raw)
    if open_at >= 0:
        yield paragraph, (open_at, place, item)
