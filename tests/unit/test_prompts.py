"""Prompts are files: those of the package, and those that a project puts in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from throughline.context.assemble import system_prompt
from throughline.workspace.prompts import NAMES, OWN, ROLES, PromptError, own, prompts, summarising
from throughline.workspace.workspace_files import WorkspaceFiles

TAGS = ("[DECISION]", "[MILESTONE COMPLETE]", "[DO NOT REVISIT]")


def put(root: Path, name: str, data: bytes) -> WorkspaceFiles:
    (root / OWN).mkdir(parents=True, exist_ok=True)
    (root / OWN / name).write_bytes(data)
    return WorkspaceFiles(root)


def test_the_roles_differ_in_how_to_answer_and_what_to_tag(tmp_path: Path) -> None:
    made = {role: system_prompt(prompts(WorkspaceFiles(tmp_path)), role, "shed", "a hold", "") for role in ROLES}
    assert len(set(made.values())) == len(ROLES)
    for text in made.values():
        assert all(tag in text for tag in TAGS)
        assert "a hold" in text
        assert "{" not in text


def test_a_project_replaces_the_prompts_that_it_wants_to(tmp_path: Path) -> None:
    built_in = prompts(WorkspaceFiles(tmp_path))
    put(tmp_path, "qa.md", b"Break it.")
    folder = put(tmp_path, "summarise.md", b"Keep it short.\n")
    assert prompts(folder) == {**built_in, "qa": "Break it."}
    assert summarising(folder) == "Keep it short."
    assert own(folder) == ("qa", "summarise")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("qa.md", b"\xff\xfe\x00", "not a text file"),
        ("qa.md", b" \n", "is empty"),
        ("qa.md", b"x" * 50_000, "50,000 characters"),
        ("system.md", b"Work on {objective}.", "{role}"),
        ("system.md", b"Work.", "{role} and {objective}"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_one_clear_line(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(PromptError) as caught:
        prompts(put(tmp_path, name, data))
    assert said in str(caught.value)
    assert f"{OWN}/{name}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["poet.md", "qa.txt"])
def test_a_file_that_replaces_no_prompt_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(PromptError, match=", ".join(NAMES)):
        own(put(tmp_path, name, b"x"))


def test_a_prompt_behind_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret", encoding="utf-8")
    inner = tmp_path / "inner"
    folder = put(inner, "other", b"")
    (inner / OWN / "qa.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(PromptError, match="not a text file in this project"):
        prompts(folder)
