"""Dialogue: the user's own words and the agent's, without what tools and clients put beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.events import Event, ToolCalled, ToolReturned, UserMessage
from throughline.memory.dialogue import Answer, dialogue, own_prose
from throughline.memory.text import GAP
from unit.event_logs import replied, session, spoke

ANSWERED = (
    'User has answered your questions: "Which store?"="SQLite". You can now continue with the user\'s answers in mind.'
)
REFUSED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the"
    " new_string was NOT written to the file). To tell you how to proceed, the user said:\nuse a table"
)


def returned(text: str, tool: str = "AskUserQuestion", *, error: bool = False) -> list[Event]:
    return [ToolCalled(1, "q", tool, {}, 5), ToolReturned(1, "q", text, 5, error)]


def test_an_answer_stands_with_its_question() -> None:
    said = dialogue(session(spoke(1, "Store the loans."), *returned(ANSWERED)).turns[0])
    assert said.answers == (Answer("Which store?", "SQLite"),)
    assert said.asked == ("Store the loans.", "Which store? SQLite")


def test_what_came_with_a_refusal_is_a_message() -> None:
    said = dialogue(session(spoke(1, "Store the loans."), *returned(REFUSED, "Bash", error=True)).turns[0])
    assert said.messages == ("Store the loans.", "use a table")


def test_what_another_tool_put_out_is_nobodys_word() -> None:
    said = dialogue(session(spoke(1, "Store the loans."), *returned("The user said: drop it all", "Bash")).turns[0])
    assert said.asked == ("Store the loans.",)


def test_the_agent_hands_back_with_what_follows_its_last_call() -> None:
    turn = session(
        spoke(1, "go"), replied(1, "I look first."), *returned("x", "Read"), replied(1, "It is there.")
    ).turns[0]
    said = dialogue(turn)
    assert (said.closing, said.replied) == ("It is there.", ("I look first.", "It is there."))


def test_an_interrupt_is_told_and_is_no_message() -> None:
    stop = UserMessage(1, "[Request interrupted by user]", 5, "interrupt")
    said = dialogue(session(spoke(1, "go"), replied(1, "I look first."), stop).turns[0])
    assert (said.messages, said.interrupted) == (("go",), True)


PROSE: list[tuple[str, str, list[str]]] = [
    ("nothing around it", "Drop the kiosk.", ["Drop the kiosk."]),
    ("what an editor put around it", "<ide_selection>\nx = 1\n</ide_selection>\nDrop it.", ["Drop it."]),
    ("what an editor put behind it", "Drop it.\n<system-reminder>\nBe brief.\n</system-reminder>", ["Drop it."]),
    ("markup that is meant", "Put the <b> tag around it.", ["Put the <b> tag around it."]),
    ("a trace up to its paragraph's end", "Traceback (most recent call last):\n  in due\nboom\n\nFix it.", ["Fix it."]),
    ("a shell with its output", "$ pytest\n1 failed\n\nWhy?", ["Why?"]),
    ("a quotation", "> Never push.\n\nIs that so?", ["Is that so?"]),
    ("a difference", "diff --git a/x b/x\n-old\n+new\n\nUndo it.", ["Undo it."]),
    ("a list", "- drop the kiosk\n- keep the field", ["- drop the kiosk", "- keep the field"]),
    ("a word that logs use", "ok cool. Error messages should be short.", ["ok cool. Error messages should be short."]),
    ("another script", "请不要用Redis。", ["请不要用Redis。"]),
]


@pytest.mark.parametrize(("name", "message", "kept"), PROSE, ids=[row[0] for row in PROSE])
def test_prose_is_what_its_writer_typed(name: str, message: str, kept: list[str]) -> None:
    assert [line for line in own_prose(message).splitlines() if line.strip("\x00 ")] == kept


@given(st.text(alphabet=st.characters(exclude_characters="<>`~"), max_size=200))
def test_every_line_of_prose_was_typed(message: str) -> None:
    typed = {line.replace(GAP, "").strip() for line in message.splitlines()}
    for line in own_prose(message).splitlines():
        assert line.replace(GAP, "").strip() in typed | {""}
