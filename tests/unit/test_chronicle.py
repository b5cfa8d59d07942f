"""The chronicle: a line a turn, in the speakers' own whole sentences."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import AssistantMessage, Event, ToolCalled, ToolReturned, UserMessage
from throughline.memory.chronicle import LENGTHS, ChronicleLine, chronicle, closing_words, fit_chronicle, opening
from throughline.memory.text import MORE
from unit.event_logs import count, replied, session, spoke


def ran(turn: int, tool: str, **args: str) -> list[Event]:
    name = f"{turn}{tool}{sorted(args.items())!s}"
    return [ToolCalled(turn, name, tool, dict(args), 5), ToolReturned(turn, name, "4 passed", 5)]


def stopped(turn: int) -> UserMessage:
    return UserMessage(turn, "[Request interrupted by user]", 5, "interrupt")


def lines(*said: Event) -> list[str]:
    return [one.line for one in chronicle(session(*said).turns)]


REFUSED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the"
    " new_string was NOT written to the file). To tell you how to proceed, the user said:"
)
EDIT = ran(1, "Edit", file_path="loans.py")
TESTS = ran(1, "Bash", command="cd shed && pytest -q 2>&1 | tail -3")
TOLD: list[tuple[str, list[Event], list[str]]] = [
    (
        "what was asked, changed, run and closed with",
        [spoke(1, "Let a loan last seven days."), *EDIT, *TESTS, replied(1, "A loan lasts seven days now.")],
        [
            "Turn 1: «Let a loan last seven days.»"
            " → changed `loans.py`; `pytest -q` passed; «A loan lasts seven days now.»"
        ],
    ),
    ("a courtesy and its answer", [spoke(1, "Thanks!"), replied(1, "You're welcome.")], []),
    (
        "a courtesy before the matter",
        [spoke(1, "ok cool. Now drop the kiosk."), replied(1, "Done. The kiosk is gone from the build.")],
        ["Turn 1: «ok cool. Now drop the kiosk.» → «The kiosk is gone from the build.»"],
    ),
    (
        "a few words that answer an offer",
        [
            spoke(1, "What is slow?"), replied(1, "The join over all loans is slow. Shall I add an index?"),
            spoke(2, "yes please"), *ran(2, "Edit", file_path="schema.sql"), replied(2, "The index is there."),
        ],
        [
            "Turn 1: «What is slow?» → «The join over all loans is slow.»",
            "Turn 2: «Shall I add an index?» «yes please» → changed `schema.sql`; «The index is there.»",
        ],
    ),
    (
        "a question is no answer to an offer",
        [
            spoke(1, "Why?"), replied(1, "The cache is cold at eight. Shall I warm it?"),
            spoke(2, "are you sure?"), replied(2, "No, I only guessed from `warm.py`."),
        ],
        [
            "Turn 1: «Why?» → «The cache is cold at eight.»",
            "Turn 2: «are you sure?» → «No, I only guessed from `warm.py`.»",
        ],
    ),
    (
        "words that were stopped and said again",
        [
            spoke(1, "Rename the loans table"), stopped(1),
            spoke(2, "Rename the loans table to `borrowings`."), replied(2, "It is renamed."),
        ],
        ["Turn 2: «Rename the loans table to `borrowings`.» → «It is renamed.»"],
    ),
    (
        "an announcement before a call is no outcome",
        [spoke(1, "Make the export faster, it takes an hour."), replied(1, "I'll rewrite it."), *EDIT, stopped(1)],
        ["Turn 1: «Make the export faster, it takes an hour.» → changed `loans.py`"],
    ),
    (
        "an offer at the end is none either",
        [
            spoke(1, "Is the export done?"),
            replied(1, "It writes all loans. Let me know if you want a test. Want me to also add one?"),
        ],
        ["Turn 1: «Is the export done?» → «It writes all loans.»"],
    ),
    (
        "what the client wrote is nobody's word",
        [spoke(1, "Keep the old field for the kiosk."), replied(1, "No response requested.")],
        ["Turn 1: «Keep the old field for the kiosk.» → answered at length"],
    ),
    (
        "a message in the midst, and what the user said in refusing",
        [
            spoke(1, "Move the loans to a table of their own."), ToolCalled(1, "x", "Bash", {"command": "rm a"}, 5),
            ToolReturned(1, "x", f"{REFUSED}\nkeep the old file", 5, error=True),
            replied(1, "Kept."),
        ],
        ["Turn 1: «Move the loans to a table of their own.» «keep the old file» → «Kept.»"],
    ),
    (
        "exploring alone",
        [spoke(1, "Where are the loans kept?"), *ran(1, "Bash", command="ls -la"), replied(1, "In `loans.py`.")],
        ["Turn 1: «Where are the loans kept?» → «In `loans.py`.»"],
    ),
    (
        "quotation marks of its own",
        [spoke(1, "Nenne es «Leihe» im Formular, bitte."), replied(1, "So heißt es im Formular jetzt.")],
        ["Turn 1: \u201cNenne es «Leihe» im Formular, bitte.\u201d → «So heißt es im Formular jetzt.»"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said", "told"), TOLD, ids=[row[0] for row in TOLD])
def test_a_turn_is_told_so(name: str, said: list[Event], told: list[str]) -> None:
    assert lines(*said) == told


LOG = "It fails:\n\n2026-05-01 10:00:00 ERROR no loan\nat Loan.due (loan.js:3)\n\nFix that first."
WRAPPED = "<system-reminder>\nAlways be brief.\n</system-reminder>\nDrop the kiosk."
LIST = "Two things:\n- drop the kiosk\n- keep the field"
SHORT = "Keep it short. Then test it. Then ship it to the shed."
OPENINGS = [
    ("the first sentences", SHORT, 35, "Keep it short. Then test it. …"),
    ("a first one that is too long is left out", f"{'word ' * 20}ends here. Test it.", 40, "… Test it."),
    ("a log that was pasted, with its announcement", LOG, 60, "Fix that first."),
    ("what a client put around it", WRAPPED, 60, "Drop the kiosk."),
    ("a shell", "❯ cat a.txt\nhello\n\nWhy is it empty?", 60, "Why is it empty?"),
    ("code, with its announcement", "Do this:\n```\nnever.push()\n```\nand then test.", 60, "and then test."),
    ("a denial", "No. Not in the loans table.", 60, "No. Not in the loans table."),
    ("what announces a list, with its items", LIST, 60, "Two things: drop the kiosk. keep the field"),
    ("nothing but a log", "$ git gc\nfatal: bad tree object", 60, ""),
]


@pytest.mark.parametrize(("name", "message", "longest", "words"), OPENINGS, ids=[row[0] for row in OPENINGS])
def test_the_users_words_are_their_first_whole_sentences(name: str, message: str, longest: int, words: str) -> None:
    assert opening(message, longest).removesuffix(MORE) == words.removesuffix(MORE)


CLOSINGS = [
    (
        "a sentence torn by code",
        "The filter is left of the name:\n```\na · b\n```\ninstead of at the end. It holds.",
        "It holds.",
    ),
    (
        "a heading goes with what follows",
        "## Not done\n\n- the export\n- the import",
        "Not done. the export. the import",
    ),
    ("a table's rows say nothing alone", "| a | b |\n|---|---|\n| 1 | 2 |\n\nBoth hold.", "Both hold."),
    ("a tagged line is told elsewhere", "[DECISION]: Keep `sqlite`\nThe store is a file.", "The store is a file."),
    ("signs", "✅ The export works. 🎉 All loans are in it.", "The export works. All loans are in it."),
    ("only a courtesy", "Done.", "Done."),
    ("a courtesy and more", "Good point. Perfect! The limit is seven days.", "The limit is seven days."),
    ("in Russian", "Готово. Цены теперь в копейках. Добавить тест?", "Цены теперь в копейках. …"),
    ("in Chinese", "好的。价格以分为单位保存。", "价格以分为单位保存。"),
    ("in Japanese", "完了しました。期限は七日です。", "期限は七日です。"),
    ("in Arabic", "تم حفظ الأسعار كأعداد صحيحة.", "تم حفظ الأسعار كأعداد صحيحة."),
]


@pytest.mark.parametrize(("name", "reply", "words"), CLOSINGS, ids=[row[0] for row in CLOSINGS])
def test_the_agents_closing_words_are_what_came_of_it(name: str, reply: str, words: str) -> None:
    assert closing_words(reply, 200).removesuffix(MORE) == words.removesuffix(MORE)


def test_items_of_a_list_whose_announcement_has_no_room_are_left_out() -> None:
    lead = "What is still missing, and was not done at all because the schema is not settled yet, is this:"
    assert "the export" not in closing_words(f"The import works.\n\n{lead}\n- the export\n- the form", 80)


def made(number: int, words: int = 40) -> ChronicleLine:
    full, short = (f"«{'word ' * size}{number}» → «so»" for size in (words, 3))
    return ChronicleLine(number, full, True, shorter=(short,))


def test_many_turns_in_short_come_before_few_at_length() -> None:
    told = fit_chronicle([made(n) for n in range(1, 41)], 300, count, lambda one, text: f"- Turn {one.turn}: {text}")
    assert [one.turn for one, _ in told] == list(range(40, 40 - len(told), -1))
    assert len(told) >= 16


def test_with_room_all_turns_are_told_at_length() -> None:
    told = fit_chronicle([made(n) for n in range(1, 6)], 2_000, count, lambda _, text: text)
    assert [text for _, text in told] == [made(n).text for n in range(5, 0, -1)]


@given(st.lists(st.integers(1, 60), max_size=30), st.integers(0, 600))
def test_the_room_is_never_exceeded(sizes: list[int], room: int) -> None:
    told = fit_chronicle([made(n, size) for n, size in enumerate(sizes, 1)], room, count, lambda _, text: text)
    assert sum(count(text) for _, text in told) <= room


_WORDS = st.sampled_from(
    [
        "No retries in the client.", "Never push to main, except on Sundays!", "Keep it in `loans.py`.", "Maybe later.",
        "Is that so?", "价格以分为单位保存。", "Цены храним в копейках.", "ok", "Done.", "Let me look at it.",
        "絶対に使わない。",
        "The export of all the loans, which takes an hour on the old machine in the shed, is written each night.",
    ]
)  # fmt: skip
_MESSAGES = st.lists(_WORDS, min_size=1, max_size=6).map(" ".join)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_MESSAGES, _MESSAGES), min_size=1, max_size=4))
def test_whatever_is_quoted_was_said_in_that_order_of_words(said: list[tuple[str, str]]) -> None:
    events: list[Event] = []
    for turn, (asked, answered) in enumerate(said, 1):
        events += [spoke(turn, asked), AssistantMessage(turn, answered, 9)]
    words = " ".join(part for pair in said for part in pair)
    for line in chronicle(session(*events).turns):
        for longest, telling in zip(LENGTHS, line.tellings, strict=False):
            assert len(telling) <= longest + 600
            for quoted in re.findall(r"«([^»]*)»", telling):
                for sentence in re.split(r"(?<=[.!?。]) ?", quoted.replace("…", "")):
                    assert sentence.strip() in words
