"""Parsing and querying by tree-sitter, which is imported at first use."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING

import attrs

from throughline.skeleton.bounds import WIDEST_ERROR, Budget, Patience, endless, hopeless, reader
from throughline.skeleton.languages.language import Language
from throughline.skeleton.mend import taken_apart

if TYPE_CHECKING:
    import tree_sitter
    from tree_sitter import Node


MANY = 500
"""Nodes in which an unparsed stretch is looked for."""


@attrs.frozen
class Match:
    """One match of a language's query: a node for each capture, and what `#set!` says."""

    nodes: Mapping[str, "Node"]
    settings: Mapping[str, str]


def matches(language: Language, suffix: str, data: bytes, late: Patience = endless) -> list[Match] | None:
    """Every match of the language's query in UTF-8 source, in no particular order.

    None for what would take minutes: a very large text, or one that is an unbroken run of errors.
    """
    if hopeless(data):
        return None
    module, function = language.grammars[suffix]
    parser = import_module("tree_sitter").Parser(_grammar(module, function))
    query = _query(module, function, language.name)
    data = language.prepare(data)
    root = _parsed(parser, data, late)
    if root is None or _torn(root):
        return None
    found = _found(query, root)
    if root.has_error:
        parts = taken_apart(data, lambda block: (alone := _parsed(parser, block, late)) is None or alone.has_error)
        roots = [_parsed(parser, part, late) for part in parts]
        each = [_found(query, root) for root in roots if root is not None]
        apart = [match for hits in each for match in hits]
        if each and _names(each[0]) > _names(found, within=parts[0]):
            return apart  # what is broken has swallowed something sound
        return max(found, apart, key=_worth)
    return found


def grammar(language: Language, suffix: str, data: bytes) -> "Node":
    """The root of a source's tree by a language's grammar, without any bound: for those who measure."""
    root: Node = (
        import_module("tree_sitter")
        .Parser(_grammar(*language.grammars[suffix]))
        .parse(language.prepare(data))
        .root_node
    )
    return root


def tree(language: Language, suffix: str, data: bytes, late: Patience = endless) -> "Node | None":
    """The root of the syntax tree of UTF-8 source, or None for what would take minutes."""
    if hopeless(data):
        return None
    module, function = language.grammars[suffix]
    parser = import_module("tree_sitter").Parser(_grammar(module, function))
    root = _parsed(parser, language.prepare(data), late)
    return None if root is None or _torn(root) else root


def _parsed(parser: "tree_sitter.Parser", data: bytes, late: Patience) -> "Node | None":
    """The root of a source's tree, or None where the parser got lost in it."""
    budget = Budget(late)
    try:
        tree = parser.parse(reader(data), progress_callback=budget.parsing)
    except ValueError:
        parser.reset()
        if budget.spent:
            return None
        raise
    # The same tree again, which takes no time, but with its text at hand for the query's predicates.
    return tree.root_node if tree.root_node.has_error else parser.parse(data, tree).root_node


def _found(query: "tree_sitter.Query", root: "Node") -> list[Match]:
    settings = [_settings(query, index) for index in range(query.pattern_count)]
    return [
        Match({name: nodes[0] for name, nodes in captures.items()}, settings[index])
        for index, captures in import_module("tree_sitter").QueryCursor(query).matches(root)
    ]


def _worth(hits: list[Match]) -> tuple[int, int]:
    """How much was understood: names first, then how few bytes were not."""
    lost = sum(node.end_byte - node.start_byte for hit in hits if (node := hit.nodes.get("broken")))
    return _names(hits), -lost


def _names(hits: list[Match], within: bytes = b"") -> int:
    """How many names were found; given a source that is partly blank, how many of those that are not blank there."""
    starts = [hit.nodes["name"].start_byte for hit in hits if "name" in hit.nodes]
    return sum(not within[start : start + 1].isspace() for start in starts)


def _torn(root: "Node") -> bool:
    waiting = [root] if root.has_error else []
    for node in waiting:
        if node.is_error and node.child_count > WIDEST_ERROR:
            return True
        if node.child_count <= WIDEST_ERROR:
            waiting += [child for child in node.children if child.has_error][: MANY - len(waiting)]
    return False


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
