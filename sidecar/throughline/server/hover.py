"""The hover on a stale skeleton."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from throughline.session.files import Moved


def markdown(moved: Moved, uri: str, line: int) -> str | None:
    """What moved at a line (from 1) of a stale file, with its commands; on the first line, all that moved."""
    said = [sentence for sentence, places in moved.sentences if line in places or line == 1]
    if not said and line != 1:
        return None
    listed = "\n".join(f"- {sentence}" for sentence in said) or "- no signature changed; what is inside them did"
    links = " · ".join(
        _link(title, command, uri)
        for title, command in (("Refresh", "throughline.refresh"), ("Show Difference", "throughline.difference"))
    )
    return f"**The model saw an older version of this file**\n\n{listed}\n\n{links}"


def _link(title: str, command: str, uri: str) -> str:
    return f"[{title}](command:{command}?{quote(json.dumps([uri]))})"
