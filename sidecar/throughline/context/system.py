"""The system prompt, put together from prompts that are data."""

from __future__ import annotations

import re
from collections.abc import Mapping


def compose(prompts: Mapping[str, str], role: str, project: str, objective: str, rules: str) -> str:
    """The system prompt of a session; `rules` is the workspace's AGENTS.md or CLAUDE.md, or nothing."""
    said = f"\nThe workspace's own rules:\n\n{rules.strip()}\n" if rules.strip() else ""
    values = {
        "project": project,
        "objective": objective.strip() or "not stated yet",
        "role": prompts[role].strip(),
        "rules": said,
    }
    # In one go: what is put in is not looked at again.
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), prompts["system"]).strip()
