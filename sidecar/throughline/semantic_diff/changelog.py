"""The change log: for each file one bullet of what changed, as values and as Markdown."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import takewhile

import attrs
from attrs import evolve

from throughline.domain.changes import ChangeSummary, FileChange, FileSide, InterfaceChange
from throughline.domain.globs import path_matches
from throughline.semantic_diff.interface_changes import FileVersion, InterfaceChanges, interface_changes, public_names
from throughline.semantic_diff.normalized_tree import normalized_tree
from throughline.skeleton.model import Outline
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.syntax import Deadline, no_deadline

# `key = value`, `key: value`, `"key": value,`, `export KEY=value`; no prose: the key is one word.
_SETS = re.compile(
    r"""^(\s*)(?:-\s+)?(?:export\s+|set\s+)?["']?([A-Za-z_][\w.\-/]*)["']?\s*(?::=|[:=])\s*(\S.*?),?\s*$"""
)
_SECTION = re.compile(r"^\s*\[+\s*([^\[\]]+?)\s*\]+\s*$")
_OPENS = re.compile(r"""^(\s*)(?:-\s+)?["']?([A-Za-z_][\w.\-/]*)["']?\s*[:=]\s*[\[{(]?\s*$""")
LONGEST = 60


@attrs.frozen
class ChangedValue:
    """A key that has another value, both as written."""

    key: str
    was: str
    now: str


def changed_values(before: str, after: str) -> list[ChangedValue]:
    """The keys that stand once on both sides and whose values differ, in the newer order."""
    old, new = _values(before), _values(after)
    return [
        ChangedValue(key, _short(old[key]), _short(value))
        for key, value in new.items()
        if key in old and old[key] != value
    ]


def _values(text: str) -> dict[str, str]:
    """Values by key, within the sections and the keys of lesser indentation around them; doubtful keys are left out."""
    found: dict[str, str] = {}
    doubtful = set()
    for key, value in _read(text):
        if key in found:
            doubtful.add(key)
        found[key] = value
    return {key: value for key, value in found.items() if key not in doubtful}


def _read(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    around: list[tuple[int, str]] = []
    for line in text.splitlines():
        if header := _SECTION.match(line):
            section, around = header[1], []
        elif opened := _OPENS.match(line):
            around = [*_outer(around, len(opened[1])), (len(opened[1]), opened[2])]
        elif (sets := _SETS.match(line)) and not sets[3].startswith("//"):
            names = [name for _, name in _outer(around, len(sets[1]))]
            yield ".".join(filter(None, [section, *names, sets[2]])), sets[3]


def _outer(around: list[tuple[int, str]], depth: int) -> list[tuple[int, str]]:
    return list(takewhile(lambda one: one[0] < depth, around))


def _short(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"


# A generator says what it is in the first characters; a line in the middle may only speak of one.
_HEAD = 600


def generated_kind(path: str, text: str) -> str:
    """What a generated file is, in a word or two, or nothing for one that a person wrote."""
    locks, made, head = _known()
    name = path.rpartition("/")[2]
    if name in locks:
        return "Lock file"
    if any(path_matches(name, pattern) for pattern in made) or head.search(text[:_HEAD]):
        return "Generated file"
    return ""


@cache
def _known() -> tuple[frozenset[str], tuple[str, ...], re.Pattern[str]]:
    data = tomllib.loads(files(__package__).joinpath("generated.toml").read_text("utf-8"))
    head = re.compile("|".join(f"(?:{one})" for one in data["head"]), re.IGNORECASE)
    return frozenset(data["locks"]), tuple(data["made"]), head


# So many names stand in a sentence; the rest is counted.
NAMES = 12


def summarize_files(
    deltas: Iterable[FileChange], patience: Callable[[], Deadline] = lambda: no_deadline
) -> tuple[ChangeSummary, ...]:
    """A bullet for each changed file; a caller with a clock gives the patience that one file may take."""
    return tuple(summarize_file(delta, patience()) for delta in deltas)


def summarize_file(delta: FileChange, late: Deadline = no_deadline) -> ChangeSummary:
    """What changed in one file. Nothing is cut: a bullet grows with what changed, and not with the file."""
    said = _unlike(delta) or _contents(delta, late)
    return evolve(said, was=delta.was)


def _unlike(delta: FileChange) -> ChangeSummary | None:
    """A change that is said in one line, whatever the contents."""
    before, after, path = delta.before, delta.after, delta.path
    sides = [side for side in (before, after) if side is not None]
    if delta.unmerged:
        marks = (after.text or "").count("\n<<<<<<< ") + (after.text or "").startswith("<<<<<<< ") if after else 0
        said = f"In conflict: {_counted(marks, 'place')} to resolve." if marks else "In conflict."
        return ChangeSummary(path, "conflict", said)
    if any(side.medium == "submodule" for side in sides):
        return ChangeSummary(path, "submodule", _pointed(before, after, "Submodule", "at", 12))
    if any(side.medium == "link" for side in sides):
        return ChangeSummary(path, "link", _pointed(before, after, "Link", "to"))
    if any(side.text is None for side in sides):
        return ChangeSummary(path, "binary", _binary(before, after))
    if kind := _made(delta):
        return ChangeSummary(path, "generated", f"{kind}: {_amount(before, after)}.")
    if before is not None and after is not None and before.text == after.text:
        mode = _mode(before, after)
        return ChangeSummary(
            path, "mode" if mode else "moved", " ".join(filter(None, ["Moved." if delta.was else "", mode]))
        )
    return None


def _made(delta: FileChange) -> str:
    side = delta.after or delta.before
    if delta.generated:
        return "Generated file"
    return generated_kind(delta.path, side.text or "") if side else ""


def _contents(delta: FileChange, late: Deadline) -> ChangeSummary:
    before, after = _version(delta.was or delta.path, delta.before, late), _version(delta.path, delta.after, late)
    if (delta.before is None or before is not None) and (delta.after is None or after is not None):
        if before is not None and after is not None and before.outline.language == after.outline.language:
            return _source(delta, interface_changes(before, after))
        if one := after if before is None else before if after is None else None:
            return _whole(delta, one.outline)
    return _text(delta)


def _version(path: str, side: FileSide | None, late: Deadline) -> FileVersion | None:
    if side is None or side.text is None:
        return None
    read, counted = outline(path, side.text, late), normalized_tree(path, side.text, late)
    return FileVersion(read, counted) if read is not None and counted is not None else None


def _source(delta: FileChange, moved: InterfaceChanges) -> ChangeSummary:
    """A source file that was there before and is there now."""
    if moved == InterfaceChanges():
        mode = _mode(delta.before, delta.after)
        said = mode or ("Moved; layout or comments differ." if delta.was else "Layout or comments only.")
        return ChangeSummary(delta.path, "mode" if mode else "code", said, quiet=not mode and not delta.was)
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
    return ChangeSummary(delta.path, "code", said, "", moved.dependencies, moved.interface, moved.behaviour)


def _whole(delta: FileChange, read: Outline) -> ChangeSummary:
    """A source file that is new, or gone."""
    names = [item.name for item in read.items if item.kind not in {"label", "export"}]
    open_names = public_names(read)
    if delta.after is None:
        used = [name for name in names if name in open_names]
        gone = (InterfaceChange(f"{_names('gone:', used)}", breaking=True),) if used else ()
        return ChangeSummary(delta.path, "code", "Gone.", interface=gone)
    shown = [name for name in names if name in open_names] or names
    said = f"New: {_names('', shown).strip()}." if shown else "New."
    imports = tuple(f"`{name}`" for name in read.imports)
    return ChangeSummary(delta.path, "code", said, "", imports)


def _text(delta: FileChange) -> ChangeSummary:
    """A text in a language that has no outline here: by its lines, and the values that they set."""
    before, after = (_lines_of(side) for side in (delta.before, delta.after))
    if delta.before is None or delta.after is None:
        word, lines = ("New", after) if delta.before is None else ("Gone", before)
        return ChangeSummary(delta.path, "text", f"{word}: {_counted(len(lines), 'line')}.")
    if "".join(before) == "".join(after):
        mode = _mode(delta.before, delta.after)
        return ChangeSummary(delta.path, "mode" if mode else "text", mode or "White space only.", quiet=not mode)
    values = changed_values(delta.before.text or "", delta.after.text or "")
    shown = [f"`{one.key}` is `{one.now}`, was `{one.was}`" for one in values[:NAMES]]
    if len(values) > NAMES:
        shown.append(f"and {len(values) - NAMES} more values")
    said = f"{_amount(delta.before, delta.after)}."
    return ChangeSummary(delta.path, "text", f"{said[0].upper()}{said[1:]}", behaviour=tuple(shown))


def _lines_of(side: FileSide | None) -> list[str]:
    """A text's lines as far as they count: white space is cut."""
    return [line for raw in (side.text or "").splitlines() if (line := "".join(raw.split()))] if side else []


def _amount(before: FileSide | None, after: FileSide | None) -> str:
    """How many lines came and went, wherever they stand."""
    old, new = Counter(_lines_of(before)), Counter(_lines_of(after))
    came, went = (new - old).total(), (old - new).total()
    if not came and not went:
        return "the same lines in another order"
    return f"{_counted(came, 'new line')}, {went:,} gone"


def _binary(before: FileSide | None, after: FileSide | None) -> str:
    if before is None or after is None:
        return f"Binary, {'new' if before is None else 'gone'}: {(after or before or FileSide()).size:,} bytes."
    return f"Binary: {before.size:,} → {after.size:,} bytes."


def _pointed(before: FileSide | None, after: FileSide | None, what: str, verb: str, width: int | None = None) -> str:
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


def _mode(before: FileSide | None, after: FileSide | None) -> str:
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


def changelog_markdown(bullets: Sequence[ChangeSummary]) -> str:
    """The log as Markdown. What changed in layout or comments only is named in one line at the end."""
    loud = [one for one in bullets if not one.quiet]
    quiet = [one.path for one in bullets if one.quiet]
    lines = [line for one in loud for line in _lines(one)]
    if quiet:
        lines.append(f"- Only white space, comments or layout: {', '.join(_code(path) for path in quiet)}")
    return "\n".join(lines) + "\n" if lines else "Nothing changed.\n"


def _lines(one: ChangeSummary) -> Iterator[str]:
    mark = " **Breaking.**" if one.breaking else ""
    moved = f" (was {_code(one.was)})" if one.was else ""
    why = f" {one.why}" if one.why else ""
    yield f"- {_code(one.path)}{moved}: {one.said}{mark}{why}"
    if one.dependencies:
        yield f"  - New dependencies: {', '.join(one.dependencies)}"
    if one.interface:
        yield "  - Interface: " + "; ".join(
            ("**breaking** " if step.breaking else "") + step.text for step in one.interface
        )
    if one.behaviour:
        yield f"  - Errors and defaults: {'; '.join(one.behaviour)}"


def _code(path: str) -> str:
    """A path as code; one with a back quote or a line end in it is written as a string."""
    return f"`{path}`" if path.isprintable() and "`" not in path else f"`{path!a}`".replace("\\x60", "'")
