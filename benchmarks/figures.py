"""The measured figures that the plots are drawn from: each benchmark keeps its own part of `figures.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("figures.json")


def kept() -> dict[str, Any]:
    """All parts by their names."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found


def keep(part: str, figures: Any) -> None:
    """Puts a part in the place of what was measured before."""
    parts = {**kept(), part: figures}
    FILE.write_text(json.dumps(parts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
