"""Staleness of files: one table of what the model knows, what a file is now, and what follows."""

from __future__ import annotations

import pytest

from throughline.domain.events import Event, FileInjected, FileSeen
from throughline.domain.file_knowledge import digest
from throughline.domain.staleness import Freshness, changed_elsewhere, content_freshness, view_freshness
from unit.event_logs import session

A, B, C = digest("a"), digest("b"), digest("c")
WHOLE = FileInjected("f", A, "full", "text", 1)
SKELETON = FileInjected("f", A, "skeleton", "text", 1)
LINES = FileInjected("f", A, "full", "text", 1, first=10, last=20)
GONE = FileInjected("f", "", "full", "text", 1, absent=True)
TOO_BIG = FileInjected("f", A, "full", "text", 1, absent=True)


def edit(name: str, form: str = "part", **lines: int) -> FileSeen:
    return FileSeen(1, "f", name, form, "edit", **lines)  # type: ignore[arg-type]


def read(name: str, first: int, last: int) -> FileSeen:
    return FileSeen(1, "f", name, "part", "read", first=first, last=last)


# What happened, the present content, then: the state of what was put there; of its content; changed elsewhere.
TABLE: list[tuple[str, list[Event], str | None, Freshness, Freshness, bool]] = [
    ("as it was put there", [WHOLE], A, "fresh", "fresh", False),
    ("changed by somebody else", [WHOLE], B, "stale", "stale", True),
    ("gone", [WHOLE], None, "gone", "gone", True),
    ("whole, and edited by the model", [WHOLE, edit(B)], B, "fresh", "fresh", False),
    ("whole, edited, then changed", [WHOLE, edit(B)], C, "stale", "stale", True),
    ("edited by the model and changed back", [WHOLE, edit(B)], A, "fresh", "fresh", True),
    ("a skeleton, and edited by the model", [SKELETON, edit(B)], B, "outdated", "outdated", False),
    ("a skeleton, and written anew by the model", [SKELETON, edit(B, "written")], B, "fresh", "fresh", False),
    ("lines, changed, and read again", [LINES, read(B, 5, 25)], B, "fresh", "fresh", False),
    ("lines, changed, and fewer read again", [LINES, read(B, 12, 18)], B, "stale", "stale", False),
    ("said to be gone, and there again", [GONE], A, "stale", "stale", False),
    ("said to be too big, and as it was then", [TOO_BIG], A, "fresh", "stale", False),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_staleness_is_told_from_what_is_known_and_what_is_there(
    row: tuple[str, list[Event], str | None, Freshness, Freshness, bool],
) -> None:
    _, events, now, put, content, elsewhere = row
    seen = session(*events)
    file = seen.files["f"]
    assert view_freshness(seen, file, now) == put
    assert content_freshness(seen, file, now) == content
    assert bool(changed_elsewhere(seen.registry, {"f": now})) == elsewhere


def test_a_file_that_is_not_known_has_not_changed() -> None:
    assert changed_elsewhere(session(WHOLE).registry, {"other": B, "f": A}) == ()
