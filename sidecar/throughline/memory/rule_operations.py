"""What a user's message does to the rules in force: it lays some down, and takes others back or replaces them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count

from attrs import evolve, frozen

from throughline.domain.file_knowledge import digest
from throughline.domain.ledger import Add, Entry, Ledger, Operation, Resolve
from throughline.domain.rules import WorkspaceRules, rules_in_force
from throughline.memory.message_prose import bare_words
from throughline.memory.rule_subjects import rule_subject
from throughline.memory.rules import HeardRule, RetiringWords, hear_retirements, hear_rules, is_personal, uncommon_words

# The characters of an id after its letter: enough for all rules of a workspace.
_ID = 6
# The part of what is said of a rule that it must hold to be the one that is meant.
_MEANT = 0.5
_SPACE = re.compile(r"\s+")


@frozen
class HeardWords:
    """What was heard in a message of the user's."""

    rules: tuple[HeardRule, ...] = ()
    retirements: tuple[RetiringWords, ...] = ()


def listen(message: str) -> HeardWords:
    """The rules that a message lays down, and the words with which it takes some back."""
    return HeardWords(hear_rules(message), hear_retirements(message))


def rule_operations(heard: HeardWords, session: str, turn: int, ledger: Ledger) -> tuple[Operation, ...]:
    """What the words of a turn do to the ledger. What is in force already is not laid down twice."""
    return (*_retired(heard.retirements, ledger), *_added(heard.rules, session, turn, ledger))


def new_rule(text: str, session: str, turn: int, ledger: Ledger) -> Entry:
    """A rule that the user writes down by hand."""
    return _entry(HeardRule(text, is_personal(text), rule_subject(text)), session, turn, set(ledger.entries))


def same_rule(ledger: Ledger, text: str) -> Entry | None:
    """The rule in force that says the same, save for spaces, case and the stop at its end."""
    return next((rule for rule in rules_in_force(ledger) if _plain(rule.text) == _plain(text)), None)


def reconciled_rules(ledger: Ledger, workspace: WorkspaceRules) -> tuple[Operation, ...]:
    """What other sessions have done to the workspace's rules since this one was last open."""
    made: list[Operation] = []
    for rule in workspace.in_force:
        mine = ledger.entries.get(rule.id)
        if mine is None:
            made.append(Add(evolve(rule, turns=(), supersedes="", pinned=False)))
    for rule in workspace.retired:
        mine = ledger.entries.get(rule.id)
        if mine is not None and mine.kind == "rule" and mine.state == "active":
            made.append(Resolve(rule.id, rule.resolution or "retired in another session", "user"))
    return tuple(made)


def _added(rules: Sequence[HeardRule], session: str, turn: int, ledger: Ledger) -> Iterator[Add]:
    known, taken = {_plain(rule.text) for rule in rules_in_force(ledger)}, set(ledger.entries)
    for heard in rules:
        if _plain(heard.text) not in known:
            made = _entry(heard, session, turn, taken)
            known.add(_plain(made.text))
            taken.add(made.id)
            yield Add(made)


def _entry(heard: HeardRule, session: str, turn: int, taken: set[str]) -> Entry:
    names = (f"r{digest(f'{session}/{turn}/{number}')[:_ID]}" for number in count(1))
    name = next(free for free in names if free not in taken)
    return Entry(name, "rule", heard.text, "user", (turn,), subject=heard.subject, mine=heard.personal)


def _retired(retirements: Sequence[RetiringWords], ledger: Ledger) -> Iterator[Resolve]:
    standing = list(rules_in_force(ledger))
    for words in retirements:
        meant = _meant(words, standing)
        if meant is not None:
            standing.remove(meant)
            yield Resolve(meant.id, f"“{words.text}”", "user")


def _meant(words: RetiringWords, standing: Sequence[Entry]) -> Entry | None:
    """The one rule that retiring words mean: the last one where they only point, else the one that holds what they
    name; none where that might be several.
    """
    if not words.about:
        return standing[-1] if standing else None
    named = uncommon_words(bare_words(words.about))
    shares = {rule.id: len(named & uncommon_words(rule.text)) / len(named) for rule in standing} if named else {}
    best = max(shares.values(), default=0.0)
    leading = [rule for rule in standing if shares.get(rule.id) == best]
    return leading[0] if best >= _MEANT and len(leading) == 1 else None


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip().rstrip(".!\u3002\uff01 ").casefold()
