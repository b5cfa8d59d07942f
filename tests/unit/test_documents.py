"""The agent's edits beside an editor: of files that are open in it, with and without edits that are not saved."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from lsprotocol.types import (
    TextDocumentContentChangeWholeDocument,
    TextDocumentItem,
    VersionedTextDocumentIdentifier,
)
from pygls.lsp.server import LanguageServer
from pygls.workspace import Workspace

from throughline.agent.tool_executor import tool_executor
from throughline.domain.file_knowledge import digest
from throughline.server.documents import EditorDocuments
from throughline.workspace.agent_filesystem import AgentFilesystem
from throughline.workspace.workspace_files import WorkspaceFiles
from unit.tool_harness import ToolHarness


class Window(LanguageServer):
    """A server that has been told of a folder, and of what is open there."""

    def __init__(self, root: Path) -> None:
        super().__init__("window", "1")
        self.protocol._workspace = Workspace(root.as_uri())

    def open(self, path: Path, version: int = 1) -> None:
        item = TextDocumentItem(path.as_uri(), "python", version, path.read_text())
        self.workspace.put_text_document(item)

    def type(self, path: Path, version: int, text: str) -> None:
        document = VersionedTextDocumentIdentifier(version, path.as_uri())
        self.workspace.update_text_document(document, TextDocumentContentChangeWholeDocument(text))


class Desk:
    """The tools over a folder with one file that is open in an editor."""

    def __init__(self, root: Path) -> None:
        self.shop = ToolHarness(root)
        self.path = self.shop.write("a.py", "one = 1\n")
        self.window = Window(self.shop.root)
        self.window.open(self.path)
        self.buffers = EditorDocuments(self.window, self.shop.root, WorkspaceFiles(self.shop.root))
        disk = AgentFilesystem(self.shop.root, self.buffers)
        self.shop.ports = evolve(self.shop.ports, files=disk, edits=disk)
        self.shop.tools = tool_executor(self.shop.ports)

    async def edit(self, old: str, new: str) -> str:
        return (await self.shop.call("edit_file", path="a.py", old=old, new=new)).text

    def seen(self) -> str | None:
        """The text as the editor is taken to have it; its hash goes with it."""
        text = self.buffers.text("a.py")
        assert text is not None
        assert self.buffers.digests(["a.py"]) == {"a.py": digest(text)}
        return text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


EDITED = "edited a.py: 1 lines became 1"


async def test_edits_follow_one_another_before_the_editor_has_taken_the_first_one_over(desk: Desk) -> None:
    assert desk.seen() == "one = 1\n"
    assert await desk.edit("one = 1", "one = 2") == EDITED
    assert desk.seen() == "one = 2\n"
    assert await desk.edit("one = 2", "one = 3") == EDITED
    assert (desk.path.read_text(), desk.seen()) == ("one = 3\n", "one = 3\n")


async def test_what_the_editor_says_later_holds(desk: Desk) -> None:
    await desk.edit("one = 1", "one = 2")
    desk.window.type(desk.path, 2, "one = 2  # and a half\n")
    assert desk.seen() == "one = 2  # and a half\n"
    desk.window.workspace.remove_text_document(desk.path.as_uri())
    assert desk.seen() == "one = 2\n"


async def test_a_file_that_was_closed_and_opened_again_is_as_the_editor_has_it(desk: Desk) -> None:
    await desk.edit("one = 1", "one = 2")
    desk.window.workspace.remove_text_document(desk.path.as_uri())
    desk.path.write_text("one = 9\n")
    desk.window.open(desk.path)
    assert desk.seen() == "one = 9\n"


async def test_edits_that_are_not_saved_are_the_users_and_are_not_written_over(desk: Desk) -> None:
    desk.window.type(desk.path, 2, "one = 1  # my note\n")
    said = await desk.edit("one = 1", "one = 2")
    assert said == "a.py has unsaved edits in the editor: have the user save it, then edit it."
    assert (desk.path.read_text(), desk.seen()) == ("one = 1\n", "one = 1  # my note\n")
    desk.path.write_text("one = 1  # my note\n")
    assert await desk.edit("one = 1", "one = 2") == EDITED
    assert desk.path.read_text() == "one = 2  # my note\n"
