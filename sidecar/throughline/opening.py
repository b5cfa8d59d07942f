"""What it takes to open a session, whoever plays it: the folder, the store, the system prompt and a worker.

A part of the composition root, as `__main__` is.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from throughline.provenance import known_databases, stranger

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from throughline.core.ports import ArchiveFile, Store
    from throughline.core.recording import Recording
    from throughline.workspace.folder import Folder

T = TypeVar("T")

log = logging.getLogger(__name__)


def system(folder: Folder, role: str, project: str, objective: str) -> str:
    """The system prompt of a session in a folder."""
    from throughline.context.system import compose
    from throughline.workspace.prompts import prompts, rules

    return compose(prompts(folder), role, project, objective, rules(folder))


def kept(project: Path | None, tell: Callable[[str], None] = log.warning) -> tuple[Store, ArchiveFile]:
    """A project's sessions and archive, or new ones in memory; `tell` hears a line of a database that came from
    elsewhere. Raises StoreError.
    """
    from throughline.core.ports import StoreError
    from throughline.store.archive import ArchiveOnDisk
    from throughline.store.database import NAME, Database
    from throughline.store.memory import MemoryArchive, MemoryStore

    if project is None:
        return MemoryStore(), MemoryArchive()
    if not (project / ".agent").resolve().is_relative_to(project.resolve()):
        raise StoreError(f"{project / '.agent'} is a link that leads out of the workspace: put a folder in its place.")
    database = Database(project / ".agent" / NAME)
    if line := stranger(database, project, known_databases()):
        tell(line)
    return database, ArchiveOnDisk(project / ".agent")


def objective(recording: Recording) -> str:
    """The first sentences of the recording, as one line."""
    from throughline.compression.sentences import aim

    return aim(next((step.text for step in recording.steps if step.kind == "prompt"), ""))


def digest(recording: Recording) -> str:
    """The id of a recording's session: the same steps, the same id."""
    text = "\n".join(f"{step.kind} {step.text}" for step in recording.steps)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


async def off(work: Callable[..., T], *given: Any) -> T:
    """Does blocking work off the event loop."""
    import asyncio

    return await asyncio.to_thread(work, *given)


def worker() -> ThreadPoolExecutor:
    """A thread of a session's own."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="session")
