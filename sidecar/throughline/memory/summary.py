"""The rolling summary: the ledger and the chronicle as Markdown within a budget."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from attrs import frozen

from throughline.domain.ledger import Entry, EntryKind, Ledger
from throughline.memory.chronicle import ChronicleLine, fit_chronicle
from throughline.memory.text import whole as ended

Count = Callable[[str], int]
NONE = "- none"
# What a rule of the user's begins with, among decisions.
RULE = "Rule: "
# The characters of an entry's line, if its first sentence is not longer.
LONGEST = 400
# The characters of the objective, where a sentence of it ends before.
AIM = 140
_MORE = "… recall objective"
# The section whose first line names the files that were changed, and the part of the budget that it may take.
WORK, FILES_LINE = "Work Completed", "Files: "
_FILES = 0.08
# The parts of the budget that rules may take, and that what the user pinned or worded may take before each section
# has its floor.
_RULES, _PINNED = 0.5, 0.6
# Failing commands that are named; the others are counted.
_FAILURES = 3
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
    Section("Decisions Made", ("rule", "constraint", "pattern", "decision"), "decisions"),
    Section("Current State", ("state",), "state", inline=True),
    Section(WORK, ("milestone", "work", "fact"), "work"),
    Section("Open Questions", ("question",), "questions"),
    Section("Known Issues", ("issue",), "issues"),
    Section("Do Not Revisit", ("rejected",), "rejected"),
)
# What a round of filling gives each section. Each has its floor by that: none crowds out another.
_ROUND: tuple[tuple[EntryKind, ...], ...] = (
    ("constraint", "pattern"), ("decision",), ("milestone",), ("question",), ("issue",), ("rejected",),
)  # fmt: skip
_LAST: tuple[EntryKind, ...] = ("work", "fact")
# Of these the oldest are the ground on which the others stand.
_OLDEST_FIRST = frozenset({"rule", "constraint", "pattern"})


@frozen
class SummaryLine:
    """A line of the summary, and what it leads back to."""

    text: str
    """The line as it is written."""
    section: str = ""
    """The title of the section that it belongs to; "" for a heading."""
    entries: tuple[Entry, ...] = ()
    """The entries that stand on it: more than one where they say the same."""
    told: int = 0
    """The number of the turn whose line of the chronicle it is; 0 for another line."""

    @property
    def turns(self) -> tuple[int, ...]:
        """The numbers of the turns that it came from, in their order."""
        return tuple(sorted({turn for entry in self.entries for turn in entry.turns} | ({self.told} - {0})))


def rolling_summary(ledger: Ledger, objective: str, turn: int, budget: int, count: Count) -> str:
    """The rolling summary in Markdown, at most `budget` tokens by `count`."""
    return summary_markdown(summary_lines(ledger, objective, turn, budget, count))


def summary_markdown(rows: Sequence[SummaryLine]) -> str:
    """The summary that these lines are: an empty line stands above a heading, which Markdown would join to another."""
    return "".join(f"\n{row.text}\n" if row.text.startswith("**") else f"{row.text}\n" for row in rows)


def summary_lines(
    ledger: Ledger,
    objective: str,
    turn: int,
    budget: int,
    count: Count,
    files: Sequence[str] = (),
    chronicle: Sequence[ChronicleLine] = (),
) -> tuple[SummaryLine, ...]:
    """The lines of the rolling summary, together at most `budget` tokens by `count`: one entry a line, and one line for
    entries that say the same.

    Rules come first, the oldest first, in up to half of the budget; then what the user pinned or worded; then each
    section has its share, so that no section's entries push out another's. What is not shown is counted. `files` are
    those that were changed, the newest first: a line names as many as fit into a small part of the budget. What the
    entries leave of the budget tells the `chronicle`, the newest turn first.
    """
    touched = _files_line(files, budget, count)
    made = _fitted(ledger, objective, turn, budget - (count(f"{touched}\n") if touched else 0), count)
    if touched:
        made = _with_work(made, [SummaryLine(touched, WORK)], [])
    standing = {number for entry in ledger.entries.values() if (number := retold_turn(entry))}
    some = [one for one in chronicle if one.turn not in standing]
    room = budget - count(summary_markdown(made))
    while some and room > 0:
        full = _with_work(made, [], _told(some, room, count))
        if count(summary_markdown(full)) <= budget:
            return full
        # Tokens do not add up exactly over lines.
        room -= 1
    return made


def retold_turn(entry: Entry) -> int:
    """The number of the turn whose line of the chronicle the user has worded anew or taken out, as an entry; or 0."""
    found = _RETOLD.match(entry.text) if entry.kind == "work" and entry.author == "user" else None
    return int(found[1]) if found else 0


_RETOLD = re.compile(r"Turn (\d+): ")


def _with_work(
    made: Sequence[SummaryLine], above: Sequence[SummaryLine], below: Sequence[SummaryLine]
) -> tuple[SummaryLine, ...]:
    """The lines with more of them above and below what stands under Work Completed."""
    heading = next(place for place, row in enumerate(made) if row.text == f"**{WORK}:**")
    end = next(place for place, row in enumerate(made) if place > heading and row.text.startswith("**"))
    mine = [row for row in made[heading + 1 : end] if row.text != NONE]
    work = [*above, *mine, *below] or [SummaryLine(NONE, WORK)]
    return (*made[: heading + 1], *work, *made[end:])


def _told(chronicle: Sequence[ChronicleLine], room: int, count: Count) -> list[SummaryLine]:
    """The chronicle's lines that fit, the newest turn first, and how many turns more it tells of."""
    pointer = count(_earlier(len(chronicle))) + 2
    fitted = fit_chronicle(chronicle, room, count, _bullet)
    if len(fitted) < len(chronicle):
        fitted = fit_chronicle(chronicle, room - pointer, count, _bullet)
    lines = [SummaryLine(_bullet(one, text), WORK, told=one.turn) for one, text in fitted]
    if len(fitted) < len(chronicle) and pointer <= room:
        lines.append(SummaryLine(_earlier(len(chronicle) - len(fitted)), WORK))
    return lines


def _bullet(line: ChronicleLine, text: str) -> str:
    return f"- Turn {line.turn}: {text}"


def _earlier(turns: int) -> str:
    return f"- … and {turns} more turns: recall work"


def _files_line(files: Sequence[str], budget: int, count: Count) -> str:
    """The line that names the files that were changed, as many as there is room for."""
    line, left = "", list(files)
    while left:
        more = f" … and {len(left) - 1} more" if len(left) > 1 else ""
        longer = f"{line}, {left[0]}" if line else f"- {FILES_LINE}{left[0]}"
        if count(longer + more) > budget * _FILES:
            return f"{line} … and {len(left)} more" if line else ""
        line = longer
        left.pop(0)
    return line


@frozen(eq=False)
class _Fact:
    """Entries of one section that say the same, the one whose words are shown first."""

    entries: tuple[Entry, ...]

    @property
    def lead(self) -> Entry:
        return self.entries[0]


def _fitted(ledger: Ledger, objective: str, turn: int, budget: int, count: Count) -> tuple[SummaryLine, ...]:
    facts = _facts([entry for entry in ledger.live() if entry.kind != "objective"])
    held = Counter(one.lead.kind for one in facts)
    aims = (ended(objective, AIM), ended(objective, LONGEST), _MORE)
    fitting = (aim for aim in aims if aim and _room(held, aim, turn, budget, count) >= 0)
    objective = next(fitting, "") if objective.strip() else ""
    shown = _fitting(facts, _room(held, objective, turn, budget, count), round(budget * _RULES), count)
    made = _render(held, _in_order(facts, shown), objective, turn)
    while count(summary_markdown(made)) > budget and shown:
        # Tokens do not add up exactly over lines: give back the least important until it fits.
        shown.pop()
        made = _render(held, _in_order(facts, shown), objective, turn)
    return made


def one_line(entry: Entry) -> str:
    """An entry as one line of Markdown, without its bullet: of a long one the first sentences, each whole. A rule is
    never shortened: what it ends in may be its exception.
    """
    text = full_text(entry)
    return text if entry.kind == "rule" else ended(text, LONGEST) or text


def full_text(entry: Entry) -> str:
    """The same, however long it is."""
    why = entry.why if entry.why not in entry.text else ""
    parts = [entry.text.rstrip(".") if why else entry.text]
    if why:
        parts.append(f" because {why}" if entry.kind == "decision" else f" — {why}")
    if entry.supersedes and entry.kind != "state" and (entry.kind != "rule" or entry.why):
        parts.append(" (revised)")
    if entry.owner:
        parts.append(f" [{entry.owner}]")
    return " ".join("".join(parts).split())


def shown_line(entry: Entry) -> str:
    """The line as it stands in the summary, where rules stand among decisions."""
    return f"{RULE}{one_line(entry)}" if entry.kind == "rule" else one_line(entry)


def wording(entry: Entry) -> str:
    """What an entry says, as it is compared: two of one section that have it in common say the same."""
    return " ".join(_MARKS.sub("", entry.text).casefold().split()).rstrip(".!… ")


_MARKS = re.compile("[`*\"'\u201c\u201d\u2018\u2019\u00ab\u00bb]")


def _facts(live: Sequence[Entry]) -> list[_Fact]:
    """The entries in their order, those of a section that say the same as one. It is shown as what binds most: a rule,
    then what the user worded or pinned, then what has a reason.
    """
    titles = {kind: section.title for section in SECTIONS for kind in section.kinds}
    same: dict[tuple[str, str], list[Entry]] = {}
    for entry in live:
        text = wording(entry) or entry.id
        same.setdefault((titles[entry.kind], text), []).append(entry)

    def weight(entry: Entry) -> tuple[bool, bool, bool]:
        return entry.kind != "rule", not entry.final, not entry.why

    return [_Fact(tuple(sorted(some, key=weight))) for some in same.values()]


def _rounds(facts: Sequence[_Fact]) -> Iterator[list[_Fact]]:
    """The facts from the most to the least important, rules and what the user pinned apart: in rounds, in which each
    section gives what is its first then.
    """
    left = [one for one in facts if one.lead.kind != "rule"]

    def first(kinds: Sequence[EntryKind]) -> list[_Fact]:
        mine = [one for one in left if one.lead.kind in kinds]
        if kinds[0] in _OLDEST_FIRST:
            return mine
        seen = [one for one in mine if one.lead.author == "code"]
        return [*_newest(one for one in mine if one not in seen), *_newest(seen)[:_FAILURES]]

    for row in zip_longest(*map(first, _ROUND)):
        yield [one for one in row if one]
    yield first(_LAST)


def _newest(facts: Iterable[_Fact]) -> list[_Fact]:
    """The newest first."""
    return sorted(facts, key=lambda one: -max(one.lead.turns, default=0))


def _fitting(facts: Sequence[_Fact], room: int, rules: int, count: Count) -> list[_Fact]:
    """The facts as far as they fit, the most important first; rules in at most so many tokens."""
    shown: list[_Fact] = []

    def fill(some: Sequence[_Fact], most: int) -> int:
        """Takes what fits into so many tokens: what it took."""
        nonlocal room
        begun, least = room, max(0, room - most)
        for one in some:
            cost = count(f"- {shown_line(one.lead)}\n") if room > _FRAME else room + 1
            if one not in shown and room - cost >= least:
                room -= cost
                shown.append(one)
        return begun - room

    fill([one for one in facts if one.lead.kind == "rule"], rules)
    fill([one for one in facts if one.lead.kind == "state"], room)
    pinned = _newest([one for one in facts if one.lead.final and one.lead.kind not in ("rule", "state")])
    fill(pinned, round(room * _PINNED))
    for number, some in enumerate(_rounds(facts)):
        fill(some, room)
        if not number:
            fill(pinned, room)
    return shown


def _room(held: Mapping[EntryKind, int], objective: str, turn: int, budget: int, count: Count) -> int:
    """What the frame leaves for entries. The lines that say how much was left out are part of the frame."""
    return budget - count(summary_markdown(_render(held, [], objective, turn)))


def _in_order(facts: Sequence[_Fact], shown: Sequence[_Fact]) -> list[_Fact]:
    """The facts that are shown, as they stand in the ledger."""
    chosen = {one.lead.id for one in shown}
    return [one for one in facts if one.lead.id in chosen]


def _render(
    held: Mapping[EntryKind, int], shown: Sequence[_Fact], objective: str, turn: int
) -> tuple[SummaryLine, ...]:
    """The lines that show these facts, in their order, of so many of each kind that the ledger holds."""
    out = [SummaryLine(f"## Rolling Summary — Turn {turn}")]
    for section in SECTIONS:
        picked = {kind: [one for one in shown if one.lead.kind == kind] for kind in section.kinds}
        lines = [(shown_line(one.lead), one.entries) for some in picked.values() for one in some]
        left = {kind: held.get(kind, 0) - len(some) for kind, some in picked.items()}
        if section.inline:
            absent = f"… recall {section.noun}" if any(left.values()) else "not stated"
            text = objective if section.title == "Objective" else " ".join(text for text, _ in lines)
            entries = tuple(entry for _, some in lines for entry in some)
            out.append(SummaryLine(f"**{section.title}:** {text or absent}", section.title, entries))
            continue
        out.append(SummaryLine(f"**{section.title}:**"))
        rules, rest = left.pop("rule", 0), sum(left.values())
        body = [SummaryLine(f"- {text}", section.title, entries) for text, entries in lines]
        if rules:
            body.insert(len(picked["rule"]), SummaryLine(f"- … and {rules} more: recall rules", section.title))
        if rest := sum(left.values()):
            body.append(SummaryLine(f"- … and {rest} more: recall {section.noun}", section.title))
        out += body or [SummaryLine(NONE, section.title)]
    return tuple(out)
