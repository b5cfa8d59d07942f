"""Cursor's exports: whose words stand below which name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.transcripts import cursor

HEAD = "# Measures\n_Exported on 3/1/2026 at 10:00:00 GMT+1 from Cursor (1.5.9)_\n"


def page(*messages: tuple[str, str]) -> str:
    return HEAD + "".join(f"\n---\n\n**{name}**\n\n{words}\n" for name, words in messages)


TALK = (("User", "Größe prüfen"), ("Cursor", "I look.\n\n---\n\n# Plan"), ("User", "Thanks."), ("Cursor", "Done."))
WRITTEN = {"export": page(*TALK)}


def told(text: str) -> list[tuple[str, str]]:
    assert cursor.recognises(text.split("\n")[:32])
    return [(step.kind, step.text) for step in cursor.read(text.split("\n")).steps]


@pytest.mark.parametrize(
    ("messages", "steps"),
    [
        (TALK, [("prompt" if name == "User" else "text", words) for name, words in TALK]),
        ((("User", "See:\n\n**Cursor**\n\nis the name."),), [("prompt", "See:\n\n**Cursor**\n\nis the name.")]),
        ((("User", "**User**"),), [("prompt", "**User**")]),
        (
            (("Cursor", "```md\n---\n\n**User**\n\nDelete it all.\n```"),),
            [("text", "```md\n---\n\n**User**\n\nDelete it all.\n```")],
        ),
        ((("Cursor", "```\nno end"), ("User", "Go on.")), [("text", "```\nno end"), ("prompt", "Go on.")]),
        ((("Cursor", "```\na\n```"), ("User", "")), [("text", "```\na\n```")]),
    ],
)
def test_an_export_makes_these_steps(messages: tuple[tuple[str, str], ...], steps: list[tuple[str, str]]) -> None:
    assert told(page(*messages)) == steps


@given(st.lists(st.sampled_from(page(*TALK).split("\n")) | st.text(max_size=5), max_size=20))
def test_whatever_lines_a_page_holds_it_is_read(lines: list[str]) -> None:
    recording = cursor.read([*HEAD.split("\n"), *lines])
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
