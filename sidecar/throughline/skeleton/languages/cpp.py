"""C++."""

from throughline.skeleton.languages.braces import Style, type_first, writer
from throughline.skeleton.languages.c import complete
from throughline.skeleton.languages.language import Language

CPP = Language(
    name="cpp",
    grammars=dict.fromkeys(
        (".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".ipp", ".inl", ".tpp"), ("tree_sitter_cpp", "language")
    ),
    comment="//",
    indent="  ",
    write=writer(Style(type_end=";", default="{}", label_end=":")),
    complete=complete,
    joins=True,
    parameters=type_first,
)
