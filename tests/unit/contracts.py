"""The two contracts that whatever talks to the provider is tested against: that of the newest models, and 4.5's."""

from __future__ import annotations

import pytest

NEWEST, OLDER = "claude-sonnet-5-5", "claude-sonnet-4-5"
# A test that takes `model` runs over both.
CONTRACTS = pytest.mark.parametrize("model", [NEWEST, OLDER], ids=["newest", "4.5"])
