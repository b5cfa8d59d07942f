"""Plays `script.toml` in a copy of `project/` and writes `session.jsonl`; every result is what really happened."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
ROOT = "/srv/toolshed"  # stands for the temporary copy wherever a tool prints its own folder
TOOLS = {  # each tool with its arguments; a bare string in the script is the first one
    "read_file": ("path",),
    "list_files": ("path",),
    "search": ("pattern", "path"),
    "edit_file": ("path", "old", "new"),
    "write_file": ("path", "text"),
    "run_command": ("command",),
}
VOLATILE = (
    (re.compile(r"^platform .+$", re.MULTILINE), "platform linux -- Python 3, pytest 9"),
    (re.compile(r"\bin \d+\.\d\ds\b"), "in 0.42s"),
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "0x7f3a5c0e1d90"),
    (re.compile(r"\. Did you mean: '\w+'\?$", re.MULTILINE), ""),  # Python 3.12 and later
)

Args = dict[str, str]


class ScriptError(Exception):
    """The script asks for something that does not happen in the project."""


class Workshop:
    """The copy of the project that the calls act on."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def use(self, tool: str, args: Args) -> tuple[str, bool]:
        """Carry out one call; the result's text, and whether it is an error."""
        if tool == "run_command":
            return self._run(args["command"])
        text: str = getattr(self, f"_{tool}")(**args)
        return text, False

    def _read_file(self, path: str) -> str:
        return (self._root / path).read_text(encoding="utf-8")

    def _list_files(self, path: str) -> str:
        return "\n".join(self._files(path))

    def _search(self, pattern: str, path: str = ".") -> str:
        found = [
            f"{name}:{number}:{line}"
            for name in self._files(path)
            for number, line in enumerate(self._read_file(name).splitlines(), start=1)
            if re.search(pattern, line)
        ]
        return "\n".join(found) or "no match"

    def _edit_file(self, path: str, old: str, new: str) -> str:
        before = self._read_file(path)
        if before.count(old) != 1:
            raise ScriptError(f"{path} holds the old text {before.count(old)} times:\n{old}")
        (self._root / path).write_text(before.replace(old, new), encoding="utf-8")
        return f"edited {path}: {len(old.splitlines())} lines became {len(new.splitlines())}"

    def _write_file(self, path: str, text: str) -> str:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return f"wrote {path}: {len(text.splitlines())} lines"

    def _run(self, command: str) -> tuple[str, bool]:
        done = subprocess.run(
            command,
            shell=True,
            cwd=self._root,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        output = f"{self._settle(done.stdout).rstrip()}\n[exit status {done.returncode}]"
        return output.lstrip(), done.returncode != 0

    def _files(self, path: str) -> list[str]:
        top = self._root / path
        names = (item.relative_to(self._root) for item in ([top] if top.is_file() else top.rglob("*")))
        shown = (name for name in names if not any(p.startswith((".", "__pycache__")) for p in name.parts))
        return sorted(name.as_posix() for name in shown if (self._root / name).is_file())

    def _settle(self, output: str) -> str:
        output = output.replace(str(self._root), ROOT)
        for pattern, steady in VOLATILE:
            output = pattern.sub(steady, output)
        if sys.prefix in output or sys.base_prefix in output:
            raise ScriptError(f"the output shows where Python is installed:\n{output}")
        return output

    def _environment(self) -> dict[str, str]:
        """The same on every machine: this Python first, no plugins, no colours, no cache, 80 columns."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        return {
            "PATH": path,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "80",
            "PYTHONHASHSEED": "0",
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_ADDOPTS": "-p no:cacheprovider",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }


class Recorder:
    """Turns the script into events, on a clock that depends on the script alone."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._now = START
        self._calls = 0
        self._turn = 0
        self.events: list[dict[str, Any]] = []

    def play(self, script: dict[str, Any]) -> None:
        """Every turn in order: `user`, then steps of `say` and of calls."""
        for turn in script["turn"]:
            self._turn += 1
            self._wait(turn.get("after", 0))
            self._write("user", "prompt", turn["user"].strip())
            for step in turn["step"]:
                self._play(step)

    def _play(self, step: dict[str, Any]) -> None:
        """One message of the assistant, and the results of its calls."""
        if "say" in step:
            said = step["say"].strip()
            self._wait(3 + len(said) // 60)
            self._write("assistant", "text", said)
        pending = []
        for tool, value in step.items():
            if tool in TOOLS:
                for item in value if isinstance(value, list) else [value]:
                    args = {TOOLS[tool][0]: item} if isinstance(item, str) else item
                    self._calls += 1
                    self._wait(2 + sum(map(len, args.values())) // 100)
                    call = f"call_{self._calls:03}"
                    self._write("assistant", "tool_call", "", tool=tool, args=args, call_id=call)
                    pending.append((tool, args, call))
            elif tool not in {"say", "fails"}:
                raise ScriptError(f"turn {self._turn} has an unknown key {tool!r}")
        for tool, args, call in pending:
            text, error = self._workshop.use(tool, args)
            if error != step.get("fails", False):
                raise ScriptError(f"turn {self._turn}: {args} {'failed' if error else 'succeeded'}:\n{text}")
            self._wait(4 if tool == "run_command" else 1)
            self._write("tool", "tool_result", text, call_id=call, error=error)

    def _wait(self, seconds: int) -> None:
        self._now += timedelta(seconds=seconds)

    def _write(self, role: str, kind: str, text: str, **more: Any) -> None:
        event = {"i": len(self.events), "role": role, "kind": kind, "text": text, **more}
        stamp = self._now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.events.append({**event, "ts": stamp, "uturn": self._turn})


def record(script: Path, project: Path) -> str:
    """The session as JSON Lines."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "toolshed"
        shutil.copytree(project, root, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        recorder = Recorder(Workshop(root))
        recorder.play(tomllib.loads(script.read_text(encoding="utf-8")))
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in recorder.events)


def main() -> int:
    """Write the session; a script that does not play is one message and status 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=HERE / "session.jsonl")
    options = parser.parse_args()
    try:
        session = record(HERE / "script.toml", HERE / "project")
    except ScriptError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    options.output.write_text(session, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
