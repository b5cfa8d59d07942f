"""What stands around a definition and belongs to it: wrappers, decorators, the comment before it."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING

from throughline.skeleton.draft import Draft
from throughline.skeleton.parse import Match
from throughline.skeleton.source import Source, following

if TYPE_CHECKING:
    from tree_sitter import Node

LONG_DOC = 120
MARKUP = re.compile(r"</?(?:summary|remarks|para|p|b|i|em|code|c|inheritdoc|returns|value|example)\b[^<>]*>")
WORDS = re.compile(r"\w")
NO_DOC = re.compile(
    r"""\(?c\)?\s*copyright\b | .{0,40}\b(?:copyright|licen[cs]ed?\ under|spdx-) | \(c\)\s
    | (?:eslint|tslint|prettier|istanbul|noinspection|nolint|clang-format|go:|\+build|pragma|region\b|endregion\b)""",
    re.IGNORECASE | re.VERBOSE,
)
"""What opens a comment that is not about the code behind it."""


def furnish(drafts: Iterable[Draft], hits: Iterable[Match], source: Source) -> None:
    """Give each draft its lead, its first line and the doc line of the comment before it."""
    wrappers: dict[int, Node] = {}
    firsts: dict[int, int] = {}
    docs: dict[int, str] = {}
    for comment in sorted((hit.nodes["doc.before"] for hit in hits if "doc.before" in hit.nodes), key=_start):
        if (place := _described(comment, source.data)) is not None:
            above = docs.get(comment.start_byte, "")
            docs[place] = above or doc_line(source.data[comment.start_byte : comment.end_byte])
    for hit in hits:
        if wrapped := hit.nodes.get("wrapped"):
            wrapper = hit.nodes["wrapper"]
            wrappers[wrapped.id] = wrapper
            firsts[wrapper.id] = min(wrapped.start_byte, firsts.get(wrapper.id, wrapped.start_byte))
    # A decorator that is a sibling stands between a comment and the method that both belong to.
    for hit in hits:
        node = hit.nodes.get("decorator")
        if node and node.start_byte in docs:
            docs.setdefault(following(source.data, node.end_byte), docs[node.start_byte])
    for draft in drafts:
        outer = draft.node
        leads: list[str] = []
        while outer.id in wrappers:
            outer = wrappers[outer.id]
            leads.append(source.text(outer.start_byte, firsts[outer.id]))
        draft.end = outer.end_byte
        draft.lead = " ".join(filter(None, reversed(leads)))
        draft.first_line = outer.start_point.row + 1
        draft.doc = docs.get(outer.start_byte, "")


def _start(node: "Node") -> int:
    return node.start_byte


def _described(node: "Node", data: bytes) -> int | None:
    """Where that starts which a comment stands directly before; None for a remark behind code and for one apart."""
    line = data[data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte]
    start = following(data, node.end_byte)
    end = node.end_byte
    while data[end - 1 : end].isspace():  # a line comment may hold the end of its line
        end -= 1
    between = data.count(b"\n", end, start)
    return start if between <= (0 if line.strip() else 1) else None


def decorate(drafts: Iterable[Draft], decorators: Iterable["Node"], source: Source) -> None:
    """Give each decorator to the definition with the first name after it, and its line if that is earlier."""
    named = sorted(
        ((draft.parts.get("name") or draft.node).start_byte, place, draft) for place, draft in enumerate(drafts)
    )
    starts = [start for start, _, _ in named]
    for node in sorted(decorators, key=_start):
        place = bisect_left(starts, node.end_byte)
        if place < len(named):
            draft = named[place][2]
            draft.decorators.append(source.text(*node.byte_range))
            draft.first_line = min(draft.first_line, node.start_point.row + 1)


def doc_line(raw: bytes) -> str:
    """The first line that says something in a docstring or a comment block."""
    lines = (MARKUP.sub("", line).strip(" \t*/!") for line in raw.decode(errors="replace").splitlines())
    line = " ".join(next(filter(WORDS.search, lines), "").split())
    if (line.startswith("@") and not line.startswith("@deprecated")) or NO_DOC.match(line):
        return ""  # a tag on a parameter or on the build, a licence, an order to a tool: no word on behaviour
    return line if len(line) <= LONG_DOC else line[: LONG_DOC - 1] + "…"
