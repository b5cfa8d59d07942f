"""Real git repositories, made where a test wants them."""

from __future__ import annotations

import subprocess
from pathlib import Path

SETTINGS = ("-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main",
            "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false", "-c", "protocol.file.allow=always")  # fmt: skip


class Repository:
    """A repository in a folder, driven by git itself."""

    def __init__(self, root: Path, *options: str) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", *options)

    def git(self, *arguments: str | Path) -> str:
        done = subprocess.run(["git", *SETTINGS, *map(str, arguments)], cwd=self.root, capture_output=True, check=True)
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, text: str | bytes) -> Path:
        whole = self.root / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(text if isinstance(text, bytes) else text.encode())
        return whole

    def commit(self, **files: str | bytes) -> str:
        """Writes files (their names with __ for a slash, and for a dot at the last _), and commits all there is."""
        for name, text in files.items():
            stem, _, end = name.rpartition("_")
            self.write(f"{stem}.{end}".replace("__", "/"), text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "next")
        return self.git("rev-parse", "HEAD")
