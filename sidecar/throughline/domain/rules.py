"""The workspace's rules: the stream of what the user laid down and retired in all its sessions, and the fold of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, TypeAlias

from attrs import evolve, field, frozen

from throughline.domain.ledger import Entry, Ledger


@frozen
class RuleKept:
    """A rule as it holds from now on: laid down, worded anew, or kept for this machine or for all."""

    kind: ClassVar[Literal["rule_kept"]] = "rule_kept"
    rule: Entry


@frozen
class RuleRetired:
    """A rule holds no longer."""

    kind: ClassVar[Literal["rule_retired"]] = "rule_retired"
    id: str
    why: str = ""
    """What the user said or did to retire it."""


RuleEvent: TypeAlias = RuleKept | RuleRetired


@frozen
class LoggedRule:
    """A change of the workspace's rules in its place."""

    seq: int
    """Counts from 1 within the workspace."""
    at: float
    """When it was kept, in seconds since the epoch."""
    session: str
    """The session in which the user said or did it; empty outside of any."""
    event: RuleEvent


@frozen
class WorkspaceRules:
    """The rules of a workspace, by id, in the order in which they were laid down."""

    rules: dict[str, Entry] = field(factory=dict)
    """All that were ever laid down; what holds no longer is resolved or revised."""

    @property
    def in_force(self) -> tuple[Entry, ...]:
        """Those that hold now."""
        return tuple(rule for rule in self.rules.values() if rule.state == "active")

    @property
    def retired(self) -> tuple[Entry, ...]:
        """Those that hold no longer."""
        return tuple(rule for rule in self.rules.values() if rule.state != "active")


def fold_rules(stream: Iterable[LoggedRule]) -> WorkspaceRules:
    """The rules after all of a stream."""
    rules: dict[str, Entry] = {}
    for one in stream:
        match one.event:
            case RuleKept(rule=rule):
                rules[rule.id] = rule
            case RuleRetired(id=name, why=why):
                if name in rules:
                    rules[name] = evolve(rules[name], state="resolved", resolution=why)
    return WorkspaceRules(rules)


def rules_in_force(ledger: Ledger) -> tuple[Entry, ...]:
    """The rules of a ledger that hold, in the order in which they were laid down."""
    return tuple(entry for entry in ledger.live() if entry.kind == "rule")


def rule_changes(before: Ledger, after: Ledger) -> tuple[RuleEvent, ...]:
    """What happened to the rules between two states of a session's ledger."""
    if before is after:
        return ()
    was = {rule.id: rule for rule in rules_in_force(before)}
    now = {rule.id: rule for rule in rules_in_force(after)}
    kept = [RuleKept(rule) for name, rule in now.items() if was.get(name) != rule]
    gone = [RuleRetired(name, _why(after, name)) for name in was if name not in now]
    return (*gone, *kept)


def _why(ledger: Ledger, name: str) -> str:
    entry = ledger.entries.get(name)
    if entry is None:
        return "taken back"
    return entry.resolution if entry.state == "resolved" else "a later rule took its place"


def carried_rules(rules: WorkspaceRules, archive: str) -> tuple[Entry, ...]:
    """What a session that begins is given: the rules in force, and of the others those that the archive still has, so
    that they leave it. The turns of other sessions are none of its own.
    """
    left = (rule for rule in rules.retired if rule.text in archive)
    return tuple(evolve(rule, turns=()) for rule in (*rules.in_force, *left))


def rule_texts(ledger: Ledger) -> tuple[str, ...]:
    """The words of all rules of a ledger, those that hold no more included."""
    return tuple(entry.text for entry in ledger.entries.values() if entry.kind == "rule")
