"""The tool interface: schema, permission requests, result; one module and one data file in tools/ for each tool."""

from __future__ import annotations

import tomllib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from difflib import unified_diff
from functools import cache
from importlib.resources import files
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

from throughline.agent.output import detail, masked
from throughline.domain.events import Event, Evidence
from throughline.domain.file_knowledge import digest
from throughline.domain.permissions import MemoryPermissions, Permissions
from throughline.domain.ports import (
    ActError,
    Action,
    Approver,
    Checkpoints,
    Edits,
    Files,
    Finder,
    Log,
    Repository,
    ResolvedPath,
    Shell,
    Store,
    Tokens,
    Tool,
)
from throughline.domain.session import Session

Args: TypeAlias = Mapping[str, Any]

# Texts that are kept to say later what has changed in them, and their characters.
_MOST, _ROOM = 256, 8_000_000


@frozen
class ToolPorts:
    """What the tools act on. `heard` shows a running call's output by its id; `allowed` are the patterns of the
    settings, `permissions` what the user allowed by a question, `secrets` what must not be seen in any output, and
    `allowed_secrets` patterns of what may.
    """

    files: Files
    edits: Edits
    shell: Shell
    finder: Finder
    approver: Approver
    checkpoints: Checkpoints
    repository: Repository
    store: Store
    tokens: Tokens
    heard: Callable[[str, str], None] = lambda *_: None
    allowed: tuple[str, ...] = ()
    permissions: Permissions = field(factory=MemoryPermissions)
    secrets: Callable[[], Sequence[str]] = tuple
    allowed_secrets: tuple[str, ...] = ()

    def masked(self, text: str) -> str:
        """A text without the credentials in it."""
        return masked(text, self.secrets(), self.allowed_secrets)


@frozen
class PermissionRequest:
    """What a call is about to do: to a place, or by a command; `detail` shows it, and `new` is what it brings in."""

    action: Action
    target: str
    place: ResolvedPath | None = None
    detail: str = ""
    new: str = ""


def read_request(path: str, ports: ToolPorts) -> tuple[PermissionRequest, ...]:
    """What a call wants that reads one file or folder. Raises ActError for what is no path."""
    place = ports.files.place(path)
    return (PermissionRequest("read", place.path, place),)


def edit_request(place: ResolvedPath, before: str, after: str) -> PermissionRequest:
    """To change one file, shown as a unified diff of what goes and what comes in."""
    lines = unified_diff(before.splitlines(), after.splitlines(), place.path, place.path, lineterm="")
    return PermissionRequest("edit", place.path, place, detail("\n".join(lines)), after)


@frozen
class Result:
    """What a tool says to the model, the whole output where that is only a part, and what else is to be recorded."""

    text: str
    error: bool = False
    whole: str = ""
    evidence: Evidence | None = None
    events: tuple[Event, ...] = ()


class ContentCache:
    """File texts by their hashes, as the model saw them: the newest, as many as have room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def keep(self, text: str) -> str:
        """Keeps a text; its hash."""
        name = digest(text)
        if name not in self._kept:
            self._kept[name] = text
            self._size += len(text)
            while len(self._kept) > 1 and (len(self._kept) > _MOST or self._size > _ROOM):
                self._size -= len(self._kept.popitem(last=False)[1])
        return name

    def get(self, name: str) -> str | None:
        """The text of a hash, where it is still there."""
        return self._kept.get(name)


@frozen
class ToolCallContext:
    """One call at work: its place in the session, and what it acts on."""

    turn: int
    id: str
    log: Log
    ports: ToolPorts
    texts: ContentCache = field(repr=False)

    @property
    def session(self) -> Session:
        """The session as it is now."""
        return self.log.session


class AgentTool(Protocol):
    """One tool."""

    @property
    def name(self) -> str:
        """What the model calls it."""
        ...

    @property
    def writes(self) -> bool:
        """Whether it may change anything: then it runs alone, and in order."""
        ...

    def wants(self, args: Args, ports: ToolPorts) -> tuple[PermissionRequest, ...]:
        """What a call with these arguments is about to do; may block. Raises ActError."""
        ...

    async def run(self, args: Args, work: ToolCallContext) -> Result:
        """Does it. Raises ActError."""
        ...


_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "boolean": (bool,)}


@frozen
class ToolSchema:
    """A tool as offered: its arguments by name, each with type and description, `optional` where it may be left out."""

    tool: Tool
    arguments: dict[str, dict[str, Any]]

    def read(self, args: dict[str, Any]) -> dict[str, Any]:
        """The arguments as they count; raises ActError that names everything that is wrong with them."""
        given = {name: value for name, value in args.items() if value is not None or name not in self.arguments}
        wrong = [f"`{name}` is not an argument" for name in given if name not in self.arguments]
        for name, wanted in self.arguments.items():
            if name not in given:
                wrong += [] if wanted.get("optional") else [f"`{name}` is missing"]
            elif type(given[name]) not in _TYPES[wanted["type"]]:
                wrong.append(f"`{name}` must be {_article(wanted['type'])}, not {_said(given[name])}")
            elif "enum" in wanted and given[name] not in wanted["enum"]:
                wrong.append(f"`{name}` must be one of {', '.join(wanted['enum'])}")
        if wrong:
            takes = ", ".join(f"{name}{'?' if one.get('optional') else ''}" for name, one in self.arguments.items())
            raise ActError(f"{self.tool.name} was not run: {'; '.join(wrong)}. It takes {takes}.")
        return given


@cache
def tool_schema(name: str) -> ToolSchema:
    """The offer of a tool by its name."""
    told = tomllib.loads((files("throughline.agent.tools") / f"{name}.toml").read_text("utf-8"))
    arguments = told["argument"]
    properties = {key: {part: one[part] for part in ("type", "description", "enum") if part in one}
                  for key, one in arguments.items()}  # fmt: skip
    required = [key for key, one in arguments.items() if not one.get("optional")]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return ToolSchema(Tool(name, told["description"].strip(), schema, strict=True), arguments)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _said(value: Any) -> str:
    names = {str: "a string", int: "an integer", float: "a number", bool: "a boolean", list: "an array"}
    return names.get(type(value), "an object")
