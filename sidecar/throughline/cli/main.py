"""The command line: commands and their options; what they do is imported when they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from throughline import __version__
from throughline.domain.settings import Setting, Settings, setting_rows

if TYPE_CHECKING:
    from throughline.app.container import Container
    from throughline.app.workspace import WorkspaceService
    from throughline.domain.settings import Distilling, Strategy


T = TypeVar("T", bound=Callable[..., Any])

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(path_type=Path)


# Before the name of a setting's field, so that no other option of a command is called the same.
_SETTING = "setting_"


def _setting_options(command: str) -> Callable[[T], T]:
    """The options of a command that are rows of the table of settings."""

    def decorate(function: T) -> T:
        for one in reversed(setting_rows()):
            if one.option and one.option.command == command:
                function = _setting_option(one)(function)
        return function

    return decorate


def _setting_option(one: Setting) -> Callable[[T], T]:
    assert one.option is not None
    kind: dict[str, Any] = {"type": type(one.default)}
    if isinstance(one.default, tuple):
        kind = {"multiple": True, "metavar": "PATTERN"}
    elif one.choices:
        kind = {"type": click.Choice([name for name, _ in one.choices])}
    elif isinstance(one.default, bool):
        kind = {"is_flag": True}
    elif isinstance(one.default, int | float):
        span: Any = click.IntRange if isinstance(one.default, int) else click.FloatRange
        least = one.option.least
        kind = {"type": span(one.least, one.most) if least is None else span(least), "show_default": True}
    return click.option(
        one.option.flag, f"{_SETTING}{one.field}", default=one.default, help=one.option.text or one.text, **kind
    )


def _chosen(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among a command's options, by field."""
    return {name.removeprefix(_SETTING): value for name, value in given.items() if name.startswith(_SETTING)}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="throughline")
def commands() -> None:
    """Keeps an hours-long coding session coherent and cheap."""


@commands.command()
@click.argument("recordings", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option(
    "--project", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder that gets .agent/."
)
@click.option(
    "--sample", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="FOLDER",
    help="Run the tools for real, in a copy of this folder; else they give back what they gave when it was recorded.",
)  # fmt: skip
@click.option("--trace", type=_OUT, help="Write one JSON line for each request to a model.")
@click.option("--views", type=_OUT, help="Write the views at the end, after a compaction and at foreign summaries.")
@click.option("--summary", type=_OUT, help="Write the rolling summary at the end.")
@click.option("--archive", type=_OUT, help="Write the project archive at the end.")
@click.option("--compare", is_flag=True, help="Play it with full history, masking and a window too.")
@click.option("--show", is_flag=True, help="Print the summary and the archive.")
@click.option("--format", "form", default="", metavar="NAME", help="The files' format, where their content misleads.")
@click.option(
    "--strategy",
    default="throughline",
    type=click.Choice(["throughline", "full", "masking", "window"]),
    help="What makes the views.",
)
@_setting_options("replay")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, for a program to read.")
@click.pass_obj
def replay(
    container: Container,
    /,
    recordings: tuple[Path, ...],
    project: Path,
    sample: Path | None,
    trace: Path | None,
    views: Path | None,
    summary: Path | None,
    archive: Path | None,
    compare: bool,
    show: bool,
    form: str,
    strategy: Strategy,
    as_json: bool,
    **given: Any,
) -> None:
    """Play recorded sessions, one after another, as this project's own."""
    from throughline.cli.replay import Outputs, replay_recordings  # noqa: PLC0415

    if strategy != "throughline" and (summary or archive):
        raise click.UsageError(f"A replay with {strategy} remembers nothing: leave --summary and --archive out.")
    outputs = Outputs(project, sample, trace, views, summary, archive, compare=compare, show=show, as_json=as_json)
    settings = Settings(strategy=strategy, distil="write", **_chosen(given))
    replay_recordings(container, [container.read(path, form) for path in recordings], settings, outputs)


_PROJECT = click.option(
    "--project", default=".", type=click.Path(file_okay=False, path_type=Path), help="The project's folder."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program to read.")
_SESSION = click.argument("session", default="", metavar="[SESSION]")


def _workspace(container: Container, project: Path, distil: Distilling = "ask") -> WorkspaceService:
    from throughline.cli import inspect_commands  # noqa: PLC0415

    return container.workspace(inspect_commands.project_folder(project), Settings(distil=distil))


@commands.command()
@_PROJECT
@_JSON
@click.pass_obj
def sessions(container: Container, project: Path, as_json: bool) -> None:
    """List a project's sessions."""
    from throughline.cli import inspect_commands  # noqa: PLC0415

    inspect_commands.list_sessions(container.library(inspect_commands.project_folder(project)), as_json=as_json)


@commands.command()
@_PROJECT
@click.option("--objective", default="", help="What the session is for; asked where it is not given.")
@click.option("--role", default="", type=click.Choice(["", "engineer", "qa", "product"]), help="Who answers.")
@click.option("--model", default="", help="The model that answers, by its id.")
@click.option("--session", default="", help="Go on with this session, by its id or the beginning of it.")
@click.option("--continue", "go_on", is_flag=True, help="Go on with the newest session that has not ended.")
@click.option("--demo", is_flag=True, help="Have the recorded demo session play, whatever key there is.")
@_setting_options("chat")
@click.pass_context
def chat(
    context: click.Context,
    /,
    project: Path,
    objective: str,
    role: str,
    model: str,
    session: str,
    go_on: bool,
    demo: bool,
    **given: Any,
) -> None:
    """Work in a session in this terminal.

    From a pipe, each line is a message or a command. The exit status is 1 where one of them failed.
    """
    from throughline.cli.chat.main import ChatOptions, run_chat  # noqa: PLC0415

    settings = Settings(**_chosen(given))
    for pattern in settings.allowed:
        if pattern.partition(":")[0].rstrip("=") not in {"edit", "run", "read"}:
            raise click.UsageError(f"--allow {pattern}: a pattern begins with `edit:`, `run:` or `read:`.")
    wanted = ChatOptions(project, objective, role, model, session, go_on=go_on, demo=demo, settings=settings)
    context.exit(run_chat(context.obj, wanted))


@commands.command()
@_SESSION
@_PROJECT
@_JSON
@click.pass_obj
def status(container: Container, session: str, project: Path, as_json: bool) -> None:
    """Show a session's turns, tokens and cost; the newest one's without an id."""
    from throughline.cli import inspect_commands  # noqa: PLC0415

    inspect_commands.print_status(container.library(inspect_commands.project_folder(project)), session, as_json=as_json)


@commands.command()
@_SESSION
@_PROJECT
@click.pass_obj
def summary(container: Container, session: str, project: Path) -> None:
    """Print a session's rolling summary; the newest one's without an id."""
    from throughline.cli import inspect_commands  # noqa: PLC0415

    inspect_commands.print_summary(container.library(inspect_commands.project_folder(project)), session)


@commands.command()
@_SESSION
@_PROJECT
@click.option("--diff", "what", flag_value="diff", help="Show the change that waits, or what ending now would change.")
@click.option("--accept", "what", flag_value="accept", help="Write the change that waits.")
@click.option("--reject", "what", flag_value="reject", help="Let go of the change that waits.")
@click.pass_obj
def archive(container: Container, session: str, project: Path, what: str | None) -> None:
    """Print the project archive, or settle a session's change to it."""
    from throughline.cli import inspect_commands, session_commands  # noqa: PLC0415

    if what is None:
        inspect_commands.print_archive(container.library(inspect_commands.project_folder(project)))
    elif what == "diff":
        session_commands.show_archive_change(_workspace(container, project), session)
    else:
        session_commands.settle_archive_change(_workspace(container, project), session, accept=what == "accept")


@commands.command()
@_SESSION
@click.option("--preview", is_flag=True, help="Only show what would be kept, added, revised and folded.")
@_PROJECT
@_JSON
@click.pass_obj
def compact(container: Container, session: str, preview: bool, project: Path, as_json: bool) -> None:
    """Compact a session now; the newest open one without an id."""
    from throughline.cli import session_commands  # noqa: PLC0415

    session_commands.compact_session(_workspace(container, project), session, preview=preview, as_json=as_json)


@commands.command()
@_SESSION
@click.option("--compaction", default="", help="Which compaction, where it is not the last one.")
@_PROJECT
@_JSON
@click.pass_obj
def undo(container: Container, session: str, compaction: str, project: Path, as_json: bool) -> None:
    """Undo a session's last compaction: its turns come back, and what came later stays."""
    from throughline.cli import session_commands  # noqa: PLC0415

    session_commands.undo_compaction(_workspace(container, project), session, compaction, as_json=as_json)


@commands.command()
@_SESSION
@click.option("--write", is_flag=True, help="Write the change of the archive at once, unseen.")
@_PROJECT
@_JSON
@click.pass_obj
def end(container: Container, session: str, write: bool, project: Path, as_json: bool) -> None:
    """End a session, and distil what lasts into a change of the project archive, which waits for your word."""
    from throughline.cli import session_commands  # noqa: PLC0415

    session_commands.end_session(_workspace(container, project, "write" if write else "ask"), session, as_json=as_json)


@commands.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--session", default="", help="Only in this session, by its whole id.")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many places at most.")
@_PROJECT
@_JSON
@click.pass_obj
def recall(
    container: Container, query: tuple[str, ...], session: str, limit: int, project: Path, as_json: bool
) -> None:
    """Find where something was said, in all turns and entries of a project."""
    from throughline.cli import inspect_commands  # noqa: PLC0415

    inspect_commands.print_matches(
        container.library(inspect_commands.project_folder(project)), " ".join(query), session, limit, as_json=as_json
    )


@commands.command()
@_SESSION
@click.option("--out", type=_OUT, help="The file to write; standard output without it.")
@_PROJECT
@click.pass_obj
def export(container: Container, session: str, out: Path | None, project: Path) -> None:
    """Write a session as a neutral transcript; the newest one without an id."""
    from throughline.cli import inspect_commands  # noqa: PLC0415

    inspect_commands.write_transcript(container.library(inspect_commands.project_folder(project)), session, out)


@commands.command()
@_SESSION
@click.option("--text", "secret", default="", help="A leaked secret, to be replaced wherever it stands.")
@click.option("--yes", "sure", is_flag=True, help="Do not ask.")
@_PROJECT
@click.pass_obj
def forget(container: Container, session: str, secret: str, sure: bool, project: Path) -> None:
    """Delete a session, or every trace of a text."""
    from throughline.cli import inspect_commands  # noqa: PLC0415

    found = inspect_commands.delete_traces(
        container.library(inspect_commands.project_folder(project)), session, secret, sure=sure
    )
    if found:
        container.permissions(project).withdraw(found)


@commands.command()
@click.option("--forget", multiple=True, metavar="PATTERN", help="Take this one back, as the list has it.")
@click.option("--forget-all", "all_of_them", is_flag=True, help="Take all of them back.")
@click.option("--session", default="", help="Only those of this session, by its whole id.")
@_PROJECT
@_JSON
@click.pass_obj
def permissions(
    container: Container, forget: tuple[str, ...], all_of_them: bool, session: str, project: Path, as_json: bool
) -> None:
    """List what you allowed for a session in this project, or take it back."""
    from throughline.cli.inspect_commands import print_permissions  # noqa: PLC0415

    print_permissions(container.permissions(project), forget, session, all_of_them=all_of_them, as_json=as_json)


@commands.command()
@click.option("--retire", multiple=True, metavar="ID", help="Take this rule back, as the list has it.")
@_PROJECT
@_JSON
@click.pass_obj
def rules(container: Container, retire: tuple[str, ...], project: Path, as_json: bool) -> None:
    """List the rules that you laid down in a project's sessions, or take some back."""
    from throughline.cli.inspect_commands import print_rules, project_folder  # noqa: PLC0415

    print_rules(container.library(project_folder(project)), retire, as_json=as_json)


@commands.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--detail", type=click.IntRange(0), help="How much is shown: 0 is names alone.")
@click.option("--budget", type=click.IntRange(1), help="Tokens (o200k) that a file's skeleton may take.")
@click.option("--lines", "numbered", is_flag=True, help="Say where each definition stands.")
@_JSON
@click.pass_obj
def skeleton(
    container: Container, paths: tuple[str, ...], detail: int | None, budget: int | None, numbered: bool, as_json: bool
) -> None:
    """Print files without their bodies; in a folder, those that no ignore file excludes."""
    from throughline.cli.files import SkeletonDetail, print_skeletons  # noqa: PLC0415

    print_skeletons(container, paths, SkeletonDetail(detail, budget, numbered=numbered), as_json=as_json)


@commands.command()
@click.argument("span", default="", metavar="[REV|RANGE]")
@click.option("--staged", is_flag=True, help="What is staged, instead of all that is not committed.")
@click.option(
    "--project", default=".", type=click.Path(file_okay=False, path_type=Path), help="A folder to look below."
)
@click.option("--why", is_flag=True, help="Have the cheap model say why, where one can be reached.")
@_JSON
@click.pass_obj
def changes(container: Container, span: str, staged: bool, project: Path, why: bool, as_json: bool) -> None:
    """Say what changed, file by file: since the last commit, since a revision, or over a range A..B."""
    from throughline.cli.files import print_changes  # noqa: PLC0415

    print_changes(container, project, span, staged=staged, why=why, as_json=as_json)


@commands.command()
@_SESSION
@_PROJECT
@_JSON
@click.pass_obj
def files(container: Container, session: str, project: Path, as_json: bool) -> None:
    """List what the model saw of each file, and whether it still holds; in the newest session without an id."""
    from throughline.cli import inspect_commands  # noqa: PLC0415
    from throughline.cli.files import print_context_files  # noqa: PLC0415

    known = inspect_commands.chosen_session(container.library(inspect_commands.project_folder(project)), session)
    print_context_files(container.project_files(project).files, known, as_json=as_json)


@commands.command()
@_PROJECT
@_JSON
@click.pass_obj
def models(container: Container, project: Path, as_json: bool) -> None:
    """List the models that the key or the endpoint offers, with their prices."""
    from throughline.cli.inspect_commands import print_models  # noqa: PLC0415

    print_models(container, project, as_json=as_json)


@commands.command()
@_PROJECT
@click.pass_context
def doctor(context: click.Context, project: Path) -> None:
    """Say what works here, what does not, and how to mend it."""
    from throughline.cli.inspect_commands import print_check_results  # noqa: PLC0415

    context.exit(0 if print_check_results(context.obj, project) else 1)
