"""The editor's settings, from which the extension's manifest and its reading of them are generated.

They are the rows of the domain's table, and what the extension keeps to itself.
"""

from __future__ import annotations

from throughline.domain.settings import Setting, setting_rows

PYTHON = Setting(
    "python",
    "",
    "",
    "Path of the Python (3.11 to 3.14) that runs Throughline's background process. Empty: "
    "`THROUGHLINE_PYTHON` from the environment, else the first that fits on the path.",
    "machine",
)
SETTINGS = (PYTHON, *setting_rows())
