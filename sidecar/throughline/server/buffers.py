"""The workspace as the editor has it: unsaved edits first, then the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

if TYPE_CHECKING:
    from throughline.core.ports import Workspace


class Buffers:
    """The workspace port over open documents; `disk` is asked for what is not open."""

    def __init__(self, server: LanguageServer, root: Path, disk: Workspace) -> None:
        self._server = server
        self._root = root.resolve()
        self._disk = disk

    def text(self, path: str) -> str | None:
        """A file's text as the editor shows it, or None where it is gone or is not text."""
        document = self._server.workspace.text_documents.get(self.uri(path))
        if document is not None and document.version is not None:
            return str(document.source)
        return self._disk.text(path)

    def path(self, uri: str) -> str | None:
        """The workspace path behind an address, with slashes, or None where it lies outside."""
        name = to_fs_path(uri)
        if name is None:
            return None
        for root in (self._root, Path(self._server.workspace.root_path or self._root)):
            try:
                return Path(name).relative_to(root).as_posix()
            except ValueError:
                continue
        return None

    def uri(self, path: str) -> str:
        """The address of a workspace path, as the editor writes it."""
        return from_fs_path(str(Path(self._server.workspace.root_path or self._root) / path)) or ""
