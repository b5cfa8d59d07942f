"""Claude Code's session files: JSON Lines in which each line is a message, or a note of the tool to itself.

A `user` line may be the user's words, a tool's result, a command's wrapper, a summary or a text that the tool
slipped in; flags and the text's first characters tell which. `toolUseResult` repeats the result that the
message holds and is never read. What reached no model (progress, snapshots, titles, hooks) makes no step.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from throughline.domain.recording import Kind, Recording, Role
from throughline.transcripts.builder import Repairs, TranscriptBuilder, parts, seconds, string
from throughline.transcripts.claude_code_branches import left_branches
from throughline.transcripts.jsonl import objects, peek

NAME = "claude-code"

# Kinds of line that hold nothing said in the conversation: `progress` repeats a subagent's messages, `result` and
# `stream_event` those of a run without a terminal.
_NOTES = frozenset(
    {
        "agent-color",
        "agent-name",
        "agent-setting",
        "ai-title",
        "attribution-snapshot",
        "content-replacement",
        "custom-title",
        "file-history-snapshot",
        "last-prompt",
        "mode",
        "permission-mode",
        "pr-link",
        "progress",
        "queue-operation",
        "rate_limit_event",
        "result",
        "stream_event",
        "summary",
        "tag",
        "task-summary",
        "worktree-state",
    }
)
_MARKS = ("sessionId", "session_id", "uuid", "leafUuid", "messageId")
_REPEATED = "a line that repeats an earlier one, as resumed sessions do, was skipped"

_INTERRUPT = "[Request interrupted by user"
_CONTINUED = "This session is being continued from a previous conversation"
_COMMAND = re.compile(r"\s*<(command-(name|message|args|contents)|local-command-\w+|bash-(input|stdout|stderr))>")
_NOTICE = re.compile(
    r"\s*<(system-reminder|task-notification|teammate-message|ide_\w+|[\w-]+-hook)\b[^>]*>.*</\1>\s*",
    re.DOTALL,
)


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines are Claude Code's, told by a message or by one of the tool's own notes."""
    return any(_known(line) for line in peek(head))


def _known(line: Mapping[str, Any]) -> bool:
    match line.get("type"):
        case "user" | "assistant":
            return isinstance(line.get("message"), dict)
        case "system" | "attachment":
            return any(mark in line for mark in _MARKS)
        case str(kind):
            return kind in _NOTES and any(mark in line for mark in _MARKS)
        case _:
            return False


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`: the main conversation, or a subagent's where the file holds nothing else."""
    repairs, aside = Repairs(), Repairs()
    main, side = TranscriptBuilder(NAME, repairs), TranscriptBuilder(NAME, aside)
    told, queue = _Told(), _Queue()
    page = list(objects(lines, repairs))
    left, prompts = left_branches((line for _, line in page), _prompts)
    if prompts:
        repairs.note(f"a branch that the user left by going back was left out: {prompts} prompts", "whole file")
    for number, line in page:
        where = f"line {number}"
        if string(line.get("uuid")) in left:
            continue
        if told.before(line):
            repairs.note(_REPEATED, where)
            continue
        queue.watch(line, where)
        if line.get("isSidechain") is True or isinstance(line.get("parent_tool_use_id"), str):
            _Line(line, where, side, aside).read()
        else:
            _Line(line, where, main, repairs).read()
    queue.tell(repairs)
    if len(side) and not len(main):
        for statement in repairs.lines():
            aside.note(statement, "whole file")
        return side.finish()
    if len(side):
        repairs.note(f"a subagent's conversation was left out: {len(side)} steps", "whole file")
    return main.finish()


def _prompts(line: Mapping[str, Any]) -> bool:
    """Whether a line is a prompt of the user's."""
    message = line.get("message")
    if line.get("type") != "user" or line.get("isMeta") or not isinstance(message, dict):
        return False
    said = [text for kind, text in parts(message.get("content")) if kind == "text"]
    return any(user_text_kind(text) == "prompt" for text in said)


@attrs.frozen
class _Told:
    """What a file has told so far. A resumed session begins with its history: under the same ids, or, in older
    versions, under new ones that leave the messages and their times as they were.
    """

    seen: set[object] = attrs.field(factory=set)

    def before(self, line: Mapping[str, Any]) -> bool:
        """Whether an earlier line told the same."""
        marks = set(_marks(line))
        known = bool(marks & self.seen)
        self.seen.update(marks)
        return known


def _marks(line: Mapping[str, Any]) -> Iterator[object]:
    if isinstance(uuid := line.get("uuid"), str):
        yield uuid
    kind, message, stamp = line.get("type"), line.get("message"), line.get("timestamp")
    if kind in ("user", "assistant") and isinstance(message, dict) and isinstance(stamp, str):
        said = json.dumps(message.get("content"), sort_keys=True)
        # A message of the model's has an id of its own, and one of the user's with its time is told once.
        yield kind, stamp, string(message.get("id")), hashlib.sha256(said.encode("utf-8", "replace")).digest()


@attrs.frozen
class _Queue:
    """The prompts that were typed while the agent worked. Versions that keep none of those they deliver in the midst of
    a turn leave only the queue's own notes, which do not tell a prompt from a task's end: they are counted.
    """

    waiting: dict[str, str] = attrs.field(factory=dict)
    taken: dict[str, str] = attrs.field(factory=dict)
    said: set[str] = attrs.field(factory=set)

    def watch(self, line: Mapping[str, Any], where: str) -> None:
        """Take in a line's part of the queue, and what it says in the user's place."""
        attached, message = line.get("attachment"), line.get("message")
        if line.get("type") == "user" and isinstance(message, dict):
            self.said.update(text.strip() for _, text in parts(message.get("content")))
        elif isinstance(attached, dict):
            self.said.update(text.strip() for _, text in parts(attached.get("prompt")))
        elif line.get("type") == "queue-operation":
            text = string(line.get("content")).strip()
            if line.get("operation") == "enqueue" and text:
                self.waiting[text] = where
            elif line.get("operation") == "popAll":
                self.waiting.clear()
            elif line.get("operation") == "remove" and self.waiting:
                first = text if text in self.waiting else next(iter(self.waiting))
                self.taken[first] = self.waiting.pop(first)

    def tell(self, repairs: Repairs) -> None:
        """Note the prompts that were delivered, of which the file holds no message."""
        for text, where in self.taken.items():
            if text not in self.said and user_text_kind(text) == "prompt":
                repairs.note("a prompt that was typed while the agent worked is in the queue's notes alone", where)


def user_text_kind(text: str) -> Kind:
    """Which kind of step a text in the user's place is, as far as its own first characters tell."""
    if text.startswith(_CONTINUED):
        return "compact_summary"
    if text.startswith(_INTERRUPT):
        return "interrupt"
    # The caveat that goes before a command's lines is flagged as meta, but belongs to the command.
    if _COMMAND.match(text):
        return "command"
    return "meta" if _NOTICE.fullmatch(text) else "prompt"


@attrs.frozen
class _Line:
    """One line of the file, and the draft that its steps go to."""

    line: Mapping[str, Any]
    where: str
    draft: TranscriptBuilder
    repairs: Repairs

    def read(self) -> None:
        kind = self.line.get("type")
        match kind:
            case "user" | "assistant":
                self._message(kind)
            case "system":
                # The other subtypes tell of hooks, timings and retries: notices to the user.
                if self.line.get("subtype") == "compact_boundary":
                    facts = self.line.get("compactMetadata")
                    self._add(
                        "system",
                        "meta",
                        f"compact_boundary {json.dumps(facts)}" if facts else "compact_boundary",
                    )
            case "attachment":
                self._attachment()
            case _:
                if not isinstance(kind, str) or kind not in _NOTES:
                    self._note(f"a line of unknown kind {kind!r:.40} was skipped")

    def _message(self, role: Role) -> None:
        message = self.line.get("message")
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(content, str | list):
            self._note("a message without content was skipped")
            return
        self._content(role, content)

    def _attachment(self) -> None:
        """A prompt typed while the agent worked is recorded nowhere else; other attachments are reminders."""
        attached = self.line.get("attachment")
        if not isinstance(attached, dict) or attached.get("type") != "queued_command":
            return
        prompt = attached.get("prompt")
        if not isinstance(prompt, str | list):
            self._note("a queued prompt without text was skipped")
            return
        origin = attached.get("origin")
        typed = (
            attached.get("commandMode", "prompt") == "prompt"
            and not attached.get("isMeta")
            and (origin.get("kind") == "human" if isinstance(origin, dict) else True)
        )
        self._content("user", prompt, typed=typed)

    def _content(self, role: Role, content: str | list[Any], *, typed: bool = True) -> None:
        for block in [content] if isinstance(content, str) else content:
            if isinstance(block, str):
                self._text(role, block, typed=typed)
            elif isinstance(block, dict):
                self._block(role, block, typed=typed)
            else:
                self._note("a part of a message that is no block was skipped")

    def _block(self, role: Role, block: Mapping[str, Any], *, typed: bool) -> None:
        kind = string(block.get("type"))
        if kind == "text":
            self._text(role, string(block.get("text")), typed=typed)
        elif kind == "thinking":
            self._add(role, "thinking", string(block.get("thinking")))
        elif kind == "redacted_thinking":
            self._add(role, "thinking", "")
        elif kind.endswith("tool_use"):  # server_tool_use and mcp_tool_use as well
            args = block.get("input")
            if not isinstance(args, dict):
                self._note("a call without arguments was given none")
                args = {}
            self._add(
                role,
                "tool_call",
                "",
                tool=string(block.get("name")),
                args=args,
                call_id=string(block.get("id")),
            )
        elif kind.endswith("tool_result"):
            call_id = string(block.get("tool_use_id"))
            if not call_id:
                self._note("a result does not name its call")
            text = "\n".join(_texts(block.get("content")))
            self._add("tool", "tool_result", text, call_id=call_id, error=bool(block.get("is_error")))
        else:
            if kind not in {"image", "document"}:
                self._note(f"a block of unknown kind {kind!r:.40} was read as meta")
            self._add(role, "meta", f"[{kind or 'block'}]")

    def _text(self, role: Role, text: str, *, typed: bool) -> None:
        self._add(role, self._sort(text, typed=typed) if role == "user" else "text", text)

    def _sort(self, text: str, *, typed: bool) -> Kind:
        """Which kind of step a text on a user's line is."""
        line, origin = self.line, self.line.get("origin")
        kind: Kind = "compact_summary" if line.get("isCompactSummary") else user_text_kind(text)
        sent = isinstance(origin, dict) and origin.get("kind", "human") != "human"
        slipped_in = sent or line.get("isMeta") or line.get("isVisibleInTranscriptOnly") or not typed
        return "meta" if kind == "prompt" and slipped_in else kind

    def _add(self, role: Role, kind: Kind, text: str, **call: Any) -> None:
        stamp = self.line.get("timestamp")
        at = seconds(stamp)
        if stamp and at is None:
            self._note("a time that cannot be read was left out")
        self.draft.add(role, kind, text, at=at, **call)

    def _note(self, statement: str) -> None:
        self.repairs.note(statement, self.where)


def _texts(content: object) -> Iterator[str]:
    """The texts of a tool's result: a link as title and address, what is no text as its kind in brackets."""
    if content is None:
        return
    for block in content if isinstance(content, list) else [content]:
        match block:
            case str(text) | {"type": "text", "text": str(text)}:
                yield text
            case {"title": str(title), "url": str(url)}:
                yield f"{title} {url}"
            case {"type": str(kind)}:
                yield f"[{kind}]"
            case _:
                yield json.dumps(block, ensure_ascii=False)
