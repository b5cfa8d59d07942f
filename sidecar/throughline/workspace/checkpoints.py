"""Checkpoints of a workspace's files: in git where it is there, else as copies, each content once."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

from throughline.atomic_write import write_atomically
from throughline.domain.ports import Checkpoint, CheckpointError, FileDifference
from throughline.workspace.git_checkpoints import GitCheckpoints, remove_file
from throughline.workspace.ignore import list_files
from throughline.workspace.workspace_files import LARGEST, decoded

# Above these, copying would take longer than a turn: git does it better.
_MOST_FILES = 20_000
_MOST_BYTES = 1_000_000_000
PREFIX = "copies-"

Manifest: TypeAlias = dict[str, "ManifestEntry"]


@frozen
class ManifestEntry:
    """One file of a state: the hash of its content and its mode, or where it leads, being a link."""

    digest: str
    mode: int
    link: str = ""


class CopyCheckpoints:
    """States of the files below one folder, as manifests and contents in a folder of their own."""

    def __init__(self, root: Path, home: Path) -> None:
        self._root = root.resolve()
        self._home = home
        self._known: dict[str, tuple[tuple[int, int, int], str]] = {}

    def take(self, label: str) -> Checkpoint:
        """Keeps the files as they are now."""
        with _guarded():
            left_out: list[str] = []
            state = self._state(left_out)
            for path, entry in state.items():
                self._keep(self._root / path, entry)
            rows = {path: [entry.digest, entry.mode, entry.link] for path, entry in state.items()}
            text = json.dumps(rows, sort_keys=True)
            name = f"{PREFIX}{label.replace('/', '-')}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
            place = self._home / "states" / f"{name}.json"
            place.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place, text, durable=False)
        return Checkpoint(name, "copies", tuple(left_out))

    def changes(self, id: str) -> tuple[FileDifference, ...]:  # noqa: A002
        """What differs now from a checkpoint, by path."""
        with _guarded():
            then, now = self._read(id), self._state([])
            return tuple(
                FileDifference(path, self._text(then.get(path)), self._current(path, now.get(path)))
                for path in self._differing(then, now)
            )

    def restore(self, id: str) -> tuple[str, ...]:  # noqa: A002
        """Brings the files back: the paths that changed. Files made since are taken away."""
        with _guarded():
            then, now = self._read(id), self._state([])
            paths = self._differing(then, now)
            for path in paths:
                if path in now:
                    remove_file(self._root, path)
            for path in paths:
                if entry := then.get(path):
                    self._bring_back(self._root / path, entry)
            return tuple(paths)

    def _differing(self, then: Manifest, now: Manifest) -> list[str]:
        return sorted(path for path in then.keys() | now.keys() if then.get(path) != now.get(path))

    def _state(self, left_out: list[str]) -> Manifest:
        found: Manifest = {}
        total = 0
        for path in list_files(self._root, "."):
            if path.startswith(".agent/"):
                continue
            whole = self._root / path
            state = whole.lstat()
            if stat.S_ISLNK(state.st_mode):
                found[path] = ManifestEntry("", 0, os.fspath(whole.readlink()))
            elif stat.S_ISREG(state.st_mode) and state.st_size <= LARGEST:
                total += state.st_size
                found[path] = ManifestEntry(self._digest(path, whole, state), stat.S_IMODE(state.st_mode))
            elif stat.S_ISREG(state.st_mode):
                left_out.append(path)
            if len(found) > _MOST_FILES or total > _MOST_BYTES:
                raise CheckpointError("The folder is too large to be copied before each turn: run git init in it.")
        return found

    def _digest(self, path: str, whole: Path, state: os.stat_result) -> str:
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = (stamp, hashlib.sha256(whole.read_bytes()).hexdigest())
        return known[1]

    def _keep(self, source: Path, entry: ManifestEntry) -> None:
        if not entry.digest or self._content(entry).exists():
            return
        data = source.read_bytes()
        if hashlib.sha256(data).hexdigest() != entry.digest:
            raise CheckpointError(f"{source.name} changed while it was copied.")
        self._content(entry).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._content(entry), data, durable=False)

    def _read(self, id: str) -> Manifest:  # noqa: A002
        try:
            rows = json.loads((self._home / "states" / f"{Path(id).name}.json").read_bytes())
        except FileNotFoundError:
            raise CheckpointError(f"There is no checkpoint {id} in this workspace.") from None
        return {path: ManifestEntry(*row) for path, row in rows.items()}

    def _text(self, entry: ManifestEntry | None) -> str | None:
        if entry is None:
            return None
        return entry.link or decoded(self._content(entry).read_bytes())

    def _current(self, path: str, entry: ManifestEntry | None) -> str | None:
        if entry is None:
            return None
        return entry.link or decoded((self._root / path).read_bytes())

    def _bring_back(self, place: Path, entry: ManifestEntry) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.link:
            place.symlink_to(entry.link)
            return
        write_atomically(place, self._content(entry).read_bytes(), entry.mode, durable=False)

    def _content(self, entry: ManifestEntry) -> Path:
        return self._home / "contents" / entry.digest[:2] / entry.digest[2:]


@contextmanager
def _guarded() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointError(f"{error.filename or 'a file'}: {error.strerror or error}.") from error
    except (ValueError, TypeError) as error:
        raise CheckpointError("The checkpoint's own list is damaged and cannot be used.") from error


class WorkspaceCheckpoints:
    """States of the files below one folder; `home` gets the copies. A state is read by what kept it."""

    def __init__(self, root: Path, home: Path) -> None:
        self._git = GitCheckpoints(root)
        self._copies = CopyCheckpoints(root, home)

    def take(self, label: str) -> Checkpoint:
        """Keeps the files as they are now, those that ignore files name left out."""
        return self._git.take(label) if self._git.usable() else self._copies.take(label)

    def changes(self, id: str) -> tuple[FileDifference, ...]:  # noqa: A002
        """What differs now from a checkpoint, by path."""
        return self._keeper(id).changes(id)

    def restore(self, id: str) -> tuple[str, ...]:  # noqa: A002
        """Brings the files back: the paths that changed. Files made since are taken away."""
        return self._keeper(id).restore(id)

    def _keeper(self, id: str) -> GitCheckpoints | CopyCheckpoints:  # noqa: A002
        return self._copies if id.startswith(PREFIX) else self._git
