"""Gemini CLI's recorded chats: one JSON object with all messages, or JSON Lines of messages and changes to them.

A message is written again when it has grown, under the same id. An older checkpoint is a plain list of contents.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from throughline.domain.recording import Kind, Recording
from throughline.transcripts.builder import Repairs, TranscriptBuilder, as_list, call_arguments, joined, seconds, string
from throughline.transcripts.jsonl import objects, salvage, without_half_characters

NAME = "gemini"

_SESSION = re.compile(r'"sessionId"\s*:\s*"')
_PROJECT = re.compile(r'"projectHash"\s*:\s*"')
_MODEL = re.compile(r'"role"\s*:\s*"model"')
_PARTS = re.compile(r'"parts"\s*:\s*\[')
_NOTICES = frozenset({"info", "error", "warning"})
# The files that the words name with an @ follow them, between these two lines.
_FILES = re.compile(r"^--- Content from referenced files ---[ \t]*$", re.MULTILINE)
_FILES_END = re.compile(r"^--- End of content ---[ \t]*$", re.MULTILINE)
# What the tool says in the user's place: the surroundings, the editor's state, a hook's words, a summary.
_SURROUNDINGS = re.compile(
    r"\s*(?:<(?P<tag>session_context|hook_context|loaded_context|extension_context)\b.*</(?P=tag)>\s*$"
    r"|This is the Gemini CLI\. We are setting up the context for our chat\."
    r"|Here is (?:the user's editor context|a summary of changes in the user's editor context)"
    r"|System: Please continue\.)",
    re.DOTALL,
)
_SUMMARY = re.compile(r"\s*<(?:state_snapshot|compressed_chat_history)>")
_SHELL = re.compile(r"\s*I ran the following shell command:\n```")
_ACKNOWLEDGED = re.compile(r"\s*Got it\. Thanks for the (?:additional )?context!\s*")


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines name a session with its project's hash, or hold contents of a model in parts."""
    text = "\n".join(head)
    if not text.lstrip().startswith(("{", "[")):
        return False
    return bool((_SESSION.search(text) and _PROJECT.search(text)) or (_MODEL.search(text) and _PARTS.search(text)))


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; of a half-written file, what stands before the cut."""
    repairs = Repairs()
    chat = _Chat(TranscriptBuilder(NAME, repairs), repairs)
    for number, message in enumerate(_messages(list(lines), repairs), 1):
        chat.add(message, f"message {number}")
    return chat.draft.finish()


def _messages(lines: Sequence[str], repairs: Repairs) -> list[Any]:
    text = without_half_characters("\n".join(lines), repairs, "whole file")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _changes(lines, repairs) or _cut(text, repairs)
    if isinstance(value, dict):
        return _list_of(value)
    return as_list(value)


def _list_of(value: Mapping[str, Any]) -> list[Any]:
    found = value.get("messages", value.get("history"))
    return as_list(found) or ([dict(value)] if "type" in value or "role" in value else [])


def _cut(text: str, repairs: Repairs) -> list[Any]:
    repairs.note("the file is not whole and was read as far as it goes", "whole file")
    return salvage(text, "messages") or salvage(text, "history") or salvage(text, "")


def _changes(lines: Iterable[str], repairs: Repairs) -> list[Any]:
    """The messages of JSON Lines in their last state; none where no line is an object of its own."""
    quiet = Repairs()
    kept: dict[str, Any] = {}
    for number, line in objects(lines, quiet):
        told = line.get("$set")
        gone = line.get("$rewindTo")
        if isinstance(gone, str):
            ids = list(kept)
            for name in ids[ids.index(gone) :] if gone in ids else []:
                del kept[name]
            repairs.note("the user took messages back, and they were left out", f"line {number}")
        elif isinstance(told, dict):
            kept.update({string(one.get("id")): one for one in as_list(told.get("messages")) if isinstance(one, dict)})
        elif isinstance(line.get("id"), str) and "type" in line:
            kept[line["id"]] = line
    if kept:
        for statement in quiet.lines():
            repairs.note(statement, "whole file")
    return list(kept.values())


@attrs.frozen
class _Chat:
    """Turns messages into steps."""

    draft: TranscriptBuilder
    repairs: Repairs

    def add(self, message: object, where: str) -> None:
        """Append the steps of one message, which is found at `where` ("message 3")."""
        if not isinstance(message, dict):
            self.repairs.note("a message that is no object was skipped", where)
            return
        at = seconds(message.get("timestamp"))
        match message.get("type", message.get("role")):
            case "user":
                self._user(message, at)
            case "gemini" | "model":
                self._reply(message, at)
            case str(kind) if kind in _NOTICES:
                self.draft.add("system", "meta", joined(message.get("content")), at=at)
            case kind:
                self.repairs.note(f"a message of unknown kind {kind!r:.40} was read as meta", where)
                self.draft.add("system", "meta", joined(message.get("content")), at=at)

    def _user(self, message: Mapping[str, Any], at: float | None) -> None:
        """The user's words are what was typed; files that the tool put in beside them are not."""
        content = message.get("content", message.get("parts"))
        typed = message.get("displayContent")
        if typed:
            self.draft.add("user", "prompt", joined(typed), at=at)
        words: list[str] = []
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, dict) and isinstance(part.get("functionResponse"), dict):
                found = part["functionResponse"]
                self._result(string(found.get("id")) or string(found.get("name")), [part], failed=False, at=at)
            else:
                words.append(joined(part))
        for kind, text in _spoken(words):
            self.draft.add("user", "meta" if typed else kind, text, at=at)

    def _reply(self, message: Mapping[str, Any], at: float | None) -> None:
        for thought in as_list(message.get("thoughts")):
            if isinstance(thought, dict):
                told = [string(thought.get(field)) for field in ("subject", "description")]
                self.draft.add(
                    "assistant", "thinking", "\n".join(filter(None, told)), at=seconds(thought.get("timestamp"))
                )
        content = message.get("content", message.get("parts"))
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, dict) and isinstance(part.get("functionCall"), dict):
                self._call(part["functionCall"], at)
            elif text := joined(part):
                thinking = isinstance(part, dict) and part.get("thought") is True
                said: Kind = "meta" if _ACKNOWLEDGED.fullmatch(text) else "text"
                self.draft.add("assistant", "thinking" if thinking else said, text, at=at)
        calls = [call for call in as_list(message.get("toolCalls")) if isinstance(call, dict)]
        for call in calls:
            self._call(call, seconds(call.get("timestamp")) or at)
        for call in calls:
            if "result" in call or call.get("status") in ("error", "cancelled"):
                failed = call.get("status") in ("error", "cancelled")
                result = call.get("result") or call.get("resultDisplay") or string(call.get("status"))
                self._result(string(call.get("id")), result, failed=failed, at=seconds(call.get("timestamp")) or at)

    def _call(self, call: Mapping[str, Any], at: float | None) -> None:
        self.draft.add(
            "assistant",
            "tool_call",
            "",
            tool=string(call.get("name")),
            args=call_arguments(call.get("args") or {}),
            call_id=string(call.get("id")) or string(call.get("name")),
            at=at,
        )

    def _result(self, call_id: str, result: object, *, failed: bool, at: float | None) -> None:
        text = "\n".join(_told(result))
        self.draft.add("tool", "tool_result", text, call_id=call_id, error=failed, at=at)


def _spoken(words: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    """The kinds and texts of a message's parts. All from the mark of the first file to the last end mark is files, for
    a file may hold such a mark itself.
    """
    text = "\n".join(words)
    begun = _FILES.search(text)
    if begun is None:
        yield from ((_kind(one), one) for one in words)
        return
    ends = list(_FILES_END.finditer(text, begun.end()))
    end = ends[-1].end() if ends else len(text)
    for kind, one in (("", text[: begun.start()]), ("meta", text[begun.start() : end]), ("", text[end:])):
        if one.strip():
            yield ("meta", one.strip()) if kind else (_kind(one), one.strip())


def _kind(text: str) -> Kind:
    """Which kind of step a text in the user's place is, as far as its own first characters tell."""
    if _SUMMARY.match(text):
        return "compact_summary"
    if _SHELL.match(text):
        return "command"
    return "meta" if _SURROUNDINGS.match(text) else "prompt"


def _told(result: object) -> Iterator[str]:
    """The texts of a tool's result: what its response puts out or complains of, or the response as it is."""
    for part in result if isinstance(result, list) else [result]:
        response = part.get("functionResponse") if isinstance(part, dict) else None
        given = response.get("response") if isinstance(response, dict) else None
        match given:
            case {"output": str(text)} | {"error": str(text)} | {"content": str(text)}:
                yield text
            case dict():
                yield json.dumps(given, ensure_ascii=False)
            case _:
                yield joined(part)
