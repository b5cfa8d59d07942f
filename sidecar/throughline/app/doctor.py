"""The doctor: checks of an installation and of a project, each with what to do where it fails."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from throughline.domain.errors import UserError

if TYPE_CHECKING:
    from throughline.app.container import Container

_PACKAGES = ("anthropic", "cattrs", "dotenv", "filelock", "lsprotocol", "pygls", "tree_sitter")


@frozen
class CheckResult:
    """One thing that was looked at; where it is not well, `fix` says what to do."""

    what: str
    ok: bool
    fix: str = ""


def run_checks(container: Container, project: Path, keyed: Callable[[], bool]) -> Iterator[CheckResult]:
    """Checks of the installation and of a project; `keyed` says whether a model can be reached. Reads every session."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield CheckResult(f"Python {version}", sys.version_info >= (3, 11), "install Python 3.11 or newer")
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    yield CheckResult("packages", not missing, f"install {', '.join(missing)}")
    yield CheckResult(
        "exact token counts", container.exact(), "no tokenizer is built for this machine; counts are estimates"
    )
    yield CheckResult(
        "git on the path", shutil.which("git") is not None, "install git; changes cannot be shown without it"
    )
    yield CheckResult("full-text search in SQLite", _searchable(), "use a Python whose SQLite has FTS5")
    yield CheckResult(
        "a model can be reached", keyed(), "set ANTHROPIC_API_KEY, here or in .env; without it the demo plays"
    )
    yield _prompts(container, project)
    if not (project / ".agent").is_dir():
        return
    try:
        library = container.library(project)
        rows = library.store.sessions()
        for row in rows:
            library.session(row.id)
        yield CheckResult(f"{len(rows)} sessions can be read", ok=True)
        library.archive.read()
        yield CheckResult("the project archive can be read", ok=True)
    except UserError as error:
        yield CheckResult("the project's sessions and archive", ok=False, fix=str(error))


def _prompts(container: Container, project: Path) -> CheckResult:
    """The prompts, roles among them, and which of them the project has made its own."""
    try:
        found = container.prompts(project)
    except UserError as error:
        return CheckResult("prompts", ok=False, fix=str(error))
    named = (name + (" (this project's own)" if own else "") for name, own in found.items())
    return CheckResult(f"prompts: {', '.join(named)}", ok=True)


def _searchable() -> bool:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5 (text)")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True
