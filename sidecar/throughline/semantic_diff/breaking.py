"""Breaking changes: whether a change breaks those who use what was changed, by the rules of its language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from throughline.skeleton.languages.language import InterfaceRules, modifiers
from throughline.skeleton.model import FUNCTIONS, Item, Parameter

# Access from the narrowest to the widest.
RANKS = ("private", "file", "fileprivate", "package", "internal", "protected", "public")
NULL = frozenset({"None", "null", "undefined"})
REST = re.compile(r"^(\*|\.\.\.|params\b)|\.\.\.")


def reasons(one: Item, other: Item, rules: InterfaceRules) -> Iterator[str]:
    """Why the change of an item's head breaks callers or implementers; nothing where it does not."""
    yield from _access(one, other, rules)
    if one.kind in FUNCTIONS or one.parameters or other.parameters:
        yield from _called(one, other, rules)
        yield from _parameters(one.parameters, other.parameters, rules)
    if one.returns != other.returns and not _assignable(other.returns, one.returns, rules):
        what = "returns" if one.kind in FUNCTIONS else "is"
        yield f"{what} `{other.returns or 'nothing'}` instead of `{one.returns or 'nothing'}`"
    for base in one.bases:
        if base not in other.bases:
            yield f"is no `{base}` any more"
    if one.kind == "type" and one.value != other.value:
        yield "stands for another type"


def obliges(item: Item, around: Item | None, rules: InterfaceRules) -> str:
    """Why a new item breaks those who implement the type around it, or nothing."""
    if around is None or item.kind not in {"method", "field"}:
        return ""
    if any(one.split("(")[0].endswith("abstractmethod") for one in item.decorators):
        return "whoever derives from it has to write it"
    words = modifiers(item)
    if around.kind == "interface" and not item.body_hash and not item.value:
        optional = f"{item.name}?" in item.signature or words & {"static", "default"}
        return "" if optional or not rules.interface_binds else "whoever implements it has to have it"
    if "abstract" in words or item.closing.endswith("= 0"):
        return "whoever derives from it has to write it"
    return ""


def _access(one: Item, other: Item, rules: InterfaceRules) -> Iterator[str]:
    before, after = modifiers(one), modifiers(other)
    if before & rules.export_words and not after & rules.export_words:
        yield "is no longer exported"
    narrower = _rank(before, rules) - _rank(after, rules)
    if narrower > 0:
        yield f"may be used by fewer: {RANKS[_rank(after, rules)]}"
    for word in ("static", "final", "sealed", "readonly", "const"):
        if word in after and word not in before and one.kind != "constant":
            yield f"is `{word}` now"


def _rank(words: set[str], rules: InterfaceRules) -> int:
    told = [RANKS.index(word) for word in words if word in RANKS]
    return min(told, default=RANKS.index(rules.usual_access))


def _called(one: Item, other: Item, rules: InterfaceRules) -> Iterator[str]:
    if ("async" in modifiers(one)) != ("async" in modifiers(other)):
        yield "has to be awaited" if "async" in modifiers(other) else "is not awaited any more"
    for mark in rules.call_decorators:
        before, after = mark in one.decorators, mark in other.decorators
        if before != after:
            yield f"is a `{mark}` now" if after else f"is no `{mark}` any more"


def _parameters(old: Sequence[Parameter], new: Sequence[Parameter], rules: InterfaceRules) -> Iterator[str]:
    anywhere = _by_name(new) if rules.by_keyword else frozenset()
    old, new = _real(old, rules), _real(new, rules)
    names, fresh = [_name(one) for one in old], [_name(one) for one in new]
    if not rules.by_keyword and len(old) == len(new) and [p.annotation for p in old] == [p.annotation for p in new]:
        if sorted(names) == sorted(fresh) and names != fresh:
            yield f"takes its parameters in another order: {', '.join(fresh)}"
        pairs = list(zip(old, new, strict=True))
    else:
        pairs = [(one, new[fresh.index(name)]) for one, name in zip(old, names, strict=True) if name in fresh]
        for name in names:
            if name not in fresh:
                yield f"`{name}` is gone"
        for place, parameter in enumerate(new):
            if fresh[place] not in names:
                behind = [name for name in fresh[place + 1 :] if name in names and name not in anywhere]
                yield from _added(parameter, [] if fresh[place] in anywhere else behind)
        kept = [name for name in fresh if name in names and name not in anywhere]
        if kept != [name for name in names if name in kept]:
            yield f"takes its parameters in another order: {', '.join(fresh)}"
    for one, other in pairs:
        if _optional(one) and not _optional(other):
            yield f"`{_name(other)}` has to be given"
        if one.annotation != other.annotation and not _assignable(one.annotation, other.annotation, rules):
            yield f"`{_name(other)}` is `{other.annotation or 'untyped'}` instead of `{one.annotation or 'untyped'}`"


def _added(parameter: Parameter, behind: Sequence[str]) -> Iterator[str]:
    """Why a new parameter breaks callers: it has no default, or stands before known ones that go by their place."""
    if not _optional(parameter):
        yield f"`{_name(parameter)}` has to be given"
    elif behind and not REST.search(parameter.name):
        yield f"`{_name(parameter)}` stands before `{behind[0]}`"


def _by_name(parameters: Sequence[Parameter]) -> frozenset[str]:
    """The parameters behind a star, which can only be given by their names."""
    star = next((place for place, one in enumerate(parameters) if one.name.startswith("*")), len(parameters))
    return frozenset(_name(one) for one in parameters[star + 1 :])


def _real(parameters: Sequence[Parameter], rules: InterfaceRules) -> list[Parameter]:
    return [one for one in parameters if one.name not in rules.not_passed]


def _name(parameter: Parameter) -> str:
    return parameter.word or parameter.name or parameter.annotation


def _optional(parameter: Parameter) -> bool:
    return bool(parameter.default or parameter.name.endswith("?") or REST.search(parameter.written or parameter.name)
                or parameter.annotation.startswith("..."))  # fmt: skip


def _assignable(value: str, place: str, rules: InterfaceRules) -> bool:
    """Whether whatever is of the one type may stand where the other is expected, as far as text can tell."""
    if value == place or not place or (not value and not rules.typed):
        return True
    members, allowed = _members(value), _members(place)
    return members <= allowed or bool(allowed & {"any", "Any", "object", "unknown", "typing.Any"})


def _members(annotation: str) -> set[str]:
    """The members of a union: `int`, `None` of `Optional[int]`."""
    if match := re.fullmatch(r"(?:typing\.)?Optional\[(.*)\]", annotation):
        return _members(match[1]) | {"None"}
    if match := re.fullmatch(r"(?:typing\.)?Union\[(.*)\]", annotation):
        return {one for part in _split(match[1], ",") for one in _members(part)}
    if annotation.endswith("?"):
        return {annotation[:-1], "null"}
    return {"None" if part in NULL else part for part in _split(annotation, "|")}


def _split(text: str, separator: str) -> Iterator[str]:
    """The parts between separators that stand in no bracket."""
    depth = start = 0
    for place, letter in enumerate(text):
        depth += (letter in "[(<{") - (letter in "])>}")
        if letter == separator and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()
