"""Interface changes of a source file: its declarations, errors and defaults, and what only runs otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from throughline.domain.changes import InterfaceChange
from throughline.semantic_diff.normalized_tree import NormalizedTree
from throughline.semantic_diff.outline_diff import OutlineChange, outline_difference
from throughline.skeleton.languages import interface_rules
from throughline.skeleton.languages.language import InterfaceRules
from throughline.skeleton.model import Item, Outline

_VALUES = frozenset({"constant", "field", "attribute"})


@attrs.frozen
class FileVersion:
    """One side of a change: what the file declares, and what of it counts when it runs."""

    outline: Outline
    essence: NormalizedTree


@attrs.frozen
class InterfaceChanges:
    """Names by what happened to them, then what follows for those who use the file; all in the newer one's order."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    changed: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    loose: bool = False
    interface: tuple[InterfaceChange, ...] = ()
    behaviour: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@attrs.frozen
class _Sides:
    """Both versions, with their items by qualified name and the changes that count."""

    before: FileVersion
    after: FileVersion
    old: Mapping[str, Item]
    new: Mapping[str, Item]
    open: frozenset[str]

    def both(self, name: str) -> tuple[Item, Item] | None:
        """The item of that name on both sides."""
        return (self.old[name], self.new[name]) if name in self.old and name in self.new else None

    def differ(self, name: str) -> bool:
        """Whether what counts of an item is other than it was."""
        pair = self.both(name)
        return pair is not None and self.before.essence.within(pair[0]) != self.after.essence.within(pair[1])


def interface_changes(before: FileVersion, after: FileVersion) -> InterfaceChanges:
    """What happened between two versions of a file; layout, comments and documentation make no difference."""
    if before.essence.whole == after.essence.whole and before.outline.imports == after.outline.imports:
        return InterfaceChanges()
    old, new = dict(qualified_items(before.outline.items)), dict(qualified_items(after.outline.items))
    sides = _Sides(before, after, old, new, public_names(before.outline) | public_names(after.outline))
    changes = [one for one in outline_difference(before.outline, after.outline) if _counts(sides, one)]
    imported = [one for one in changes if one.kind == "import"]
    inside = [one.name for one in changes if one.kind == "body"]
    made = InterfaceChanges(
        added=tuple(one.name for one in changes if one.kind == "added"),
        removed=tuple(one.name for one in changes if one.kind == "removed"),
        renamed=tuple((one.before, one.after) for one in changes if one.kind in {"renamed", "moved"}),
        changed=tuple(one.name for one in changes if one.kind == "signature"),
        inside=tuple(name for name in inside if name not in new or new[name].kind not in _VALUES),
        loose=before.essence.outside(before.outline.items) != after.essence.outside(after.outline.items),
        interface=tuple(step for one in changes for step in _interface(sides, one)),
        behaviour=tuple(said for one in changes for said in _behaviour(sides, one)) + tuple(_effects(sides)),
        dependencies=(
            *(f"`{name}`" for one in imported for name in _list(one.after)),
            *(
                f"`{given}`, given to `{one.name}`"
                for one in changes
                if one.kind == "dependency"
                for given in _list(one.after)
            ),
        ),
        dropped=tuple(f"`{name}`" for one in imported for name in _list(one.before)),
    )
    return (
        made
        if made != InterfaceChanges()
        else InterfaceChanges(inside=tuple(_somewhere(sides)), loose=not any(_somewhere(sides)))
    )


def qualified_items(items: Sequence[Item], prefix: str = "") -> Iterator[tuple[str, Item]]:
    """All items under their qualified names, each before what it holds; a group gives no name to what is in it."""
    for item in items:
        inner = prefix if item.kind in {"group", "label"} else f"{prefix}{item.name}."
        if inner != prefix:
            yield prefix + item.name, item
        yield from qualified_items(item.children, inner)


def public_names(outline: Outline) -> frozenset[str]:
    """The qualified names that others may use, by the language's habits."""
    return frozenset(_public(outline.items, "", interface_rules(outline.language), None))


def _public(items: Sequence[Item], prefix: str, rules: InterfaceRules, around: Item | None) -> Iterator[str]:
    exported = rules.closed_beside_exports and around is None and any(_exported(item) for item in items)
    for item in items:
        if item.kind in {"group", "label"}:
            yield from _public(item.children, prefix, rules, around)
        elif rules.is_public(item, around) and (not exported or _exported(item)):
            yield prefix + item.name
            yield from _public(item.children, f"{prefix}{item.name}.", rules, item)


def _exported(item: Item) -> bool:
    return item.kind == "export" or "export" in item.opening.split()


def _counts(sides: _Sides, change: OutlineChange) -> bool:
    """Whether a change is one of what runs. What a constructor keeps in a field is its own, until others miss it."""
    item = sides.new.get(change.name) or sides.old.get(change.name)
    if item is not None and item.kind == "attribute":
        return change.kind == "removed"
    # A hash of a body sees its layout; of what stands on one line the tree sees the neighbours too.
    return change.kind != "body" or sides.differ(change.name) or sides.both(change.name) is None


def _interface(sides: _Sides, change: OutlineChange) -> Iterator[InterfaceChange]:
    """What a caller sees of a change."""
    told = change.before if change.kind in {"removed", "renamed", "moved"} else change.name
    if told not in sides.open and change.name not in sides.open:
        return
    match change.kind:
        case "added":
            yield InterfaceChange(f"`{change.after}` is new{_why(change)}", change.breaking)
        case "removed":
            yield InterfaceChange(f"`{change.before}` is gone", change.breaking)
        case "renamed" | "moved":
            yield InterfaceChange(f"`{change.before}` is now `{change.after}`", change.breaking)
        case "signature":
            yield InterfaceChange(f"`{change.before}` → `{change.after}`{_why(change)}", change.breaking)
        case _:
            pass


def _why(change: OutlineChange) -> str:
    return f": {change.why}" if change.why else ""


def _behaviour(sides: _Sides, change: OutlineChange) -> Iterator[str]:
    """Errors, defaults and values that are other than they were."""
    pair = sides.both(change.name)
    match change.kind:
        case "raises":
            yield from (f"`{change.name}` raises `{error}` now" for error in _list(change.after))
            yield from (f"`{change.name}` no longer raises `{error}`" for error in _list(change.before))
        case "value" | "signature" if pair:
            yield from _values(change.name, *pair)
        case "body" if pair and pair[1].kind in _VALUES:
            yield f"`{change.name}` has another value"
        case _:
            pass


def _values(name: str, before: Item, after: Item) -> Iterator[str]:
    if after.kind in _VALUES and before.value != after.value and before.value and after.value:
        yield f"`{name}` is `{after.value}`, was `{before.value}`"
    old = {one.word: one.default for one in before.parameters}
    for one in after.parameters:
        was = old.get(one.word)
        if was and one.default and was != one.default:
            yield f"`{name}`: `{one.word}` defaults to `{one.default}`, was `{was}`"


def _injected(change: OutlineChange) -> Iterator[str]:
    if change.kind == "dependency":
        yield from (f"`{given}`, given to `{change.name}`" for given in _list(change.after))


def _effects(sides: _Sides) -> Iterator[str]:
    """What is done besides, or no longer, by what was there before."""
    for name, item in sides.new.items():
        was = sides.old.get(name)
        if was is not None and was.effects != item.effects:
            yield from (f"`{name}` now: {effect}" for effect in item.effects if effect not in was.effects)
            yield from (f"`{name}` no longer: {effect}" for effect in was.effects if effect not in item.effects)


def _somewhere(sides: _Sides) -> Iterator[str]:
    """The declarations of the file's own level with something else in them that is no declaration."""
    for item in sides.after.outline.items:
        if sides.differ(item.name):
            yield item.name


def _list(said: str) -> list[str]:
    return said.split(", ") if said else []
