"""`throughline replay`: plays recorded sessions and prints what they would have cost."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any

from attrs import evolve, frozen
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from throughline.cli.parts import Parts
from throughline.cli.views import Views
from throughline.core.recording import Recording
from throughline.core.settings import Settings
from throughline.core.usage import Bill
from throughline.session.replay import replay


@frozen
class Outputs:
    """Where a replay writes to, and what it prints."""

    project: Path
    trace: Path | None
    views: Path | None
    summary: Path | None
    archive: Path | None
    compare: bool
    show: bool
    as_json: bool


@frozen
class Played:
    """What came of one or more sessions: their last summary and archive, and what they cost together."""

    summary: str
    archive: str
    bills: tuple[Bill, ...]
    turns: int
    compactions: int


def run(parts: Parts, recordings: Sequence[Recording], settings: Settings, outputs: Outputs) -> None:
    """Plays the recordings as consecutive sessions, writes what was asked for and prints the table."""
    # What a program reads goes to standard output alone.
    console = Console(stderr=outputs.as_json)
    for number, recording in enumerate(recordings, 1):
        for repair in recording.repairs:
            console.print(f"recording {number}: {repair}", style="yellow", markup=False)
    with ExitStack() as open_files:
        trace = open_files.enter_context(_opened(outputs.trace)) if outputs.trace else None
        ours = _played(parts, recordings, outputs, settings, trace, console)
    full = None
    if outputs.compare:
        alone = evolve(outputs, trace=None, views=None)
        full = _played(parts, recordings, alone, evolve(settings, strategy="full"), None, console)
    for out, text in ((outputs.summary, ours.summary), (outputs.archive, ours.archive)):
        if out:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(text, encoding="utf-8", errors="replace")
    if outputs.show:
        console.print(Markdown(_listed(ours.summary)))
        console.print()
        console.print(Markdown(ours.archive))
        console.print()
    if outputs.as_json:
        sys.stdout.write(json.dumps(_figures(ours) | ({"full": _figures(full)} if full else {}), indent=2) + "\n")
    else:
        console.print(_table(ours, full))


def _opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8")


def _played(
    parts: Parts,
    recordings: Sequence[Recording],
    outputs: Outputs,
    settings: Settings,
    trace: IO[str] | None,
    console: Console,
) -> Played:
    project = outputs.project if settings.strategy == "throughline" else None
    label = "replay" if project else "with full history"
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("turns"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        return asyncio.run(_sessions(parts, recordings, outputs, settings, trace, project, progress, label))


async def _sessions(
    parts: Parts,
    recordings: Sequence[Recording],
    outputs: Outputs,
    settings: Settings,
    trace: IO[str] | None,
    project: Path | None,
    progress: Progress,
    label: str,
) -> Played:
    summary = archive = ""
    bills: list[Bill] = []
    turns = compactions = 0
    task = progress.add_task(label, total=None)
    for number, recording in enumerate(recordings):
        folder = outputs.views / str(number + 1) if outputs.views and len(recordings) > 1 else outputs.views
        views = Views(folder, recording)

        def keep(row: str) -> None:
            if trace:
                trace.write(row + "\n")

        stage = await parts.stage(recording, project, settings, views, views.wrap, keep if trace else None)
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
        await stage.owner.close()
    return Played(summary, archive, tuple(bills), turns, compactions)


def _advance(progress: Progress, task: TaskID, before: float, turns: int) -> None:
    progress.update(task, completed=before + turns)


def _listed(summary: str) -> str:
    """The summary with its bold headings as paragraphs, for a terminal."""
    return "\n\n".join(summary.splitlines()).replace("\n\n- ", "\n- ")


def _table(ours: Played, full: Played | None) -> Table:
    table = Table(title=f"{ours.turns} turns, {ours.compactions} compactions", title_justify="left")
    table.add_column("")
    columns = [("Throughline", ours), *([("full history", full)] if full else [])]
    for name, _ in columns:
        table.add_column(name, justify="right")
    totals = [[bill.total for bill in played.bills] for _, played in columns]
    rows = (
        ("calls", [f"{sum(t.calls for t in some):,}" for some in totals]),
        ("input tokens", [f"{sum(t.input + t.cache_read + t.cache_write for t in some):,}" for some in totals]),
        ("  of them from the cache", [f"{sum(t.cache_read for t in some):,}" for some in totals]),
        ("output tokens", [f"{sum(t.output for t in some):,}" for some in totals]),
        ("cost", [_dollars(sum(t.dollars for t in some), sum(t.unpriced for t in some)) for some in totals]),
    )
    for name, cells in rows:
        table.add_row(name, *cells)
    return table


def _figures(played: Played) -> dict[str, Any]:
    totals = [bill.total for bill in played.bills]
    unpriced = sum(total.unpriced for total in totals)
    return {
        "turns": played.turns,
        "compactions": played.compactions,
        "calls": sum(total.calls for total in totals),
        "input": sum(total.input + total.cache_read + total.cache_write for total in totals),
        "cache_read": sum(total.cache_read for total in totals),
        "output": sum(total.output for total in totals),
        "dollars": None if unpriced else sum(total.dollars for total in totals),
    }


def _dollars(amount: float, unpriced: int) -> str:
    return f"${amount:.2f}" + (f" and {unpriced} calls without a known price" if unpriced else "")
