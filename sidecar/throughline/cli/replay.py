"""`throughline replay`: plays recorded sessions and prints what they would have cost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial, reduce
from pathlib import Path
from typing import IO, Any

from attrs import evolve, frozen
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from throughline.cli.output import Output, emit, markdown
from throughline.cli.parts import Parts
from throughline.cli.views import Views
from throughline.context.baselines import RESULTS, WINDOW
from throughline.core.recording import Recording
from throughline.core.settings import Settings, Strategy
from throughline.core.usage import Bill, Line, add
from throughline.session.replay import replay
from throughline.session.report import spent


@frozen
class Label:
    """What a strategy is called, and what it does, in a few words."""

    text: str
    does: str


LABELS: dict[Strategy, Label] = {
    "throughline": Label("Throughline", "masks in batches, compacts into a summary"),
    "full": Label("full history", "sends everything that was said"),
    "masking": Label("masking", f"shows the newest {RESULTS} tool results, the others as a line each"),
    "window": Label("window", f"shows the newest {WINDOW:,} tokens and remembers nothing"),
}
BASELINES: tuple[Strategy, ...] = ("full", "masking", "window")


@frozen
class Outputs:
    """Where a replay writes to, what it prints, and the folder in a copy of which its tools run for real."""

    project: Path
    sample: Path | None
    trace: Path | None
    views: Path | None
    summary: Path | None
    archive: Path | None
    compare: bool
    show: bool
    as_json: bool


@frozen
class Played:
    """What came of one or more sessions: their last summary and archive, what they cost together, and how many tool
    calls ran and ended as they were recorded.
    """

    summary: str
    archive: str
    bills: tuple[Bill, ...]
    turns: int
    compactions: int
    ran: tuple[int, int] = (0, 0)


def run(parts: Parts, recordings: Sequence[Recording], settings: Settings, outputs: Outputs) -> None:
    """Plays the recordings as consecutive sessions, writes what was asked for and prints the table."""
    # What a program reads goes to standard output alone.
    console = Output(stderr=outputs.as_json)
    for number, recording in enumerate(recordings, 1):
        for repair in recording.repairs:
            console.print(f"recording {number}: {repair}", style="yellow")
    with ExitStack() as open_files:
        trace = open_files.enter_context(_opened(outputs.trace)) if outputs.trace else None
        ours = _played(parts, recordings, outputs, settings, trace, console)
    played = {settings.strategy: ours}
    for other in BASELINES if outputs.compare else ():
        if other not in played:
            alone = evolve(outputs, trace=None, views=None)
            played[other] = _played(parts, recordings, alone, evolve(settings, strategy=other), None, console)
    for out, text in ((outputs.summary, ours.summary), (outputs.archive, ours.archive)):
        if out:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(text, encoding="utf-8", errors="replace")
    if outputs.show:
        console.print(markdown(_listed(ours.summary)))
        console.print()
        console.print(markdown(ours.archive))
        console.print()
    if outputs.as_json:
        others = {name: _figures(one) for name, one in played.items() if one is not ours}
        emit(_figures(ours) | others)
    else:
        console.print(_table(played))


def _opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8")


def _played(
    parts: Parts,
    recordings: Sequence[Recording],
    outputs: Outputs,
    settings: Settings,
    trace: IO[str] | None,
    console: Output,
) -> Played:
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TextColumn("turns"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        return asyncio.run(_sessions(parts, recordings, outputs, settings, trace, progress))


async def _sessions(
    parts: Parts,
    recordings: Sequence[Recording],
    outputs: Outputs,
    settings: Settings,
    trace: IO[str] | None,
    progress: Progress,
) -> Played:
    summary = archive = ""
    bills: list[Bill] = []
    turns = compactions = calls = alike = 0
    task = progress.add_task(LABELS[settings.strategy].text, total=None)
    for number, recording in enumerate(recordings):
        folder = outputs.views / str(number + 1) if outputs.views and len(recordings) > 1 else outputs.views
        views = Views(folder, recording)

        def keep(row: str) -> None:
            if trace:
                trace.write(row + "\n")

        stage = await parts.stage(
            recording, outputs.project, settings, views, views.wrap, keep if trace else None, outputs.sample
        )
        views.owner = stage.owner
        done = progress.tasks[0].completed
        progress.update(task, total=done + len(stage.scenes))
        await replay(stage.owner, stage.scenes, stage.tape, partial(_advance, progress, task, done))
        views.finish()
        bills.append(stage.owner.session.bill)
        turns += len(stage.owner.session.turns)
        if settings.strategy == "throughline":
            archive = await stage.owner.end()
            summary = stage.owner.summary()
            views.close()
        compactions += len(stage.owner.session.compactions)
        if stage.ran:
            calls, alike = calls + stage.ran.calls, alike + stage.ran.alike
        await stage.owner.close()
    return Played(summary, archive, tuple(bills), turns, compactions, (calls, alike))


def _advance(progress: Progress, task: TaskID, before: float, turns: int) -> None:
    progress.update(task, completed=before + turns)


def _listed(summary: str) -> str:
    """The summary with its bold headings as paragraphs, for a terminal."""
    return "\n\n".join(summary.splitlines()).replace("\n\n- ", "\n- ")


def _table(played: Mapping[Strategy, Played]) -> Group:
    """A column a strategy, each with its share of full history's cost where that was played too."""
    first = next(iter(played.values()))
    plural = "" if first.compactions == 1 else "s"
    table = Table(
        title=f"{first.turns} turns, {first.compactions} compaction{plural}", title_justify="left", title_style="bold",
        box=SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    table.add_column("")
    for name in played:
        style = "bold green" if name == "throughline" else ""
        table.add_column(LABELS[name].text, justify="right", style=style, header_style=style or "bold")
    bills = [_total(one) for one in played.values()]
    rows = [
        ("calls", [f"{bill.calls:,}" for bill in bills]),
        ("input tokens", [f"{bill.prompt:,}" for bill in bills]),
        ("  from the cache", [f"{bill.cache_read:,}" for bill in bills]),
        ("output tokens", [f"{bill.output:,}" for bill in bills]),
        ("cost", [_dollars(bill.dollars, bill.unpriced) for bill in bills]),
    ]
    if len(played) > 1 and "full" in played:
        whole = _total(played["full"])
        rows.append(("input, of full", [f"{bill.prompt / max(whole.prompt, 1):.0%}" for bill in bills]))
        priced = whole.dollars and not whole.unpriced
        costs = [f"{bill.dollars / whole.dollars:.0%}" if priced and not bill.unpriced else "" for bill in bills]
        rows.append(("cost, of full", costs))
    for label, cells in rows:
        table.add_row(label, *cells)
    said = [Text(f"{LABELS[name].text}: {LABELS[name].does}", style="dim") for name in played]
    calls, alike = first.ran
    ran = Text(f"{calls:,} tool calls ran, {alike:,} of them ended as they did when they were recorded.")
    return Group(table, *(said if len(played) > 1 else ()), *((ran,) if calls else ()))


def _total(played: Played) -> Line:
    """The calls of all sessions in one line."""
    return reduce(add, (bill.total for bill in played.bills), Line())


def _purposes(played: Played) -> dict[str, Any]:
    """What each purpose cost, over all sessions."""
    names = {name for bill in played.bills for name in bill.lines}
    lines = {name: reduce(add, (bill.lines.get(name, Line()) for bill in played.bills)) for name in sorted(names)}
    return {name: spent(line) for name, line in lines.items()}


def _figures(played: Played) -> dict[str, Any]:
    whole = {"turns": played.turns, "compactions": played.compactions, **spent(_total(played))}
    if played.ran[0]:
        whole |= {"ran": played.ran[0], "alike": played.ran[1]}
    return {**whole, "purposes": _purposes(played)}


def _dollars(amount: float, unpriced: int) -> str:
    return f"${amount:.2f}" + (f" and {unpriced} calls without a known price" if unpriced else "")
