"""Checkpoints of a workspace: in its git repository where it has one, else as copies."""

from __future__ import annotations

from pathlib import Path

from throughline.core.acting import Change, Checkpoint
from throughline.workspace.copies import PREFIX, CopyCheckpoints
from throughline.workspace.plumbing import GitCheckpoints


class WorkspaceCheckpoints:
    """States of the files below one folder; `home` gets the copies. A state is read by what kept it."""

    def __init__(self, root: Path, home: Path) -> None:
        self._git = GitCheckpoints(root)
        self._copies = CopyCheckpoints(root, home)

    def take(self, label: str) -> Checkpoint:
        """Keeps the files as they are now, those that ignore files name left out."""
        return self._git.take(label) if self._git.usable() else self._copies.take(label)

    def changes(self, id: str) -> tuple[Change, ...]:  # noqa: A002
        """What differs now from a checkpoint, by path."""
        return self._keeper(id).changes(id)

    def restore(self, id: str) -> tuple[str, ...]:  # noqa: A002
        """Brings the files back: the paths that changed. Files made since are taken away."""
        return self._keeper(id).restore(id)

    def _keeper(self, id: str) -> GitCheckpoints | CopyCheckpoints:  # noqa: A002
        return self._copies if id.startswith(PREFIX) else self._git
