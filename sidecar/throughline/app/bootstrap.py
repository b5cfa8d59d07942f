"""Steps of opening a session, whoever plays it: store, system prompt, worker thread, ids of recordings."""

# ruff: noqa: PLC0415

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

from throughline.app.database_origin import is_foreign, known_databases

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from throughline.context.memory_places import EntryPlaces
    from throughline.domain.ports import ArchiveFile, Store
    from throughline.domain.recording import Recording
    from throughline.domain.session import Session
    from throughline.workspace.workspace_files import WorkspaceFiles


T = TypeVar("T")

log = logging.getLogger(__name__)

# The characters of a line that says where a session began.
_LONGEST = 300


@frozen
class ProjectStore:
    """What a project has kept: its sessions and its archive, and how a session is folded and rendered, and where its
    entries stand.
    """

    store: Store
    archive: ArchiveFile
    session: Callable[[str], Session]
    summary: Callable[[Session], str]
    places: Callable[[Session], tuple[EntryPlaces, ...]]
    export: Callable[[str], Iterator[str]]


def system(folder: WorkspaceFiles, role: str, project: str, objective: str, environment: str = "") -> str:
    """The system prompt of a session in a folder; `environment` is what its first event says of where it began."""
    from throughline.context.assemble import system_prompt
    from throughline.workspace.prompts import prompts, workspace_rules

    return system_prompt(prompts(folder), role, project, objective, workspace_rules(folder), environment)


def environment(root: Path, now: float) -> str:
    """What a model should know of where a session begins: folder, platform, date, and the branch that is checked out,
    a line each. `now` is in seconds since the epoch.
    """
    import platform
    from datetime import datetime

    from throughline.workspace.agent_filesystem import AgentFilesystem

    said = {
        "Folder": str(root),
        "Platform": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "Date": datetime.fromtimestamp(now).astimezone().date().isoformat(),
        "Git branch": AgentFilesystem(root).branch(),
    }
    # The names of folders and branches are a stranger's: each stays on its line, and within it.
    return "\n".join(f"{name}: {' '.join(value.split())[:_LONGEST]}" for name, value in said.items() if value)


def open_store(project: Path | None, tell: Callable[[str], None] = log.warning) -> tuple[Store, ArchiveFile]:
    """A project's sessions and archive, or new ones in memory; `tell` hears a line of a database that came from
    elsewhere. Raises StoreError.
    """
    from throughline.domain.ports import StoreError
    from throughline.storage.archive_file import ArchiveOnDisk
    from throughline.storage.event_store import NAME, SqliteEventStore
    from throughline.storage.in_memory import MemoryArchive, MemoryStore

    if project is None:
        return MemoryStore(), MemoryArchive()
    if not (project / ".agent").resolve().is_relative_to(project.resolve()):
        raise StoreError(f"{project / '.agent'} is a link that leads out of the workspace: put a folder in its place.")
    database = SqliteEventStore(project / ".agent" / NAME)
    if line := is_foreign(database, project, known_databases()):
        tell(line)
    return database, ArchiveOnDisk(project / ".agent")


def first_line(recording: Recording) -> str:
    """What the recording's first message asks for, in one line."""
    from throughline.memory.objective import title

    return title(next((step.text for step in recording.steps if step.kind == "prompt"), ""))


def recording_id(recording: Recording) -> str:
    """The id of a recording's session: the same steps, the same id."""
    from throughline.domain.file_knowledge import digest

    return digest("\n".join(f"{step.kind} {step.text}" for step in recording.steps))[:12]


async def to_thread(work: Callable[..., T], *given: Any) -> T:
    """Does blocking work off the event loop."""
    import asyncio

    return await asyncio.to_thread(work, *given)


def session_worker() -> ThreadPoolExecutor:
    """A thread of a session's own."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="session")
