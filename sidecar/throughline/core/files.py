"""Which files the model has seen, at which content, and whether they have moved on."""

from __future__ import annotations

import hashlib
from typing import Literal, TypeAlias

from attrs import frozen

from throughline.core.events import FileInjected, Form
from throughline.core.session import Session

Freshness: TypeAlias = Literal["fresh", "stale", "gone"]


@frozen
class SeenFile:
    """A file in the view beside its present state; `path` is relative to the workspace, with slashes."""

    path: str
    form: Form
    freshness: Freshness
    tokens: int
    original: int


def digest(text: str) -> str:
    """The content's address: SHA-256 in hex of its UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def freshness(seen: str, now: str | None) -> Freshness:
    """Compares the content hash that the model saw with the file's present one (None: it is gone)."""
    if now is None:
        return "gone"
    return "fresh" if seen == now else "stale"


def superseded(session: Session, file: FileInjected) -> bool:
    """True for a copy that is not the newest one of its file, or whose file was taken out of the view.

    Copies are told apart by identity: a file that was changed back is in the session twice with the same content.
    """
    return session.files.get(file.path) is not file
