"""SWE-agent's trajectories: one JSON object with the messages (`history`) and the steps (`trajectory`).

The history is read where there is one, for it tells who spoke. Without function calling a call is the
assistant's `action`, and its output comes back in the user's place. Its small sister, mini-swe-agent, keeps `messages`
alone: what is beside a message, in `extra`, tells the commands, and how they ended.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

import attrs

from throughline.domain.recording import Recording
from throughline.transcripts.builder import Repairs, TranscriptBuilder, as_list, call_arguments, joined, string
from throughline.transcripts.jsonl import salvage, without_half_characters

NAME = "swe-agent"

_SHELL = "shell"  # the tool of an action, which has no name of its own
_BEGUN = re.compile(r'"(history|trajectory)"\s*:\s*\[\s*\{')
_FIELD = re.compile(r'"(action|observation|response|role)"\s*:')
_MINI = re.compile(r'"trajectory_format"\s*:\s*"mini-swe-agent|"(?:mini_version|model_stats|exit_status)"\s*:')
_INFO = re.compile(r'"info"\s*:\s*\{')
# A command in the text of a reply, where nothing beside it tells.
_COMMAND = re.compile(
    r"^```(?:bash|sh|mswea_bash_command)[ \t]*\n(?P<fenced>.*?)\n```"
    r"|<mswea_bash_command>(?P<tagged>.*?)</mswea_bash_command>",
    re.MULTILINE | re.DOTALL,
)
_REFUSED = re.compile(r"\s*(?:Interrupted by user|Command not executed\. The user rejected)")
_TASK = re.compile(r"\s*The user added a new task: ")


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines open an object whose history or trajectory holds messages or steps, or one that tells
    of a run of mini-swe-agent, whose messages may come a long way below.
    """
    text = "\n".join(head)
    if not text.lstrip().startswith("{"):
        return False
    begun = _BEGUN.search(text)
    if begun and _FIELD.search(text, begun.end()):
        return True
    return bool(_INFO.search(text) and _MINI.search(text)) or '"trajectory_format": "mini-swe-agent' in text


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; of a half-written file, what stands before the cut."""
    repairs = Repairs()
    text = "\n".join(lines)
    chat = _Chat(TranscriptBuilder(NAME, repairs), repairs, mini=not _BEGUN.search(text))
    for number, message in enumerate(_messages(text, repairs), 1):
        chat.add(message, f"message {number}")
    return chat.draft.finish()


def _messages(text: str, repairs: Repairs) -> list[Any]:
    text = without_half_characters(text, repairs, "whole file")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        repairs.note("the file is not whole and was read as far as it goes", "whole file")
        # The cut may fall early in the history and leave the trajectory, which stands before it, whole.
        found = (salvage(text, name) for name in ("history", "messages"))
        return max(*found, _unfold(salvage(text, "trajectory")), key=len)
    told = value if isinstance(value, dict) else {}
    # Its small sister keeps messages alone.
    return as_list(told.get("history")) or as_list(told.get("messages")) or _unfold(as_list(told.get("trajectory")))


def _unfold(trajectory: Sequence[Any]) -> list[Any]:
    """A trajectory as the messages that a history would hold, begun by those of its first request."""
    messages: list[Any] = []
    for number, step in enumerate(trajectory):
        if not isinstance(step, dict):
            messages.append(step)
            continue
        if number == 0:
            # Some versions have added the reply to the request by the time they write it down.
            messages += takewhile(_asks, as_list(step.get("query")) or as_list(step.get("messages")))
        messages.append({**step, "role": "assistant", "content": step.get("response") or step.get("thought")})
        if "observation" in step:
            messages.append({"role": "tool", "content": step["observation"]})
    return messages


def _asks(message: object) -> bool:
    return not isinstance(message, dict) or message.get("role") != "assistant" or bool(message.get("is_demo"))


@attrs.define
class _Chat:
    """Turns messages into steps. `open` are the ids of the calls that wait for their results, `mini` tells whether the
    commands stand in the replies' texts, `begun` whether the agent has spoken, `demo` whether the last message belongs
    to a demonstration.
    """

    draft: TranscriptBuilder
    repairs: Repairs
    open: list[str] = attrs.field(factory=list)
    mini: bool = False
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
            case "user" if self.begun and (task := _TASK.match(joined(item.get("content")))):
                self.draft.add("user", "prompt", joined(item.get("content"))[task.end() :])
            case "user" if self.begun:
                self._result(item)
            case "user":
                self.draft.add("user", "prompt", joined(item.get("content")))
            # The run's end is written as a message, too.
            case "system" | "exit":
                self.draft.add("system", "meta", joined(item.get("content")))
            case None if item.get("type") == "function_call_output":
                self._result({**item, "content": item.get("output"), "tool_call_id": item.get("call_id")})
            case None if isinstance(item.get("output"), list):
                self._response(item["output"], where)
            case role:
                self.repairs.note(f"a message of unknown role {role!r:.40} was read as meta", where)
                self.draft.add("system", "meta", joined(item.get("content")))

    def _response(self, output: Sequence[Any], where: str) -> None:
        """A reply as the provider's other API gives it: a list of texts, thoughts and calls."""
        reply: dict[str, Any] = {"content": [], "tool_calls": [], "thinking_blocks": []}
        for one in output:
            match one:
                case {"type": "message", "content": content}:
                    reply["content"] += [{"text": joined(content)}]
                case {"type": "function_call"}:
                    reply["tool_calls"].append({"id": one.get("call_id") or one.get("id"), "function": one})
                case {"type": "reasoning"}:
                    reply["thinking_blocks"].append({"thinking": joined(one.get("summary"))})
                case _:
                    self.repairs.note("a part of a reply that is unknown was skipped", where)
        self._reply(reply, where)

    def _reply(self, item: Mapping[str, Any], where: str) -> None:
        for block in as_list(item.get("thinking_blocks")):
            if isinstance(block, dict):
                self.draft.add("assistant", "thinking", joined(block.get("thinking")))
        if thought := string(item.get("reasoning_content")):
            self.draft.add("assistant", "thinking", thought)
        if text := joined(item.get("content")) or joined(item.get("thought")):
            self.draft.add("assistant", "text", text)
        self.open, self.begun = [], True
        for call in as_list(item.get("tool_calls")):
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                self._call(
                    string(function.get("name")), call_arguments(function.get("arguments") or {}), call.get("id")
                )
            else:
                self.repairs.note("a call without a function was skipped", where)
        actions = [string(item.get("action"))] if "action" in item else self._commands(item)
        for action in actions if not self.open else ():
            if action.strip():
                self._call(_SHELL, {"command": action}, None)

    def _commands(self, item: Mapping[str, Any]) -> list[str]:
        extra = item.get("extra")
        noted = as_list(extra.get("actions")) if isinstance(extra, dict) else []
        commands = [string(one.get("command")) for one in noted if isinstance(one, dict)]
        if commands or not self.mini:
            return commands
        found = list(_COMMAND.finditer(joined(item.get("content"))))
        # Two commands were refused by the tool, and none was run.
        return [found[0]["fenced"] or found[0]["tagged"] or ""] if len(found) == 1 else []

    def _call(self, tool: str, args: dict[str, Any], call_id: object) -> None:
        name = string(call_id) or f"step-{len(self.draft)}"
        self.open.append(name)
        self.draft.add("assistant", "tool_call", "", tool=tool, args=args, call_id=name)

    def _result(self, item: Mapping[str, Any]) -> None:
        named = [name for name in (*as_list(item.get("tool_call_ids")), item.get("tool_call_id")) if string(name)]
        call_id = string(named[0]) if named else self.open[0] if self.open else ""
        self.open = [name for name in self.open if name != call_id]
        extra = item.get("extra")
        code = extra.get("returncode") if isinstance(extra, dict) else None
        text = joined(item.get("content"))
        failed = (isinstance(code, int) and code != 0) or bool(_REFUSED.match(text))
        self.draft.add("tool", "tool_result", text, call_id=call_id, error=failed)
