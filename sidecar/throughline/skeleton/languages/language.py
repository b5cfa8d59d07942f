"""Languages: what each says of itself, its syntax, its grammar and who may use what is written in it."""

import re
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


def modifiers(item: Item) -> set[str]:
    """The words before an item's name, and what the label above it says of who may use it."""
    before = item.opening.rpartition(item.name)[0] if item.name else ""
    return (set(re.findall(r"[a-z]+", before or item.opening)) | {item.access}) - {""}


def short_name(item: Item) -> str:
    """An item's name without what it is qualified by."""
    return item.name.rsplit(".", 1)[-1].rsplit("::", 1)[-1]


def open_to_all(item: Item, around: Item | None = None) -> bool:
    """Whether code elsewhere may use an item, in a language that hides nothing."""
    del item, around
    return True


@attrs.frozen
class InterfaceRules:
    """Who may use what a file declares, and what breaks those who do; the defaults are a typed language's that hides
    nothing.
    """

    is_public: Callable[[Item, Item | None], bool] = open_to_all
    """Whether code elsewhere may use an item, given the item it stands in, as far as its own head tells."""
    export_words: frozenset[str] = frozenset()
    """The words that open a declaration to other files: one that loses them is no longer exported."""
    closed_beside_exports: bool = False
    """Whether a file's unmarked declarations are its own where others are marked as exported."""
    usual_access: str = "public"
    """Who may use what has no word for it."""
    by_keyword: bool = False
    """Whether any parameter may be given by its name."""
    typed: bool = True
    """Whether what has no annotation has a type all the same."""
    interface_binds: bool = True
    """Whether those who implement an interface have to write a new member of it."""
    not_passed: frozenset[str] = frozenset()
    """What stands among the parameters and is not given by a caller, such as `self`."""
    call_decorators: tuple[str, ...] = ()
    """The decorators with which a function is called otherwise than without."""


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
    rules: InterfaceRules = InterfaceRules()
    """Who may use what a file declares, and what breaks those who do."""
