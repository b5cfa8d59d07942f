"""update_memory: the ledger, as far as the agent may change it."""

from __future__ import annotations

from itertools import count

from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts
from throughline.domain.events import LedgerChanged
from throughline.domain.ledger import Add, Entry, Ledger, Operation, Resolve, Revise, normalized_subject, refusal_reason
from throughline.domain.ports import ActError


class UpdateMemory:
    """Changes the ledger."""

    name = "update_memory"
    writes = True

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:  # noqa: ARG002
        """Nothing that anyone has to allow."""
        return ()

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """Applies one operation, or says why it may not be."""
        ledger = work.session.ledger
        operation = _operation(args, ledger, work.turn)
        if why := refusal_reason(ledger, operation):
            raise ActError(f"The memory was not changed: {why}.")
        if isinstance(operation, Add):
            name = operation.entry.id
            said = (
                f"replace: {name} stands in the place of {args['id']}"
                if args["action"] == "replace"
                else f"add: {name}"
            )
        else:
            said = f"{args['action']}: {args['id']}"
        return Result(said, events=(LedgerChanged((operation,)),))


def _operation(args: Args, ledger: Ledger, turn: int) -> Operation:
    text, why, action = args["text"].strip(), args.get("why", "").strip(), args["action"]
    if not text:
        raise ActError("`text` is empty.")
    if action == "add":
        if "kind" not in args:
            raise ActError("With `add`, `kind` says what kind of entry it is.")
        owner = args.get("owner", "").strip()
        return Add(
            Entry(
                _name(ledger, turn), args["kind"], text, "agent", (turn,), why=why, owner=owner,
                subject=normalized_subject(text),
            )
        )  # fmt: skip
    old = _changeable(ledger, args.get("id", "").strip(), action)
    if action == "revise":
        return Revise(old.id, text, turn, "agent", why)
    if action == "replace":
        kind, owner = args.get("kind", old.kind), args.get("owner", "").strip()
        return Add(
            Entry(
                _name(ledger, turn), kind, text, "agent", (turn,), why=why, owner=owner,
                subject=normalized_subject(text) if kind != "state" else old.subject, supersedes=old.id,
            )
        )  # fmt: skip
    return Resolve(old.id, text, "agent")


def _name(ledger: Ledger, turn: int) -> str:
    return next(free for number in count(1) if (free := f"m{turn}.{number}") not in ledger.entries)


def _changeable(ledger: Ledger, name: str, action: str) -> Entry:
    """The entry in force that the agent may change. Raises ActError, which says why it may not."""
    if not name:
        raise ActError(f"With `{action}`, `id` names the entry: `recall` lists them with their ids.")
    entry = ledger.entries.get(name)
    if entry is None:
        raise ActError(f"The memory was not changed: there is no entry {name}. `recall` lists them with their ids.")
    if entry.kind == "rule":
        raise ActError(
            f"The memory was not changed: {name} is a rule of the user's, and only the user retires one. Where you "
            "think that it no longer holds, say so in your reply, and quote the user's words that make you think so."
        )
    if entry.final:
        how = "pinned it" if entry.pinned else "wrote it"
        raise ActError(
            f"The memory was not changed: {name} is the user's, who {how}. Say in your reply what should become of it."
        )
    if entry.state != "active":
        was = entry.resolution or "a later entry has taken its place"
        raise ActError(f"The memory was not changed: {name} is no longer in force ({was}).")
    return entry
