"""Cursor's exports of a chat: Markdown in which each message stands below its author's name and between rules.

The export keeps what was said; it has no calls and no results.
"""

import re
from collections.abc import Iterable, Sequence

from throughline.domain.recording import Recording
from throughline.transcripts.builder import Repairs, TranscriptBuilder
from throughline.transcripts.markdown import message_sections

NAME = "cursor"

_EXPORTED = re.compile(r"_Exported on (?P<when>.{1,80}) from Cursor(?: \([^)]*\))?_\s*")
_AUTHOR = re.compile(r"\*\*(?P<name>User|Cursor|Assistant)\*\*\s*")
_RULE = re.compile("---")
_TOP = 4  # lines in which an export in Markdown says what it is


def recognises(head: Sequence[str]) -> bool:
    """Whether these first lines say that Cursor exported them."""
    return any(_EXPORTED.fullmatch(line) for line in head[:_TOP])


def read(lines: Iterable[str]) -> Recording:
    """The recording in `lines`."""
    draft = TranscriptBuilder(NAME, Repairs())
    for section in message_sections(list(lines), _AUTHOR, _RULE):
        text = "\n".join(section.lines)
        if not text:
            continue
        if section.heading["name"] == "User":
            draft.add("user", "prompt", text)
        else:
            draft.add("assistant", "text", text)
    return draft.finish()
