"""The permission store in the user's own folder: one file for each workspace folder and machine."""

from __future__ import annotations

import json
import os
import platform
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import time
from typing import Any

from throughline.atomic_write import PRIVATE, write_atomically
from throughline.domain.errors import UserError
from throughline.domain.permissions import Permission, split_pattern, with_permission
from throughline.workspace.user_state import user_state_folder


class PermissionsError(UserError):
    """What the user allowed cannot be read or kept."""


class FilePermissions:
    """The permissions of one folder, read anew each time: another window may have taken some back."""

    def __init__(self, root: Path, state: Path | None = None, machine: str = "") -> None:
        self._root = root.resolve()
        self._folder = ((state or user_state_folder()) / "permissions").resolve()
        self._machine = machine or platform.node()
        key = sha256(f"{self._machine}\0{self._root}".encode(errors="surrogateescape")).hexdigest()
        self._path = self._folder / f"{key[:32]}.json"
        # What could not be written holds as long as this process does.
        self._here: tuple[Permission, ...] = ()
        self._lock = Lock()

    @property
    def path(self) -> Path:
        """The file; it is there once something has been allowed."""
        return self._path

    def given(self) -> tuple[Permission, ...]:
        """All of them, the oldest first."""
        with self._lock:
            try:
                return (*self._read(), *self._here)
            except UserError:
                if self._here:
                    return self._here  # It was said before, when this could not be written.
                raise

    def allow(self, session: str, pattern: str) -> None:
        """Allows what a pattern fits for the rest of a session."""
        new = Permission(pattern, session, time())
        with self._lock:
            try:
                self._write(with_permission(self._read(), new))
            except UserError:
                self._here = with_permission(self._here, new)
                raise

    def withdraw(self, session: str = "", pattern: str = "") -> tuple[Permission, ...]:
        """Takes some back: those that are gone."""
        with self._lock:
            self._here, gone_here = split_pattern(self._here, session, pattern)
            left, gone = split_pattern(self._read(), session, pattern)
            if gone:
                self._write(left)
            return (*gone, *gone_here)

    def _read(self) -> tuple[Permission, ...]:
        if self._within():
            return ()
        try:
            text = self._path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise PermissionsError(f"What you allowed cannot be read: {self._path}: {error.strerror}.") from error
        try:
            told = json.loads(text)
            # Another folder with the same key would be a collision: nothing of it holds here.
            if (told["machine"], told["folder"]) != (self._machine, _name(self._root)):
                return ()
            return tuple(_permission(one) for one in told["permissions"])
        except (ValueError, KeyError, TypeError) as error:
            raise PermissionsError(
                f"What you allowed cannot be read, so nothing of it holds: {self._path} is damaged. Delete it."
            ) from error

    def _write(self, given: tuple[Permission, ...]) -> None:
        if self._within():
            raise PermissionsError(
                f"This folder holds {self._folder}, where permissions are kept: what you allow holds until this "
                "window or terminal is closed."
            )
        rows = [{"pattern": one.pattern, "session": one.session, "at": one.at} for one in given]
        told = {"machine": self._machine, "folder": _name(self._root), "permissions": rows}
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self._path, json.dumps(told, indent=1), PRIVATE)
        except OSError as error:
            raise PermissionsError(
                f"What you allowed cannot be kept: {self._path}: {error.strerror or error}. It holds until this window "
                "or terminal is closed."
            ) from error

    def _within(self) -> bool:
        """Whether the workspace holds the user's own folder: then its files are within a tool's reach, and prove
        nothing.
        """
        return self._folder.is_relative_to(self._root)


def _permission(told: dict[str, Any]) -> Permission:
    kept = Permission(told["pattern"], told["session"], told["at"])
    if not (isinstance(kept.pattern, str) and isinstance(kept.session, str) and isinstance(kept.at, int | float)):
        raise TypeError("a permission is a pattern, a session and a time")
    return kept


def _name(path: Path) -> str:
    """A path as JSON can hold it, though its bytes be no UTF-8."""
    return os.fsencode(path).decode(errors="backslashreplace")
