"""Parsing and querying by tree-sitter, which is imported at first use."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING

import attrs

from throughline.skeleton.languages.language import Language
from throughline.skeleton.mend import taken_apart

if TYPE_CHECKING:
    import tree_sitter
    from tree_sitter import Node


LARGEST = 2_000_000
"""Bytes; a file above is data or generated, and parsing holds the interpreter's lock."""
WIDEST_ERROR = 5_000
"""Pieces of one unparsed stretch; the query's time grows with their square."""


@attrs.frozen
class Match:
    """One match of a language's query: a node for each capture, and what `#set!` says."""

    nodes: Mapping[str, "Node"]
    settings: Mapping[str, str]


def matches(language: Language, suffix: str, data: bytes) -> list[Match] | None:
    """Every match of the language's query in UTF-8 source, in no particular order.

    None for what would take minutes: a text above LARGEST bytes, or one that is an unbroken run of errors.
    """
    if len(data) > LARGEST:
        return None
    module, function = language.grammars[suffix]
    parser = import_module("tree_sitter").Parser(_grammar(module, function))
    query = _query(module, function, language.name)
    data = language.prepare(data)
    root: Node = parser.parse(data).root_node
    if _hopeless(root):
        return None
    found = _found(query, root)
    if root.has_error:
        parts = taken_apart(data, lambda block: parser.parse(block).root_node.has_error)
        apart = [match for part in parts for match in _found(query, parser.parse(part).root_node)]
        return max(found, apart, key=_worth)
    return found


def _found(query: "tree_sitter.Query", root: "Node") -> list[Match]:
    settings = [_settings(query, index) for index in range(query.pattern_count)]
    return [
        Match({name: nodes[0] for name, nodes in captures.items()}, settings[index])
        for index, captures in import_module("tree_sitter").QueryCursor(query).matches(root)
    ]


def _worth(hits: list[Match]) -> tuple[int, int]:
    """How much was understood: names first, then how few bytes were not."""
    lost = sum(node.end_byte - node.start_byte for hit in hits if (node := hit.nodes.get("broken")))
    return sum("name" in hit.nodes for hit in hits), -lost


def _hopeless(root: "Node") -> bool:
    if not root.has_error:
        return False
    return any(node.is_error and node.child_count > WIDEST_ERROR for node in (root, *root.children))


@cache
def _grammar(module: str, function: str) -> "tree_sitter.Language":
    language: tree_sitter.Language = import_module("tree_sitter").Language(getattr(import_module(module), function)())
    return language


@cache
def _query(module: str, function: str, name: str) -> "tree_sitter.Query":
    text = resources.files("throughline.skeleton.languages").joinpath(f"{name}.scm").read_text("utf-8")
    query: tree_sitter.Query = import_module("tree_sitter").Query(_grammar(module, function), text)
    return query


def _settings(query: "tree_sitter.Query", index: int) -> dict[str, str]:
    return {key: value or "" for key, value in query.pattern_settings(index).items()}
