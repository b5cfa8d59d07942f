"""Reads the prompts that travel with the package, and the workspace's own rules."""

from __future__ import annotations

from importlib.resources import files

from throughline.core.ports import Workspace

_NAMES = ("system", "engineer", "qa", "product")
_RULES = ("AGENTS.md", "CLAUDE.md")


def prompts() -> dict[str, str]:
    """Each prompt by its name."""
    folder = files("throughline.context") / "prompts"
    return {name: (folder / f"{name}.md").read_text("utf-8") for name in _NAMES}


def summarising() -> str:
    """What the model that summarises is told."""
    return (files("throughline.compression") / "prompts" / "summarise.md").read_text("utf-8").strip()


def rules(workspace: Workspace) -> str:
    """The workspace's AGENTS.md, else its CLAUDE.md, else nothing."""
    return next((text for name in _RULES if (text := workspace.text(name))), "")
