"""A call's arguments without their long texts: what was written or replaced stands in the files by now."""

from __future__ import annotations

import json
from typing import Any

from throughline.core.events import ToolCalled

# A text of at most so many characters stays as it is: paths, patterns and commands.
LONGEST = 240


def abridged(call: ToolCalled) -> dict[str, Any]:
    """The arguments in their order; each long text is a line that says how long it was and how to get it back."""
    return {name: _abridged(value, call.id) for name, value in call.args.items()}


def bulk(call: ToolCalled) -> int:
    """The tokens that abridging a call's arguments saves, in proportion to their characters."""
    whole = len(json.dumps(call.args))
    return round(call.tokens * (1 - len(json.dumps(abridged(call))) / whole)) if whole > LONGEST else 0


def _abridged(value: Any, name: str) -> Any:
    match value:
        case str() if len(value) > LONGEST:
            return f"[masked: {value.count(chr(10)) + 1} lines; recall {name}]"
        case dict():
            return {key: _abridged(inner, name) for key, inner in value.items()}
        case list():
            return [_abridged(inner, name) for inner in value]
        case _:
            return value
