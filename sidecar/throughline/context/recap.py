"""Recaps of compacted turns in the view, beside the summary: one for each compaction, which then never changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from attrs import frozen

from throughline.domain.session import Session, Turn, turn_number
from throughline.memory.chronicle import closing_words, done_in_turn, handed_back
from throughline.memory.dialogue import dialogue
from throughline.memory.evidence import project_root, turn_evidence
from throughline.memory.text import MORE, whole

Count = Callable[[str], int]
OPENING = "What was said in turns {first} to {last}, in short; the developer's words come first:"
# A recap takes at most this part of what was said in its turns, and of all that they held.
SAID = 0.6
HELD = 1 / 8
# Turns that may take less than this wait for the next compaction, to be told with its own.
LEAST = 200
# The part of the budget in which all is told again when it is spent.
AGAIN = 0.85
# The user's words take at most this part of a recap; of a long message, such as a pasted one, the beginning stays.
_WORDS = 0.6
_LONGEST = 1_500
_SHORTEST = 180
# The characters of what the agent closed a turn with, where there is room.
_CLOSING = 1_400
# A turn of more characters is told in two paragraphs, the user's words and what came of them.
_PARAGRAPH = 700
# What a paragraph takes besides its words.
_FRAME = 6
# Nor is a turn ever told in less than this.
_TURN = 24


@frozen
class RecapSpan:
    """The turns that one recap tells, and the tokens that it may take. Where it tells them `again`, and even in short
    there are too many, the newest are told.
    """

    turns: tuple[Turn, ...]
    room: int
    again: bool = False


@frozen
class Spans:
    """The recaps that a session's view has, oldest first, after the compactions up to these turns; and the turns that
    still wait to be told with the next one's.
    """

    through: tuple[int, ...] = ()
    told: tuple[RecapSpan, ...] = ()
    waiting: tuple[Turn, ...] = ()


def spans(session: Session, budget: int, known: Spans | None = None) -> Spans:
    """The recaps that a session's view has now: all of them together fit in `budget` o200k tokens. Of compactions that
    only came to those `known`, just the new ones are looked at.
    """
    standing: tuple[int, ...] = ()
    for one in session.compactions:
        if one.id not in session.undone and one.through > max(standing, default=0):
            standing = (*standing, one.through)
    made = known if known and standing[: len(known.through)] == known.through else Spans()
    for through in standing[len(made.through) :]:
        made = _with(made, session, through, budget)
    return made


def _with(made: Spans, session: Session, through: int, budget: int) -> Spans:
    """The recaps after one more compaction."""
    before = made.through[-1] if made.through else 0
    first, end = (bisect_right(session.turns, last, key=turn_number) for last in (before, through))
    waiting = (*made.waiting, *session.turns[first:end])
    standing = (*made.through, through)
    if (room := _room(waiting)) < LEAST:
        return Spans(standing, made.told, waiting)
    told = (*made.told, RecapSpan(waiting, room))
    if sum(span.room for span in told) > budget:
        everything = tuple(turn for span in told for turn in span.turns)
        told = (RecapSpan(everything[-(budget // _TURN) :], round(budget * AGAIN), again=True),)
    return Spans(standing, told)


def recap(span: RecapSpan, count: Count) -> str:
    """A span's turns, told in the tokens it may take; nothing where that is too little to tell anything."""
    asked = _asked(span, count)
    opening = OPENING.format(first=span.turns[0].number, last=span.turns[-1].number)
    room = span.room - count(opening) - sum(map(count, asked.values())) - _FRAME * len(asked)
    if room < 0:
        return ""
    replied = _replied(span, room, count)
    paragraphs = []
    for turn in span.turns:
        parts = list(filter(None, (asked.get(turn.number, ""), replied.get(turn.number, ""))))
        if parts:
            apart = "\n\n" if sum(map(len, parts)) > _PARAGRAPH else "\n"
            paragraphs.append(f"Turn {turn.number}. " + apart.join(parts))
    return "\n\n".join([opening, *paragraphs]) if paragraphs else ""


def _room(turns: Sequence[Turn]) -> int:
    held = sum(item.tokens for turn in turns for item in turn.items)
    said = sum(len(text) for turn in turns for text in _texts(turn)) // 4
    return round(min(SAID * said, HELD * held))


def _texts(turn: Turn) -> Iterator[str]:
    spoken = dialogue(turn)
    yield from spoken.asked
    yield from spoken.replied


def _asked(span: RecapSpan, count: Count) -> dict[int, str]:
    """The user's words in each turn, whole sentences, of all as many characters until they fit, if they can."""
    said = {turn.number: [text for text in dialogue(turn).asked if text.strip()] for turn in reversed(span.turns)}
    longest, room = _LONGEST, _WORDS * span.room
    while True:
        asked = {
            turn: "Developer: " + " / ".join(whole(text, longest) or MORE.strip() for text in texts)
            for turn, texts in said.items()
            if texts
        }
        taken = list(accumulate(map(count, asked.values())))
        if not taken or taken[-1] <= room:
            return asked
        if longest <= _SHORTEST:
            return dict(list(asked.items())[: bisect_right(taken, room)]) if span.again else asked
        longest = longest * 3 // 4


def _replied(span: RecapSpan, room: int, count: Count) -> dict[int, str]:
    """What came of each turn: what was changed and run, and what the agent closed it with, in whole sentences, of all
    as many characters until they fit.
    """
    root = project_root(span.turns)
    done = {turn.number: done_in_turn(turn_evidence(turn, root)) for turn in span.turns}
    last = {turn.number: handed_back(dialogue(turn)) for turn in span.turns}
    longest = _CLOSING
    while True:
        told = {
            turn: came
            for turn, text in last.items()
            if (came := "\n".join(_came(done[turn], closing_words(text, longest, longest))))
        }
        taken = list(accumulate(count(came) + _FRAME for came in reversed(told.values())))
        if not taken or taken[-1] <= room:
            return told
        if longest <= _SHORTEST:
            # The newest turns, where not even so much fits for all.
            return dict(list(reversed(told.items()))[: bisect_right(taken, room)])
        longest = max(_SHORTEST, longest * 3 // 4)


def _came(done: str, closing: str) -> Iterator[str]:
    if done:
        yield f"→ {done}"
    if closing:
        yield f"Agent: {closing}"
