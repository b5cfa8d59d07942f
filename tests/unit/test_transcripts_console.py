"""What a terminal showed of a session: whose each block is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import RecordedEvent, Recording
from throughline.transcripts import console

SCREEN = """
╭───────────────────────────╮
│ ✻ Welcome                 │
╰───────────────────────────╯

> Größe prüfen
  and say so

✻ Thinking…

  Hm.

⏺ I look.

  - first
  - second

⏺ Bash(ls -l
      src)
  ⎿  a.py
     b.py
     … +3 lines (ctrl+o to expand)

⏺ Update Todos
  ⎿  ☐ One

⏺ Read(a.py)
  ⎿  Error: File does not exist.

> /cost
  ⎿  $1

> go on

⏺ Edit(a.py)
  ⎿  Interrupted by user

⏺ Done.

────────────
 status line
"""
STEPS = (
    RecordedEvent(0, "user", "prompt", "Größe prüfen\nand say so"),
    RecordedEvent(1, "assistant", "thinking", "Hm."),
    RecordedEvent(2, "assistant", "text", "I look.\n\n- first\n- second"),
    RecordedEvent(3, "assistant", "tool_call", "", "Bash", {"arguments": "ls -l\nsrc"}, "step-3"),
    RecordedEvent(4, "tool", "tool_result", "a.py\nb.py\n… +3 lines (ctrl+o to expand)", call_id="step-3"),
    RecordedEvent(5, "assistant", "tool_call", "", "Update Todos", {"arguments": ""}, "step-5"),
    RecordedEvent(6, "tool", "tool_result", "☐ One", call_id="step-5"),
    RecordedEvent(7, "assistant", "tool_call", "", "Read", {"arguments": "a.py"}, "step-7"),
    RecordedEvent(8, "tool", "tool_result", "Error: File does not exist.", call_id="step-7", error=True),
    RecordedEvent(9, "user", "command", "/cost"),
    RecordedEvent(10, "user", "command", "$1"),
    RecordedEvent(11, "user", "prompt", "go on"),
    RecordedEvent(12, "assistant", "tool_call", "", "Edit", {"arguments": "a.py"}, "step-12"),
    RecordedEvent(13, "user", "interrupt", "Interrupted by user"),
    RecordedEvent(14, "assistant", "text", "Done."),
)
SHORTER = "1 results are shorter here than they were, as the screen showed them (whole file)"


@pytest.mark.parametrize("marks", [">⏺", "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}●"])
def test_a_screen_makes_these_steps(marks: str) -> None:
    text = SCREEN.replace("\n> ", f"\n{marks[0]} ").replace("\n⏺", f"\n{marks[1]}")
    assert console.recognises([line for line in text.split("\n") if line.strip()][:32])
    assert console.read(text.split("\n")) == Recording(STEPS, "console", (SHORTER,))


def test_a_line_of_the_users_at_the_margin_goes_on_with_the_words() -> None:
    steps = console.read(["> First", "second", "", "third", "⏺ Done."]).steps
    assert [(step.kind, step.text) for step in steps] == [("prompt", "First\nsecond"), ("text", "Done.")]


@pytest.mark.parametrize("lines", [["> a quotation", "words"], ["⏺ a mark"], ["⎿ x"], [""]])
def test_a_page_with_one_mark_is_no_screen(lines: list[str]) -> None:
    assert not console.recognises(lines)


LINE = st.sampled_from(["> a", "⏺ b", "⏺ Bash(c)", "  ⎿  d", "  e", "✻ Thinking…", "───", "", "f"])


@given(st.lists(LINE | st.text(max_size=5), max_size=20))
def test_whatever_lines_a_page_holds_it_is_read(page: list[str]) -> None:
    assert console.recognises(page) in {True, False}
    recording = console.read(page)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
