"""Copilot Chat's exports from VS Code: one JSON object with a list of requests, each with what the user said and the
parts of the response. The calls' arguments and results stand in the request's metadata, where the export has them.

The editor's own store of a session is read as well: the same object, whole or as a first line with changes below.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from throughline.domain.recording import Recording
from throughline.transcripts.builder import (
    Repairs,
    TranscriptBuilder,
    as_list,
    call_arguments,
    milliseconds,
    string,
)
from throughline.transcripts.jsonl import objects, salvage, without_half_characters

NAME = "copilot-chat"

_BEGUN = re.compile(r"\s*\{")
_MARKS = re.compile(r'(?<!\\)"(?:responderUsername|requesterUsername|initialLocation|requestId)"\s*:')
_REQUESTS = re.compile(r'(?<!\\)"requests"\s*:\s*\[')
# Parts of a response that say nothing: the frames of edits, progress and the page's own controls.
_NOTES = frozenset(
    {
        "clearToPreviousToolInvocation",
        "codeblockUri",
        "command",
        "confirmation",
        "elicitation",
        "elicitation2",
        "elicitationSerialized",
        "extensions",
        "externalEdits",
        "hook",
        "mcpServersStarting",
        "multiDiffData",
        "prepareToolInvocation",
        "progressMessage",
        "progressTask",
        "progressTaskSerialized",
        "pullRequest",
        "questionCarousel",
        "reference",
        "treeData",
        "undoStop",
        "usedContext",
        "workspaceEdit",
    }
)
# Parts that stand in the midst of a text.
_REFERENCE = "inlineReference"
_INVOCATIONS = frozenset({"toolInvocation", "toolInvocationSerialized"})
_EDITS = frozenset({"textEdit", "textEditGroup", "notebookEdit", "notebookEditGroup"})


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines are an object with requests and the name of who responds."""
    text = "\n".join(head)
    return bool(_BEGUN.match(text) and _REQUESTS.search(text) and _MARKS.search(text))


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; of a half-written file, what stands before the cut."""
    repairs = Repairs()
    draft = TranscriptBuilder(NAME, repairs)
    page = list(lines)
    text = without_half_characters("\n".join(page), repairs, "whole file")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = _changed(page, repairs)
        if value is None:
            repairs.note("the file is not whole and was read as far as it goes", "whole file")
            value = {"requests": salvage(text, "requests")}
    if isinstance(value, dict) and value.get("kind") == 0:
        value = value.get("v")
    requests = as_list(value.get("requests")) if isinstance(value, dict) else []
    for number, request in enumerate(requests, 1):
        if isinstance(request, dict):
            _Request(request, f"request {number}", draft, repairs).read()
        else:
            repairs.note("a request that is no object was skipped", f"request {number}")
    return draft.finish()


def _changed(page: Sequence[str], repairs: Repairs) -> object:
    """The session that an editor keeps as lines, in its last state: the first has the whole, each further one a change.
    None where the lines are no such log.
    """
    quiet = Repairs()
    state: object = None
    for number, line in objects(page, quiet):
        if state is None:
            if line.get("kind") != 0 or not isinstance(line.get("v"), dict):
                return None
            state = line["v"]
        elif not _apply(state, line):
            repairs.note("a change that does not fit was skipped", f"line {number}")
    for statement in quiet.lines():
        repairs.note(statement, "whole file")
    return state


def _apply(state: object, change: Mapping[str, Any]) -> bool:
    """Make one change: set (1), append from a place on (2) or delete (3) what its keys lead to. False where they lead
    nowhere.
    """
    keys = as_list(change.get("k"))
    inside: Any = state
    try:
        for key in keys[:-1]:
            inside = inside[key]
        match change.get("kind"):
            case 1:
                inside[keys[-1]] = change.get("v")
            case 2:
                listed = inside.setdefault(keys[-1], []) if isinstance(inside, dict) else inside[keys[-1]]
                if isinstance(place := change.get("i"), int):
                    del listed[max(0, place) :]
                listed.extend(as_list(change.get("v")))
            case 3:
                del inside[keys[-1]]
            case _:
                return False
    except (LookupError, TypeError, AttributeError):
        return False
    return True


@attrs.frozen
class _Called:
    """What a request's metadata say of a call."""

    tool: str
    """The tool's name."""
    args: dict[str, Any]
    """The arguments."""
    result: str | None
    """What it gave back, None where the export has nothing of it."""


@attrs.frozen
class _Request:
    """One request with its response, and the draft that its steps go to."""

    request: Mapping[str, Any]
    where: str
    draft: TranscriptBuilder
    repairs: Repairs

    @property
    def at(self) -> float | None:
        return milliseconds(self.request.get("timestamp"))

    def read(self) -> None:
        message = self.request.get("message")
        words = string(message.get("text")) if isinstance(message, dict) else string(message)
        if words.strip():
            self.draft.add("user", "prompt", words, at=self.at)
        else:
            self.repairs.note("a request without words was skipped", self.where)
        result = self.request.get("result")
        called = dict(_calls(result.get("metadata"))) if isinstance(result, dict) else {}
        # The page may show a call's id without what the editor adds to it.
        names = {name.partition("__")[0]: name for name in called} | {name: name for name in called}
        shown = False
        for kind, part in _joined(as_list(self.request.get("response"))):
            if kind == "text":
                self.draft.add("assistant", "text", string(part).strip(), at=self.at)
            elif isinstance(part, dict):
                name = names.get(string(part.get("toolCallId")), "")
                self._part(kind, part, name, called.get(name))
                shown |= kind in _INVOCATIONS
        # Where the page shows no call, the calls of the rounds are in the metadata alone.
        for name, call in () if shown else called.items():
            self._call(name, call.tool, call.args, call.result, failed=False)
        if self.request.get("isCanceled") is True:
            self.draft.add("user", "interrupt", "[request canceled]", at=self.at)
        details = result.get("errorDetails") if isinstance(result, dict) else None
        if isinstance(details, dict) and (said := string(details.get("message"))):
            self.draft.add("system", "meta", said, at=self.at)

    def _part(self, kind: str, part: Mapping[str, Any], name: str, called: _Called | None) -> None:
        if kind in _INVOCATIONS:
            call = called or _shown(part)
            result, failed = _result(part)
            shown = call.result if call.result is not None else result
            name = name or string(part.get("toolCallId"))
            self._call(name, call.tool or string(part.get("toolId")), call.args, shown, failed=failed)
        elif kind == "thinking":
            value = part.get("value")
            text = "\n".join(map(string, value)) if isinstance(value, list) else string(value)
            if text.strip():
                self.draft.add("assistant", "thinking", text.strip(), at=self.at)
        elif kind in _EDITS:
            args = {"path": _path(part.get("uri")), "edits": as_list(part.get("edits"))}
            self._call("", "edit", args, None, failed=False)
        elif kind in ("warning", "errorDetails", "info"):
            self.draft.add("system", "meta", _text(part.get("content")), at=self.at)
        elif kind not in _NOTES:
            self.repairs.note(f"a part of unknown kind {kind!r:.40} was skipped", self.where)

    def _call(self, name: str, tool: str, args: dict[str, Any], result: str | None, *, failed: bool) -> None:
        name = name or f"step-{len(self.draft)}"
        self.draft.add("assistant", "tool_call", "", tool=tool, args=args, call_id=name, at=self.at)
        if result is not None:
            self.draft.add("tool", "tool_result", result, call_id=name, error=failed, at=self.at)


def _joined(response: Sequence[Any]) -> Iterator[tuple[str, object]]:
    """The parts of a response by kind: pieces of one text, with the names that stand in its midst, are one."""
    held: list[str] = []
    for part in [*response, None]:
        kind = string(part.get("kind")) if isinstance(part, dict) else ""
        if isinstance(part, dict) and kind in ("", "markdownContent", "markdownVuln"):
            held.append(_text(part.get("content", part) if kind else part))
        elif isinstance(part, dict) and kind == _REFERENCE:
            reference = part.get("inlineReference")
            held.append(f"`{string(part.get('name')) or _path(reference)}`")
        elif kind not in _NOTES:
            if text := "".join(held).strip():
                yield "text", text
            held.clear()
            if kind:
                yield kind, part


def _text(value: object) -> str:
    """A text, or the value of one that Markdown wraps."""
    return string(value.get("value")) if isinstance(value, dict) else string(value)


def _path(reference: object) -> str:
    """The name of what a reference points to."""
    if not isinstance(reference, dict):
        return ""
    inner = reference.get("uri") or reference.get("location")
    named = string(reference.get("name")) or string(reference.get("path")) or string(reference.get("fsPath"))
    deeper = inner.get("uri", inner) if isinstance(inner, dict) else None
    return named or (string(deeper.get("path")) if isinstance(deeper, dict) else "")


def _calls(metadata: object) -> Iterator[tuple[str, _Called]]:
    """The calls of a request's rounds by their ids."""
    if not isinstance(metadata, dict):
        return
    results = metadata.get("toolCallResults")
    for round_ in as_list(metadata.get("toolCallRounds")):
        for call in as_list(round_.get("toolCalls")) if isinstance(round_, dict) else []:
            if isinstance(call, dict) and (name := string(call.get("id"))):
                given = results.get(name) if isinstance(results, dict) else None
                result = "\n".join(_strings(given.get("content"))) if isinstance(given, dict) else None
                yield name, _Called(string(call.get("name")), call_arguments(call.get("arguments") or {}), result)


def _strings(content: object) -> Iterator[str]:
    """The texts of a result: its values, and those under `text` where a value is a tree."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, dict):
            for key in ("value", "text"):
                if isinstance(value.get(key), str):
                    yield value[key]
            waiting += [inner for inner in reversed(value.values()) if isinstance(inner, dict | list)]


def _shown(part: Mapping[str, Any]) -> _Called:
    """A call as the page showed it."""
    given, details = part.get("toolSpecificData"), part.get("resultDetails")
    args: dict[str, Any] = {}
    if isinstance(given, dict):
        line = given.get("commandLine")
        command = line.get("original") if isinstance(line, dict) else given.get("command")
        args = {"command": command} if isinstance(command, str) else {}
        args = call_arguments(given["rawInput"]) if "rawInput" in given else args
    if not args and isinstance(details, dict) and "input" in details:
        args = call_arguments(details["input"])
    said = _text(part.get("invocationMessage"))
    return _Called(string(part.get("toolId")), args or ({"message": said} if said else {}), None)


def _result(part: Mapping[str, Any]) -> tuple[str | None, bool]:
    """What the page showed of a call's result, None where it showed nothing, and whether the call failed."""
    details = part.get("resultDetails")
    if isinstance(details, dict):
        return "\n".join(_strings(details.get("output"))), details.get("isError") is True
    past = _text(part.get("pastTenseMessage"))
    return past or None, False
