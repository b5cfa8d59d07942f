"""What a provider's prompt cache would bill: for recordings, which have no provider."""

from __future__ import annotations

from throughline.core.ports import Clock
from throughline.core.usage import Usage
from throughline.core.view import View


class PromptCache:
    """Remembers the last prompt; what the next one shares with it from the start is read, the rest is written.

    It forgets after `lifetime` seconds without a call. Figures are the model's own tokens: o200k times `factor`.
    """

    def __init__(self, clock: Clock, factor: float, lifetime: float = 300.0) -> None:
        self._clock = clock
        self._factor = factor
        self._lifetime = lifetime
        self._last: tuple[tuple[str, str], ...] = ()
        self._when = float("-inf")

    def usage(self, view: View, output: int) -> Usage:
        """The usage of a call that sends `view` now and gets `output` o200k tokens back."""
        now = self._clock.now()
        blocks = tuple((block.role, block.text) for block in view.blocks)
        shared = 0
        if now - self._when <= self._lifetime:
            while shared < min(len(blocks), len(self._last)) and blocks[shared] == self._last[shared]:
                shared += 1
        self._last, self._when = blocks, now
        read = sum(block.tokens for block in view.blocks[:shared])
        return Usage(
            output=round(output * self._factor),
            cache_read=round(read * self._factor),
            cache_write=round((view.tokens - read) * self._factor),
        )
