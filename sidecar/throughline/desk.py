"""What the commands on files work with: a folder's files, its version control, and the skeletons that are kept of it.

A part of the composition root, as `__main__` is. Imports stand in the functions, so that nothing heavy is loaded
before it is needed.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from throughline.cli.parts import Desk
    from throughline.core.ports import Skeletons, Store


def desk(folder: Path, kept: Callable[[Path], Store]) -> Desk:
    """A folder's desk; `kept` opens the store of the project around it, where there is one. Raises StoreError."""
    from throughline.cli.parts import Desk
    from throughline.store.database import NAME
    from throughline.workspace.deltas import Deltas
    from throughline.workspace.folder import Folder
    from throughline.workspace.git import Git

    whole = folder.resolve()
    project = next((one for one in (whole, *whole.parents) if (one / ".agent" / NAME).is_file()), None)
    return Desk(Folder(folder), Deltas(Git(folder)), skeletons(kept(project)) if project else None)


def skeletons(store: Store) -> Skeletons | None:
    """What a store keeps of the skeletons that were made before."""
    from throughline.store.database import Database
    from throughline.store.skeletons import SkeletonTable

    return SkeletonTable(store) if isinstance(store, Database) else None
