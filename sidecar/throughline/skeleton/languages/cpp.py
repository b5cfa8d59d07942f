"""C++."""

import re

import attrs

from throughline.skeleton.languages.braces import Style, type_first, writer
from throughline.skeleton.languages.c import complete
from throughline.skeleton.languages.language import Detail, InterfaceRules, Language, Lines, modifiers
from throughline.skeleton.model import FUNCTIONS, Item

LONG_TYPE = 8
VIRTUAL = re.compile(r"\b(?:override|final)\b|= 0$")
KEPT = ("static", "virtual", "inline", "constexpr", "friend", "extern", "template", "explicit", "auto", "void", "this")


def plainer(text: str) -> str:
    """`auto` for a type that is longer than that."""
    return text if len(text) <= LONG_TYPE or text.startswith(KEPT) else "auto"


_write = writer(Style(type_end=";", default="/* = … */", plainer=plainer, label_end=":"))


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as a declaration writes it, but for a function outside of its class, which needs a body. A virtual one
    keeps its types.
    """
    if item.kind in FUNCTIONS and ("virtual" in item.opening or VIRTUAL.search(item.closing)):
        detail = attrs.evolve(detail, annotations=True)
    lines = _write(item, around, detail)
    if item.kind in FUNCTIONS and item.body_hash and ("::" in item.name or item.name.startswith("~")):
        return attrs.evolve(lines, alone=f"{lines.alone.removesuffix(';')} {{}}")
    return lines


def is_public(item: Item, around: Item | None = None) -> bool:
    """Whether an item is not `private`."""
    del around
    return "private" not in modifiers(item)


CPP = Language(
    name="cpp",
    grammars=dict.fromkeys(
        (".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".ipp", ".inl", ".tpp"), ("tree_sitter_cpp", "language")
    ),
    comment="//",
    indent="  ",
    write=write,
    complete=complete,
    joins=True,
    parameters=type_first,
    rules=InterfaceRules(is_public=is_public),
)
