"""C++."""

from throughline.skeleton.languages.braces import Style, type_first, writer
from throughline.skeleton.languages.c import complete
from throughline.skeleton.languages.language import Language

LONG_TYPE = 8
KEPT = ("static", "virtual", "inline", "constexpr", "friend", "extern", "template", "explicit", "auto", "void", "this")


def plainer(text: str) -> str:
    """`auto` for a type that is longer than that."""
    return text if len(text) <= LONG_TYPE or text.startswith(KEPT) else "auto"


CPP = Language(
    name="cpp",
    grammars=dict.fromkeys(
        (".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".ipp", ".inl", ".tpp"), ("tree_sitter_cpp", "language")
    ),
    comment="//",
    indent="  ",
    write=writer(Style(type_end=";", default="{}", plainer=plainer, label_end=":")),
    complete=complete,
    joins=True,
    parameters=type_first,
)
