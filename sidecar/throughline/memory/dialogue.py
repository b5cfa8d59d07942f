"""Dialogue of a turn: the user's own words and the agent's, without what tools put out."""

from __future__ import annotations

from attrs import frozen

from throughline.domain.events import AssistantMessage, ToolCalled, ToolReturned, UserMessage
from throughline.domain.session import Turn
from throughline.domain.user_replies import user_words
from throughline.memory.tags import without_tag_marks


@frozen
class Dialogue:
    """What was said in one turn, in order."""

    turn: int
    """The turn's number."""
    asked: tuple[str, ...]
    """The user's messages, then the words of theirs that a tool's result hands on."""
    replied: tuple[str, ...]
    """The agent's messages, their tagged lines without the tags."""


def dialogue(turn: Turn) -> Dialogue:
    """The words of a turn; what the user did not type, such as an interrupt's mark, is none."""
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
    return Dialogue(turn.number, tuple(asked), tuple(replied))
