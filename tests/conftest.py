"""How properties are searched: anew on a developer's machine, the same way every time where a change is judged. And
where a user's own state lies while tests run.
"""

from __future__ import annotations

import os
import tempfile

from hypothesis import settings

settings.register_profile("judged", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("searched", deadline=None)
# For `make quick`, which names it: a look while one works. The other two search more.
settings.register_profile("quick", derandomize=True, deadline=None, max_examples=10)
settings.load_profile("judged" if os.environ.get("CI") else "searched")
# No test writes to the user's own folder.
os.environ.setdefault("THROUGHLINE_STATE", tempfile.mkdtemp(prefix="throughline-state-"))
