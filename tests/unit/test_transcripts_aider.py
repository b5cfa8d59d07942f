"""Aider's chat histories: whose each line is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.recording import Kind, RecordedEvent, Recording
from throughline.transcripts import aider

HEADER = "\n# aider chat started at 2026-03-01 10:00:00\n\n"
SESSION = f"""{HEADER}> Aider v0.86.1  
> Model: model-x with diff edit format  

#### Größe prüfen  
#### and say so  

I look.

#### What I do

> a quotation

a.py
```python
<<<<<<< SEARCH
x = 1
=======
#### x = 2
> x
>>>>>>> REPLACE
```

> Tokens: 1.0k sent, 10 received.  
> Applied edit to a.py  
> Applied edit to b c.py  
> Commit 1234567 Change x  

#### /run pytest  
> Add 1.0k tokens of command output to the chat? (Y)es/(N)o [Yes]: y  

#### /ask Is it done?  

Yes.
"""  # noqa: W291
REPLY = SESSION[SESSION.index("I look.") : SESSION.index("\n> Tokens")].strip()


def recorded(text: str) -> Recording:
    return aider.read(text.split("\n"))


def test_a_session_makes_these_steps() -> None:
    assert recorded(SESSION) == Recording(
        (
            RecordedEvent(0, "system", "meta", "Aider v0.86.1\nModel: model-x with diff edit format", at=1772359200.0),
            RecordedEvent(1, "user", "prompt", "Größe prüfen\nand say so"),
            RecordedEvent(2, "assistant", "text", REPLY),
            RecordedEvent(3, "system", "meta", "Tokens: 1.0k sent, 10 received."),
            RecordedEvent(4, "assistant", "tool_call", "", "edit", {"path": "a.py"}, "edit-4"),
            RecordedEvent(5, "assistant", "tool_call", "", "edit", {"path": "b c.py"}, "edit-5"),
            RecordedEvent(6, "tool", "tool_result", "Applied edit to a.py", call_id="edit-4"),
            RecordedEvent(7, "tool", "tool_result", "Applied edit to b c.py", call_id="edit-5"),
            RecordedEvent(8, "system", "meta", "Commit 1234567 Change x"),
            RecordedEvent(9, "user", "command", "/run pytest"),
            RecordedEvent(
                10,
                "system",
                "meta",
                "Add 1.0k tokens of command output to the chat? (Y)es/(N)o [Yes]: y",
            ),
            RecordedEvent(11, "user", "prompt", "Is it done?"),
            RecordedEvent(12, "assistant", "text", "Yes."),
        ),
        "aider",
        (),
    )


def test_where_no_line_ends_in_blanks_a_fence_tells_what_is_the_models() -> None:
    bare = "\n".join(
        line.rstrip() for line in SESSION.replace("> a quotation\n", "").replace("#### What", "What").split("\n")
    )
    steps = recorded(bare).steps
    assert [step.kind for step in steps] == [step.kind for step in recorded(SESSION).steps]
    assert "#### x = 2" in steps[2].text


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        ("Add a flag.", "prompt", "Add a flag."),
        ("/architect Plan it.", "prompt", "Plan it."),
        ("/code Do it.", "prompt", "Do it."),
        ("/chat-mode ask Why?", "prompt", "Why?"),
        ("/ask", "command", "/ask"),
        ("/add a.py", "command", "/add a.py"),
        ("!ls", "command", "!ls"),
    ],
)
def test_a_command_that_carries_words_to_the_model_is_a_prompt(line: str, kind: Kind, text: str) -> None:
    assert [(step.kind, step.text) for step in recorded(f"{HEADER}#### {line}  \n").steps] == [(kind, text)]


def test_several_sessions_are_read_as_one_and_noted() -> None:
    recording = recorded(SESSION + HEADER.replace("10:", "11:") + "#### Again.  \n")
    assert recording.steps[-1] == RecordedEvent(13, "user", "prompt", "Again.", at=1772362800.0)
    assert recording.repairs == ("2 sessions, one after the other, were read as one (whole file)",)


def test_a_history_is_known_by_its_header_and_not_where_another_tool_shows_one() -> None:
    lines = [line for line in SESSION.split("\n") if line.strip()]
    assert aider.recognises(lines)
    assert aider.recognises(["Some notes", *lines])
    assert not aider.recognises(["_**User**_", *lines])
    assert not aider.recognises(lines[1:])


LINE = st.sampled_from(["#### a  ", "> b  ", "> Applied edit to c  ", HEADER.strip(), "```", "#### d", ""])


@given(st.lists(LINE | st.text(max_size=5), max_size=20))
def test_whatever_lines_a_page_holds_it_is_read(page: list[str]) -> None:
    recording = aider.read(page)
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
    assert all(step.text or step.kind == "tool_call" for step in recording.steps)
