"""The command that says what changed, file by file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from attrs import asdict

from throughline.agent.reasons import reasoned
from throughline.agent.shown import patience
from throughline.cli.output import emit, say
from throughline.cli.parts import Parts
from throughline.core.changes import Bullet, Delta, Span
from throughline.core.errors import UserError
from throughline.core.ports import Repository
from throughline.core.settings import Settings
from throughline.skeleton.changelog import written
from throughline.skeleton.changes import log


def run(parts: Parts, project: Path, said: str, *, staged: bool, why: bool, as_json: bool) -> None:
    """Prints the change log of a span: nothing (what is not committed), REV, A..B, or A...B from where they parted."""
    repository = parts.desk(project).repository
    deltas = tuple(repository.read(span(repository, said, staged=staged)))
    bullets = log(deltas, patience)
    if why:
        bullets = _reasoned(parts, project, deltas, bullets)
    if as_json:
        emit([{**asdict(one), "breaking": one.breaking} for one in bullets])
    else:
        say(written(bullets), end=False)


def span(repository: Repository, said: str, *, staged: bool = False) -> Span:
    """What a revision or a range names. Raises UserError."""
    if ".." not in said:
        return Span(said, staged=staged)
    if staged:
        raise UserError("What is staged has no end to name: give one revision with --staged, or none.")
    dots = "..." if "..." in said else ".."
    start, _, end = said.partition(dots)
    start, end = start or "HEAD", end or "HEAD"
    return Span(repository.base(start, end) if dots == "..." else start, end)


def _reasoned(parts: Parts, project: Path, deltas: Sequence[Delta], bullets: tuple[Bullet, ...]) -> tuple[Bullet, ...]:
    """The bullets with what a model says of why, where there is one; what is missing is said beside the log."""
    writer = parts.reasoner(project)
    if writer is None:
        say("No model can be reached to say why: set ANTHROPIC_API_KEY.", error=True)
        return bullets
    changes = list(zip(deltas, bullets, strict=True))
    made, wrong = asyncio.run(reasoned(changes, writer, parts.tokens.count, Settings().patience))
    if wrong:
        say(wrong, error=True)
    return made
