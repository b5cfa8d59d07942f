"""Renders the ledger as the rolling summary, within its budget whatever the ledger holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from throughline.compression.selection import best, together, weighed
from throughline.compression.sentences import joined
from throughline.compression.sentences import whole as ended
from throughline.core.ledger import Entry, EntryKind, Ledger

Count = Callable[[str], int]
NONE = "- none"
# The characters of an entry's line, if its first sentence is not longer.
LONGEST = 400
# The characters of the objective, where a sentence of it ends before.
AIM = 140
_MORE = "… recall objective"
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


@frozen
class Row:
    """A line of the summary, the title of the section that it belongs to, and the entries that stand on it."""

    text: str
    section: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def turns(self) -> tuple[int, ...]:
        """The numbers of the turns that it came from, in their order."""
        return tuple(sorted({turn for entry in self.entries for turn in entry.turns}))


def summary(ledger: Ledger, objective: str, turn: int, budget: int, count: Count) -> str:
    """The rolling summary in Markdown, at most `budget` tokens by `count`."""
    return written(rows(ledger, objective, turn, budget, count))


def written(rows: Sequence[Row]) -> str:
    """The summary that these lines are."""
    return "".join(f"{row.text}\n" for row in rows)


def rows(ledger: Ledger, objective: str, turn: int, budget: int, count: Count) -> tuple[Row, ...]:
    """The lines of the rolling summary, together at most `budget` tokens by `count`: one entry a line, save that
    sentences which rules took from one turn share one.
    """
    live = [entry for entry in ledger.live() if entry.kind != "objective"]
    held = Counter(entry.kind for entry in live)
    aims = (ended(objective, AIM), ended(objective, LONGEST), _MORE)
    fitting = (aim for aim in aims if aim and _room(held, aim, turn, budget, count) >= 0)
    objective = next(fitting, "") if objective.strip() else ""
    # What the objective says already is not said again, nor what the state says.
    aim = [Entry("", "objective", objective, "user", ())] if objective not in ("", _MORE) else []
    shown = _fitting(live, _room(held, objective, turn, budget, count), count, aim)
    made = _render(held, _in_order(live, shown), objective, turn)
    # Lines that several sentences share take less than was set aside for them: what that leaves is given out once.
    chosen = {entry.id for entry in shown}
    rest = [entry for entry in live if weighed(entry) and entry.id not in chosen]
    shown += best(rest, budget - count(written(made)), count, _FRAME, aim + shown)
    made = _render(held, _in_order(live, shown), objective, turn)
    while count(written(made)) > budget and shown:
        # Tokens do not add up exactly over lines: give back the least important until it fits.
        shown.pop()
        made = _render(held, _in_order(live, shown), objective, turn)
    return made


def line(entry: Entry) -> str:
    """An entry as one line of Markdown, without its bullet: of a long one the first sentences, each whole."""
    text = whole(entry)
    return ended(text, LONGEST) or text


def whole(entry: Entry) -> str:
    """The same, however long it is."""
    parts = [entry.text.rstrip(".") if entry.why else entry.text]
    if entry.why:
        parts.append(f" because {entry.why}" if entry.kind == "decision" else f" — {entry.why}")
    if entry.supersedes and entry.kind != "state":
        parts.append(" (revised)")
    if entry.owner:
        parts.append(f" [{entry.owner}]")
    return " ".join("".join(parts).split())


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


def _room(held: Mapping[EntryKind, int], objective: str, turn: int, budget: int, count: Count) -> int:
    """What the frame leaves for entries. The lines that say how much was left out are part of the frame."""
    return budget - count(written(_render(held, [], objective, turn)))


def _in_order(live: Sequence[Entry], shown: Sequence[Entry]) -> list[Entry]:
    """The entries that are shown, as they stand in the ledger."""
    chosen = {entry.id for entry in shown}
    return [entry for entry in live if entry.id in chosen]


def _render(held: Mapping[EntryKind, int], shown: Sequence[Entry], objective: str, turn: int) -> tuple[Row, ...]:
    """The lines that show these entries, in their order, of so many of each kind that the ledger holds."""
    out = [Row(f"## Rolling Summary — Turn {turn}")]
    for section in SECTIONS:
        mine = sum(held.get(kind, 0) for kind in section.kinds)
        picked = [entry for kind in section.kinds for entry in shown if entry.kind == kind]
        lines = [(joined(map(line, entries)), entries) for entries in together(picked)]
        if section.inline:
            absent = f"… recall {section.noun}" if mine else "not stated"
            text = objective if section.title == "Objective" else " ".join(text for text, _ in lines)
            out.append(Row(f"**{section.title}:** {text or absent}", section.title, tuple(picked)))
            continue
        left = mine - len(picked)
        out.append(Row(f"**{section.title}:**"))
        out += [Row(f"- {text}", section.title, entries) for text, entries in lines]
        if left:
            out.append(Row(f"- … and {left} more: recall {section.noun}", section.title))
        elif not lines:
            out.append(Row(NONE, section.title))
    return tuple(out)
