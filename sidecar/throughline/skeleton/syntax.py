"""Syntax trees by tree-sitter: parsing within a deadline, recovery of what is broken, queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module, resources
from itertools import islice
from typing import TYPE_CHECKING

import attrs

from throughline.skeleton.languages.language import Language

if TYPE_CHECKING:
    import tree_sitter
    from tree_sitter import Node


LARGEST = 1_000_000
"""Bytes; a file above is data or generated, and parsing holds the interpreter's lock."""
WIDEST_ERROR = 5_000
"""Pieces of one unparsed stretch; the query's time grows with their square."""
LEXED = 30_000_000
"""Bytes that a lexer may read in vain; it reads on to the file's end for every comment that nothing closes."""
NESTED = 1_000
"""Open angle brackets without a statement's end between them; some grammars' time grows with their square."""
PIECE = 1_024
SPARE = 1_000
PACE = 50
"""A parser reports about every hundred steps: 3 to 21 times for 1,000 bytes of real source. It may report once for
this many bytes, and SPARE times besides, in which it recovers from errors.
"""

ANGLES = re.compile(rb"[<>;{}]")
NO_DEADLINE = ((re.compile(rb"/\*"), b"*/"), (re.compile(rb'r#+"'), b'"#'))
"""What a lexer looks for the end of, and that end."""

Deadline = Callable[[], bool]
"""True when a caller will wait no longer."""


def no_deadline() -> bool:
    """The patience of a caller that has no clock."""
    return False


def too_costly(data: bytes) -> bool:
    """Whether a text is not even worth the attempt of parsing it."""
    return len(data) > LARGEST or _read_in_vain(data) > LEXED or _angles(data) > NESTED


def _read_in_vain(data: bytes) -> int:
    """Bytes from each comment or raw string that is opened and never closed to the file's end, added up."""
    return sum(
        len(data) - match.start()
        for opened, closed in NO_DEADLINE
        for match in opened.finditer(data, data.rfind(closed) + 1)
    )


def _angles(data: bytes) -> int:
    """The most angle brackets that are open at once within one statement."""
    deepest = depth = 0
    for match in ANGLES.finditer(data):
        sign = match[0]
        depth = depth + 1 if sign == b"<" else max(0, depth - 1) if sign == b">" else 0
        deepest = max(deepest, depth)
    return deepest


@attrs.define
class Budget:
    """Counts a parser's reports, and says when it has made more of them than its progress is worth."""

    late: Deadline
    spent: bool = False
    _reports: int = 0

    def parsing(self, offset: int, has_error: bool) -> bool:
        """Called by a parser at an offset in bytes; true stops it."""
        del has_error  # only says that there was an error somewhere
        self._reports += 1
        self.spent = self._reports > SPARE + offset // PACE or self.late()
        return self.spent


def reader(data: bytes) -> Callable[[int, object], bytes]:
    """Hands the source to a parser in pieces: only such a parse reports its progress. The pieces are small, since a
    query's predicates ask for one with every node; they are bytes, since views crash the binding.
    """

    def read(offset: int, point: object) -> bytes:
        del point
        return data[offset : offset + PIECE]

    return read


BLOCK = re.compile(rb"^(?!(?:else|elif|except|finally|catch|case)\b)[A-Za-z_$@]", re.MULTILINE)
VISIBLE = re.compile(rb"[^\s]")
MOST = 8
"""Broken blocks in one file; where more are broken, taking apart no longer helps."""
LARGEST_SPLIT = 3_000
"""Blocks in one file, each of which is parsed by itself."""


def split_blocks(data: bytes, broken: Callable[[bytes], bool]) -> list[bytes]:
    """The source without the top-level blocks that are broken by themselves, then each of those alone.

    Every byte keeps its place, since what is left out is blanked. Empty when taking apart does not help.
    """
    blocks = list(islice(_blocks(data), LARGEST_SPLIT + 1))
    if len(blocks) > LARGEST_SPLIT:
        return []
    bad = [place for place, block in enumerate(blocks) if broken(block)]
    if not 0 < len(bad) <= MOST:
        return []
    blanks = [VISIBLE.sub(b" ", block) for block in blocks]
    sound = [blanks[place] if place in bad else block for place, block in enumerate(blocks)]
    alone = [[*blanks[:place], blocks[place], *blanks[place + 1 :]] for place in bad]
    return [b"".join(parts) for parts in (sound, *alone)]


def _blocks(data: bytes) -> Iterator[bytes]:
    """The source cut before each line that starts at the margin, with decorators kept to what they decorate."""
    start = 0
    decorator = False
    for match in BLOCK.finditer(data):
        if not decorator:
            yield data[start : match.start()]
            start = match.start()
        decorator = match[0] == b"@"
    yield data[start:]


MANY = 500
"""Nodes in which an unparsed stretch is looked for."""


@attrs.frozen
class Match:
    """One match of a language's query: a node for each capture, and what `#set!` says."""

    nodes: Mapping[str, Node]
    settings: Mapping[str, str]


def matches(language: Language, suffix: str, data: bytes, late: Deadline = no_deadline) -> list[Match] | None:
    """Every match of the language's query in UTF-8 source, in no particular order.

    None for what would take minutes: a very large text, or one that is an unbroken run of errors.
    """
    if too_costly(data):
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
        parts = split_blocks(data, lambda block: (alone := _parsed(parser, block, late)) is None or alone.has_error)
        roots = [_parsed(parser, part, late) for part in parts]
        each = [_found(query, root) for root in roots if root is not None]
        apart = [match for hits in each for match in hits]
        if each and _names(each[0]) > _names(found, within=parts[0]):
            return apart  # what is broken has swallowed something sound
        return max(found, apart, key=_worth)
    return found


def grammar(language: Language, suffix: str, data: bytes) -> Node:
    """The root of a source's tree by a language's grammar, without any bound: for those who measure."""
    root: Node = (
        import_module("tree_sitter")
        .Parser(_grammar(*language.grammars[suffix]))
        .parse(language.prepare(data))
        .root_node
    )
    return root


def tree(language: Language, suffix: str, data: bytes, late: Deadline = no_deadline) -> Node | None:
    """The root of the syntax tree of UTF-8 source, or None for what would take minutes."""
    if too_costly(data):
        return None
    module, function = language.grammars[suffix]
    parser = import_module("tree_sitter").Parser(_grammar(module, function))
    root = _parsed(parser, language.prepare(data), late)
    return None if root is None or _torn(root) else root


def _parsed(parser: tree_sitter.Parser, data: bytes, late: Deadline) -> Node | None:
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


def _found(query: tree_sitter.Query, root: Node) -> list[Match]:
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


def _torn(root: Node) -> bool:
    waiting = [root] if root.has_error else []
    for node in waiting:
        if node.is_error and node.child_count > WIDEST_ERROR:
            return True
        if node.child_count <= WIDEST_ERROR:
            waiting += [child for child in node.children if child.has_error][: MANY - len(waiting)]
    return False


@cache
def _grammar(module: str, function: str) -> tree_sitter.Language:
    language: tree_sitter.Language = import_module("tree_sitter").Language(getattr(import_module(module), function)())
    return language


@cache
def _query(module: str, function: str, name: str) -> tree_sitter.Query:
    text = resources.files("throughline.skeleton.languages").joinpath(f"{name}.scm").read_text("utf-8")
    query: tree_sitter.Query = import_module("tree_sitter").Query(_grammar(module, function), text)
    return query


def _settings(query: tree_sitter.Query, index: int) -> dict[str, str]:
    return {key: value or "" for key, value in query.pattern_settings(index).items()}
