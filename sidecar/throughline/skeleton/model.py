"""The outline of a source file: what it declares, as values that no language's grammar leaks into."""

from __future__ import annotations

import re
from typing import Literal

import attrs

VERSION = 2
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
    "implementation",  # methods given to a type that stands elsewhere: `impl Display for Store`
    "macro",
    "group",  # declarations under one keyword, which have their names as if it were not there: `const ( … )`
    "label",  # a line that says something of what follows: `public:`, `package store`
    "export",  # a name passed on from elsewhere, such as `export * from "./errors"`
]

FUNCTIONS: frozenset[Kind] = frozenset({"function", "method", "macro"})
"""The kinds whose body is code that runs when they are called."""

WORD = re.compile(r"[^\W\d]\w*")

LEFT_OUT = "…"
"""Stands where a value is too long to be shown."""


@attrs.frozen
class Parameter:
    """One parameter as written: the name with its marks (`*args`, `...rest`, `key?`, `private db`)."""

    name: str
    annotation: str = ""
    default: str = ""
    written: str = ""
    """The whole but for the default, where a type is no annotation behind the name: `const char *name`."""

    @property
    def word(self) -> str:
        """The bare name, without marks and modifiers: what the body calls it; empty for a pattern of several."""
        words = WORD.findall(self.name)
        return words[-1] if words and not self.name.startswith(("{", "[", "(")) else ""


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
    children: tuple[Item, ...] = ()
    opening: str = ""
    """The head up to the parameters, the type or the value: `export const f = async <T>`."""
    closing: str = ""
    """The head after the return type, such as an arrow or `const override`; of a type, what follows its body."""
    value: str = ""
    """What is assigned, or LEFT_OUT for a long value."""
    access: str = ""
    """What the label above it says of who may use it: `private`."""


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
