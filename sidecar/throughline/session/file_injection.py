"""Injection of files into the view: each as it was asked for, as long as there is room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve, frozen

from throughline.agent.file_rendering import FileRequest, render_file
from throughline.domain.events import FileInjected
from throughline.domain.sanitization import cleaned, valid_text
from throughline.session.actor import Journal, SessionPorts
from throughline.session.compactor import Compactor
from throughline.session.files import unmasked

# A folder with more files than these is not what anybody means to put before a model.
MOST = 2_000


@frozen
class RejectedFile:
    """A path that did not enter the view, and why."""

    path: str
    reason: str


async def inject_files(
    ports: SessionPorts, journal: Journal, compactor: Compactor, paths: Sequence[str], asked: FileRequest
) -> tuple[list[FileInjected], list[RejectedFile]]:
    """Keeps an event for each file that enters: what entered, or was there already, and what did not."""
    session = journal.session
    room = compactor.room(await ports.in_worker(lambda: compactor.view(session)))
    made = await ports.in_worker(lambda: list(_made(ports, paths, asked)))
    entered: list[FileInjected] = []
    fresh: list[FileInjected] = []
    refused: list[RejectedFile] = []
    for one in made:
        if isinstance(one, RejectedFile):
            refused.append(one)
            continue
        before = session.files.get(one.path)
        event = unmasked(session, one)
        if before is not None and before == evolve(one, copy=before.copy):
            entered.append(before)
        elif event.tokens > room:
            refused.append(RejectedFile(event.path, _no_room(event, room)))
        else:
            room -= event.tokens
            fresh.append(event)
            entered.append(event)
    if fresh:
        await journal.keep(fresh)
    return entered, refused


def _made(ports: SessionPorts, paths: Sequence[str], asked: FileRequest) -> Iterator[FileInjected | RejectedFile]:
    met: set[str] = set()
    for path in paths:
        files = tuple(name for name in ports.workspace.files(path) or (path,) if name not in met)
        met.update(files)
        if len(files) > MOST:
            yield RejectedFile(path, f"{path} holds {len(files):,} files, more than {MOST:,}: name a folder below it.")
            continue
        for name in files:
            text = ports.workspace.text(name)
            if valid_text(name) != name:
                shown_name = valid_text(name)
                yield RejectedFile(shown_name, f"{shown_name} has a name that is not valid Unicode: rename it.")
            elif text is None:
                yield RejectedFile(name, f"{name} is not a text file in this workspace.")
            else:
                # Cleaned as the log will have it, so that the same file is known again.
                yield cleaned(render_file(name, text, asked, ports.tokens.count, ports.skeletons))


def _no_room(file: FileInjected, room: int) -> str:
    return (
        f"{file.path} has {file.tokens:,} tokens and the context has room for {max(0, room):,}: "
        "inject its skeleton, or compact first."
    )
