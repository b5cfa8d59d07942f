"""Rust."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from throughline.skeleton.languages.language import (
    Detail,
    InterfaceRules,
    Language,
    Lines,
    Written,
    modifiers,
    name_first,
)
from throughline.skeleton.model import LEFT_OUT, Item, Parameter
from throughline.skeleton.source import SourceText

if TYPE_CHECKING:
    from tree_sitter import Node


LONG_TYPE = 8


def rust_parameters(node: "Node", source: SourceText) -> Iterator[Written]:
    """Patterns with their types, the whole written as one, since no type can go."""
    mark = ""
    for parameter, text in name_first(node, source):
        if text.startswith("#["):
            mark = f"{text} "  # an attribute is a node of its own before the parameter that it belongs to
            continue
        yield attrs.evolve(parameter, written=f"{mark}{text}"), f"{mark}{text}"
        mark = ""


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as a trait writes it: a function ends without its body, a constant without a long value."""
    above = tuple(text for text in item.decorators if detail.defaults or not text.startswith("#[doc"))
    match item.kind:
        case "function" | "method":
            listed = ", ".join(_parameter(parameter, detail) for parameter in item.parameters)
            closing = item.closing if detail.annotations else "-> _" if item.returns else ""
            return Lines(f"{item.opening}({listed}) {closing}".rstrip() + ";", above=above)
        case "class" | "interface" | "enum" | "namespace" | "implementation":
            return Lines(f"{item.signature} {{}}", f"{item.signature} {{", "}", above)
        case "macro":
            return Lines(f"macro_rules! {item.name} {{}}", above=above)
        case "field" if around is not None and around.kind in {"class", "enum", "field"}:
            text = f"{item.opening} = {item.value}" if item.value and item.value != LEFT_OUT else item.opening
            return Lines(f"{text},", f"{text} {{", "},", above)
        case _:
            text = f"{item.opening} = {item.value}" if item.value and item.value != LEFT_OUT else item.opening
            return Lines(f"{text};", above=above)


def _parameter(parameter: Parameter, detail: Detail) -> str:
    plain = detail.annotations or not parameter.annotation or len(parameter.annotation) <= LONG_TYPE
    return parameter.written if plain else f"{parameter.name}: _"


def is_public(item: Item, around: Item | None = None) -> bool:
    """Whether an item is `pub`; what stands in a trait or an enumeration is as open as that, and so is an `impl`."""
    if "pub" in modifiers(item):
        return True
    if around is None or around.kind == "namespace":
        return item.kind == "implementation"
    return around.kind in {"interface", "enum"}


RUST = Language(
    name="rust",
    grammars={".rs": ("tree_sitter_rust", "language")},
    comment="//",
    indent="    ",
    write=write,
    joins=True,
    parameters=rust_parameters,
    rules=InterfaceRules(
        is_public=is_public,
        export_words=frozenset({"pub"}),
        not_passed=frozenset({"self", "&self", "&mut self"}),
    ),
)
