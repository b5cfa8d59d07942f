"""What changed in each file, as a bullet of the change log."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from attrs import evolve

from throughline.core.changes import Bullet, Delta, Side, Step
from throughline.skeleton.bounds import Patience, endless
from throughline.skeleton.essence import essence
from throughline.skeleton.generated import generated
from throughline.skeleton.moves import Moves, Version, moves, public
from throughline.skeleton.outline import Outline
from throughline.skeleton.read import outline
from throughline.skeleton.values import changed_values

# So many names stand in a sentence; the rest is counted.
NAMES = 12


def log(deltas: Iterable[Delta], patience: Callable[[], Patience] = lambda: endless) -> tuple[Bullet, ...]:
    """A bullet for each changed file; a caller with a clock gives the patience that one file may take."""
    return tuple(bullet(delta, patience()) for delta in deltas)


def bullet(delta: Delta, late: Patience = endless) -> Bullet:
    """What changed in one file. Nothing is cut: a bullet grows with what changed, and not with the file."""
    said = _unlike(delta) or _contents(delta, late)
    return evolve(said, was=delta.was)


def _unlike(delta: Delta) -> Bullet | None:
    """A change that is said in one line, whatever the contents."""
    before, after, path = delta.before, delta.after, delta.path
    sides = [side for side in (before, after) if side is not None]
    if delta.unmerged:
        marks = (after.text or "").count("\n<<<<<<< ") + (after.text or "").startswith("<<<<<<< ") if after else 0
        said = f"In conflict: {_counted(marks, 'place')} to resolve." if marks else "In conflict."
        return Bullet(path, "conflict", said)
    if any(side.medium == "submodule" for side in sides):
        return Bullet(path, "submodule", _pointed(before, after, "Submodule", "at", 12))
    if any(side.medium == "link" for side in sides):
        return Bullet(path, "link", _pointed(before, after, "Link", "to"))
    if any(side.text is None for side in sides):
        return Bullet(path, "binary", _binary(before, after))
    if kind := _made(delta):
        return Bullet(path, "generated", f"{kind}: {_amount(before, after)}.")
    if before is not None and after is not None and before.text == after.text:
        mode = _mode(before, after)
        return Bullet(path, "mode" if mode else "moved", " ".join(filter(None, ["Moved." if delta.was else "", mode])))
    return None


def _made(delta: Delta) -> str:
    side = delta.after or delta.before
    if delta.generated:
        return "Generated file"
    return generated(delta.path, side.text or "") if side else ""


def _contents(delta: Delta, late: Patience) -> Bullet:
    before, after = _version(delta.was or delta.path, delta.before, late), _version(delta.path, delta.after, late)
    if (delta.before is None or before is not None) and (delta.after is None or after is not None):
        if before is not None and after is not None and before.outline.language == after.outline.language:
            return _source(delta, moves(before, after))
        if one := after if before is None else before if after is None else None:
            return _whole(delta, one.outline)
    return _text(delta)


def _version(path: str, side: Side | None, late: Patience) -> Version | None:
    if side is None or side.text is None:
        return None
    read, counted = outline(path, side.text, late), essence(path, side.text, late)
    return Version(read, counted) if read is not None and counted is not None else None


def _source(delta: Delta, moved: Moves) -> Bullet:
    """A source file that was there before and is there now."""
    if moved == Moves():
        mode = _mode(delta.before, delta.after)
        said = mode or ("Moved; layout or comments differ." if delta.was else "Layout or comments only.")
        return Bullet(delta.path, "mode" if mode else "code", said, quiet=not mode and not delta.was)
    parts = [
        _names("adds", moved.added),
        _names("removes", moved.removed),
        ", ".join(f"renames `{one}` to `{other}`" for one, other in moved.renamed),
        _names("changes how to use", moved.changed),
        _names("changes what happens in", moved.inside),
        "changes what runs when it is loaded" if moved.loose else "",
    ]
    said = ", ".join(part for part in parts if part)
    if not said:
        said = "changes values" if moved.behaviour else "changes what it imports"
    if moved.dropped and not (moved.added or moved.inside or moved.changed or moved.behaviour):
        said += f" (no longer {', '.join(moved.dropped)})"
    mode = _mode(delta.before, delta.after)
    said = f"{said[0].upper()}{said[1:]}." + (f" {mode}" if mode else "")
    return Bullet(delta.path, "code", said, "", moved.dependencies, moved.interface, moved.behaviour)


def _whole(delta: Delta, read: Outline) -> Bullet:
    """A source file that is new, or gone."""
    names = [item.name for item in read.items if item.kind not in {"label", "export"}]
    open_names = public(read)
    if delta.after is None:
        used = [name for name in names if name in open_names]
        gone = (Step(f"{_names('gone:', used)}", breaking=True),) if used else ()
        return Bullet(delta.path, "code", "Gone.", interface=gone)
    shown = [name for name in names if name in open_names] or names
    said = f"New: {_names('', shown).strip()}." if shown else "New."
    imports = tuple(f"`{name}`" for name in read.imports)
    return Bullet(delta.path, "code", said, "", imports)


def _text(delta: Delta) -> Bullet:
    """A text in a language that has no outline here: by its lines, and the values that they set."""
    before, after = (_lines_of(side) for side in (delta.before, delta.after))
    if delta.before is None or delta.after is None:
        word, lines = ("New", after) if delta.before is None else ("Gone", before)
        return Bullet(delta.path, "text", f"{word}: {_counted(len(lines), 'line')}.")
    if "".join(before) == "".join(after):
        mode = _mode(delta.before, delta.after)
        return Bullet(delta.path, "mode" if mode else "text", mode or "White space only.", quiet=not mode)
    values = changed_values(delta.before.text or "", delta.after.text or "")
    shown = [f"`{one.key}` is `{one.now}`, was `{one.was}`" for one in values[:NAMES]]
    if len(values) > NAMES:
        shown.append(f"and {len(values) - NAMES} more values")
    said = f"{_amount(delta.before, delta.after)}."
    return Bullet(delta.path, "text", f"{said[0].upper()}{said[1:]}", behaviour=tuple(shown))


def _lines_of(side: Side | None) -> list[str]:
    """A text's lines as far as they count: white space is cut."""
    return [line for raw in (side.text or "").splitlines() if (line := "".join(raw.split()))] if side else []


def _amount(before: Side | None, after: Side | None) -> str:
    """How many lines came and went, wherever they stand."""
    old, new = Counter(_lines_of(before)), Counter(_lines_of(after))
    came, went = (new - old).total(), (old - new).total()
    if not came and not went:
        return "the same lines in another order"
    return f"{_counted(came, 'new line')}, {went:,} gone"


def _binary(before: Side | None, after: Side | None) -> str:
    if before is None or after is None:
        return f"Binary, {'new' if before is None else 'gone'}: {(after or before or Side()).size:,} bytes."
    return f"Binary: {before.size:,} → {after.size:,} bytes."


def _pointed(before: Side | None, after: Side | None, what: str, verb: str, width: int | None = None) -> str:
    """A submodule or a link: where it leads, and where it led."""
    was, now = ((side.text or "")[:width] if side else "" for side in (before, after))
    if after is None:
        return f"{what}, gone."
    if before is None:
        return f"{what}, new, {verb} `{now}`."
    if before.medium != after.medium:
        return f"Was a {before.medium}, is a {after.medium}."
    if was == now:
        return f"{what} with changes of its own that are not committed."
    return f"{what} {verb} `{now}`, was {verb} `{was}`."


def _mode(before: Side | None, after: Side | None) -> str:
    if before is None or after is None or before.executable == after.executable:
        return ""
    return "Can be run as a program now." if after.executable else "Can no longer be run as a program."


def _names(verb: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    shown = [f"`{name}`" for name in names[:NAMES]]
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return f"{verb} {', '.join(shown)}{more}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
