"""The outline reader: one pass over a file in source order that hands what is found to the definition around it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, get_args

import attrs

from throughline.skeleton import languages
from throughline.skeleton.definition import Definition
from throughline.skeleton.languages.language import Language
from throughline.skeleton.model import FUNCTIONS, Kind, Outline
from throughline.skeleton.source import SourceText, TextSpan, following
from throughline.skeleton.syntax import Deadline, Match, matches, no_deadline

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


def attach_docs(drafts: Iterable[Definition], hits: Iterable[Match], source: SourceText) -> None:
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


def _start(node: Node) -> int:
    return node.start_byte


def _described(node: Node, data: bytes) -> int | None:
    """Where that starts which a comment stands directly before; None for a remark behind code and for one apart."""
    line = data[data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte]
    start = following(data, node.end_byte)
    end = node.end_byte
    while data[end - 1 : end].isspace():  # a line comment may hold the end of its line
        end -= 1
    between = data.count(b"\n", end, start)
    return start if between <= (0 if line.strip() else 1) else None


def attach_decorators(drafts: Iterable[Definition], decorators: Iterable[Node], source: SourceText) -> None:
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


MARKS = frozenset(
    {"doc", "base", "import", "raises", "effect", "assigned", "attribute", "elided", "loose", "broken"}
)  # fmt: skip
OWN = ("mutates self", "mutates this")
DEPTH = 12
"""Items nested more deeply join the children of the item at this depth, so that no reader recurses far."""


@attrs.frozen
class ScanFrame:
    """What the scan stands in: up to which byte, in which definition, and whether names there are local."""

    end: int
    draft: Definition | None
    local: bool

    @property
    def in_function(self) -> bool:
        """Whether code here runs when the function around is called."""
        return self.draft is not None and self.draft.kind in FUNCTIONS


@attrs.define
class DefinitionScan:
    """The state of the pass: what has been found at the file's own level, and the frames around here."""

    language: Language
    source: SourceText
    doc: str = ""
    imports: dict[str, None] = attrs.Factory(dict)
    items: list[Definition] = attrs.Factory(list)
    broken: int = 0
    loose: int = 0
    bodies: int = 0
    _frames: list[ScanFrame] = attrs.Factory(list)
    _broken_until: int = -1
    _loose_until: int = -1

    def run(self, drafts: Sequence[Definition], hits: Iterable[Match]) -> None:
        """Walk definitions and marks in source order, the outer before the inner."""
        for start, _, _, name, node, found in sorted(_steps(drafts, hits), key=lambda step: step[:3]):
            while self._frames and self._frames[-1].end <= start:
                self._frames.pop()
            match found:
                case Definition():
                    self._enter(found)
                case Match():
                    self._mark(name, node, found)
                case None:
                    around = self._frames[-1].draft if self._frames else None
                    self._frames.append(ScanFrame(node.end_byte, around, local=True))
        for draft in _flat(self.items):
            draft.settle(self.source)
            self.bodies += draft.left_out(self.source)
        self.loose, self.bodies = max(0, self.loose), max(0, self.bodies)

    def _enter(self, draft: Definition) -> None:
        local = False
        if not self._frames:
            self.items.append(draft)
            if draft.node.start_byte < self._loose_until:
                self.loose -= draft.node.end_point.row - draft.first_line + 2
                self.bodies -= draft.node.end_byte - draft.node.start_byte
        else:
            around = self._frames[-1]
            local = around.local or around.draft is None or not around.draft.holds
            if not local:
                holders = [frame.draft for frame in self._frames[:DEPTH] if frame.draft]
                holders[-1].adopt(draft)
        self._frames.append(ScanFrame(draft.node.end_byte, draft, local))

    def _mark(self, name: str, node: Node, hit: Match) -> None:
        around = self._frames[-1] if self._frames else None
        draft = around.draft if around else None
        text = self.source.text
        match name:
            case "doc":
                line = doc_line(self.source.data[node.start_byte : node.end_byte])
                if draft is not None:
                    draft.doc = draft.doc or line
                elif not self.items and not self.imports:
                    self.doc = self.doc or line
            case "base" if draft is not None:
                draft.bases.append(text(*node.byte_range))
            case "import" if around is None or not (around.local or around.in_function):
                package = hit.nodes.get("package")
                self.imports[(text(*package.byte_range) if package else "") + text(*node.byte_range)] = None
                self.loose -= node.start_byte < self._loose_until
            case "raises" if draft is not None:
                draft.raises[hit.settings.get("raises") or text(*node.byte_range)] = None
            case "effect" if draft is not None:
                self._effect(draft, hit)
            case "assigned" if draft is not None:
                draft.assigned.add(text(*node.byte_range))
            case "elided" if draft is not None and node.start_byte < draft.head_end:
                draft.elided.append(node)
                self.bodies += node.end_byte - node.start_byte
            case "attribute":
                self._attribute(node, hit)
            case "loose":
                self.loose += node.end_point.row - node.start_point.row + 1
                self.bodies += node.end_byte - node.start_byte
                self._loose_until = node.end_byte
            case "broken" if node.start_byte > self._broken_until:
                self.broken += 1
                self._broken_until = node.end_byte

    def _effect(self, draft: Definition, hit: Match) -> None:
        """What code does besides returning: to an argument only where it is one, to its own object only later on."""
        effect = hit.settings.get("effect", "")
        if argument := hit.nodes.get("argument"):
            name = self.source.text(*argument.byte_range)
            if name not in draft.words(self.source):
                return
            effect = effect or f"mutates {name}"
        if effect in OWN and draft.name(self.source) in self.language.constructors | self._owner():
            return
        draft.effects[effect] = None

    def _owner(self) -> set[str]:
        """The name of the type around, which is its constructor's name in some languages."""
        holders = [frame.draft for frame in self._frames if frame.draft is not None and frame.draft.holds]
        return {holders[-1].name(self.source)} if holders else set()

    def _attribute(self, node: Node, hit: Match) -> None:
        """An assignment to `self` in a constructor declares a field of the class around it."""
        if len(self._frames) < 2 or self._frames[-1].local:
            return
        method, owner = self._frames[-1].draft, self._frames[-2].draft
        if method is None or owner is None or method.name(self.source) not in self.language.constructors:
            return
        name = self.source.text(*hit.nodes["name"].byte_range)
        if all(name != child.name(self.source) for child in owner.children):
            owner.adopt(Definition("attribute", node, hit.nodes, hit.settings, self.language))


Step = tuple[int, int, int, str, "Node", Definition | Match | None]


def _steps(drafts: Sequence[Definition], hits: Iterable[Match]) -> Iterator[Step]:
    """What the pass stops at, with its place: start, minus end, and for one node the definition first."""
    for draft in drafts:
        yield draft.node.start_byte, -draft.node.end_byte, 0, "draft", draft.node, draft
    defined = {draft.node.id for draft in drafts}
    for hit in hits:
        for name, node in hit.nodes.items():
            if name in MARKS:
                yield node.start_byte, -node.end_byte, 1, name, node, hit
            elif name == "scope" and node.id not in defined:
                yield node.start_byte, -node.end_byte, 2, name, node, None


def _flat(drafts: Iterable[Definition]) -> Iterator[Definition]:
    for draft in drafts:
        yield draft
        yield from _flat(draft.children)


KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind) if kind != "attribute"}


def outline(path: str, text: str, late: Deadline = no_deadline) -> Outline | None:
    """The outline of a file's text, or None for an unknown suffix, for what is hardly source, and when it is late."""
    found = languages.find_language(path)
    if found is None:
        return None
    language, suffix = found
    data = text.removeprefix("\ufeff").encode(errors="replace")
    hits = matches(language, suffix, data, late)
    if hits is None:
        return None
    spans = list(_spans(hits, data))
    decorators = [hit.nodes["decorator"] for hit in hits if "decorator" in hit.nodes]
    source = SourceText.build(data, [*spans, *(TextSpan(node.start_byte, node.end_byte, b" ") for node in decorators)])
    drafts = _drafts(language, hits)
    attach_docs(drafts, hits, source)
    attach_decorators(drafts, decorators, SourceText.build(data, spans))
    scan = DefinitionScan(language, source)
    scan.run(drafts, hits)
    return Outline(
        path=path,
        language=language.name,
        imports=tuple(scan.imports),
        items=tuple(draft.item(source) for draft in scan.items),
        broken=scan.broken,
        lines=data.count(b"\n") + (not data.endswith(b"\n") and bool(data)),
        doc=scan.doc,
        loose=scan.loose,
        bodies=scan.bodies,
    )


def _spans(hits: Iterable[Match], data: bytes) -> Iterator[TextSpan]:
    """What is not plain code: comments are cut, strings kept, members parted."""
    for hit in hits:
        if node := hit.nodes.get("comment"):
            yield TextSpan(node.start_byte, node.end_byte, b" ")
        if node := hit.nodes.get("string"):
            yield TextSpan(node.start_byte, node.end_byte, data[node.start_byte : node.end_byte])
        if node := hit.nodes.get("elided"):
            yield TextSpan(node.start_byte, node.end_byte, hit.settings.get("elided", ";").encode())
        if (node := hit.nodes.get("separate")) and not _ends(data, node.end_byte):
            yield TextSpan(node.end_byte, node.end_byte, b";")


def _ends(data: bytes, place: int) -> bool:
    """Whether a member's end is marked there by more than the end of a line."""
    after = following(data, place)
    return data[after : after + 1] in b";,}"


def _drafts(language: Language, hits: Iterable[Match]) -> list[Definition]:
    """A draft for each definition. Of several matches for one node the one with the most parts counts."""
    drafts: dict[int, Definition] = {}
    for hit in hits:
        kind = next((KINDS[name] for name in hit.nodes if name in KINDS), None)
        if kind is None:
            continue
        what, parts = language.complete(kind, hit.nodes)
        draft = Definition(what, hit.nodes[kind], parts, hit.settings, language, end=hit.nodes[kind].end_byte)
        known = drafts.setdefault(draft.node.id, draft)
        if draft.fullness > known.fullness:
            drafts[draft.node.id] = draft
    for hit in hits:
        # `export default class {}` is found as a class and as a value: the definition inside counts.
        if "wrapped" in hit.nodes and hit.nodes["wrapped"].id in drafts:
            drafts.pop(hit.nodes["wrapper"].id, None)
    return sorted(drafts.values(), key=lambda draft: (draft.node.start_byte, -draft.node.end_byte))
