"""The diagnostic on a stale file: as it is typed in, saved, checked out, refreshed, closed; and what it offers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsprotocol import types

from integration.sidecar import TIMEOUT, EditorClient, sidecar
from integration.test_server import CODE
from throughline.protocol import methods
from unit.repositories import Repository

CHANGED = CODE.replace("merge(left: Ledger, right: Ledger)", "merge(left: Ledger, right: Ledger, last: str)")
BODIES = CODE.replace("self.total += len(name)", "self.total += 1")
MERGE = 12


async def marked(
    editor: EditorClient, path: str, holds: Callable[[list[types.Diagnostic]], object]
) -> list[types.Diagnostic]:
    """The diagnostics of a file, once they are so."""
    told = list(editor.client.diagnostics.get(editor.uri(path), []))
    async with asyncio.timeout(TIMEOUT):
        while not holds(told):
            await editor.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
            told = list(editor.client.diagnostics.get(editor.uri(path), []))
    return told


async def offered(editor: EditorClient, path: str, line: int) -> list[dict[str, Any]]:
    """The code actions at a line (from 0)."""
    here = types.Range(types.Position(line, 0), types.Position(line, 0))
    document = types.TextDocumentIdentifier(editor.uri(path))
    asked = types.CodeActionParams(document, here, types.CodeActionContext([]))
    found: Any = await editor.client.text_document_code_action_async(asked)
    return list(found)


async def injected(editor: EditorClient, path: str) -> None:
    await editor.ask(methods.START, objective="try marks", role="engineer")
    await editor.ask(methods.INJECT, uris=[editor.uri(path)], form="skeleton")
    await editor.until(lambda s: bool(s.files))


async def test_a_file_that_is_typed_in_is_marked_where_it_moved_until_it_is_refreshed(tmp_path: Path) -> None:
    (tmp_path / "ledger.py").write_text(CODE, encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        await injected(editor, "ledger.py")
        editor.open("ledger.py", CODE)
        editor.edit("ledger.py", CHANGED)
        (mark,) = await marked(editor, "ledger.py", bool)
        assert (mark.severity, mark.source) == (types.DiagnosticSeverity.Information, "Throughline")
        assert mark.range.start.line == MERGE
        assert "model saw `merge(" in mark.message
        assert [one["command"]["command"] for one in await offered(editor, "ledger.py", MERGE)] == [
            "throughline.refresh",
            "throughline.difference",
        ]
        assert {one["command"]["arguments"][0] for one in await offered(editor, "ledger.py", MERGE)} == {
            editor.uri("ledger.py")
        }
        assert await offered(editor, "ledger.py", 0) == []
        await editor.ask(methods.REFRESH, uri=editor.uri("ledger.py"))
        await marked(editor, "ledger.py", lambda told: not told)
        assert await offered(editor, "ledger.py", MERGE) == []


async def test_what_a_skeleton_leaves_out_makes_no_mark(tmp_path: Path) -> None:
    (tmp_path / "ledger.py").write_text(CODE, encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        await injected(editor, "ledger.py")
        editor.open("ledger.py", CODE)
        editor.edit("ledger.py", BODIES)
        await editor.until(lambda s: s.files[0].freshness == "stale")
        # A mark of another file comes after the one that must not come.
        (tmp_path / "other.py").write_text(CODE, encoding="utf-8")
        await editor.ask(methods.INJECT, uris=[editor.uri("other.py")], form="skeleton")
        editor.open("other.py", CHANGED)
        await marked(editor, "other.py", bool)
        assert not editor.client.diagnostics.get(editor.uri("ledger.py"))


async def test_a_checkout_marks_an_open_file_and_takes_the_mark_away_again(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "shed")
    repository.write("ledger.py", CODE)
    repository.commit()
    repository.git("checkout", "-q", "-b", "other")
    repository.write("ledger.py", CHANGED)
    repository.commit()
    repository.git("checkout", "-q", "-")
    async with sidecar(repository.root) as editor:
        await injected(editor, "ledger.py")
        editor.open("ledger.py", CODE)
        repository.git("checkout", "-q", "other")
        # An editor reads a file again that has no unsaved edits.
        editor.edit("ledger.py", CHANGED)
        editor.saved("ledger.py")
        await marked(editor, "ledger.py", bool)
        await editor.until(lambda s: s.files[0].freshness == "stale")
        repository.git("checkout", "-q", "-")
        editor.edit("ledger.py", CODE)
        editor.saved("ledger.py")
        await marked(editor, "ledger.py", lambda told: not told)
        await editor.until(lambda s: s.files[0].freshness == "fresh")


async def test_a_mark_goes_with_its_document_and_with_its_session(tmp_path: Path) -> None:
    (tmp_path / "ledger.py").write_text(CODE, encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        await injected(editor, "ledger.py")
        editor.open("ledger.py", CHANGED)
        await marked(editor, "ledger.py", bool)
        editor.close("ledger.py")
        await marked(editor, "ledger.py", lambda told: not told)
        editor.open("ledger.py", CHANGED)
        await marked(editor, "ledger.py", bool)
        await editor.ask(methods.START, objective="another", role="engineer")
        await marked(editor, "ledger.py", lambda told: not told)
