"""Dialogue of a turn: the user's own words and the agent's, without what tools put out."""

from __future__ import annotations

import re
from functools import lru_cache

from attrs import frozen

from throughline.domain.events import AssistantMessage, ToolCalled, ToolReturned, UserMessage
from throughline.domain.session import Turn
from throughline.domain.user_replies import user_words
from throughline.memory.cues import cue_list
from throughline.memory.tags import without_tag_marks
from throughline.memory.text import GAP


@frozen
class Answer:
    """What the user answered to a question that the agent asked through a tool."""

    question: str
    """The question's words; nothing where the tool's result does not repeat them."""
    text: str
    """The answer's words, as they were chosen or written."""


@frozen
class Dialogue:
    """What was said in one turn, in order."""

    turn: int
    """The turn's number."""
    messages: tuple[str, ...]
    """The user's messages, then what the user wrote in refusing a call."""
    answers: tuple[Answer, ...]
    """What the user answered to the agent's questions."""
    replied: tuple[str, ...]
    """The agent's messages, their tagged lines without the tags."""
    closing: str
    """The agent's messages after the turn's last call, with their tags: with them it handed back."""
    interrupted: bool
    """Whether the user stopped the turn."""

    @property
    def asked(self) -> tuple[str, ...]:
        """All of the user's words: the messages, then each question with its answer."""
        return (*self.messages, *(f"{one.question} {one.text}".strip() for one in self.answers))


def dialogue(turn: Turn) -> Dialogue:
    """The words of a turn; what the user did not type, such as an interrupt's mark, is none."""
    tools = {item.id: item.tool for item in turn.items if isinstance(item, ToolCalled)}
    messages: list[str] = []
    refused: list[str] = []
    answers: list[Answer] = []
    replied: list[str] = []
    closing: list[str] = []
    interrupted = False
    for item in turn.items:
        match item:
            case UserMessage(origin="user", text=text):
                messages.append(text)
            case UserMessage():
                interrupted = True
            case AssistantMessage(text=text) if text.strip():
                replied.append(without_tag_marks(text))
                closing.append(text)
            case ToolCalled():
                closing = []
            case ToolReturned(error=True, text=text) if words := user_words(text, tools.get(item.id, ""), error=True):
                refused.append(words)
            case ToolReturned(text=text, error=error):
                answers += _answers(text, tools.get(item.id, ""), error=error)
            case _:
                pass
    return Dialogue(
        turn.number, (*messages, *refused), tuple(answers), tuple(replied), "\n\n".join(closing), interrupted
    )


def _answers(text: str, tool: str, *, error: bool) -> list[Answer]:
    given = user_words(text, tool, error=error)
    if not given:
        return []
    asked = user_words(text, tool, error=error, asked=True).splitlines()
    lines = given.splitlines()
    if len(asked) != len(lines):
        return [Answer("", given)]
    pairs = zip(asked, lines, strict=True)
    return [Answer(both.removesuffix(said).strip() if both.endswith(said) else "", said) for both, said in pairs]


# What a client puts around a message, and code, each on lines of its own.
_WRAPPED = re.compile(
    r"^[ \t]*<(?P<tag>[A-Za-z][\w:.-]*)(?:\s[^<>\n]*)?>.*?(?:</(?P=tag)>[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_FENCED = re.compile(r"^[ \t]*(?P<fence>```+|~~~+).*?(?:^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
# A line that no person typed.
_MACHINE = re.compile("|".join(cue_list("machine")))


@lru_cache(maxsize=1 << 10)
def own_prose(message: str) -> str:
    """A message as its writer's own sentences: without code, what a client put around it, and what was pasted from a
    terminal or a log. Lines stay as they are; a gap stands for what was left out.
    """
    text = _FENCED.sub(GAP, _WRAPPED.sub("", message))
    kept: list[str] = []
    pasted = False
    for line in text.splitlines():
        # What a machine wrote goes on to the end of its paragraph.
        pasted = bool(line.strip()) and (pasted or bool(_MACHINE.match(line)))
        if not pasted:
            kept.append(line)
        elif kept[-1:] != [GAP]:
            kept.append(GAP)
    return "\n".join(kept).strip(f"{GAP} \n\t")
