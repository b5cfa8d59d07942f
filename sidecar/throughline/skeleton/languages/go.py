"""Go."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from throughline.skeleton.languages.language import Detail, InterfaceRules, Language, Lines, Written, short_name
from throughline.skeleton.model import LEFT_OUT, Item, Parameter
from throughline.skeleton.source import SourceText

if TYPE_CHECKING:
    from tree_sitter import Node


def go_parameters(node: "Node", source: SourceText) -> Iterator[Written]:
    """Each name with its type; of several names before one type, the last is written with it: `a, b int`."""
    for child in node.named_children:
        if child.is_extra:
            continue
        kind = child.child_by_field_name("type")
        names = child.children_by_field_name("name")
        if kind is None or not names:
            whole = source.text(*child.byte_range)
            yield Parameter("", annotation=whole, written=whole), whole
            continue
        dots = "..." if child.type == "variadic_parameter_declaration" else ""
        annotation = dots + source.text(*kind.byte_range)
        for name in names:
            text = source.text(*name.byte_range)
            written = f"{text} {annotation}" if name == names[-1] else text
            yield Parameter(text, annotation=annotation, written=written), written


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as a declaration writes it: a function goes without its body, as one that is written elsewhere."""
    del detail  # no part of a declaration can go
    match item.kind:
        case "function" | "method":
            listed = ", ".join(parameter.written for parameter in item.parameters)
            body = " {}" if "=" in item.opening else ""
            return Lines(f"{item.opening}({listed}) {item.closing}".rstrip() + body)
        case "class" | "interface":
            tag = f" {item.closing}" if item.closing else ""
            return Lines(f"{item.signature} {{}}{tag}", f"{item.signature} {{", f"}}{tag}")
        case "group":
            return Lines(f"{item.signature} ()", f"{item.signature} (", ")")
        case "type" | "label":
            return Lines(item.signature)
        case "field" if around is not None and around.kind in {"class", "interface"}:
            return Lines(item.opening)
        case _:
            return Lines(_value(item))


def _value(item: Item) -> str:
    if not item.value:
        return item.opening
    if item.value != LEFT_OUT:
        return f"{item.opening} = {item.value}"
    return item.opening if item.returns and not item.opening.startswith("const") else f"{item.opening} = nil"


def is_public(item: Item, around: Item | None = None) -> bool:
    """Whether a name is exported: it begins with a capital letter."""
    del around
    name = short_name(item)
    return name[:1].isupper() or not name


GO = Language(
    name="go",
    grammars={".go": ("tree_sitter_go", "language")},
    comment="//",
    indent="\t",
    write=write,
    joins=True,
    parameters=go_parameters,
    rules=InterfaceRules(is_public=is_public),
)
