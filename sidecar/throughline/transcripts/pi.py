"""The session files of the coding agent pi: JSON Lines of entries, of which those of type `message` hold what was said.

The entries form a tree, for a user may go back to an earlier one: of its branches only the last is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from throughline.domain.recording import Recording
from throughline.transcripts.builder import (
    Repairs,
    TranscriptBuilder,
    as_list,
    call_arguments,
    joined,
    parts,
    seconds,
    string,
)
from throughline.transcripts.jsonl import objects, peek
from throughline.transcripts.tree import TreeEntry, left_behind

NAME = "pi"

_ROLES = frozenset({"user", "assistant", "toolResult", "bashExecution", "custom", "branchSummary", "compactionSummary"})
_SUMMARIES = frozenset({"compaction", "branch_summary", "branchSummary", "compactionSummary"})
# What the tool keeps for itself: settings, names, marks and the state of its extensions.
_NOTES = frozenset(
    {
        "context_transform",
        "custom",
        "ephemeral",
        "label",
        "model_change",
        "session",
        "session_info",
        "thinking_level_change",
    }
)


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines hold an entry with a message, or the header of a session with its folder."""
    return any(_known(line) for line in peek(head))


def _known(line: Mapping[str, Any]) -> bool:
    message = line.get("message")
    if line.get("type") == "session":
        return isinstance(line.get("id"), str) and isinstance(line.get("cwd"), str)
    return line.get("type") == "message" and isinstance(message, dict) and string(message.get("role")) in _ROLES


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; what was said on branches that the user left is not read."""
    repairs = Repairs()
    draft = TranscriptBuilder(NAME, repairs)
    page = list(objects(lines, repairs))
    entries = [entry for _, line in page if (entry := _entry(line))]
    left = left_behind(entries, entries[-1].id if entries else "")
    for number, line in page:
        where = f"line {number}"
        if string(line.get("id")) in left:
            repairs.note("the user went back to an earlier message, and what was left there is not read", where)
            continue
        _Line(line, where, draft, repairs).read()
    return draft.finish()


def _entry(line: Mapping[str, Any]) -> TreeEntry | None:
    """The place of a line in the tree, None where it has none."""
    name, parent = line.get("id"), line.get("parentId")
    if not isinstance(name, str) or "parentId" not in line:
        return None
    message = line.get("message")
    begins = line.get("type") == "message" and isinstance(message, dict) and message.get("role") == "user"
    # Whoever goes back to the beginning says something first once more.
    return TreeEntry(name, string(parent) or ("the beginning" if begins else ""), begins)


@attrs.frozen
class _Line:
    """One line of the file, and the draft that its steps go to."""

    line: Mapping[str, Any]
    where: str
    draft: TranscriptBuilder
    repairs: Repairs

    @property
    def at(self) -> float | None:
        return seconds(self.line.get("timestamp"))

    def read(self) -> None:
        kind = string(self.line.get("type"))
        if kind == "message":
            message = self.line.get("message")
            self._message(message if isinstance(message, dict) else {})
        elif kind in _SUMMARIES:
            self.draft.add("user", "compact_summary", string(self.line.get("summary")), at=self.at)
        elif kind == "custom_message":
            self.draft.add("user", "meta", joined(self.line.get("content")), at=self.at)
        elif kind not in _NOTES:
            self.repairs.note(f"a line of unknown kind {kind!r:.40} was skipped", self.where)

    def _message(self, message: Mapping[str, Any]) -> None:
        content = message.get("content")
        match message.get("role"):
            case "user":
                for kind, text in parts(content):
                    self.draft.add("user", "prompt" if kind == "text" else "meta", text, at=self.at)
            case "assistant":
                self._reply(content)
            case "toolResult":
                call_id = string(message.get("toolCallId"))
                failed = bool(message.get("isError"))
                self.draft.add("tool", "tool_result", joined(content), call_id=call_id, error=failed, at=self.at)
            case "bashExecution":
                run = f"!{string(message.get('command'))}\n{string(message.get('output'))}".strip()
                self.draft.add("user", "command", run, at=self.at)
            case str(role) if role in _SUMMARIES:
                self.draft.add("user", "compact_summary", string(message.get("summary")), at=self.at)
            case "custom" | "hookMessage":
                self.draft.add("user", "meta", joined(content), at=self.at)
            case role:
                self.repairs.note(f"a message of unknown role {role!r:.40} was read as meta", self.where)
                self.draft.add("system", "meta", joined(content), at=self.at)

    def _reply(self, content: object) -> None:
        for block in [content] if isinstance(content, str) else as_list(content):
            if isinstance(block, dict) and block.get("type") == "toolCall":
                self.draft.add(
                    "assistant",
                    "tool_call",
                    "",
                    tool=string(block.get("name")),
                    args=call_arguments(block.get("arguments") or {}),
                    call_id=string(block.get("id")),
                    at=self.at,
                )
                continue
            for kind, text in parts(block):
                known = kind if kind in ("text", "thinking") else "meta"
                self.draft.add("assistant", known, text, at=self.at)  # type: ignore[arg-type]
