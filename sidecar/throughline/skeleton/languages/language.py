"""What a language has to say about itself."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

import attrs

from throughline.skeleton.model import Item, Kind, Parameter
from throughline.skeleton.source import SourceText, shorten_value

if TYPE_CHECKING:
    from tree_sitter import Node

Written: TypeAlias = tuple[Parameter, str]
"""A parameter and its whole text, the default included."""


@attrs.frozen
class Detail:
    """What a rendering shows besides the names, which always stay."""

    docs: bool = True
    fields: bool = True
    defaults: bool = True
    annotations: bool = True
    constants: bool = True
    notes: bool = True
    imports: bool = True
    decorators: bool = True


@attrs.frozen
class Lines:
    """How an item is written: `alone` without children; otherwise `opening`, the children, `closing`."""

    alone: str
    opening: str = ""
    closing: str = ""
    above: tuple[str, ...] = ()


Write = Callable[[Item, Item | None, Detail], Lines]
"""Writes an item's lines, given the item it stands in, in the language's own syntax."""


def unchanged(data: bytes) -> bytes:
    """The source as it is: what most languages hand to their parser."""
    return data


def as_found(kind: Kind, parts: Mapping[str, "Node"]) -> tuple[Kind, Mapping[str, "Node"]]:
    """An item as the query found it."""
    return kind, parts


def name_first(node: "Node", source: SourceText) -> Iterator[Written]:
    """The parameters of a list in which a type and a default stand behind the name, or one that has no list."""
    listed = source.data[node.start_byte : node.start_byte + 1] == b"("
    # A comment between two parameters is no parameter.
    for child in [child for child in node.named_children if not child.is_extra] if listed else [node]:
        annotation = child.child_by_field_name("type")
        default = child.child_by_field_name("value")
        if child.type == "assignment_pattern":
            default = child.child_by_field_name("right")
        parts = [part for part in (annotation, default) if part is not None]
        stop = min((part.start_byte for part in parts), default=child.end_byte)
        parameter = Parameter(
            name=source.text(child.start_byte, stop).rstrip(" :="),
            annotation=source.text(*annotation.byte_range).removeprefix(":").strip() if annotation else "",
            default=brief(default, source) if default else "",
        )
        yield parameter, source.text(*child.byte_range) if parts else parameter.name


def brief(node: "Node", source: SourceText) -> str:
    """A value as it is shown."""
    return shorten_value(source.text(*node.byte_range), node.start_point.row == node.end_point.row)


@attrs.frozen
class Language:
    """A language: its grammars by file suffix (module, function), its syntax, and the writing of an item.

    What to look for is in the query file of the same name.
    """

    name: str
    grammars: Mapping[str, tuple[str, str]]
    comment: str
    indent: str
    write: Write
    constructors: frozenset[str] = frozenset()
    prepare: Callable[[bytes], bytes] = unchanged
    """Hides from the parser what its grammar does not know; must keep every byte's place."""
    complete: Callable[[Kind, Mapping[str, "Node"]], tuple[Kind, Mapping[str, "Node"]]] = as_found
    """Says what an item is and which nodes are its parts, where a query cannot."""
    parameters: Callable[["Node", SourceText], Iterable[Written]] = name_first
    joins: bool = False
    """Whether a value over several lines means the same on one."""
