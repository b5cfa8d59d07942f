"""Java."""

from throughline.skeleton.languages.braces import Style, public_by_word, type_first, without_arguments, writer
from throughline.skeleton.languages.language import Detail, InterfaceRules, Language, Lines
from throughline.skeleton.model import Item

_write = writer(Style(plainer=without_arguments))


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as a declaration writes it; a semicolon parts an enumeration's constants from its other members."""
    if item.kind == "method" and not item.signature.startswith(f"{item.opening}("):
        return Lines(f"{item.signature} {{}}", above=item.decorators)  # a record's constructor without parameters
    lines = _write(item, around, detail)
    if item.kind == "method" and not item.returns:
        return Lines(f"{lines.alone.removesuffix(';')} {{}}", above=lines.above)  # a constructor cannot go without
    if item.kind == "enum" and not any(is_shown(child, detail) for child in item.children):
        return Lines(lines.alone, f"{lines.opening} ;", lines.closing, lines.above)
    if around is not None and around.kind == "enum" and is_constant(item):
        constants = [child for child in around.children if is_shown(child, detail)]
        others = any(not is_constant(child) for child in around.children)
        end = ";" if item is constants[-1] and others else ","
        return Lines(item.opening + end, f"{item.opening} {{", f"}}{end}", lines.above)
    if around is not None and around.kind == "enum" and item.kind == "field":
        return _write(item, None, detail)
    return lines


def is_constant(item: Item) -> bool:
    """Whether a member of an enumeration is one of its constants: those have no type."""
    return item.kind == "field" and not item.returns


def is_shown(item: Item, detail: Detail) -> bool:
    """Whether a member of an enumeration is a constant that is written: one with methods always is."""
    return is_constant(item) and (detail.fields or any(child.kind == "method" for child in item.children))


JAVA = Language(
    name="java",
    grammars={".java": ("tree_sitter_java", "language")},
    comment="//",
    indent="  ",
    write=write,
    joins=True,
    parameters=type_first,
    rules=InterfaceRules(is_public=public_by_word, usual_access="package"),
)
