"""The command that lists what the model saw of each file, and whether it still holds."""

from __future__ import annotations

import datetime

from rich.table import Table

from throughline.cli.output import Output, emit
from throughline.core.ports import Workspace
from throughline.core.registry import Freshness
from throughline.core.session import Session
from throughline.core.times import shown_time
from throughline.session.files import Known, registry

_STANDING: dict[Freshness, str] = {
    "fresh": "fresh", "stale": "stale", "outdated": "needs regeneration", "gone": "gone",
}  # fmt: skip
_SEEN = {"user": "injected", "read": "read by the agent", "edit": "edited by the agent"}


def run(workspace: Workspace, session: Session, *, as_json: bool) -> None:
    """Prints a line for each file that the session's model has seen, by path."""
    known = registry(session, workspace)
    if as_json:
        emit([
            {
                "path": one.sight.path, "form": one.sight.form, "state": _STANDING[one.freshness],
                "digest": one.sight.digest, "by": one.sight.by, "at": one.sight.at,
                "lines": [one.sight.first, one.sight.last] if one.sight.first else None,
                "in_view": one.sight.path in session.files,
            }
            for one in known
        ])  # fmt: skip
        return
    console = Output()
    if not known:
        console.print("The model has seen no file in this session.")
        return
    table = Table("file", "seen", "state", "hash", "by", "when")
    for one in known:
        sight = one.sight
        when = datetime.datetime.fromtimestamp(shown_time(sight.at), datetime.UTC).strftime("%Y-%m-%d %H:%M")
        table.add_row(sight.path, _extent(one), _STANDING[one.freshness], sight.digest[:12], _SEEN[sight.by], when)
    console.print(table)


def _extent(known: Known) -> str:
    sight = known.sight
    return f"lines {sight.first} to {sight.last}" if sight.first else sight.form
