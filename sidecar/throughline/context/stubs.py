"""The lines that stand for what the view no longer holds."""

from __future__ import annotations

from throughline.core.events import FileInjected, ToolCalled, ToolReturned


def result_stub(result: ToolReturned, call: ToolCalled | None) -> str:
    """The line that stands for a masked result: what it was, how big, and how to get it back."""
    what = f"{call.tool} {_target(call)}".strip() if call else "tool"
    lines = result.text.count("\n") + 1
    failed = ", failed" if result.error else ""
    return f"[masked: {what}{failed}, {lines} lines, {result.tokens} tokens; recall {result.id}]"


def file_stub(file: FileInjected) -> str:
    """The line that stands for a file that was taken out or superseded."""
    return f"[{file.form} of {file.path}: superseded or removed]"


def _target(call: ToolCalled) -> str:
    """The argument that tells one call from another: a path, a pattern, a command."""
    for name in ("path", "file_path", "pattern", "command", "query", "url"):
        value = call.args.get(name)
        if isinstance(value, str) and value:
            first = value.strip().splitlines()[0] if value.strip() else ""
            return first if len(first) <= 80 else first[:79] + "…"
    return ""
