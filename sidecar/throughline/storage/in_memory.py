"""Sessions and an archive kept in memory only: for comparisons and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from attrs import evolve

from throughline.domain.events import ArchiveWritten, Logged, ToolCalled, ToolReturned
from throughline.domain.ports import FORGOTTEN, LogMatch, SessionRow
from throughline.domain.rules import LoggedRule, RuleEvent, WorkspaceRules, fold_rules
from throughline.domain.session import fold
from throughline.storage import codec
from throughline.storage.search_index import LOOKUP, excerpt, query_terms, words


class MemoryStore:
    """A store that forgets everything when it goes."""

    def __init__(self) -> None:
        self._logs: dict[str, list[Logged]] = {}
        self._rules: list[LoggedRule] = []

    def lock_session(self, session: str) -> None:
        """Takes a session: there is no other process that could have it."""

    def unlock_session(self, session: str) -> None:
        """Gives a session back."""

    def append(self, session: str, events: Sequence[Logged], rules: Sequence[RuleEvent] = ()) -> None:
        """Keeps events, and what they did to the workspace's rules."""
        self._logs.setdefault(session, []).extend(events)
        self._keep_rules(session, events[-1].at if events else 0.0, rules)

    def rules(self) -> WorkspaceRules:
        """The workspace's rules."""
        return fold_rules(self._rules)

    def change_rules(self, at: float, rules: Sequence[RuleEvent]) -> None:
        """Keeps what the user did to the workspace's rules outside of any session."""
        self._keep_rules("", at, rules)

    def _keep_rules(self, session: str, at: float, rules: Sequence[RuleEvent]) -> None:
        self._rules += [LoggedRule(seq, at, session, one) for seq, one in enumerate(rules, len(self._rules) + 1)]

    def read(self, session: str) -> tuple[Logged, ...]:
        """All events of a session in order."""
        return tuple(self._logs.get(session, ()))

    def forget(self, session: str) -> int:
        """Deletes a session: how many events."""
        return len(self._logs.pop(session, ()))

    def redact(self, secret: str) -> int:
        """Replaces a text wherever it stands in the log: in how many events."""
        written, changed = codec.escaped(secret), 0
        for log in self._logs.values():
            for place, one in enumerate(log):
                body = codec.encode_event(one.event)
                if written in body:
                    log[place] = evolve(one, event=codec.decode_event(body.replace(written, FORGOTTEN)))
                    changed += 1
        return changed

    def recall(self, query: str, session: str = "", limit: int = 10) -> tuple[LogMatch, ...]:
        """Where all words of a query stand together, in one session or in all; searches left out."""
        terms = query_terms(query.lower())
        found = (
            LogMatch(name, logged.seq, said.turn, said.kind, excerpt(said.text, query), said.entry)
            for name, log in self._logs.items()
            if session in ("", name)
            for looked in [
                {one.event.id for one in log if isinstance(one.event, ToolCalled) and one.event.tool == LOOKUP}
            ]
            for logged in log
            if not (isinstance(logged.event, ToolCalled | ToolReturned) and logged.event.id in looked)
            for said in words(logged.event)
            if terms and all(term in said.text.lower() for term in terms)
        )
        return tuple(islice(found, limit))

    def pending(self) -> tuple[str, ...]:
        """The sessions whose archive change nobody has accepted or rejected, the newest first."""
        return tuple(row.id for row in self.sessions() if fold(self._logs[row.id]).proposed is not None)

    def archives(self) -> tuple[tuple[float, str], ...]:
        """The archive as sessions have written it, and when, the oldest first."""
        logs = self._logs.values()
        made = [(one.at, one.event.text) for log in logs for one in log if isinstance(one.event, ArchiveWritten)]
        return tuple(sorted(made))

    def sessions(self) -> tuple[SessionRow, ...]:
        """All sessions, the newest first."""
        rows = []
        for log in self._logs.values():
            session = fold(log)
            rows.append(
                SessionRow(
                    session.id,
                    session.name or session.objective,
                    log[0].at,
                    max(one.at for one in log),
                    len(session.turns),
                    session.ended,
                    session.origin,
                )
            )
        return tuple(sorted(rows, key=lambda row: row.updated, reverse=True))


class MemoryArchive:
    """An archive that goes with the process."""

    def __init__(self, text: str = "") -> None:
        self._text = text

    def read(self) -> str:
        """Its text."""
        return self._text

    def write(self, text: str) -> None:
        """Replaces it; an empty text never replaces one that says something."""
        self._text = text if text.strip() else self._text


class MemorySkeletons:
    """Skeletons kept in memory only."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """What is kept under these keys."""
        return {key: self.made[key] for key in keys if key in self.made}

    def keep(self, made: Mapping[str, str]) -> None:
        """Keeps what was made, by key."""
        self.made |= made
