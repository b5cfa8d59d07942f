"""One pass over a file in source order that hands everything found to the definition around it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

from throughline.skeleton.draft import Draft
from throughline.skeleton.heads import doc_line
from throughline.skeleton.languages.language import Language
from throughline.skeleton.outline import FUNCTIONS
from throughline.skeleton.parse import Match
from throughline.skeleton.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node

MARKS = frozenset(
    {"doc", "base", "import", "raises", "effect", "assigned", "attribute", "elided", "loose", "broken"}
)  # fmt: skip
OWN = ("mutates self", "mutates this")
DEPTH = 12
"""Items nested more deeply join the children of the item at this depth, so that no reader recurses far."""


@attrs.frozen
class Frame:
    """What the scan stands in: up to which byte, in which definition, and whether names there are local."""

    end: int
    draft: Draft | None
    local: bool

    @property
    def in_function(self) -> bool:
        """Whether code here runs when the function around is called."""
        return self.draft is not None and self.draft.kind in FUNCTIONS


@attrs.define
class Scan:
    """The state of the pass: what has been found at the file's own level, and the frames around here."""

    language: Language
    source: Source
    doc: str = ""
    imports: dict[str, None] = attrs.Factory(dict)
    items: list[Draft] = attrs.Factory(list)
    broken: int = 0
    loose: int = 0
    bodies: int = 0
    _frames: list[Frame] = attrs.Factory(list)
    _broken_until: int = -1
    _loose_until: int = -1

    def run(self, drafts: Sequence[Draft], hits: Iterable[Match]) -> None:
        """Walk definitions and marks in source order, the outer before the inner."""
        for start, _, _, name, node, found in sorted(_steps(drafts, hits), key=lambda step: step[:3]):
            while self._frames and self._frames[-1].end <= start:
                self._frames.pop()
            match found:
                case Draft():
                    self._enter(found)
                case Match():
                    self._mark(name, node, found)
                case None:
                    around = self._frames[-1].draft if self._frames else None
                    self._frames.append(Frame(node.end_byte, around, local=True))
        for draft in _flat(self.items):
            draft.settle(self.source)
            self.bodies += draft.left_out(self.source)
        self.loose, self.bodies = max(0, self.loose), max(0, self.bodies)

    def _enter(self, draft: Draft) -> None:
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
        self._frames.append(Frame(draft.node.end_byte, draft, local))

    def _mark(self, name: str, node: "Node", hit: Match) -> None:
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

    def _effect(self, draft: Draft, hit: Match) -> None:
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

    def _attribute(self, node: "Node", hit: Match) -> None:
        """An assignment to `self` in a constructor declares a field of the class around it."""
        if len(self._frames) < 2 or self._frames[-1].local:
            return
        method, owner = self._frames[-1].draft, self._frames[-2].draft
        if method is None or owner is None or method.name(self.source) not in self.language.constructors:
            return
        name = self.source.text(*hit.nodes["name"].byte_range)
        if all(name != child.name(self.source) for child in owner.children):
            owner.adopt(Draft("attribute", node, hit.nodes, hit.settings, self.language))


Step = tuple[int, int, int, str, "Node", Draft | Match | None]


def _steps(drafts: Sequence[Draft], hits: Iterable[Match]) -> Iterator[Step]:
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


def _flat(drafts: Iterable[Draft]) -> Iterator[Draft]:
    for draft in drafts:
        yield draft
        yield from _flat(draft.children)
