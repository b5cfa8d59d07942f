"""Copilot CLI's sessions: the events that it keeps in JSON Lines, and the Markdown that its `/share` writes.

In the Markdown a call and its output are one section, so the step of the call has the arguments that it shows and is
followed by the result.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from throughline.domain.recording import Recording
from throughline.transcripts.builder import Repairs, TranscriptBuilder, as_list, call_arguments, joined, seconds, string
from throughline.transcripts.jsonl import objects, peek
from throughline.transcripts.markdown import message_sections

NAME = "copilot-cli"

_SAID = frozenset({"assistant.message", "assistant.turn_start", "session.start", "user.message"})
_TITLE = re.compile(r"# (?:\S+ )?Copilot CLI Session\s*")
_HEADING = re.compile(
    r"### \S+ (?P<author>User|Copilot|Reasoning|Info|Warning|Error|Notification)\s*"
    r"|### (?P<mark>\S+) `(?P<tool>[^`]+)`\s*|### \N{PACKAGE} (?P<task>.+)"
)
_ANY = re.compile(".*")
_SHOWN_AS = re.compile(r"\s*<details>\s*(?:<summary>[^<]*</summary>)?\s*\Z")
_STAMP = re.compile(r"<sub>.*</sub>\s*")
_TOP = 4  # lines in which an export in Markdown says what it is


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines hold an event with its data, or the title of a shared session."""
    return any(_TITLE.fullmatch(line) for line in head[:_TOP]) or any(_known(line) for line in peek(head))


def _known(line: Mapping[str, Any]) -> bool:
    return string(line.get("type")) in _SAID and isinstance(line.get("data"), dict)


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; what the user took back is left out, and so are a subagent's events."""
    repairs = Repairs()
    page = list(lines)
    if next((line for line in page if line.strip()), "").lstrip().startswith("{"):
        return _read_events(page, repairs)
    draft = TranscriptBuilder(NAME, repairs)
    _read_markdown(page, draft)
    return draft.finish()


def _read_events(page: Sequence[str], repairs: Repairs) -> Recording:
    kept: list[tuple[str, Mapping[str, Any]]] = []
    places: dict[str, int] = {}
    for number, line in objects(page, repairs):
        where, data = f"line {number}", line.get("data")
        if line.get("type") == "session.snapshot_rewind" and isinstance(data, dict):
            place = places.get(string(data.get("upToEventId")), len(kept))
            if place < len(kept) and kept[place][1].get("id") == data.get("upToEventId"):
                repairs.note("the user took messages back, and they were left out", where)
                # Whoever goes back to words of their own says them anew.
                del kept[place + (kept[place][1].get("type") != "user.message") :]
            continue
        places[string(line.get("id"))] = len(kept)
        kept.append((where, line))
    draft = TranscriptBuilder(NAME, repairs)
    aside = 0
    called: set[str] = set()
    for where, event in kept:
        data = event.get("data")
        if not isinstance(data, dict):
            repairs.note("an event without data was skipped", where)
        elif data.get("parentToolCallId"):
            aside += 1
        else:
            _Event(string(event.get("type")), data, seconds(event.get("timestamp")), draft, called).read()
    if aside:
        repairs.note(f"a subagent's conversation was left out: {aside} events", "whole file")
    return draft.finish()


@attrs.frozen
class _Event:
    """One event, and the draft that its steps go to. `called` are the ids of the calls so far: a call is requested in a
    message and told again where it begins.
    """

    kind: str
    data: Mapping[str, Any]
    at: float | None
    draft: TranscriptBuilder
    called: set[str]

    def read(self) -> None:
        data = self.data
        match self.kind:
            case "user.message":
                source = string(data.get("source"))
                typed = source in ("", "user") and not data.get("isAutopilotContinuation")
                self._say("user", "prompt" if typed else "meta", joined(data.get("content")))
            case "assistant.message":
                self._say("assistant", "thinking", string(data.get("reasoningText")))
                self._say("assistant", "text", joined(data.get("content")))
                for call in as_list(data.get("toolRequests")):
                    if isinstance(call, dict):
                        self._call(call, call.get("name"))
            case "assistant.reasoning":
                self._say("assistant", "thinking", string(data.get("content")))
            case "tool.execution_start" | "tool.user_requested":
                if string(data.get("toolCallId")) not in self.called:
                    self._call(data, data.get("toolName"))
            case "tool.execution_complete":
                self._result()
            case "session.compaction_complete":
                self._say("user", "compact_summary", string(data.get("summaryContent")))
            case "abort":
                self._say("user", "interrupt", f"[aborted: {string(data.get('reason')) or 'no reason'}]")
            case "system.message" | "session.info" | "session.error" | "session.warning" | "skill.invoked":
                self._say("system", "meta", joined(data.get("content")) or string(data.get("message")))
            case _:
                pass

    def _say(self, role: Any, kind: Any, text: str) -> None:
        if text.strip():
            self.draft.add(role, kind, text, at=self.at)

    def _call(self, call: Mapping[str, Any], tool: object) -> None:
        name = string(call.get("toolCallId"))
        self.called.add(name)
        args = call_arguments(call.get("arguments") or {})
        self.draft.add("assistant", "tool_call", "", tool=string(tool), args=args, call_id=name, at=self.at)

    def _result(self) -> None:
        result, failed = self.data.get("result"), self.data.get("success") is False
        given = result.get("content") if isinstance(result, dict) else result
        complaint = self.data.get("error")
        said = string(complaint.get("message")) if isinstance(complaint, dict) else string(complaint)
        name = string(self.data.get("toolCallId"))
        self.draft.add("tool", "tool_result", joined(given) or said, call_id=name, error=failed, at=self.at)


def _read_markdown(page: Sequence[str], draft: TranscriptBuilder) -> None:
    for section in message_sections(page, _HEADING, _ANY, lambda heading, _: bool(heading and heading["tool"])):
        heading = section.heading
        text = "\n".join(line for line in section.lines if not _STAMP.fullmatch(line)).strip()
        text = text.removesuffix("---").strip()
        if heading["tool"]:
            _add_tool(heading, text, draft)
        elif not text:
            continue
        elif heading["author"] == "User":
            draft.add("user", "prompt", text)
        elif heading["author"] == "Copilot":
            draft.add("assistant", "text", text)
        elif heading["author"] == "Reasoning":
            draft.add("assistant", "thinking", text.strip("*"))
        else:
            draft.add("system", "meta", text)


def _add_tool(heading: re.Match[str], text: str, draft: TranscriptBuilder) -> None:
    name = f"step-{len(draft)}"
    shown, _, output = f"\n{text}".partition("\n```")
    args = {"shown": _SHOWN_AS.sub("", shown).strip()}
    draft.add("assistant", "tool_call", "", tool=heading["tool"], args=args, call_id=name)
    result = output.partition("\n")[2].rpartition("```")[0].strip("\n")
    draft.add("tool", "tool_result", result, call_id=name, error=heading["mark"] == "\N{CROSS MARK}")
