"""What the page of Cline or Roo Code showed of a task: a list of things said or asked, each of a kind of its own."""

import json
import re
from collections.abc import Mapping
from typing import Any

import attrs

from throughline.transcripts.builder import TranscriptBuilder, call_arguments, milliseconds, string

_SHOWN = re.compile(r'"type"\s*:\s*"(?P<sort>say|ask)"\s*,\s*"(?P=sort)"\s*:\s*"')
_BEGUN = re.compile(r"\s*\[\s*\{")

# What the page repeats of a request, and its own marks.
_MARKS = frozenset(
    {
        "api_req_started",
        "api_req_finished",
        "api_req_retried",
        "api_req_deleted",
        "checkpoint_created",
        "checkpoint_saved",
        "deleted_api_reqs",
        "mcp_server_request_started",
        "resume_task",
        "resume_completed_task",
        "shell_integration_warning",
        "task_progress",
    }
)
_ASKS = {"followup": "question", "plan_mode_respond": "response", "act_mode_respond": "response"}
_RESULTS = frozenset({"browser_action_result", "codebase_search_result", "command_output", "mcp_server_response"})
# Tools whose content is what they gave back, and not what they were called with.
_READS = re.compile(r"(?:read|list|search|web|codebase|fetch)", re.IGNORECASE)
_CHANGED = "HAS_CHANGES"


def recognises(text: str) -> bool:
    """Whether a file that begins with this text is such a list."""
    return bool(_BEGUN.match(text) and _SHOWN.search(text, 0, 4_000))


@attrs.define
class Page:
    """Turns what was shown into steps."""

    draft: TranscriptBuilder
    """Where the steps go."""
    begun: bool = False
    """Whether the task was told: it is the first thing that is said."""
    call: str = ""
    """The id of the newest call, "" where it has its result."""
    put_out: list[str] = attrs.field(factory=list)
    """What that call has put out so far: a command does so line by line."""

    def add(self, shown: Mapping[str, Any]) -> None:
        """Append the steps of one thing that was shown."""
        kind = string(shown.get("say") if "say" in shown else shown.get("ask"))
        text, at = string(shown.get("text")), milliseconds(shown.get("ts"))
        if kind in _RESULTS:
            self.put_out.append(text)
            return
        if kind in _MARKS:
            return
        self.end(at)
        if not self.begun and kind in ("text", "task"):
            self.begun = True
            self._say("user", "prompt", text, at)
        elif kind in ("text", "completion_result"):
            self._say("assistant", "text", text.removesuffix(_CHANGED), at)
        elif kind in _ASKS:
            self._say("assistant", "text", string(_object(text).get(_ASKS[kind])) or text, at)
        elif kind == "reasoning":
            self._say("assistant", "thinking", text, at)
        elif kind in ("user_feedback", "task"):
            self._say("user", "prompt", text, at)
        elif kind in ("command", "tool", "use_mcp_server", "browser_action", "browser_action_launch"):
            self._call(kind, text, at)
        elif kind == "condense_context":
            condensed = shown.get("contextCondense")
            summary = string(condensed.get("summary")) if isinstance(condensed, dict) else text
            self._say("user", "compact_summary", summary, at)
        else:
            self._say("system", "meta", text, at)

    def end(self, at: float | None = None) -> None:
        """Append the result of the newest call where there is one."""
        if self.put_out:
            self.draft.add("tool", "tool_result", "\n".join(self.put_out), call_id=self.call, at=at)
            self.put_out.clear()
            self.call = ""

    def _say(self, role: Any, kind: Any, text: str, at: float | None) -> None:
        if text.strip():
            self.draft.add(role, kind, text.strip(), at=at)

    def _call(self, kind: str, text: str, at: float | None) -> None:
        args = {"command": text} if kind == "command" else call_arguments(text)
        named = "toolName" if kind == "use_mcp_server" else "tool"
        tool = {"command": "execute_command"}.get(kind) or string(args.get(named)) or kind
        given = args.get("content") if kind == "tool" and _READS.match(tool) else None
        kept = {key: value for key, value in args.items() if key != named and (given is None or key != "content")}
        self.call = f"step-{len(self.draft)}"
        self.draft.add("assistant", "tool_call", "", tool=tool, args=kept, call_id=self.call, at=at)
        if isinstance(given, str) and given:
            self.put_out.append(given)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
