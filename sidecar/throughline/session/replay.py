"""The replay of a recorded session through a live one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from throughline.domain.recording import RecordedTurn
from throughline.session.live_session import LiveSession


class Player(Protocol):
    """Whatever plays the recording's replies and results, and knows its place."""

    @property
    def point(self) -> int:
        """The index of the step at which the next call begins."""
        ...

    def begin(self, scene: RecordedTurn) -> None:
        """Gets ready for a turn."""
        ...


async def play_recording(
    live: LiveSession, scenes: Sequence[RecordedTurn], player: Player, progress: Callable[[int], None]
) -> None:
    """Plays every turn; `progress` is told how many are done."""
    for number, scene in enumerate(scenes, 1):
        player.begin(scene)
        words = [step.text for step in scene.words]
        if scene.exchanges:
            await live.send(*words)
            await live.idle()
        else:
            await live.note(*words)
        progress(number)
