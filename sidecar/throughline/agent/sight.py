"""What the model has seen of a file, and what has changed since."""

from __future__ import annotations

from collections.abc import Callable
from difflib import unified_diff

from throughline.agent.tool import Texts
from throughline.core.events import FileSeen
from throughline.core.files import digest
from throughline.core.session import Session
from throughline.skeleton.difference import describe, difference
from throughline.skeleton.read import outline
from throughline.skeleton.render import skeleton

# Lines of a difference that are shown whole; above, the outline's difference has to do.
_LINES = 200
# Lines of a file that are compared at all: the comparison's time grows with their square.
_COMPARED = 20_000
# Characters of a new text that is shown whole where the old one is not there to compare.
_WHOLE = 20_000


def known(session: Session, path: str) -> str | None:
    """The content hash at which the model knows a file, or None for a file that it has not seen."""
    sight = session.registry.get(path)
    return sight.known if sight else None


def whole(session: Session, path: str) -> bool:
    """Whether the model knows all of a file's text."""
    sight = session.registry.get(path)
    return sight is not None and sight.form == "full"


def moved(session: Session, path: str, text: str) -> bool:
    """Whether a file that the model has seen has another text now."""
    seen = known(session, path)
    return seen is not None and seen != digest(text)


def news(path: str, before: str | None, now: str, count: Callable[[str], int]) -> tuple[str, bool]:
    """What has changed in a file since the model saw it: its interface first, then lines, or the text it has now; and
    whether that is all that has changed.
    """
    told: list[str] = []
    if before is not None:
        was, is_now = outline(path, before), outline(path, now)
        if was is not None and is_now is not None:
            told += [f"- {sentence}" for sentence in describe(difference(was, is_now))]
        if max(before.count("\n"), now.count("\n")) <= _COMPARED:
            lines = list(unified_diff(before.splitlines(), now.splitlines(), "as you saw it", "now", lineterm="", n=2))
            if len(lines) <= _LINES:
                return "\n".join([*told, *lines]), True
            if told:
                return "\n".join([*told, f"({len(lines):,} changed lines: read the file again.)"]), False
    if len(now) <= _WHOLE:
        return f"It now reads:\n{now}", True
    return f"Its skeleton now:\n{skeleton(path, now, count).text}", False


def after_edit(session: Session, turn: int, path: str, texts: Texts, text: str) -> FileSeen:
    """The model knows what it wrote: all of the file where it knew all of it before."""
    return FileSeen(turn, path, texts.keep(text), "written" if whole(session, path) else "part", "edit")
