"""Hidden characters made visible, wherever a person reads what others wrote.

Escape sequences draw over a question, marks of direction turn its words around, characters without a width hide in
a word. Each is written out by its number: `[U+001B]`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Characters of no width whose category does not say so: joiners and fillers, selectors of a glyph, and those that are
# set aside for the like. The braille pattern without dots is a blank of its own.
_DEFAULT_IGNORABLE = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Of the category of formats, these have a glyph: signs that stand below or around Arabic, Syriac and Kaithi numbers.
_SEEN = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
_ZWNJ, _ZWJ, _EMOJI_STYLE = "\u200c", "\u200d", "\ufe0f"
# Scripts in which letters are joined and parted by characters of no width, as a matter of spelling.
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0e80-\u0fff\u1000-\u109f\u1780-\u18af\u1a20-\u1aaf\u1b00-\u1bff\ua840-\ua9ff"
    "\uaa60-\uaadf\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00011000-\U00011fff]"
)
# What may stand on both sides of a joiner in one sign: pictures, skin tones, the arrows and signs that go with them.
_PICTURE = re.compile("[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2900-\u29ff\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f]")
# What is drawn as a picture where the selector follows: the pictures themselves, and digits of key caps.
_STYLED = re.compile("[0-9#*\u00a9\u00ae\u203c\u2049\u2122\u2139\u3030\u303d\u3297\u3299]")


def visible_text(text: str, *, prose: bool = False) -> str:
    """The text with every hidden character written out; line ends and tabs stay. Nothing that is returned moves a
    cursor, turns a direction or has no width.

    In `prose` what a script or an emoji is spelt with stays: joiners between letters or pictures that need them. In a
    question of what may be done everything is written out, blanks that are no space too.
    """
    if text.isascii() and text.isprintable():
        return text
    if prose:
        text = text.replace("\r\n", "\n")
    return (_hidden() if prose else _hidden_or_blank()).sub(lambda hit: _shown(hit, prose=prose), text)


def escaped_text(text: str) -> str:
    """JSON with every hidden character in its strings escaped: the same values, and safe to look at."""
    return _hidden().sub(lambda hit: _escape(hit[0]), text)


def _shown(hit: re.Match[str], *, prose: bool) -> str:
    sign = hit[0]
    if prose and sign in (_ZWNJ, _ZWJ, _EMOJI_STYLE):
        before = hit.string[hit.start() - 1 : hit.start()]
        after = hit.string[hit.end() : hit.end() + 1]
        if sign == _EMOJI_STYLE and (_PICTURE.match(before) or _STYLED.match(before)) and before != sign:
            return sign
        if sign != _EMOJI_STYLE and _JOINING.match(before):
            return sign
        if sign == _ZWJ and _PICTURE.match(before) and _PICTURE.match(after) and after != _EMOJI_STYLE:
            return sign
    return f"[U+{ord(sign):04X}]"


def _escape(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


@cache
def _hidden() -> re.Pattern[str]:
    return re.compile(f"[{_named()}]")


@cache
def _hidden_or_blank() -> re.Pattern[str]:
    blanks = "".join(re.escape(sign) for sign in map(chr, range(0x80, 0x3001)) if unicodedata.category(sign) == "Zs")
    return re.compile(f"[{_named()}{blanks}]")


def _named() -> str:
    """The hidden characters as a regular expression has them between brackets."""
    seen = re.compile(f"[{_SEEN}]")
    named = [
        sign
        for sign in map(chr, (*range(0x30000), *range(0xE0000, 0x110000, 0x10000)))
        if sign not in "\n\t" and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and not seen.match(sign)
    ]
    return "".join(map(re.escape, named)) + _DEFAULT_IGNORABLE
