"""Replies that are not what a reply should be: cut off, refused, empty."""

from __future__ import annotations

from attrs import frozen

from throughline.core.events import ToolCalled
from throughline.core.ports import ModelError

# The reasons of a reply that reached a limit.
CUT = ("max_tokens", "model_context_window_exceeded")
# So many of them in a row, and the user is asked.
CUTS, EMPTY = 3, 2


@frozen
class Reply:
    """What a model's reply came to: its calls, whether it said anything, and why it stopped."""

    calls: tuple[ToolCalled, ...]
    said: bool
    reason: str


class Odd:
    """Judges the replies of one turn."""

    def __init__(self) -> None:
        self._cuts = 0
        self._empty = 0

    def judge(self, reply: Reply) -> tuple[str, str]:
        """What to tell the model so that it goes on, or what to tell the user; both empty where all is well.

        Raises ModelError for a reply that was refused.
        """
        if reply.reason == "refusal":
            raise ModelError("The model declined to go on: say it in another way, or go back to before this message.")
        self._cuts = self._cuts + 1 if reply.reason in CUT else 0
        self._empty = 0 if reply.said or reply.calls or self._cuts else self._empty + 1
        if self._cuts >= CUTS:
            return "", f"The reply reached its limit {self._cuts} times in a row. Ask for less at a time, or say go on."
        if self._cuts:
            lost = "" if reply.calls else " If it was in a call, that call is lost: make it smaller."
            return f"(Your reply was cut off at its limit.{lost} Go on where it ended.)", ""
        if self._empty >= EMPTY:
            return "", "The model answered nothing, twice. Send the message again, or say it in another way."
        if self._empty:
            return "(Your reply was empty. Go on, or say that you are done and what came of it.)", ""
        return "", ""
