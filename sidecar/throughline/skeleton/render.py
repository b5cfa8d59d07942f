"""The skeleton of a file: its outline written in its own syntax, by a ladder of detail or by indentation alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import attrs

from throughline.skeleton.languages import find_language
from throughline.skeleton.languages.language import Detail, Language
from throughline.skeleton.llm_docstrings import Comments, with_docs
from throughline.skeleton.model import FUNCTIONS, LEFT_OUT, Item, Outline
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.syntax import Deadline, no_deadline

TAB = 4
LEVELS = 2
LONG_LINE = 200
HEADING = re.compile(r"#{1,6} \S")
UNDERLINE = re.compile(r"(?:={3,}|-{3,}|~{3,})\s*$")
COMMENT = re.compile(r"(?:#(?!include|define|if|!)|//|--(?!-)|/?\*+(?:\s|/|$)|;;)")
DEFINITION = re.compile(
    r"""\s*(?:(?:public|private|protected|internal|static|abstract|final|open|override|async|local|export|inline|data
    |sealed|suspend|virtual|partial|case|companion)\s+)*
    (?:def|defp|defmodule|defmacro|fun|func|function|fn|sub|proc|class|module|interface|trait|struct|enum|object
    |protocol|extension|record|contract|actor|namespace)\s+[\w.:&'`<"$(-]""",
    re.VERBOSE,
)
"""A line that defines something by the words of most languages; it is shown however deeply it stands."""
CLOSING = re.compile(r"[\])}\s;,]*(?:end\b[\s;,)]*|fi|done|esac)?[\])}\s;,]*$")
MOST = 2_000
"""Lines that are shown of a file at most."""
BLOCK = 3
"""Lines of one kind in a row that are shown at a bare level."""


def shallow_lines(text: str, levels: int = LEVELS) -> str:
    """The lines at the shallowest levels of indentation and deeper ones that define something, `…` for each run of
    others; no comments, and no lines that only close what was left out. At level 0 runs of lines with the same first
    word are cut after three, and at level -1 after one.
    """
    lines = [_clipped(line.rstrip()) for line in text.expandtabs(TAB).splitlines() if line.strip()]
    lines = _without_comments(lines)
    depths = sorted({_depth(line) for line in lines})[: max(1, levels)]
    deepest = depths[-1] if depths else 0
    shown = list(_elided(lines, deepest))
    if levels < 1:
        shown = list(_thinned(shown, BLOCK if levels == 0 else 1))
    if len(shown) > MOST:
        shown[MOST:] = [f"{LEFT_OUT} {len(shown) - MOST} more lines"]
    return "\n".join(shown)


def markdown_headings(text: str) -> str:
    """A Markdown file's headings, each with `…` for what stands below it; empty where there are none."""
    shown: list[str] = []
    fenced = False
    lines = text.splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and (HEADING.match(line) or (line.strip() and UNDERLINE.match(below))):
            shown.append(_clipped(line.rstrip()))
        elif line.strip() and shown and shown[-1] != LEFT_OUT:
            shown.append(LEFT_OUT)
    return "\n".join(shown)


def _elided(lines: Sequence[str], deepest: int) -> Iterator[str]:
    skipping = False
    for line in lines:
        depth = _depth(line)
        if depth <= deepest or DEFINITION.match(line):
            if not (skipping and CLOSING.match(line)):
                yield line
        elif not skipping:
            yield " " * depth + LEFT_OUT
        skipping = depth > deepest and not DEFINITION.match(line)


def _thinned(lines: Sequence[str], most: int) -> Iterator[str]:
    """Of a long run of lines that begin alike, the first few and how many more there are."""
    runs: list[list[str]] = []
    for line in lines:
        if line.strip() == LEFT_OUT or CLOSING.match(line):
            continue
        if runs and _word(runs[-1][0]) == _word(line) and not DEFINITION.match(line):
            runs[-1].append(line)
        else:
            runs.append([line])
    for run in runs:
        yield from run[:most]
        if len(run) > most:
            yield f"{LEFT_OUT} {len(run) - most} more such lines"


def _without_comments(lines: Sequence[str]) -> list[str]:
    """The lines that are no comments; all of them where nothing else is there."""
    code = [line for line in lines if not COMMENT.match(line.lstrip())]
    return code or list(lines)


def _word(line: str) -> str:
    return re.split(r"\W", line.lstrip(), maxsplit=1)[0]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _clipped(line: str) -> str:
    return line if len(line) <= LONG_LINE else line[:LONG_LINE] + LEFT_OUT


Form = Literal["whole", "skeleton", "declarations", "plain"]

SMALL = 500
"""Characters below which a file goes whole."""
NEARLY_NOTHING = 0.05
"""The part of a file that its bodies may be while the file still counts as declarations only."""
NO_COMMENTS: Comments = {}
PROSE = (".md", ".mdx", ".markdown", ".rst")
"""Files whose headings say more than their indentation."""
SCRIPT = 0.3
"""The part of a file's lines that run on loading, above which a file without definitions is a script."""
LONG_TYPE = 60
STOPS = " .:;,"

DROPPED = tuple(field.name for field in attrs.fields(Detail))
"""What goes, in this order: one more thing with every rung."""
LADDER = tuple(Detail(**dict.fromkeys(DROPPED[:rung], False)) for rung in range(len(DROPPED) + 1))
"""From everything to names alone. The detail of a skeleton is how many rungs below it were not needed."""


@attrs.frozen
class Skeleton:
    """A file as the model sees it. `detail` counts up from 0, names alone; tokens are by the caller's count."""

    text: str
    form: Form
    detail: int
    tokens: int
    original_tokens: int


def make_skeleton(
    path: str,
    text: str,
    count: Callable[[str], int],
    share: float = 0.25,
    numbers: bool = False,
    late: Deadline = no_deadline,
    comments: Comments = NO_COMMENTS,
) -> Skeleton:
    """The fullest skeleton of a file within `share` of its tokens, or the barest one where none fits; with `numbers`,
    every item says on which lines it stands. A file whose reading is `late` gets an outline by indentation; `comments`
    stand where it has none of its own.
    """
    original = count(text)

    def made(form: Form, detail: int, written: str) -> Skeleton:
        return Skeleton(written, form, detail, count(written), original)

    found = find_language(path)
    comment = found[0].comment if found else "#"

    def whole() -> Skeleton:
        return made("whole", 0, f"{_head(comment, path, 'whole file')}\n{text}")

    if len(text) < SMALL:
        return whole()
    read = outline(path, text, late)
    if found is None or read is None or _is_script(read) or (read.broken and not read.items):
        what = f"outline by indentation of {_lines(text)} lines, {LEFT_OUT} for what is left out"
        head = _head(comment, path, what)
        titled = markdown_headings(text) if path.lower().endswith(PROSE) else ""

        def plain(level: int) -> Skeleton:
            return made("plain", level, f"{head}\n{titled or shallow_lines(text, level - 1)}\n")

        return _smaller(_fullest(1 if titled else LEVELS + 2, plain, share * original), whole)
    if read.items and read.bodies <= NEARLY_NOTHING * len(text):
        head = _head(comment, path, f"nothing but declarations, whole file{_broken(read)}")
        return made("declarations", len(LADDER) - 1, f"{head}\n{text}")
    read = with_docs(read, comments)
    kept, language = read, found[0]

    def rung(detail: int) -> Skeleton:
        return made("skeleton", detail, write_outline(kept, language, detail, numbers))

    return _smaller(_fullest(len(LADDER), rung, share * original), whole)


def write_outline(read: Outline, language: Language, detail: int, numbers: bool = False) -> str:
    """An outline as source, at a detail from 0 to the ladder's length; with `numbers`, each item says its lines."""
    shown = LADDER[len(LADDER) - 1 - detail]
    missing = ", ".join(["bodies", *(name for name, kept in attrs.asdict(shown).items() if not kept)])
    what = f"skeleton of {read.lines} lines, without {missing}" if detail else "skeleton, names only"
    lines = [_head(language.comment, read.path, f"{what}{_broken(read)}")]
    if read.doc and shown.docs:
        lines.append(f"{language.comment} {read.doc.rstrip(STOPS)}")
    if read.imports and shown.imports:
        lines.append(f"{language.comment} imports: {', '.join(read.imports)}")
    for item in read.items:
        lines += _written(item, None, language, shown, numbers)
    if read.loose and shown.imports:
        lines.append(f"{language.comment} lines of code outside all of these: {read.loose}")
    return "\n".join(lines) + "\n"


def _written(item: Item, around: Item | None, language: Language, detail: Detail, numbers: bool) -> Iterator[str]:
    """An item's lines and those of its children, which the outline nests to a bounded depth."""
    if not _shown(item, detail):
        return
    children = list(_children(item, detail))
    lines = language.write(item, around, detail)
    note = _note(item, detail, numbers)
    remark = f"  {language.comment} {note}" if note else ""
    if detail.decorators:
        yield from lines.above
    yield (lines.opening if children else lines.alone) + remark
    for child in children:
        yield from (f"{language.indent}{line}" for line in _written(child, item, language, detail, numbers))
    if children and lines.closing:
        yield lines.closing


def _children(item: Item, detail: Detail) -> Iterator[Item]:
    """What is shown of its children; a label only where something that it speaks of is shown behind it."""
    label: Item | None = None
    for child in item.children:
        if child.kind == "attribute" or not _shown(child, detail):
            continue
        if child.kind == "label":
            label = child
            continue
        if label is not None:
            yield label
            label = None
        yield child


def _shown(item: Item, detail: Detail) -> bool:
    match item.kind:
        case "field" | "attribute":
            return detail.fields or any(child.kind in FUNCTIONS for child in item.children)
        case "constant":
            return detail.constants or bool(item.children)
        case "group":
            return any(_shown(child, detail) for child in item.children)
        case _:
            return True


def _note(item: Item, detail: Detail, numbers: bool) -> str:
    """The comment behind an item: its lines, what its doc says, what it holds, raises and does besides."""
    parts = [f"{item.first_line}-{item.last_line}"] if numbers else []
    parts += [item.doc.rstrip(STOPS)] if detail.docs else []
    if held := [child for child in item.children if child.kind == "attribute" and detail.fields]:
        parts.append("holds " + ", ".join(_attribute(child, detail) for child in held))
    if item.raises and detail.notes:
        parts.append("raises " + ", ".join(item.raises))
    if detail.notes:
        parts += item.effects
    return " ".join("; ".join(filter(None, parts)).split())


def _attribute(item: Item, detail: Detail) -> str:
    shown = item.returns and len(item.returns) <= LONG_TYPE and detail.annotations
    return f"{item.name}: {item.returns}" if shown else item.name


def _is_script(read: Outline) -> bool:
    """Whether a file is mostly code that runs on loading, in which an outline finds nothing to name."""
    named = any(item.children or item.kind not in {"constant", "export", "label"} for item in read.items)
    return not named and read.loose > read.lines * SCRIPT


def _fullest(rungs: int, made: Callable[[int], Skeleton], budget: float) -> Skeleton:
    """The fullest of so many rungs, 0 the barest, that fits the budget in tokens; the barest where none does.

    Most files get the fullest. Of the others, as each rung takes less than the one above it, half are left each time.
    """
    best = made(rungs - 1)
    if best.tokens <= budget or rungs == 1:
        return best
    low, high, best = 0, rungs - 1, made(0)
    while high - low > 1:
        middle = (low + high) // 2
        rung = made(middle)
        if rung.tokens <= budget:
            low, best = middle, rung
        else:
            high = middle
    return best


def _smaller(made: Skeleton, whole: Callable[[], Skeleton]) -> Skeleton:
    """The whole file where that is no larger; it is counted only where it may be."""
    if made.tokens < made.original_tokens:
        return made
    complete = whole()
    return made if made.tokens < complete.tokens else complete


def _head(comment: str, path: str, what: str) -> str:
    return f"{comment} {' '.join(path.splitlines())}: {what}"


def _lines(text: str) -> int:
    return text.count("\n") + 1


def _broken(read: Outline) -> str:
    return f"; places that did not parse: {read.broken}" if read.broken else ""
