"""The user's own folder on this machine, and which databases were made here: no file of a workspace may say so."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from throughline.atomic_write import PRIVATE, write_atomically

# Names another folder, for tests and for machines whose home is not writable.
VARIABLE = "THROUGHLINE_STATE"


def user_state_folder() -> Path:
    """Where this user's state lies on this machine; nobody has made it yet."""
    from platformdirs import user_state_path  # noqa: PLC0415

    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else user_state_path("throughline", appauthor=False)


# "made" here, or "told" of once as what came from elsewhere.
Standing = Literal["made", "told", "unknown"]
NAME = "databases.json"
# Seconds to wait for another window that writes the list.
_PATIENCE = 5.0


class KnownDatabases:
    """The list, by machine and folder: a home may be shared by machines. What cannot be read of it is not known."""

    def __init__(self, home: Path | None = None, machine: str = "") -> None:
        self._path = (home or user_state_folder()) / NAME
        self._machine = machine or platform.node()

    def standing(self, folder: Path, name: str) -> Standing:
        """What is known of a folder's database with that id; one that moved with its folder stays known."""
        rows = self._rows()
        mine = next((one for one in rows if one["folder"] == str(folder) and one["id"] == name), None)
        moved = next((one for one in rows if one["id"] == name and not Path(one["folder"]).exists()), None)
        found = mine or moved
        if found is None:
            return "unknown"
        return "made" if found["made"] else "told"

    def add(self, folder: Path, name: str, *, made: bool) -> None:
        """Lists a folder's database, made here or told of. Raises OSError where the list cannot be written."""
        row = {"machine": self._machine, "folder": str(folder), "id": name, "made": made}
        if row in self._all():
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(f"{self._path}.lock", timeout=_PATIENCE):
            rows = [one for one in self._all() if one["machine"] != self._machine or one["folder"] != str(folder)]
            write_atomically(self._path, json.dumps([*rows, row], indent=1), PRIVATE)

    def _rows(self) -> list[dict[str, Any]]:
        return [one for one in self._all() if one["machine"] == self._machine]

    def _all(self) -> list[dict[str, Any]]:
        try:
            rows = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return []
        return [one for one in rows if _fits(one)] if isinstance(rows, list) else []


def _fits(row: Any) -> bool:
    texts = ("machine", "folder", "id")
    return isinstance(row, dict) and all(isinstance(row.get(one), str) for one in texts) and "made" in row
