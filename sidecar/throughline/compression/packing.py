"""Renders the ledger as the rolling summary, within its budget whatever the ledger holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen

from throughline.compression.selection import best, together, weighed
from throughline.compression.sentences import clip
from throughline.core.ledger import Entry, EntryKind, Ledger

Count = Callable[[str], int]
NONE = "- none"
# The tokens of a bullet and the end of its line.
_FRAME = 3


@frozen
class Section:
    """A section of the summary: its heading, the kinds it shows in this order, and what `recall` calls them."""

    title: str
    kinds: tuple[EntryKind, ...]
    noun: str
    inline: bool = False


SECTIONS = (
    Section("Objective", ("objective",), "objective", inline=True),
    Section("Decisions Made", ("constraint", "pattern", "decision"), "decisions"),
    Section("Current State", ("state",), "state", inline=True),
    Section("Work Completed", ("milestone", "work", "fact"), "work"),
    Section("Open Questions", ("question",), "questions"),
    Section("Known Issues", ("issue",), "issues"),
    Section("Do Not Revisit", ("rejected",), "rejected"),
)
# What goes first into a budget that does not hold all; within a rank the newest.
_RANK: dict[EntryKind, int] = {
    "objective": 0, "state": 1, "constraint": 2, "pattern": 2, "decision": 2, "rejected": 2,
    "question": 3, "issue": 3, "milestone": 4, "work": 5, "fact": 5,
}  # fmt: skip


def summary(ledger: Ledger, objective: str, turn: int, budget: int, count: Count) -> str:
    """The rolling summary in Markdown, at most `budget` tokens by `count`: one entry a line, save that sentences which
    rules took from one turn share one.
    """
    live = [entry for entry in ledger.live() if entry.kind != "objective"]
    longest = 140
    while longest > 1 and _room(live, clip(objective, longest), turn, budget, count) < 0:
        longest //= 2
    objective = clip(objective, longest)
    # What the objective says already is not said again, nor what the state says.
    aim = [Entry("", "objective", objective, "user", ())] if objective else []
    shown = _fitting(live, _room(live, objective, turn, budget, count), count, aim)
    text = _render(live, shown, objective, turn)
    # Lines that several sentences share take less than was set aside for them: what that leaves is given out once.
    chosen = {entry.id for entry in shown}
    rest = [entry for entry in live if weighed(entry) and entry.id not in chosen]
    shown += best(rest, budget - count(text), count, _FRAME, aim + shown)
    text = _render(live, shown, objective, turn)
    while count(text) > budget and shown:
        # Tokens do not add up exactly over lines: give back the least important until it fits.
        shown.pop()
        text = _render(live, shown, objective, turn)
    return text


def line(entry: Entry) -> str:
    """An entry as one line of Markdown, without its bullet."""
    parts = [entry.text.rstrip(".") if entry.why else entry.text]
    if entry.why:
        parts.append(f" because {entry.why}" if entry.kind == "decision" else f" — {entry.why}")
    if entry.supersedes and entry.kind != "state":
        parts.append(" (revised)")
    if entry.owner:
        parts.append(f" [{entry.owner}]")
    return clip("".join(parts), 400)


def _ordered(live: Sequence[Entry]) -> list[Entry]:
    """The entries from the most to the least important. Kinds of one rank take turns, so that none crowds out
    another; within a kind, what the agent tagged comes before what a summariser read out of the turns.
    """
    turn: dict[EntryKind, int] = {}

    def order(entry: Entry) -> tuple[bool, int, int]:
        turn[entry.kind] = turn.get(entry.kind, 0) + 1
        return not entry.final, _RANK[entry.kind], turn[entry.kind]

    newest = sorted(live, key=lambda entry: (entry.author == "summariser", -max(entry.turns, default=0)))
    return [entry for _, entry in sorted(((order(entry), entry) for entry in newest), key=lambda pair: pair[0])]


def _fitting(live: Sequence[Entry], room: int, count: Count, aim: Sequence[Entry]) -> list[Entry]:
    """What was put into the ledger on purpose as far as it fits, then the sentences that are worth most."""
    shown = []
    for entry in _ordered([entry for entry in live if not weighed(entry)]):
        cost = count(f"- {line(entry)}\n") if room > _FRAME else room + 1
        if cost <= room:
            room -= cost
            shown.append(entry)
    return shown + best([entry for entry in live if weighed(entry)], room, count, _FRAME, (*aim, *shown))


def _room(live: Sequence[Entry], objective: str, turn: int, budget: int, count: Count) -> int:
    """What the frame leaves for entries. The lines that say how much was left out are part of the frame."""
    return budget - count(_render(live, [], objective, turn))


def _render(live: Sequence[Entry], shown: Sequence[Entry], objective: str, turn: int) -> str:
    chosen = {entry.id for entry in shown}
    out = [f"## Rolling Summary — Turn {turn}"]
    for section in SECTIONS:
        mine = [entry for kind in section.kinds for entry in live if entry.kind == kind]
        picked = [entry for entry in mine if entry.id in chosen]
        lines = [" ".join(map(line, entries)) for entries in together(picked)]
        if section.inline:
            absent = f"… recall {section.noun}" if mine else "not stated"
            text = objective if section.title == "Objective" else " ".join(lines)
            out.append(f"**{section.title}:** {text or absent}")
            continue
        left = len(mine) - len(picked)
        out.append(f"**{section.title}:**")
        out += [f"- {text}" for text in lines]
        if left:
            out.append(f"- … and {left} more: recall {section.noun}")
        elif not lines:
            out.append(NONE)
    return "\n".join(out) + "\n"
