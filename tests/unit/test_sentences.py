"""Sentences: kept whole and word for word, with the word that denies them and the end that limits them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.ledger import Add, Ledger
from throughline.memory.chronicle import chronicle
from throughline.memory.local_summarizer import operations
from throughline.memory.rules import hear_rules
from throughline.memory.text import MORE, expresses_doubt, text_units, whole
from unit.event_logs import replied, session, spoke

CASES: list[tuple[str, str, list[str]]] = [
    ("a denial opens it", "No new dependencies in `pyproject.toml`.", ["No new dependencies in `pyproject.toml`."]),
    ("an opening stays", "ok, so please add a waiting list", ["ok, so please add a waiting list"]),
    (
        "an aside stays",
        "Never push to main (except for the release notes).",
        ["Never push to main (except for the release notes)."],
    ),
    (
        "an exception in a sentence of its own goes with its rule",
        "Never push to main. Except on the day of a release. Now tag it.",
        ["Never push to main. Except on the day of a release.", "Now tag it."],
    ),
    (
        "a line broken because it was long",
        "The export of the loans is encrypted with the partner's public key on\neach day except on the first.",
        ["The export of the loans is encrypted with the partner's public key on each day except on the first."],
    ),
    ("lines of a list", "- add the form\n- drop the old one", ["add the form", "drop the old one"]),
    (
        "no sentence ends after e.g.",
        "Use a queue, e.g. Redis, but not in tests.",
        ["Use a queue, e.g. Redis, but not in tests."],
    ),
    (
        "a script without spaces",
        "价格以分为单位保存。不要使用浮点数。用整数吗\uff1f",
        ["价格以分为单位保存。", "不要使用浮点数。", "用整数吗\uff1f"],
    ),
    (
        "a script of its own",
        "Цены храним в копейках. Никогда не в рублях.",
        ["Цены храним в копейках.", "Никогда не в рублях."],
    ),
    ("a sign is none of the words", "✅ Done with it. 🎉 The fix works.", ["Done with it.", "The fix works."]),
    ("emphasis is markup", "**Never** keep `__init__.py` or 2**8 files.", ["Never keep `__init__.py` or 2**8 files."]),
    (
        "a table's row is one",
        "| holds | seven days | not on Sundays | ever |",
        ["holds | seven days | not on Sundays | ever"],
    ),
]


@pytest.mark.parametrize(("name", "text", "said"), CASES, ids=[row[0] for row in CASES])
def test_a_sentence_is_whole_and_word_for_word(name: str, text: str, said: list[str]) -> None:
    assert [one.text for one in text_units(text)] == said


@pytest.mark.parametrize(
    ("text", "longest", "shown"),
    [
        ("One two. Three four.", 20, "One two. Three four."),
        ("One two. Three four.", 19, "One two. …"),
        ("One two (or so.) Three four.", 20, "One two (or so.) …"),
        ("One two three, but never four.", 12, ""),
        ("", 5, ""),
    ],
)
def test_what_does_not_fit_is_left_out_at_a_sentences_end(text: str, longest: int, shown: str) -> None:
    assert whole(text, longest) == shown


DOUBTS = [
    "Maybe we take uuid7 for the ids of the loans.",
    "Perhaps Postgres is the better store for the loans.",
    "Could we use Postgres for the loans table?",
    "I am not sure whether uuid7 fits the loans table.",
    "I'm not really sure about Postgres for the loans.",
    "We might move the loans table to Postgres later.",
    "What about uuid7 for the loans table",
    "I am thinking about Postgres for the loans table.",
    "We haven't decided on uuid7 for the loans table.",
    "I would rather not decide on the broker of the loans yet.",
    "Let's hold off on Postgres until we know the loans.",
    "It might be worth moving the loans to Postgres.",
]


@pytest.mark.parametrize("text", DOUBTS)
@pytest.mark.parametrize("user", [True, False])
def test_what_is_doubted_is_no_decision(text: str, user: bool) -> None:
    said = session(spoke(1, text) if user else spoke(1, "And the ids?"), replied(1, "Fine." if user else text))
    made = [one.entry for one in operations(said.turns, Ledger()) if isinstance(one, Add)]
    assert {entry.kind for entry in made} <= {"state", "objective"}
    # It is told with its doubt.
    if user or not text.endswith("?"):
        assert f"«{text}»" in chronicle(said.turns)[0].text
    assert expresses_doubt(text) or "about" in text


@pytest.mark.parametrize(
    "text", ["We decided on uuid7.", "Never use Postgres.", "No retries in the client.", "Don't commit yet."]
)
def test_a_plain_word_is_no_doubt(text: str) -> None:
    assert not expresses_doubt(text)


def test_a_doubted_rule_is_none() -> None:
    assert not list(hear_rules("Maybe we should always start table names with 'tl_'."))


_sentences = st.builds(
    "{} {} {}{}".format,
    st.sampled_from(
        ["No", "Never", "Do not", "Maybe", "So", "Ok, we", "Please always", "Actually nobody may", "Yes, but don't"]
    ),
    st.sampled_from(
        [
            "add retries to the client",
            "start all table names with 'tl_'",
            "use camelCase for class names",
            "push `main` to the mirror in `deploy.sh`",
            "change the fix for the lock, which was decided in May",
            "encrypt the nightly export that goes to the partner and is read by nobody before the morning after",
        ]
    ),
    st.sampled_from(
        ["", "except on the first of each month", "unless the user says so", "(but not in tests, and not on Sundays)"]
    ),
    st.sampled_from([".", "!", "?", ""]),
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "- ", "1. "]), _sentences), min_size=1, max_size=8), st.booleans())
def test_whatever_is_kept_is_whole_sentences_that_were_said(said: list[tuple[str, str]], user: bool) -> None:
    text = "\n\n".join(bullet + " ".join(sentence.split()) for bullet, sentence in said)
    turns = session(spoke(1, text if user else "go"), replied(1, "" if user else text)).turns
    known = {" ".join(sentence.split()) for _, sentence in said} | {"go"}

    def left(shown: str) -> str:
        """What of a line is not a whole sentence that was said."""
        for sentence in sorted(known, key=len, reverse=True):
            shown = shown.replace(sentence, "")
        return shown.strip(" .")

    ledger = Ledger()
    for one in operations(turns, ledger):
        assert isinstance(one, Add)
        assert not left(one.entry.text.removesuffix(MORE))
        ledger = Ledger({**ledger.entries, one.entry.id: one.entry})
    for line in chronicle(turns):
        for telling in line.tellings:
            for quoted in re.findall(r"«([^»]*)»", telling):
                assert not left(quoted.removeprefix(MORE.strip()).removesuffix(MORE))
