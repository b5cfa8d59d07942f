"""What a language has to say about itself."""

from collections.abc import Callable, Mapping

import attrs

from throughline.skeleton.outline import Item


@attrs.frozen
class Detail:
    """What a rendering shows besides the names, which always stay."""

    docs: bool = True
    fields: bool = True
    defaults: bool = True
    annotations: bool = True
    constants: bool = True
    notes: bool = True


@attrs.frozen
class Lines:
    """How an item is written: `alone` without children; otherwise `opening`, the children, `closing`."""

    alone: str
    opening: str = ""
    closing: str = ""
    above: tuple[str, ...] = ()


Write = Callable[[Item, Item | None, Detail], Lines]
"""Writes an item's lines, given the item it stands in, in the language's own syntax."""


def unchanged(data: bytes) -> bytes:
    """The source as it is: what most languages hand to their parser."""
    return data


@attrs.frozen
class Language:
    """A language: its grammars by file suffix (module, function), its syntax, and the writing of an item.

    What to look for is in the query file of the same name.
    """

    name: str
    grammars: Mapping[str, tuple[str, str]]
    comment: str
    indent: str
    write: Write
    constructors: frozenset[str] = frozenset()
    prepare: Callable[[bytes], bytes] = unchanged
    """Hides from the parser what its grammar does not know; must keep every byte's place."""
