"""The outline of a source file: what it declares, as values that no language's grammar leaks into."""

from typing import Literal

import attrs

VERSION = 1
"""Raised whenever the same text gives another outline, so that stored skeletons are made again."""

Kind = Literal[
    "class",
    "function",
    "method",
    "interface",
    "type",
    "enum",
    "constant",
    "field",
    "attribute",  # a field that only a constructor's body declares, such as `self.name = name`
    "namespace",
    "export",  # a name passed on from elsewhere, such as `export * from "./errors"`
]

LEFT_OUT = "…"
"""Stands where a value is too long to be shown."""


@attrs.frozen
class Parameter:
    """One parameter as written: the name with its marks (`*args`, `...rest`, `key?`, `private db`)."""

    name: str
    annotation: str = ""
    default: str = ""


@attrs.frozen
class Item:
    """One declaration. Texts are source with comments cut and whitespace collapsed; lines count from 1."""

    kind: Kind
    name: str
    signature: str
    parameters: tuple[Parameter, ...] = ()
    returns: str = ""
    bases: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    doc: str = ""
    raises: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    first_line: int = 0
    last_line: int = 0
    body_hash: str = ""
    """Of the body or value without its comments and outer indentation; empty when there is none."""
    children: tuple["Item", ...] = ()
    opening: str = ""
    """The head up to the parameters, the type or the value: `export const f = async <T>`."""
    closing: str = ""
    """The head after the return type: the arrow of an arrow function."""
    value: str = ""
    """What is assigned, or LEFT_OUT for a long value."""


@attrs.frozen
class Outline:
    """A file's declarations in source order; `broken` counts the spots that did not parse."""

    path: str
    language: str
    imports: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    broken: int = 0
    lines: int = 0
    doc: str = ""
    loose: int = 0
    """Lines of code that belong to no item and run when the file is loaded."""
    bodies: int = 0
    """Bytes of bodies, long values and loose code: what a skeleton leaves out."""
