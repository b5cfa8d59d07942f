"""Text as sentences and terms: dialogue without code, headings and markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Literal, TypeAlias

from attrs import frozen

from throughline.memory.cues import heard, vocabulary

# Stands at a sentence's end where more was said.
MORE = " …"
_UNSAID = re.compile(r"(?P<fence>```|~~~).*?(?:(?P=fence)|\Z)|<thinking>.*?(?:</thinking>|\Z)", re.DOTALL)
# What begins so goes on with the sentence before it, whose exception it may be.
ONWARD = r"(?!(?:[Ee]xcept|[Uu]nless|[Aa]part from|[Oo]ther than|[Bb]ut not|[Oo]nly (?:if|when))\b)"
# No sentence ends with one of these.
_ABBREVIATIONS = (
    r"e\.g", r"i\.e", "cf", "vs", "etc", "approx", "incl", "[Nn]o", r"z\.B", r"d\.h", "bzw", "ca", "[Nn]r",
    "\u0442\\.\u0435", "\u0442\\.\u0434", r"p\. ex", r"p\. ej",
)  # fmt: skip
_SHORT = "".join(rf"(?<!\b{word}\.)" for word in _ABBREVIATIONS)
_EMOJI = r"[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff]"
_NEXT = r"[\"'(\[*_/~\u201c\u00ab]*(?:[^\W\d_a-z]|\d|`)|[a-z]+ing\b|i\b|let|" + _EMOJI
_CLOSE = r"[\"')\]*_\u201d\u2019\u00bb\u300d\u300f\uff09]*"
# A script that writes no spaces ends its sentences without one.
_END = re.compile(
    rf"(?<=[.!?\u2026\u3002\uff01\uff1f]){_SHORT}(?P<close>{_CLOSE})(?:\s+(?={_NEXT}){ONWARD}"
    rf"|(?<=[\u3002\uff01\uff1f])(?=\S))"
)
_HEADING = re.compile(r"#{1,6}\s|[-=*_|: ]{3,}$|<[^>]+>$")
# A line of nothing but strong emphasis stands as a heading.
_TITLE = re.compile(r"\*\*[^*]+\*\*:?$|__[^_]+__:?$")
_BULLET = re.compile(r"^\s*(?:[-*+•>]|\d+[.)]|[A-Z][.)])\s+")
_EMOJI_FIRST = re.compile(_EMOJI)
_SIGN = re.compile(rf"^(?:{_EMOJI}|[\s\u200d])+")
# The marks of strong emphasis, which stand at a word's edge; within a word they mean something.
_STRONG = re.compile(r"(?<![\w)\]])\*\*(?=\S)|(?<=\S)\*\*(?![\w(\[])")
# A line of so many characters that ends in no full stop was broken because it was long.
_BROKEN = 60
_STOPS = (".", "!", "?", "…", ":", ";", "|", "{", "}", "。", "\uff01", "\uff1f")
_DOUBT = heard("doubt")
# Scripts that write no spaces are read by pairs of signs.
_SIGNS = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    rf"(?=([{_SIGNS}]{{2}}))[{_SIGNS}]|--?[a-z][\w-]+|\.?(?![{_SIGNS}])[^\W\d](?:(?![{_SIGNS}])[\w./-])*(?![{_SIGNS}])\w|[^\W\d_]\b|\d[\w.]*"
)
_COMMON = vocabulary("common")
_ENDINGS = ("ing", "ed", "es", "s")


# A line of output that speaks of a failure.
ERROR = re.compile(r"\b(error|exception|failed|failure|fatal|panic)\b", re.IGNORECASE)


UnitKind: TypeAlias = Literal["sentence", "item", "lead", "heading", "row", "gap"]
# A line where something was left out that is nobody's words.
GAP = "\x00"


@frozen
class TextUnit:
    """A sentence of a message with its place in it, whole and word for word."""

    text: str
    """The sentence without its bullet and marks of strong emphasis."""
    kind: UnitKind
    """What it is: a `lead` announces what follows it, a `gap` has no words and stands where code was left out."""
    mark: str = ""
    """The number that an item of a list has, with its mark."""


@lru_cache(maxsize=1 << 10)
def text_units(text: str) -> tuple[TextUnit, ...]:
    """The sentences of a message in order, headings and rows of tables too; none of code."""
    return tuple(_units(text))


def _units(text: str) -> Iterator[TextUnit]:
    for raw in filter(None, _lines(_UNSAID.sub(f"\n{GAP}\n", text))):
        heading = _HEADING.match(raw)
        if raw == GAP:
            yield TextUnit("", "gap")
        elif _TITLE.match(raw) or (heading and heading[0].startswith("#")):
            yield TextUnit(_SIGN.sub("", bare(raw.lstrip("# "))), "heading")
        elif not heading:
            yield from _line_units(raw)


def _line_units(raw: str) -> Iterator[TextUnit]:
    if raw.startswith("|"):
        yield TextUnit(bare(raw.strip("|").strip()), "row")
        return
    item = _BULLET.match(raw)
    mark = item[0].strip() if item and item[0].strip()[0].isalnum() else ""
    for part in _parts(_BULLET.sub("", raw)):
        # A sign before the first word says nothing that the words do not.
        said = _SIGN.sub("", bare(part))
        if said.endswith((":", "\uff1a")):
            yield TextUnit(said, "lead", mark)
        elif said:
            yield TextUnit(said, "item" if item else "sentence", mark)
        mark = ""


def _parts(line: str) -> list[str]:
    ends = [0, *(found.end() for found in _END.finditer(line)), len(line)]
    return [part for start, end in pairwise(ends) if (part := line[start:end].strip())]


def bare(part: str) -> str:
    """A sentence without the bullet before it and its marks of strong emphasis."""
    return " ".join(_STRONG.sub("", _BULLET.sub("", _BULLET.sub("", part))).split())


def expresses_doubt(text: str) -> bool:
    """Whether a text asks or wavers, and so decides nothing."""
    return bool(_DOUBT.search(text)) or asks(text)


def asks(text: str) -> bool:
    """Whether a text ends as a question."""
    return text.rstrip("\"'*_)”\u2019 »").endswith(("?", "\uff1f"))


def whole(text: str, longest: int) -> str:
    """As one line, as many of a text's sentences as `longest` characters hold, with an ellipsis where that is not all
    of them; nothing where the first is longer.
    """
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    ends = [end for found in _END.finditer(line) if (end := found.end("close")) + len(MORE) <= longest]
    return line[: ends[-1]] + MORE if ends else ""


def joined_lines(texts: Iterable[str]) -> str:
    """Sentences on one line: one that its speaker ended with the line gets the full stop that shows where it ends."""
    said = list(texts)
    stopped = [text if text.endswith(_STOPS) else f"{text}." for text in said[:-1]]
    return " ".join([*stopped, *said[-1:]])


def clip(text: str, longest: int) -> str:
    """One line of at most `longest` characters, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    return line[: line.rfind(" ", 0, longest - 1) if " " in line[: longest - 1] else longest - 1] + "…"


@lru_cache(maxsize=1 << 13)
def terms(text: str) -> frozenset[str]:
    """What a text is about: its words without the common ones and without their endings."""
    words = ((found[1] or found[0]).lower() for found in _WORD.finditer(text.replace("`", " ")))
    return frozenset(_stem(word) for word in words if word not in _COMMON and len(word) > 1)


def _lines(text: str) -> Iterator[str]:
    """The lines of a text; one that was broken within a sentence is put together again."""
    whole = ""
    for line in map(str.strip, text.splitlines()):
        starts = (
            not line
            or line == GAP
            or _EMOJI_FIRST.match(line)
            or _HEADING.match(line)
            or _BULLET.match(line)
            or line.startswith("|")
        )
        ended = not whole or whole == GAP or whole.endswith(_STOPS) or _HEADING.match(whole)
        if not (starts or ended) and (line[0].islower() or len(whole) >= _BROKEN):
            whole += f" {line}"
        else:
            yield whole
            whole = line
    yield whole


def _stem(word: str) -> str:
    word = word.strip("./-")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4 and word.isalpha():
            return word[: -len(ending)]
    return word
