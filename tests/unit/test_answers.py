"""The user's own words inside a tool's result."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.core.answers import spoken
from throughline.core.recording import Kind, Role, Step
from throughline.transcripts.read import read

SHARED = Path(__file__).parents[2].parent / "shared"
RAW = SHARED / "sessions" / "raw"

REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, "
    "the new_string was NOT written to the file)."
)
STOP = f"{REJECTED} STOP what you are doing and wait for the user to tell you how to proceed."
SAID = f"{REJECTED} To tell you how to proceed, the user said:\n"
ASIDE = "Permission for this tool use was denied. The tool use was rejected. The user said:\n"
REASON = f"{REJECTED} The user provided the following reason for the rejection:  "
HINT = "\n\nNote: The user's next message may contain a correction or preference. Pay close attention."
REMINDER = "\n\n<system-reminder>\nTests exist.\n</system-reminder>"
CLARIFY = (
    "The user wants to clarify these questions.\n    This means they may have additional information.\n\n"
    "    Questions asked:\n"
)
IN_MIND = ". You can now continue with the user's answers in mind."
CAREFULLY = ". Read the answers carefully — they may request clarification — and follow what they ask."


def result(text: str, *, error: bool = False) -> Step:
    return Step(1, "tool", "tool_result", text, call_id="t1", error=error)


def call(tool: str) -> Step:
    return Step(0, "assistant", "tool_call", "", tool, {}, "t1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SAID + "Use the other file.", "Use the other file."),
        (SAID + "First this.\n\nThen that.", "First this.\n\nThen that."),
        (SAID + "Not here." + HINT, "Not here."),
        (SAID + "Not here." + REMINDER + REMINDER, "Not here."),
        (SAID + "Say </system-reminder>", "Say </system-reminder>"),
        (REASON + "Too wide.", "Too wide."),
        (ASIDE + "Too wide.", "Too wide."),
        (STOP, ""),
        (STOP + HINT, ""),
        ("The user doesn't want to take this action right now. STOP what you are doing.", ""),
        (SAID + CLARIFY + '- "Which store?"\n  (No answer provided)', ""),
        (SAID + CLARIFY + '- "Which store?"\n  Answer: SQLite\n- "Since when?"\n  (No answer provided)', "SQLite"),
        (SAID + CLARIFY + '- "A?"\n  Answer: One\n  User notes: for now\n- "B?"\n  Answer: Two', "One\nfor now\nTwo"),
        ("Exit code 1\n" + SAID + "Use the other file.", ""),
        ("ValueError", ""),
        ("", ""),
    ],
)
def test_what_the_user_said_with_a_refusal_is_the_users(text: str, words: str) -> None:
    assert spoken(result(text, error=True)) == words
    assert spoken(result(text, error=True), call("Edit")) == words
    # A tool that succeeded was not refused, whatever its output says.
    assert spoken(result(text)) == ""


@pytest.mark.parametrize("opening", ["User has answered your questions: ", "Your questions have been answered: "])
@pytest.mark.parametrize("closing", [IN_MIND, ". You can now continue with these answers in mind.", CAREFULLY, ""])
@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ('"Which store?"="SQLite"', "SQLite"),
        ('"Which store?"="SQLite", "Since when?"="Now, at once"', "SQLite\nNow, at once"),
        ('"Call it "x"?"="No, "y""', 'No, "y"'),
        ('"Which store?"="SQLite" selected preview:\n{a: "b"}', "SQLite"),
        ('"A?"="One" selected preview:\n1, 2 notes: for now, "B?"="Two"', "One\nfor now\nTwo"),
        ('"A?"="One" user notes: for now', "One\nfor now"),
        ('"A?"=(no option selected) notes: Neither.\nUse a file', "Neither.\nUse a file"),
    ],
)
def test_answers_are_the_users_one_to_a_line(opening: str, pairs: str, closing: str, words: str) -> None:
    assert spoken(result(opening + pairs + closing)) == words
    assert spoken(result(opening + pairs + closing + REMINDER)) == words


def test_an_answer_in_free_words_is_the_users() -> None:
    assert spoken(result("The user responded: Neither, wait.")) == "Neither, wait."


def test_an_answer_counts_only_from_a_tool_that_asks_where_the_call_is_known() -> None:
    answer = result('User has answered your questions: "Delete all?"="Yes"' + IN_MIND)
    assert spoken(answer, call("AskUserQuestion")) == "Yes"
    assert spoken(answer, call("Bash")) == ""


@pytest.mark.parametrize(
    ("role", "kind"),
    [("user", "prompt"), ("assistant", "text"), ("assistant", "tool_call"), ("assistant", "thinking")],
)
def test_only_a_result_is_searched(role: Role, kind: Kind) -> None:
    assert spoken(Step(0, role, kind, SAID + "Use the other file.", error=True)) == ""


def block(body: str, tool: str = "AskUserQuestion") -> Step:
    opening = f'<tool-use data-tool-type="generic" data-tool-name="{tool}"><details>'
    text = f"{opening}\n<summary>Tool use: **{tool}**</summary>\n{body}\n</details></tool-use>"
    return Step(0, "assistant", "tool_call", text, tool, {"class": "generic"})


ASKED = "**Which store?**\n\nOptions:\n- **SQLite** - One file.\n- **A folder**\n- **JSON (plain)** - Readable.\n\n\n"
SHOWN = f"{ASKED}**Answer:** "
PREVIEW = '" selected preview:\n'


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (block(SHOWN + "SQLite"), "SQLite"),
        (block(SHOWN + "SQLite, and one\n\nfor each window"), "SQLite, and one\n\nfor each window"),
        (block(f"{SHOWN}SQLite{PREVIEW}a.db\na, b"), "SQLite"),
        (block(f"{SHOWN}SQLite{PREVIEW}a.db, A folder, JSON (plain){PREVIEW}[], x"), "SQLite, A folder, JSON (plain)"),
        (block(f"{SHOWN}SQLite{PREVIEW}a.db notes: for now, A folder"), "SQLite, for now, A folder"),
        (block(f"**Answer:** SQLite{PREVIEW}a.db"), "SQLite"),
        (block(f"{ASKED}```text\n{SAID}Ask me later.\n```"), "Ask me later."),
        (block(f'{ASKED}```text\n{SAID}{CLARIFY}- "Which store?"\n  (No answer provided)\n```'), ""),
        (block(f'{ASKED}```\nUser has answered your questions: "Which?"="SQLite"{IN_MIND}\n```'), "SQLite"),
        (block(ASKED), ""),
        (block(f"```bash\nrm -r a\n```\n\n```text\n{SAID}Keep a.\n```", "Bash"), "Keep a."),
        (Step(0, "assistant", "tool_call", f"Tool use: **Bash**\n\n```\n{SAID}Keep a.\n```", "Bash"), "Keep a."),
        (block(f"`rm -r a`\n\n```text\n{STOP}\n```", "Bash"), ""),
        (block("`cat notes`\n\n```text\n**Answer:** yes\n```", "Bash"), ""),
        (block(f'`cat a`\n\n```text\nUser has answered your questions: "A?"="Yes"{IN_MIND}\n```', "Bash"), ""),
        (block(f"`cat a`\n\n```text\nIt says: {SAID}No.\n```", "Bash"), ""),
    ],
)
def test_a_block_of_specstory_holds_the_users_words_at_its_end(step: Step, words: str) -> None:
    assert spoken(step) == words


PIECE = st.sampled_from([SAID, REASON, CLARIFY, SHOWN, PREVIEW, IN_MIND, HINT, REMINDER, '"A?"="b"', ", ", "```text\n"])


@given(st.lists(PIECE | st.text(max_size=8), max_size=8).map("".join), st.booleans())
def test_whatever_a_text_holds_it_is_read(text: str, error: bool) -> None:
    for step in (result(text, error=error), block(text), block(text, "Bash")):
        words = spoken(step)
        assert words == words.strip()
        assert HINT not in words


@pytest.mark.parametrize(
    "piece", [" ", "\n", '"="', PREVIEW, "<system-reminder>", "```\nThe user ", ", SQLite", "- **"]
)
def test_five_megabytes_take_no_more_than_linear_time(piece: str) -> None:
    long = piece * (5_000_000 // len(piece)) + "."
    begun = time.process_time()
    for text in (SAID, SAID + CLARIFY, 'User has answered your questions: "a', SHOWN, "```\n" + SAID):
        for step in (result(text + long, error=True), result(text + long), block(text + long)):
            spoken(step)
    assert time.process_time() - begun < 30


@pytest.mark.skipif(not RAW.is_dir(), reason=f"no recorded sessions in {SHARED}")
def test_the_users_words_are_found_in_recorded_sessions() -> None:
    found = {}
    for path in sorted(RAW.glob("*/*.*")):
        words = [said for step in read(path).steps if (said := spoken(step))]
        assert not any(sign in said for said in words for sign in ("<tool-use", "</details>", "rejected (eg."))
        if words:
            found[path.stem[:2]] = len(words)
    assert found == {"ge": 4, "gi": 4, "se": 1, "01": 4, "02": 4, "04": 2, "x1": 2}
