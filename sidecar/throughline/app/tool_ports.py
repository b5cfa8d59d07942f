"""Ports that a session's tools act through: the workspace itself, or a copy of the sample project."""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from throughline.agent.tool import ToolPorts
    from throughline.agent.tool_executor import ToolExecutor
    from throughline.domain.events import Logged
    from throughline.domain.permissions import Permissions
    from throughline.domain.ports import Approver, Edits, Store, Tokens, Workspace


UNASKED = "Nobody can be asked for leave here: allow it by a pattern in the settings."


@frozen
class ToolPolicy:
    """Who is asked before a tool acts, what needs no asking by the settings and by earlier answers, what no output may
    show, which credentials it may all the same, who watches a call run, and whose hand changes files before the
    disk's own.
    """

    approver: Approver | None = None
    allowed: tuple[str, ...] = ()
    permissions: Permissions | None = None
    secrets: Callable[[], Sequence[str]] = tuple
    allowed_secrets: tuple[str, ...] = ()
    heard: Callable[[str, str], None] = lambda *_: None
    hand: Callable[[Edits], Edits] = lambda disk: disk


@frozen
class DemoSandbox:
    """Tools in a copy of a sample project, which goes when they go."""

    root: Path
    ports: ToolPorts
    tools: ToolExecutor


def tool_ports(
    root: Path, files: Workspace | None, store: Store, tokens: Tokens, policy: ToolPolicy,
    environment: Mapping[str, str] | None = None,
) -> ToolPorts:  # fmt: skip
    """The ports over a folder; `files` has the unsaved edits of an editor, `environment` is added for commands."""
    from throughline.agent.permissions import NeverAllow
    from throughline.agent.tool import ToolPorts
    from throughline.domain.permissions import MemoryPermissions
    from throughline.workspace.agent_filesystem import AgentFilesystem
    from throughline.workspace.checkpoints import WorkspaceCheckpoints
    from throughline.workspace.git import Git
    from throughline.workspace.git_diff import GitDiff
    from throughline.workspace.process import LocalCommandRunner
    from throughline.workspace.search import LocalFileSearch

    disk = AgentFilesystem(root, files)
    return ToolPorts(
        files=disk,
        edits=policy.hand(disk),
        shell=LocalCommandRunner(disk.root, environment),
        finder=LocalFileSearch(disk.root),
        approver=policy.approver or NeverAllow(UNASKED),
        checkpoints=WorkspaceCheckpoints(disk.root, disk.root / ".agent" / "checkpoints"),
        repository=GitDiff(Git(disk.root)),
        store=store,
        tokens=tokens,
        heard=policy.heard,
        allowed=policy.allowed,
        permissions=policy.permissions or MemoryPermissions(),
        secrets=policy.secrets,
        allowed_secrets=policy.allowed_secrets,
    )


def demo_sandbox(
    sample: Path, log: Iterable[Logged], store: Store, tokens: Tokens, heard: Callable[[str, str], None]
) -> DemoSandbox:
    """A copy of a sample project, as far as a session's log has brought it, and tools in it.

    Nobody is asked: nothing else is within their reach but what a recording has them run.
    """
    from throughline.agent.permissions import AlwaysAllow
    from throughline.agent.tool_executor import tool_executor

    home = Path(tempfile.mkdtemp(prefix="throughline-"))
    root = home / "toolshed"
    shutil.copytree(sample, root, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    replay_edits(root, log)
    ports = tool_ports(root, None, store, tokens, ToolPolicy(AlwaysAllow(), heard=heard), _steady())
    tools = tool_executor(ports)
    weakref.finalize(tools, shutil.rmtree, home, ignore_errors=True)
    return DemoSandbox(root, ports, tools)


def replay_edits(root: Path, log: Iterable[Logged]) -> None:
    """Makes the edits of a log again that went well: a copy that was lost is as it was."""
    from throughline.domain.events import ToolCalled, ToolReturned

    calls: dict[str, ToolCalled] = {}
    for logged in log:
        event = logged.event
        if isinstance(event, ToolCalled):
            calls[event.id] = event
        elif isinstance(event, ToolReturned) and not event.error and event.id in calls:
            _again(root, calls[event.id].tool, calls[event.id].args)


def _again(root: Path, tool: str, args: Mapping[str, object]) -> None:
    path = (root / str(args.get("path", ""))).resolve()
    if not path.is_relative_to(root.resolve()):
        return
    if tool == "write_file":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(args["text"]), encoding="utf-8", newline="")
    elif tool == "edit_file" and path.is_file():
        before = path.read_bytes().decode("utf-8")
        path.write_text(before.replace(str(args["old"]), str(args["new"])), encoding="utf-8", newline="")


def _steady() -> dict[str, str]:
    """What makes a command's output the same everywhere: this Python first, no plugins, no caches, 80 columns."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {
        "PATH": path,
        "COLUMNS": "80",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
