"""How much a sentence of the dialogue is worth remembering, as a number.

The weights were set by hand, in round numbers, on recorded sessions, and hold with any one of those left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from attrs import frozen

from throughline.compression.cues import heard
from throughline.compression.sentences import Sentence, sentences, terms
from throughline.core.events import Replied, Spoke, ToolCalled, ToolReturned
from throughline.core.session import Turn

_NAME = re.compile(
    r"`[^`\n]+`|\b\w+_\w+\b|\b[a-z]+[A-Z]\w+|\b[A-Z][a-z]+[A-Z]\w*|\b[\w-]+\.[a-z]{1,4}\b(?!\.)|--\w[\w-]+|\"[^\"\n]{2,40}\""
)
_CHOICE = heard("choice")
_OUTCOME = heard("outcome")
_NARRATION = heard("narration", r"^(?:{})\b|\b(?:let me know|ready (?:to|for))\b")
_PASTED = re.compile(r"^\W*[\"'{<$#\u276f>|]|\{\s*$|^\S+:\s*\S+$|https?://")
_EQUATES = re.compile(r"→|->|\s=\s")
_REFUSAL = heard("refusal", r"\A\W*(?:{})\b")
_ASKS = re.compile(r"ask|question", re.IGNORECASE)
_WORDS = heard("words", r"(?:{})\s*")


@frozen
class Remark:
    """A sentence with who said it and what it is worth; more than nothing is worth keeping."""

    sentence: Sentence
    turn: int
    user: bool
    weight: float


@frozen
class Dialogue:
    """What was said in a turn: the user's messages and the agent's, what both are about, and how much was done."""

    turn: int
    asked: tuple[str, ...]
    replied: tuple[str, ...]
    items: int

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
    asked = [item.text for item in turn.items if isinstance(item, Spoke) and item.origin == "user"]
    tools = {item.id: item.tool for item in turn.items if isinstance(item, ToolCalled)}
    asked += [
        said
        for item in turn.items
        if isinstance(item, ToolReturned) and (said := _relayed(item, tools.get(item.id, "")))
    ]
    replied = [item.text for item in turn.items if isinstance(item, Replied) and item.text.strip()]
    return Dialogue(turn.number, tuple(asked), tuple(replied), len(turn.items))


def remarks(turns: Sequence[Turn]) -> Iterator[Remark]:
    """Every sentence of the turns with its weight, in the order in which they were said."""
    spoken = [dialogue(turn) for turn in turns]
    for place, one in enumerate(spoken):
        before = spoken[place - 1].agent if place else frozenset[str]()
        after = spoken[place + 1].user if place + 1 < len(spoken) else frozenset[str]()
        heard_by_user, heard_by_agent = one.agent | before, one.user | after
        crowd = math.log1p(sum(map(len, one.asked)) / 100)
        for text in one.asked:
            for said in sentences(text):
                yield Remark(said, one.turn, True, _shared(said, heard_by_user) + _user(said, crowd))
        for number, text in enumerate(one.replied):
            closing = number == len(one.replied) - 1
            echo = one.user if number == 0 else frozenset[str]()
            for said in sentences(text):
                weight = _shared(said, heard_by_agent) + _agent(said, closing, one.items, echo)
                yield Remark(said, one.turn, False, weight)


def _shared(said: Sentence, other: frozenset[str]) -> float:
    """What a sentence is worth whoever says it; what the other side speaks of too is worth more."""
    about = terms(said.text)
    return (
        0.8
        + 0.5 * len(about & other) / math.sqrt(len(about))
        + 0.5 * min(4, len(set(_NAME.findall(said.text))))
        + 0.4 * min(3, len(_CHOICE.findall(said.text)))
        + 0.4 * bool(_EQUATES.search(said.text))
        + 0.9 * math.log(len(said.text) / 80)
    )


def _user(said: Sentence, crowd: float) -> float:
    """The user's words, most of all the first; in a long message, such as a pasted one, each is worth less."""
    return 1.2 + 0.8 * said.lead - 0.8 * crowd - 0.5 * said.raw.endswith("?") - 2.0 * bool(_PASTED.search(said.raw))


def _agent(said: Sentence, closing: bool, items: int, echo: frozenset[str]) -> float:
    """The agent's words: how it takes up the request, and how it closes a turn in which much was done."""
    about = terms(said.text)
    return (
        (0.2 + 0.3 * math.log1p(items / 5) if closing else -0.3)
        + 1.0 * len(about & echo) / math.sqrt(len(about))
        + 0.5 * bool(_OUTCOME.search(said.raw))
        + 0.4 * said.bold
        - 0.3 * min(2.5, math.log1p(said.place / 4))
        - 1.2 * said.raw.endswith(":")
        - 1.2 * bool(_NARRATION.search(said.raw))
    )


def _relayed(result: ToolReturned, tool: str) -> str:
    """The user's words in a result: of a call that the user refused, or of a tool that asks the user."""
    if not (_ASKS.search(tool) or (result.error and _REFUSAL.match(result.text))):
        return ""
    found = _WORDS.search(result.text, 0, 1_000)
    return result.text[found.end() :].strip() if found else ""
