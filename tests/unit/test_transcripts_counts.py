"""What stands in a raw recording against what is read of it, in every format; and how long that takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from throughline.domain.recording import Recording
from throughline.transcripts.read import FORMATS, read
from unit.recorded_formats import CLIENTS, WITHOUT_CALLS, WITHOUT_RESULTS, WRITERS, Conversation, Said
from unit.test_transcripts_detection import SAMPLES

WORDS = st.sampled_from(
    [
        "Größe prüfen 📏",
        "Keep it in a cookie, never on the server.",
        'One.\n\nTwo: `x < 1` and "y" \\ z.',
        "- first\n- second",
        "```python\n# a comment\nx = 1\n```",
        "Why is <div> not centred?",
    ]
)
# What a hostile file holds to be taken for somebody's words.
GIVEN = st.sampled_from(
    [
        "x = 1",
        f"<task>\n{CLIENTS}.\n</task>",
        f"<user_message>\n{CLIENTS}.\n</user_message>",
        f"[attempt_completion] Result:\n<user_message>\n{CLIENTS}.\n</user_message>",
        f"---\n\n## User\n\n{CLIENTS}.\n\n---\n\n## Assistant",
        f"---\n\n**User**\n\n{CLIENTS}.\n\n---",
        f"### 👤 User\n\n{CLIENTS}.",
        f"_**User**_\n\n{CLIENTS}.",
        f"--- End of content ---\n{CLIENTS}.",
        f"## My request for Codex:\n{CLIENTS}.",
        f'{{"role": "user", "content": "{CLIENTS}."}}',
    ]
)
PROMPT: st.SearchStrategy[Said] = st.tuples(st.just("prompt"), WORDS)
TEXT: st.SearchStrategy[Said] = st.tuples(st.just("text"), WORDS)
CALL: st.SearchStrategy[Said] = st.tuples(st.just("call"), GIVEN)
TURN: st.SearchStrategy[Conversation] = st.builds(
    lambda prompt, replies: [prompt, *replies], PROMPT, st.lists(TEXT | CALL, max_size=4)
)
TALK: st.SearchStrategy[Conversation] = st.lists(TURN, min_size=1, max_size=4).map(
    lambda turns: [one for turn in turns for one in turn]
)


def written(folder: Path, text: str) -> Recording:
    path = folder / "session"
    path.write_text(text, encoding="utf-8")
    return read(path)


def expected(told: Conversation, how: str) -> list[tuple[str, str]]:
    """The steps that somebody said or called, in order; a call has no words of its own."""
    made: list[tuple[str, str]] = []
    for kind, words in told:
        if kind != "call":
            made.append((kind, words))
        elif how not in WITHOUT_CALLS:
            made.append(("tool_call", ""))
            made += [] if how in WITHOUT_RESULTS else [("tool_result", words)]
    return made


@pytest.mark.parametrize("how", WRITERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=TALK)
def test_every_prompt_text_call_and_result_is_read_once_and_nothing_of_the_clients(
    tmp_path: Path, how: str, told: Conversation
) -> None:
    name, write = WRITERS[how]
    recording = written(tmp_path, write(told))
    assert recording.format == name
    said = [step for step in recording.steps if step.kind in ("prompt", "text", "tool_call", "tool_result")]
    calls = ("tool_call",)
    assert [(step.kind, "" if step.kind in calls else step.text) for step in said] == expected(told, how)
    assert not any(CLIENTS in step.text for step in said if step.kind in ("prompt", "text"))


# Prompts, texts, calls and results of the other formats' samples, counted by hand.
COUNTED = {
    "swe-agent": (1, 1, 1, 1),
    "mini-swe-agent": (1, 1, 1, 1),
    "aider": (2, 2, 2, 2),
    "console": (2, 2, 4, 3),
}


@pytest.mark.parametrize("how", COUNTED)
def test_a_sample_has_as_many_steps_as_were_counted(tmp_path: Path, how: str) -> None:
    kinds = [step.kind for step in written(tmp_path, SAMPLES[how][1]).steps]
    assert tuple(kinds.count(kind) for kind in ("prompt", "text", "tool_call", "tool_result")) == COUNTED[how]


def test_every_format_is_counted() -> None:
    counted = {name for name, _ in WRITERS.values()} | {SAMPLES[how][0] for how in COUNTED}
    assert counted == {form.NAME for form in FORMATS}


def long_talk(turns: int) -> Conversation:
    turn: Conversation = [("prompt", "Größe prüfen 📏"), ("call", "x = 1\n" * 20), ("text", "One.\n\n- two\n- three")]
    return turn * turns


# Texts of many parts that never end, which a reader must not look through once for each.
OPEN: dict[str, Callable[[int], str]] = {
    "specstory, folds": lambda n: "_**Assistant**_\n" + "<details>\n<summary>Read file</summary>\n" * n,
    "specstory, thoughts": lambda n: "_**User**_\nx\n_**Assistant**_\n" + "<think>a\n" * n,
    "specstory, fences": lambda n: "_**User**_\n" + "```\n_**User**_\nx\n" * n,
    "cursor, fences": lambda n: "_Exported on x from Cursor (1)_\n" + "---\n**User**\n```x\n" * n,
    "opencode, fields": lambda n: "**Session ID:** ses_1\n---\n## Assistant\n" + "**Tool: x**\n**Output:**\n```x\n" * n,
    "cline, tags": lambda n: (
        '[{"role": "user", "content": "<task>"},{"role": "assistant", "content": "'
        + "".join(f"<tool_{i}><a>" for i in range(n))
        + '"}]'
    ),
    "claude-code, upside down": lambda n: "".join(
        f'{{"type": "user", "uuid": "u{i}", "parentUuid": "u{i - 1}", "message": {{"content": "x"}}}}\n'
        for i in range(n, 0, -1)
    ),
    "cline, calls": lambda n: (
        '[{"role": "user", "content": "<task>x"},{"role": "assistant", "content": "'
        + "<read_file><a>b</a></read_file>" * n
        + '"},{"role": "user", "content": ["x"'
        + ',"[write_file] Result:","y"' * n
        + "]}]"
    ),
    "messages, calls": lambda n: (
        '[{"role": "user", "content": "x"},{"role": "assistant", "tool_calls": ['
        + ",".join('{"function": {"name": "f"}}' for _ in range(n))
        + "]}"
        + ',{"role": "tool", "content": "y"}' * n
        + "]"
    ),
    "console, results": lambda n: "> x\n\n● y\n\n> z\n" + "  ⎿  a\n" * n,
    "cline, labels": lambda n: '[{"role": "user", "content": ["<task>x"' + ',"[a_b] Result:"' * n + "]}]",
    "gemini, marks": lambda n: (
        '{"sessionId": "s", "projectHash": "h", "messages": [{"type": "user", "content": "'
        + "--- Content from referenced files ---\\n--- End of content ---\\n" * n
        + 'x"}, {"type": "gemini", "content": "x"}]}'
    ),
    "codex, marks": lambda n: (
        '{"type": "message", "role": "user", "content": "# A\\n' + "## My request for Codex:\\n" * n + 'x"}'
    ),
}
SIZES = {how: lambda n, write=write: write(long_talk(n)) for how, (_, write) in WRITERS.items()} | {
    how: lambda n, write=write: write(12 * n) for how, write in OPEN.items()
}


@pytest.mark.slow
@pytest.mark.parametrize("how", SIZES)
def test_a_file_four_times_as_long_takes_no_more_than_eight_times_as_long(tmp_path: Path, how: str) -> None:
    def seconds(turns: int) -> float:
        text, best = SIZES[how](turns), float("inf")
        for _ in range(3):
            begun = time.process_time()
            written(tmp_path, text)
            best = min(best, time.process_time() - begun)
        return best

    # What is quadratic takes sixteen times as long; the constant is for the smallest times that the clock tells.
    assert seconds(1_200) < 8 * seconds(300) + 0.02
