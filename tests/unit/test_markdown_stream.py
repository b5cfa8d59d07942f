"""A model's Markdown in a terminal: enough of it to be read, and tagged events in colours of their own."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.text import Text

from throughline.cli.chat.renderer import COLOURS, MarkdownStream


def shown(*lines: str) -> str:
    console = Console(width=60, color_system=None, force_terminal=True)
    prose = MarkdownStream()
    with console.capture() as capture:
        for line in lines:
            console.print(prose.line(line))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


CASES = [
    ("plain", ("Just words.",), "Just words."),
    ("marks go", ("Use `a.py`, **not** *b*.",), "Use a.py, not b."),
    ("what is no mark stays", ("2 * 3 * 4, snake_case, a*b*c",), "2 * 3 * 4, snake_case, a*b*c"),
    ("a heading", ("## Plan",), "Plan"),
    ("items", ("- one", "  - two", "3. three"), "• one\n  • two\n3. three"),
    ("code as it is", ("```python", "x = `**y**`", "```"), "```python\n  x = `**y**`\n```"),
]


@pytest.mark.parametrize(("name", "lines", "expected"), CASES, ids=[row[0] for row in CASES])
def test_a_line_is_shown(name: str, lines: tuple[str, ...], expected: str) -> None:
    assert shown(*lines) == expected


def test_a_long_item_hangs_below_its_first_word() -> None:
    first, *rest = shown("- " + "word " * 30).splitlines()
    assert first.startswith("• word")
    assert rest
    assert all(line.startswith("  word") for line in rest)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("[DECISION]: Keep it because it works", "decision"),
        ("- **[MILESTONE COMPLETE]**: It works", "milestone"),
        ("[DO NOT REVISIT]: Threads — they lock", "rejected"),
    ],
)
def test_a_tagged_event_has_a_colour_of_its_own(line: str, kind: str) -> None:
    made = MarkdownStream().line(line)
    assert isinstance(made, Text)
    assert made.style == COLOURS[kind]  # type: ignore[index]
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_a_tag_in_a_code_block_is_only_quoted() -> None:
    prose = MarkdownStream()
    prose.line("```")
    assert not isinstance(prose.line("[DECISION]: x"), Text)
    prose.line("```")
    assert isinstance(prose.line("[DECISION]: x"), Text)
