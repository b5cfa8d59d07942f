"""The normalized syntax tree of a file: without comments, documentation and layout."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

from throughline.skeleton import languages
from throughline.skeleton.model import Item
from throughline.skeleton.syntax import Deadline, matches, no_deadline, tree

if TYPE_CHECKING:
    from tree_sitter import Node


_IMPORTS = re.compile(r"import|include|using_d|use_declaration|extern_crate|package_")
_CLOSING = frozenset(")]}>")
_QUOTES = {"'": '"', "'''": '"""'}


@attrs.frozen
class TreeToken:
    """A node or a leaf of the tree: its line, from 1, how deep it stands, and what it is."""

    line: int
    depth: int
    text: str


@attrs.frozen
class NormalizedTree:
    """The tree in source order; imports are left out."""

    marks: tuple[TreeToken, ...]

    @property
    def whole(self) -> str:
        """A hash of all of it."""
        return _hash(self.marks)

    def within(self, item: Item) -> str:
        """A hash of an item's lines."""
        first = bisect_left(self.marks, item.first_line, key=_line)
        return _hash(self.marks[first : bisect_left(self.marks, item.last_line + 1, key=_line)])

    def outside(self, items: Sequence[Item]) -> str:
        """A hash of what belongs to none of these items."""
        covered = {line for item in items for line in range(item.first_line, item.last_line + 1)}
        return _hash([mark for mark in self.marks if mark.line not in covered])


def normalized_tree(path: str, text: str, late: Deadline = no_deadline) -> NormalizedTree | None:
    """What counts in a file's text, or None where its language is not known or it does not parse in time."""
    found = languages.find_language(path)
    if found is None:
        return None
    data = text.removeprefix("\ufeff").encode(errors="replace")
    root = tree(*found, data, late)
    hits = matches(*found, data, late) if root is not None else None
    if root is None or hits is None:
        return None
    # By start and end: the query's nodes and the tree's come from two parses.
    spoken = (hit.nodes.get(key) for hit in hits for key in ("comment", "doc"))
    said = {(node.start_byte, node.end_byte) for node in spoken if node is not None}
    return NormalizedTree(tuple(_marks(root, said)))


def _marks(root: Node, said: set[tuple[int, int]]) -> Iterator[TreeToken]:
    """Depth first. A node that holds nothing but documentation is none; a comma before a closing bracket neither."""
    waiting: list[tuple[Node, int]] = [(child, 1) for child in reversed(root.children)]
    comma: TreeToken | None = None
    while waiting:
        node, depth = waiting.pop()
        if (
            node.type == "line_continuation"
            or (node.start_byte, node.end_byte) in said
            or (node.is_named and _idle(node, depth, said))
        ):
            continue
        children = node.children
        text = node.type if children else (node.text or b"").decode(errors="replace")
        if comma is not None and (children or text not in _CLOSING):
            yield comma
        mark = TreeToken(node.start_point.row + 1, depth, _QUOTES.get(text, text))
        comma = mark if text == "," and not children else None
        waiting += [(child, depth + 1) for child in reversed(children)]
        if text not in {",", ";", ""}:
            yield mark


def _idle(node: Node, depth: int, said: set[tuple[int, int]]) -> bool:
    """Whether a statement is an import or the file's documentation."""
    if _IMPORTS.search(node.type):
        return True
    inner = node.children[0].children if depth == 1 and node.child_count == 1 else []
    return any((child.start_byte, child.end_byte) in said for child in inner)


def _line(mark: TreeToken) -> int:
    return mark.line


def _hash(marks: Sequence[TreeToken]) -> str:
    """The same for the same code at another depth and other lines."""
    top = min((mark.depth for mark in marks), default=0)
    text = "\0".join(f"{mark.depth - top} {mark.text}" for mark in marks)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]
