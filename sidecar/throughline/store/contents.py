"""What can be read of a damaged database: its sessions' events, each in its place, and how many are lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from attrs import field, frozen

from throughline.core.events import CallBilled, Logged, Noted, Origin, SessionStarted, Spoke
from throughline.store import carving, integrity

# A place that no checksum vouches for is believed where it is at most so far behind those before it.
_FAR = 10_000
_ORIGINS: dict[bytes, Origin] = {b"live": "live", b"demo": "demo", b"recording": "recording"}


@frozen
class Remains:
    """The bytes of a database and its write-ahead log before SQLite has touched either."""

    database: bytes
    wal: bytes


@frozen
class Contents:
    """What could be read of a database: its sessions' events, those that are lost counted, and its own id."""

    logs: dict[str, list[Logged]]
    lost: int
    id: str


@frozen
class _Listed:
    """A session as the sessions' table has it; without events where an earlier version did not count them."""

    objective: str
    origin: Origin
    started: float
    events: int


@frozen
class _Found:
    """What the pages hold, as it is found."""

    events: dict[str, dict[int, Logged]] = field(factory=dict)
    # Those with one byte put right, for places of which nothing better is found.
    right: dict[str, dict[int, Logged]] = field(factory=dict)
    sessions: dict[str, _Listed] = field(factory=dict)
    ids: list[str] = field(factory=list)

    def take(self, record: tuple[carving.Value, ...]) -> None:
        """Takes a row of any table."""
        match record:
            case (bytes(), int(), int() | float(), bytes(), bytes(), *crc) if len(crc) < 2:
                self._event(record)
            case (bytes(session), bytes(), bytes(), int() | float(), int() | float(), int(), int(), *_):
                self._session(session, record)
            case (b"id", bytes(value)) if value.isalnum():
                self.ids.append(value.decode("ascii", "replace"))
            case _:
                pass

    def _event(self, record: tuple[Any, ...]) -> None:
        session, seq, at, kind, body, *crc = record
        # SQLite keeps a whole second as an integer.
        row = (session, seq, float(at), kind, body)
        made = integrity.whole_event((*row, *(crc or [integrity.checksum(*row)])))
        if made is None and crc:
            if right := integrity.corrected_event((*row, crc[0])):
                self.right.setdefault(right[0], {}).setdefault(right[1].seq, right[1])
        elif made is not None and made.event.kind.encode() == kind:
            with suppress(UnicodeDecodeError):
                self.events.setdefault(session.decode(), {}).setdefault(made.seq, made)

    def _session(self, session: bytes, record: tuple[Any, ...]) -> None:
        name, objective, origin, started, updated, *rest = record
        values = (name, objective, origin, float(started), float(updated), *rest)
        if len(values) == 9 and integrity.session_checksum(*values[:-1]) != values[-1]:
            return
        number = values[7] if len(values) == 9 else 0
        try:
            named = session.decode()
            listed = _Listed(objective.decode(), _ORIGINS[origin], float(started), number)
        except (UnicodeDecodeError, KeyError):
            return
        before = self.sessions.get(named)
        # An older state of its page may be found, too.
        if before is None or before.events < listed.events:
            self.sessions[named] = listed


def contents(left: Remains) -> Contents:
    """Every event that can be read, by session: each has a first event, and notes where some are lost."""
    found = _Found()
    # A page that the log has a newer state of is read as it was, too: that state may be the damaged one.
    for wal in (left.wal, b"") if left.wal else (b"",):
        for record in carving.records(left.database, wal):
            found.take(record)
    logs: dict[str, list[Logged]] = {}
    lost = 0
    for session in sorted({*found.events, *found.right, *found.sessions}):
        listed = found.sessions.get(session)
        events = {**found.right.get(session, {}), **found.events.get(session, {})}
        known = _plausible([events[seq] for seq in sorted(events)], listed)
        logs[session], gone = _mended(session, known, listed)
        lost += gone
    return Contents(logs, lost, found.ids[0] if found.ids else "")


def _plausible(known: list[Logged], listed: _Listed | None) -> list[Logged]:
    """The events up to the first whose place is far from all before it: a damaged number, not a loss."""
    kept: list[Logged] = []
    until = (listed.events if listed else 0) + _FAR
    for one in known:
        if one.seq < 1 or one.seq > max(until, 2 * len(kept) + _FAR):
            break
        kept.append(one)
        until = max(until, one.seq + _FAR)
    return kept


def _mended(session: str, known: list[Logged], listed: _Listed | None) -> tuple[list[Logged], int]:
    """A session's log with a beginning, notes for what is missing, and a note at its end; and how many are missing."""
    until = max([listed.events if listed else 0, *(one.seq for one in known[-1:])])
    lost = until - len(known)
    log = list(integrity.filled(known, until, ": the database was damaged"))
    if not log or not isinstance(log[0].event, SessionStarted):
        at = log[0].at if known else listed.started if listed else 0.0
        log[:1] = [Logged(1, at, _begun(session, known, listed))]
    gone = f", without {lost:,} {'event' if lost == 1 else 'events'} that could not be read" if lost else ""
    last = log[-1]
    return [*log, Logged(last.seq + 1, last.at, Noted(f"Recovered from a damaged database{gone}."))], lost


def _begun(session: str, log: Sequence[Logged], listed: _Listed | None) -> SessionStarted:
    """A beginning for a session whose own is lost, from what followed."""
    said = (
        listed.objective
        if listed
        else " ".join(_first(one.event.text for one in log if isinstance(one.event, Spoke)).split())
    )
    model = _first(one.event.model for one in log if isinstance(one.event, CallBilled))
    return SessionStarted(session, said[:200], "engineer", "", model, 200_000, listed.origin if listed else "live")


def _first(texts: Iterable[str]) -> str:
    return next(iter(texts), "")
