"""Distillation: what lasts moves from a session's ledger and chronicle into the archive, within its budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import TypeAlias

from attrs import evolve

from throughline.domain.events import ToolCalled
from throughline.domain.ledger import Entry, EntryKind
from throughline.domain.rules import rule_texts
from throughline.domain.session import Session
from throughline.memory.archive.document import (
    ARCHIVE_SECTIONS,
    DONE,
    FACTS,
    IDENTITY,
    RULES,
    SESSION_DIGITS,
    STATE,
    ArchiveEntry,
    ProjectArchive,
    archive_markdown,
    entries_by_key,
    line_id,
    old_line_id,
    parse_archive,
    told_line_id,
    written_line,
)
from throughline.memory.archive.merge import without_conflicts
from throughline.memory.chronicle import ChronicleLine, chronicle, fit_chronicle
from throughline.memory.rule_subjects import rule_subject
from throughline.memory.summary import one_line, wording

Count: TypeAlias = Callable[[str], int]

_TITLES: dict[EntryKind, str] = {kind: title for title, kinds in ARCHIVE_SECTIONS for kind in kinds}
_KNOWN = frozenset(title for title, _ in ARCHIVE_SECTIONS)
# The order in which sections get room; those of one row take turns, each the newest line first.
_PASSES = (
    ("Architectural Decisions", "Do Not Revisit", "Constraints", "Patterns & Standards"),
    (STATE,),
    (DONE,),
    ("Known Issues",),
    (FACTS,),
)
# What names a turn's second line, which tells more of what came of it.
_MORE = "/more"
# So many of its newest lines has each section before any has all of its own.
_FLOOR = 2
# The failing commands of a session that are carried.
_FAILURES = 3
# The part of the budget that a session's own chronicle is told in, or more where the archive has room for that.
_TOLD = 0.6
# A session in which nobody decided anything, and nothing was changed, is told where it has so many turns; of a shorter
# one the turns that name code, a number, a path, or a name with capitals within.
_LONG_TALK = 8
_NAMED = re.compile(r"`|\d|\w[./_]\w|[a-z][A-Z]")
# A line of the chronicle, and one that says which command fails: code wrote them, and what somebody said comes first.
_CHRONICLE = re.compile(r"(?:Turn \d+: )?(?:[\u00ab\u201c].*\u2192|\u2192)")
_FAILS = re.compile(r"`[^`]+` fails")
_POINTER = re.compile(r"\u2026 and \d+ more rules of this project: recall rules")
_IDENTITY_ID = line_id("project identity")


def distill(session: Session, archive: str, budget: int, count: Count, identity: str = "") -> str:
    """The archive with what lasts of the session, at most `budget` tokens where its hand-written lines allow.
    `identity` is what the project says of itself, in a sentence; without it stands the project's name.
    """
    old = parse_archive(archive, session.project)
    live = _lasting(session)
    _identify(old, session.project, identity)
    old.sections[RULES] = tuple(one for one in old.sections[RULES] if not _POINTER.fullmatch(one.text))
    # What this session wrote before gives way to what its ledger says now, and a rule to a later one. A line of an
    # earlier edition that says the same still keeps its form.
    entries = session.ledger.entries.values()
    written = {_old_id(session, entry): (_TITLES.get(entry.kind, ""), _text(entry)) for entry in live}
    mine = {name for entry in entries for name in (_id(session, entry), _old_id(session, entry))} | _retired(session)
    ruled = {entry.subject for entry in live if entry.subject}
    state = any(entry.kind == "state" for entry in live)
    for title, lines in old.sections.items():
        old.sections[title] = tuple(
            one
            for one in lines
            if not one.id
            or one.hand
            or written.get(one.id) == (title, one.text)
            or not (one.id in mine or (title == STATE and state) or rule_subject(one.text) in ruled)
        )
    made = _with(old, live, session)
    room = max(round(budget * _TOLD), budget - count(archive_markdown(made)))
    made.sections[DONE] = _with_chronicle(made.sections[DONE], session, room, count)
    return archive_markdown(_packed(made, budget, count))


def distilled_diff(session: Session, archive: str, budget: int, count: Count, identity: str = "") -> str:
    """The archive with what lasts of a session. Where this session has written it before, what a person has changed in
    it since, or taken out, is not written anew. Raises ConflictError.
    """
    made = parse_archive(distill(session, without_conflicts(archive), budget, count, identity), session.project)
    written, now, lines = (
        {name: one for name, one in entries_by_key(some).items() if one.id}
        for some in (parse_archive(session.archive, ""), parse_archive(archive, ""), made)
    )
    out = {name for name in written if name not in now}
    reworded = {name: now[name] for name in written if name in now and now[name] != written[name]}
    sections = {
        title: tuple(reworded.get(one.id, one) for one in some if one.id not in out)
        for title, some in made.sections.items()
    }
    for title, some in parse_archive(archive, "").sections.items():
        sections[title] += tuple(one for one in some if one.id in reworded and one.id not in lines)
    return archive_markdown(evolve(made, sections=sections))


def rules_outgrow(session: Session, budget: int, count: Count) -> int:
    """The tokens that the shared rules take, where the archive's budget does not hold them; or 0."""
    size = sum(count(written_line(ArchiveEntry(one.text, line_id(one.text))) + "\n") for one in _rules(session))
    room = budget - count(archive_markdown(parse_archive("", session.project)))
    return size if size > room else 0


def _rules(session: Session) -> list[Entry]:
    """The rules that are shared: a personal habit is nobody else's."""
    return [entry for entry in session.ledger.live() if entry.kind == "rule" and not entry.mine]


def _retired(session: Session) -> set[str]:
    """The ids of the lines of rules that the user has retired."""
    gone = [entry for entry in session.ledger.entries.values() if entry.kind == "rule" and entry.state != "active"]
    return {line_id(RULES, wording(entry)) for entry in gone}


def _lasting(session: Session) -> list[Entry]:
    """The entries that last, in their order: of those that say the same one, the rule before the others."""
    live = [entry for entry in session.ledger.live() if entry.kind in _TITLES and entry.kind != "rule"]
    seen = [entry for entry in live if entry.kind == "issue" and entry.author == "code"]
    live = [entry for entry in live if entry not in seen[:-_FAILURES]]
    said = {("rule", wording(entry)) for entry in _rules(session)}
    kept = _rules(session)
    for entry in live:
        about = "rule" if entry.kind in ("decision", "constraint", "pattern") else _TITLES[entry.kind]
        if (about, wording(entry)) not in said:
            said.add((about, wording(entry)))
            kept.append(entry)
    return kept


def _identify(archive: ProjectArchive, project: str, identity: str) -> None:
    """Says what the project is, unless a person has."""
    lines = archive.sections[IDENTITY]
    own = {_IDENTITY_ID, old_line_id(project)}
    known = next((one for one in lines if one.id in own), None)
    if lines and (known is None or known.hand or identity in ("", known.text)):
        return
    line = ArchiveEntry(identity or project, _IDENTITY_ID)
    archive.sections[IDENTITY] = (line, *(one for one in lines if one.id not in own))


def _with(archive: ProjectArchive, entries: Sequence[Entry], session: Session) -> ProjectArchive:
    """The archive with entries as its newest lines; one that says the same already becomes the newest instead."""
    sections = dict(archive.sections)
    for entry in entries:
        title, text, name = _TITLES[entry.kind], _text(entry), _id(session, entry)
        lines = sections[title]
        theirs = {_plain(one.text.removeprefix("- ")) for one in lines if not one.id or one.hand}
        if _plain(text) in theirs or any(one.id == name and one.hand for one in lines):
            continue
        said = next((one for one in lines if one.id and _plain(one.text) == _plain(text)), ArchiveEntry(text, name))
        rest = tuple(one for one in lines if one != said)
        # Rules stand in the order in which they were laid down.
        sections[title] = lines if entry.kind == "rule" and said in lines else (*rest, said)
    return evolve(archive, sections=sections)


def _text(entry: Entry) -> str:
    """An entry as the archive says it."""
    return f"Open question: {one_line(entry)}" if entry.kind == "question" else one_line(entry)


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("`", "").split()).rstrip(".")


def _with_chronicle(
    lines: tuple[ArchiveEntry, ...], session: Session, room: int, count: Count
) -> tuple[ArchiveEntry, ...]:
    """The lines with those of the session's turns that last, as they are told now."""
    talked = not any(isinstance(item, ToolCalled) for turn in session.turns for item in turn.items)
    turns = chronicle(session.turns, rule_texts(session.ledger))
    claimed = any(entry.author != "code" and entry.kind in _TITLES for entry in session.ledger.live())
    if not (claimed or any(one.changed for one in turns) or len(turns) >= _LONG_TALK):
        # Words that settled nothing are no work, unless they are about something that has a name.
        turns = tuple(one for one in turns if _NAMED.search(one.text))
    told = chronicle_entries(turns, session.id, room, count, talked=talked)
    own = {told_line_id(session.id, turn.number, part) for turn in session.turns for part in ("", _MORE)}
    own |= {old_line_id(f"{session.id}/turn {turn.number}") for turn in session.turns}
    stay = tuple(one for one in lines if one.id not in own or one.hand)
    by_hand = {one.id for one in stay if one.hand}
    return (*stay, *(one for one in told if one.id not in by_hand))


def chronicle_entries(
    lines: Sequence[ChronicleLine], session: str, room: int, count: Count, *, talked: bool = False
) -> tuple[ArchiveEntry, ...]:
    """The archive's lines for a session's turns, from the least to the most lasting, in so many tokens: turns that
    changed something, the newest kept, and where there is room those in which the user said what is wanted. Where it
    was `talked` alone, of requirements or test cases, what was said is what came of it.
    """

    def entry(one: ChronicleLine, text: str) -> ArchiveEntry:
        return ArchiveEntry(f"Turn {one.turn}: {text}", told_line_id(session, one.turn))

    def written(one: ChronicleLine, text: str) -> str:
        return written_line(entry(one, text))

    changed = fit_chronicle([one for one in lines if one.changed], room, count, written)
    room -= sum(count(f"{written(*one)}\n") + 1 for one in changed)
    others = [one for one in lines if not one.changed and (one.demands or talked)]
    wanted = fit_chronicle(others, room, count, written)
    room -= sum(count(f"{written(*one)}\n") + 1 for one in wanted)
    more: dict[int, ArchiveEntry] = {}
    for one, text in changed:
        rest = ArchiveEntry(f"Turn {one.turn}: → {one.rest}", told_line_id(session, one.turn, _MORE))
        cost = count(f"{written_line(rest)}\n") + 1
        if one.rest and text == one.text and cost <= room:
            room -= cost
            more[one.turn] = rest
    told: list[ArchiveEntry] = []
    for one, text in (*reversed(wanted), *reversed(changed)):
        told.append(entry(one, text))
        if one.turn in more:
            told.append(more[one.turn])
    return tuple(told)


def _packed(archive: ProjectArchive, budget: int, count: Count) -> ProjectArchive:
    """What a person wrote, and of the rest what fits: rules, the newest lines of each section, and then section after
    section; the chronicle last.
    """
    room = budget - count(archive_markdown(_only(archive, ())))
    chosen: dict[ArchiveEntry, None] = {}

    def fill(lines: Iterable[ArchiveEntry]) -> None:
        nonlocal room
        for one in lines:
            cost = count(written_line(one) + "\n")
            if one.id and not one.hand and one not in chosen and cost <= room:
                room -= cost
                chosen[one] = None

    said = {title: _said_first(archive.sections[title]) for title in _KNOWN}
    laws = [one for one in archive.sections[RULES] if one.id]
    fill(laws)
    fill(archive.sections[IDENTITY])
    for titles in _PASSES:
        fill(one for title in titles for one in said[title][:_FLOOR])
    for titles in _PASSES:
        fill(one for row in zip_longest(*(said[title] for title in titles)) for one in row if one)
    fill(_by_session(archive.sections[DONE]))
    made = _only(archive, chosen)
    while count(archive_markdown(made)) > budget and chosen:
        # Tokens do not add up exactly over lines: give back the least important until it fits.
        chosen.popitem()
        made = _only(archive, chosen)
    left = len([one for one in laws if one not in chosen and not one.hand])
    return _counted(archive, chosen, left, budget, count) if left else made


def _counted(
    archive: ProjectArchive, chosen: dict[ArchiveEntry, None], left: int, budget: int, count: Count
) -> ProjectArchive:
    """The archive with a line that says how many rules have no room in it."""
    while True:
        made = _only(archive, chosen)
        # No point of the list, which holds rules alone.
        pointer = ArchiveEntry(f"… and {left} more rules of this project: recall rules")
        made.sections[RULES] = (*made.sections[RULES], pointer)
        if count(archive_markdown(made)) <= budget or not chosen:
            return made if count(archive_markdown(made)) <= budget else _only(archive, chosen)
        left += chosen.popitem()[0] in archive.sections[RULES]


def _said_first(lines: Sequence[ArchiveEntry]) -> list[ArchiveEntry]:
    """The lines of a section, the newest first, without the chronicle, and what code saw last."""
    newest = [one for one in reversed(lines) if not _CHRONICLE.match(one.text)]
    return sorted(newest, key=lambda one: bool(_FAILS.match(one.text)))


def _by_session(lines: Sequence[ArchiveEntry]) -> list[ArchiveEntry]:
    """The lines of the chronicle: of each session, the newest first, the turn that changed most, then their others."""
    sessions: dict[str, list[ArchiveEntry]] = {}
    for one in reversed(lines):
        if one.id and _CHRONICLE.match(one.text):
            sessions.setdefault(one.id[:SESSION_DIGITS], []).append(one)
    most = [max(some, key=_changes) for some in sessions.values()]
    return [*most, *(one for some in sessions.values() for one in sorted(some, key=_changes, reverse=True))]


def _changes(one: ArchiveEntry) -> int:
    """How much a line says was changed: the names in it, and how many more it counts."""
    more = re.search(r" and (\d+) more", one.text)
    return one.text.count("`") // 2 + (int(more[1]) if more else 0)


def _only(archive: ProjectArchive, chosen: Iterable[ArchiveEntry]) -> ProjectArchive:
    """The archive with the lines of a person and the chosen ones."""
    some = frozenset(chosen)
    sections = {
        title: tuple(one for one in lines if not one.id or one.hand or one in some or title not in _KNOWN)
        for title, lines in archive.sections.items()
    }
    return evolve(archive, sections=sections)


def _id(session: Session, entry: Entry) -> str:
    """The id of an entry's line. A rule is the workspace's: every session writes the same line of it."""
    return line_id(RULES, wording(entry)) if entry.kind == "rule" else line_id(session.id, entry.id)


def _old_id(session: Session, entry: Entry) -> str:
    return old_line_id(f"{session.id}/{entry.id}")
