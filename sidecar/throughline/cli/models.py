"""`throughline models`: what the key or the endpoint offers, and what it costs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from throughline.app.container import Container
from throughline.cli.output import SafeConsole, print_json, print_line
from throughline.domain.ports import ModelRow, Prices
from throughline.domain.sanitization import shown_time

_UNKNOWN = "unknown"


def print_models(container: Container, project: Path, *, as_json: bool) -> None:
    """Prints the models, and a line for each chosen one that is not there or not for long. Raises ModelError."""
    offer = asyncio.run(container.models(project))
    if as_json:
        told = {"models": [_told(row, offer.prices) for row in offer.rows], "remarks": list(offer.remarks)}
        print_json(told)
        return
    if not offer.rows:
        print_line("This endpoint lists no models.")
        return
    table = Table("model", "context", "in", "out", "", box=None, pad_edge=False)
    for row in offer.rows:
        window = f"{row.window:,}" if row.window else _UNKNOWN
        table.add_row(row.id, window, *_dollars(row, offer.prices), _stage(row))
    console = SafeConsole()
    console.print(table)
    console.print("Dollars per million tokens of a short prompt.", style="dim")
    for line in offer.remarks:
        console.print(line, style="yellow", highlight=False)


def _told(row: ModelRow, prices: Prices) -> dict[str, object]:
    price = prices.price(row.id, 0)
    return {
        "id": row.id,
        "name": row.name,
        "window": row.window,
        "stage": row.stage,
        "retires": _day(row.retires) or None,
        "input": price.input if price else None,
        "output": price.output if price else None,
    }


def _dollars(row: ModelRow, prices: Prices) -> tuple[str, str]:
    price = prices.price(row.id, 0)
    return (f"${price.input:g}", f"${price.output:g}") if price else (_UNKNOWN, _UNKNOWN)


def _stage(row: ModelRow) -> str:
    if row.stage == "active" and row.retires is None:
        return ""
    return f"{row.stage}, retires {_day(row.retires)}" if row.retires and row.stage != "retired" else row.stage


def _day(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(shown_time(seconds), UTC).date().isoformat()
