"""The user's own folder on this machine: what no file of a workspace may say of itself is kept there."""

from __future__ import annotations

import os
from pathlib import Path

# Names another folder, for tests and for machines whose home is not writable.
VARIABLE = "THROUGHLINE_STATE"


def user_state_folder() -> Path:
    """Where this user's state lies on this machine; nobody has made it yet."""
    from platformdirs import user_state_path  # noqa: PLC0415

    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else user_state_path("throughline", appauthor=False)
