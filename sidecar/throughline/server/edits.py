"""The hand that changes files through the editor, so that undo works and unsaved edits are not lost."""

from __future__ import annotations

import re

from lsprotocol import types

from throughline.core.acting import Edits, MovedError, Place
from throughline.server.buffers import Buffers

# The protocol's own line ends: others that Python knows are text.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class EditorEdits:
    """Changes in the editor what is open there, and on disk what is not."""

    def __init__(self, buffers: Buffers, disk: Edits) -> None:
        self._buffers = buffers
        self._disk = disk

    async def put(self, place: Place, text: str, before: str | None) -> None:
        """Replaces a file whole or not at all, or makes it where `before` is None."""
        version = self._buffers.version(place.path) if place.inside else None
        if before is None or version is None:
            await self._disk.put(place, text, before)
            return
        moved = MovedError(f"{place.path} has changed meanwhile: read it again, then edit it.")
        if self._buffers.text(place.path) != before:
            raise moved
        if not await self._buffers.change(place.path, version, change(before, text)):
            raise moved


def change(before: str, after: str) -> types.TextEdit:
    """What makes one text of another: the lines from the first to the last that differ, so that a cursor elsewhere
    stays where it is.
    """
    old, new = _LINE.findall(before), _LINE.findall(after)
    most = min(len(old), len(new))
    first = next((at for at in range(most) if old[at] != new[at]), most)
    most -= first
    last = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    span = types.Range(_start(old, first), _start(old, len(old) - last))
    return types.TextEdit(span, "".join(new[first : len(new) - last]))


def _start(lines: list[str], at: int) -> types.Position:
    """The start of a line, or the end of the text where that has no line end."""
    if at == len(lines) and lines and not lines[-1].endswith(("\r", "\n")):
        return types.Position(at - 1, len(lines[-1].encode("utf-16-le")) // 2)
    return types.Position(at, 0)
