"""Documents of the editor: unsaved edits first, then the disk; and the agent's edits made through the editor."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from lsprotocol.types import (
    ApplyWorkspaceEditParams,
    OptionalVersionedTextDocumentIdentifier,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import TextDocument

from throughline.domain.ports import Edits, MovedError, ResolvedPath

if TYPE_CHECKING:
    from throughline.domain.ports import Workspace


class EditorDocuments:
    """The workspace port over open documents; `disk` is asked for what is not open."""

    def __init__(self, server: LanguageServer, root: Path, disk: Workspace) -> None:
        self._server = server
        self._root = root.resolve()
        self._disk = disk
        self._hashed: dict[str, tuple[int, str]] = {}
        self._ahead: dict[str, tuple[TextDocument, int | None, str]] = {}

    def text(self, path: str) -> str | None:
        """A file's text as the editor shows it, or None where it is gone or is not text."""
        document = self._server.workspace.text_documents.get(self.uri(path))
        if document is not None and document.version is not None:
            return self._source(path, document)
        return self._disk.text(path)

    def wrote(self, path: str, before: str, text: str) -> None:
        """A file that was `before` is this text on disk now: so is its open document, until the editor says more."""
        document = self._server.workspace.text_documents.get(self.uri(path))
        if document is not None:
            version = document.version
            if self._source(path, document) == before:
                self._ahead[path] = document, version, text
                self._hashed.pop(path, None)

    def _source(self, path: str, document: TextDocument) -> str:
        """The text of an open document: what was written since, where the editor has not taken it over yet."""
        ahead = self._ahead.get(path)
        if ahead is None:
            return str(document.source)
        if ahead[0] is document and ahead[1] == document.version:
            return ahead[2]
        self._ahead.pop(path, None)
        return str(document.source)

    def version(self, path: str) -> int | None:
        """The version of a file that is open in the editor, or None where it is not."""
        document = self._server.workspace.text_documents.get(self.uri(path))
        return document.version if document is not None else None

    async def change(self, path: str, version: int, edit: TextEdit) -> bool:
        """Changes an open file in the editor; False where it has moved on from that version."""
        document = OptionalVersionedTextDocumentIdentifier(self.uri(path), version)
        whole = WorkspaceEdit(document_changes=[TextDocumentEdit(document, [edit])])
        params = ApplyWorkspaceEditParams(whole, f"Throughline: change {path}")
        try:
            # The protocol class leaves what the editor answers as plain data.
            answer: Any = await self._server.workspace_apply_edit_async(params)
        except JsonRpcException:
            return False
        return bool(answer and answer.get("applied"))

    def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        """The content hash of each file's text as the editor shows it, None where there is none."""
        found: dict[str, str | None] = {}
        closed = []
        for path in paths:
            document = self._server.workspace.text_documents.get(self.uri(path))
            if document is None or document.version is None:
                closed.append(path)
            else:
                found[path] = self._hash(path, document.version, self._source(path, document))
        return found | self._disk.digests(closed)

    def files(self, path: str) -> tuple[str, ...]:
        """The files below a folder that no ignore file excludes; the path itself where it is a file."""
        return self._disk.files(path)

    def touched(self, paths: Iterable[str]) -> None:
        """Something says that these files have changed: opened, edited, saved, closed, or written by another."""
        known = list(paths)
        for path in known:
            self._hashed.pop(path, None)
        self._disk.touched(known)

    def _hash(self, path: str, version: int, source: str) -> str:
        """The hash of an open document: made anew only where its version has moved."""
        if (known := self._hashed.get(path)) and known[0] == version:
            return known[1]
        # The session's own parts are loaded after the server has answered.
        from throughline.domain.file_knowledge import digest  # noqa: PLC0415

        made = digest(source)
        self._hashed[path] = (version, made)
        return made

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


# The protocol's own line ends: others that Python knows are text.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class EditorEdits:
    """Changes in the editor what is open there, and on disk what is not."""

    def __init__(self, buffers: EditorDocuments, disk: Edits) -> None:
        self._buffers = buffers
        self._disk = disk

    async def put(self, place: ResolvedPath, text: str, before: str | None) -> None:
        """Replaces a file whole or not at all, or makes it where `before` is None."""
        version = self._buffers.version(place.path) if place.inside else None
        if before is None or version is None:
            await self._disk.put(place, text, before)
            return
        moved = MovedError(f"{place.path} has changed meanwhile: read it again, then edit it.")
        if self._buffers.text(place.path) != before:
            raise moved
        if not await self._buffers.change(place.path, version, document_change(before, text)):
            raise moved


def document_change(before: str, after: str) -> types.TextEdit:
    """What makes one text of another: the lines from the first to the last that differ, so that a cursor elsewhere
    stays where it is.
    """
    old, new = _LINE.findall(before), _LINE.findall(after)
    most = min(len(old), len(new))
    first = next((at for at in range(most) if old[at] != new[at]), most)
    most -= first
    last = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    span = types.Range(_start(old, first), _start(old, len(old) - last))
    return types.TextEdit(span, "".join(new[first : len(new) - last]))


def _start(lines: list[str], at: int) -> types.Position:
    """The start of a line, or the end of the text where that has no line end."""
    if at == len(lines) and lines and not lines[-1].endswith(("\r", "\n")):
        return types.Position(at - 1, len(lines[-1].encode("utf-16-le")) // 2)
    return types.Position(at, 0)
