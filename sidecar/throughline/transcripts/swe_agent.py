"""SWE-agent's trajectories: one JSON object with the messages (`history`) and the steps (`trajectory`).

The history is read where there is one, for it tells who spoke. Without function calling a call is the
assistant's `action`, and its output comes back in the user's place.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

import attrs

from throughline.core.recording import Recording
from throughline.transcripts.draft import Draft, Repairs, arguments
from throughline.transcripts.jsonl import whole

NAME = "swe-agent"

_SHELL = "shell"  # the tool of an action, which has no name of its own
_BEGUN = re.compile(r'"(history|trajectory|messages)"\s*:\s*\[\s*\{')
_FIELD = re.compile(r'"(action|observation|response|role)"\s*:')
_GAP = re.compile(r"[\s,]*")


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines open an object whose history or trajectory holds messages or steps."""
    text = "\n".join(head)
    begun = _BEGUN.search(text) if text.lstrip().startswith("{") else None
    return begun is not None and _FIELD.search(text, begun.end()) is not None


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; of a half-written file, what stands before the cut."""
    repairs = Repairs()
    chat = _Chat(Draft(NAME, repairs), repairs)
    for number, message in enumerate(_messages("\n".join(lines), repairs), 1):
        chat.add(message, f"message {number}")
    return chat.draft.finish()


def _messages(text: str, repairs: Repairs) -> list[Any]:
    text = whole(text, repairs, "whole file")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        repairs.note("the file is not whole and was read as far as it goes", "whole file")
        # The cut may fall early in the history and leave the trajectory, which stands before it, whole.
        listed = (_salvage(text, name) for name in ("history", "messages"))
        return max(*listed, _unfold(_salvage(text, "trajectory")), key=len)
    found = value if isinstance(value, dict) else {}
    # Its small sister keeps messages alone.
    return _list(found.get("history")) or _list(found.get("messages")) or _unfold(_list(found.get("trajectory")))


def _salvage(text: str, name: str) -> list[Any]:
    """The whole items of the list under `name`. A quoted one cannot be taken for it: its quotes are escaped."""
    begun = re.search(rf'"{name}"\s*:\s*\[', text)
    items: list[Any] = []
    place = begun.end() if begun else len(text)
    decoder = json.JSONDecoder()
    while gap := _GAP.match(text, place):
        try:
            item, place = decoder.raw_decode(text, gap.end())
        except (ValueError, RecursionError):
            break
        items.append(item)
    return items


def _unfold(trajectory: Sequence[Any]) -> list[Any]:
    """A trajectory as the messages that a history would hold, begun by those of its first request."""
    messages: list[Any] = []
    for number, step in enumerate(trajectory):
        if not isinstance(step, dict):
            messages.append(step)
            continue
        if number == 0:
            # Some versions have added the reply to the request by the time they write it down.
            messages += takewhile(_asks, _list(step.get("query")) or _list(step.get("messages")))
        messages.append({**step, "role": "assistant", "content": step.get("response") or step.get("thought")})
        if "observation" in step:
            messages.append({"role": "tool", "content": step["observation"]})
    return messages


def _asks(message: object) -> bool:
    return not isinstance(message, dict) or message.get("role") != "assistant" or bool(message.get("is_demo"))


@attrs.define
class _Chat:
    """Turns messages into steps. `open` are the ids of the calls that wait for their results, `begun` tells
    whether the agent has spoken, `demo` whether the last message belongs to a demonstration.
    """

    draft: Draft
    repairs: Repairs
    open: list[str] = attrs.field(factory=list)
    begun: bool = False
    demo: bool = False

    def add(self, item: object, where: str) -> None:
        """Append the steps of one message, which is found at `where` ("message 3")."""
        if not isinstance(item, dict):
            self.repairs.note("a message that is no object was skipped", where)
            return
        if bool(item.get("is_demo")) != self.demo:
            self.open, self.begun, self.demo = [], False, not self.demo
        match item.get("role"):
            case "assistant":
                self._reply(item, where)
            case "tool":
                self._result(item)
            # No user is at work: once the agent has spoken, what comes in the user's place is its environment.
            case "user" if self.begun:
                self._result(item)
            case "user":
                self.draft.add("user", "prompt", _text(item.get("content")))
            case "system":
                self.draft.add("system", "meta", _text(item.get("content")))
            case role:
                self.repairs.note(f"a message of unknown role {role!r:.40} was read as meta", where)
                self.draft.add("system", "meta", _text(item.get("content")))

    def _reply(self, item: Mapping[str, Any], where: str) -> None:
        for block in _list(item.get("thinking_blocks")):
            if isinstance(block, dict):
                self.draft.add("assistant", "thinking", _text(block.get("thinking")))
        if text := _text(item.get("content")) or _text(item.get("thought")):
            self.draft.add("assistant", "text", text)
        self.open, self.begun = [], True
        for call in _list(item.get("tool_calls")):
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                self._call(_string(function.get("name")), arguments(function.get("arguments") or {}), call.get("id"))
            else:
                self.repairs.note("a call without a function was skipped", where)
        action = _string(item.get("action"))
        if action.strip() and not self.open:
            self._call(_SHELL, {"command": action}, None)

    def _call(self, tool: str, args: dict[str, Any], call_id: object) -> None:
        name = _string(call_id) or f"step-{len(self.draft)}"
        self.open.append(name)
        self.draft.add("assistant", "tool_call", "", tool=tool, args=args, call_id=name)

    def _result(self, item: Mapping[str, Any]) -> None:
        named = [name for name in (*_list(item.get("tool_call_ids")), item.get("tool_call_id")) if _string(name)]
        call_id = _string(named[0]) if named else self.open[0] if self.open else ""
        self.open = [name for name in self.open if name != call_id]
        self.draft.add("tool", "tool_result", _text(item.get("content")), call_id=call_id)


def _text(content: object) -> str:
    """A message's content: a string, or parts, of which one that is no text becomes its kind in brackets."""
    parts: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        match part:
            case str(text) | {"text": str(text)}:
                parts.append(text)
            case {"type": str(kind)}:
                parts.append(f"[{kind}]")
            case _:
                pass
    return "\n".join(parts)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
