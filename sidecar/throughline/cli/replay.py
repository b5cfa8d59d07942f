"""`throughline replay`: plays recorded sessions, traces their views, prints what they would have cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
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

from throughline.app.container import Container
from throughline.cli.output import SafeConsole, markdown, print_json
from throughline.context.strategies import RESULTS, WINDOW
from throughline.domain.events import Compacted, Logged
from throughline.domain.ports import Model, Piece, Request
from throughline.domain.recording import Recording
from throughline.domain.settings import Settings, Strategy
from throughline.domain.usage import Bill, UsageTotals, add
from throughline.domain.view import View
from throughline.session.live_session import LiveSession
from throughline.session.replay import Player, play_recording
from throughline.session.report import usage_stats


class ViewTrace:
    """Watches the requests of one replay; `summaries` are the steps at which the other tool summarised."""

    def __init__(self, folder: Path | None, recording: Recording) -> None:
        self._folder = folder
        self._summaries = [step.i for step in recording.steps if step.kind == "compact_summary"]
        self._last: View | None = None
        self.owner: LiveSession | None = None

    def wrap(self, model: Model, cursor: Player) -> Model:
        """The same model, watched."""
        return _Watched(model, cursor, self)

    def logged(self, events: Sequence[Logged]) -> None:
        """Writes the view after a compaction: in a turn, at its end, or at the session's, as a resumed one sends it."""
        if self.owner and any(isinstance(one.event, Compacted) for one in events):
            self._write("view-compacted.md", self.owner.view().document())

    def streamed(self, turn: int, text: str) -> None:
        """Text that is not yet an event is of no interest here."""

    def calling(self, point: int, view: View) -> None:
        """A request is about to be sent."""
        self._last = view
        while self._summaries and self._summaries[0] < point:
            self._mark(self._summaries.pop(0), view)

    def finish(self) -> None:
        """The session is about to end."""
        if self.owner is None:
            return
        view = self.owner.view()
        while self._summaries:
            self._mark(self._summaries.pop(0), view)
        self._write("view-end.md", (self._last or view).document())

    def _mark(self, index: int, view: View) -> None:
        self._write(f"view-{index}.md", view.document())
        if self.owner:
            self._write(f"summary-{index}.md", self.owner.summary())

    def _write(self, name: str, text: str) -> None:
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_text(text, encoding="utf-8", errors="replace")


class _Watched:
    def __init__(self, model: Model, cursor: Player, views: ViewTrace) -> None:
        self._model = model
        self._cursor = cursor
        self._views = views

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        self._views.calling(self._cursor.point, request.view)
        async for piece in self._model.stream(request):
            yield piece

    def suggestion(self, said: Sequence[str]) -> str:
        return self._model.suggestion(said)


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
class ReplayResult:
    """What came of one or more sessions: their last summary and archive, what they cost together, and how many tool
    calls ran and ended as they were recorded.
    """

    summary: str
    archive: str
    bills: tuple[Bill, ...]
    turns: int
    compactions: int
    ran: tuple[int, int] = (0, 0)


def replay_recordings(
    container: Container, recordings: Sequence[Recording], settings: Settings, outputs: Outputs
) -> None:
    """Plays the recordings as consecutive sessions, writes what was asked for and prints the table."""
    # What a program reads goes to standard output alone.
    console = SafeConsole(stderr=outputs.as_json)
    for number, recording in enumerate(recordings, 1):
        for repair in recording.repairs:
            console.print(f"recording {number}: {repair}", style="yellow")
    with ExitStack() as open_files:
        trace = open_files.enter_context(_opened(outputs.trace)) if outputs.trace else None
        ours = _played(container, recordings, outputs, settings, trace, console)
    played = {settings.strategy: ours}
    for other in BASELINES if outputs.compare else ():
        if other not in played:
            alone = evolve(outputs, trace=None, views=None)
            played[other] = _played(container, recordings, alone, evolve(settings, strategy=other), None, console)
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
        print_json(_figures(ours) | others)
    else:
        console.print(_table(played))


def _opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8")


def _played(
    container: Container,
    recordings: Sequence[Recording],
    outputs: Outputs,
    settings: Settings,
    trace: IO[str] | None,
    console: SafeConsole,
) -> ReplayResult:
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TextColumn("turns"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        return asyncio.run(_sessions(container, recordings, outputs, settings, trace, progress))


async def _sessions(
    container: Container,
    recordings: Sequence[Recording],
    outputs: Outputs,
    settings: Settings,
    trace: IO[str] | None,
    progress: Progress,
) -> ReplayResult:
    summary = archive = ""
    bills: list[Bill] = []
    turns = compactions = calls = alike = 0
    task = progress.add_task(LABELS[settings.strategy].text, total=None)
    for number, recording in enumerate(recordings):
        folder = outputs.views / str(number + 1) if outputs.views and len(recordings) > 1 else outputs.views
        views = ViewTrace(folder, recording)

        def keep(row: str) -> None:
            if trace:
                trace.write(row + "\n")

        stage = await container.prepare_replay(
            recording, outputs.project, settings, views, views.wrap, keep if trace else None, outputs.sample
        )
        views.owner = stage.live
        done = progress.tasks[0].completed
        progress.update(task, total=done + len(stage.scenes))
        await play_recording(stage.live, stage.scenes, stage.cursor, partial(_advance, progress, task, done))
        views.finish()
        bills.append(stage.live.session.bill)
        turns += len(stage.live.session.turns)
        if settings.strategy == "throughline":
            archive = await stage.live.end()
            summary = stage.live.summary()
        compactions += len(stage.live.session.compactions)
        if stage.ran:
            calls, alike = calls + stage.ran.calls, alike + stage.ran.alike
        await stage.live.close()
    return ReplayResult(summary, archive, tuple(bills), turns, compactions, (calls, alike))


def _advance(progress: Progress, task: TaskID, before: float, turns: int) -> None:
    progress.update(task, completed=before + turns)


def _listed(summary: str) -> str:
    """The summary with its bold headings as paragraphs, for a terminal."""
    return "\n\n".join(summary.splitlines()).replace("\n\n- ", "\n- ")


def _table(played: Mapping[Strategy, ReplayResult]) -> Group:
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


def _total(played: ReplayResult) -> UsageTotals:
    """The calls of all sessions in one line."""
    return reduce(add, (bill.total for bill in played.bills), UsageTotals())


def _purposes(played: ReplayResult) -> dict[str, Any]:
    """What each purpose cost, over all sessions."""
    names = {name for bill in played.bills for name in bill.lines}
    lines = {
        name: reduce(add, (bill.lines.get(name, UsageTotals()) for bill in played.bills)) for name in sorted(names)
    }
    return {name: usage_stats(line) for name, line in lines.items()}


def _figures(played: ReplayResult) -> dict[str, Any]:
    whole = {"turns": played.turns, "compactions": played.compactions, **usage_stats(_total(played))}
    if played.ran[0]:
        whole |= {"ran": played.ran[0], "alike": played.ran[1]}
    return {**whole, "purposes": _purposes(played)}


def _dollars(amount: float, unpriced: int) -> str:
    return f"${amount:.2f}" + (f" and {unpriced} calls without a known price" if unpriced else "")
