"""Plain lists of messages, as the APIs of model providers take them: a JSON list, an object that holds one under
`messages`, or JSON Lines with a message each. Calls and results are told by fields or by blocks of content.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from throughline.domain.recording import Recording, Role
from throughline.transcripts.builder import (
    OpenCalls,
    Repairs,
    TranscriptBuilder,
    as_list,
    call_arguments,
    joined,
    parts,
    seconds,
    string,
)
from throughline.transcripts.jsonl import objects, salvage, without_half_characters
from throughline.transcripts.user_texts import user_steps

NAME = "messages"

_ROLE = re.compile(r'"role"\s*:\s*"(?:user|assistant|system|developer|tool|function)"')
_CONTENT = re.compile(r'"(?:content|tool_calls)"\s*:')
_BEGUN = re.compile(r"\s*(?:\[\s*)?\{")
_LIST = re.compile(r'"messages"\s*:\s*\[\s*\{')
# An agent's environment that answers in the user's place.
_OBSERVED = re.compile(r"\s*(?:<returncode>|OBSERVATION:|EXECUTION RESULT of \[)")


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines hold a message with a role and content at the top, or in a list of messages."""
    text = "\n".join(head)
    if not _BEGUN.match(text):
        return False
    listed_at = _LIST.search(text)
    if text.lstrip().startswith("{") and listed_at:
        return bool(_ROLE.search(text, listed_at.end()) and _CONTENT.search(text, listed_at.end()))
    first = text.lstrip().lstrip("[").lstrip()
    try:
        message, _ = json.JSONDecoder().raw_decode(first)
    except (ValueError, RecursionError):
        # A message that runs on beyond these lines.
        role = _ROLE.search(first)
        return role is not None and role.start() < 200 and bool(_CONTENT.search(first))
    return isinstance(message, dict) and _said(message)


def _said(message: Mapping[str, Any]) -> bool:
    known = message.get("role") in ("user", "assistant", "system", "developer", "tool", "function")
    return known and ("content" in message or "tool_calls" in message) and "kind" not in message


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; of a half-written file, what stands before the cut."""
    repairs = Repairs()
    talk = _Talk(TranscriptBuilder(NAME, repairs), repairs)
    for number, message in enumerate(_messages(list(lines), repairs), 1):
        talk.add(message, f"message {number}")
    return talk.draft.finish()


def _messages(lines: Sequence[str], repairs: Repairs) -> list[Any]:
    text = without_half_characters("\n".join(lines), repairs, "whole file")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        quiet = Repairs()
        found = [line for _, line in objects(lines, quiet)]
        if found:
            for statement in quiet.lines():
                repairs.note(statement, "whole file")
            # A line may be a message, or a whole conversation.
            return [one for line in found for one in (as_list(line.get("messages")) or [line])]
        repairs.note("the file is not whole and was read as far as it goes", "whole file")
        return salvage(text, "messages") or salvage(text, "")
    if isinstance(value, dict):
        return as_list(value.get("messages")) or [value]
    return as_list(value)


@attrs.define
class _Talk:
    """Turns messages into steps. `open` are the calls that wait for their results."""

    draft: TranscriptBuilder
    repairs: Repairs
    open: OpenCalls = attrs.field(factory=OpenCalls)

    def add(self, message: object, where: str) -> None:
        """Append the steps of one message, which is found at `where` ("message 3")."""
        if not isinstance(message, dict):
            self.repairs.note("a message that is no object was skipped", where)
            return
        at = seconds(message.get("timestamp"))
        content = message.get("content")
        match message.get("role"):
            case "tool" | "function":
                self._result(string(message.get("tool_call_id")), joined(content), at)
            case "user" if self.draft and _OBSERVED.match(joined(content)):
                self._result("", joined(content), at)
            case "user" | "assistant" as role:
                self._content(role, content, at, where)
                if role == "assistant":
                    self._calls(message, at, where)
            case "system" | "developer":
                self.draft.add("system", "meta", joined(content), at=at)
            case role:
                self.repairs.note(f"a message of unknown role {role!r:.40} was read as meta", where)
                self.draft.add("system", "meta", joined(content), at=at)

    def _content(self, role: Role, content: object, at: float | None, where: str) -> None:
        for block in content if isinstance(content, list) else [content]:
            if isinstance(block, dict) and block.get("type") == "tool_use":
                self._call(string(block.get("name")), block.get("input"), block.get("id"), at)
            elif isinstance(block, dict) and block.get("type") == "tool_result":
                text = joined(block.get("content"))
                self._result(string(block.get("tool_use_id")), text, at, failed=bool(block.get("is_error")))
            else:
                for sort, text in parts(block):
                    if sort == "text" and text and role == "user":
                        for kind, said in user_steps(text):
                            self.draft.add(role, kind, said, at=at)
                    elif sort == "text" and text:
                        self.draft.add(role, "text", text, at=at)
                    elif sort == "thinking" and role == "assistant":
                        self.draft.add(role, "thinking", text, at=at)
                    elif text:
                        self.draft.add(role, "meta", text, at=at)
        if content is not None and not isinstance(content, str | list):
            self.repairs.note("a message without content was skipped", where)

    def _calls(self, message: Mapping[str, Any], at: float | None, where: str) -> None:
        made = as_list(message.get("tool_calls"))
        if isinstance(message.get("function_call"), dict):
            made = [*made, {"function": message["function_call"]}]
        for call in made:
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                self._call(string(function.get("name")), function.get("arguments"), call.get("id"), at)
            else:
                self.repairs.note("a call without a function was skipped", where)

    def _call(self, tool: str, given: object, call_id: object, at: float | None) -> None:
        name = string(call_id) or f"step-{len(self.draft)}"
        self.open.add(name)
        self.draft.add("assistant", "tool_call", "", tool=tool, args=call_arguments(given or {}), call_id=name, at=at)

    def _result(self, call_id: str, text: str, at: float | None, *, failed: bool = False) -> None:
        name = call_id or self.open.first()
        self.open.close(name)
        self.draft.add("tool", "tool_result", text, call_id=name, error=failed, at=at)
