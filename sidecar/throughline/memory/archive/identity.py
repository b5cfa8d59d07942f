"""Project identity: what a project says of itself, in a sentence, by the files at its root."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from throughline.memory.text import whole

# The files that say it, in this order, and the characters that it may take.
MANIFESTS = ("pyproject.toml", "package.json", "Cargo.toml")
READMES = ("README.md", "README.rst", "README.txt", "README", "readme.md")
_LONGEST = 300
# Lines of a README that say nothing of the project: titles, pictures, badges, markup, quotations, lists, code.
_UNSAID = re.compile(r"\s*(?:[#>|<`~!=*+-]|\[!|\[\[|\.\.\s|:\w|\d+[.)]\s)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def project_identity(project: str, text: Callable[[str], str | None]) -> str:
    """The project's name and what it is, or nothing where its files do not say; `text` gives a file's text by its path
    from the root.
    """
    named = project
    for path in MANIFESTS:
        name, said = _manifest(path, text(path) or "")
        named = name or named
        if said:
            return _sentence(named, said)
    for path in READMES:
        if said := _opening(text(path) or ""):
            return _sentence(named, said)
    return named if named != project else ""


def _sentence(name: str, said: str) -> str:
    line = whole(said, _LONGEST)
    if not line:
        return name
    return line if name.casefold() in line.casefold()[: len(name) + 8] else f"{name}: {line}"


def _manifest(path: str, text: str) -> tuple[str, str]:
    """The name and the description of a manifest; nothing of one that cannot be read."""
    if not text.strip():
        return "", ""
    try:
        data: Any = json.loads(text) if path.endswith(".json") else tomllib.loads(text)
    except ValueError:
        # A manifest that is being edited says nothing now; the README may.
        return "", ""
    for table in _tables(data):
        name, said = table.get("name"), table.get("description")
        if isinstance(name, str) and name.strip():
            return " ".join(name.split()), " ".join(said.split()) if isinstance(said, str) else ""
    return "", ""


def _tables(data: Any) -> Iterator[dict[str, Any]]:
    """The tables of a manifest that may hold a name and a description."""
    if not isinstance(data, dict):
        return
    tool = data.get("tool")
    places: Iterable[Any] = (
        data.get("project"), data.get("package"), tool.get("poetry") if isinstance(tool, dict) else None, data,
    )  # fmt: skip
    yield from (place for place in places if isinstance(place, dict))


def _opening(text: str) -> str:
    """The first paragraph of prose in a README."""
    kept: list[str] = []
    fenced = False
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        underlined = place + 1 < len(lines) and re.fullmatch(r"\s*[=\-~^]{3,}\s*", lines[place + 1])
        prose = line.strip() and not (fenced or underlined or _UNSAID.match(line) or line.startswith("    "))
        if prose and _LINK.sub("", line).strip():
            kept.append(_LINK.sub(r"\1", line).strip())
        elif kept:
            break
    return " ".join(kept)
