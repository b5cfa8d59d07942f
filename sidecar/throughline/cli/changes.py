"""The command that says what changed, file by file."""

from __future__ import annotations

import click
from attrs import asdict

from throughline.agent.shown import patience
from throughline.cli.reading import emit
from throughline.core.changes import Span
from throughline.core.errors import UserError
from throughline.core.ports import Repository
from throughline.skeleton.changelog import written
from throughline.skeleton.changes import log


def run(repository: Repository, said: str, *, staged: bool, as_json: bool) -> None:
    """Prints the change log of a span: nothing (what is not committed), REV, A..B, or A...B from where they parted."""
    bullets = log(repository.read(span(repository, said, staged=staged)), patience)
    if as_json:
        emit([{**asdict(one), "breaking": one.breaking} for one in bullets])
    else:
        click.echo(written(bullets), nl=False)


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
