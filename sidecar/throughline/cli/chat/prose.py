"""A model's Markdown, line by line as it streams: enough of it to be read in a terminal."""

from __future__ import annotations

import re

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from throughline.compression.tags import tagged
from throughline.core.ledger import EntryKind

# The colours of the tagged events, which are theirs alone.
COLOURS: dict[EntryKind, str] = {"decision": "bold cyan", "milestone": "bold green", "rejected": "bold magenta"}
CODE = "yellow"

_FENCE = re.compile(r"^\s*(```+|~~~+)")
_HEADING = re.compile(r"^#{1,6}\s+(.*)$")
_BULLET = re.compile(r"^(\s*)([-*+]|\d+[.)])\s+(.*)$")
_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|(?<!\w)\*([^*\s][^*]*)\*(?!\w)")


class Prose:
    """Turns lines into what a terminal shows; it knows whether it is inside a code block."""

    def __init__(self) -> None:
        self._fence = ""

    def line(self, said: str) -> Text | Table | Padding:
        """One whole line, without its end."""
        fence = _FENCE.match(said)
        if fence and (not self._fence or fence[1].startswith(self._fence)):
            self._fence = "" if self._fence else fence[1]
            return Text(said, style="dim")
        if self._fence:
            return Padding(Text(said, style=CODE), (0, 0, 0, 2))
        kind = next((kind for kind, _, _ in tagged(said)), None)
        if kind:
            return Text(said.strip(), style=COLOURS[kind])
        if heading := _HEADING.match(said):
            return _spans(heading[1], "bold underline")
        if bullet := _BULLET.match(said):
            return _item(*bullet.groups())
        return _spans(said)


def _item(indent: str, mark: str, said: str) -> Table:
    """A list's item, its further lines below its first word."""
    row = Table.grid(padding=0)
    sign = f"{indent}{'•' if mark in '-*+' else mark} "
    row.add_column(width=len(sign), no_wrap=True)
    row.add_column()
    row.add_row(Text(sign, style="bold"), _spans(said))
    return row


def _spans(said: str, style: str = "") -> Text:
    """A line with its code, bold and emphasis."""
    text, end = Text(style=style), 0
    for found in _INLINE.finditer(said):
        text.append(said[end : found.start()])
        code, bold, soft = found.groups()
        text.append(code or bold or soft, style=CODE if code else "bold" if bold else "italic")
        end = found.end()
    text.append(said[end:])
    return text
