"""Reversals: what a user puts aside by later words, in the main languages, and what was said in its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from attrs import frozen

from throughline.domain.ledger import Entry
from throughline.memory.dialogue import own_prose
from throughline.memory.text import TextUnit, asks, expresses_doubt, terms, text_units

# The marks that part a sentence.
_MARKS = " ,.;:!\u2014\u2013\u3001\u3002\uff0c\uff01\u2026-"


@frozen
class Reversal:
    """A sentence by which a user puts something aside."""

    said: str
    """The sentence, word for word."""
    old: str = ""
    """What it names as put aside; nothing where it is what was said before, as in "scratch that"."""
    new: str = ""
    """What it names in its place."""
    plan: bool = False
    """Whether it speaks of the plan, or of all."""

    @property
    def scratches(self) -> bool:
        """Whether it puts aside what was said before without naming it."""
        return not self.old


def reversals(message: str) -> tuple[Reversal, ...]:
    """What a user's message puts aside. A question, or somebody who wavers, puts nothing aside."""
    return tuple(
        found
        for unit in text_units(own_prose(message))
        if unit.kind in ("sentence", "item", "lead") and (found := _reversal(unit))
    )


def _reversal(unit: TextUnit) -> Reversal | None:
    said = unit.text
    scratched = _opening().match(said)
    if asks(said) or (expresses_doubt(said) and not scratched):
        return None
    plan = bool(scratched and _patterns("plan").search(said))
    plain = re.sub(r"[`\"\u201c\u201d]", "", said).rstrip(" .!。\uff01")
    for pattern in _contrasts():
        if found := pattern.search(plain):
            return Reversal(said, found["old"].strip(), found["new"].strip(), plan)
    return Reversal(said, plan=plan) if scratched else None


def put_aside(reversal: Reversal, live: Iterable[Entry], turn: int) -> Entry | None:
    """The entry in force that a reversal in a turn puts aside: the one that holds what it names and has most in common
    with it, or the one decision of the turn before.
    """
    mine = [entry for entry in live if not entry.final and entry.kind in ("decision", "constraint", "pattern", "work")]
    said = terms(reversal.said)
    if reversal.scratches:
        before = [entry for entry in mine if entry.kind == "decision"]
        latest = max((max(entry.turns, default=0) for entry in before), default=0)
        newest = [entry for entry in before if max(entry.turns, default=0) == latest and latest >= turn - 2]
        alike = [entry for entry in newest if said & terms(entry.text)]
        return newest[-1] if len(newest) == 1 else alike[-1] if len(alike) == 1 else None
    old, new = terms(reversal.old), terms(reversal.new)
    fitting = [entry for entry in mine if old and old <= terms(entry.text) and not (new and new <= terms(entry.text))]
    best = max(fitting, key=lambda entry: (len(said & terms(entry.text)), max(entry.turns, default=0)), default=None)
    if best is None:
        return None
    shared = len(said & terms(best.text))
    return best if shared >= _SHARED or max(best.turns, default=0) >= turn - 2 else None


# Terms that a reversal and an older entry must have in common: they are about one thing.
_SHARED = 2


def only_prepares(message: str) -> bool:
    """Whether a message says that the request comes later."""
    return bool(_patterns("prepares").search(message))


def without_opening(said: str) -> str:
    """What a sentence says after the words that put something aside; nothing where it says no more."""
    found = _opening().match(said)
    return said[found.end() :].strip(_MARKS) if found else said


@cache
def _data() -> dict[str, list[str]]:
    return tomllib.loads(files(__package__).joinpath("reversals.toml").read_text(encoding="utf-8"))


@cache
def _patterns(name: str) -> re.Pattern[str]:
    return re.compile("|".join(_data()[name]), re.IGNORECASE)


@cache
def _opening() -> re.Pattern[str]:
    before, scratch = ("|".join(_data()[name]) for name in ("before", "scratch"))
    return re.compile(rf"\W*(?:(?:{before})[\s{re.escape(_MARKS)}]+){{0,3}}(?:{scratch})", re.IGNORECASE)


@cache
def _contrasts() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(one, re.IGNORECASE) for one in _data()["contrast"])
