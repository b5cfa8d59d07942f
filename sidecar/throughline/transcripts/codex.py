"""Codex's rollouts: JSON Lines, each an item of the conversation, its context, or an event that repeats an item.

Older rollouts hold the items bare, newer ones in a `payload`. The texts in the user's place that the tool wrote itself
are told by how they begin.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from throughline.domain.recording import Kind, Recording
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

NAME = "codex"

_WRAPPED = frozenset({"response_item", "event_msg", "session_meta", "turn_context", "compacted"})
_BARE = frozenset({"message", "reasoning", "function_call", "function_call_output", "local_shell_call"})
# What the tool keeps of a call, beside its arguments.
_OWN = frozenset({"type", "id", "call_id", "name", "status", "arguments", "input", "metadata", "namespace"})
_TAGS = "INSTRUCTIONS|environment_context|user_instructions|user_info|permissions instructions|skill|user_action"
# A text that the tool slipped in: the project's instructions, the surroundings, a skill.
SLIPPED_IN = re.compile(rf"\s*(?:# AGENTS\.md instructions[^\n]*\s+)?<(?P<tag>{_TAGS})>.*</(?P=tag)>\s*", re.DOTALL)
# What an editor adds above the words: its open files, a selection, the files that were dropped on the page. The last
# mark counts, for what was selected may hold one.
_SURROUNDED = re.compile(r"\s*# [^\n]+\n")
_CONTEXT = re.compile(r"\s*# (?:Context from my IDE setup|Files mentioned by the user|Selected text):")
_REQUEST = re.compile(r"^## My request for Codex:[ \t]*", re.MULTILINE)
_IMAGE = re.compile(r"\s*<image(?: name=[^>\n]*)?>\s*(?:</image>)?\s*|\s*</image>\s*")
_ABORTED = re.compile(r"\s*<turn_aborted>")
_SHELL = re.compile(r"\s*<user_shell_command>")
_EXIT = re.compile(r"(?:Exit code|Process exited with code|exit_code):? (?P<code>-?\d+)")
_REFUSED = re.compile(r"(?:exec command |patch |\w+ )?(?:rejected|aborted|denied) by (?:the )?user")


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines hold an item in a payload, or a bare one."""
    return any(_known(line) for line in peek(head))


def _known(line: Mapping[str, Any]) -> bool:
    kind = line.get("type")
    if isinstance(line.get("payload"), dict):
        return isinstance(kind, str) and kind in _WRAPPED
    bare = isinstance(kind, str) and kind in _BARE and "message" not in line
    return line.get("record_type") == "state" or (bare and ("role" in line or "call_id" in line or "summary" in line))


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`."""
    repairs = Repairs()
    draft = TranscriptBuilder(NAME, repairs)
    for number, line in objects(lines, repairs):
        kind, payload = string(line.get("type")), line.get("payload")
        where, at = f"line {number}", seconds(line.get("timestamp"))
        if not isinstance(payload, dict):
            if kind:
                _Item(line, at, where, draft, repairs).read()
        elif kind == "response_item":
            _Item(payload, at, where, draft, repairs).read()
        elif kind == "compacted":
            draft.add("user", "compact_summary", string(payload.get("message")), at=at)
        elif kind == "event_msg":
            # Every other event repeats an item or tells of tokens, times and progress.
            if payload.get("type") == "turn_aborted":
                draft.add("user", "interrupt", f"[turn aborted: {string(payload.get('reason')) or 'no reason'}]", at=at)
            elif payload.get("type") == "thread_rolled_back":
                draft.take_back(payload.get("num_turns"))
                repairs.note("the user took turns back, and they were left out", where)
        elif kind not in _WRAPPED:
            repairs.note(f"a line of unknown kind {kind!r:.40} was skipped", where)
    return draft.finish()


def input_parts(text: str) -> Iterator[tuple[Kind, str]]:
    """The kinds and texts of the steps that a text in the user's place makes: what an editor put above the user's
    words is no part of them.
    """
    marks = list(_REQUEST.finditer(text)) if _SURROUNDED.match(text) else []
    if marks:
        above, text = text[: marks[-1].start()].strip(), text[marks[-1].end() :].strip()
        yield "meta", above
    if text or not marks:
        yield input_kind(text), text


def input_kind(text: str) -> Kind:
    """Which kind of step a text in the user's place is, as far as its own first characters tell."""
    if _CONTEXT.match(text) or _IMAGE.fullmatch(text):
        return "meta"
    if _ABORTED.match(text):
        return "interrupt"
    if _SHELL.match(text):
        return "command"
    return "meta" if SLIPPED_IN.fullmatch(text) else "prompt"


@attrs.frozen
class _Item:
    """One item of the conversation, and the draft that its steps go to."""

    item: Mapping[str, Any]
    at: float | None
    where: str
    draft: TranscriptBuilder
    repairs: Repairs

    def read(self) -> None:
        kind = string(self.item.get("type"))
        if kind == "message":
            self._message()
        elif kind == "reasoning":
            told = "\n".join(joined(self.item.get(field)) for field in ("summary", "content") if self.item.get(field))
            self.draft.add("assistant", "thinking", told, at=self.at)
        elif kind.endswith("_call"):
            self._call(kind)
        elif kind.endswith("_output"):
            self._result()
        elif kind in ("compaction", "compaction_summary"):
            self.draft.add("user", "compact_summary", joined(self.item.get("summary")), at=self.at)
        elif kind != "ghost_snapshot":
            self.repairs.note(f"an item of unknown kind {kind!r:.40} was skipped", self.where)

    def _message(self) -> None:
        role = self.item.get("role")
        for kind, text in parts(self.item.get("content")):
            if role == "assistant":
                self.draft.add("assistant", "text" if kind == "text" else "meta", text, at=self.at)
            elif role == "user" and kind == "text":
                for sort, said in input_parts(text):
                    self.draft.add("user", sort, said, at=self.at)
            elif role == "user":
                self.draft.add("user", "meta", text, at=self.at)
            else:
                self.draft.add("system", "meta", text, at=self.at)

    def _call(self, kind: str) -> None:
        item = self.item
        given = item.get("arguments", item.get("input", item.get("action")))
        args = call_arguments(given) if given is not None else {key: item[key] for key in item if key not in _OWN}
        if "input" in item and not isinstance(item["input"], dict):
            args = {"input": item["input"]}
        self.draft.add(
            "assistant",
            "tool_call",
            "",
            tool=string(item.get("name")) or kind.removesuffix("_call"),
            args=args,
            call_id=string(item.get("call_id")) or string(item.get("id")),
            at=self.at,
        )

    def _result(self) -> None:
        text, failed = _output(self.item.get("output"))
        call_id = string(self.item.get("call_id"))
        self.draft.add("tool", "tool_result", text, call_id=call_id, error=failed, at=self.at)


def _output(output: object) -> tuple[str, bool]:
    """A result's text and whether the call failed: a string, perhaps of JSON, or content with a mark of success."""
    if isinstance(output, dict):
        if "content" in output:
            return joined(output["content"]), output.get("success") is False
        facts = output.get("metadata")
        code = facts.get("exit_code") if isinstance(facts, dict) else None
        if isinstance(output.get("output"), str):
            return output["output"], isinstance(code, int) and code != 0
        return json.dumps(output, ensure_ascii=False), False
    text = joined(as_list(output)) if isinstance(output, list) else string(output)
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and isinstance(found.get("output"), str):
            return _output(found)
    code = _EXIT.search(text, 0, 400)
    return text, bool(_REFUSED.match(text)) or (code is not None and int(code["code"]) != 0)
