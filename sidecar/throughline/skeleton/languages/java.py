"""Java."""

from throughline.skeleton.languages.braces import Style, type_first, without_arguments, writer
from throughline.skeleton.languages.language import Detail, Language, Lines
from throughline.skeleton.outline import Item

_write = writer(Style(plainer=without_arguments))


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as a declaration writes it; a semicolon parts an enumeration's constants from its other members."""
    if item.kind == "method" and not item.signature.startswith(f"{item.opening}("):
        return Lines(f"{item.signature} {{}}", above=item.decorators)  # a record's constructor without parameters
    lines = _write(item, around, detail)
    if item.kind == "enum" and not detail.fields and any(child.kind != "field" for child in item.children):
        return Lines(lines.alone, f"{lines.opening} ;", lines.closing, lines.above)
    if around is not None and around.kind == "enum" and is_constant(item):
        constants = [child for child in around.children if is_constant(child)]
        end = ";" if item is constants[-1] and len(constants) < len(around.children) else ","
        return Lines(item.opening + end, f"{item.opening} {{", f"}}{end}", lines.above)
    if around is not None and around.kind == "enum" and item.kind == "field":
        return _write(item, None, detail)
    return lines


def is_constant(item: Item) -> bool:
    """Whether a member of an enumeration is one of its constants: those have no type."""
    return item.kind == "field" and not item.returns


JAVA = Language(
    name="java",
    grammars={".java": ("tree_sitter_java", "language")},
    comment="//",
    indent="  ",
    write=write,
    joins=True,
    parameters=type_first,
)
