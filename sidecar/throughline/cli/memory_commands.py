"""Commands that show what is remembered: all entries of a project's sessions, and where each stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.text import Text

from throughline.app.bootstrap import ProjectStore
from throughline.cli.output import SafeConsole, print_json, print_line
from throughline.context.memory_places import EntryPlaces
from throughline.domain.ports import SessionRow
from throughline.domain.sanitization import shown_time
from throughline.memory.entry_listing import entry_line


def print_memory(library: ProjectStore, *, as_json: bool) -> None:
    """Prints all entries, session by session, the newest first: what each says, who said it, and what shows it. A rule
    is the workspace's: it is told once.
    """
    found = list(_entries(library))
    if as_json:
        print_json([_figures(row, one) for row, one in found])
        return
    console, last = SafeConsole(highlight=False, soft_wrap=True), ""
    for row, one in found:
        if row.id != last:
            when = datetime.fromtimestamp(shown_time(row.started), UTC).strftime("%Y-%m-%d")
            console.print(Text(f"Session {row.id}, {when}: {row.objective}", style="bold"))
            last = row.id
        console.print(_line(one))
    if not found:
        print_line("Nothing is remembered yet.")


def _entries(library: ProjectStore) -> Iterator[tuple[SessionRow, EntryPlaces]]:
    known: set[str] = set()
    for row in library.store.sessions():
        for one in library.places(library.session(row.id)):
            if one.entry.kind == "rule":
                if one.entry.id in known:
                    continue
                known.add(one.entry.id)
            yield row, one


def _figures(row: SessionRow, one: EntryPlaces) -> dict[str, object]:
    entry = one.entry
    return {
        "session": row.id,
        "id": entry.id,
        "kind": entry.kind,
        "text": entry.text,
        "why": entry.why,
        "owner": entry.owner,
        "source": entry.author,
        "turns": list(entry.turns),
        "state": entry.state,
        "resolution": entry.resolution,
        "pinned": entry.pinned,
        "summary": one.summary,
        "archive": one.archive,
        "view": one.view,
    }


def _line(one: EntryPlaces) -> Text:
    entry = one.entry
    places = [name for name, there in (("summary", one.summary), ("archive", one.archive), ("view", one.view)) if there]
    where = f"in {', '.join(places)}" if places else "shown nowhere: recall finds it"
    if entry.state != "active":
        where = entry.state + (f": {entry.resolution}" if entry.resolution else "")
    marks = f"by {entry.author}" + (", pinned" if entry.pinned else "")
    return Text.assemble(entry_line(entry), (f"  [{marks}; {where}]", "dim"))
