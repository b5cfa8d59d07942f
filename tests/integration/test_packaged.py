"""The packaged sidecar starts on a bare Python, without a network and beside packages that would break it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from integration.sidecar import sidecar
from throughline.protocol import methods

PROJECT = Path(__file__).parents[2]
SOURCES = PROJECT / "extension" / "src"
PACKED = sorted((PROJECT / "build").glob(f"throughline-{sys.platform.rstrip('0123456789')}*.vsix"))
ALONE = ("-I", "-S", "-X", "utf8")


def pythons() -> list[str]:
    """The interpreters on the path that the package is for."""
    found = []
    for minor in ("3.11", "3.12", "3.13", "3.14"):
        command = shutil.which(f"python{minor}")
        if command and subprocess.run([command, *ALONE, "-c", ""], capture_output=True, check=False).returncode == 0:
            found.append(command)
    return found


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as an editor installs it."""
    if not PACKED:
        pytest.skip("there is no package for this platform: run `make package`")
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(PACKED[0]) as vsix:
        vsix.extractall(folder)
    return folder / "extension"


def hostile(folder: Path) -> dict[str, str]:
    """An environment in which nothing can be fetched, and what stands on Python's path is of no use."""
    (folder / "attrs").mkdir(parents=True)
    for name in ("attrs/__init__.py", "attr.py", "cattrs.py"):
        (folder / name).write_text("raise ImportError('an old one')\n", encoding="utf-8")
    nowhere = "http://127.0.0.1:9"
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "SYSTEMROOT")}
    return {**kept, "PYTHONPATH": str(folder), "http_proxy": nowhere, "https_proxy": nowhere, "PIP_INDEX_URL": nowhere}


def unpack(python: str, wheels: Path, library: Path) -> subprocess.CompletedProcess[str]:
    minor = subprocess.run(
        [python, *ALONE, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    script = (SOURCES / "unpack.py").read_text(encoding="utf-8")
    command = [python, *ALONE, "-c", script, str(wheels), str(library), minor]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("python", pythons())
async def test_starts_on_a_bare_python(extension: Path, tmp_path: Path, python: str) -> None:
    library = tmp_path / "storage" / "packages"
    done = unpack(python, extension / "wheels", library)
    assert done.returncode == 0, done.stderr
    last = done.stdout.split("\n")[-2].split()
    assert last[0] == last[1]
    (tmp_path / "workspace").mkdir()
    start = (SOURCES / "start.py").read_text(encoding="utf-8")
    command = (python, *ALONE, "-u", "-c", start, str(library), str(extension / "sidecar"), "serve")
    demo = str(extension / "demo" / "session.jsonl")
    env = hostile(tmp_path / "old")
    async with sidecar(tmp_path / "workspace", command=command, env=env, demo=demo) as editor:
        state = await editor.ask(methods.DEMO)
        assert state.session is not None
        await editor.ask(methods.SEND, text=state.suggestion, files=[])
        await editor.until(lambda now: any(row.kind == "agent" for row in now.rows))


def test_an_unpacking_that_fails_leaves_nothing(extension: Path, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    manifest = json.loads((extension / "wheels" / "manifest.json").read_text(encoding="utf-8"))
    (wheels / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    done = unpack(sys.executable, wheels, tmp_path / "storage" / "packages")
    assert done.returncode != 0
    assert list((tmp_path / "storage").iterdir()) == []


async def test_windows_that_unpack_at_once_share_what_comes(extension: Path, tmp_path: Path) -> None:
    library = tmp_path / "storage" / "packages"
    both = await asyncio.gather(
        *(asyncio.to_thread(unpack, sys.executable, extension / "wheels", library) for _ in range(2))
    )
    assert [done.returncode for done in both] == [0, 0]
    assert [path.name for path in (tmp_path / "storage").iterdir()] == ["packages"]
    assert (library / "attrs").is_dir()
