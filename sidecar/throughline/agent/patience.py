"""A model that goes round in circles is stopped."""

from __future__ import annotations

import json

from throughline.compression.sentences import clip
from throughline.core.events import ToolCalled, ToolReturned

# The same call with the same end, so often in a row.
FAILING = 3
SAME = 6


class Patience:
    """Counts how often a call has come again with nothing in between, within one turn."""

    def __init__(self) -> None:
        self._turn = 0
        self._last: tuple[str, str, bool, str] | None = None
        self._times = 0

    def judge(self, call: ToolCalled, result: ToolReturned) -> str:
        """What to say to the user where it is enough; nothing where it may go on."""
        # A call that fails is the same whatever it says; one that succeeds must say the same too.
        said = "" if result.error else result.text
        this = (call.tool, json.dumps(call.args, sort_keys=True), result.error, said)
        self._times = self._times + 1 if (self._turn, self._last) == (call.turn, this) else 1
        self._turn, self._last = call.turn, this
        if self._times < (FAILING if result.error else SAME):
            return ""
        what = f"{call.tool} {clip(' '.join(map(str, call.args.values())), 80)}".strip()
        if result.error:
            first = clip(result.text, 160)
            return f"The same call failed {self._times} times in a row ({what}: {first}). Say how to go on."
        return f"The same call was made {self._times} times in a row with the same result ({what}). Say how to go on."
