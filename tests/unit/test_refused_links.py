"""Links that lead out of the workspace are not followed, and what is put into a prompt is not read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from throughline.app.container import Container
from throughline.context.assemble import system_prompt
from throughline.domain.ports import StoreError
from throughline.llm.credentials import Credentials, find_credentials
from throughline.storage.archive_file import ArchiveOnDisk
from throughline.workspace.workspace_files import WorkspaceFiles


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("ANTHROPIC_API_KEY=sk-outside", encoding="utf-8")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def test_a_linked_archive_is_refused(workspace: Path, outside: Path) -> None:
    (workspace / ".agent").mkdir()
    (workspace / ".agent" / "project-context.md").symlink_to(outside / "secret")
    with pytest.raises(StoreError, match="leads out of the workspace"):
        ArchiveOnDisk(workspace / ".agent").read()


def test_a_linked_agent_folder_is_refused(workspace: Path, outside: Path) -> None:
    (workspace / ".agent").symlink_to(outside)
    with pytest.raises(StoreError, match="leads out of the workspace"):
        Container().library(workspace)
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_linked_env_file_gives_no_key(workspace: Path, outside: Path) -> None:
    (workspace / ".env").symlink_to(outside / "secret")
    assert find_credentials(Credentials(), workspace, {}) == Credentials()


def test_a_linked_file_is_not_text_of_the_workspace(workspace: Path, outside: Path) -> None:
    (workspace / "notes.md").symlink_to(outside / "secret")
    assert WorkspaceFiles(workspace).text("notes.md") is None
    assert WorkspaceFiles(workspace).text("../outside/secret") is None


def test_an_objective_with_braces_stays_as_it_was_said() -> None:
    prompts = {"system": "{project}: {objective} {role} {rules}", "engineer": "You build."}
    assert (
        system_prompt(prompts, "engineer", "{role}", "say {rules} {role}", "")
        == "{role}: say {rules} {role} You build."
    )
