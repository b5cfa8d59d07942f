"""The system prompt, put together from prompts that are data."""

from __future__ import annotations

from collections.abc import Mapping


def compose(prompts: Mapping[str, str], role: str, project: str, objective: str, rules: str) -> str:
    """The system prompt of a session; `rules` is the workspace's AGENTS.md or CLAUDE.md, or nothing."""
    said = f"\nThe workspace's own rules:\n\n{rules.strip()}\n" if rules.strip() else ""
    text = prompts["system"].strip()
    for name, value in (
        ("project", project),
        ("objective", objective.strip() or "not stated yet"),
        ("role", prompts[role].strip()),
        ("rules", said),
    ):
        text = text.replace(f"{{{name}}}", value)
    return text.strip()
