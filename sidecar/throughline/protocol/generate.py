"""The extension's part of the protocol: `python -m throughline.protocol.generate FOLDER [--check]` writes it.

In the extension's folder, `src/protocol.ts` holds the messages and the settings, and `package.json` the settings too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import fields, has

from throughline.domain.settings import Setting
from throughline.protocol import messages, methods, state
from throughline.protocol.settings import SETTINGS

ALIASES = {
    state.Row: "Row",
    state.Change: "Change",
    state.Freshness: "Freshness",
    state.FileForm: "FileForm",
    state.Activity: "Activity",
    state.EntryKind: "EntryKind",
    messages.Role: "Role",
}
_SETTINGS = "/** The setting behind each option, and its default. */"
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null"}


KINDS = {str: "string", tuple: "array", bool: "boolean", int: "integer", float: "number"}


def write_protocol(arguments: list[str]) -> int:
    """Writes the files, or with `--check` says whether they are up to date; returns the exit status."""
    folder = Path(arguments[0])
    package = folder / "package.json"
    texts = {folder / "src" / "protocol.ts": protocol(), package: manifest(package.read_text(encoding="utf-8"))}
    status = 0
    for path, text in texts.items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            sys.stderr.write(f"{path} is not what the messages say: run `make protocol` and commit it.\n")
            status = 1
        else:
            path.write_text(text, encoding="utf-8")
    return status


def manifest(text: str) -> str:
    """The extension's manifest with the settings as they are."""
    whole = json.loads(text)
    settings = {f"throughline.{one.name}": _property(one, place) for place, one in enumerate(SETTINGS, 1)}
    whole["contributes"]["configuration"]["properties"] = settings
    machine = [f"throughline.{one.name}" for one in SETTINGS if one.scope == "machine"]
    whole["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = machine
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _property(one: Setting, place: int) -> dict[str, Any]:
    described = "markdownDescription" if "`" in one.text or "#" in one.text else "description"
    made: dict[str, Any] = {
        "type": KINDS[type(one.default)],
        **({"items": {"type": "string"}} if isinstance(one.default, tuple) else {}),
        "default": one.default,
        described: one.text,
        "scope": one.scope,
    }
    bounds = {"minimum": one.least, "maximum": one.most}
    made |= {name: bound for name, bound in bounds.items() if bound is not None}
    if one.choices:
        made |= {"enum": [name for name, _ in one.choices], "enumDescriptions": [text for _, text in one.choices]}
    return {**made, "order": place}


def protocol() -> str:
    """The TypeScript of every message, union and method."""
    parts = ["// Generated from sidecar/throughline/protocol by `make protocol`. Do not edit.\n"]
    parts.append(f"export const VERSION = {methods.VERSION};\n")
    parts += [f"export type {name} = {_members(alias)};\n" for alias, name in ALIASES.items()]
    parts += [_interface(message) for message in _messages()]
    for title, table in (("Requests", methods.REQUESTS), ("Notifications", methods.NOTIFICATIONS)):
        rows = [
            f'  "{one.name}": {{ params: {_type(one.params)}; result: {_type(one.result or NoneType)} }};'
            for one in table
        ]
        parts.append("\n".join([f"export interface {title} {{", *rows, "}\n"]))
    rows = [f'  {one.field}: ["{one.name}", {json.dumps(one.default)}],' for one in SETTINGS if one.field]
    parts.append("\n".join([_SETTINGS, "export const SETTINGS = {", *rows, "} as const;\n"]))
    return "\n".join(parts)


def _messages() -> list[type[Any]]:
    return [
        thing
        for module in (state, messages)
        for thing in vars(module).values()
        if isinstance(thing, type) and has(thing) and thing.__module__ == module.__name__
    ]


def _interface(message: type[Any]) -> str:
    hints = get_type_hints(message)
    lines = [f"/** {' '.join((message.__doc__ or '').split())} */", f"export interface {message.__name__} {{"]
    if isinstance(tag := vars(message).get("kind"), str):
        lines.append(f'  kind: "{tag}";')
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
    if origin in (list, tuple):
        member = get_args(shape)[0]
        return f"Array<{_type(member)}>"
    if has(shape):
        return str(shape.__name__)
    raise TypeError(f"the protocol has no word for {shape!r}")


if __name__ == "__main__":
    sys.exit(write_protocol(sys.argv[1:]))
