"""What a model is told of a tool, from the file beside it, and whether a call's arguments are what was offered."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen

from throughline.core.acting import ActError
from throughline.core.ports import Tool

_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "boolean": (bool,)}


@frozen
class Offer:
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
def offer(name: str) -> Offer:
    """The offer of a tool by its name."""
    told = tomllib.loads((files("throughline.agent.tools") / f"{name}.toml").read_text("utf-8"))
    arguments = told["argument"]
    properties = {key: {part: one[part] for part in ("type", "description", "enum") if part in one}
                  for key, one in arguments.items()}  # fmt: skip
    required = [key for key, one in arguments.items() if not one.get("optional")]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return Offer(Tool(name, told["description"].strip(), schema, strict=True), arguments)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _said(value: Any) -> str:
    names = {str: "a string", int: "an integer", float: "a number", bool: "a boolean", list: "an array"}
    return names.get(type(value), "an object")
