"""The neutral format of recorded sessions: read, and written from a session's log."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from throughline.domain.events import AssistantMessage, Logged, Thought, ToolCalled, ToolReturned, UserMessage
from throughline.domain.recording import KINDS, ROLES, Kind, Recording, Role
from throughline.domain.sanitization import shown_time
from throughline.transcripts.builder import Repairs, TranscriptBuilder, call_arguments, seconds
from throughline.transcripts.jsonl import objects, peek

NAME = "neutral"


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines are neutral events, told by a known role or kind beside the other field."""
    return any(
        isinstance(event.get("role"), str)
        and isinstance(event.get("kind"), str)
        and (event["role"] in ROLES or event["kind"] in KINDS)
        for event in peek(head)
    )


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; the file's own indices give way to file order."""
    repairs = Repairs()
    draft = TranscriptBuilder(NAME, repairs)
    for number, event in objects(lines, repairs):
        where = f"line {number}"
        if "i" in event and event["i"] != len(draft):
            repairs.note("an index that is not the place in the file was replaced", where)
        stamp = event.get("ts")
        at = seconds(stamp)
        if stamp and at is None:
            repairs.note("a time that cannot be read was left out", where)
        draft.add(
            _role(event.get("role"), repairs, where),
            _kind(event.get("kind"), repairs, where),
            _string(event, "text", repairs, where),
            tool=_string(event, "tool", repairs, where),
            args=_arguments(event.get("args"), repairs, where),
            call_id=_string(event, "call_id", repairs, where),
            error=bool(event.get("error")),
            at=at,
        )
    return draft.finish()


def _role(value: object, repairs: Repairs, where: str) -> Role:
    if isinstance(value, str) and value in ROLES:
        return cast(Role, value)
    repairs.note(f"unknown role {value!r:.40} was read as system", where)
    return "system"


def _kind(value: object, repairs: Repairs, where: str) -> Kind:
    if isinstance(value, str) and value in KINDS:
        return cast(Kind, value)
    repairs.note(f"unknown kind {value!r:.40} was read as meta", where)
    return "meta"


def _string(event: dict[str, Any], field: str, repairs: Repairs, where: str) -> str:
    value = event.get(field)
    if value is None or isinstance(value, str):
        return value or ""
    repairs.note(f"a {field} that is not a string was turned into one", where)
    return json.dumps(value, ensure_ascii=False)


def _arguments(value: object, repairs: Repairs, where: str) -> dict[str, Any] | None:
    if value is None or isinstance(value, dict):
        return value
    repairs.note("arguments that are not an object were turned into one", where)
    return call_arguments(value)


def neutral_transcript(log: Iterable[Logged]) -> Iterator[str]:
    """One line of JSON for each thing that was said, called or returned."""
    kept = [(one.at, made) for one in log if (made := _step(one))]
    for number, (at, made) in enumerate(kept):
        stamp = datetime.datetime.fromtimestamp(shown_time(at), datetime.UTC).isoformat().replace("+00:00", "Z")
        yield json.dumps({"i": number, **made, "ts": stamp}, ensure_ascii=False)


def _step(logged: Logged) -> dict[str, Any] | None:
    match logged.event:
        case UserMessage(text=text, turn=turn, origin=origin):
            kind = "interrupt" if origin == "interrupt" else "prompt"
            return {"role": "user", "kind": kind, "text": text, "uturn": turn}
        case AssistantMessage(text=text, turn=turn):
            return {"role": "assistant", "kind": "text", "text": text, "uturn": turn}
        case Thought(text=text, turn=turn) if text:
            return {"role": "assistant", "kind": "thinking", "text": text, "uturn": turn}
        case ToolCalled(turn=turn, id=name, tool=tool, args=args):
            called = {"tool": tool, "args": args, "call_id": name}
            return {"role": "assistant", "kind": "tool_call", "text": "", **called, "uturn": turn}
        case ToolReturned(turn=turn, id=name, text=text, error=error):
            result = {"call_id": name, "error": error}
            return {"role": "tool", "kind": "tool_result", "text": text, **result, "uturn": turn}
        case _:
            return None
