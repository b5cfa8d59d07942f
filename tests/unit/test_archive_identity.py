"""Project identity: the archive says what a project is, where the project's own files say it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.memory.archive.identity import MANIFESTS, READMES, project_identity

LENDS = "Lends tools to neighbours."
README = """\
[![build](https://example.org/b.svg)](https://example.org)

# Toolshed

> A quotation.

Lends [tools](https://example.org/tools) to neighbours, by the day
or by the week. It has no server.

More of it.
"""
OPENING = "toolshed: Lends tools to neighbours, by the day or by the week. It has no server."
PYPROJECT = f'[project]\nname = "toolshed"\ndescription = "{LENDS}"\n'
POETRY = f'[tool.poetry]\nname = "toolshed"\ndescription = "{LENDS}"\n'
SAID: list[tuple[str, dict[str, str], str]] = [
    ("nothing", {}, ""),
    ("pyproject.toml", {"pyproject.toml": PYPROJECT, "README.md": README}, f"toolshed: {LENDS}"),
    ("of an older tool", {"pyproject.toml": POETRY}, f"toolshed: {LENDS}"),
    ("package.json", {"package.json": json.dumps({"name": "toolshed", "description": LENDS})}, f"toolshed: {LENDS}"),
    ("a crate", {"Cargo.toml": f'[package]\nname = "toolshed"\ndescription = "{LENDS}"\n'}, f"toolshed: {LENDS}"),
    ("a name alone, and a README", {"package.json": '{"name": "toolshed"}', "README.md": README}, OPENING),
    ("a name alone", {"package.json": '{"name": "toolshed"}'}, "toolshed"),
    ("its name in the sentence", {"README.md": "shed is a library.\n"}, "shed is a library."),
    ("a README", {"README.md": README}, OPENING.replace("toolshed", "shed", 1)),
    ("a heading with a line below", {"README.rst": "Shed\n====\n\nIt lends.\n"}, "shed: It lends."),
    ("a README of code alone", {"README.md": "# Shed\n```\nIt lends.\n```\n"}, ""),
    ("a manifest that is being edited", {"pyproject.toml": "[project", "README.md": "It lends.\n"}, "shed: It lends."),
    ("values of other kinds", {"package.json": '{"name": 3, "description": []}'}, ""),
    ("another language", {"README.md": "租借工具给邻居。\n"}, "shed: 租借工具给邻居。"),
]


@pytest.mark.parametrize(("case", "files", "said"), SAID, ids=[row[0] for row in SAID])
def test_a_project_is_what_its_own_files_say(case: str, files: dict[str, str], said: str) -> None:
    assert project_identity("shed", files.get) == said


def test_of_a_long_description_the_first_whole_sentences_are_told() -> None:
    said = project_identity("shed", {"README.md": "It lends tools. " * 40}.get)
    assert said.endswith("It lends tools. …")
    assert len(said) <= 310


@given(st.dictionaries(st.sampled_from((*MANIFESTS, *READMES)), st.text(max_size=80)))
def test_any_files_give_one_line(files: dict[str, str]) -> None:
    said = project_identity("shed", files.get)
    assert "\n" not in said
    assert len(said) <= 400
