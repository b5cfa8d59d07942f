"""The difference of two outlines of a file, as values that say it in a sentence each."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, assert_never

import attrs

from throughline.semantic_diff.breaking import obliges, reasons
from throughline.skeleton.languages import BY_NAME, interface_rules
from throughline.skeleton.languages.language import InterfaceRules
from throughline.skeleton.model import FUNCTIONS, Item, Outline

ALIKE = 0.6
"""How alike two names, or the members of two types, are when one is the other under a new name."""


@attrs.frozen
class OutlineChange:
    """One change of one item, its name qualified with dots; `before` and `after` are heads, names if it moved or was
    renamed, and what is gone or new for imports, errors and dependencies. `why` says what breaks, if anything does.
    """

    kind: Literal[
        "added", "removed", "renamed", "moved", "signature", "value", "body", "raises", "dependency", "import"
    ]
    name: str
    before: str = ""
    after: str = ""
    breaking: bool = False
    why: str = ""

    @property
    def sentence(self) -> str:
        """What changed, for a log of changes, in Markdown."""
        breaks = f" (breaking: {self.why})" if self.breaking else ""
        return f"{self._said()}{breaks}"

    def _said(self) -> str:
        match self.kind:
            case "added":
                return f"`{self.after}` is new"
            case "removed":
                return f"`{self.before}` is gone"
            case "renamed" | "moved":
                return f"`{self.before}` is now `{self.after}`"
            case "signature" | "value":
                return f"`{self.before}` became `{self.after}`"
            case "body":
                return f"`{self.name}` changed inside"
            case "raises":
                return f"`{self.name}` {_both('raises', self.before, self.after)}"
            case "dependency":
                return f"`{self.name}` {_both('is given', self.before, self.after)}"
            case "import":
                return _both("imports", self.before, self.after)
            case _:
                assert_never(self.kind)


@attrs.frozen
class Placed:
    """An item under its qualified name, and the item it stands in."""

    name: str
    item: Item
    around: Item | None = None


def outline_difference(before: Outline, after: Outline) -> tuple[OutlineChange, ...]:
    """The changes from one outline to another, in the order of the newer file, what is gone last."""
    rules = interface_rules(after.language)
    changes: list[OutlineChange] = list(_imports(before, after))
    added: list[Placed] = []
    removed: list[Placed] = []
    waiting: list[tuple[str, Item | None, Sequence[Item], Sequence[Item]]]
    waiting = [("", None, _flat(before.items), _flat(after.items))]
    for prefix, around, old, new in waiting:
        pairs, gone, fresh = _pair(old, new)
        for one, other in pairs:
            name = prefix + other.name
            changes += _changed(name, one, other, rules)
            if _is_constructor(other, around, after.language) and around is not None:
                changes += _dependencies(prefix.rstrip("."), one, other)
            if one.children or other.children:
                waiting.append((f"{name}.", other, _flat(one.children), _flat(other.children)))
        removed += [Placed(prefix + item.name, item, around) for item in gone]
        added += [Placed(prefix + item.name, item, around) for item in fresh]
    return (*changes, *_moved_or_new(removed, added, rules))


def describe_changes(changes: Iterable[OutlineChange]) -> list[str]:
    """A short sentence of Markdown for each change of what a model saw."""
    return [
        f"model saw `{change.before}`, file has `{change.after}`"
        if change.kind in {"signature", "value"}
        else attrs.evolve(change, breaking=False).sentence
        for change in changes
    ]


def _both(verb: str, gone: str, new: str) -> str:
    parts = [f"now {verb} `{new}`"] if new else []
    parts += [f"no longer {verb} `{gone}`"] if gone else []
    return ", and ".join(parts)


def _flat(items: Iterable[Item]) -> list[Item]:
    """Items without the groups around them and the labels between them, which change no name."""
    found: list[Item] = []
    for item in items:
        if item.kind == "group":
            found += item.children
        elif item.kind != "label":
            found.append(item)
    return found


def _imports(before: Outline, after: Outline) -> Iterator[OutlineChange]:
    gone = ", ".join(name for name in before.imports if name not in after.imports)
    new = ", ".join(name for name in after.imports if name not in before.imports)
    if gone or new:
        yield OutlineChange("import", "", gone, new)


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


def _changed(name: str, one: Item, other: Item, rules: InterfaceRules) -> Iterator[OutlineChange]:
    if _head(one) != _head(other):
        before, after = _shown(name, one), _shown(name, other)
        if before == after:
            before, after = _head(one), _head(other)
        why = "; ".join(reasons(one, other, rules)) if rules.is_public(one, None) else ""
        yield OutlineChange(_what(one, other), name, before, after, bool(why), why)
    elif one.body_hash != other.body_hash and one.kind != "attribute":
        yield OutlineChange("body", name, _shown(name, one), _shown(name, other))
    gone = ", ".join(error for error in one.raises if error not in other.raises)
    new = ", ".join(error for error in other.raises if error not in one.raises)
    if gone or new:
        yield OutlineChange("raises", name, gone, new)


def _what(one: Item, other: Item) -> Literal["signature", "value"]:
    """Whether it is only a constant's value or a parameter's default that differs between two heads."""
    valued = {"constant", "field", "attribute"}
    alike = (one.decorators, one.opening, one.returns) == (other.decorators, other.opening, other.returns)
    if alike and one.kind in valued and one.value != other.value:
        return "value"
    plain = [[(parameter.name, parameter.annotation, bool(parameter.default)) for parameter in item.parameters]
             for item in (one, other)]  # fmt: skip
    same = alike and one.kind in FUNCTIONS and one.closing == other.closing and plain[0] == plain[1]
    return "value" if same and one.parameters != other.parameters else "signature"


def _is_constructor(item: Item, around: Item | None, language: str) -> bool:
    found = BY_NAME.get(language)
    named = found is not None and item.name in found.constructors
    return item.kind in FUNCTIONS and (named or (around is not None and item.name == around.name))


def _dependencies(owner: str, one: Item, other: Item) -> Iterator[OutlineChange]:
    """What a constructor is handed besides plain values: parameters whose type is a class, by its capital letter."""
    old, new = ({parameter.word: parameter.annotation for parameter in item.parameters} for item in (one, other))
    gone = ", ".join(f"{name}: {kind}" for name, kind in old.items() if name not in new and _is_class(kind))
    fresh = ", ".join(f"{name}: {kind}" for name, kind in new.items() if name not in old and _is_class(kind))
    if gone or fresh:
        yield OutlineChange("dependency", owner, gone, fresh)


def _is_class(annotation: str) -> bool:
    words = annotation.replace("*", " ").replace("&", " ").replace("::", ".").split("[")[0].split()
    return any(word.rpartition(".")[2][:1].isupper() and word not in {"String", "Option", "Optional"} for word in words)


def _moved_or_new(removed: Sequence[Placed], added: Iterable[Placed], rules: InterfaceRules) -> Iterator[OutlineChange]:
    """What is gone here and new there with the same content has moved, or has been renamed."""
    left = list(removed)
    fresh: list[Placed] = []
    found: dict[str, OutlineChange] = {}
    for placed in added:
        origin = next((one for one in left if _same(one.item, placed.item)), None)
        if origin is None:
            fresh.append(placed)
        else:
            left.remove(origin)
            found[placed.name] = _relocated(origin, placed, rules)
            yield found[placed.name]
    for placed in fresh:
        near = [one for one in left if _parent(one.name) == _parent(placed.name) and _alike(one.item, placed.item)]
        if near:
            origin = max(near, key=lambda one: _likeness(one.name, placed.name))
            left.remove(origin)
            yield _relocated(origin, placed, rules)
        else:
            why = obliges(placed.item, placed.around, rules)
            yield OutlineChange("added", placed.name, "", _shown(placed.name, placed.item), bool(why), why)
    for placed in left:
        public = rules.is_public(placed.item, placed.around) and placed.item.kind != "attribute"
        why = "whoever uses it" if public else ""
        yield OutlineChange("removed", placed.name, _shown(placed.name, placed.item), "", public, why)


def _relocated(origin: Placed, placed: Placed, rules: InterfaceRules) -> OutlineChange:
    kind: Literal["renamed", "moved"] = "renamed" if _parent(origin.name) == _parent(placed.name) else "moved"
    public = rules.is_public(origin.item, origin.around)
    return OutlineChange(
        kind, placed.name, origin.name, placed.name, public, "whoever uses the old name" if public else ""
    )


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _same(one: Item, other: Item) -> bool:
    content = _content(one)
    return content is not None and content == _content(other)


def _alike(one: Item, other: Item) -> bool:
    """Whether an item may be the other with changes: nearly the same name and parameters, or the same members."""
    if one.kind != other.kind:
        return False
    if one.kind in FUNCTIONS:
        hashed = one.body_hash and one.body_hash == other.body_hash and one.last_line - one.first_line > 1
        same = one.parameters and one.parameters == other.parameters and _likeness(one.name, other.name) >= ALIKE
        return bool(hashed or same)
    members = [{child.name for child in item.children} for item in (one, other)]
    return len(members[0] | members[1]) > 1 and len(members[0] & members[1]) >= ALIKE * len(members[0] | members[1])


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _head(item: Item) -> str:
    """What a caller sees of an item; what a constructor assigns to an attribute is the constructor's own."""
    if item.kind == "attribute":
        return f"{item.opening}: {item.returns}"
    return " ".join(filter(None, (item.access, *item.decorators, item.signature)))


def _content(item: Item) -> object:
    """What makes an item the same under another name, or None for what has no content to tell by."""
    function = item.kind in FUNCTIONS
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
            rest = item.signature.removeprefix(item.opening).removesuffix(item.closing or "\0").rstrip()
            typed = f": {item.returns}" if item.returns and not rest and item.kind not in FUNCTIONS else ""
            return name + (rest or typed)
        case _:
            return item.signature
