"""What moved between two outlines of a file: for the hover on a stale skeleton."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, assert_never

import attrs

from throughline.skeleton.outline import Item, Outline


@attrs.frozen
class Change:
    """One change of one item, its name qualified with dots; `before` and `after` are heads, or names if moved."""

    kind: Literal["added", "removed", "signature", "body", "moved"]
    name: str
    before: str = ""
    after: str = ""


@attrs.frozen
class Placed:
    """An item under its qualified name."""

    name: str
    item: Item


def difference(before: Outline, after: Outline) -> tuple[Change, ...]:
    """The changes from one outline to another, in the order of the newer file, what is gone last."""
    changes: list[Change] = []
    added: list[Placed] = []
    removed: list[Placed] = []
    levels: list[tuple[str, Sequence[Item], Sequence[Item]]] = [("", before.items, after.items)]
    for prefix, old, new in levels:
        pairs, gone, fresh = _pair(old, new)
        for one, other in pairs:
            name = prefix + other.name
            changes += _changed(name, one, other)
            if one.children or other.children:
                levels.append((f"{name}.", one.children, other.children))
        removed += [Placed(prefix + item.name, item) for item in gone]
        added += [Placed(prefix + item.name, item) for item in fresh]
    return (*changes, *_moved_or_new(removed, added))


def describe(changes: Iterable[Change]) -> list[str]:
    """A short sentence of Markdown for each change."""
    return [_sentence(change) for change in changes]


def _sentence(change: Change) -> str:
    match change.kind:
        case "added":
            return f"`{change.after}` is new"
        case "removed":
            return f"`{change.before}` is gone"
        case "signature":
            return f"model saw `{change.before}`, file has `{change.after}`"
        case "body":
            return f"`{change.name}` changed inside"
        case "moved":
            return f"`{change.before}` is now `{change.after}`"
        case _:
            assert_never(change.kind)


def _pair(old: Sequence[Item], new: Sequence[Item]) -> tuple[list[tuple[Item, Item]], list[Item], list[Item]]:
    """Items of one name belong together: first those with the same head, then the rest in order."""
    partners: dict[int, Item] = {}
    gone = list(old)
    for exact in (True, False):
        waiting: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
        for origin, item in enumerate(gone):
            waiting[_key(item, exact)].append(origin)
        taken: set[int] = set()
        for place, item in enumerate(new):
            if place not in partners and (origins := waiting[_key(item, exact)]):
                taken.add(origins[0])
                partners[place] = gone[origins.popleft()]
        gone = [item for origin, item in enumerate(gone) if origin not in taken]
    pairs = [(partners[place], item) for place, item in enumerate(new) if place in partners]
    return pairs, gone, [item for place, item in enumerate(new) if place not in partners]


def _key(item: Item, exact: bool) -> tuple[str, str]:
    return item.name, _head(item) if exact else ""


def _changed(name: str, one: Item, other: Item) -> Iterator[Change]:
    if _head(one) != _head(other):
        before, after = _shown(name, one), _shown(name, other)
        if before == after:
            before, after = _head(one), _head(other)
        yield Change("signature", name, before, after)
    elif one.body_hash != other.body_hash and one.kind != "attribute":
        yield Change("body", name, _shown(name, one), _shown(name, other))


def _moved_or_new(removed: Sequence[Placed], added: Iterable[Placed]) -> Iterator[Change]:
    """What is gone here and new there with the same content has moved, or has been renamed."""
    origins: defaultdict[object, deque[int]] = defaultdict(deque)
    for place, placed in enumerate(removed):
        if content := _content(placed.item):
            origins[content].append(place)
    moved: set[int] = set()
    for placed in added:
        content = _content(placed.item)
        if content and origins[content]:
            place = origins[content].popleft()
            moved.add(place)
            yield Change("moved", placed.name, removed[place].name, placed.name)
        else:
            yield Change("added", placed.name, "", _shown(placed.name, placed.item))
    for place, placed in enumerate(removed):
        if place not in moved:
            yield Change("removed", placed.name, _shown(placed.name, placed.item), "")


def _head(item: Item) -> str:
    """What a caller sees of an item; what a constructor assigns to an attribute is the constructor's own."""
    if item.kind == "attribute":
        return f"{item.opening}: {item.returns}"
    return " ".join((*item.decorators, item.signature))


def _content(item: Item) -> object:
    """What makes an item the same under another name, or None for what has no content to tell by."""
    function = item.kind in {"function", "method"}
    if function and item.body_hash:
        return ("function", item.parameters, item.returns, item.body_hash)
    if not function and item.children:
        return (
            item.kind,
            item.bases,
            tuple((child.name, child.signature, child.body_hash) for child in item.children),
        )
    return None


def _shown(name: str, item: Item) -> str:
    """An item's head under its qualified name and without its keywords: `Store.get(key: str) -> bytes`."""
    match item.kind:
        case "function" | "method" | "field" | "attribute" | "constant":
            return name + item.signature.removeprefix(item.opening).removesuffix(item.closing or "\0").rstrip()
        case "class" | "interface" | "type" | "enum" | "namespace" | "export":
            return item.signature
        case _:
            assert_never(item.kind)
