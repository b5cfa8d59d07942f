"""opencode's sessions: the JSON of `opencode export`, and the Markdown that its `/export` writes.

A message has parts. What the tool put in beside the user's words (the files that they name, reminders) is marked as
synthetic in the JSON, and left out of the Markdown.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

from throughline.domain.recording import Kind, Recording
from throughline.transcripts.builder import (
    Repairs,
    TranscriptBuilder,
    as_list,
    call_arguments,
    milliseconds,
    string,
)
from throughline.transcripts.jsonl import salvage, without_half_characters
from throughline.transcripts.markdown import message_sections, open_fence

NAME = "opencode"

_BEGUN = re.compile(r'\s*\{\s*"(?:info|messages)"\s*:')
_SESSION = re.compile(r'(?<!\\)"id"\s*:\s*"ses_|(?<!\\)"sessionID"\s*:\s*"')
_ID = re.compile(r"\*\*Session ID:\*\* ses_\w+\s*")
_HEADING = re.compile(r"## (?P<author>User|Assistant)(?: \(.*\))?\s*")
_TOOL = re.compile(r"\*\*Tool: (?P<name>.+)\*\*\s*")
_FIELD = re.compile(r"\*\*(?P<name>Input|Output|Error):\*\*\s*")
_RULE = re.compile("---")
_THINKING = "_Thinking:_"
_TITLED = re.compile(r"\*\*[^*\n]+\*\*")
# Parts that hold nothing said: the frames of a call to the model, and the state of the files.
_NOTES = frozenset({"step-start", "step-finish", "snapshot", "patch", "agent", "retry"})
_TOP = 4  # lines in which an export in Markdown says what it is


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines are an export's: JSON with a session and its messages, or Markdown with its id."""
    text = "\n".join(head)
    return bool(_BEGUN.match(text) and _SESSION.search(text)) or any(_ID.fullmatch(line) for line in head[:_TOP])


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; of half-written JSON, what stands before the cut."""
    repairs = Repairs()
    draft = TranscriptBuilder(NAME, repairs)
    page = list(lines)
    if next((line for line in page if line.strip()), "").lstrip().startswith("{"):
        _read_json(page, draft, repairs)
    else:
        _read_markdown(page, draft, repairs)
    return draft.finish()


def _read_json(page: Sequence[str], draft: TranscriptBuilder, repairs: Repairs) -> None:
    text = without_half_characters("\n".join(page), repairs, "whole file")
    session: object = None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        repairs.note("the file is not whole and was read as far as it goes", "whole file")
        messages = salvage(text, "messages")
    else:
        messages = as_list(value.get("messages")) if isinstance(value, dict) else []
        session = value.get("info") if isinstance(value, dict) else None
    reverted = session.get("revert") if isinstance(session, dict) else None
    back = reverted if isinstance(reverted, dict) and reverted.get("messageID") else {}
    for number, message in enumerate(messages, 1):
        where = f"message {number}"
        info = message.get("info") if isinstance(message, dict) else None
        if not isinstance(info, dict):
            repairs.note("a message that is no object was skipped", where)
            continue
        parts, taken_back = as_list(message.get("parts")), info.get("id") == back.get("messageID", info)
        if taken_back:
            # Of the first message that was taken back, the parts before the one that is named still stand.
            ids = [part.get("id") if isinstance(part, dict) else None for part in parts]
            parts = parts[: ids.index(back["partID"])] if back.get("partID") in ids and back.get("partID") else []
        _Message(info, parts, where, draft, repairs).read()
        if taken_back:
            repairs.note("the user took messages back, and they were left out", where)
            return


@attrs.frozen
class _Message:
    """One message of the JSON, and the draft that its steps go to."""

    info: Mapping[str, Any]
    parts: Sequence[Any]
    where: str
    draft: TranscriptBuilder
    repairs: Repairs

    @property
    def at(self) -> float | None:
        times = self.info.get("time")
        return milliseconds(times.get("created")) if isinstance(times, dict) else None

    def read(self) -> None:
        role = self.info.get("role")
        if role not in ("user", "assistant"):
            self.repairs.note(f"a message of unknown role {role!r:.40} was read as meta", self.where)
        for part in self.parts:
            if isinstance(part, dict):
                self._part(part)
            else:
                self.repairs.note("a part of a message that is no object was skipped", self.where)

    def _part(self, part: Mapping[str, Any]) -> None:
        kind, user = string(part.get("type")), self.info.get("role") == "user"
        text = string(part.get("text"))
        if kind == "text":
            if text.strip():
                self.draft.add("user" if user else "assistant", self._kind(part), text, at=self.at)
        elif kind == "reasoning":
            self.draft.add("assistant", "thinking", text, at=self.at)
        elif kind == "tool":
            self._tool(part)
        elif kind == "file":
            self.draft.add("user" if user else "assistant", "meta", _named(part), at=self.at)
        elif kind == "subtask":
            self.draft.add("user", "command", string(part.get("prompt")), at=self.at)
        elif kind not in _NOTES and kind != "compaction":
            self.repairs.note(f"a part of unknown kind {kind!r:.40} was skipped", self.where)

    def _kind(self, part: Mapping[str, Any]) -> Kind:
        role = self.info.get("role")
        if part.get("synthetic") is True or part.get("ignored") is True or role not in ("user", "assistant"):
            return "meta"
        if role == "user":
            return "prompt"
        return "compact_summary" if self.info.get("summary") is True else "text"

    def _tool(self, part: Mapping[str, Any]) -> None:
        given = part.get("state")
        state = given if isinstance(given, dict) else {}
        name = string(part.get("callID")) or string(part.get("id"))
        self.draft.add(
            "assistant",
            "tool_call",
            "",
            tool=string(part.get("tool")),
            args=call_arguments(state.get("input") or {}),
            call_id=name,
            at=self.at,
        )
        failed = state.get("status") == "error"
        if failed or state.get("status") == "completed":
            text = string(state.get("error" if failed else "output"))
            self.draft.add("tool", "tool_result", text, call_id=name, error=failed, at=self.at)


def _named(part: Mapping[str, Any]) -> str:
    return f"[file: {string(part.get('filename')) or 'without a name'}]"


def _read_markdown(page: Sequence[str], draft: TranscriptBuilder, repairs: Repairs) -> None:
    for section in message_sections(page, _HEADING, _RULE, lambda _, above: bool(_FIELD.fullmatch(above))):
        if section.heading["author"] == "User":
            if text := "\n".join(section.lines).strip():
                draft.add("user", "prompt", text)
            continue
        pieces = [piece for piece in _pieces(section.lines) if any(line.strip() for line in piece.lines)]
        for piece in pieces:
            if piece.kind == "tool":
                _add_tool(piece.lines, draft)
            elif piece.kind == "thinking":
                _add_thought(piece.lines, draft, repairs, last=piece is pieces[-1])
            else:
                draft.add("assistant", "text", "\n".join(piece.lines).strip())


@attrs.frozen
class _Piece:
    """A part of an agent's message in Markdown, with its mark as the first line where it has one."""

    kind: Literal["text", "thinking", "tool"]
    lines: list[str]


def _pieces(lines: Sequence[str]) -> Iterator[_Piece]:
    """The parts of an agent's message: each but a text begins with its mark, outside a fence."""
    piece = _Piece("text", [])
    fence = ""
    for line in lines:
        if not fence and (_TOOL.fullmatch(line) or line.strip() == _THINKING):
            yield piece
            piece = _Piece("tool" if _TOOL.fullmatch(line) else "thinking", [])
        piece.lines.append(line)
        fence = open_fence(fence, line)
    yield piece


def _add_thought(lines: Sequence[str], draft: TranscriptBuilder, repairs: Repairs, *, last: bool) -> None:
    """A thought and, in a message's last part, the text that follows it: nothing parts them but the thought's titles,
    each of which has a paragraph.
    """
    paragraphs = "\n".join(lines[1:]).strip().split("\n\n")
    end = len(paragraphs)
    if last and end > 1:
        end = 1
        while end < len(paragraphs) - 1 and _TITLED.fullmatch(paragraphs[end - 1].strip()):
            end += 2 if _TITLED.fullmatch(paragraphs[min(end + 1, len(paragraphs) - 1)].strip()) else 1
        repairs.note("where a thought ends is not marked: its first paragraph was taken for it", "whole file")
    draft.add("assistant", "thinking", "\n\n".join(paragraphs[:end]))
    if rest := "\n\n".join(paragraphs[end:]).strip():
        draft.add("assistant", "text", rest)


def _add_tool(lines: Sequence[str], draft: TranscriptBuilder) -> None:
    """A call, its result where the export shows it, and the text that follows."""
    named = _TOOL.fullmatch(lines[0])
    fields: dict[str, str] = {}
    place = 1
    while place < len(lines):
        field = _FIELD.fullmatch(lines[place])
        if field and place + 1 < len(lines) and open_fence("", lines[place + 1]):
            body, place = _fenced_body(lines, place + 1)
            fields[field["name"]] = body
        elif lines[place].strip():
            break
        else:
            place += 1
    name = f"step-{len(draft)}"
    args = call_arguments(fields.get("Input", "{}"))
    draft.add("assistant", "tool_call", "", tool=named["name"] if named else "", args=args, call_id=name)
    for field_name in ("Output", "Error"):
        if field_name in fields:
            draft.add("tool", "tool_result", fields[field_name], call_id=name, error=field_name == "Error")
    if rest := "\n".join(lines[place:]).strip():
        draft.add("assistant", "text", rest)


def _fenced_body(lines: Sequence[str], begun: int) -> tuple[str, int]:
    """What stands in the fence that opens at `begun`, and the place behind it. A fence with a language in it is part of
    what it shows, up to its own end.
    """
    inner = ""
    for place in range(begun + 1, len(lines)):
        line = lines[place]
        if inner or open_fence("```", line):
            # With an open fence, a further mark with a language opens nothing; without, it does.
            inner = open_fence(inner, line)
        else:
            return "\n".join(lines[begun + 1 : place]), place + 1
    return "\n".join(lines[begun + 1 :]), len(lines)
