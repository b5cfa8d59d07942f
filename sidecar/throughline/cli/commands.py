"""The commands and their options; what they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from throughline import __version__

if TYPE_CHECKING:
    from throughline.cli.parts import Parts

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="throughline")
def commands() -> None:
    """Keeps an hours-long coding session coherent and cheap."""


@commands.command()
@click.argument("recordings", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option(
    "--project", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder that gets .agent/."
)
@click.option("--trace", type=_OUT, help="Write one JSON line for each request to a model.")
@click.option("--views", type=_OUT, help="Write the views at the end, after a compaction and at foreign summaries.")
@click.option("--summary", type=_OUT, help="Write the rolling summary at the end.")
@click.option("--archive", type=_OUT, help="Write the project archive at the end.")
@click.option("--compare", is_flag=True, help="Play it once more with full history, for the table.")
@click.option("--show", is_flag=True, help="Print the summary and the archive.")
@click.pass_obj
def replay(
    parts: Parts,
    recordings: tuple[Path, ...],
    project: Path,
    trace: Path | None,
    views: Path | None,
    summary: Path | None,
    archive: Path | None,
    compare: bool,
    show: bool,
) -> None:
    """Play recorded sessions, one after another, as this project's own."""
    from throughline.cli.replay import Outputs, run  # noqa: PLC0415

    run(parts, recordings, Outputs(project, trace, views, summary, archive, compare=compare, show=show))


@commands.command(hidden=True)
@click.option("--stdio", is_flag=True, expose_value=False, help="What editors pass; there is no other way.")
@click.pass_obj
def serve(parts: Parts) -> None:
    """Run the language server that the editor talks to."""
    parts.serve()
