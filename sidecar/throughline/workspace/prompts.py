"""Reads the prompts that travel with the package, those that a project puts in their place, and its own rules."""

from __future__ import annotations

from importlib.resources import files

from throughline.domain.errors import UserError
from throughline.domain.ports import Workspace
from throughline.workspace.workspace_files import WorkspaceFiles

# Where a project keeps prompts of its own, by the names of those that they replace.
OWN = ".agent/prompts"
ROLES = ("engineer", "qa", "product")
# What the model that summarises works by.
SUMMARISING = ("summarise", "distill")
NAMES = ("system", *ROLES, *SUMMARISING)
# What the system prompt must say, or a session would not know its role or its aim.
_PLACES = ("{role}", "{objective}")
# A prompt is sent with every call: above so many characters it is a mistake.
_LONGEST = 40_000
_RULES = ("AGENTS.md", "CLAUDE.md")


class PromptError(UserError):
    """A project's own prompt cannot be used."""


def prompts(folder: WorkspaceFiles) -> dict[str, str]:
    """The system prompt and the roles by their names. Raises PromptError."""
    return {name: _prompt(folder, name) for name in NAMES if name not in SUMMARISING}


def summarising(folder: WorkspaceFiles) -> str:
    """What the model that summarises is told. Raises PromptError."""
    return _prompt(folder, "summarise").strip()


def distilling(folder: WorkspaceFiles) -> str:
    """What it is told about the project archive. Raises PromptError."""
    return _prompt(folder, "distill").strip()


def own(folder: WorkspaceFiles) -> tuple[str, ...]:
    """The names of the prompts that a project replaces. Raises PromptError for a file that replaces none."""
    place = folder.root / OWN
    found = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
    for name in found:
        if name.removesuffix(".md") not in NAMES or not name.endswith(".md"):
            raise PromptError(f"{OWN}/{name} replaces no prompt: the names are {', '.join(NAMES)}, each with .md.")
    return tuple(name.removesuffix(".md") for name in found)


def commenting() -> str:
    """What the model that comments on what a skeleton shows is told."""
    return (files("throughline.skeleton") / "prompts" / "comment.md").read_text("utf-8").strip()


def reasoning() -> str:
    """What the model that says why files changed is told."""
    return (files("throughline.semantic_diff") / "prompts" / "why.md").read_text("utf-8").strip()


def workspace_rules(workspace: Workspace) -> str:
    """The workspace's AGENTS.md, else its CLAUDE.md, else nothing."""
    return next((text for name in _RULES if (text := workspace.text(name))), "")


def _prompt(folder: WorkspaceFiles, name: str) -> str:
    path = f"{OWN}/{name}.md"
    if not (folder.root / path).exists():
        return _packaged(name)
    text = folder.text(path)
    if text is None:
        raise PromptError(f"{path} is not a text file in this project: mend it, or delete it to use the one built in.")
    if not text.strip():
        raise PromptError(f"{path} is empty: write a prompt there, or delete it to use the one built in.")
    if len(text) > _LONGEST:
        raise PromptError(f"{path} has {len(text):,} characters, and a prompt has at most {_LONGEST:,}: shorten it.")
    missing = [place for place in _PLACES if place not in text] if name == "system" else []
    if missing:
        raise PromptError(f"{path} does not say where {' and '.join(missing)} go: put that in, or delete the file.")
    return text


def _packaged(name: str) -> str:
    package = "throughline.memory" if name in SUMMARISING else "throughline.context"
    return (files(package) / "prompts" / f"{name}.md").read_text("utf-8")
