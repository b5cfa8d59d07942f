"""An item while its file is being read: what was found of it so far."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from throughline.skeleton.outline import LEFT_OUT, Item, Kind, Parameter
from throughline.skeleton.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node

LONG_VALUE = 60
NO_BODY = frozenset({"", "...", "pass", "{}", "{ }"})


@attrs.define(eq=False)
class Draft:
    """One definition: its node, the nodes of its parts by capture, and what the scan has handed to it."""

    kind: Kind
    node: "Node"
    parts: Mapping[str, "Node"]
    settings: Mapping[str, str]
    lead: str = ""
    """What stands before the node and belongs to its head: `export default`, `const`."""
    first_line: int = 0
    doc: str = ""
    decorators: list[str] = attrs.Factory(list)
    bases: list[str] = attrs.Factory(list)
    raises: dict[str, None] = attrs.Factory(dict)
    effects: dict[str, None] = attrs.Factory(dict)
    children: list["Draft"] = attrs.Factory(list)

    @property
    def fullness(self) -> tuple[bool, int, int]:
        """How much its match says: of two matches for one node the fuller is the truer."""
        return "parameters" in self.parts, len(self.parts), len(self.settings)

    @property
    def holds(self) -> bool:
        """Whether the definitions inside it are its children instead of local to a body."""
        return "body" in self.parts and self.kind not in {"function", "method"}

    def name(self, source: Source) -> str:
        """Its own name; without one, what the query calls it."""
        node = self.parts.get("name")
        return source.text(*node.byte_range) if node else self.settings.get("name", "")

    def adopt(self, child: "Draft") -> None:
        """Take a child: what is a function elsewhere is a method here, and a constant is a field."""
        if self.kind != "namespace":
            renamed: dict[Kind, Kind] = {"function": "method", "constant": "field"}
            child.kind = renamed.get(child.kind, child.kind)
        self.children.append(child)

    def left_out(self, source: Source) -> int:
        """Bytes of body or value that a skeleton does not show."""
        body = self.parts.get("body") if self.kind in {"function", "method"} else None
        if body is not None and source.text(*body.byte_range) not in NO_BODY:
            return body.end_byte - body.start_byte
        value = self.parts.get("value")
        if value is not None and self.kind != "attribute" and not self.children and self._value(source) == LEFT_OUT:
            return value.end_byte - value.start_byte
        return 0

    def item(self, source: Source) -> Item:
        """The finished value. The scan bounds the depth, so this recursion is bounded too."""
        opening = " ".join(filter(None, (self.lead, source.text(self.node.start_byte, self._head()))))
        parameters = self._parameters(source)
        returns = self._text("returns", source).removeprefix(":").strip()
        value = self._value(source)
        if "parameters" in self.parts:
            written = ", ".join(text for _, text in parameters)
            tail = source.text(self.parts["parameters"].end_byte, self._end()).rstrip(" :;")
            signature = f"{opening}({written}){'' if tail.startswith(':') else ' '}{tail}".rstrip()
            closing = source.text(self.parts.get("returns", self.parts["parameters"]).end_byte, self._end())
        else:
            opening = opening.rstrip(" =:;")
            signature = f"{opening}: {returns}" if returns else opening
            signature += f" = {value}" if value and self.settings.get("name") != "default" else ""
            closing = ""
        return Item(
            kind=self.kind,
            name=self.name(source),
            signature=signature,
            parameters=tuple(parameter for parameter, _ in parameters),
            returns=returns,
            bases=tuple(self.bases),
            decorators=tuple(self.decorators),
            doc=self.doc,
            raises=tuple(self.raises),
            effects=tuple(self.effects),
            first_line=self.first_line or self.node.start_point.row + 1,
            last_line=self.node.end_point.row + 1,
            body_hash=self._hash(source),
            children=tuple(child.item(source) for child in self.children),
            opening=opening,
            closing=closing.strip(" :;"),
            value=value,
        )

    def _head(self) -> int:
        """The offset where the opening ends: at the parameters, the type, the value or the body."""
        named = [self.parts[part] for part in ("parameters", "returns", "value", "body") if part in self.parts]
        return min((node.start_byte for node in named), default=self.node.end_byte)

    def _end(self) -> int:
        body = self.parts.get("body")
        return body.start_byte if body else self.node.end_byte

    def _text(self, part: str, source: Source) -> str:
        node = self.parts.get(part)
        return source.text(*node.byte_range) if node else ""

    def _value(self, source: Source) -> str:
        node = self.parts.get("value")
        if node is None:
            return ""
        text = source.text(*node.byte_range)
        if self.kind == "type" or self.settings.get("value") == "whole":
            return text
        return _short(text, node)

    def _parameters(self, source: Source) -> list[tuple[Parameter, str]]:
        """Each parameter, and its whole text."""
        node = self.parts.get("parameters")
        if node is None:
            return []
        listed = source.data[node.start_byte : node.start_byte + 1] == b"("
        # A comment between two parameters is no parameter.
        nodes = [child for child in node.named_children if not child.is_extra] if listed else [node]
        return [_parameter(child, source) for child in nodes]

    def _hash(self, source: Source) -> str:
        function = self.kind in {"function", "method"}
        node = self.parts.get("body") if function else self.parts.get("value") if self.kind != "type" else None
        if node is None:
            return ""
        return hashlib.sha256(source.body(*node.byte_range).encode()).hexdigest()[:16]


def _parameter(node: "Node", source: Source) -> tuple[Parameter, str]:
    annotation, default = node.child_by_field_name("type"), node.child_by_field_name("value")
    parts = [part for part in (annotation, default) if part is not None]
    stop = min((part.start_byte for part in parts), default=node.end_byte)
    parameter = Parameter(
        name=source.text(node.start_byte, stop).rstrip(" :="),
        annotation=source.text(*annotation.byte_range).removeprefix(":").strip() if annotation else "",
        default=_short(source.text(*default.byte_range), default) if default else "",
    )
    return parameter, source.text(*node.byte_range)


def _short(text: str, node: "Node") -> str:
    """A value as it is shown: code over several lines cannot be joined safely in every language."""
    return text if len(text) <= LONG_VALUE and node.start_point.row == node.end_point.row else LEFT_OUT
