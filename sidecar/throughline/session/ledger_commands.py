"""Commands of the user on the ledger: what the user does to it is final, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from throughline.domain.events import LedgerChanged, LedgerUndone
from throughline.domain.ledger import (
    Add,
    Delete,
    Entry,
    EntryKind,
    KeepMine,
    Ledger,
    Operation,
    Pin,
    Reclassify,
    Reopen,
    Resolve,
    Revise,
    apply_operation,
    refusal_reason,
)
from throughline.domain.session import Session
from throughline.memory.rule_operations import rule_by_hand
from throughline.memory.summary_parser import parse_edits
from throughline.session.actor import Journal, Mailbox, RefusedError, SessionPorts
from throughline.session.compactor import Compactor


class LedgerCommands:
    """Acts of the user on one session's ledger. Each raises RefusedError with the reason where it cannot be done, and
    then nothing has changed.
    """

    def __init__(self, ports: SessionPorts, journal: Journal, mailbox: Mailbox, compactor: Compactor) -> None:
        self._ports = ports
        self._journal = journal
        self._mailbox = mailbox
        self._compactor = compactor

    async def pin(self, entry: str, *, pinned: bool) -> None:
        """Pins or unpins an entry: no summariser may change what is pinned."""
        await self._do(lambda _: (Pin(entry, pinned),))

    async def edit(self, entry: str, text: str, why: str | None = None, owner: str | None = None) -> None:
        """Words an entry anew; reason and owner stay as they are unless they are given, and "" takes them out."""

        def made(session: Session) -> tuple[Operation, ...]:
            said = _said(text, "An entry needs words: delete it to be rid of it.")
            was = _active(session.ledger, entry)
            reason = was.why if why is None else _line(why)
            whose = was.owner if owner is None else _line(owner)
            return (Revise(entry, said, _turn(session), "user", reason, whose, whole=True),)

        await self._do(made)

    async def change_kind(self, entry: str, kind: EntryKind) -> None:
        """Makes an entry one of another kind."""

        def made(session: Session) -> tuple[Operation, ...]:
            if kind == "objective":
                raise RefusedError("A session has one objective: edit that instead.")
            was = _active(session.ledger, entry)
            if kind == "rule":
                # A rule is the workspace's, and its id none of this session alone.
                return (Delete(entry), *_rule(session, was.text, was.why))
            return (Reclassify(entry, kind),)

        await self._do(made)

    async def keep_mine(self, entry: str, *, mine: bool) -> None:
        """Keeps a rule on this machine, or shares it with the project's archive."""
        await self._do(lambda _: (KeepMine(entry, mine),))

    async def resolve(self, entry: str, resolution: str) -> None:
        """Ends an entry, with what came of it: a question's answer, what mended an issue, why a rule is void."""

        def made(session: Session) -> tuple[Operation, ...]:
            said = _said(resolution, "Say what came of it: a resolution needs words.")
            _active(session.ledger, entry)
            return (Resolve(entry, said, "user"),)

        await self._do(made)

    async def reopen(self, entry: str) -> None:
        """Puts an entry that was resolved in force again."""
        await self._do(lambda _: (Reopen(entry),))

    async def delete(self, entry: str) -> None:
        """Takes an entry out of the ledger."""
        await self._do(lambda _: (Delete(entry),))

    async def add(self, kind: EntryKind, text: str, why: str = "", owner: str = "") -> str:
        """Enters something into the ledger: the new entry's id. A state or an objective takes the last one's place."""
        given: list[str] = []

        def made(session: Session) -> tuple[Operation, ...]:
            said, turn = _said(text, "An entry needs words."), _turn(session)
            if any((one.kind, one.text, one.why) == (kind, said, _line(why)) for one in session.ledger.live()):
                raise RefusedError("The ledger says so already.")
            if kind == "rule":
                operations = _rule(session, said, _line(why))
                given.extend(one.entry.id for one in operations if isinstance(one, Add))
                return operations
            given.append(next(f"u{turn}.{n}" for n in count(1) if f"u{turn}.{n}" not in session.ledger.entries))
            about = kind if kind in ("state", "objective") else ""
            return (Add(Entry(given[0], kind, said, "user", (turn,), _line(why), _line(owner), about)),)

        await self._do(made)
        return given[0]

    async def rewrite(self, base: str, edited: str) -> tuple[Operation, ...]:
        """Does what an edit of the whole summary means: `base` is the text that was shown, `edited` what became of it.

        Returns the operations, none where nothing was meant. Raises EditError where it cannot be read back.
        """

        def made(session: Session) -> tuple[Operation, ...]:
            return parse_edits(session.ledger, self._compactor.lines(), base, edited, _turn(session))

        return await self._do(made)

    async def undo(self) -> tuple[Operation, ...]:
        """Takes back the newest of the user's changes that stands: its operations."""

        async def act() -> tuple[Operation, ...]:
            mine = [step for step in self._journal.session.ledger_history if step.edit]
            if not mine:
                raise RefusedError("There is no change of yours to take back.")
            await self._journal.keep([LedgerUndone(mine[-1].edit)])
            return mine[-1].operations

        return await self._mailbox.post(act)

    async def _do(self, made: Callable[[Session], tuple[Operation, ...]]) -> tuple[Operation, ...]:
        async def act() -> tuple[Operation, ...]:
            session = self._journal.session
            if session.ended:
                raise RefusedError("The session has ended: its ledger stays as it is.")
            operations, ledger = await self._ports.in_worker(lambda: made(session)), session.ledger
            for one in operations:
                if why := refusal_reason(ledger, one):
                    raise RefusedError(f"{why[0].upper()}{why[1:]}.")
                ledger = apply_operation(ledger, one)
            if operations and ledger != session.ledger:
                await self._journal.keep([LedgerChanged(operations, "user")])
            return operations

        return await self._mailbox.post(act)


def _active(ledger: Ledger, name: str) -> Entry:
    """An entry in force. Raises RefusedError."""
    entry = ledger.entries.get(name)
    if entry is None:
        raise RefusedError(f"There is no entry {name}.")
    if entry.state == "resolved":
        raise RefusedError(f"Entry {name} is resolved: reopen it first.")
    if entry.state == "revised":
        raise RefusedError(f"Entry {name} is no longer in force: a later one has taken its place.")
    return entry


def _rule(session: Session, text: str, why: str) -> tuple[Operation, ...]:
    """A new rule, and what it replaces. Raises RefusedError."""
    if made := rule_by_hand(text, why, session.id, _turn(session), session.ledger):
        return made
    raise RefusedError("This rule is in force already.")


def _said(text: str, refused: str) -> str:
    if not _line(text):
        raise RefusedError(refused)
    return _line(text)


def _line(text: str) -> str:
    return " ".join(text.split())


def _turn(session: Session) -> int:
    """The turn that the user's change falls into: the last one, or the first where there is none yet."""
    return session.turns[-1].number if session.turns else 1
