"""The README's two plots, drawn from what the benchmarks measured and kept in `figures.json`.

    .venv/bin/python benchmarks/plot.py

`recall.png` shows the live facts that a text holds against its tokens, `cost.png` what a session costs over the floor
that no context manager can beat; each beside its baselines. Their background is transparent and their ink between
dark and light, so that they can be read on either.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from figures import kept

INK, OURS, THEIRS = "#7a8594", "#1f8f5f", "#b0762b"
FOLDER = Path(__file__).parent
SYSTEMS = ("Throughline", "full history", "masking, last 10", "window 40k", "masking, last 30")
# Two points of the recall plot nearer than this would share a line of text.
NEAR = 0.06
STYLE = {
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "savefig.transparent": True,
    "savefig.dpi": 160,
}


def main() -> None:
    """Draws both plots, each where its figures have been measured."""
    parts = kept()
    mpl.rcParams.update(STYLE)  # type: ignore[arg-type] # it wants a literal for each key
    if "recall" in parts and "recall baselines" in parts:
        save(recall(parts["recall"], parts["recall baselines"]), "recall.png")
    if "cost over the floor" in parts:
        save(cost(parts["cost over the floor"]), "cost.png")


def save(figure: Figure, name: str) -> None:
    """Writes a plot beside this file; the same figures give the same bytes."""
    figure.savefig(FOLDER / name, metadata={"Software": None}, bbox_inches="tight", pad_inches=0.15)
    print(f"benchmarks/{name}")


def recall(ours: dict[str, Any], baselines: dict[str, Any]) -> Figure:
    """Facts held against tokens: a point for each text."""
    figure, axes = drawn("tokens of the text (o200k, logarithmic)", "live facts held")
    axes.set_xscale("log")
    line = sorted(ours.values(), key=lambda row: row["tokens"])
    axes.plot([row["tokens"] for row in line], [share(row) for row in line], color=OURS, linewidth=1.2, alpha=0.6)
    for rows, colour in ((ours, OURS), (baselines, THEIRS)):
        for name, row in rows.items():
            axes.plot(row["tokens"], share(row), "o", color=colour, markersize=7)
            # Names go away from the line between ours and theirs; those of neighbours at one height stand apart.
            side = 1 if rows is ours else -1
            apart = sum(1 for other in rows.values() if 0 < side * (share(row) - share(other)) < NEAR)
            text = f"{name}: {share(row):.0%}"
            label(axes, text, row["tokens"], share(row), side * (5 + 7 * apart), colour)
    axes.plot([], [], "o", color=OURS, label="Throughline, without a model")
    axes.plot([], [], "o", color=THEIRS, label="beside it")
    axes.legend(frameon=False, loc="lower right", fontsize=9)
    axes.set_xlim(280, 30_000)
    axes.set_ylim(0, 1.04)
    axes.set_xticks([500, 1_000, 2_000, 5_000, 10_000, 20_000], ["500", "1K", "2K", "5K", "10K", "20K"])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


def cost(sessions: dict[str, dict[str, float]]) -> Figure:
    """Cost over the floor: a bar for the median of the sessions, a dot for each of them."""
    figure, axes = drawn("cost over the floor (1 = what nothing can save); bars: the median, dots: each session", "")
    for place, name in enumerate(reversed(SYSTEMS)):
        values = [row[name] for row in sessions.values()]
        colour = OURS if name == "Throughline" else THEIRS
        axes.barh(place, median(values), height=0.55, color=colour, alpha=0.4)
        axes.plot(values, [place] * len(values), "o", color=colour, markersize=4.5)
        axes.annotate(
            f"{median(values):.2f}", (max(values), place), (8, 0), textcoords="offset points", va="center", color=colour
        )
    axes.axvline(1, color=INK, linewidth=1, linestyle=":")
    axes.set_yticks(range(len(SYSTEMS)), [name.replace("40k", "40K tokens") for name in reversed(SYSTEMS)])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0)
    return figure


def drawn(across: str, up: str) -> tuple[Figure, Axes]:
    """An empty plot with its axes named."""
    figure = Figure(figsize=(7.2, 3.9))
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, axis="x" if not up else "both", color=INK, alpha=0.2, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def share(row: dict[str, Any]) -> float:
    """The part of the live facts that is held."""
    part: float = row["held"] / row["live"]
    return part


def label(axes: Axes, text: str, x: float, y: float, up: int, colour: str) -> None:
    """A point's name, so many points above or below it; on its left where there is no room on its right."""
    left = up > 0 or x > 6_000
    axes.annotate(
        text, (x, y), (-7 if left else 8, up), textcoords="offset points",
        va="bottom" if up > 0 else "top", ha="right" if left else "left", color=colour, fontsize=9,
    )  # fmt: skip


if __name__ == "__main__":
    main()
