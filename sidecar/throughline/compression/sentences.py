"""Dialogue as sentences that can stand alone: no code, no headings, no markup, no openings that carry nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from attrs import frozen

from throughline.compression.cues import heard, vocabulary

LONGEST = 105
_SHORTEST = 15
_UNSAID = re.compile(
    r"(?P<fence>```|~~~).*?(?:(?P=fence)|\Z)|<thinking>.*?(?:</thinking>|\Z)|\[Image[^\]]*\]", re.DOTALL
)
_END = re.compile(r"(?<=[.!?…])[\"')\]*_]*\s+(?=[A-Z0-9`\"'(\[*_/~]|[a-z]+ing\b|i\b|let)")
_HEADING = re.compile(r"#{1,6}\s|[-=*_|: ]{3,}$|<[^>]+>$")
_BULLET = re.compile(r"^\s*(?:[-*+•>]|\d+[.)]|[A-Z][.)])\s+")
_ASIDE = re.compile(r"\s*\([^()]{20,}\)")
_SIGN = re.compile(r"^[^\w`\"'(/~.@#$-]+")
_FILLER = heard("filler", r"^(?:(?:{})\b(?!')[\s,.:;!…—-]*)+")
# Places where a long sentence may end early and still be one.
_BREAK = re.compile(
    r"\s+[—\u2013-]\s+|;\s|\s→\s|:\s|,\s+(?:so|which|because|but|and|rather|since|where)\b|\.\.\.\s|,\s", re.IGNORECASE
)
# Words that a sentence cannot end with: where one is cut they go too.
_DANGLING = heard("dangling", r"(?:[\s,;:—\u2013-]+(?:{}))+[\s,;:—\u2013-]*$")
_WORD = re.compile(r"--?[a-z][\w-]+|\.?[A-Za-z_][\w./-]*\w|[A-Za-z]\b|\d[\w.]*")
# A first word that is no path, command or name of something in the code.
_PLAIN = re.compile(r"[a-z'\u2019-]+(?:[\s,.:;!?]|$)")
_COMMON = vocabulary("common")
_ENDINGS = ("ing", "ed", "es", "s")


@frozen
class Sentence:
    """A sentence: as it was said, as it is kept, its place in the text, and whether it opens a part or stands out."""

    raw: str
    text: str
    place: int
    lead: bool
    bold: bool


# A line of output that speaks of a failure.
ERROR = re.compile(r"\b(error|exception|failed|failure|fatal|panic)\b", re.IGNORECASE)


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a message, in order; a table's row is read as one."""
    place, opens = 0, True
    for line in map(str.strip, _UNSAID.sub("\n", text).splitlines()):
        if not line or _HEADING.match(line):
            opens = opens or bool(line)
            continue
        for part in _END.split(_row(line) if line.startswith("|") else line):
            raw = " ".join(_bare(part).split())
            kept = shortened(_SIGN.sub("", raw))
            if len(kept) >= _SHORTEST and terms(kept):
                yield Sentence(raw, kept, place, opens, "**" in part)
            place, opens = place + 1, False


def shortened(text: str, longest: int = LONGEST) -> str:
    """A sentence without its filler and asides, ended at a clause where it is long, with its full stop."""
    kept = _ASIDE.sub("", _FILLER.sub("", text).strip())
    if len(kept) < _SHORTEST:
        kept = text
    if len(kept) > longest:
        ends = [found.start() for found in _BREAK.finditer(kept, 0, longest) if found.start() >= 60]
        kept = _DANGLING.sub("", kept[: ends[-1]] if ends else clip(kept, longest).rstrip("…"))
    coded = kept.lstrip().startswith("`")
    # A name in the code reads as one without its backticks, and they would take a tenth of the room.
    kept = kept.replace("`", "").strip().rstrip(",;:—\u2013-").strip()
    if not coded and _PLAIN.match(kept):
        kept = kept[:1].upper() + kept[1:]
    return kept if kept.endswith((".", "!", "?", "…")) else f"{kept}."


def clip(text: str, longest: int) -> str:
    """One line of at most `longest` characters, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    return line[: line.rfind(" ", 0, longest - 1) if " " in line[: longest - 1] else longest - 1] + "…"


@lru_cache(maxsize=1 << 13)
def terms(text: str) -> frozenset[str]:
    """What a text is about: its words without the common ones and without their endings."""
    words = (word.lower() for word in _WORD.findall(text.replace("`", " ")))
    return frozenset(_stem(word) for word in words if word not in _COMMON and len(word) > 1)


def _row(line: str) -> str:
    """A table's row as one sentence, of its first three cells."""
    return ": ".join(cell.strip() for cell in line.strip("|").split("|")[:3] if cell.strip())


def _bare(part: str) -> str:
    return _BULLET.sub("", _BULLET.sub("", part)).replace("**", "").replace("__", "").strip(" *_")


def _stem(word: str) -> str:
    word = word.strip("./-")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4 and word.isalpha():
            return word[: -len(ending)]
    return word
