"""Commands on files: skeletons, the change log, and what a session's model saw of each file."""

from __future__ import annotations

import asyncio
import datetime
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import asdict, frozen
from rich.table import Table

from throughline.agent.change_log import compared_revisions, explain_changes
from throughline.agent.file_rendering import file_skeleton, parse_deadline
from throughline.app.container import Container
from throughline.app.project_files import ProjectFiles
from throughline.cli.output import SafeConsole, print_json, print_line
from throughline.domain.changes import ChangeSummary, FileChange
from throughline.domain.errors import UserError
from throughline.domain.ports import Workspace
from throughline.domain.sanitization import shown_time
from throughline.domain.session import Session
from throughline.domain.settings import Settings
from throughline.domain.staleness import Freshness
from throughline.semantic_diff.changelog import changelog_markdown, summarize_files
from throughline.session.files import KnownFile, known_files
from throughline.skeleton.languages import find_language
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.render import LADDER, Skeleton, make_skeleton, write_outline


def print_changes(container: Container, project: Path, said: str, *, staged: bool, why: bool, as_json: bool) -> None:
    """Prints the change log of a span: nothing (what is not committed), REV, A..B, or A...B from where they parted."""
    repository = container.project_files(project).repository
    deltas = tuple(repository.read(compared_revisions(repository, said, staged=staged)))
    bullets = summarize_files(deltas, parse_deadline)
    if why:
        bullets = _reasoned(container, project, deltas, bullets)
    if as_json:
        print_json([{**asdict(one), "breaking": one.breaking} for one in bullets])
    else:
        print_line(changelog_markdown(bullets), end=False)


def _reasoned(
    container: Container, project: Path, deltas: Sequence[FileChange], bullets: tuple[ChangeSummary, ...]
) -> tuple[ChangeSummary, ...]:
    """The bullets with what a model says of why, where there is one; what is missing is said beside the log."""
    writer = container.reasoner(project)
    if writer is None:
        print_line("No model can be reached to say why: set ANTHROPIC_API_KEY.", error=True)
        return bullets
    changes = list(zip(deltas, bullets, strict=True))
    made, wrong = asyncio.run(explain_changes(changes, writer, container.tokens.count, Settings().patience))
    if wrong:
        print_line(wrong, error=True)
    return made


_STANDING: dict[Freshness, str] = {
    "fresh": "fresh", "stale": "stale", "outdated": "needs regeneration", "gone": "gone",
}  # fmt: skip
_SEEN = {"user": "injected", "read": "read by the agent", "edit": "edited by the agent"}


def print_context_files(workspace: Workspace, session: Session, *, as_json: bool) -> None:
    """Prints a line for each file that the session's model has seen, by path."""
    known = known_files(session, workspace)
    if as_json:
        print_json([
            {
                "path": one.sight.path, "form": one.sight.form, "state": _STANDING[one.freshness],
                "digest": one.sight.digest, "by": one.sight.by, "at": one.sight.at,
                "lines": [one.sight.first, one.sight.last] if one.sight.first else None,
                "in_view": one.sight.path in session.files,
            }
            for one in known
        ])  # fmt: skip
        return
    console = SafeConsole()
    if not known:
        console.print("The model has seen no file in this session.")
        return
    table = Table("file", "seen", "state", "hash", "by", "when")
    for one in known:
        sight = one.sight
        when = datetime.datetime.fromtimestamp(shown_time(sight.at), datetime.UTC).strftime("%Y-%m-%d %H:%M")
        table.add_row(sight.path, _extent(one), _STANDING[one.freshness], sight.digest[:12], _SEEN[sight.by], when)
    console.print(table)


def _extent(known: KnownFile) -> str:
    sight = known.sight
    return f"lines {sight.first} to {sight.last}" if sight.first else sight.form


# The part of a file that its skeleton may take where nothing else is said.
SHARE = 0.25


@frozen
class SkeletonDetail:
    """How much of a file is shown: a rung of the ladder, or what fits a budget of tokens; a quarter of it without."""

    detail: int | None = None
    budget: int | None = None
    numbered: bool = False


@frozen
class SkeletonInput:
    """A file of the command line: its text, and the path under which it is named."""

    path: str
    text: str
    project: ProjectFiles


def print_skeletons(container: Container, paths: Sequence[str], wanted: SkeletonDetail, *, as_json: bool) -> None:
    """Prints the skeletons, one after another. What cannot be read is named; raises UserError where that is all."""
    if wanted.detail is not None and wanted.detail >= len(LADDER):
        raise UserError(f"A skeleton's detail goes from 0, names alone, to {len(LADDER) - 1}, all of it.")
    refused: list[str] = []
    rows = []
    for place, found in enumerate(_found(container, paths, refused)):
        made = _made(container, found, wanted)
        if as_json:
            rows.append(_row(found, made))
        else:
            _print(made.text, first=place == 0)
    if as_json:
        print_json(rows)
    if refused:
        raise UserError("\nthroughline: ".join(refused))


def _found(container: Container, paths: Sequence[str], refused: list[str]) -> Iterator[SkeletonInput]:
    """Every file that is named, and every text below a folder; what is named and cannot be read is refused."""
    for name in paths:
        path = Path(name)
        if not path.exists():
            refused.append(f"{name} does not exist.")
            continue
        # A link is read that the user names; of those below a folder, only what they lead to inside of it.
        real = path.resolve()
        owner = container.project_files(real if path.is_dir() else real.parent)
        inner = owner.files.files(".") if path.is_dir() else (real.name,)
        if not inner:
            refused.append(f"{name} holds no file that its ignore files leave.")
        for file in inner:
            text = owner.files.text(file)
            if text is not None:
                yield SkeletonInput((path / file if path.is_dir() else path).as_posix(), text, owner)
            elif not path.is_dir():
                refused.append(f"{name} is no text: it is binary, in another encoding than UTF-8, or above 20 MB.")


def _made(container: Container, found: SkeletonInput, wanted: SkeletonDetail) -> Skeleton:
    numbers = wanted.numbered
    if wanted.detail is None and wanted.budget is None and not numbers:
        return file_skeleton(found.path, found.text, container.tokens.count, found.project.skeletons)
    if wanted.detail is None:
        share = wanted.budget / max(1, container.tokens.count(found.text)) if wanted.budget else SHARE
        return make_skeleton(found.path, found.text, container.tokens.count, share, numbers, late=parse_deadline())
    language, read = find_language(found.path), outline(found.path, found.text, parse_deadline())
    if language is None or read is None:
        return make_skeleton(found.path, found.text, container.tokens.count, numbers=numbers, late=parse_deadline())
    text = write_outline(read, language[0], wanted.detail, numbers)
    return Skeleton(text, "skeleton", wanted.detail, container.tokens.count(text), container.tokens.count(found.text))


def _row(found: SkeletonInput, made: Skeleton) -> dict[str, object]:
    return {
        "path": found.path, "form": made.form, "detail": made.detail, "tokens": made.tokens,
        "original_tokens": made.original_tokens, "text": made.text,
    }  # fmt: skip


def _print(text: str, *, first: bool) -> None:
    print_line(("" if first else "\n") + text.rstrip("\n"))
    sys.stdout.flush()
