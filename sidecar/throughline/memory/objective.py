"""The objective of a session: a title in the user's own words, which moves when the user puts the plan aside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from throughline.domain.ledger import Add, Entry, Ledger, Operation
from throughline.domain.session import Turn
from throughline.memory.chronicle import says_nothing
from throughline.memory.dialogue import dialogue, own_prose
from throughline.memory.reversals import Reversal, only_prepares, reversals, without_opening
from throughline.memory.text import GAP, asks, clip, terms, text_units

# The characters of a title, and of one whose first sentence is longer.
_TITLE, _LONGEST = 200, 400
# With fewer words a sentence is no title where another one follows.
_WORDS = 4
# Terms that a reversal and the objective have in common where it is the objective that goes.
_SHARED = 2


def title(message: str) -> str:
    """What a session is for, by the message that opens it: its first whole sentence that asks for something; of several
    rather one that is no question.
    """
    return _title(message) or clip(own_prose(message).replace(GAP, " ") or message, _LONGEST)


def _title(message: str) -> str:
    said = [
        unit.text
        for unit in text_units(own_prose(message))
        if unit.kind in ("sentence", "item") and not says_nothing(unit)
    ]
    fitting = [text for text in said if len(text) <= _TITLE] or [text for text in said if len(text) <= _LONGEST]
    long_enough = [text for text in fitting if _long(text)]
    plain = [text for text in long_enough if not asks(text)]
    return next(iter(plain or long_enough or fitting), "")


def objective_operations(turns: Sequence[Turn], ledger: Ledger, stated: str) -> tuple[Operation, ...]:
    """Operations that give the session a better title than the one that its first message made, and move it where the
    user puts the plan aside. What the user stated on purpose stays until then.
    """
    entries = [entry for entry in ledger.live() if entry.kind == "objective"]
    if any(entry.author == "user" for entry in entries):
        return ()
    aim, since = (entries[-1].text, max(entries[-1].turns, default=0)) if entries else (stated, 0)
    taken = set(ledger.entries)
    made: list[Operation] = []

    def add(number: int, kind: str, text: str, why: str = "") -> None:
        name = next(free for n in count(1) if (free := f"o{number}.{n}") not in taken)
        taken.add(name)
        if kind == "objective":
            made.append(Add(Entry(name, "objective", text, "code", (number,), subject="objective")))
        else:
            made.append(Add(Entry(name, "rejected", text, "code", (number,), why=why)))

    waiting = not entries and _provisional(turns, stated)
    asked_before = max(since, turns[0].number - 1 if turns else 0)
    for turn in turns:
        messages = dialogue(turn).messages
        for message in messages:
            if not own_prose(message):
                continue
            put = [one for one in reversals(message) if _of_plan(one, aim, since, asked_before)]
            if put:
                left = aim
                aim, since, waiting = _after(message, put[-1]), turn.number, False
                if left.strip():
                    add(turn.number, "rejected", left, put[-1].said)
                waiting = not aim
                if aim:
                    add(turn.number, "objective", aim)
            elif waiting and not only_prepares(message) and _substantial(message):
                better = _title(message)
                waiting = False
                since = turn.number
                if better and better != aim:
                    aim = better
                    add(turn.number, "objective", aim)
        if any(_substantial(message) for message in messages):
            asked_before = turn.number
    return tuple(made)


def _provisional(turns: Sequence[Turn], stated: str) -> bool:
    """Whether the stated objective is only what the first message made, and that message was no request yet."""
    first = next((message for turn in turns[:1] for message in dialogue(turn).messages), "")
    if not stated.strip():
        return True
    derived = " ".join(own_prose(first).split()).startswith(stated.removesuffix(" …")[:60]) or title(first) == stated
    return derived and (only_prepares(first) or not _substantial(first) or _title(first) != stated)


def _substantial(message: str) -> bool:
    return bool(text := _title(message)) and _long(text)


def _long(text: str) -> bool:
    return len(text.split()) >= _WORDS or sum(ord(sign) > 0x3000 for sign in text) >= 2 * _WORDS


def _of_plan(reversal: Reversal, aim: str, since: int, asked_before: int) -> bool:
    """Whether it is the objective that a reversal puts aside: it says so, it names it, or nothing else was asked for
    since.
    """
    aimed = terms(aim)
    if not reversal.scratches:
        old = terms(reversal.old)
        return bool(old) and old <= aimed and (len(old) >= _SHARED or len(terms(reversal.said) & aimed) >= _SHARED)
    return reversal.plan or len(terms(reversal.said) & aimed) >= _SHARED or asked_before <= max(since, 1)


def _after(message: str, put: Reversal) -> str:
    """What the user wants instead, by the message that put the plan aside: the next sentence, or that one itself where
    it says more.
    """
    said = [unit.text for unit in text_units(own_prose(message)) if unit.kind in ("sentence", "item", "lead")]
    later = said[said.index(put.said) + 1 :] if put.said in said else []
    if put.new or _long(without_opening(put.said)):
        return put.said if len(put.said) <= _LONGEST else ""
    return next((text for text in later if _long(text) and not asks(text) and len(text) <= _LONGEST), "")
