"""Writes the protocol in TypeScript: `python -m throughline.wire.generate FILE [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import fields, has

from throughline.wire import methods, state

ALIASES = {
    state.Row: "Row",
    state.Change: "Change",
    state.Freshness: "Freshness",
    state.FileForm: "FileForm",
    state.Activity: "Activity",
    methods.Role: "Role",
}
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null"}


def main(arguments: list[str]) -> int:
    """Writes the file, or with `--check` says whether it is up to date; returns the exit status."""
    path = Path(arguments[0])
    text = protocol()
    if "--check" in arguments:
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{path} is not what the messages say: run `make protocol` and commit it.\n")
        return 1
    path.write_text(text, encoding="utf-8")
    return 0


def protocol() -> str:
    """The TypeScript of every message, union and method."""
    parts = ["// Generated from sidecar/throughline/wire by `make protocol`. Do not edit.\n"]
    parts.append(f"export const VERSION = {methods.VERSION};\n")
    parts += [f"export type {name} = {_members(alias)};\n" for alias, name in ALIASES.items()]
    parts += [_interface(message) for message in _messages()]
    for title, table in (("Requests", methods.REQUESTS), ("Notifications", methods.NOTIFICATIONS)):
        rows = [
            f'  "{one.name}": {{ params: {_type(one.params)}; result: {_type(one.result or NoneType)} }};'
            for one in table
        ]
        parts.append("\n".join([f"export interface {title} {{", *rows, "}\n"]))
    return "\n".join(parts)


def _messages() -> list[type[Any]]:
    found = [
        thing
        for module in (state, methods)
        for thing in vars(module).values()
        if isinstance(thing, type) and has(thing) and thing.__module__ == module.__name__
    ]
    return [thing for thing in found if thing is not methods.Method]


def _interface(message: type[Any]) -> str:
    hints = get_type_hints(message)
    lines = [f"/** {' '.join((message.__doc__ or '').split())} */", f"export interface {message.__name__} {{"]
    if "kind" in vars(message):
        lines.append(f'  kind: "{message.kind}";')
    lines += [f"  {one.name}: {_type(hints[one.name])};" for one in fields(message)]
    return "\n".join([*lines, "}\n"])


def _members(alias: Any) -> str:
    if get_origin(alias) is Literal:
        return _type(alias, inside=True)
    return " | ".join(_type(member) for member in get_args(alias))


def _type(shape: Any, *, inside: bool = False) -> str:
    if not inside and shape in ALIASES:
        return ALIASES[shape]
    if shape in PLAIN:
        return PLAIN[shape]
    origin = get_origin(shape)
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in get_args(shape))
    if origin in (Union, UnionType):
        return " | ".join(_type(member) for member in get_args(shape))
    if origin is list:
        (member,) = get_args(shape)
        return f"Array<{_type(member)}>"
    if has(shape):
        return str(shape.__name__)
    raise TypeError(f"the protocol has no word for {shape!r}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
