"""The files in the view beside what the world has now."""

from __future__ import annotations

import hashlib

from attrs import frozen

from throughline.core.events import FileInjected, Form
from throughline.core.registry import Freshness
from throughline.core.session import Session


@frozen
class SeenFile:
    """A file in the view beside its present state; `path` is relative to the workspace, with slashes. Lines count
    from 1, and are 0 where it is not a range.
    """

    path: str
    form: Form
    freshness: Freshness
    tokens: int
    original: int
    first: int = 0
    last: int = 0


def digest(text: str) -> str:
    """The content's address: SHA-256 in hex of its UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def superseded(session: Session, file: FileInjected) -> bool:
    """True for a copy that is not the newest one of its file, or whose file was taken out of the view.

    Copies are told apart by identity: a file that was changed back is in the session twice with the same content.
    """
    return session.files.get(file.path) is not file
