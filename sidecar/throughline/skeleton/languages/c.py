"""C, and what C++ takes from it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from throughline.skeleton.languages.braces import Style, declared, type_first, writer
from throughline.skeleton.languages.language import Detail, InterfaceRules, Language, Lines, modifiers
from throughline.skeleton.model import Item, Kind

if TYPE_CHECKING:
    from tree_sitter import Node

NAMES = frozenset(
    {"identifier", "field_identifier", "type_identifier", "destructor_name", "operator_name", "qualified_identifier",
     "template_function"}
)  # fmt: skip
AROUND = ("type_definition", "field_declaration", "declaration")


def complete(kind: Kind, parts: Mapping[str, "Node"]) -> tuple[Kind, Mapping[str, "Node"]]:
    """A declaration is a function when its declarator is one; a type without a name has that of what it declares."""
    if kind in {"constant", "function"} and "declarator" in parts:
        return _declaration(dict(parts))
    if kind == "type" and "declarator" in parts and (name := declared(parts["declarator"])):
        return kind, {**parts, "name": name}
    if kind in {"class", "enum"}:
        return kind, _titled(parts, parts[kind])
    return kind, parts


def _declaration(parts: dict[str, "Node"]) -> tuple[Kind, Mapping[str, "Node"]]:
    declarator: Node | None = parts["declarator"]
    function: Node | None = None
    pointed = False
    while declarator is not None and declarator.type not in NAMES:
        if declarator.type in {"function_declarator", "operator_cast"}:
            function, pointed = declarator, False
        elif declarator.type == "pointer_declarator":
            pointed = True
        inner = declarator.child_by_field_name("declarator")
        if declarator.type == "operator_cast":
            parts["name"] = declarator.child_by_field_name("type") or declarator
            function = inner
            break
        if inner is None and declarator.named_child_count:
            inner = declarator.named_children[-1]
        declarator = inner
    if declarator is not None:
        parts.setdefault("name", declarator)
    if "name" in parts and parts["name"].type == "template_function":
        parts["name"] = parts["name"].child_by_field_name("name") or parts["name"]
    listed = function.child_by_field_name("parameters") if function and not pointed else None
    if listed is None:
        return "constant", parts
    parts["parameters"] = listed
    parts.pop("value", None)
    return "function", parts


def _titled(parts: Mapping[str, "Node"], node: "Node") -> Mapping[str, "Node"]:
    """A structure's parts, named as the declaration around it names it where that is a type or there is no tag."""
    around = node.parent
    if around is None or around.type not in AROUND:
        return parts
    name = declared(around.child_by_field_name("declarator"))
    if name is None or ("name" in parts and around.type != "type_definition"):
        return parts
    return {**parts, "name": name}


_write = writer(Style(type_end=";", label_end=":"))


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as a declaration writes it; an enumeration is never empty, which C does not allow."""
    lines = _write(item, around, detail)
    if item.kind != "enum" or not item.children:
        return lines
    alone = lines.alone.replace("{}", f"{{ {item.children[0].name} }}", 1)
    return Lines(alone, lines.opening, lines.closing, lines.above)


def is_public(item: Item, around: Item | None = None) -> bool:
    """Whether other files see an item: a `static` one is its file's own."""
    del around
    return "static" not in modifiers(item)


C = Language(
    name="c",
    grammars={".c": ("tree_sitter_c", "language")},
    comment="//",
    indent="  ",
    write=write,
    complete=complete,
    joins=True,
    parameters=type_first,
    rules=InterfaceRules(is_public=is_public),
)
