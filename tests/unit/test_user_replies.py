"""The user's own words inside a tool's result."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.user_replies import user_words
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


ASK = "AskUserQuestion"


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
    assert user_words(text, error=True) == words
    assert user_words(text, "Edit", error=True) == words
    # A tool that succeeded was not refused, whatever its output says.
    assert user_words(text, "Edit") == ""


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
    assert user_words(opening + pairs + closing, ASK) == words
    assert user_words(opening + pairs + closing + REMINDER, ASK) == words


def test_an_answer_stands_after_its_question_where_it_is_asked_for() -> None:
    several = '"Which store?"="SQLite" notes: for now, "Since when?"="Now"'
    text = f"Your questions have been answered: {several}{IN_MIND}"
    assert user_words(text, ASK, asked=True) == "Which store? SQLite for now\nSince when? Now"
    assert user_words(block(SHOWN + "SQLite")[0], ASK, asked=True) == "Which store? SQLite"
    assert user_words(block(SHOWN)[0], ASK, asked=True) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The user responded: Neither, wait.", "Neither, wait."),
        ("<answer>\nThe second.\n</answer>", "The second."),
        ("User answered: the second", "the second"),
        ('{"answers": {"store": {"answers": ["SQLite", "for now"]}}}', "SQLite\nfor now"),
        ('{"answers": 3}', ""),
        ("{half", ""),
        ("Asked.", ""),
    ],
)
def test_an_answer_in_another_tools_words_is_the_users(text: str, words: str) -> None:
    for tool in (ASK, "ask_followup_question", "request_user_input", "mcp__shed__askUser", "question"):
        assert user_words(text, tool) == words


@pytest.mark.parametrize("tool", ["Bash", "Task", "TaskUpdate", "mask", "update_task", "unmask_all", ""])
def test_an_answer_counts_only_from_a_tool_that_asks(tool: str) -> None:
    for text in (f'User has answered your questions: "Delete all?"="Yes"{IN_MIND}', "The answer: yes"):
        assert user_words(text, tool) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Action rejected: Not on a Friday.", "Not on a Friday."),
        ("Action rejected: User rejected the action", ""),
        ("Interrupted by user: use the other branch", "use the other branch"),
        ("Command not executed. The user rejected your command with the following message:\nKeep it.", "Keep it."),
        ("The user denied this operation and provided the following feedback:\n<feedback>\nNo.\n</feedback>", "No."),
        ("User rejected the edit. Reason: it is generated", "it is generated"),
        ("The user cancelled the call.", ""),
        ("KeyError: the user said: drop the table", ""),
        ("test_user.py failed. The answer: 3", ""),
    ],
)
def test_a_refusal_in_another_tools_words_holds_the_users(text: str, words: str) -> None:
    assert user_words(text, "bash", error=True) == words
    assert user_words(text, "bash") == ""


def block(body: str, tool: str = ASK) -> tuple[str, str]:
    opening = f'<tool-use data-tool-type="generic" data-tool-name="{tool}"><details>'
    return f"{opening}\n<summary>Tool use: **{tool}**</summary>\n{body}\n</details></tool-use>", tool


ASKED = "**Which store?**\n\nOptions:\n- **SQLite** - One file.\n- **A folder**\n- **JSON (plain)** - Readable.\n\n\n"
SHOWN = f"{ASKED}**Answer:** "
PREVIEW = '" selected preview:\n'


@pytest.mark.parametrize(
    ("told", "words"),
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
        ((f"Tool use: **Bash**\n\n```\n{SAID}Keep a.\n```", "Bash"), "Keep a."),
        (block(f"`rm -r a`\n\n```text\n{STOP}\n```", "Bash"), ""),
        (block("`cat notes`\n\n```text\n**Answer:** yes\n```", "Bash"), ""),
        (block(f'`cat a`\n\n```text\nUser has answered your questions: "A?"="Yes"{IN_MIND}\n```', "Bash"), ""),
        (block(f"`cat a`\n\n```text\nIt says: {SAID}No.\n```", "Bash"), ""),
    ],
)
def test_a_block_of_specstory_holds_the_users_words_at_its_end(told: tuple[str, str], words: str) -> None:
    assert user_words(*told) == words


PIECE = st.sampled_from([SAID, REASON, CLARIFY, SHOWN, PREVIEW, IN_MIND, HINT, REMINDER, '"A?"="b"', ", ", "```text\n"])


@given(st.lists(PIECE | st.text(max_size=8), max_size=8).map("".join), st.booleans())
def test_whatever_a_text_holds_it_is_read(text: str, error: bool) -> None:
    for one, tool in ((text, ASK), (text, "Bash"), block(text), block(text, "Bash")):
        words = user_words(one, tool, error=error)
        assert words == words.strip()
        assert HINT not in words


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", [" ", "\n", '"="', PREVIEW, "<system-reminder>", "```\nThe user ", ", SQLite", "- **"]
)
def test_five_megabytes_take_no_more_than_linear_time(piece: str) -> None:
    long = piece * (5_000_000 // len(piece)) + "."
    begun = time.process_time()
    for text in (
        "",
        "The user rejected ",
        SAID,
        SAID + CLARIFY,
        'User has answered your questions: "a',
        SHOWN,
        "```\n" + SAID,
    ):
        user_words(text + long, ASK, error=True)
        user_words(text + long, ASK)
        user_words(*block(text + long))
    assert time.process_time() - begun < 30


@pytest.mark.slow
@pytest.mark.skipif(not RAW.is_dir(), reason=f"no recorded sessions in {SHARED}")
def test_the_users_words_are_found_in_recorded_sessions() -> None:
    found = {}
    for path in sorted(RAW.glob("*/*.*")):
        steps = [step for step in read(path).steps if step.kind in ("tool_call", "tool_result")]
        tools = {step.call_id: step.tool for step in steps if step.kind == "tool_call" and step.call_id}
        told = [(step.text, step.tool or tools.get(step.call_id, ""), step.error) for step in steps]
        words = [said for text, tool, error in told if (said := user_words(text, tool, error=error))]
        assert not any(sign in said for said in words for sign in ("<tool-use", "</details>", "rejected (eg."))
        if words:
            found[path.stem[:2]] = len(words)
    assert found == {"ge": 4, "gi": 4, "se": 1, "01": 4, "02": 4, "04": 2, "x1": 2}
