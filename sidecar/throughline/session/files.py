"""Files in the view: as they enter it, and as they are now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic

from attrs import frozen

from throughline.core.events import FileInjected, Form
from throughline.core.files import SeenFile, digest, freshness
from throughline.core.ports import Workspace
from throughline.core.session import Session
from throughline.skeleton.difference import describe, difference
from throughline.skeleton.outline import Item
from throughline.skeleton.read import outline
from throughline.skeleton.render import skeleton

_HEAD = "File {}:\n\n"
# Seconds; a file that takes longer to read is one in which a parser got lost, and is outlined by its indentation.
_PATIENCE = 5.0


def injected(path: str, text: str, form: Form, count: Callable[[str], int]) -> FileInjected:
    """The event that puts a file into the view; a small file goes whole even where a skeleton was asked for."""
    original = count(text)
    if form == "skeleton":
        made = skeleton(path, text, count, late=_patience())
        if made.form != "whole":
            return FileInjected(path, digest(text), "skeleton", made.text, made.tokens, original)
    body = f"{_HEAD.format(path)}{text}"
    return FileInjected(path, digest(text), "full", body, count(body), original)


@frozen
class Moved:
    """How a file differs from what the model saw of it: sentences, each with the lines (from 1) that it speaks of;
    both texts in the form in which the model sees them.
    """

    sentences: tuple[tuple[str, range], ...]
    seen: str
    now: str


def moved(file: FileInjected, text: str, count: Callable[[str], int]) -> Moved:
    """What moved since a file was injected. Both sides are read from what the model is shown, so that what a
    skeleton leaves out makes no difference.
    """
    fresh = injected(file.path, text, file.form, count)
    seen, now = (one.text.removeprefix(_HEAD.format(file.path)) for one in (file, fresh))
    before, after, whole = (outline(file.path, one, _patience()) for one in (seen, now, text))
    if before is None or after is None or whole is None:
        return Moved((), seen, now)
    places = dict(_places(whole.items))
    nowhere = range(0)
    changes = [one for one in difference(before, after) if not (one.kind == "body" and file.form == "skeleton")]
    said = tuple((text, places.get(one.name, nowhere)) for one, text in zip(changes, describe(changes), strict=True))
    return Moved(said, seen, now)


def _patience() -> Callable[[], bool]:
    """True once a reading that starts now has taken too long."""
    end = monotonic() + _PATIENCE
    return lambda: monotonic() > end


def _places(items: Sequence[Item], prefix: str = "") -> Iterator[tuple[str, range]]:
    for item in items:
        yield prefix + item.name, range(item.first_line, item.last_line + 1)
        yield from _places(item.children, f"{prefix}{item.name}.")


def seen(files: Iterable[FileInjected], workspace: Workspace) -> tuple[SeenFile, ...]:
    """Files in the view beside their present state. Reads every one of them."""
    found = []
    for file in files:
        text = workspace.text(file.path)
        state = freshness(file.digest, None if text is None else digest(text))
        found.append(SeenFile(file.path, file.form, state, file.tokens, file.original))
    return tuple(found)


def refreshed(session: Session, workspace: Workspace, count: Callable[[str], int]) -> tuple[FileInjected, ...]:
    """New injections for the files that have moved on since the model saw them."""
    texts = {path: workspace.text(path) for path in session.files}
    return tuple(
        injected(path, text, session.files[path].form, count)
        for path, text in texts.items()
        if text is not None and digest(text) != session.files[path].digest
    )
