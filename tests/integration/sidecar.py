"""A sidecar in a process of its own, and an editor's end of the wire to it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import default_converter
from pygls.workspace import TextDocument
from pytest_lsp import LanguageClient
from pytest_lsp.client import register_lsp_features
from pytest_lsp.protocol import LanguageClientProtocol

from throughline.protocol import codec
from throughline.protocol.messages import Options
from throughline.protocol.methods import PATCH, VERSION, Method
from throughline.protocol.state import (
    ActivityPut,
    AgentRow,
    ArchivePut,
    FilesPut,
    MemoryPut,
    MeterPut,
    Patch,
    RowGone,
    RowGrown,
    RowPut,
    SessionPut,
    State,
    ToolRow,
)
from throughline.server.server import SafeProtocol

DEMO = Path(__file__).parents[2] / "demo" / "session.jsonl"
COMMAND = (sys.executable, "-m", "throughline", "serve")
TIMEOUT = 30.0


class PlainProtocol(SafeProtocol, LanguageClientProtocol):
    """The editor's side takes messages as plain data too."""


class EditorClient:
    """Sends requests, and mirrors the state from snapshots and patches as the extension does."""

    def __init__(self, client: LanguageClient, root: Path) -> None:
        self.client = client
        self.root = root
        self.state = State(0, None)
        self.patches: list[Patch] = []
        self.missed = False
        self.shown: dict[str, TextDocument] = {}
        self._moved = asyncio.Condition()
        self._ids = count()
        self.killed = False

    async def ask(self, method: Method, **params: Any) -> Any:
        """The result of a request; a whole state becomes the mirror's."""
        answer = await self.client.protocol.send_request_async(method.name, params)
        assert method.result is not None
        result = codec.decode(method.result, answer)
        if isinstance(result, State):
            # Patches that overtook the answer are in it already, or follow on it.
            self.state = result
            for patch in self.patches:
                if patch.revision == self.state.revision + 1:
                    self._apply(patch)
        return result

    async def raw(self, method: str, params: Any) -> JsonRpcException:
        """The error that a request is answered with."""
        with pytest.raises(JsonRpcException) as caught:
            await asyncio.wait_for(self._plain(method, params), TIMEOUT)
        return caught.value

    async def _plain(self, method: str, params: Any) -> Any:
        name = f"plain-{next(self._ids)}"
        future: Future[Any] = Future()
        self.client.protocol._request_futures[name] = future
        self.client.protocol._send_data({"jsonrpc": "2.0", "id": name, "method": method, "params": params})
        return await asyncio.wrap_future(future)

    async def kill(self) -> None:
        """Ends the sidecar as a crash would."""
        assert self.client._server is not None
        self.killed = True
        self.client._server.kill()
        await self.client._server.wait()

    async def until(self, holds: Callable[[State], bool]) -> State:
        """Waits until the mirrored state fulfils a condition."""
        async with self._moved:
            await asyncio.wait_for(self._moved.wait_for(lambda: holds(self.state)), TIMEOUT)
        return self.state

    async def take(self, patch: Patch) -> None:
        async with self._moved:
            self.patches.append(patch)
            if patch.revision == self.state.revision + 1:
                self._apply(patch)
            self._moved.notify_all()

    def _apply(self, patch: Patch) -> None:
        self.state = patched(self.state, patch)

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, text: str) -> None:
        item = types.TextDocumentItem(self.uri(path), "python", 1, text)
        self.shown[self.uri(path)] = TextDocument(self.uri(path), text, 1)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def edit(self, path: str, text: str) -> None:
        self._changed(self.uri(path), types.TextDocumentContentChangeWholeDocument(text))

    def change(self, params: types.ApplyWorkspaceEditParams) -> bool:
        """Does what the sidecar asks for, and saves it; False where a document has moved on."""
        (edit,) = params.edit.document_changes or ()
        assert isinstance(edit, types.TextDocumentEdit)
        document = self.shown[edit.text_document.uri]
        if document.version != edit.text_document.version:
            return False
        (one,) = edit.edits
        assert isinstance(one, types.TextEdit)
        self._changed(document.uri, types.TextDocumentContentChangePartial(one.range, one.new_text))
        Path(document.path).write_text(document.source, encoding="utf-8", newline="")
        return True

    def _changed(self, uri: str, change: types.TextDocumentContentChangeEvent) -> None:
        document = self.shown[uri]
        document.apply_change(change)
        document.version = (document.version or 0) + 1
        known = types.VersionedTextDocumentIdentifier(document.version, uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(known, [change]))

    def close(self, path: str) -> None:
        document = types.TextDocumentIdentifier(self.uri(path))
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    def rename(self, path: str, to: str) -> None:
        """Tells that a file or a folder has another path."""
        moved = types.FileRename(self.uri(path), self.uri(to))
        self.client.workspace_did_rename_files(types.RenameFilesParams([moved]))

    def saved(self, path: str) -> None:
        """Tells of a file that changed on disk."""
        change = types.FileEvent(self.uri(path), types.FileChangeType.Changed)
        self.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))

    async def hover(self, path: str, line: int) -> str | None:
        """The hover's Markdown at a line (from 1)."""
        document = types.TextDocumentIdentifier(self.uri(path))
        asked = types.HoverParams(document, types.Position(line - 1, 0))
        found: Any = await self.client.text_document_hover_async(asked)
        return str(found["contents"]["value"]) if found else None


def patched(state: State, patch: Patch) -> State:
    """The state after a patch."""
    rows = {row.id: row for row in state.rows}
    for change in patch.changes:
        match change:
            case RowPut(row=row):
                rows[row.id] = row
            case RowGrown(id=name, text=text):
                row = rows[name]
                if isinstance(row, ToolRow):
                    rows[name] = evolve(row, result=row.result + text)
                else:
                    assert isinstance(row, AgentRow)
                    rows[name] = evolve(row, text=row.text + text)
            case RowGone(id=name):
                rows.pop(name, None)
            case MemoryPut(memory=memory):
                state = evolve(state, memory=memory)
            case ArchivePut(archive=archive):
                state = evolve(state, archive=archive)
            case FilesPut(files=files):
                state = evolve(state, files=files)
            case MeterPut(meter=meter):
                state = evolve(state, meter=meter)
            case ActivityPut(activity=activity, suggestion=suggestion, warning=warning):
                state = evolve(state, activity=activity, suggestion=suggestion, warning=warning)
            case SessionPut(session=session):
                state = evolve(state, session=session)
    return evolve(state, revision=patch.revision, rows=list(rows.values()))


def options(**changes: Any) -> dict[str, Any]:
    """The initialization options of an editor with default settings."""
    given: dict[str, Any] = {"version": VERSION, "demo": str(DEMO), "distil": "write", **changes}
    data: dict[str, Any] = codec.encode(Options(**given))
    return data


@asynccontextmanager
async def sidecar(
    root: Path,
    *,
    command: Sequence[str] = COMMAND,
    env: Mapping[str, str] | None = None,
    rooted: bool = True,
    **changes: Any,
) -> AsyncIterator[EditorClient]:
    """A running sidecar over a folder, or, not `rooted`, over none, initialized; it is ended however the test ends."""
    client = LanguageClient(protocol_cls=PlainProtocol, converter_factory=default_converter)
    register_lsp_features(client)
    editor = EditorClient(client, root)

    @client.feature(PATCH.name)
    async def take(params: Any) -> None:
        await editor.take(codec.decode(Patch, params))

    @client.feature(types.WORKSPACE_APPLY_EDIT)
    async def change(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        return types.ApplyWorkspaceEditResult(editor.change(params))

    await client.start_io(*command, env=env)
    try:
        await client.initialize_session(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(),
                root_uri=root.as_uri() if rooted else None,
                initialization_options=options(**changes),
            )
        )
        yield editor
    finally:
        if not editor.killed:
            await asyncio.wait_for(client.shutdown_session(), TIMEOUT)
        await client.stop()
