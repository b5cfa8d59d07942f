"""What the languages with braces and types before names share: reading a parameter, writing an item."""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import attrs

from throughline.skeleton.languages.language import Detail, Lines, Write, Written, brief, modifiers
from throughline.skeleton.model import LEFT_OUT, Item, Parameter
from throughline.skeleton.source import SourceText

if TYPE_CHECKING:
    from tree_sitter import Node

INNERMOST = re.compile(r"<[^<>]*>")
BRACKETS = frozenset({"(", ")", "[", "]", "<", ">"})
TYPES = frozenset({"class", "interface", "enum", "namespace", "implementation"})
WRAPPERS = frozenset({"parenthesized_declarator", "reference_declarator", "attributed_declarator"})
PLAIN = frozenset({"identifier", "type_identifier", "field_identifier", "this"})


def public_by_word(item: Item, around: Item | None = None) -> bool:
    """Whether an item says that code elsewhere may use it; what stands in an interface or an enumeration need not."""
    return (around is not None and around.kind in {"interface", "enum"}) or bool(
        modifiers(item) & {"public", "protected"}
    )


def type_first(node: "Node", source: SourceText) -> Iterator[Written]:
    """The parameters of a list in which types stand before names."""
    for separator, group in groupby(node.children, key=lambda child: child.type == ","):
        nodes = [child for child in group if child.type not in BRACKETS and not child.is_extra]
        if not separator and nodes:
            yield _type_first(nodes, source)


def _type_first(nodes: list["Node"], source: SourceText) -> Written:
    """One parameter: mostly one node, but several in the grammars that know no node for `params`."""
    start, end = nodes[0].start_byte, nodes[-1].end_byte
    whole = nodes[0] if len(nodes) == 1 else nodes[0].parent
    default = _default(nodes[0]) if len(nodes) == 1 else None
    stop = default.start_byte if default else end
    name = declared(whole if len(nodes) == 1 and whole is not None else nodes[-1])
    written = source.text(start, stop).rstrip(" =")
    parameter = Parameter(
        name=source.text(*name.byte_range) if name else "",
        annotation=_without(name, start, stop, source) if name else written,
        default=brief(default, source) if default else "",
        written=written,
    )
    return parameter, source.text(start, end)


def _default(node: "Node") -> "Node | None":
    if found := node.child_by_field_name("default_value"):
        return found
    assigned = [place for place, child in enumerate(node.children) if child.type == "="]
    return node.children[assigned[0] + 1] if assigned and assigned[0] + 1 < node.child_count else None


def _without(name: "Node", start: int, stop: int, source: SourceText) -> str:
    before, after = source.text(start, name.start_byte), source.text(name.end_byte, stop)
    return f"{before} {after}".strip(" =")


def declared(node: "Node | None") -> "Node | None":
    """The name that a declarator declares, whatever pointers, arrays and brackets stand around it."""
    while node is not None and node.type not in PLAIN:
        inner = node.child_by_field_name("name") or node.child_by_field_name("declarator")
        if inner is None and (node.type in WRAPPERS or node.type == "spread_parameter"):
            inner = node.named_children[-1] if node.named_child_count else None
        node = inner
    return node


def type_as_written(text: str) -> str:
    """A type as it stands."""
    return text


@attrs.frozen
class Style:
    """How a language ends things: a statement, a type, a member of an enumeration, a default that is left out."""

    end: str = ";"
    type_end: str = ""
    member_end: str = ","
    default: str = ""
    label_end: str = ";"
    plainer: Callable[[str], str] = type_as_written
    """A type as it is written where annotations go: languages of this kind do not parse without any."""


def without_arguments(text: str) -> str:
    """A type without the arguments of its generics: `Map` for `Map<K, List<V>>`."""
    while INNERMOST.search(text):
        text = INNERMOST.sub("", text)
    return text


def head(item: Item, detail: Detail, style: Style) -> str:
    """A function's head, or that of a type with parameters, as the detail asks."""
    parameters = ", ".join(_parameter(parameter, detail, style) for parameter in item.parameters)
    opened, closed = ("[", "]") if item.signature.startswith(f"{item.opening}[") else ("(", ")")
    opening = item.opening
    if not detail.annotations and item.returns and item.kind != "macro":
        before, found, after = opening.rpartition(item.returns)
        opening = f"{before}{style.plainer(found)}{after}"
    return f"{opening}{opened}{parameters}{closed} {item.closing}".rstrip()


def _parameter(parameter: Parameter, detail: Detail, style: Style) -> str:
    text = parameter.written
    if not detail.annotations and parameter.name and parameter.annotation:
        before, name, after = text.rpartition(parameter.name)
        if not after:
            text = f"{style.plainer(before.rstrip())} {name}"
    if not parameter.default:
        return text
    if detail.defaults and parameter.default != LEFT_OUT:
        return f"{text} = {parameter.default}"
    return f"{text} {style.default}".rstrip()


def writer(style: Style) -> Write:
    """The writing of items in a language of this style."""

    def write(item: Item, around: Item | None, detail: Detail) -> Lines:
        above = item.decorators
        in_enum = around is not None and around.kind == "enum"
        if item.kind in TYPES:
            opening = head(item, detail, style) if _has_parameters(item) else item.signature
            end = "" if item.kind == "namespace" else style.type_end
            closing = f"}} {item.closing}{end}" if item.closing and not _has_parameters(item) else f"}}{end}"
            return Lines(f"{opening} {{{closing}", f"{opening} {{", closing, above)
        if item.kind in {"function", "method", "macro"}:
            macro = item.opening.startswith("#")
            return Lines(head(item, detail, style) + ("" if macro else style.end), above=above)
        if item.kind == "label":
            return Lines(item.signature + style.label_end, above=above)
        if item.opening.startswith("#"):
            return Lines(f"{item.opening} {'' if item.value == LEFT_OUT else item.value}".rstrip())
        text = item.opening
        if item.value and item.value != LEFT_OUT:
            text += f" = {item.value}"
        end = style.member_end if in_enum and item.kind == "field" else style.end
        return Lines(text + end, f"{text} {{", f"}}{end}", above)

    return write


def _has_parameters(item: Item) -> bool:
    return item.signature.startswith(f"{item.opening}(")
