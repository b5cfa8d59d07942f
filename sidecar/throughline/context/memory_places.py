"""Places of an entry: whether the rolling summary, the archive and the view of the next call show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from throughline.context.compaction import lines, rendering
from throughline.context.recap import recap, spans
from throughline.domain.events import AssistantMessage, ToolReturned, UserMessage
from throughline.domain.ledger import Entry
from throughline.domain.session import Session
from throughline.domain.settings import Settings
from throughline.memory.archive.document import parse_archive
from throughline.memory.summary import full_text, one_line


@frozen
class EntryPlaces:
    """Where an entry stands."""

    entry: Entry
    """The entry."""
    summary: bool
    """Whether the rolling summary as it is now shows it."""
    archive: bool
    """Whether a line of the archive says it."""
    view: bool
    """Whether the next call's view has its words: the summary as it is sent, a recap, a recent turn or the archive."""


def memory_places(
    session: Session, archive: str, settings: Settings, count: Callable[[str], int]
) -> tuple[EntryPlaces, ...]:
    """All entries of a session's ledger, also those no longer in force, and where each stands; `archive` is the
    project's as it is now.
    """
    shown = {entry.id for row in lines(session, settings, count) for entry in row.entries}
    kept = "\n".join(
        _plain(one.text) for some in parse_archive(archive, session.project).sections.values() for one in some
    )
    sent = f"{kept}\n{_plain(' '.join(_sent(session, settings, count)))}"
    return tuple(
        EntryPlaces(
            entry, entry.id in shown, *(entry.state == "active" and _stands(entry, text) for text in (kept, sent))
        )
        for entry in session.ledger.entries.values()
    )


def _sent(session: Session, settings: Settings, count: Callable[[str], int]) -> Iterator[str]:
    if session.through or session.edited:
        yield rendering(session, settings, count)
        yield from (recap(span, count) for span in spans(session, settings.recap).told)
    for turn in session.recent:
        yield from (one.text for one in turn.items if isinstance(one, UserMessage | AssistantMessage | ToolReturned))


def _stands(entry: Entry, text: str) -> bool:
    return any(said in text for said in map(_plain, (entry.text, one_line(entry), full_text(entry))) if said)


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").casefold().split())
