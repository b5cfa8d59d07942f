"""What a user's message does to the rules in force: it lays some down, and takes others back or replaces them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count

from attrs import evolve, frozen

from throughline.domain.file_knowledge import digest
from throughline.domain.ledger import Add, Entry, Ledger, Operation, Resolve, Revise
from throughline.domain.rules import WorkspaceRules, rules_in_force
from throughline.memory.message_prose import bare_words
from throughline.memory.rule_subjects import rule_subjects
from throughline.memory.rules import HeardRule, RetiringWords, hear_retirements, hear_rules, is_personal, uncommon_words

# The characters of an id after its letter: enough for all rules of a workspace.
_ID = 6
# The part of what is said of a rule that it must hold to be the one that is meant.
_MEANT = 0.5
# What stands between the subjects of a rule that has several.
_AND = " | "
_SUBJECT = "rule: "
_SINGLE = (("rule: start ", "rule: end "), ("rule: style ",))
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


def rule_by_hand(text: str, why: str, session: str, turn: int, ledger: Ledger) -> tuple[Operation, ...]:
    """What the user does who writes a rule down: the rule, then what it replaces; nothing where it is in force."""
    made = _added([HeardRule(text, is_personal(text), rule_subjects(text))], session, turn, ledger)
    return tuple(Add(evolve(one.entry, why=why)) if isinstance(one, Add) else one for one in made)


def reconciled_rules(ledger: Ledger, workspace: WorkspaceRules) -> tuple[Operation, ...]:
    """What other sessions have done to the workspace's rules since this one was last open."""
    made: list[Operation] = []
    for rule in workspace.in_force:
        mine = ledger.entries.get(rule.id)
        if mine is None:
            made.append(Add(evolve(rule, turns=())))
    for rule in workspace.retired:
        mine = ledger.entries.get(rule.id)
        if mine is not None and mine.kind == "rule" and mine.state == "active":
            made.append(Resolve(rule.id, rule.resolution or "retired in another session", "user"))
    return tuple(made)


def _added(rules: Sequence[HeardRule], session: str, turn: int, ledger: Ledger) -> Iterator[Add | Resolve | Revise]:
    standing, taken = list(rules_in_force(ledger)), set(ledger.entries)
    for heard in rules:
        if any(_plain(rule.text) == _plain(heard.text) for rule in standing):
            continue
        made = _entry(heard, session, turn, taken)
        taken.add(made.id)
        yield Add(made)
        standing.append(made)
        for place, old in enumerate(tuple(standing)):
            about = _subjects(old)
            gone = about & {name for one in standing[place + 1 :] for name in _subjects(one)}
            why = f"replaced in part: {', '.join(sorted(name.removeprefix(_SUBJECT) for name in gone))}"
            if gone and gone == about:
                yield Resolve(old.id, f"{made.id} took its place", "user")
            elif gone and old.why != why:
                # A sentence is not taken out for a half, and nothing is cut out of it.
                standing[place] = evolve(old, why=why)
                yield Revise(old.id, old.text, turn, "user", why)
        gone_now = {one.id for one in standing if _replaced(one, standing)}
        standing = [one for one in standing if one.id not in gone_now]


def _replaced(rule: Entry, standing: Sequence[Entry]) -> bool:
    """Whether later rules have taken the place of all that a rule is about."""
    about = _subjects(rule)
    return bool(about) and about <= {name for one in standing[standing.index(rule) + 1 :] for name in _subjects(one)}


def _subjects(rule: Entry) -> set[str]:
    """What a rule is about: of several things those alone of which there can be only one, as a name's beginning."""
    named = set(filter(None, rule.subject.split(_AND)))
    single = ({name for name in named if name.startswith(kinds)} for kinds in _SINGLE)
    return next(filter(None, single), named)


def _entry(heard: HeardRule, session: str, turn: int, taken: set[str]) -> Entry:
    names = (f"r{digest(f'{session}/{turn}/{number}')[:_ID]}" for number in count(1))
    name = next(free for free in names if free not in taken)
    return Entry(name, "rule", heard.text, "user", (turn,), subject=_AND.join(heard.subjects), mine=heard.personal)


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
