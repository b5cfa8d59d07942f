"""Reversals: what the user's later words put aside, and what becomes of the entry and of the objective."""

from __future__ import annotations

import pytest
from attrs import evolve

from throughline.context.compaction import current, propose
from throughline.domain.events import Compacted, Event, LedgerChanged, SessionStarted
from throughline.domain.session import Session, fold
from throughline.domain.settings import Settings
from throughline.memory.objective import title
from throughline.memory.reversals import reversals
from throughline.memory.tags import entries
from unit.event_logs import count, done, log, replied, spoke

SAID: list[tuple[str, str, str]] = [
    ("Scratch that, we build a command line instead.", "", ""),
    ("No wait, forget the web page.", "", ""),
    ("No, not 48 hours, 7 days.", "48 hours", "7 days"),
    ("Make it 7 days, not 48 hours.", "48 hours", "Make it 7 days"),
    ("Use SQLite instead of Postgres.", "Postgres", "Use SQLite"),
    ("Vergiss das, wir bauen ein Kommandozeilenprogramm.", "", ""),
    ("Nicht 48 Stunden, sondern 7 Tage.", "48 Stunden", "7 Tage"),
    ("Oublie ça, on fait un outil en ligne de commande.", "", ""),
    ("Pas 48 heures, mais 7 jours.", "48 heures", "7 jours"),
    ("Olvida eso, mejor una herramienta de consola.", "", ""),
    ("Em vez de Postgres, use SQLite.", "Postgres", "use SQLite"),
    ("Забудь, сделаем утилиту для консоли.", "", ""),
    ("Не 48 часов, а 7 дней.", "48 часов", "7 дней"),
    ("算了，我们改做命令行工具。", "", ""),
    ("不要用Redis了，改用数据库。", "Redis", "数据库"),
    ("48時間ではなく、7日にしてください。", "48時間", "7日にしてください"),
]
NONE = [
    "Should we use SQLite instead of Postgres?",
    "Maybe SQLite instead of Postgres, I am not sure.",
    "let's not leave the tests to the very end...",
    "Keep the deadline at 48 hours.",
    "Never push to main.",
    "> scratch that",
    "```\nscratch that\n```",
]


@pytest.mark.parametrize(("message", "old", "new"), SAID, ids=[row[0][:30] for row in SAID])
def test_a_sentence_puts_something_aside(message: str, old: str, new: str) -> None:
    (found,) = reversals(message)
    assert (found.said, found.old, found.new) == (message, old, new)


@pytest.mark.parametrize("message", NONE)
def test_these_put_nothing_aside(message: str) -> None:
    assert reversals(message) == ()


def played(*turns: tuple[str, str], objective: str = "") -> Session:
    """A session whose replies' tags have entered, after a compaction of all of it."""
    started = SessionStarted("s", objective or title(turns[0][0]), "engineer", "shed", "m", 200_000)
    now = fold(log(started))

    def then(*more: Event) -> None:
        nonlocal now
        now = fold(log(*more, first=now.seq + 1), now)

    for number, (asked, answered) in enumerate(turns, 1):
        then(spoke(number, asked), replied(number, answered), done(number))
        then(LedgerChanged(entries(answered, number, now.ledger)))
    then(Compacted("c1", len(turns), propose(now, len(turns)).operations, 0, 0, 0, 0))
    return now


def section(now: Session, title: str) -> str:
    return current(now, Settings(), count).split(f"**{title}:**")[1].split("\n**")[0]


PLANS = [
    ("Build a web page for the loans in Flask.", "Scratch that, build a command line for the loans.", "command line"),
    ("Build a web page for the loans in Flask.", "Actually, change of plans. Write a bot that lists the loans.", "bot"),
    ("Baue eine Webseite für die Ausleihen mit Flask.", "Vergiss das, baue ein Programm für die Konsole.", "Konsole"),
    ("Construis une page web pour les prêts avec Flask.", "Laisse tomber, fais un outil pour la console.", "console"),
    ("Haz una página web para los préstamos con Flask.", "Olvídalo, haz una herramienta de consola.", "consola"),
    ("用Flask做一个借书网页，要有登录功能。", "算了，改做一个查询借书记录的命令行工具。", "命令行"),
    ("Сделай веб-страницу для выдачи книг на Flask.", "Забудь, сделай утилиту для консоли.", "консоли"),
    (
        "Flaskで貸出のウェブページを作ってください。",
        "やっぱりやめて、貸出を一覧するコマンドを作ってください。",
        "コマンド",
    ),
]


@pytest.mark.parametrize(("first", "then", "word"), PLANS, ids=[row[1][:30] for row in PLANS])
def test_the_objective_is_never_the_plan_that_was_put_aside(first: str, then: str, word: str) -> None:
    now = played((first, "Fine, I start with it."), (then, "Understood, I go that way."))
    aim, rejected = section(now, "Objective"), section(now, "Do Not Revisit")
    assert word in aim
    assert "Flask" not in aim
    assert first.rstrip(".") in rejected
    assert "Flask" not in section(now, "Decisions Made")


def test_a_detail_that_is_put_aside_leaves_the_objective() -> None:
    now = played(
        ("Build a web page for the loans.", "Started."),
        ("Cache the list of loans in Redis for an hour.", "[DECISION]: Cache the list of loans in Redis"),
        ("Scratch that, the hoster has no Redis.", "Then there is no cache."),
    )
    assert "web page" in section(now, "Objective")
    assert "Redis" not in section(now, "Decisions Made")
    assert "Cache the list of loans in Redis — Scratch that, the hoster has no Redis." in section(now, "Do Not Revisit")


TAGGED = "[DECISION]: A borrowed book may stay for 48 hours\n[DECISION]: A hold is kept in the `holds` table"
BOTH = ["A borrowed book may stay for 48 hours", "A hold is kept in the `holds` table"]
RETIRED = [
    ("named", "No, not 48 hours, 7 days.", ["A hold is kept in the `holds` table"]),
    ("asked only", "Could it be 7 days instead of 48 hours?", BOTH),
    ("of something else", "Not red, but green.", BOTH),
    ("which of two is not told", "Never mind.", BOTH),
]


@pytest.mark.parametrize(("name", "said", "kept"), RETIRED, ids=[row[0] for row in RETIRED])
def test_a_decision_that_the_user_puts_aside_is_retired(name: str, said: str, kept: list[str]) -> None:
    now = played(("Write down the rules for the loans.", TAGGED), (said, "Noted."))
    assert [one.text for one in now.ledger.live() if one.kind == "decision"] == kept
    gone = [one for one in now.ledger.entries.values() if one.state == "resolved"]
    assert [one.resolution for one in gone] == ([said] if len(kept) == 1 else [])


def test_what_the_user_holds_fast_is_not_retired_by_words() -> None:
    now = played(("Write down the rules for the loans.", TAGGED))
    first = now.ledger.live()[0]
    pinned = evolve(
        now, ledger=evolve(now.ledger, entries={**now.ledger.entries, first.id: evolve(first, pinned=True)})
    )
    later = fold(log(spoke(2, "No, not 48 hours, 7 days."), done(2), first=now.seq + 1), pinned)
    made = propose(later, 2).operations
    assert not [one for one in made if getattr(one, "id", "") == first.id]


TITLES = [
    ("Hello there! Please build a small service for the loans.", "Please build a small service for the loans."),
    ("Our loans are wrong, why? Find the query that doubles them.", "Find the query that doubles them."),
    ("why is it slow?", "why is it slow?"),
    ("2026-05-01 10:00:00 ERROR no loan\n\nFix the export of the loans.", "Fix the export of the loans."),
    ("你好。请帮我写一个管理借书记录的命令行工具。", "请帮我写一个管理借书记录的命令行工具。"),
    ("hi", "hi"),
]


@pytest.mark.parametrize(("message", "words"), TITLES, ids=[row[0][:30] for row in TITLES])
def test_the_title_is_the_first_sentence_that_asks_for_something(message: str, words: str) -> None:
    assert title(message) == words


def test_a_message_that_only_prepares_gives_way_to_the_request() -> None:
    now = played(
        ("Read docs/loans.md. Task to follow.", "I have read it."),
        ("Let a borrower extend a loan twice from the kiosk.", "Done, `extend` is there."),
    )
    assert section(now, "Objective").strip() == "Let a borrower extend a loan twice from the kiosk."


def test_what_the_user_stated_on_purpose_stays() -> None:
    now = played(
        ("Read docs/loans.md first.", "Read."), ("Now extend the loans twice.", "Done."), objective="Keep the shed"
    )
    assert section(now, "Objective").strip() == "Keep the shed"
