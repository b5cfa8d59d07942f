"""OpenHands' trajectories: events, each an action or an observation, in a list or in the `history` of a row.

An action of the agent's is a call, and the observation that names it as its cause is the result. What the agent thought
beside a call is said before it. The events of the later SDK are told by their `kind`, and their calls by an id.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from throughline.domain.recording import Recording
from throughline.transcripts.builder import Repairs, TranscriptBuilder, as_list, call_arguments, joined, seconds, string
from throughline.transcripts.jsonl import without_half_characters

NAME = "openhands"

_SOURCE = re.compile(r'"source"\s*:\s*"(agent|user|environment)"')
_EVENT = re.compile(r'"(action|observation)"\s*:\s*"|"kind"\s*:\s*"(Action|Observation|Message|SystemPrompt)Event"')
_GAP = re.compile(r"[\s,\[\]]*")
_HISTORY = re.compile(r'"(?:history|events|items)"\s*:\s*\[')
# What the tool tells itself, and no model is told.
_INWARD = frozenset({"agent_state_changed", "change_agent_state", "null", "recall"})
_OWN = frozenset({"thought", "is_confirmed", "confirmation_state", "security_risk", "blocking", "hidden", "timeout"})


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines hold events, each with a source and an action or an observation."""
    text = "\n".join(head)
    return text.lstrip().startswith(("[", "{")) and bool(_SOURCE.search(text) and _EVENT.search(text))


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`; of a half-written file, what stands before the cut."""
    repairs = Repairs()
    teller = _Teller(TranscriptBuilder(NAME, repairs), repairs)
    for number, event in enumerate(
        _events(without_half_characters("\n".join(lines), repairs, "whole file"), repairs), 1
    ):
        teller.add(event, f"event {number}")
    return teller.draft.finish()


def _events(text: str, repairs: Repairs) -> Iterator[Any]:
    """Every event, in a list, one a line, or in pairs, as some versions wrote an action with its observation."""
    begun = _HISTORY.search(text) if text.lstrip().startswith("{") else None
    place, depth, decoder = begun.end() if begun else 0, 1 if begun else 0, json.JSONDecoder()
    while gap := _GAP.match(text, place):
        listed, depth = depth > 0, depth + gap[0].count("[") - gap[0].count("]")
        if gap.end() == len(text) or (listed and depth <= 0):
            # What follows the list, as a row's other fields do, is no event.
            if depth > 0:
                repairs.note("the file is not whole and was read as far as it goes", "whole file")
            return
        try:
            item, place = decoder.raw_decode(text, gap.end())
        except (ValueError, RecursionError):
            repairs.note("the file is not whole and was read as far as it goes", "whole file")
            return
        yield item


@attrs.define
class _Teller:
    """Turns events into steps. `calls` are the ids of the calls by the events that made them."""

    draft: TranscriptBuilder
    repairs: Repairs
    calls: dict[object, str] = attrs.field(factory=dict)

    def add(self, event: object, where: str) -> None:
        """Append the steps of one event, which is found at `where` ("event 3")."""
        if isinstance(event, dict) and isinstance(event.get("kind"), str):
            self._kind(event, event["kind"], where)
        elif isinstance(event, dict) and isinstance(event.get("action"), str):
            self._action(event, event["action"])
        elif isinstance(event, dict) and isinstance(event.get("observation"), str):
            self._observation(event, event["observation"])
        else:
            self.repairs.note("what is neither an action nor an observation was skipped", where)

    def _action(self, event: Mapping[str, Any], action: str) -> None:
        given = event.get("args")
        args: dict[str, Any] = given if isinstance(given, dict) else {}
        at, said = seconds(event.get("timestamp")), string(args.get("content")) or string(event.get("message"))
        thought = string(args.get("thought"))
        if action in _INWARD:
            return
        if action == "system" or event.get("source") == "environment":
            self.draft.add("system", "meta", said, at=at)
        elif event.get("source") == "user":
            self.draft.add("user", "prompt", said, at=at)
        elif action == "think":
            self.draft.add("assistant", "thinking", thought or said, at=at)
        elif action in ("message", "finish", "reject"):
            told = said if action == "message" else string(args.get("final_thought")) or thought or said
            self.draft.add("assistant", "text", told, at=at)
        else:
            if thought.strip():
                self.draft.add("assistant", "text", thought, at=at)
            made = _metadata(event)
            name = string(made.get("tool_call_id")) or f"event-{event.get('id', len(self.draft))}"
            self.calls[_key(event.get("id"))] = name
            kept = {key: value for key, value in args.items() if key not in _OWN}
            tool = string(made.get("function_name")) or action
            self.draft.add("assistant", "tool_call", "", tool=tool, args=kept, call_id=name, at=at)

    def _observation(self, event: Mapping[str, Any], kind: str) -> None:
        call = self.calls.get(_key(event.get("cause")))
        text = string(event.get("content"))
        if kind in _INWARD or (call is None and kind != "error"):
            return
        at = seconds(event.get("timestamp"))
        if call is None:
            self.draft.add("system", "meta", text, at=at)
            return
        extras = event.get("extras")
        told = extras.get("metadata") if isinstance(extras, dict) else None
        status = told.get("exit_code") if isinstance(told, dict) else None
        failed = (
            kind in ("error", "user_rejected")
            or event.get("success") is False
            or (isinstance(status, int) and status > 0)
        )
        self.draft.add("tool", "tool_result", text, call_id=call, error=failed, at=at)

    def _kind(self, event: Mapping[str, Any], kind: str, where: str) -> None:
        """Append the steps of one of the SDK's events. What tells of its states and tokens makes none."""
        at = seconds(event.get("timestamp"))
        match kind:
            case "SystemPromptEvent":
                self.draft.add("system", "meta", joined(event.get("system_prompt")), at=at)
            case "MessageEvent":
                message = event.get("llm_message")
                self._message(event, message if isinstance(message, dict) else {}, at)
            case "ActionEvent":
                self._called(event, at)
            case "ObservationEvent":
                seen = event.get("observation")
                text, failed = _seen(seen if isinstance(seen, dict) else {})
                self._returned(event, text, failed=failed, at=at)
            case "UserRejectObservation":
                self._returned(event, f"Action rejected: {string(event.get('rejection_reason'))}", failed=True, at=at)
            case "AgentErrorEvent":
                self._returned(event, string(event.get("error")), failed=True, at=at)
            case "Condensation" | "CondensationSummaryEvent":
                if summary := string(event.get("summary")):
                    self.draft.add("user", "compact_summary", summary, at=at)
            case "PauseEvent" | "InterruptEvent":
                self.draft.add("user", "interrupt", "[paused by the user]", at=at)
            case str() if not kind.endswith(("Event", "Delta", "Request")):
                self.repairs.note(f"an event of unknown kind {kind!r:.40} was skipped", where)

    def _message(self, event: Mapping[str, Any], message: Mapping[str, Any], at: float | None) -> None:
        text = joined(message.get("content"))
        if event.get("source") == "user":
            self.draft.add("user", "prompt", text, at=at)
        elif event.get("source") == "agent":
            self._thoughts(message, at)
            self.draft.add("assistant", "text", text, at=at)
        else:
            self.draft.add("system", "meta", text, at=at)

    def _thoughts(self, told: Mapping[str, Any], at: float | None) -> None:
        blocks = [joined(block) for block in as_list(told.get("thinking_blocks")) if isinstance(block, dict)]
        for thought in blocks or [string(told.get("reasoning_content"))]:
            if thought:
                self.draft.add("assistant", "thinking", thought, at=at)

    def _called(self, event: Mapping[str, Any], at: float | None) -> None:
        self._thoughts(event, at)
        if thought := joined(event.get("thought")):
            self.draft.add("assistant", "text", thought, at=at)
        tool, action, made = string(event.get("tool_name")), event.get("action"), event.get("tool_call")
        args = dict(action) if isinstance(action, dict) else {}
        sort = args.pop("kind", "")
        if tool == "finish" or sort == "FinishAction":
            self.draft.add("assistant", "text", string(args.get("message")), at=at)
        elif tool == "think" or sort == "ThinkAction":
            self.draft.add("assistant", "thinking", string(args.get("thought")), at=at)
        else:
            function = made.get("function", made) if isinstance(made, dict) else {}
            given = function.get("arguments") if isinstance(function, dict) else None
            name = string(event.get("tool_call_id")) or f"event-{event.get('id', len(self.draft))}"
            self.calls[_key(event.get("tool_call_id"))] = self.calls[_key(event.get("id"))] = name
            args = call_arguments(given) if given else args
            self.draft.add("assistant", "tool_call", "", tool=tool or string(sort), args=args, call_id=name, at=at)

    def _returned(self, event: Mapping[str, Any], text: str, *, failed: bool, at: float | None) -> None:
        names = (self.calls.get(_key(event.get(field))) for field in ("tool_call_id", "action_id"))
        # What a thought or the end gives back is nothing that was said.
        if call := next(filter(None, names), ""):
            self.draft.add("tool", "tool_result", text, call_id=call, error=failed, at=at)
        elif failed:
            self.draft.add("system", "meta", text, at=at)


def _seen(observation: Mapping[str, Any]) -> tuple[str, bool]:
    """An observation's text, and whether the call failed."""
    text = joined(observation.get("content")) or string(observation.get("output")) or string(observation.get("text"))
    told = observation.get("metadata")
    codes = (observation.get("exit_code"), told.get("exit_code") if isinstance(told, dict) else None)
    return text, bool(observation.get("is_error")) or any(isinstance(code, int) and code > 0 for code in codes)


def _metadata(event: Mapping[str, Any]) -> Mapping[str, Any]:
    made = event.get("tool_call_metadata")
    return made if isinstance(made, dict) else {}


def _key(value: object) -> object:
    return value if isinstance(value, int | str) else None
