"""Files in the view: as they enter it, and as they are now."""

from __future__ import annotations

from collections.abc import Callable

from throughline.core.events import FileInjected, Form
from throughline.core.files import SeenFile, digest, freshness
from throughline.core.ports import Workspace
from throughline.core.session import Session
from throughline.skeleton.render import skeleton


def injected(path: str, text: str, form: Form, count: Callable[[str], int]) -> FileInjected:
    """The event that puts a file into the view; a skeleton that is the whole file says so."""
    original = count(text)
    if form == "skeleton":
        made = skeleton(path, text, count)
        if made.form != "whole":
            body = f"Skeleton of {path} (ask for the file to see its bodies):\n\n{made.text}"
            return FileInjected(path, digest(text), "skeleton", body, count(body), original)
    body = f"File {path}:\n\n{text}"
    return FileInjected(path, digest(text), "full", body, count(body), original)


def seen(session: Session, workspace: Workspace) -> tuple[SeenFile, ...]:
    """The files in the view beside their present state. Reads every one of them."""
    found = []
    for file in session.files.values():
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
