"""Files of a folder for the commands on files: workspace, version control, and the skeletons that are kept of it."""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from throughline.domain.ports import Repository, Skeletons, Store, Workspace


@frozen
class ProjectFiles:
    """A folder's files and its version control, and the skeletons that were made before, where any are kept."""

    files: Workspace
    repository: Repository
    skeletons: Skeletons | None


def project_files(folder: Path, kept: Callable[[Path], Store]) -> ProjectFiles:
    """The files of a folder; `kept` opens the store of the project around it, where there is one. Raises StoreError."""
    from throughline.storage.event_store import NAME
    from throughline.workspace.git import Git
    from throughline.workspace.git_diff import GitDiff
    from throughline.workspace.workspace_files import WorkspaceFiles

    whole = folder.resolve()
    project = next((one for one in (whole, *whole.parents) if (one / ".agent" / NAME).is_file()), None)
    return ProjectFiles(
        WorkspaceFiles(folder), GitDiff(Git(folder)), skeleton_cache(kept(project)) if project else None
    )


def skeleton_cache(store: Store) -> Skeletons | None:
    """What a store keeps of the skeletons that were made before."""
    from throughline.storage.event_store import SkeletonTable, SqliteEventStore

    return SkeletonTable(store) if isinstance(store, SqliteEventStore) else None
