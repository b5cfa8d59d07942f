"""The rolling summary: the ledger as Markdown within a budget, and an edited summary read back as operations."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import count

from attrs import frozen

from throughline.domain.errors import UserError
from throughline.domain.ledger import Add, Delete, Entry, EntryKind, Ledger, Operation, Reclassify, Revise
from throughline.memory.selection import best, together, weighed
from throughline.memory.text import MORE, joined_lines
from throughline.memory.text import whole as ended

Count = Callable[[str], int]
NONE = "- none"
# The characters of an entry's line, if its first sentence is not longer.
LONGEST = 400
# The characters of the objective, where a sentence of it ends before.
AIM = 140
_MORE = "… recall objective"
# The section whose first line names the files that were changed, and the part of the budget that it may take.
WORK, FILES_LINE = "Work Completed", "Files: "
_FILES = 0.08
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
# What goes first into a budget that does not hold all; within a rank the newest.
_RANK: dict[EntryKind, int] = {
    "rule": 0, "objective": 0, "state": 1, "constraint": 2, "pattern": 2, "decision": 2, "rejected": 2,
    "question": 3, "issue": 3, "milestone": 4, "work": 5, "fact": 5,
}  # fmt: skip


@frozen
class SummaryLine:
    """A line of the summary, the title of the section that it belongs to, and the entries that stand on it."""

    text: str
    section: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def turns(self) -> tuple[int, ...]:
        """The numbers of the turns that it came from, in their order."""
        return tuple(sorted({turn for entry in self.entries for turn in entry.turns}))


def rolling_summary(ledger: Ledger, objective: str, turn: int, budget: int, count: Count) -> str:
    """The rolling summary in Markdown, at most `budget` tokens by `count`."""
    return summary_markdown(summary_lines(ledger, objective, turn, budget, count))


def summary_markdown(rows: Sequence[SummaryLine]) -> str:
    """The summary that these lines are."""
    return "".join(f"{row.text}\n" for row in rows)


def summary_lines(
    ledger: Ledger, objective: str, turn: int, budget: int, count: Count, files: Sequence[str] = ()
) -> tuple[SummaryLine, ...]:
    """The lines of the rolling summary, together at most `budget` tokens by `count`: one entry a line, save that
    sentences which rules took from one turn share one. `files` are those that were changed, the newest first: a line
    names as many as fit into a small part of the budget.
    """
    touched = _files_line(files, budget, count)
    made = _fitted(ledger, objective, turn, budget - (count(f"{touched}\n") if touched else 0), count)
    if not touched:
        return made
    heading = next(place for place, row in enumerate(made) if row.text == f"**{WORK}:**")
    rest = made[heading + 1 :]
    if rest and rest[0].text == NONE:
        rest = rest[1:]
    return (*made[: heading + 1], SummaryLine(touched, WORK), *rest)


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


def _fitted(ledger: Ledger, objective: str, turn: int, budget: int, count: Count) -> tuple[SummaryLine, ...]:
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
    shown += best(rest, budget - count(summary_markdown(made)), count, _FRAME, aim + shown)
    made = _render(held, _in_order(live, shown), objective, turn)
    while count(summary_markdown(made)) > budget and shown:
        # Tokens do not add up exactly over lines: give back the least important until it fits.
        shown.pop()
        made = _render(held, _in_order(live, shown), objective, turn)
    return made


def one_line(entry: Entry) -> str:
    """An entry as a line of Markdown, without its bullet: of a long one that is no rule, the first whole sentences."""
    text = full_text(entry)
    # Of a rule nothing is left out: its exception may be at the end.
    return text if entry.kind == "rule" else ended(text, LONGEST) or text


def full_text(entry: Entry) -> str:
    """The same, however long it is."""
    parts = [entry.text.rstrip(".") if entry.why else entry.text]
    if entry.why:
        parts.append(f" because {entry.why}" if entry.kind == "decision" else f" — {entry.why}")
    if entry.supersedes and entry.kind != "state" and (entry.kind != "rule" or entry.why):
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
        cost = count(f"- {one_line(entry)}\n") if room > _FRAME else room + 1
        if cost <= room:
            room -= cost
            shown.append(entry)
    return shown + best([entry for entry in live if weighed(entry)], room, count, _FRAME, (*aim, *shown))


def _room(held: Mapping[EntryKind, int], objective: str, turn: int, budget: int, count: Count) -> int:
    """What the frame leaves for entries. The lines that say how much was left out are part of the frame."""
    return budget - count(summary_markdown(_render(held, [], objective, turn)))


def _in_order(live: Sequence[Entry], shown: Sequence[Entry]) -> list[Entry]:
    """The entries that are shown, as they stand in the ledger."""
    chosen = {entry.id for entry in shown}
    return [entry for entry in live if entry.id in chosen]


def _render(
    held: Mapping[EntryKind, int], shown: Sequence[Entry], objective: str, turn: int
) -> tuple[SummaryLine, ...]:
    """The lines that show these entries, in their order, of so many of each kind that the ledger holds."""
    out = [SummaryLine(f"## Rolling Summary — Turn {turn}")]
    for section in SECTIONS:
        mine = sum(held.get(kind, 0) for kind in section.kinds)
        picked = [entry for kind in section.kinds for entry in shown if entry.kind == kind]
        lines = [(joined_lines(map(one_line, entries)), entries) for entries in together(picked)]
        if section.inline:
            absent = f"… recall {section.noun}" if mine else "not stated"
            text = objective if section.title == "Objective" else " ".join(text for text, _ in lines)
            out.append(SummaryLine(f"**{section.title}:** {text or absent}", section.title, tuple(picked)))
            continue
        left = mine - len(picked)
        out.append(SummaryLine(f"**{section.title}:**"))
        out += [SummaryLine(f"- {text}", section.title, entries) for text, entries in lines]
        if left:
            out.append(SummaryLine(f"- … and {left} more: recall {section.noun}", section.title))
        elif not lines:
            out.append(SummaryLine(NONE, section.title))
    return tuple(out)


# What a new line of a section is.
KINDS: dict[str, EntryKind] = {
    "Objective": "objective", "Decisions Made": "decision", "Current State": "state", "Work Completed": "work",
    "Open Questions": "question", "Known Issues": "issue", "Do Not Revisit": "rejected",
}  # fmt: skip
_INLINE = frozenset(section.title for section in SECTIONS if section.inline)
_HEADING = re.compile(rf"\*\*({'|'.join(section.title for section in SECTIONS)}):\*\*\s*(.*)")
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?:\s|$)", re.MULTILINE)
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])(?:\s+|$)")
_SILENT = re.compile(r"|none|not stated|… (?:and \d+ more: )?recall \w+|Files: .*")
_OWNER = re.compile(r" \[([^\[\]]+)\]$")
# How alike a line and its new wording are where nothing else tells that they belong together, and where not even the
# heading does.
_ALIKE = 0.6
_SAME = 0.75


class EditError(UserError):
    """An edited summary that cannot be read back; the message says why."""


@frozen(eq=False)
class _Line:
    """A line's section and text. `entries` are those that stood on it, or None where the ledger has moved on since."""

    section: str
    text: str
    place: int
    entries: tuple[Entry, ...] | None = ()


def parse_edits(
    ledger: Ledger, rows: Sequence[SummaryLine], base: str, edited: str, turn: int
) -> tuple[Operation, ...]:
    """What the user meant by making `edited` of `base`, a rendering that was shown; `rows` are the lines of the summary
    as it is now, and `turn` is the number of the turn in which the edit falls. Raises EditError.
    """
    pairs, gone = _pairs(_known(ledger, base, rows), list(_read(edited)))
    for before in (*(one for one, _ in pairs), *gone):
        if before is not None and before.entries is None:
            raise EditError(
                f"The summary has changed since it was opened, where it says “{before.text[:60]}”: open it again."
            )
    names = (name for n in count(1) if (name := f"u{turn}.{n}") not in ledger.entries)
    made: list[Operation] = []
    for before, after in sorted(pairs, key=lambda pair: pair[1].place):
        if after.section == "Objective":
            made += _aimed(ledger, before, after.text, turn, names)
        elif before is None or not before.entries:
            made.append(_added(after.text, KINDS[after.section], turn, next(names)))
        else:
            made += _changed(before.entries, before, after, turn, names)
    return (*made, *(Delete(entry.id) for one in gone for entry in one.entries or ()))


def _known(ledger: Ledger, base: str, rows: Sequence[SummaryLine]) -> list[_Line]:
    """The lines of a rendering with the entries that stand on them now. What the summary does not show any more, or
    shows in other words than those in which the user saved it, is looked for among all that is in force.
    """
    live = ledger.live()
    shown: dict[tuple[str, str], list[SummaryLine]] = defaultdict(list)
    for now, row in zip(_read(summary_markdown(rows)), (row for row in rows if row.section), strict=True):
        shown[now.section, now.text].append(row)
    known = []
    for was in _read(base):
        found = shown[was.section, was.text]
        silent = was.section == "Objective" or _SILENT.fullmatch(was.text)
        entries = found.pop(0).entries if found else () if silent else _standing(live, was) or None
        known.append(_Line(was.section, was.text, was.place, entries))
    return known


def _standing(live: Sequence[Entry], was: _Line) -> tuple[Entry, ...]:
    """The entries in force that a line of the section shows, on their own or as sentences that share it."""
    mine = [entry for entry in live if any(entry.kind in one.kinds for one in SECTIONS if one.title == was.section)]
    for entry in mine:
        shown = one_line(entry)
        if was.text in (shown, shown.replace(" (revised)", ""), full_text(entry)):
            return (entry,)
    for group in together(mine):
        some = tuple(entry for entry in group if one_line(entry) in was.text)
        if len(some) > 1 and joined_lines(map(one_line, some)) == was.text:
            return some
    return ()


def _read(text: str) -> Iterator[_Line]:
    """The lines below the headings, without bullets; what is indented goes on with the line above it."""
    if _CONFLICT.search(text):
        raise EditError("The summary has conflict markers: settle the conflict first.")
    found: list[tuple[str, list[str]]] = []
    for raw in text.replace("\r\n", "\n").split("\n"):
        if heading := _HEADING.match(raw):
            found.append((heading[1], []))
            rest = heading[2].strip()
            if rest or heading[1] in _INLINE:
                found[-1][1].append(rest)
        elif not raw.strip():
            continue
        elif not found:
            if not raw.startswith("#"):
                raise EditError(f"“{raw.strip()[:60]}” stands above the first heading: put it below one.")
        else:
            lines, bullet = found[-1][1], _BULLET.match(raw)
            if found[-1][0] in _INLINE or (lines and raw[0].isspace() and not bullet):
                lines[-1] += f" {raw.strip()}"
            else:
                lines.append(raw[bullet.end() :] if bullet else raw)
    titles = [title for title, _ in found]
    for section in SECTIONS:
        if titles.count(section.title) != 1:
            how = "is gone: put it back" if section.title not in titles else "stands there twice: take one out"
            raise EditError(f"The heading **{section.title}:** {how}.")
    place = count()
    yield from (_Line(title, " ".join(one.split()), next(place)) for title, lines in found for one in lines)


def _pairs(old: Sequence[_Line], new: Sequence[_Line]) -> tuple[list[tuple[_Line | None, _Line]], list[_Line]]:
    """Each new or changed line with the one that it was, and the old lines that nothing has come of."""
    gone, come = list(old), list(new)

    def take(match: Callable[[_Line, _Line], bool]) -> list[tuple[_Line, _Line]]:
        taken = []
        for after in tuple(come):
            before = next((one for one in gone if match(one, after)), None)
            if before is not None:
                gone.remove(before)
                come.remove(after)
                taken.append((before, after))
        return taken

    stands = take(lambda one, other: (one.section, one.text) == (other.section, other.text))
    gone[:] = [one for one in gone if one.entries != () or one.section in _INLINE]
    come[:] = [one for one in come if one.section == "Objective" or not _SILENT.fullmatch(one.text)]
    pairs: list[tuple[_Line | None, _Line]] = []
    pairs += take(lambda one, other: one.section == other.section and one.section in _INLINE)
    pairs += take(lambda one, other: one.text == other.text)
    for least, anywhere in ((_ALIKE, False), (_SAME, True)):
        likeness = {
            (one, other): SequenceMatcher(None, one.text, other.text, autojunk=False).ratio()
            for one in gone
            for other in come
            if anywhere or one.section == other.section
        }
        for pair in sorted(likeness, key=lambda pair: (-likeness[pair], pair[0].place, pair[1].place)):
            if likeness[pair] >= least and pair[0] in gone and pair[1] in come:
                pairs += take(lambda one, other, pair=pair: (one, other) == pair)  # type: ignore[misc]
    # What stands where a line stood has taken its place, however little they have in common.
    above = _above(old, {one: one for one, _ in stands}) | _above(new, {other: one for one, other in stands})
    pairs += take(lambda one, other: above[one] == above[other])
    return [*pairs, *((None, one) for one in come)], gone


def _above(lines: Sequence[_Line], stands: dict[_Line, _Line]) -> dict[_Line, tuple[str, _Line | None]]:
    """For each line its section and the nearest line above it that stands as it stood."""
    nearest: dict[str, _Line | None] = {}
    found = {}
    for one in lines:
        found[one] = (one.section, nearest.get(one.section))
        nearest[one.section] = stands.get(one, nearest.get(one.section))
    return found


def _aimed(ledger: Ledger, before: _Line | None, text: str, turn: int, names: Iterator[str]) -> Iterator[Operation]:
    """What the session is for, in the user's words."""
    known = next((entry for entry in ledger.live() if entry.kind == "objective"), None)
    if not _SILENT.fullmatch(text):
        if known is not None:
            yield Revise(known.id, text, turn, "user", whole=True)
        else:
            yield Add(Entry(next(names), "objective", text, "user", (turn,), subject="objective"))
    elif before is None or not _SILENT.fullmatch(before.text):
        raise EditError("The objective is empty: say what the session is for.")


def _changed(
    entries: Sequence[Entry], before: _Line, after: _Line, turn: int, names: Iterator[str]
) -> Iterator[Operation]:
    """A line that stands elsewhere or says something else."""
    moved = before.section != after.section
    kind = KINDS[after.section] if moved else entries[0].kind
    if moved:
        yield from (Reclassify(entry.id, kind) for entry in entries)
    if before.text == after.text:
        return
    if _SILENT.fullmatch(after.text):
        yield from (Delete(entry.id) for entry in entries)
    elif len(entries) == 1:
        yield from _reworded(entries[0], after.text, kind, turn)
    else:
        yield from _shared(entries, after.text, kind, turn, names)


def _shared(
    entries: Sequence[Entry], text: str, kind: EntryKind, turn: int, names: Iterator[str]
) -> Iterator[Operation]:
    """A line on which several entries stand: those that are still there word for word stay as they are, what stands in
    the place of the others is their new wording, and what is left over is new.
    """
    rest, gone = text, []
    for entry in sorted(entries, key=lambda one: -len(one_line(one))):
        said = one_line(entry)
        if said and said in rest:
            rest = rest.replace(said, "\0", 1)
        else:
            gone.append(entry)
    gone.sort(key=entries.index)
    # Between sentences that their speaker did not end there is a full stop of the line's own.
    pieces = [piece for part in rest.split("\0") if (piece := part.strip().removeprefix(".").strip())]
    if gone and len(pieces) != len(gone):
        pieces = [" ".join(pieces)] if pieces else []
    for entry, piece in zip(gone, pieces, strict=False):
        yield from _reworded(entry, piece, kind, turn)
    yield from (Delete(entry.id) for entry in gone[len(pieces) :])
    yield from (_added(piece, kind, turn, next(names)) for piece in pieces[len(gone) :])


def _reworded(entry: Entry, text: str, kind: EntryKind, turn: int) -> Iterator[Revise]:
    said, why, owner = _parts(_lengthened(entry, text), kind, entry)
    if (said, why, owner) != (_plain(entry.text), _plain(entry.why), _plain(entry.owner)):
        yield Revise(entry.id, said, turn, "user", why, owner, whole=True)


def _added(text: str, kind: EntryKind, turn: int, name: str) -> Add:
    said, why, owner = _parts(text, kind)
    return Add(Entry(name, kind, said, "user", (turn,), why, owner, subject="state" if kind == "state" else ""))


def _lengthened(entry: Entry, text: str) -> str:
    """The text of a line that was too long to be shown, with the end that it did not show."""
    shown, full = one_line(entry), full_text(entry)
    if shown == full or not text.endswith(MORE):
        return text
    return text.removesuffix(MORE) + full[len(shown) - len(MORE) :]


def _parts(text: str, kind: EntryKind, was: Entry | None = None) -> tuple[str, str, str]:
    """What a line says, why, and whose it is: `line` backwards. Words that may be read in two ways are read as those of
    the entry that it was.
    """
    said, why, owner = text, "", ""
    if (found := _OWNER.search(said)) and (kind == "question" or (was and was.owner)):
        said, owner = said[: found.start()], found[1]
    if kind != "state":
        said = said.removesuffix(" (revised)")
    mark = " because " if kind == "decision" else " — "
    old, reason = (_plain(was.text), _plain(was.why)) if was else ("", "")
    if reason and said.endswith(mark + reason):
        said, why = said.removesuffix(mark + reason), reason
    elif reason and said.startswith(old.rstrip(".") + mark):
        said, why = old, said.removeprefix(old.rstrip(".") + mark)
    elif (reason or kind in ("decision", "rejected")) and not (was and not reason and mark in old):
        said, _, why = said.partition(mark)
    if not said.strip():
        return text, "", ""
    return old if said == old.rstrip(".") else said, why, owner


def _plain(text: str) -> str:
    return " ".join(text.split())
