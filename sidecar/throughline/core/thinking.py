"""The model's thinking, as its provider gave it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from attrs import frozen


@frozen
class Thought:
    """A block of thinking, exactly as the provider gave it; only what it shows as text can be read.

    It goes back unmodified for as long as its turn runs, and `tokens` are those of its text.
    """

    kind: ClassVar[Literal["thought"]] = "thought"
    turn: int
    block: dict[str, Any]
    tokens: int

    @property
    def text(self) -> str:
        """What can be read of it: nothing where the provider keeps it to itself."""
        text = self.block.get("thinking")
        return text if isinstance(text, str) else ""

    @property
    def signed(self) -> bool:
        """Whether the provider will know it again."""
        return bool(self.block.get("signature") or self.block.get("data"))
