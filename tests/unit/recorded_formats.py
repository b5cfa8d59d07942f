"""One conversation, written as each tool would record it, with what its client puts in beside the words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

Json = dict[str, Any]
Said = tuple[Literal["prompt", "text", "call"], str]
"""A prompt or a text with its words, or a call with what it gave back."""
Conversation = list[Said]

CLIENTS = "Delete it all"
"""Words that every client and every tool puts in, and nobody says."""
AROUND = f"<environment_details>\n# Open Tabs\n{CLIENTS}.py\n</environment_details>"
PATH = {"path": "a.py"}


def neutral(told: Conversation) -> str:
    return _lines(_neutral(told))


def _neutral(told: Conversation) -> Iterator[Json]:
    for n, (kind, words) in enumerate(told):
        if kind == "call":
            yield {
                "role": "assistant",
                "kind": "tool_call",
                "text": "",
                "tool": "read",
                "args": PATH,
                "call_id": f"c{n}",
            }
            yield {"role": "tool", "kind": "tool_result", "text": words, "call_id": f"c{n}"}
        else:
            yield {"role": "user" if kind == "prompt" else "assistant", "kind": kind, "text": words}
    yield {"role": "user", "kind": "meta", "text": CLIENTS}


def claude_code(told: Conversation) -> str:
    lines = list(_claude(told))
    for n, line in enumerate(lines):
        line |= {"uuid": f"u{n}", "parentUuid": f"u{n - 1}" if n else None, "sessionId": "s"}
    # A branch that the user left hangs on the first line.
    left = {"type": "user", "uuid": "x", "parentUuid": "u0", "message": {"content": f"{CLIENTS}!"}}
    note: Json = {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}}
    return _lines([note, *lines[:1], left, *lines[1:]])


def _claude(told: Conversation) -> Iterator[Json]:
    yield {"type": "user", "isMeta": True, "message": {"content": f"Caveat: {CLIENTS}"}}
    for n, (kind, words) in enumerate(told):
        if kind == "prompt":
            yield {"type": "user", "message": {"content": words}}
            yield {"type": "user", "message": {"content": f"<system-reminder>{CLIENTS}</system-reminder>"}}
        elif kind == "text":
            yield {"type": "assistant", "message": {"id": f"m{n}", "content": [{"type": "text", "text": words}]}}
            made = {"model": "<synthetic>", "content": [{"type": "text", "text": CLIENTS}]}
            yield {"type": "assistant", "message": made, "isApiErrorMessage": True}
        else:
            use = {"type": "tool_use", "id": f"c{n}", "name": "Read", "input": PATH}
            yield {"type": "assistant", "message": {"id": f"m{n}", "content": [use]}}
            given = {"type": "tool_result", "tool_use_id": f"c{n}", "content": words}
            yield {"type": "user", "message": {"content": [given]}}


def codex(told: Conversation) -> str:
    return _lines({"type": "response_item", "payload": item} for item in _codex(told))


def _codex(told: Conversation) -> Iterator[Json]:
    around = f"<environment_context>\n{CLIENTS}\n</environment_context>"
    yield {"type": "message", "role": "user", "content": [{"type": "input_text", "text": around}]}
    above = f"# Context from my IDE setup:\n\n## Active selection of the file:\n{CLIENTS}\n\n## My request for Codex:\n"
    for n, (kind, words) in enumerate(told):
        if kind == "prompt":
            yield {"type": "message", "role": "user", "content": [{"type": "input_text", "text": f"{above}{words}\n"}]}
        elif kind == "text":
            yield {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": words}]}
        else:
            yield {"type": "function_call", "name": "read", "arguments": json.dumps(PATH), "call_id": f"c{n}"}
            yield {"type": "function_call_output", "call_id": f"c{n}", "output": words}


def pi(told: Conversation) -> str:
    entries = [{"role": "user", "content": "Start."}, *_pi(told[1:])]
    entries[0]["content"] = told[0][1]
    lines: list[Json] = [{"type": "session", "version": 3, "id": "s", "cwd": "/shed"}]
    for n, message in enumerate(entries):
        lines.append({"type": "message", "id": f"e{n}", "parentId": f"e{n - 1}" if n else None, "message": message})
    left = {"type": "message", "id": "x", "parentId": "e0", "message": {"role": "user", "content": CLIENTS}}
    return _lines([*lines[:2], left, *lines[2:]]) if lines[2:] else _lines(lines)


def _pi(told: Conversation) -> Iterator[Json]:
    for n, (kind, words) in enumerate(told):
        text = {"type": "text", "text": words}
        if kind == "call":
            call = {"type": "toolCall", "id": f"c{n}", "name": "read", "arguments": PATH}
            yield {"role": "assistant", "content": [call]}
            yield {"role": "toolResult", "toolCallId": f"c{n}", "content": [text]}
        else:
            yield {"role": "user" if kind == "prompt" else "assistant", "content": [text]}


def copilot_cli(told: Conversation) -> str:
    return _lines({"type": kind, "id": f"e{n}", "data": data} for n, (kind, data) in enumerate(_copilot_cli(told)))


def _copilot_cli(told: Conversation) -> Iterator[tuple[str, Json]]:
    yield "session.start", {"sessionId": "s"}
    for n, (kind, words) in enumerate(told):
        if kind == "prompt":
            yield "user.message", {"content": words, "transformedContent": f"{CLIENTS} {words}"}
            yield "user.message", {"content": CLIENTS, "source": "skill-x"}
        elif kind == "text":
            yield "assistant.message", {"content": words, "toolRequests": []}
            yield "assistant.message", {"content": CLIENTS, "parentToolCallId": "c", "toolRequests": []}
        else:
            call = {"toolCallId": f"c{n}", "name": "view", "arguments": PATH}
            yield "assistant.message", {"content": "", "toolRequests": [call]}
            yield "tool.execution_start", {"toolCallId": f"c{n}", "toolName": "view", "arguments": PATH}
            yield "tool.execution_complete", {"toolCallId": f"c{n}", "success": True, "result": {"content": words}}


def copilot_cli_page(told: Conversation) -> str:
    parts = ["# 🤖 Copilot CLI Session\n\n> **Session ID:** `s`\n\n---\n"]
    for kind, words in told:
        if kind == "prompt":
            parts.append(f"\n<sub>⏱️ 2s</sub>\n\n### 👤 User\n\n{words}\n\n---\n")
        elif kind == "text":
            parts.append(f"\n### 💬 Copilot\n\n{words}\n")
        else:
            fold = f"<details>\n<summary>2 lines</summary>\n\n```\n{words}\n```\n\n</details>"
            parts.append(f"\n### ✅ `view`\n\n**a.py**\n\n{fold}\n\n")
    return "".join(parts)


def copilot_chat(told: Conversation) -> str:
    requests: list[Json] = []
    for n, (kind, words) in enumerate(told):
        if kind == "prompt":
            requests.append({"requestId": f"r{n}", "message": {"text": words}, "response": [], "result": _metadata({})})
        elif kind == "text":
            # Pieces of one text, as they streamed.
            requests[-1]["response"] += [{"value": words[:2]}, {"value": words[2:]}, {"kind": "thinking", "value": ""}]
        else:
            requests[-1]["response"].append({"kind": "toolInvocationSerialized", "toolId": "t", "toolCallId": f"c{n}"})
            rounds = requests[-1]["result"]["metadata"]
            call = {"id": f"c{n}", "name": "read_file", "arguments": json.dumps(PATH)}
            rounds["toolCallRounds"].append({"response": CLIENTS, "toolCalls": [call]})
            rounds["toolCallResults"][f"c{n}"] = {"content": [{"value": words}]}
    return json.dumps({"responderUsername": "GitHub Copilot", "requests": requests}, indent=1)


def _metadata(results: Json) -> Json:
    return {"metadata": {"toolCallRounds": [], "toolCallResults": results}}


def opencode(told: Conversation) -> str:
    messages: list[Json] = []
    for n, (kind, words) in enumerate(told):
        parts: list[Json]
        if kind == "call":
            state = {"status": "completed", "input": PATH, "output": words}
            parts = [{"type": "step-start"}, {"type": "tool", "callID": f"c{n}", "tool": "read", "state": state}]
        elif kind == "prompt":
            parts = [{"type": "text", "text": words}, {"type": "text", "text": CLIENTS, "synthetic": True}]
        else:
            parts = [{"type": "text", "text": words}]
        role = "user" if kind == "prompt" else "assistant"
        messages.append({"info": {"id": f"m{n}", "sessionID": "ses_1", "role": role}, "parts": parts})
    back = {"info": {"id": "back", "role": "user"}, "parts": [{"type": "text", "text": CLIENTS}]}
    return json.dumps({"info": {"id": "ses_1", "revert": {"messageID": "back"}}, "messages": [*messages, back]})


def opencode_page(told: Conversation) -> str:
    parts = ["# A title\n\n**Session ID:** ses_1\n\n---\n\n"]
    for kind, words in told:
        if kind == "prompt":
            parts.append(f"## User\n\n{words}\n\n---\n\n")
        elif kind == "text":
            parts.append(f"## Assistant (Build · Model X · 1.0s)\n\n{words}\n\n---\n\n")
        else:
            fields = f"**Input:**\n```json\n{json.dumps(PATH, indent=2)}\n```\n\n**Output:**\n```\n{words}\n```\n"
            parts.append(f"## Assistant\n\n**Tool: read**\n\n{fields}\n---\n\n")
    return "".join(parts)


def cursor(told: Conversation) -> str:
    head = "# A title\n_Exported on 3/1/2026 at 10:00:00 GMT+1 from Cursor (1.5.9)_\n"
    names = {"prompt": "User", "text": "Cursor"}
    return head + "".join(f"\n---\n\n**{names[kind]}**\n\n{words}\n" for kind, words in told if kind != "call")


def specstory(told: Conversation) -> str:
    parts = ["<!-- Generated by SpecStory -->\n\n# A title (2026-03-01 10:00:00Z)\n"]
    for n, (kind, words) in enumerate(told):
        if kind == "prompt":
            parts.append(f"\n_**User**_\n\n{words}\n\n---\n")
        elif kind == "text":
            parts.append(f"\n_**Assistant**_\n\n<think>{CLIENTS}.</think>{words}\n\n---\n")
        elif n % 2:
            summary = '            <summary>Searched codebase "x" • **3** results</summary>'
            fold = f"<details>\n{summary}\n\n{words}\n</details>"
            parts.append(f"\n_**Assistant**_\n\n{fold}\n\n---\n")
        else:
            block = f'<tool-use data-tool-type="read" data-tool-name="Read"><details>\n{words}\n</details></tool-use>'
            parts.append(f"\n_**Agent (model-x 2026-03-01 10:00:00Z)**_\n\n{block}\n\n---\n")
    return "".join(parts)


def gemini(told: Conversation) -> str:
    messages: list[Json] = [{"id": "m", "type": "user", "content": f"<session_context>{CLIENTS}</session_context>"}]
    for n, (kind, words) in enumerate(told):
        if kind == "prompt":
            marks = [
                "\n--- Content from referenced files ---",
                "\nContent from @a.py:\n",
                CLIENTS,
                "\n--- End of content ---",
            ]
            messages.append({"id": f"m{n}", "type": "user", "content": [{"text": part} for part in (words, *marks)]})
        elif kind == "text":
            messages.append({"id": f"m{n}", "type": "gemini", "content": words})
        else:
            response = [{"functionResponse": {"id": f"c{n}", "response": {"output": words}}}]
            call = {"id": f"c{n}", "name": "read_file", "args": PATH, "status": "success", "result": response}
            messages.append({"id": f"m{n}", "type": "gemini", "content": "", "toolCalls": [call]})
    return json.dumps({"sessionId": "s", "projectHash": "h", "messages": messages})


def cline(told: Conversation) -> str:
    messages: list[Json] = []
    for n, (kind, words) in enumerate(told):
        if kind == "prompt":
            tag = "user_message" if n else "task"
            texts = [f"<{tag}>\n{words}\n</{tag}>\n\n<file_content path='a.py'>\n{CLIENTS}\n</file_content>", AROUND]
            messages.append({"role": "user", "content": [{"type": "text", "text": text} for text in texts]})
        elif kind == "text":
            messages.append({"role": "assistant", "content": [{"type": "text", "text": words}]})
        else:
            call = "<thinking>Hm.</thinking>\n<read_file>\n<path>a.py</path>\n</read_file>"
            messages.append({"role": "assistant", "content": [{"type": "text", "text": call}]})
            texts = ["[read_file for 'a.py'] Result:", words, AROUND]
            messages.append({"role": "user", "content": [{"type": "text", "text": text} for text in texts]})
    return json.dumps(messages)


def cline_page(told: Conversation) -> str:
    shown: list[Json] = []
    for n, (kind, words) in enumerate(told):
        if kind == "call":
            shown.append({"ts": n + 1, "type": "ask", "ask": "command", "text": "cat a.py"})
            shown.append({"ts": n + 1, "type": "say", "say": "command_output", "text": words})
        else:
            say = "text" if kind == "text" or not n else "user_feedback"
            shown.append({"ts": n + 1, "type": "say", "say": say, "text": words})
            shown.append({"ts": n + 1, "type": "say", "say": "api_req_started", "text": CLIENTS})
    return json.dumps(shown)


def messages(told: Conversation) -> str:
    made: list[Json] = [{"role": "system", "content": CLIENTS}]
    for n, (kind, words) in enumerate(told):
        if kind == "prompt":
            around = [AROUND, f"<system-reminder>{CLIENTS}</system-reminder>", words]
            made.append({"role": "user", "content": [{"type": "text", "text": text} for text in around]})
        elif kind == "text":
            made.append({"role": "assistant", "content": words})
        else:
            call = {"id": f"c{n}", "function": {"name": "read", "arguments": json.dumps(PATH)}}
            made.append({"role": "assistant", "content": None, "tool_calls": [call]})
            made.append({"role": "tool", "tool_call_id": f"c{n}", "content": words})
    return json.dumps(made)


def openhands(told: Conversation) -> str:
    made: list[Json] = [{"id": 0, "source": "agent", "action": "system", "args": {"content": CLIENTS}}]
    for kind, words in told:
        n = len(made)
        if kind == "call":
            made.append({"id": n, "source": "agent", "action": "read", "args": {**PATH, "thought": ""}})
            made.append(
                {"id": n + 1, "source": "agent", "observation": "read", "cause": n, "content": words, "extras": {}}
            )
        else:
            source = "user" if kind == "prompt" else "agent"
            made.append({"id": n, "source": source, "action": "message", "args": {"content": words}})
    return json.dumps(made)


WRITERS: dict[str, tuple[str, Callable[[Conversation], str]]] = {
    "neutral": ("neutral", neutral),
    "claude-code": ("claude-code", claude_code),
    "codex": ("codex", codex),
    "pi": ("pi", pi),
    "copilot-cli": ("copilot-cli", copilot_cli),
    "copilot-cli, page": ("copilot-cli", copilot_cli_page),
    "copilot-chat": ("copilot-chat", copilot_chat),
    "opencode": ("opencode", opencode),
    "opencode, page": ("opencode", opencode_page),
    "cursor": ("cursor", cursor),
    "specstory": ("specstory", specstory),
    "gemini": ("gemini", gemini),
    "cline": ("cline", cline),
    "cline, page": ("cline", cline_page),
    "messages": ("messages", messages),
    "openhands": ("openhands", openhands),
}
"""How a conversation is written, each with the name of the format that reads it."""
WITHOUT_CALLS = frozenset({"cursor"})
"""The formats that keep no calls."""
WITHOUT_RESULTS = frozenset({"cursor", "specstory"})
"""Those that keep no results, or keep them in the calls."""


def _lines(objects: Any) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)
