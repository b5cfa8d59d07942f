"""Writes a session as a neutral transcript, which any reader of that format takes back."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator
from typing import Any

from throughline.domain.events import AssistantMessage, Logged, Thought, ToolCalled, ToolReturned, UserMessage
from throughline.domain.sanitization import shown_time


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
