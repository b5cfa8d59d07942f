"""How properties are searched: anew on a developer's machine, the same way every time where a change is judged."""

from __future__ import annotations

import os
from tempfile import mkdtemp

from hypothesis import settings

settings.register_profile("judged", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("searched", deadline=None)
settings.load_profile("judged" if os.environ.get("CI") else "searched")

# What a session keeps of its user goes into a folder of its own, and not into that of whoever runs the tests.
os.environ.setdefault("THROUGHLINE_STATE", mkdtemp(prefix="throughline-state-"))
