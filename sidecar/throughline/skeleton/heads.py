"""What stands around a definition and belongs to it: wrappers, decorators, the comment before it."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING

from throughline.skeleton.draft import Draft
from throughline.skeleton.parse import Match
from throughline.skeleton.source import Source, following

if TYPE_CHECKING:
    from tree_sitter import Node

LONG_DOC = 120


def furnish(drafts: Iterable[Draft], hits: Iterable[Match], source: Source) -> None:
    """Give each draft its lead, its first line and the doc line of the comment before it."""
    wrappers: dict[int, Node] = {}
    firsts: dict[int, int] = {}
    docs: dict[int, str] = {}
    for hit in hits:
        if wrapped := hit.nodes.get("wrapped"):
            wrapper = hit.nodes["wrapper"]
            wrappers[wrapped.id] = wrapper
            firsts[wrapper.id] = min(wrapped.start_byte, firsts.get(wrapper.id, wrapped.start_byte))
        if node := hit.nodes.get("doc.before"):
            docs[following(source.data, node.end_byte)] = doc_line(source.data[node.start_byte : node.end_byte])
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
        draft.lead = " ".join(filter(None, reversed(leads)))
        draft.first_line = outer.start_point.row + 1
        draft.doc = docs.get(outer.start_byte, "")


def decorate(drafts: Iterable[Draft], decorators: Iterable["Node"], source: Source) -> None:
    """Give each decorator to the definition with the first name after it, and its line if that is earlier."""
    named = sorted(
        ((draft.parts.get("name") or draft.node).start_byte, place, draft) for place, draft in enumerate(drafts)
    )
    starts = [start for start, _, _ in named]
    for node in sorted(decorators, key=lambda node: node.start_byte):
        place = bisect_left(starts, node.end_byte)
        if place < len(named):
            draft = named[place][2]
            draft.decorators.append(source.text(*node.byte_range))
            draft.first_line = min(draft.first_line, node.start_point.row + 1)


def doc_line(raw: bytes) -> str:
    """The first line that says something in a docstring or a comment block."""
    lines = (line.strip(" \t*/") for line in raw.decode(errors="replace").splitlines())
    line = " ".join(next(filter(None, lines), "").split())
    if line.startswith("@") and not line.startswith("@deprecated"):
        return ""  # a tag on a parameter or on the build, no word on behaviour
    return line if len(line) <= LONG_DOC else line[: LONG_DOC - 1] + "…"
