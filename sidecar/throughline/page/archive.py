"""The project archive by section, with the age of its lines, and the change of it that waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from throughline.compression.distillation import WRITTEN
from throughline.compression.merging import Change
from throughline.wire.state import ArchiveLine, ArchivePending, ArchiveSection


def ages(written: Iterable[tuple[float, str]]) -> dict[str, float]:
    """When each line was first written, by its id; `written` is the archive through time, the oldest first."""
    found: dict[str, float] = {}
    for at, text in written:
        for raw in text.splitlines():
            if (line := WRITTEN.fullmatch(raw.rstrip())) and line["id"] not in found:
                found[line["id"]] = at
    return found


def sections(text: str, since: dict[str, float]) -> list[ArchiveSection]:
    """The sections that say something."""
    return [section for section in tuple(_sections(text, since)) if section.lines]


def _sections(text: str, since: dict[str, float]) -> Iterator[ArchiveSection]:
    lines: list[ArchiveLine] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.startswith("### "):
            lines = []
            yield ArchiveSection(raw[4:].strip(), number, lines)
        elif raw.strip() and not raw.startswith("## "):
            known = WRITTEN.fullmatch(raw.rstrip())
            said = known["text"] if known else raw.strip().removeprefix("- ")
            lines.append(ArchiveLine(said, number, since.get(known["id"]) if known else None))


def pending(by: Literal["local", "model"], change: Change) -> ArchivePending:
    """A change that can be accepted, by how many lines it adds and takes out."""
    lines = change.difference.splitlines()[2:]
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return ArchivePending(by, added, removed, "")
