"""Drives a session's owner with a recorded session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from throughline.core.recording import Scene
from throughline.session.owner import Owner


class Player(Protocol):
    """Whatever plays the recording's replies and results."""

    def begin(self, scene: Scene) -> None:
        """Gets ready for a turn."""
        ...


async def replay(owner: Owner, scenes: Sequence[Scene], player: Player, progress: Callable[[int], None]) -> None:
    """Plays every turn; `progress` is told how many are done."""
    for number, scene in enumerate(scenes, 1):
        player.begin(scene)
        words = [step.text for step in scene.words]
        if scene.exchanges:
            await owner.send(*words)
            await owner.idle()
        else:
            await owner.note(*words)
        progress(number)
