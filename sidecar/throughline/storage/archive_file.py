"""The project archive's file, `.agent/project-context.md`."""

from __future__ import annotations

from pathlib import Path

from throughline.atomic_write import SHARED, write_atomically
from throughline.domain.ports import StoreError

NAME = "project-context.md"
# Two branches that both add lines at a section's end would be a conflict to git; nothing is lost where both stay.
ATTRIBUTES = f"{NAME} merge=union\n"


class ArchiveOnDisk:
    """The archive of one workspace, in its `.agent` folder. A link that leads out of that folder is refused."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def read(self) -> str:
        """Its text; nothing where there is none. Raises StoreError where it cannot be read."""
        try:
            if not self.path.resolve().is_relative_to(self.path.parent.resolve()):
                raise StoreError(f"{self.path} is a link that leads out of the workspace: put a file in its place.")
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{self.path} cannot be read as UTF-8 text: mend it or move it aside.") from error

    def write(self, text: str) -> None:
        """Replaces it whole or not at all; an empty text never replaces one that says something."""
        if not text.strip():
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._attribute()
            write_atomically(self.path, text, SHARED)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}.") from error

    def _attribute(self) -> None:
        """Tells git how to merge the archive, unless a person has said something there."""
        attributes = self.path.parent / ".gitattributes"
        # A link that leads nowhere is something that was said, too.
        if not (attributes.exists() or attributes.is_symlink()):
            write_atomically(attributes, ATTRIBUTES, SHARED)
