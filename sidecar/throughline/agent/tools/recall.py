"""recall: what has left the conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any

from throughline.agent.output import both_ends
from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts
from throughline.domain.events import FullOutputStored, ToolCalled, ToolReturned
from throughline.domain.ports import ActError, LogMatch
from throughline.domain.session import Session
from throughline.memory.entry_listing import list_entries

# Characters of a result that are shown at a time, and places that a query finds.
PAGE = 30_000
MOST = 10
_SOME_KINDS = "`decisions`, `rules`, `issues` or `work`"


class Recall:
    """Looks things up in the log."""

    name = "recall"
    writes = False

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:  # noqa: ARG002
        """Nothing that anyone has to allow."""
        return ()

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """The places where words stand, a section of the memory, or one call with its result."""
        query, call = args.get("query", "").strip(), args.get("id", "").strip()
        if bool(query) == bool(call):
            raise ActError("recall takes either `query` or `id`.")
        if call:
            return await asyncio.to_thread(_call, call, args.get("first", 1), work)
        if listing := await asyncio.to_thread(list_entries, work.session, query):
            first = args.get("first", 1)
            if not 1 <= first <= max(1, len(listing.lines)):
                raise ActError(f"The memory's {listing.noun} have {len(listing.lines):,} lines.")
            return Result(listing.page(first))
        found = await asyncio.to_thread(work.ports.store.recall, query, "", MOST)
        if not found:
            return Result(f"Nothing was said of that: try fewer or other words, or a kind, such as {_SOME_KINDS}.")
        return Result("\n".join(f"[{_place(one, work.session)}] {one.excerpt}" for one in found))


def _place(found: LogMatch, here: Session) -> str:
    """Where words stand: the turn, who said them, and of an entry its id and whether it still holds."""
    mine = found.session == here.id
    parts = [
        *([] if mine else [f"session {found.session}"]),
        f"turn {found.turn}",
        f"{found.kind} {found.entry}".strip(),
    ]
    entry = here.ledger.entries.get(found.entry) if mine and found.entry else None
    if found.entry and mine and (entry is None or entry.state != "active"):
        parts.append("no longer in force")
    return ", ".join(parts)


def _call(name: str, first: int, work: ToolCallContext) -> Result:
    """What a call was given and what it gave back, from a line on."""
    made: ToolCalled | None = None
    text = None
    for logged in work.ports.store.read(work.session.id):
        event = logged.event
        if isinstance(event, ToolCalled) and event.id == name:
            made = event
        elif isinstance(event, ToolReturned) and event.id == name:
            text = event.text if text is None else text
        elif isinstance(event, FullOutputStored) and event.id == name:
            text = event.text
    if made is None and text is None:
        raise ActError(f"There is no call {name} in this session: look for it with `query`.")
    parts = [*_arguments(made)] if made else []
    parts += ["Result:", text] if text is not None else ["It has no result yet."]
    return Result(_page("\n".join(parts), first, f"What is kept of {name}"))


def _arguments(call: ToolCalled) -> Iterable[str]:
    """A call as it was made: what is one line in a line, what is longer below its name, as it is."""
    yield f"Call of {call.tool}:"
    for name, value in call.args.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain)
        yield f"{name}:\n{text}" if "\n" in text else f"{name}: {text}"


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)


def _page(text: str, first: int, what: str) -> str:
    lines = text.splitlines(keepends=True)
    if not 1 <= first <= max(1, len(lines)):
        raise ActError(f"{what} has {len(lines):,} lines.")
    return both_ends("".join(lines[first - 1 :]), PAGE, 0, "recall it with a later `first`")
