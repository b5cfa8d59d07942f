"""Rules heard in what a user says: word for word, in eight languages; what only looks like one is none."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.memory.rules import LANGUAGES, hear_retirements, hear_rules

DATA = tomllib.loads(Path(__file__).with_name("rule_sentences.toml").read_text(encoding="utf-8"))
RULES: dict[str, list[str]] = DATA["rules"]
NEAR_RULES: dict[str, list[str]] = DATA["near_rules"]
SAID = [(language, text) for language, texts in RULES.items() for text in texts]
NEAR = [(language, text) for language, texts in NEAR_RULES.items() for text in texts]


def heard(message: str) -> list[str]:
    return [rule.text for rule in hear_rules(message)]


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("language", "text"), SAID, ids=[f"{language} {text[:40]}" for language, text in SAID])
def test_a_standing_rule_is_heard_word_for_word(language: str, text: str) -> None:
    assert heard(text) == [text]


@pytest.mark.parametrize(("language", "text"), NEAR, ids=[f"{language} {text[:40]}" for language, text in NEAR])
def test_what_holds_once_or_asks_or_tells_is_no_rule(language: str, text: str) -> None:
    assert heard(text) == []


def test_every_language_has_its_sentences() -> None:
    assert set(RULES) == set(NEAR_RULES) == set(LANGUAGES)
    assert all(len(texts) >= 12 for texts in (*RULES.values(), *NEAR_RULES.values()))


CASES: list[tuple[str, str, list[str]]] = [
    (
        "the exception in the next sentence goes with it",
        "Never push to main. Except on the day of a release. Now tag it.",
        ["Never push to main. Except on the day of a release."],
    ),
    (
        "the sentence before, at which it points",
        "The partner wants no names in print. Please always stick to that. What is next?",
        ["The partner wants no names in print. Please always stick to that."],
    ),
    (
        "each of several in one paragraph",
        "Let us begin. Never rebase shared branches. Fix the parser. Always sign your commits.",
        ["Never rebase shared branches.", "Always sign your commits."],
    ),
    ("a line broken because it was long", "Please never change anything in the vendored folder of the\nold importer.",
     ["Please never change anything in the vendored folder of the old importer."]),
    ("items of a list", "Rules:\n- never rebase shared branches\n- always sign your commits",
     ["never rebase shared branches", "always sign your commits"]),
    ("none of a block of code", "Look:\n```\n# never push to main\nAlways sign.\n```\nThanks.", []),
    ("none of indented code", "See:\n\n    # Never push to main from here.\n\nok", []),
    ("none of a quoted line", "> Never push to main from now on.\n\nI agree.", []),
    ("none between quotation marks", 'He said "never push to main, always use branches" and left.', []),
    ("none of what a client put around the message", "<rules>\nAlways sign your commits.\n</rules>\ngo on", []),
    ("none of a log", "2026-05-01 10:00:00 WARN Never retry after a failure\nERROR always fails\nwhat is it?", []),
    ("none of what is announced as another's", "The review says:\n\nAlways use interfaces.\n\nAgreed?", []),
    ("none of a heading", "# Always sign your commits\n\nPlease read that.", []),
    ("none of a question", "Should we always sign our commits?", []),
    ("a word for it makes any text a rule", "#remember the queue lives in the shed", ["the queue lives in the shed"]),
    ("the same with a slash", "/remember the queue lives in the shed", ["the queue lives in the shed"]),
    ("a heading is no such word", "# Remember\n\nThe queue lives in the shed.", []),
    ("beside other words", "Fix it.\n#remember tests stay fast\nThen go on.", ["tests stay fast Then go on."]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message", "rules"), CASES, ids=[row[0] for row in CASES])
def test_a_rule_is_whole_sentences_of_the_users_own(name: str, message: str, rules: list[str]) -> None:
    assert heard(message) == rules


PERSONAL = [
    ("Answer me without emoji, always.", True),
    ("Never push to main.", False),
    ("Antworte mir immer ohne Emojis.", True),
    ("Bitte nie direkt auf main pushen.", False),
    ("返信には絵文字を使わないでください。", True),
    ("Every commit message has to mention the work package.", False),
]


@pytest.mark.parametrize(("message", "personal"), PERSONAL, ids=[row[0][:40] for row in PERSONAL])
def test_the_form_of_answers_is_the_users_own_habit(message: str, personal: bool) -> None:
    assert [rule.personal for rule in hear_rules(message)] == [personal]


RETIRED: list[tuple[str, str | None]] = [
    ("Scratch that rule.", ""),
    ("Forget the rule about the golden files.", "the golden files"),
    ("Forget what I said about emoji.", "emoji"),
    ("You may use emoji again.", "use emoji"),
    ("Vergiss die Regel über die Emojis.", "die Emojis"),
    ("Du darfst wieder Emojis verwenden.", "Emojis verwenden"),
    ("Oublie ce que j'ai dit sur les émojis.", "les émojis"),
    ("Olvida lo que dije sobre los emojis.", "los emojis"),
    ("Esqueça o que eu disse sobre emojis.", "emojis"),
    ("Забудь, что я говорил про эмодзи.", "эмодзи"),
    ("忘掉关于表情的规则。", "表情"),
    ("絵文字のルールは忘れてください。", "絵文字"),
    ("Never forget the rule of three.", None),
    ("Forget the file.", None),
    ("Should we forget the rule about emoji?", None),
    ("You may use the cache.", None),
]


@pytest.mark.parametrize(("message", "about"), RETIRED, ids=[row[0][:40] for row in RETIRED])
def test_words_that_take_a_rule_back_say_which(message: str, about: str | None) -> None:
    assert [words.about for words in hear_retirements(message)] == ([] if about is None else [about])


SENTENCES = st.sampled_from([text for _, text in (*SAID, *NEAR)])


@given(st.lists(st.one_of(SENTENCES, st.text(max_size=60)), max_size=8), st.sampled_from([" ", "\n", "\n\n", "\n- "]))
@settings(max_examples=150, deadline=None)
def test_what_is_heard_was_said_so(parts: list[str], joint: str) -> None:
    message = joint.join(parts)
    for rule in hear_rules(message):
        assert rule.text in plain(message)


NOT = {
    "en": r"\b(?:no|not|never|don't|nothing|no one)\b", "de": r"\b(?:kein\w*|nicht|nie|niemals)\b",
    "fr": r"\b(?:ne|pas|jamais|aucun\w*)\b|\bn'", "es": r"\b(?:no|nunca|ning\w+)\b",
    "pt": r"\b(?:não|nunca|nenhum\w*)\b",
    "ru": r"\b(?:не|никогда|никаких|без|ни)\b", "zh": "不|勿|禁|绝", "ja": "ない|ません|禁止|ず",
}  # fmt: skip


@given(
    st.sampled_from(SAID),
    st.lists(st.sampled_from(["Fix the parser.", "Go on.", "Was ist neu?", "Готово."]), max_size=3),
)
@settings(deadline=None)
def test_polarity_is_kept_whatever_stands_around(said: tuple[str, str], around: list[str]) -> None:
    language, text = said
    kept = " ".join(heard("\n\n".join([*around, text])))
    assert re.findall(NOT[language], kept, re.IGNORECASE) == re.findall(NOT[language], text, re.IGNORECASE)


@given(st.sampled_from(SAID), st.sampled_from(SAID))
@settings(deadline=None)
def test_no_rule_is_dropped_for_its_script(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert heard(f"{one[1]}\n\n{other[1]}") == list(dict.fromkeys([one[1], other[1]]))


@pytest.mark.parametrize(
    "text", ["never " * 50_000, "a" * 200_000, "不要" * 50_000, "always use x, " * 20_000, "<a>" * 30_000]
)
def test_a_very_long_message_takes_no_long_time(text: str) -> None:
    began = time.process_time()
    assert all(len(rule.text) < 1_000 for rule in hear_rules(text))
    assert time.process_time() - began < 5
