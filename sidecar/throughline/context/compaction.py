"""Compactions as values: the proposal, its preview, the self-check of what the view after it holds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Literal

from attrs import evolve, field, frozen

from throughline.domain.events import Compacted, Logged
from throughline.domain.ledger import Entry, Ledger, Operation, apply_operations
from throughline.domain.rules import rule_texts
from throughline.domain.session import Session, Turn, apply, turn_number
from throughline.domain.settings import Settings
from throughline.domain.view import View
from throughline.memory import local_summarizer
from throughline.memory.chronicle import chronicle
from throughline.memory.evidence import evidence_operations, project_root, turn_evidence
from throughline.memory.summarizer import parse_response
from throughline.memory.summary import SummaryLine, one_line, summary_lines, summary_markdown

# More files than these are never named in a summary.
_MOST_FILES = 60
# Nor are older turns than so many ever told in one.
_MOST_TURNS = 80


@frozen
class Proposal:
    """Turns up to `through` leave the view, and the operations enter the ledger; what a model answered and could not
    be used is `dropped`, a line each.
    """

    through: int
    operations: tuple[Operation, ...]
    summariser: Literal["local", "model"] = "local"
    dropped: tuple[str, ...] = ()


@frozen
class Check:
    """How many live entries there are, and those that a view does not hold."""

    live: int
    missing: tuple[Entry, ...]

    @property
    def held(self) -> int:
        """How many it holds."""
        return self.live - len(self.missing)


@frozen
class Preview:
    """A compaction before it is done: the event that it would be, and what comes of it.

    Of the ledger's live entries, as they will be, some are `kept` as they are, some `added`, some `revised`; `folded`
    are those, as they were, that will be in force no more. The `turns` leave the view, and results become stubs by the
    ids in `masked`; the view's tokens (o200k) go from `before` to `after`. `dropped` says what was not taken of a
    model's answer, a line each, and `missing` are the live entries that the view will not hold.
    """

    event: Compacted
    turns: tuple[int, ...]
    kept: tuple[Entry, ...]
    added: tuple[Entry, ...]
    revised: tuple[Entry, ...]
    folded: tuple[Entry, ...]
    masked: tuple[str, ...]
    before: int
    after: int
    summary: str
    missing: tuple[Entry, ...]
    dropped: tuple[str, ...]
    session: Session = field(eq=False, repr=False)

    @property
    def gains(self) -> bool:
        """Whether the view becomes smaller by the compaction itself."""
        return self.event.after < self.event.before


def propose(session: Session, through: int, answer: object = None) -> Proposal:
    """A compaction by what a model answered, as its call's arguments, and by what code saw; without a usable answer
    code tells the turns alone.
    """
    turns = [turn for turn in session.recent if turn.number <= through]
    if answer is not None:
        said = parse_response(answer, session.ledger, {turn.number for turn in turns})
        if said.operations:
            after, _ = apply_operations(session.ledger, said.operations)
            _, seen = apply_operations(after, evidence_operations(turns, after))
            return Proposal(through, (*said.operations, *seen), "model", said.dropped)
        dropped = said.dropped
    else:
        dropped = ()
    # The rules do not ask whose an entry is: what the ledger would not take is left out.
    _, found = apply_operations(session.ledger, local_summarizer.operations(turns, session.ledger, session.objective))
    return Proposal(through, found, dropped=dropped)


def weigh(session: Session, proposal: Proposal, view: Callable[[Session], View]) -> Compacted:
    """The event that a proposal would be, with what `view` says of the session before and after it."""
    name = f"c{len(session.compactions) + 1}"
    event = Compacted(name, proposal.through, proposal.operations, 0, 0, 0, 0, proposal.summariser)
    before = view(session).tokens
    after = after_event(session, event)
    shown = view(after)
    found = check_view(after, shown)
    missing = tuple(entry.id for entry in found.missing)
    return evolve(event, before=before, after=shown.tokens, held=found.held, live=found.live, missing=missing)


def after_event(session: Session, event: Compacted) -> Session:
    """The session as it would be after a compaction."""
    return apply(session, Logged(session.seq + 1, 0.0, event))


def count_covered(session: Session, through: int) -> int:
    """How many things were said and done in the turns that a compaction up to `through` would cover."""
    return sum(len(turn.items) for turn in session.recent if turn.number <= through)


def still_applies(was: Session, now: Session, through: int) -> bool:
    """Whether the turns up to `through` are as they were, and no compaction or undo has come in between."""
    then, since = ([turn for turn in one.recent if turn.number <= through] for one in (was, now))
    same = (was.compactions, was.undone) == (now.compactions, now.undone)
    return same and not now.ended and then == since


def accepted(ledger: Ledger, operations: tuple[Operation, ...]) -> bool:
    """Whether a ledger takes all of the operations, one after another."""
    return apply_operations(ledger, operations)[1] == operations


def preview_compaction(
    session: Session,
    event: Compacted,
    dropped: tuple[str, ...],
    masked: tuple[str, ...],
    view: Callable[[Session], View],
    summary: Callable[[Session], str],
) -> Preview:
    """What an event would do to a session, with the results by the ids in `masked` becoming stubs after it."""
    after = after_event(session, event)
    stubbed = evolve(after, masked=after.masked | frozenset(masked))
    shown = view(stubbed)
    old = {entry.id: entry for entry in session.ledger.live()}
    new = {entry.id: entry for entry in after.ledger.live()}
    return Preview(
        event,
        tuple(turn.number for turn in session.recent if turn.number <= event.through),
        tuple(entry for name, entry in new.items() if old.get(name) == entry),
        tuple(entry for name, entry in new.items() if name not in old),
        tuple(entry for name, entry in new.items() if name in old and old[name] != entry),
        tuple(entry for name, entry in old.items() if name not in new),
        masked,
        event.before,
        shown.tokens,
        summary(stubbed),
        check_view(stubbed, shown).missing,
        dropped,
        session,
    )


def rendering(session: Session, settings: Settings, count: Callable[[str], int]) -> str:
    """The rolling summary of a session as its view sends it: it changes only when a compaction or the user changes it.

    What entered the ledger since the last compaction stands in the turns themselves.
    """
    return summary_markdown(_lines(session, session.summarised, settings, count))


def current(session: Session, settings: Settings, count: Callable[[str], int]) -> str:
    """The rolling summary of the ledger as it is now, whether or not a compaction has brought it into the view."""
    return summary_markdown(lines(session, settings, count))


def lines(session: Session, settings: Settings, count: Callable[[str], int]) -> tuple[SummaryLine, ...]:
    """The same, line by line, with the entries that stand on each."""
    return _lines(session, session.ledger, settings, count)


def _lines(
    session: Session, ledger: Ledger, settings: Settings, count: Callable[[str], int]
) -> tuple[SummaryLine, ...]:
    aims = [entry for entry in ledger.live() if entry.kind == "objective"]
    objective = max(aims, key=lambda one: one.author == "user").text if aims else session.objective
    files = changed_files(session, session.through)
    told = chronicle(_newest(session, session.through), rule_texts(ledger))
    return summary_lines(ledger, objective, session.through, settings.summary, count, files, told)


def changed_files(session: Session, through: int) -> tuple[str, ...]:
    """The files that the agent changed in the turns up to `through`, by what code saw, the newest first."""
    turns = _newest(session, through)
    root = project_root(turns)
    found: dict[str, None] = {}
    for turn in reversed(turns):
        found.update(dict.fromkeys(reversed(turn_evidence(turn, root).changed)))
        if len(found) > _MOST_FILES:
            break
    return tuple(found)


def _newest(session: Session, through: int) -> Sequence[Turn]:
    """The newest turns up to `through`: as many as a summary ever has room for."""
    end = bisect_right(session.turns, through, key=turn_number)
    return session.turns[max(0, end - _MOST_TURNS) : end]


def check_view(session: Session, view: View) -> Check:
    """Which live entries the view still holds."""
    text = " ".join(" ".join(block.text for block in view.blocks).split())
    live = [entry for entry in session.ledger.live() if entry.kind not in ("work", "fact", "state")]
    return Check(len(live), tuple(entry for entry in live if entry.text not in text and one_line(entry) not in text))
