"""Cline's and Roo Code's tasks, as they went to the model: a list of messages, in which the client speaks as the user.

The user's words stand in tags (`<task>`, `<feedback>`, `<user_message>`, `<answer>`), beside results under
`[tool for …] Result:` and the editor's surroundings. The agent calls its tools by tags, or, in newer versions, by
blocks. What the page showed of the same task is read by `cline_page`.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from throughline.domain.recording import Recording
from throughline.transcripts import cline_page
from throughline.transcripts.builder import (
    OpenCalls,
    Repairs,
    TranscriptBuilder,
    as_list,
    call_arguments,
    joined,
    milliseconds,
    parts,
    string,
)
from throughline.transcripts.jsonl import salvage, without_half_characters

NAME = "cline"

_BEGUN = re.compile(r'\s*\[\s*\{\s*"(?:role|ts|content|id)"')
_FRAME = re.compile(
    r'(?<!\\)"(?:<task>|<environment_details>|<user_message>|\[TASK RESUMPTION\]'
    r"|\[\w+(?: for [^\n]{0,500}?)?\] Result:)"
)
_OTHERS = re.compile(r'"role"\s*:\s*"(?:system|developer|tool|function|model)"|"tool_calls"\s*:')

# A command in it may have several lines.
_LABEL = re.compile(r"\s*\[(?P<tool>\w+)(?: for .*?| completed)?\] Result:[ \t]*(?:\n|\Z)", re.DOTALL)
_SURROUNDINGS = ("<environment_details>", "</environment_details>")
# The user's words, at a text's beginning or behind the client's sentence: a tag elsewhere is part of what a tool gave.
_WORDS = re.compile(
    r"\s*(?P<lead>(?:The user (?:denied|approved|rejected|has provided|provided|responded)"
    r"|You seem to be having trouble|Auto-approv|New (?:instructions|message)|\[TASK RESUMPTION\])[^<]{0,4000})?"
    r"<(?P<tag>task|feedback|user_message|answer)>[ \t]*\n?(?P<words>.*?)(?:\n?</(?P=tag)>|\Z)",
    re.DOTALL,
)
# A command that still runs: the words come behind what it put out, at the end.
_STILL = re.compile(r"\s*Command is still running")
_LATE_WORDS = "\nThe user provided the following feedback:\n<feedback>\n"
_FAILED = re.compile(
    r"\s*(?:The tool execution failed|The user denied|The user rejected|\[ERROR\]|Missing value|<error>"
    r"|Tool \[\w+\] was not executed|Skipping (?:any|tool)|This tool cannot be used)"
)
# What else the client says in the user's place.
_CLIENT = re.compile(
    r"\s*(?:<(?:environment_details|file_content|folder_content|url_content|workspace_diagnostics|git_commit"
    r"|git_working_state|hook_context|terminal_output|explicit_instructions|system-reminder|custom_instructions)\b"
    r"|\[TASK RESUMPTION\]|\[NOTE\]|\[\[NOTE\]|\[ERROR\]|# (?:task_progress|TODO LIST|Todo List)"
    r"|You seem to be having trouble|\[The user has switched|\(The user did not provide|New (?:instructions|message)"
    r"|Tool \[|The user (?:denied|approved|rejected|has provided feedback))"
)
# The agent's tags: a tool by its name, with its arguments in tags of their own.
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)+|condense|skill|thinking)>")
_ARGUMENT = re.compile(r"\s*<(?P<name>\w+)>")
# These may hold their own end tag, so that the last one counts.
_WHOLE_FILES = frozenset({"content", "diff"})
# The tools by which the agent speaks to the user, each with the argument that holds its words.
_SPEAKS = {
    "attempt_completion": "result",
    "plan_mode_respond": "response",
    "act_mode_respond": "response",
    "ask_followup_question": "question",
}


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines are a list of messages with the client's frames, or of what its page showed."""
    text = "\n".join(head)
    history = _BEGUN.match(text) and _FRAME.search(text) and not _OTHERS.search(text)
    return bool(history) or cline_page.recognises(text)


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; of a half-written file, what stands before the cut."""
    repairs = Repairs()
    draft = TranscriptBuilder(NAME, repairs)
    history, page = _History(draft, repairs), cline_page.Page(draft)
    for number, message in enumerate(_messages(lines, repairs), 1):
        where = f"message {number}"
        if not isinstance(message, dict):
            repairs.note("a message that is no object was skipped", where)
        elif "role" not in message and ("say" in message or "ask" in message):
            page.add(message)
        else:
            history.add(message, where)
    page.end()
    return draft.finish()


def _messages(lines: Iterable[str], repairs: Repairs) -> list[Any]:
    text = without_half_characters("\n".join(lines), repairs, "whole file")
    try:
        return as_list(json.loads(text))
    except (ValueError, RecursionError):
        repairs.note("the file is not whole and was read as far as it goes", "whole file")
        return salvage(text, "")


@attrs.define
class _History:
    """Turns the messages of a history into steps."""

    draft: TranscriptBuilder
    """Where the steps go."""
    repairs: Repairs
    """What was mended."""
    open: OpenCalls = attrs.field(factory=OpenCalls)
    """The calls that wait for their results."""
    tools: dict[str, str] = attrs.field(factory=dict)
    """The tools of the calls by their ids."""

    def add(self, message: Mapping[str, Any], where: str) -> None:
        """Append the steps of one message, which is found at `where` ("message 3")."""
        at, content = milliseconds(message.get("ts")), message.get("content")
        if not isinstance(content, str | list):
            self.repairs.note("a message without content was skipped", where)
        elif message.get("isSummary") is True:
            self.draft.add("user", "compact_summary", joined(content), at=at)
        elif message.get("role") == "user":
            self._user(content, at)
        elif message.get("role") == "assistant":
            self._reply(content, at)
        else:
            self.repairs.note(f"a message of unknown role {message.get('role')!r:.40} was read as meta", where)
            self.draft.add("system", "meta", joined(content), at=at)

    def _user(self, content: str | list[Any], at: float | None) -> None:
        tool = ""
        held: list[str] = []
        for block in [content] if isinstance(content, str) else content:
            if isinstance(block, dict) and block.get("type") == "tool_result":
                self._result(tool, held, at)
                tool = ""
                self._native(block, at)
                continue
            for sort, text in parts(block):
                # What follows a label is the result, and may begin as one itself.
                label = _LABEL.match(text) if sort == "text" and held != [""] else None
                if label:
                    self._result(tool, held, at)
                    tool = label["tool"]
                    held.append("")
                body, surroundings = _parted(text[label.end() :] if label else text)
                if sort != "text":
                    self.draft.add("user", "meta", text, at=at)
                elif tool and body:
                    held.append(body)
                elif body:
                    self._spoken(body, at)
                if surroundings:
                    self._result(tool, held, at)
                    tool = ""
                    self.draft.add("user", "meta", surroundings, at=at)
        self._result(tool, held, at)

    def _native(self, block: Mapping[str, Any], at: float | None) -> None:
        name = string(block.get("tool_use_id"))
        held = [_parted(text)[0] for sort, text in parts(block.get("content")) if sort == "text"]
        self._result(self.tools.get(name) or "result", ["", *held], at, name=name, failed=block.get("is_error") is True)

    def _result(self, tool: str, held: list[str], at: float | None, *, name: str = "", failed: bool = False) -> None:
        """Append the result of a call of `tool`, of which `held` has the texts, and what the user said with it."""
        if not held:
            return
        told: list[str] = []
        words: list[str] = []
        for text in held:
            lead, said, rest = _words(text, tool)
            told += [part for part in (lead, rest) if part]
            words += [said] if said else []
        result = "\n".join(told)
        held.clear()
        call_id = name or self.open.first(tool)
        self.open.close(call_id)
        error = failed or bool(_FAILED.match(result))
        self.draft.add("tool", "tool_result", result, call_id=call_id, error=error, at=at)
        for said in words:
            self.draft.add("user", "prompt", said, at=at)

    def _spoken(self, text: str, at: float | None) -> None:
        """A text that is no result: the user's words, or the client's."""
        lead, words, rest = _words(text, "")
        if words:
            for kind, said in (("meta", lead), ("prompt", words), ("meta", rest)):
                if said:
                    self.draft.add("user", "prompt" if kind == "prompt" else "meta", said, at=at)
        else:
            self.draft.add("user", "meta" if _CLIENT.match(text) else "prompt", text, at=at)

    def _reply(self, content: str | list[Any], at: float | None) -> None:
        for block in [content] if isinstance(content, str) else content:
            kind = block.get("type") if isinstance(block, dict) else "text"
            if isinstance(block, dict) and kind == "tool_use":
                self._call(string(block.get("name")), call_arguments(block.get("input") or {}), at, block.get("id"))
                continue
            for sort, text in parts(block):
                if kind == "reasoning" or sort == "thinking":
                    self.draft.add("assistant", "thinking", text, at=at)
                elif sort == "text":
                    self._tagged(text, at)
                else:
                    self.draft.add("assistant", "meta", text, at=at)

    def _tagged(self, text: str, at: float | None) -> None:
        for name, body in _tags(text):
            if name == "thinking":
                self.draft.add("assistant", "thinking", body.strip(), at=at)
            elif name:
                self._call(name, _arguments(body), at)
            elif body.strip():
                self.draft.add("assistant", "text", body.strip(), at=at)

    def _call(self, tool: str, args: dict[str, Any], at: float | None, call_id: object = None) -> None:
        spoken = string(args.get(_SPEAKS.get(tool, ""))).strip()
        if spoken:
            self.draft.add("assistant", "text", spoken, at=at)
            args = {key: value for key, value in args.items() if key != _SPEAKS[tool]}
        name = string(call_id) or f"step-{len(self.draft)}"
        self.open.add(name, tool)
        self.tools[name] = tool
        self.draft.add("assistant", "tool_call", "", tool=tool, args=args, call_id=name, at=at)


def _parted(text: str) -> tuple[str, str]:
    """A text and the editor's surroundings at its end, each without the blank lines around it."""
    text = text.strip()
    begun = text.rfind(_SURROUNDINGS[0])
    if begun < 0 or not (begun == 0 or text.endswith(_SURROUNDINGS[1])):
        return text, ""
    return text[:begun].rstrip(), text[begun:]


def _words(text: str, tool: str) -> tuple[str, str, str]:
    """What stands before the user's words in a text, the words, and what stands behind; without words, all is before.
    A tool's result has words in the tags of an answer only where the tool speaks to the user.
    """
    if _STILL.match(text):
        before, late, said = text.rpartition(_LATE_WORDS)
        words, ended, rest = said.rpartition("</feedback>")
        return (before.strip(), words.strip(), rest.strip()) if late and ended and not rest.strip() else (text, "", "")
    found = _WORDS.match(text)
    if not found or (tool and not found["lead"] and found["tag"] != "feedback" and tool not in (*_SPEAKS, "result")):
        return text, "", ""
    return (found["lead"] or "").strip(), found["words"].strip(), text[found.end() :].strip()


def _tags(text: str) -> Iterator[tuple[str, str]]:
    """The parts of an agent's text: a call's or a thought's tag with its body, and under "" what stands outside."""
    marks = list(_TAG.finditer(text))
    ends: dict[str, list[int]] = {}
    for mark in marks:
        if mark["end"]:
            ends.setdefault(mark["name"], []).append(mark.start())
    after = 0
    for mark in marks:
        name = mark["name"]
        if mark["end"] or mark.start() < after:
            continue
        known = ends.get(name, [])
        place = bisect_left(known, mark.end())
        end = known[place] if place < len(known) else len(text)
        called = _ARGUMENT.match(text, mark.end()) or (place < len(known) and not text[mark.end() : end].strip())
        if name != "thinking" and not called:
            continue
        yield "", text[after : mark.start()]
        yield name, text[mark.end() : end]
        after = min(len(text), end + len(name) + 3) if place < len(known) else len(text)
    yield "", text[after:]


def _arguments(body: str) -> dict[str, Any]:
    """A call's arguments, each in a tag of its own."""
    found: dict[str, Any] = {}
    place = 0
    while begun := _ARGUMENT.match(body, place):
        closing = f"</{begun['name']}>"
        whole = begun["name"] in _WHOLE_FILES
        end = body.rfind(closing, begun.end()) if whole else body.find(closing, begun.end())
        value = body[begun.end() : end] if end >= 0 else body[begun.end() :]
        found[begun["name"]] = value.strip("\n")
        place = end + len(closing) if end >= 0 else len(body)
    return found
