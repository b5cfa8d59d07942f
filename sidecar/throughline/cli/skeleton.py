"""The command that prints files without their bodies."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from throughline.agent.shown import outlined, patience
from throughline.cli.output import emit, say
from throughline.cli.parts import Desk, Parts
from throughline.core.errors import UserError
from throughline.skeleton.languages import find
from throughline.skeleton.read import outline
from throughline.skeleton.render import LADDER, Skeleton, skeleton, write

# The part of a file that its skeleton may take where nothing else is said.
SHARE = 0.25


@frozen
class Wanted:
    """How much of a file is shown: a rung of the ladder, or what fits a budget of tokens; a quarter of it without."""

    detail: int | None = None
    budget: int | None = None
    numbered: bool = False


@frozen
class Found:
    """A file of the command line: its text, and the path under which it is named."""

    path: str
    text: str
    desk: Desk


def run(parts: Parts, paths: Sequence[str], wanted: Wanted, *, as_json: bool) -> None:
    """Prints the skeletons, one after another. What cannot be read is named; raises UserError where that is all."""
    if wanted.detail is not None and wanted.detail >= len(LADDER):
        raise UserError(f"A skeleton's detail goes from 0, names alone, to {len(LADDER) - 1}, all of it.")
    refused: list[str] = []
    rows = []
    for place, found in enumerate(_found(parts, paths, refused)):
        made = _made(parts, found, wanted)
        if as_json:
            rows.append(_row(found, made))
        else:
            _print(made.text, first=place == 0)
    if as_json:
        emit(rows)
    if refused:
        raise UserError("\nthroughline: ".join(refused))


def _found(parts: Parts, paths: Sequence[str], refused: list[str]) -> Iterator[Found]:
    """Every file that is named, and every text below a folder; what is named and cannot be read is refused."""
    for name in paths:
        path = Path(name)
        if not path.exists():
            refused.append(f"{name} does not exist.")
            continue
        # A link is read that the user names; of those below a folder, only what they lead to inside of it.
        real = path.resolve()
        desk = parts.desk(real if path.is_dir() else real.parent)
        inner = desk.files.files(".") if path.is_dir() else (real.name,)
        if not inner:
            refused.append(f"{name} holds no file that its ignore files leave.")
        for file in inner:
            text = desk.files.text(file)
            if text is not None:
                yield Found((path / file if path.is_dir() else path).as_posix(), text, desk)
            elif not path.is_dir():
                refused.append(f"{name} is no text: it is binary, in another encoding than UTF-8, or above 20 MB.")


def _made(parts: Parts, found: Found, wanted: Wanted) -> Skeleton:
    numbers = wanted.numbered
    if wanted.detail is None and wanted.budget is None and not numbers:
        return outlined(found.path, found.text, parts.tokens.count, found.desk.skeletons)
    if wanted.detail is None:
        share = wanted.budget / max(1, parts.tokens.count(found.text)) if wanted.budget else SHARE
        return skeleton(found.path, found.text, parts.tokens.count, share, numbers, late=patience())
    language, read = find(found.path), outline(found.path, found.text, patience())
    if language is None or read is None:
        return skeleton(found.path, found.text, parts.tokens.count, numbers=numbers, late=patience())
    text = write(read, language[0], wanted.detail, numbers)
    return Skeleton(text, "skeleton", wanted.detail, parts.tokens.count(text), parts.tokens.count(found.text))


def _row(found: Found, made: Skeleton) -> dict[str, object]:
    return {
        "path": found.path, "form": made.form, "detail": made.detail, "tokens": made.tokens,
        "original_tokens": made.original_tokens, "text": made.text,
    }  # fmt: skip


def _print(text: str, *, first: bool) -> None:
    say(("" if first else "\n") + text.rstrip("\n"))
    sys.stdout.flush()
