"""The edited summary, read back: what the user changed of the Markdown, as operations on the ledger."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import count

from attrs import evolve, frozen

from throughline.domain.errors import UserError
from throughline.domain.ledger import Add, Delete, Entry, EntryKind, Ledger, Operation, Reclassify, Revise
from throughline.memory.summary import (
    FILES_LINE,
    RULE,
    SECTIONS,
    WORK,
    SummaryLine,
    full_text,
    one_line,
    retold_turn,
    shown_line,
    summary_markdown,
)
from throughline.memory.text import MORE

# What a new line of a section is.
KINDS: dict[str, EntryKind] = {
    "Objective": "objective", "Decisions Made": "decision", "Current State": "state", "Work Completed": "work",
    "Open Questions": "question", "Known Issues": "issue", "Do Not Revisit": "rejected",
}  # fmt: skip
_INLINE = frozenset(section.title for section in SECTIONS if section.inline)
_HEADING = re.compile(rf"\*\*({'|'.join(section.title for section in SECTIONS)}):\*\*\s*(.*)")
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?:\s|$)", re.MULTILINE)
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])(?:\s+|$)")
# What says that something is not there, or where it is: no line of anybody's.
_SILENT = re.compile(rf"|none|not stated|… (?:and \d+ more(?: turns)?: )?recall \w+|{FILES_LINE}.*")
# A line of the chronicle.
_TOLD = re.compile(r"Turn (\d+): .+")
_REMOVED = "taken out of the summary"
_OWNER = re.compile(r" \[([^\[\]]+)\]$")
# How alike a line and its new wording are where nothing else tells that they belong together, and where not even the
# heading does.
_ALIKE = 0.6
_SAME = 0.75


class EditError(UserError):
    """An edited summary that cannot be read back; the message says why."""


@frozen(eq=False)
class _Line:
    """A line's section and text."""

    section: str
    text: str
    place: int
    """Its place among all lines, from 0."""
    entries: tuple[Entry, ...] | None = ()
    """The entries that stood on it, or None where the ledger has moved on since."""
    told: int = 0
    """The number of the turn whose line of the chronicle it is; 0 for another line."""


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
        elif before is not None and before.told:
            made += _retold(before, after, turn, names)
        elif before is None or not before.entries:
            made.append(_added(after, turn, next(names)))
        else:
            made += _changed(before.entries, before, after, turn, names)
    made += (Delete(entry.id) for one in gone for entry in one.entries or ())
    return (*made, *(_untold(one, next(names)) for one in gone if one.told))


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
        told = 0
        if not entries and was.section == WORK and (line := _TOLD.fullmatch(was.text)):
            # The chronicle has no entries: a line of it that the summary no longer has room for is none that changed.
            entries, told = (), int(line[1])
        known.append(_Line(was.section, was.text, was.place, entries, told))
    return known


def _standing(live: Sequence[Entry], was: _Line) -> tuple[Entry, ...]:
    """The entry in force that a line of the section shows, or nothing."""
    mine = [entry for entry in live if any(entry.kind in one.kinds for one in SECTIONS if one.title == was.section)]
    for entry in mine:
        shown = shown_line(entry)
        if was.text in (shown, shown.replace(" (revised)", ""), full_text(entry)):
            return (entry,)
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
    gone[:] = [one for one in gone if one.entries != () or one.told or one.section in _INLINE]
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


def _retold(before: _Line, after: _Line, turn: int, names: Iterator[str]) -> Iterator[Add]:
    """A line of the chronicle that says something else, or stands elsewhere: it is an entry of the user's now."""
    if (before.section, before.text) == (after.section, after.text):
        return
    made = _added(after, turn, next(names))
    yield Add(evolve(made.entry, turns=(before.told,)))
    if retold_turn(made.entry) != before.told:
        yield _untold(before, next(names))


def _untold(line: _Line, name: str) -> Add:
    """The note that a turn's line is not to be shown; as every change of the user's it can be taken back."""
    return Add(Entry(name, "work", line.text, "user", (line.told,), state="resolved", resolution=_REMOVED))


def _changed(
    entries: Sequence[Entry], before: _Line, after: _Line, turn: int, names: Iterator[str]
) -> Iterator[Operation]:
    """A line that stands elsewhere or says something else."""
    kind = entries[0].kind
    if before.section != after.section:
        kind = KINDS[after.section]
    elif after.text.startswith(RULE) != before.text.startswith(RULE):
        # What the user begins with the mark becomes a rule, and one that loses it is none any more.
        kind = _kind(after)
    if kind == "rule" != entries[0].kind:
        # A rule is laid down in words of its own.
        yield from (Delete(entry.id) for entry in entries)
        yield _added(after, turn, next(names))
        return
    if kind != entries[0].kind:
        yield from (Reclassify(entry.id, kind) for entry in entries if entry.kind != kind)
    if before.text == after.text:
        return
    if _SILENT.fullmatch(after.text):
        yield from (Delete(entry.id) for entry in entries)
    else:
        yield from _reworded(entries[0], after.text, kind, turn)
        # Those that said the same as it was go with the line.
        yield from (Delete(entry.id) for entry in entries[1:])


def _kind(line: _Line) -> EntryKind:
    """What a line of a section is."""
    return "rule" if KINDS[line.section] == "decision" and line.text.startswith(RULE) else KINDS[line.section]


def _reworded(entry: Entry, text: str, kind: EntryKind, turn: int) -> Iterator[Revise]:
    said, why, owner = _parts(_lengthened(entry, text), kind, entry)
    if (said, why, owner) != (_plain(entry.text), _plain(entry.why), _plain(entry.owner)):
        yield Revise(entry.id, said, turn, "user", why, owner, whole=True)


def _added(line: _Line, turn: int, name: str) -> Add:
    kind = _kind(line)
    said, why, owner = _parts(line.text, kind)
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
    if kind == "rule" or (was and was.kind == "rule"):
        said = said.removeprefix(RULE)
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
