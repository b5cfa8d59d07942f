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
        operation = _operation(args, work.session.ledger, work.turn)
        if why := refusal_reason(work.session.ledger, operation):
            raise ActError(f"The memory was not changed: {why}.")
        name = operation.entry.id if isinstance(operation, Add) else args["id"]
        return Result(f"{args['action']}: {name}", events=(LedgerChanged((operation,)),))


def _operation(args: Args, ledger: Ledger, turn: int) -> Operation:
    text, why = args["text"].strip(), args.get("why", "").strip()
    if not text:
        raise ActError("`text` is empty.")
    if args["action"] == "add":
        if "kind" not in args:
            raise ActError("With `add`, `kind` says what kind of entry it is.")
        name = next(free for number in count(1) if (free := f"m{turn}.{number}") not in ledger.entries)
        owner = args.get("owner", "").strip()
        return Add(
            Entry(name, args["kind"], text, "agent", (turn,), why=why, owner=owner, subject=normalized_subject(text))
        )
    if not args.get("id"):
        raise ActError(f"With `{args['action']}`, `id` names the entry.")
    if args["action"] == "revise":
        return Revise(args["id"], text, turn, "agent", why)
    return Resolve(args["id"], text, "agent")
