"""recall: what has left the conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from throughline.agent.output import both_ends
from throughline.agent.tool import Args, PermissionRequest, Result, ToolCallContext, ToolPorts
from throughline.domain.events import FullOutputStored, ToolCalled, ToolReturned
from throughline.domain.ledger import Entry
from throughline.domain.ports import ActError, LogMatch, Store
from throughline.memory.summary import SECTIONS

# Characters of a result that are shown at a time, and places that a query finds.
PAGE = 30_000
MOST = 10
# So many places are looked for: some of them are earlier questions of this kind, which say nothing.
_SOUGHT = 60


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
        section = next((one for one in SECTIONS if one.noun == query.lower()), None)
        if section is not None:
            entries = [one for one in work.session.ledger.live() if one.kind in section.kinds]
            text = "\n".join(map(_entry, entries)) or f"The memory holds no {section.noun}."
            return Result(_page(text, args.get("first", 1), f"The memory's {section.noun}"))
        found = await asyncio.to_thread(_places, query, work.ports.store)
        if not found:
            return Result("Nothing was said of that: try fewer or other words.")
        here = work.session.id
        where = (("" if one.session == here else f"session {one.session}, ") + f"turn {one.turn}" for one in found)
        rows = (f"[{place}, {one.kind}] {one.excerpt}" for place, one in zip(where, found, strict=True))
        return Result("\n".join(rows))


def _places(query: str, store: Store) -> Sequence[LogMatch]:
    """Where words stand, questions for them and the answers to those left out."""
    found = store.recall(query, "", _SOUGHT)
    asked = {name: _asked(store, name) for name in {one.session for one in found}}
    return [one for one in found if one.seq not in asked[one.session]][:MOST]


def _asked(store: Store, session: str) -> set[int]:
    """The numbers of a session's events that are calls of this tool, or what it gave back."""
    calls: set[str] = set()
    seqs: set[int] = set()
    for logged in store.read(session):
        event = logged.event
        if isinstance(event, ToolCalled) and event.tool == Recall.name:
            calls.add(event.id)
            seqs.add(logged.seq)
        elif isinstance(event, ToolReturned) and event.id in calls:
            seqs.add(logged.seq)
    return seqs


def _entry(entry: Entry) -> str:
    why = f" — {entry.why}" if entry.why else ""
    return f"- {entry.id}: {entry.text}{why}"


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
