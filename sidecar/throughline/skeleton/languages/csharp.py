"""C#."""

from throughline.skeleton.languages.braces import Style, public_by_word, type_first, without_arguments, writer
from throughline.skeleton.languages.language import Detail, InterfaceRules, Language, Lines
from throughline.skeleton.model import Item

_write = writer(Style(default="= default", plainer=without_arguments))


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as a declaration writes it; a property ends with its accessors, whose bodies are cut."""
    lines = _write(item, around, detail)
    accessors = item.closing if item.parameters else "" if item.value else item.opening
    if accessors.endswith("}"):
        return Lines(lines.alone.removesuffix(";"), above=lines.above)
    return lines


CSHARP = Language(
    name="csharp",
    grammars=dict.fromkeys((".cs", ".csx"), ("tree_sitter_c_sharp", "language")),
    comment="//",
    indent="  ",
    write=write,
    joins=True,
    parameters=type_first,
    rules=InterfaceRules(is_public=public_by_word, usual_access="private"),
)
