"""`throughline doctor`: what works here, what does not, and how to mend it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from rich.text import Text

from throughline.cli.output import Output
from throughline.cli.parts import Library, Parts
from throughline.core.errors import UserError
from throughline.core.finding import Finding

_PACKAGES = ("anthropic", "cattrs", "dotenv", "filelock", "lsprotocol", "pygls", "tree_sitter")


class Examined(Protocol):
    """What is looked at, as far as the composition root knows it."""

    def exact(self) -> bool:
        """Whether token counts are the tokenizer's own."""
        ...

    def keyed(self, project: Path, /) -> bool:
        """Whether a model can be reached from a project."""
        ...

    def prompts(self, project: Path) -> dict[str, bool]:
        """The prompts by name, and whether the project has its own. Raises UserError for a bad one."""
        ...

    def library(self, project: Path) -> Library:
        """What a project has kept. Raises StoreError."""
        ...


def run(parts: Parts, project: Path) -> bool:
    """Prints the findings; true where nothing keeps a session from running."""
    console = Output(highlight=False)
    found = list(findings(parts, project))
    for one in found:
        mark, style = ("ok", "green") if one.well else ("!!", "red")
        console.print(Text.assemble((mark, style), f" {one.what}" + ("" if one.well else f": {one.mend}")))
    return all(one.well for one in found)


def findings(parts: Examined, project: Path) -> Iterator[Finding]:
    """What works here, and what does not."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(f"Python {version}", sys.version_info >= (3, 11), "install Python 3.11 or newer")
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    yield Finding("packages", not missing, f"install {', '.join(missing)}")
    yield Finding("exact token counts", parts.exact(), "no tokenizer is built for this machine; counts are estimates")
    yield Finding("git on the path", shutil.which("git") is not None, "install git; changes cannot be shown without it")
    yield Finding("full-text search in SQLite", _searchable(), "use a Python whose SQLite has FTS5")
    keyed = parts.keyed(project)
    yield Finding("a model can be reached", keyed, "set ANTHROPIC_API_KEY, here or in .env; without it the demo plays")
    yield _prompts(parts, project)
    if not (project / ".agent").is_dir():
        return
    try:
        library = parts.library(project)
        rows = library.store.sessions()
        for row in rows:
            library.session(row.id)
        yield Finding(f"{len(rows)} sessions can be read", well=True)
        library.archive.read()
        yield Finding("the project archive can be read", well=True)
    except UserError as error:
        yield Finding("the project's sessions and archive", well=False, mend=str(error))


def _prompts(parts: Examined, project: Path) -> Finding:
    """The prompts, roles among them, and which of them the project has made its own."""
    try:
        found = parts.prompts(project)
    except UserError as error:
        return Finding("prompts", well=False, mend=str(error))
    named = (name + (" (this project's own)" if own else "") for name, own in found.items())
    return Finding(f"prompts: {', '.join(named)}", well=True)


def _searchable() -> bool:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5 (text)")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True
