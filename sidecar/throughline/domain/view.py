"""The view: exactly what the next call will send, block by block."""

from __future__ import annotations

import hashlib
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal, TypeAlias

from attrs import frozen

Place: TypeAlias = Literal["system", "archive", "summary", "file", "turn"]
Content: TypeAlias = Literal["text", "thought", "call", "result"]

# The label of a block that code says, and not the user.
NOTE = "note"


@frozen
class Block:
    """One piece of content as sent: `tokens` are o200k; `cached` marks a cache breakpoint after it.

    A call carries its tool and arguments, and its text is their JSON; a result carries its call's id; a thought carries
    the provider's block as its arguments, and its text is what can be read of it.
    """

    place: Place
    role: Literal["system", "user", "assistant"]
    text: str
    tokens: int
    content: Content = "text"
    id: str = ""
    tool: str = ""
    args: dict[str, Any] | None = None
    error: bool = False
    cached: bool = False
    label: str = ""


@frozen
class View:
    """Blocks from the most stable to the least."""

    blocks: tuple[Block, ...]

    @cached_property
    def tokens(self) -> int:
        """The whole view in o200k tokens."""
        return sum(map(attrgetter("tokens"), self.blocks))

    @property
    def digest(self) -> str:
        """The same for views that send the same."""
        sent = hashlib.sha256()
        for block in self.blocks:
            head = f"{block.role} {block.content} {block.id} {block.tool} {len(block.text)} "
            sent.update(f"{head}{block.text}".encode("utf-8", "surrogatepass"))
        return sent.hexdigest()

    def by_place(self) -> dict[Place, int]:
        """Tokens of each place, for the context meter."""
        total: dict[Place, int] = {}
        for block in self.blocks:
            total[block.place] = total.get(block.place, 0) + block.tokens
        return total

    def document(self) -> str:
        """The whole text, each block in paragraphs of its own."""
        return "\n\n".join(block.text for block in self.blocks) + "\n"
