"""How much a sentence of the dialogue is worth remembering, as a number.

The weights are round numbers from the middle of a region in which the measured recall of recorded sessions is high, and
in which moving any of them a little makes no difference.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from attrs import frozen

from throughline.domain.events import AssistantMessage, ToolCalled, ToolReturned, UserMessage
from throughline.domain.ledger import EntryKind
from throughline.domain.session import Turn
from throughline.domain.user_replies import user_words
from throughline.memory.cues import heard
from throughline.memory.pairing import agrees, pair
from throughline.memory.tags import without_tag_marks
from throughline.memory.text import Sentence, sentences, terms

_NAME = re.compile(
    r"`[^`\n]+`|\b\w+_\w+\b|\b[a-z]+[A-Z]\w+|\b[A-Z][a-z]+[A-Z]\w*|\b[\w-]+\.[a-z]{1,4}\b(?!\.)|--\w[\w-]+|\"[^\"\n]{2,40}\""
)
_CHOICE = heard("choice")
_OUTCOME = heard("outcome")
# What the agent says itself to be put aside, open or wrong, by kind.
APART: dict[EntryKind, re.Pattern[str]] = {
    "rejected": heard("rejected"),
    "question": heard("question"),
    "issue": heard("issue"),
}
_NARRATION = heard("narration", r"^(?:{})\b|\b(?:let me know|ready (?:to|for))\b")
_PASTED = re.compile(r"^\W*[\"'{<$#\u276f>|]|\{\s*$|^\S+:\s*\S+$|https?://")
_EQUATES = re.compile(r"→|->|\s=\s")
_CHANGES = heard("changes", r"(?:{})")

# What it adds that files were changed in the turn, and what talk alone loses where the user does not agree to it.
_CHANGED = 0.35
_TALK = 0.4
# An answer's share for being the user's; that of the question counts in its names and terms.
_PAIRED = 0.7


@frozen
class Remark:
    """A sentence with who said it and what it is worth; more than nothing is worth keeping."""

    sentence: Sentence
    turn: int
    user: bool
    weight: float


@frozen
class Dialogue:
    """What was said in a turn: the user's messages and the agent's, what both are about, and how much was done;
    `changed` says that files were.
    """

    turn: int
    asked: tuple[str, ...]
    replied: tuple[str, ...]
    items: int
    changed: bool

    @property
    def user(self) -> frozenset[str]:
        """What the user speaks of."""
        return frozenset().union(*map(terms, self.asked))

    @property
    def agent(self) -> frozenset[str]:
        """What the agent speaks of."""
        return frozenset().union(*map(terms, self.replied))


def dialogue(turn: Turn) -> Dialogue:
    """The words of a turn: the user's own, also where a tool's result hands them on, and the agent's."""
    asked = [item.text for item in turn.items if isinstance(item, UserMessage) and item.origin == "user"]
    tools = {item.id: item.tool for item in turn.items if isinstance(item, ToolCalled)}
    asked += [
        said
        for item in turn.items
        if isinstance(item, ToolReturned)
        and (said := user_words(item.text, tools.get(item.id, ""), error=item.error, asked=True))
    ]
    replied = [
        without_tag_marks(item.text) for item in turn.items if isinstance(item, AssistantMessage) and item.text.strip()
    ]
    changed = any(_CHANGES.search(tool) for tool in tools.values())
    return Dialogue(turn.number, tuple(asked), tuple(replied), len(turn.items), changed)


def weighed_sentences(turns: Sequence[Turn], before: Turn | None = None, after: Turn | None = None) -> Iterator[Remark]:
    """Every sentence of the turns with its weight, in the order in which they were said. What the turn `before` them
    asked is answered in them, and the one `after` them may agree to what they end with.
    """
    talk = [dialogue(turn) for turn in (before, *turns, after) if turn]
    first, last = int(before is not None), len(talk) - int(after is not None)
    for place in range(first, last):
        earlier = talk[place - 1] if place else None
        later = talk[place + 1] if place + 1 < len(talk) else None
        yield from _asked(talk[place], earlier)
        yield from _replied(talk[place], later)


def replies(turns: Sequence[Turn]) -> Iterator[Remark]:
    """The agent's sentences of the turns alone, with their weights."""
    talk = [dialogue(turn) for turn in turns]
    for place, one in enumerate(talk):
        yield from _replied(one, talk[place + 1] if place + 1 < len(talk) else None)


def _asked(one: Dialogue, earlier: Dialogue | None) -> Iterator[Remark]:
    """The user's sentences; an answer stands with the question that it answers."""
    known = one.agent | (earlier.agent if earlier else frozenset())
    crowd = math.log1p(sum(map(len, one.asked)) / 100)
    done = _CHANGED * one.changed
    answer = pair(earlier.replied[-1], one.asked[0]) if earlier and earlier.replied and one.asked else None
    if answer:
        said = answer.sentence
        yield Remark(said, one.turn, True, _shared(said, known) + _PAIRED + done)
    for text in one.asked:
        for said in sentences(text):
            if not (answer and answer.repeats(said)):
                yield Remark(said, one.turn, True, _shared(said, known) + _user(said, crowd, known) + done)


@lru_cache(maxsize=512)
def _replied(one: Dialogue, later: Dialogue | None) -> tuple[Remark, ...]:
    """The agent's sentences; of a turn that changed nothing and that nobody agreed to, each is worth less."""
    remarks: list[Remark] = []
    known = one.user | (later.user if later else frozenset())
    agreed = bool(later and later.asked and agrees(later.asked[0]))
    done = _CHANGED if one.changed else 0.0 if agreed else -_TALK
    for number, text in enumerate(one.replied):
        closing = number == len(one.replied) - 1
        echo = one.user if number == 0 else frozenset[str]()
        for said in sentences(text):
            # What is open, wrong or put aside waits for nobody's leave.
            more = max(0.0, done) if any(cue.search(said.raw) for cue in APART.values()) else done
            weight = _shared(said, known) + _agent(said, closing, one.items, echo) + more
            remarks.append(Remark(said, one.turn, False, weight))
    return tuple(remarks)


def _shared(said: Sentence, other: frozenset[str]) -> float:
    """What a sentence is worth whoever says it; what the other side speaks of too is worth more."""
    about = terms(said.text)
    return (
        0.8
        + 0.65 * len(about & other) / math.sqrt(len(about))
        + 0.35 * min(3, len(set(_NAME.findall(said.text))))
        + 0.4 * min(3, len(_CHOICE.findall(said.text)))
        + 0.4 * bool(_EQUATES.search(said.text))
        + 1.0 * math.log(len(said.text) / 80)
    )


def _user(said: Sentence, crowd: float, known: frozenset[str]) -> float:
    """The user's words, most of all the first; in a long message, such as a pasted one, each is worth less, and so is
    one that names nothing and has next to nothing in common with what the agent speaks of.
    """
    names = _NAME.search(said.text) or _EQUATES.search(said.text)
    return (
        1.5
        + 1.0 * said.lead
        - 0.8 * crowd
        - 0.4 * said.raw.endswith("?")
        - 2.0 * bool(_PASTED.search(said.raw))
        - 1.3 * (not names and len(terms(said.text) & known) < 2)
    )


def _agent(said: Sentence, closing: bool, items: int, echo: frozenset[str]) -> float:
    """The agent's words: how it takes up the request, and how it closes a turn in which much was done."""
    about = terms(said.text)
    return (
        (0.2 + 0.4 * math.log1p(items / 5) if closing else -0.3)
        + 1.3 * len(about & echo) / math.sqrt(len(about))
        + 0.5 * bool(_OUTCOME.search(said.raw))
        + 0.6 * said.bold
        - 0.3 * min(2.5, math.log1p(said.place / 4))
        - 1.2 * said.raw.endswith(":")
        - 1.2 * bool(_NARRATION.search(said.raw))
    )
