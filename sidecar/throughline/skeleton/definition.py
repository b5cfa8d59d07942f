"""An item while its file is being read: what was found of it so far."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from throughline.skeleton.languages.language import Language, Written
from throughline.skeleton.model import FUNCTIONS, LEFT_OUT, WORD, Item, Kind
from throughline.skeleton.source import SourceText, shorten_value

if TYPE_CHECKING:
    from tree_sitter import Node


NO_BODY = frozenset({"", "...", "pass", "{}", "{ }", ";"})
LONGEST_NOTHING = 200
"""Bytes above which a body is not read to see that it is none."""
LONGEST_VALUE = 2_000
"""Bytes above which a value is not read to see that it is too long: below it may be spaces and comments."""
LONG_CLOSING = 80


@attrs.define(eq=False)
class Definition:
    """One definition: its node, the nodes of its parts by capture, and what the scan has handed to it."""

    kind: Kind
    node: Node
    parts: Mapping[str, Node]
    settings: Mapping[str, str]
    language: Language
    lead: str = ""
    """What stands before the node and belongs to its head: `export default`, `const`."""
    end: int = 0
    """Where the outermost wrapper of the node ends."""
    first_line: int = 0
    doc: str = ""
    decorators: list[str] = attrs.Factory(list)
    bases: list[str] = attrs.Factory(list)
    raises: dict[str, None] = attrs.Factory(dict)
    effects: dict[str, None] = attrs.Factory(dict)
    assigned: set[str] = attrs.Factory(set)
    """Bare names that its body assigns to, which may be fields of the type around it."""
    elided: list[Node] = attrs.Factory(list)
    """What is cut out of its head or its value, such as the body of a property's accessor."""
    children: list[Definition] = attrs.Factory(list)
    _words: frozenset[str] | None = None
    _name: str | None = None

    @property
    def fullness(self) -> tuple[bool, int, int]:
        """How much its match says: of two matches for one node the fuller is the truer."""
        return "parameters" in self.parts, len(self.parts), len(self.settings)

    @property
    def holds(self) -> bool:
        """Whether the definitions inside it are its children instead of local to a body."""
        return "body" in self.parts and self.kind not in FUNCTIONS

    @property
    def head_end(self) -> int:
        """Where its body starts, or where it ends."""
        return self.parts["body"].start_byte if "body" in self.parts else self.node.end_byte

    def name(self, source: SourceText) -> str:
        """Its own name, behind its owner's where that stands in its head; without one, what the query calls it."""
        if self._name is None:
            node = self.parts.get("name")
            self._name = source.text(*node.byte_range) if node else self.settings.get("name", "")
            if owner := self.parts.get("owner"):
                self._name = f"{source.text(*owner.byte_range)}{self.settings.get('joint', '.')}{self._name}"
        return self._name

    def words(self, source: SourceText) -> frozenset[str]:
        """The names by which its body knows its parameters."""
        if self._words is None:
            found = {parameter.word for parameter, _ in self._parameters(source)} - {""}
            if receiver := self.parts.get("receiver"):
                found.update(WORD.findall(source.text(*receiver.byte_range))[:1])
            self._words = frozenset(found)
        return self._words

    def adopt(self, child: Definition) -> None:
        """Take a child: what is a function elsewhere is a method here, and a constant is a field."""
        if self.kind not in {"namespace", "group"}:
            renamed: dict[Kind, Kind] = {"function": "method", "constant": "field"}
            child.kind = renamed.get(child.kind, child.kind)
        self.children.append(child)

    def settle(self, source: SourceText) -> None:
        """A method that assigns to a bare name which is a field here changes the object."""
        if not any(child.assigned for child in self.children):
            return
        fields = {child.name(source) for child in self.children if child.kind in {"field", "attribute"}}
        for child in self.children:
            if child.kind != "method" or child.name(source) in self.language.constructors | {self.name(source)}:
                continue
            if (child.assigned & fields) - child.words(source):
                child.effects.setdefault("mutates this")

    def left_out(self, source: SourceText) -> int:
        """Bytes of body or value that a skeleton does not show."""
        if self.kind in FUNCTIONS and "body" in self.parts:
            start, end = self._body()
            if end - start > LONGEST_NOTHING or source.text(start, end) not in NO_BODY:
                return end - start
        value = self.parts.get("value")
        if value is not None and self.kind != "attribute" and not self.children and self._value(source) == LEFT_OUT:
            return value.end_byte - value.start_byte
        return 0

    def item(self, source: SourceText) -> Item:
        """The finished value. The scan bounds the depth, so this recursion is bounded too."""
        opening = " ".join(filter(None, (self.lead, source.text(self.node.start_byte, self._head()))))
        parameters = self._parameters(source)
        returns = self._text("returns", source).removeprefix(":").strip()
        value = self._value(source)
        if "parameters" in self.parts:
            written = ", ".join(text for _, text in parameters)
            written = f"[{written}]" if self._listed(source, b"[") else f"({written})"
            tail = source.text(self.parts["parameters"].end_byte, self.head_end).rstrip(" :;,")
            signature = f"{opening}{written}{'' if tail.startswith(':') else ' '}{tail}".rstrip()
            closing = source.text(self.parts.get("returns", self.parts["parameters"]).end_byte, self.head_end)
        else:
            opening = opening.rstrip(" =:;,")
            signature = f"{opening}: {returns}" if returns else opening
            signature += f" = {value}" if value and self.settings.get("name") != "default" else ""
            closing = self._after(source)
        return Item(
            kind=self.kind,
            name=self.name(source),
            signature=signature,
            parameters=tuple(parameter for parameter, _ in parameters),
            returns=returns or self._text("typed", source),
            bases=tuple(self.bases),
            decorators=tuple(self.decorators),
            doc=self.doc,
            raises=tuple(self.raises),
            effects=tuple(self.effects),
            first_line=self.first_line or self.node.start_point.row + 1,
            last_line=self.node.end_point.row + 1,
            body_hash=self._hash(source),
            children=tuple(self._inner(source)),
            opening=opening,
            closing=closing.strip(" :;," if self.kind in FUNCTIONS else " ;,"),
            value=value,
        )

    def _inner(self, source: SourceText) -> Iterator[Item]:
        access = ""
        for child in self.children:
            item = child.item(source)
            access = item.signature if item.kind == "label" else access
            yield attrs.evolve(item, access=access) if access and item.kind != "label" else item

    def _head(self) -> int:
        """The offset where the opening ends: at the parameters, the type, the value or the body."""
        named = [self.parts[part] for part in ("parameters", "returns", "value", "body") if part in self.parts]
        return min((node.start_byte for node in named), default=self.node.end_byte)

    def _body(self) -> tuple[int, int]:
        """Where the body starts and ends; a bracket for a body stands for all that follows it in the node."""
        body = self.parts["body"]
        return body.start_byte, body.end_byte if body.is_named else self.node.end_byte

    def _after(self, source: SourceText) -> str:
        """What stands behind a type's body: `node_t` of `typedef struct { … } node_t`."""
        if "body" not in self.parts or self.kind in FUNCTIONS or "value" in self.parts:
            return ""
        text = source.text(self._body()[1], max(self.end, self.node.end_byte)).strip(" ;,")
        return text if len(text) <= LONG_CLOSING else ""

    def _text(self, part: str, source: SourceText) -> str:
        node = self.parts.get(part)
        return source.text(*node.byte_range) if node else ""

    def _value(self, source: SourceText) -> str:
        node = self.parts.get("value")
        if node is None:
            return ""
        if self.kind == "type" or self.settings.get("value") == "whole":
            return source.text(*node.byte_range)
        if node.end_byte - node.start_byte > LONGEST_VALUE:
            return LEFT_OUT
        text = source.text(*node.byte_range)
        return shorten_value(text, self.language.joins or node.start_point.row == node.end_point.row)

    def _listed(self, source: SourceText, bracket: bytes) -> bool:
        return source.data.startswith(bracket, self.parts["parameters"].start_byte)

    def _parameters(self, source: SourceText) -> list[Written]:
        """Each parameter, and its whole text."""
        node = self.parts.get("parameters")
        if node is None:
            return []
        return list(self.language.parameters(node, source))

    def _hash(self, source: SourceText) -> str:
        node = self.parts.get("value") if self.kind not in FUNCTIONS and self.kind != "type" else None
        texts = [b" ".join(source.data[one.start_byte : one.end_byte].split()) for one in self.elided]
        if self.kind in FUNCTIONS and "body" in self.parts:
            texts.append(source.body(*self._body()).encode())
        elif node is not None:
            texts.append(source.body(*node.byte_range).encode())
        return hashlib.sha256(b"\n".join(texts)).hexdigest()[:16] if texts else ""
