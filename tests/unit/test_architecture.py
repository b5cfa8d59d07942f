"""The architecture page names files that are there, and all packages that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import throughline

ROOT = Path(__file__).parents[2]
PACKAGE = Path(throughline.__file__).parent
PAGES = ["ARCHITECTURE.md", "CONTRIBUTING.md"]
# What a project has of its own, and what is only told of.
ELSEWHERE = (".agent/", "throughline/")
PATH = re.compile(r"^[\w.-]+(?:/[\w.-]+)*/?$")


def named(page: str) -> set[str]:
    """The paths in a page: what stands in backticks and has a slash, or ends like a file."""
    said = re.findall(r"`([^`\n]+)`", (ROOT / page).read_text("utf-8"))
    return {
        one
        for one in said
        if PATH.match(one)
        and ("/" in one or one.endswith((".py", ".toml", ".md", ".ts", ".sql")))
        and not one.startswith(ELSEWHERE)
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    lost = [one for one in named(page) if not (ROOT / one).exists() and not (PACKAGE / one).exists()]
    assert lost == []


def test_every_package_has_its_paragraph() -> None:
    titles = " ".join(re.findall(r"^### (.+)$", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE))
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages - set(re.findall(r"\w+", titles)) == set()


def test_a_path_that_is_not_there_is_found() -> None:
    assert "domain/events.py" in named("ARCHITECTURE.md")
    assert not (PACKAGE / "core/events.py").exists()
