"""The one way out to a terminal: whatever is printed has its hidden characters made visible."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markdown import Markdown
from rich.segment import Segment

from throughline.domain.visible_text import escaped_text, visible_text


class SafeConsole(Console):
    """A console for texts that others wrote: nothing in them commands the terminal, is markup or names a picture."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces of what is printed; those that move the cursor are the console's own and stay."""
        for text, style, control in super().render(renderable, options):
            if control:
                yield Segment(text, style, control)
            else:
                plain = style.update_link(None) if style and style.link else style
                yield Segment(visible_text(text, prose=True), plain)


def markdown(text: str) -> Markdown:
    """Markdown for a terminal: where a link leads is written out, and hidden characters are before it is laid out."""
    return Markdown(visible_text(text, prose=True), hyperlinks=False)


def print_line(text: str, *, error: bool = False, end: bool = True) -> None:
    """Prints a text as it is, but for its hidden characters."""
    click.echo(visible_text(text, prose=True), err=error, nl=end)


def print_json(data: Any) -> None:
    """Prints JSON, for a program to read: the values are what they are, though a terminal shows them."""
    click.echo(escaped_text(json.dumps(data, ensure_ascii=False, indent=2)))
