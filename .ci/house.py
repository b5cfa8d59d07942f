"""Checks of the house that no other tool makes: sizes, names of modules, public names that are defined once.

A warning is printed and passes; a fault is printed and ends with status 1.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

PACKAGE = Path("sidecar/throughline")
# Lines of a module; outside of it, its first lines say why, or it is split or merged by meaning.
LONG, SHORT = 600, 40
# Names that say nothing, and those of theatre, office and house that the field has better words for.
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "stuff", "base"}
METAPHORS = {
    "hands", "hand", "desk", "crew", "deeds", "reel", "odd", "patience", "news", "sight", "shown", "owner", "world",
    "mend", "heads", "scan", "draft", "drafts", "essence", "moves", "marks", "keys", "whole", "words", "walk", "sift",
    "blobs", "deltas", "plumbing", "copies", "wire", "live", "opening", "checkup", "bare",
    "gate", "offer", "series", "tagged", "finding", "acting", "answers", "backstage", "talk", "prose", "screen",
    "mirror", "greeting", "leave", "asking", "saving", "flags", "presence", "trouble", "held", "stretch", "texts",
    "purser", "stage", "rehearsal", "archivist", "returns", "entrance", "holding",
}  # fmt: skip
# Interfaces that each of several modules implements: a format of transcripts, a language of skeletons.
INTERFACES = {"transcripts": {"read", "recognises"}, "languages": {"write", "is_public"}}


def main() -> int:
    """Prints what is wrong; 1 where anything is more than a warning."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    files = [Path(name) for name in listed if name and Path(name).is_file()]
    faults = [*_names(files), *_twice(files)]
    for line in _sizes(files):
        print(f"house: warning: {line}")
    for line in faults:
        print(f"house: {line}")
    return bool(faults)


def _modules(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix == ".py" and path.is_relative_to(PACKAGE)]


def _sizes(files: list[Path]) -> list[str]:
    found = []
    for path in _modules(files):
        lines = path.read_text("utf-8").count("\n")
        if lines > LONG:
            found.append(f"{path} has {lines} lines: is it one subject?")
        elif lines < SHORT and path.name != "__init__.py" and not {"languages", "tools"} & {*path.parts}:
            found.append(f"{path} has {lines} lines: does it belong to another one?")
    return found


def _names(files: list[Path]) -> list[str]:
    found = []
    for path in files:
        stem = re.sub(r"(\.test)?\..*$", "", path.name).lower()
        if stem in VAGUE or {*path.parts} & VAGUE:
            found.append(f"a name that says nothing: {path}")
        ours = (
            path.is_relative_to(PACKAGE)
            or path.is_relative_to("extension/src")
            or path.is_relative_to("extension/webview")
        )
        if ours and path.suffix in {".py", ".ts", ".tsx"} and stem in METAPHORS:
            found.append(f"a metaphor, where the field has a word: {path}")
    return found


def _twice(files: list[Path]) -> list[str]:
    """Public names that are defined at the top of more than one module."""
    places: dict[str, list[Path]] = defaultdict(list)
    for path in _modules(files):
        allowed = {name for part, names in INTERFACES.items() if part in path.parts for name in names}
        for node in ast.parse(path.read_text("utf-8")).body:
            defined = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if defined and not node.name.startswith("_") and node.name not in allowed:
                places[node.name].append(path)
    return [f"{name} is defined in {', '.join(map(str, found))}" for name, found in places.items() if len(found) > 1]


if __name__ == "__main__":
    sys.exit(main())
